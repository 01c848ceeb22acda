package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/internal/testkit/race"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

// negate is an operation on bytes, shift one on batches that also notes what it
// was called with.
type negate struct{}

func (negate) Make(_, _, _ int) (augment.ImageFunc, error) {
	return func(dst, src []uint8, _ augment.Draw) {
		for i, v := range src {
			dst[i] = 255 - v
		}
	}, nil
}

type shift struct{ By float32 }

func (s shift) Make(_ *tensor.Engine, _, _, _, _ int) (augment.BatchFunc, error) {
	return func(b *augment.Batch) {
		for n := range b.X.N {
			x := b.X.Image(n)
			for i := range x {
				x[i] += s.By
			}
		}
	}, nil
}

func (shift) Bytes(_, _, _, _, _ int) int64 { return 0 }

var augMix = image.AugMix{Severity: 3, Width: 3, Alpha: 1}

// viewsConfig has four views: the image, the flipped and cropped image, its
// negative shifted, and AugMix.
func viewsConfig() Config {
	c := epochConfig(meada)
	c.Views = []View{
		{},
		{Image: []augment.ImageOp{image.Flip{}, image.Crop{Padding: 4}}},
		{Image: []augment.ImageOp{negate{}, negate{}, negate{}}, Batch: []augment.BatchOp{shift{0.5}, shift{0.25}}},
		{Image: []augment.ImageOp{negate{}}, Values: augMix},
	}
	c.Objective = objective.Config{Consistency: 12, Smoothing: 0.1}
	c.Attack = augment.Config{Steps: 2, LR: 0.02, Eta: 1, Ball: augment.Ball{Norm: augment.LInf, Radius: 0.05, RandomStart: true}}
	return c
}

// hiddenConfig is viewsConfig with operations that act within the network too.
func hiddenConfig() Config {
	c := viewsConfig()
	for i := range c.Views {
		c.Views[i].Hidden = []augment.HiddenOp{
			batch.AsView{View: 0, Op: batch.Mixup{Alpha: 1}},
			batch.Noise{Additive: 0.1 * float64(i+1), Multiplicative: 0.5, Sparsity: 0.5},
		}
	}
	return c
}

// Hidden operations act on the images or within the network, one of them a step, and the
// labels are those of both images that are mixed.
func TestHiddenOperations(t *testing.T) {
	t.Parallel()
	plain, _ := epochTrainer(t, 1, nil, viewsConfig())
	trainer, _ := epochTrainer(t, 3, nil, hiddenConfig())
	depths := map[int]int{}
	numbers := []int32{7, 3, 40, 12}
	for round := range 20 {
		plain.at.Round, trainer.at.Round = round, round
		before, x := plain.view(numbers), trainer.view(numbers)
		h, targets := trainer.descent.hidden, &trainer.descent.targets
		depths[h.at]++
		require.Equal(t, h.at > 0, slices.Equal(before.Data[:16*3072], x.Data[:16*3072]), "the images, depth %d", h.at)
		require.Equal(t, h.at == 0, len(targets.Second) > 0)
		place := trainer.network.Places()[0]
		inside := tensor.New(16, place[0], place[1], place[2])
		for i := range inside.Data {
			inside.Data[i] = 1
		}
		h.Mix(0, inside)
		require.Equal(t, h.at == 0, slices.Max(inside.Data) == 1, "within the network, depth %d", h.at)
		require.Len(t, targets.Second, 4)
		for _, class := range targets.Second {
			require.Contains(t, targets.First, class)
		}
	}
	require.Len(t, depths, 2)
}

// The views of a batch stand one after the other, each as its chain has it.
func TestViews(t *testing.T) {
	trainer, network := epochTrainer(t, 3, nil, viewsConfig())
	source := trainer.set.source
	numbers := []int32{7, 3, 40}
	x := trainer.view(numbers)
	require.Equal(t, 12, x.N)
	crop := &chain{}
	for _, op := range viewsConfig().Views[1].Image {
		f, err := op.Make(3, 32, 32)
		require.NoError(t, err)
		crop.ops = append(crop.ops, f)
	}
	crop.buffers[0], crop.buffers[1] = make([]uint8, 3*32*32), make([]uint8, 3*32*32)
	want := make([]float32, 3*32*32)
	normalise := func(dst []float32, src []uint8) { network.Normalisation.FromBytes(trainer.engine, dst, src) }
	mix, err := augMix.Make(trainer.engine, 3, 32, 32, normalise)
	require.NoError(t, err)
	negative := make([]uint8, 3*32*32)
	for i, number := range numbers {
		bytes := source.Image(int(number))
		network.Normalisation.FromBytes(trainer.engine, want, bytes)
		require.Equal(t, want, x.Image(i), "the image")
		moved := crop.apply(bytes, augment.Draw{Seed: 1, View: 1, Image: int(number)})
		network.Normalisation.FromBytes(trainer.engine, want, moved)
		require.Equal(t, want, x.Image(3+i), "flipped and cropped")
		for p, b := range bytes {
			require.InDelta(t, (float64(255-b)/255-0.5)/0.5+0.75, x.Image(6 + i)[p], 1e-6)
			negative[p] = 255 - b
		}
		mix(want, negative, augment.Draw{Seed: 1, View: 3, Image: int(number)})
		require.Equal(t, want, x.Image(9+i), "AugMix")
		require.Equal(t, source.Labels[number], trainer.descent.targets.First[i])
	}
}

func TestViewsHaveTheSameBits(t *testing.T) {
	t.Parallel()
	var want []float32
	threadCounts := []int{1, 3}
	if race.Enabled {
		threadCounts = threadCounts[1:]
	}
	for _, kernels := range sameKernels() {
		for _, threads := range threadCounts {
			trainer, network := epochTrainer(t, threads, kernels, hiddenConfig())
			finish(t, trainer)
			if want == nil {
				want = network.Values
			}
			require.Equal(t, want, network.Values, "%s, %d threads", kernels.Name, threads)
		}
	}
}

func TestViewsAllocateNothing(t *testing.T) {
	c := hiddenConfig()
	c.BatchSize, c.Growth = 1, Growth{}
	trainer, _ := epochTrainer(t, 2, nil, c)
	stepsAllocateNothing(t, trainer, 3, 30)
}

// stepsAllocateNothing takes the first steps of a run, then the next, which may allocate nothing.
func stepsAllocateNothing(t *testing.T, trainer *Trainer, first, next int) {
	t.Helper()
	for range first {
		_, err := trainer.Step()
		require.NoError(t, err)
	}
	require.Zero(t, testing.AllocsPerRun(next, func() {
		if _, err := trainer.Step(); err != nil {
			panic(err)
		}
	}), "%#v", trainer.config.Averaging)
}
