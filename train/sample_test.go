package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSampleFollowsTheSameImages(t *testing.T) {
	t.Parallel()
	trainer, _ := toyTrainer(t, 2, nil, toyConfig(meada))
	phases, left := 0, 0
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		if e.Kind != Maximise || e.Done < e.Total {
			continue
		}
		phases++
		all := trainer.set.source
		source, adversarial := trainer.Sample(all.N)
		require.Equal(t, source.Labels, adversarial.Labels)
		require.Len(t, source.Data, source.N*all.C*all.H*all.W)
		require.Len(t, adversarial.Data, len(source.Data))
		left += all.N - source.N
		at := 0
		for n := range source.N {
			for at < all.N && string(all.Image(at)) != string(source.Image(n)) {
				at++ // left out by the phase
			}
			require.Less(t, at, all.N, "image %d is no source image, or out of order", n)
			require.Equal(t, all.Labels[at], source.Labels[n])
			require.NotEqual(t, source.Image(n), adversarial.Image(n))
			made := trainer.set.len() - len(trainer.set.parents)
			for i, parent := range trainer.set.parents {
				if parent == int32(at) {
					require.Equal(t, trainer.set.bytes(int32(made+i), trainer.network.Normalisation), adversarial.Image(n))
				}
			}
		}
		few, _ := trainer.Sample(5)
		require.LessOrEqual(t, few.N, 5)
	}
	require.Equal(t, 2, phases)
	require.Positive(t, left, "a phase leaves some images out")
	require.LessOrEqual(t, left, 2*toyConfig(meada).BatchSize)
}

func TestConfusionAddsUp(t *testing.T) {
	c := toyConfig(erm)
	c.Schedule = Steps{Total: 22, TestEvery: 5}
	trainer, network := toyTrainer(t, 2, nil, c)
	tests := 0
	for !trainer.Done() {
		e, err := trainer.Step()
		require.NoError(t, err)
		if e.Test == nil {
			continue
		}
		tests++
		for i, d := range trainer.tests.domains {
			correct, labels := 0, make([]int, network.Classes)
			for at, count := range e.Test.Confusion[i] {
				label, predicted := at/network.Classes, at%network.Classes
				labels[label] += count
				if label == predicted {
					correct += count
				}
			}
			require.Equal(t, e.Test.Accuracy[i], float64(correct)/float64(d.N))
			for _, label := range d.Labels {
				labels[label]--
			}
			require.Equal(t, make([]int, network.Classes), labels, "a row counts the images of its class")
		}
	}
	require.Greater(t, tests, 1)
}
