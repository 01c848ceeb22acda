package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// An attack moves every view of an image within its ball, up its loss, and by
// the image's own random numbers.
func TestAttack(t *testing.T) {
	t.Parallel()
	const radius = 0.05
	c := epochConfig(erm)
	c.Views = []View{{}, {}}
	c.Attack = augment.Config{Steps: 5, LR: 0.02, Ball: augment.Ball{Norm: augment.LInf, Radius: radius, RandomStart: true}}
	trainer, network := epochTrainer(t, 2, nil, c)
	numbers := []int32{7, 3, 40}
	x := trainer.view(numbers)
	before := append([]float32(nil), x.Data[:6*x.C*x.H*x.W]...)
	plan := nn.Compile(trainer.engine, network, 6, nn.Eval)
	labels := append(append([]uint16(nil), trainer.descent.targets.First...), trainer.descent.targets.First...)
	loss := func() float64 {
		logits, _ := plan.Forward(x)
		return nn.CrossEntropy(trainer.engine, trainer.descent.dLogits.Images(0, 6), logits, labels)
	}
	clean := loss()
	require.Equal(t, -1, trainer.attack(x, numbers))
	require.Greater(t, loss(), clean)
	moved := 0
	for i, v := range x.Data[:len(before)] {
		require.InDelta(t, before[i], v, radius/0.5+1e-5)
		require.LessOrEqual(t, max(v, -v), float32(1))
		if v != before[i] {
			moved++
		}
	}
	require.Greater(t, moved, len(before)/2)
	require.NotEqual(t, x.Image(0), x.Image(3), "views begin elsewhere")

	c.Attack.Ball.Radius = -1
	_, err := New(trainer.engine, network, toyData(t), c)
	require.ErrorContains(t, err, "Ball.Radius is -1")
}

// Of several views the weights of mixtures move in the second alone, of one in that.
func TestAttackOfParameters(t *testing.T) {
	t.Parallel()
	for views, changed := range map[int][]bool{1: {true}, 3: {false, true, false}} {
		c := epochConfig(erm)
		c.Views = make([]View, views)
		c.Attack = augment.Config{Steps: 2, LR: 0.1, Transforms: image.AugMax{Severity: 3, Width: 3}}
		trainer, _ := epochTrainer(t, 2, nil, c)
		numbers := []int32{7, 3, 40}
		x := trainer.view(numbers)
		before := append([]float32(nil), x.Data[:x.N*x.C*x.H*x.W]...)
		require.Equal(t, -1, trainer.attack(x, numbers))
		first, end := c.Attacked()
		for v, want := range changed {
			require.Equal(t, want, first <= v && v < end)
			lo, hi := v*len(before)/views, (v+1)*len(before)/views
			if want {
				require.NotEqual(t, before[lo:hi], x.Data[lo:hi], "view %d of %d", v+1, views)
			} else {
				require.Equal(t, before[lo:hi], x.Data[lo:hi], "view %d of %d", v+1, views)
			}
		}
	}
}

// An attack on mixed images raises the loss of both their classes.
func TestAttackOfMixedImages(t *testing.T) {
	t.Parallel()
	c := epochConfig(erm)
	c.Views = []View{{Batch: []augment.BatchOp{batch.Mixup{Alpha: 1}}}}
	c.Attack = augment.Config{Steps: 8, LR: 0.02, Ball: augment.Ball{Norm: augment.LInf, Radius: 0.1}}
	trainer, network := epochTrainer(t, 2, nil, c)
	numbers := []int32{7, 3, 40, 12, 25, 31}
	x := trainer.view(numbers)
	d := &trainer.descent
	require.Len(t, d.targets.Second, len(numbers))
	for n := range numbers {
		d.targets.Weight[n] = 0.05 // an ascent on the first class alone lowers the loss
		d.targets.Second[n] = (d.targets.First[n] + 1) % 10
	}
	plan := nn.Compile(trainer.engine, network, len(numbers), nn.Eval)
	loss := func(n int) float64 {
		logits, _ := plan.Forward(x)
		gradient := tensor.New(1, logits.C, 1, 1)
		share := float64(d.targets.Weight[n])
		one := nn.CrossEntropy(trainer.engine, gradient, logits.Images(n, n+1), d.targets.First[n:][:1])
		other := nn.CrossEntropy(trainer.engine, gradient, logits.Images(n, n+1), d.targets.Second[n:][:1])
		return share*one + (1-share)*other
	}
	var before []float64
	for n := range numbers {
		before = append(before, loss(n))
	}
	require.Equal(t, -1, trainer.attack(x, numbers))
	for n := range numbers {
		require.Greater(t, loss(n), before[n])
	}
}
