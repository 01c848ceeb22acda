package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
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
