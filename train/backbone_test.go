package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// The backbone moves at its share of the rate, the head as if there were none.
func TestBackboneRate(t *testing.T) {
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	for name, o := range map[string]Optimiser{"SGD": SGD{LR: 0.1, Decay: 5e-4}, "Adam": Adam{LR: 0.01}} {
		step := func(rate float64) (network *nn.Network, moved []float32) {
			network = smallNormalised()
			network.Init(1)
			c := epochConfig(erm)
			c.Optimiser, c.Backbone.Rate, c.Views = o, rate, nil
			trainer, err := New(engine, network, toyData(t), c)
			require.NoError(t, err)
			before := append([]float32(nil), network.Values...)
			_, err = trainer.Step()
			require.NoError(t, err)
			for i, v := range network.Values {
				moved = append(moved, v-before[i])
			}
			return network, moved
		}
		network, full := step(0)
		_, same := step(1)
		require.Equal(t, full, same, name)
		_, half := step(0.5)
		head := network.Head()
		require.Equal(t, full[head:], half[head:], name)
		changed := false
		for i := range half[:head] {
			require.InDelta(t, 0.5*full[i], half[i], 1e-6, name)
			changed = changed || half[i] != 0
		}
		require.True(t, changed, name)
	}
	c := epochConfig(erm)
	c.Backbone.Rate = -1
	_, err := New(engine, smallNormalised(), toyData(t), c)
	require.EqualError(t, err, "train: Backbone.Rate is -1, expected a number that is not negative")
}

// plain is a network with batch normalisation, without dropout.
func plain() *nn.Network {
	g, x := nn.NewGraph(3, 32, 32)
	x = g.ReLU(g.BatchNorm("bn1", g.Conv("conv1", x, nn.Conv{Out: 8, Kernel: 3, Stride: 2, Padding: 1})))
	embedding := g.Flatten(g.AvgPool(x, 4))
	n := g.Network("plain", g.Linear("fc2", g.ReLU(g.Linear("fc1", embedding, nn.Linear{Out: 16})), nn.Linear{Out: 10}), embedding)
	n.Init(1)
	for _, a := range n.State() { // as if it had been trained
		if a.Name == "bn1.running_mean" || a.Name == "bn1.running_var" {
			for i := range a.Data {
				a.Data[i] += 0.1 * float32(i)
			}
		}
	}
	return n
}

// A frozen backbone stays as it is, and its head learns what it learns behind one that
// hardly moves.
func TestFrozenBackbone(t *testing.T) {
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	c := epochConfig(erm)
	c.Views, c.Optimiser = nil, SGD{LR: 0.1, Momentum: 0.9}
	run := func(b Backbone, change func(*Trainer)) (before, after []nn.Array, tests []float64) {
		network := plain()
		network.FreezeBN = true
		for _, a := range network.State() {
			a.Data = append([]float32(nil), a.Data...)
			before = append(before, a)
		}
		c.Backbone = b
		trainer, err := New(engine, network, toyData(t), c)
		require.NoError(t, err)
		for _, e := range finish(t, trainer) {
			if e.Test != nil {
				tests = append(tests, e.Test.Average)
				change(trainer)
			}
		}
		return before, network.State(), tests
	}
	nothing := func(*Trainer) {}
	before, got, tests := run(Backbone{Frozen: true}, nothing)
	_, want, sameTests := run(Backbone{Rate: 1e-30}, nothing)
	require.Equal(t, sameTests, tests)
	for i := range got {
		if name := got[i].Name; name[:2] != "fc" {
			require.Equal(t, before[i], got[i])
			continue
		}
		require.NotEqual(t, before[i].Data, got[i].Data)
		require.InDeltaSlice(t, want[i].Data, got[i].Data, 1e-5)
	}

	// Images are seen once: what becomes of them after that does not matter.
	_, once, _ := run(Backbone{Frozen: true}, func(trainer *Trainer) {
		for _, s := range append([]dataset.Images{*trainer.set.source}, trainer.tests.domains[0].Images, trainer.tests.domains[1].Images) {
			clear(s.Data)
		}
	})
	require.Equal(t, got, once)
}

func TestFrozenStepAllocatesNothing(t *testing.T) {
	engine := tensor.NewEngineOn(2, nil)
	defer engine.Close()
	c := epochConfig(erm)
	c.Views, c.Backbone.Frozen, c.Schedule = nil, true, Epochs{Total: 100, TestEvery: 1}
	trainer, err := New(engine, plain(), toyData(t), c)
	require.NoError(t, err)
	step := func() {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	for range 20 {
		step()
	}
	require.Zero(t, testing.AllocsPerRun(20, step))
}

func TestFrozenBackboneRefuses(t *testing.T) {
	engine := tensor.NewEngineOn(1, nil)
	defer engine.Close()
	for want, b := range map[string]Backbone{
		"train: Views of images for a frozen backbone, which sees each image once, expected none": {Frozen: true},
		"train: Backbone.Rate is 0.1 of a frozen backbone, expected 0":                            {Frozen: true, Rate: 0.1},
	} {
		c := epochConfig(erm)
		c.Backbone = b
		_, err := New(engine, plain(), toyData(t), c)
		require.EqualError(t, err, want)
	}
}
