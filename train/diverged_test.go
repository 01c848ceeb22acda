package train

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/nn"
)

// untilDiverged steps until training diverges.
func untilDiverged(t *testing.T, trainer *Trainer) *DivergedError {
	t.Helper()
	for !trainer.Done() {
		if _, err := trainer.Step(); err != nil {
			var diverged *DivergedError
			require.ErrorAs(t, err, &diverged)
			return diverged
		}
	}
	t.Fatal("no error")
	return nil
}

// param returns the elements of a parameter.
func param(network *nn.Network, name string) []float32 {
	return network.Params[slices.IndexFunc(network.Params, func(p *nn.Param) bool { return p.Name == name })].Data
}

// overflowing gives the small LeNet a finite loss, ln 10, and finite gradients
// but for that of fc2.weight, a product of fc1's large result and of what fc3's
// large weights send back.
func overflowing(network *nn.Network) {
	fill := func(name string, value func(i int) float32) {
		p := param(network, name)
		for i := range p {
			p[i] = value(i)
		}
	}
	const large, features = 3e38, 64
	fill("fc1.bias", func(int) float32 { return 1e3 })
	fill("fc2.weight", func(int) float32 { return 0 })
	fill("fc2.bias", func(int) float32 { return 1 / float32(large) })
	fill("fc3.bias", func(int) float32 { return 0 })
	fill("fc3.weight", func(i int) float32 { // the products of a class cancel
		if (i/features+i)%2 == 0 {
			return large
		}
		return -large
	})
}

func TestGradientThatOverflowsIsNamed(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"seen in the next loss": func(*Config) {},
		"seen before a test":    func(c *Config) { c.MaxSteps = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := toyConfig(erm)
			change(&c)
			trainer, network := toyTrainer(t, 2, nil, c)
			overflowing(network)
			e, _ := trainer.Step()
			require.InDelta(t, math.Log(10), e.Loss, 1e-5)
			trainer, network = toyTrainer(t, 2, nil, c)
			overflowing(network)
			diverged := untilDiverged(t, trainer)
			require.Equal(t, DivergedError{Step: 0, What: "the gradient of fc2.weight"}, *diverged)
			require.EqualError(t, diverged, "training diverged at step 0: the gradient of fc2.weight is NaN or infinite")
		})
	}
}

func TestCheckNamesParametersAndBuffers(t *testing.T) {
	trainer, network := epochTrainer(t, 1, nil, epochConfig(erm))
	for range 3 {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	require.NoError(t, trainer.Check())
	for _, s := range network.State() {
		if s.Data != nil {
			was := s.Data[0]
			s.Data[0] = float32(math.Inf(1))
			require.Equal(t, &DivergedError{Step: 2, What: s.Name}, trainer.Check())
			s.Data[0] = was
		}
	}
}

// An image that is infinite before the bounds is not one that the ascent made,
// whatever the bounds make of it.
func TestImageThatOverflowsIsNamed(t *testing.T) {
	c := toyConfig(meada)
	a := &c.Growth.Ascent
	a.Steps, a.Eta, a.LR = 1, 1e30, 1e30
	trainer, _ := toyTrainer(t, 2, nil, c)
	diverged := untilDiverged(t, trainer)
	require.Equal(t, DivergedError{Step: 6, Phase: 1, What: "image 0"}, *diverged)
	require.ErrorContains(t, diverged, "phase 1, before step 6: image 0 is NaN or infinite")
	require.Empty(t, trainer.set.added, "nothing of the phase is kept")
}
