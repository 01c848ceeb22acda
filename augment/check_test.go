package augment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// lacking is a model one of whose results lacks an element.
type lacking struct {
	logits, embedding, dx tensor.Tensor
}

func (l *lacking) Forward(tensor.Tensor) (logits, embedding tensor.Tensor) {
	return l.logits, l.embedding
}
func (l *lacking) Backward(_, _ tensor.Tensor) tensor.Tensor { return l.dx }

func missing(one bool, n, c, h, w int) tensor.Tensor {
	size := n * c * h * w
	if one {
		size--
	}
	return tensor.Tensor{Data: make([]float32, size), N: n, C: c, H: h, W: w, Stride: c * h * w}
}

// An ascent refuses, in the caller's goroutine, images and results of the model
// with one element too few, and labels beyond the classes.
func TestShortOperands(t *testing.T) {
	const n, classes, width = 3, 4, 5
	for _, threads := range []int{1, 2} {
		e := tensor.NewEngineOn(threads, nil)
		defer e.Close()
		for short := -1; short < 4; short++ {
			model := &lacking{missing(short == 0, n, classes, 1, 1), missing(short == 1, n, width, 1, 1), missing(short == 2, n, 2, 6, 6)}
			m := NewMaximiser(e, model, n, classes, width, Config{Steps: 2, LR: 1, Gamma: 1, Eta: 1})
			check := require.Panics
			if short < 0 {
				check = require.NotPanics
			}
			check(t, func() { m.Maximise(missing(short == 3, n, 2, 6, 6), []uint16{0, 1, 3}, n) })
			require.Panics(t, func() { m.Maximise(missing(false, n, 2, 6, 6), []uint16{0, 1, classes}, n) })
			require.Panics(t, func() { m.Maximise(missing(false, n, 2, 6, 6), []uint16{0, 1}, n) })
			require.Panics(t, func() { m.Maximise(missing(false, n+1, 2, 6, 6), []uint16{0, 1, 2, 3}, n) })
		}
	}
}

// transforms are transformations that leave images as they are.
type transforms struct{}

func (transforms) Make(*tensor.Engine, int, int, int, int) (Transformer, error) {
	return transforms{}, nil
}
func (transforms) Begin(int, int, Draw, Draw)                         {}
func (transforms) Apply(_, _ int, dst, src []float32)                 { copy(dst, src) }
func (transforms) Ascend(_, _ int, _, _, _ []float32, _ float64) bool { return true }

// Ascents with a start refuse numbers, means and deviations that are too few, and images
// of another shape than the first.
func TestShortStart(t *testing.T) {
	t.Parallel()
	const n, classes, width = 3, 4, 5
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, c := range []Config{
		{Steps: 1, LR: 1, Ball: Ball{Norm: LInf, Radius: 1, RandomStart: true}},
		{Steps: 1, LR: 1, Transforms: transforms{}},
	} {
		for short := range 5 {
			model := &lacking{missing(false, n, classes, 1, 1), missing(false, n, width, 1, 1), missing(false, n, 2, 6, 6)}
			m := NewMaximiser(e, model, n, classes, width, c)
			m.Transformer = transforms{}
			m.Start.Numbers, m.Mean, m.Std = make([]int32, n), []float32{0, 0}, []float32{1, 1}
			maximise := func() { m.Maximise(missing(false, n, 2, 6, 6), []uint16{0, 1, 3}, n) }
			check := require.Panics
			switch short {
			case 0:
				check = require.NotPanics
			case 1:
				m.Start.Numbers = m.Start.Numbers[:n-1]
			case 2:
				m.Mean = m.Mean[:1]
			case 3:
				m.Std = m.Std[:1]
			case 4:
				maximise()
				model.dx = missing(false, n, 2, 6, 7)
				maximise = func() { m.Maximise(missing(false, n, 2, 6, 7), []uint16{0, 1, 3}, n) }
			}
			check(t, maximise, "%d of %+v", short, c)
		}
	}
}
