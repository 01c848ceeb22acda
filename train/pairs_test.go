package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Of many classes only the counts that are not 0 are kept, through a checkpoint too.
func TestConfusionOfManyClasses(t *testing.T) {
	t.Parallel()
	const classes = dataset.MaxClasses
	build := func() *nn.Network {
		g, x := nn.NewGraph(3, 32, 32)
		x = g.MaxPool(g.ReLU(g.Conv("conv1", x, nn.Conv{Out: 8, Kernel: 5, Bias: true})), 2, 2)
		embedding := g.ReLU(g.Linear("fc1", g.Flatten(x), nn.Linear{Out: 4}))
		n := g.Network("wide", g.Linear("fc2", embedding, nn.Linear{Out: classes}), embedding)
		n.Init(1)
		return n
	}
	task := toyData(t)
	for i := range task.Source.Labels {
		task.Source.Labels[i] += classes - 10 // the domains share them
	}
	engine, err := tensor.NewEngine(1)
	require.NoError(t, err)
	defer engine.Close()
	c := toyConfig(erm)
	c.Schedule = Steps{Total: 4, TestEvery: 2}
	network := build()
	trainer, err := New(engine, network, task, c)
	require.NoError(t, err)
	checkpoints := NewCheckpoints(t.TempDir())
	tests := 0
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		if trainer.at.Kind == Evaluate && trainer.at.Domain == 1 && trainer.at.Done == 0 { // with the counts of a domain
			require.NoError(t, checkpoints.Write(trainer, nil))
			from, err := checkpoints.Read()
			require.NoError(t, err)
			before := trainer.tests.test.Pairs[0]
			trainer, err = Resume(engine, build(), task, c, from)
			require.NoError(t, err)
			require.Equal(t, before, trainer.tests.test.Pairs[0])
		}
		if e.Test == nil {
			continue
		}
		tests++
		for i, d := range trainer.tests.domains {
			require.Nil(t, e.Test.Confusion[i])
			correct, labels := 0, map[int]int{}
			for at, count := range e.Test.Pairs[i] {
				labels[at/classes] += count
				if at/classes == at%classes {
					correct += count
				}
			}
			require.Equal(t, e.Test.Accuracy[i], float64(correct)/float64(d.N))
			for _, label := range d.Labels {
				labels[int(label)]--
			}
			for label, left := range labels {
				require.Zero(t, left, label)
			}
		}
	}
	require.Equal(t, 2, tests)
}
