package nn

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// short returns a tensor whose data lacks some elements.
func short(missing, n, c, h, w int) tensor.Tensor {
	return tensor.Tensor{Data: make([]float32, n*c*h*w-missing), N: n, C: c, H: h, W: w, Stride: c * h * w}
}

// Whatever is handed to a plan or the loss is refused in the caller's goroutine
// if it has one element too few, another shape or a label beyond the classes,
// before a kernel sees it.
func TestShortOperands(t *testing.T) {
	const batch, classes = 3, 5
	g, x := NewGraph(2, 9, 9)
	embedding := g.Flatten(g.MaxPool(g.ReLU(g.Conv("conv", x, Conv{Out: 4, Kernel: 3, Padding: 1, Bias: true})), 3, 3))
	net := g.Network("net", g.Linear("fc", embedding, Linear{Out: classes}), embedding)
	net.Init(1)
	for _, threads := range []int{1, 2} {
		e := tensor.NewEngineOn(threads, nil)
		defer e.Close()
		for _, mode := range []Mode{Train, Maximise, Eval} {
			p := Compile(e, net, batch, mode)
			require.Panics(t, func() { p.Backward(short(0, batch, classes, 1, 1), tensor.Tensor{}) }, "no Forward yet")
			require.Panics(t, func() { p.Forward(short(1, batch, 2, 9, 9)) })
			require.Panics(t, func() { p.Forward(short(0, batch+1, 2, 9, 9)) })
			require.Panics(t, func() { p.Forward(short(0, 0, 2, 9, 9)) })
			require.Panics(t, func() { p.Forward(short(0, batch, 2, 9, 8)) })
			narrow := short(0, batch, 2, 9, 9)
			narrow.Stride--
			require.Panics(t, func() { p.Forward(narrow) }, "images that overlap")
			if mode == Eval {
				continue
			}
			images := short(0, batch, 2, 9, 9)
			p.Forward(images)
			require.NotPanics(t, func() { p.Backward(short(0, batch, classes, 1, 1), short(0, batch, net.Embedding, 1, 1)) })
			p.Forward(images)
			require.Panics(t, func() { p.Backward(short(1, batch, classes, 1, 1), tensor.Tensor{}) })
			require.Panics(t, func() { p.Backward(short(0, batch-1, classes, 1, 1), tensor.Tensor{}) })
			require.Panics(t, func() { p.Backward(short(0, batch, classes, 1, 1), short(1, batch, net.Embedding, 1, 1)) })
			require.Panics(t, func() { p.Backward(short(0, batch, classes, 1, 1), short(0, batch, net.Embedding-1, 1, 1)) })
		}

		logits, gradient, labels := short(0, batch, classes, 1, 1), short(0, batch, classes, 1, 1), []uint16{0, 1, classes - 1}
		require.NotPanics(t, func() { CrossEntropy(e, gradient, logits, labels) })
		require.NotPanics(t, func() { CrossEntropy(e, tensor.Tensor{}, logits, labels) })
		require.Panics(t, func() { CrossEntropy(e, short(1, batch, classes, 1, 1), logits, labels) })
		require.Panics(t, func() { CrossEntropy(e, short(0, batch, classes-1, 1, 1), logits, labels) })
		require.Panics(t, func() { CrossEntropy(e, gradient, short(1, batch, classes, 1, 1), labels) })
		require.Panics(t, func() { CrossEntropy(e, gradient, logits, labels[:2]) })
		require.Panics(t, func() { CrossEntropy(e, gradient, logits, []uint16{0, 1, classes}) })
	}
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	require.NotPanics(t, func() { Identity(3).FromBytes(e, make([]float32, 12), make([]uint8, 12)) })
	require.Panics(t, func() { Identity(3).FromBytes(e, make([]float32, 11, 12), make([]uint8, 12)) })
	require.Panics(t, func() { Identity(3).FromBytes(e, make([]float32, 12), make([]uint8, 11)) })
	require.Panics(t, func() { Identity(3).ToBytes(e, make([]uint8, 12), make([]float32, 11, 12)) })
	require.Panics(t, func() { Softmax(make([]float64, classes-1), make([]float32, classes)) })
}
