package benchmark

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Operator is an operation of a training step that does little with each number
// it reads, so that memory is what limits it.
type Operator struct {
	Kind, Pass string
	Shape      []int // of the operand that the others follow from
	// New makes the operands and returns the work. Its Bytes count every operand
	// once, though batch normalisation reads its own twice.
	New func(e *tensor.Engine) Work
}

// Name returns the kind with the shape.
func (o Operator) Name() string {
	return o.Kind + " " + strings.ReplaceAll(strings.Trim(fmt.Sprint(o.Shape), "[]"), " ", "x")
}

// Operators lists them, at the sizes of the published networks' layers.
func Operators() []Operator {
	var all []Operator
	add := func(kind, pass string, shape []int, work func(e *tensor.Engine) Work) {
		all = append(all, Operator{kind, pass, shape, work})
	}
	for _, act := range []struct {
		name string
		kind simd.Activation
	}{{"relu", simd.ReLU}, {"gelu", simd.GELU}} {
		for _, s := range []images{{128, 96, 32}, {128, 192, 16}, {128, 128, 8}} {
			add("bn-"+act.name, "fwd", s.shape(), func(e *tensor.Engine) Work { return normForward(e, s, act.kind) })
			add("bn-"+act.name, "bwd", s.shape(), func(e *tensor.Engine) Work { return normBackward(e, s, act.kind) })
		}
	}
	for _, s := range []images{{128, 96, 32}, {128, 192, 16}, {32, 64, 28}, {32, 128, 10}} {
		add("maxpool", "fwd", s.shape(), func(e *tensor.Engine) Work { return poolForward(e, s, 2, 0) })
		add("maxpool", "bwd", s.shape(), func(e *tensor.Engine) Work { return poolBackward(e, s, 2, 0) })
	}
	for _, s := range []images{{32, 64, 55}, {32, 192, 27}, {32, 256, 13}} {
		add("maxpool3", "fwd", s.shape(), func(e *tensor.Engine) Work { return poolForward(e, s, 3, 0) })
		add("maxpool3", "bwd", s.shape(), func(e *tensor.Engine) Work { return poolBackward(e, s, 3, 0) })
	}
	resnet := images{32, 64, 112}
	add("maxpool3-padded", "fwd", resnet.shape(), func(e *tensor.Engine) Work { return poolForward(e, resnet, 3, 1) })
	add("maxpool3-padded", "bwd", resnet.shape(), func(e *tensor.Engine) Work { return poolBackward(e, resnet, 3, 1) })
	s := images{128, 96, 32}
	add("gelu", "fwd", s.shape(), func(e *tensor.Engine) Work { return geluForward(e, s) })
	add("gelu", "bwd", s.shape(), func(e *tensor.Engine) Work { return geluBackward(e, s) })
	for _, s := range [][2]int{{4096, 1000}, {32, 10}} {
		add("softmax-loss", "both", s[:], func(e *tensor.Engine) Work { return loss(e, s[0], s[1]) })
	}
	const lenet5, wrn = 4_547_466, 2_243_546
	add("adam", "step", []int{lenet5}, func(e *tensor.Engine) Work { return adam(e, lenet5) })
	add("sgd", "step", []int{wrn}, func(e *tensor.Engine) Work { return sgd(e, wrn) })
	return all
}

// images are N images of C planes of side x side.
type images struct{ n, c, side int }

func (s images) shape() []int { return []int{s.n, s.c, s.side, s.side} }
func (s images) plane() int   { return s.side * s.side }
func (s images) size() int    { return s.n * s.c * s.plane() }

// part returns image i of an array that holds one entry, or several, for each.
func part[T any](x []T, i, images int) []T {
	size := len(x) / images
	return x[i*size : (i+1)*size]
}

// sweep is a task that does something to every image, or piece of an array.
type sweep func(i int)

func (s *sweep) Do(i, _ int) { (*s)(i) }

func normForward(e *tensor.Engine, s images, act simd.Activation) Work {
	x, y := noise(s.size()), tensor.Aligned(s.size())
	scale, shift := noise(s.c), noise(s.c)
	sum, sumSq := tensor.Aligned(s.n*s.c), tensor.Aligned(s.n*s.c)
	measure := sweep(func(i int) {
		e.Kernels.SumSumSq(part(sum, i, s.n), part(sumSq, i, s.n), part(x, i, s.n), shift, s.plane())
	})
	normalise := sweep(func(i int) {
		e.Kernels.ScaleShift(part(y, i, s.n), part(x, i, s.n), scale, shift, s.plane(), act)
	})
	return Work{Bytes: 8 * float64(s.size()), Run: func() {
		e.Run(s.n, &measure)
		e.Run(s.n, &normalise)
	}}
}

func normBackward(e *tensor.Engine, s images, act simd.Activation) Work {
	x, dy, dx := noise(s.size()), noise(s.size()), tensor.Aligned(s.size())
	scale, shift, a, b, k := noise(s.c), noise(s.c), noise(s.c), noise(s.c), noise(s.c)
	sumG, sumGX := tensor.Aligned(s.n*s.c), tensor.Aligned(s.n*s.c)
	calls := make([]simd.BatchNormGradient, s.n)
	for i := range calls {
		calls[i] = simd.BatchNormGradient{
			DX: part(dx, i, s.n), DY: part(dy, i, s.n), X: part(x, i, s.n), Scale: scale, Shift: shift, Mean: shift,
			SumG: part(sumG, i, s.n), SumGX: part(sumGX, i, s.n), A: a, B: b, K: k, N: s.plane(), Act: act,
		}
	}
	reduce := sweep(func(i int) { e.Kernels.BatchNormBackwardSums(&calls[i]) })
	differentiate := sweep(func(i int) { e.Kernels.BatchNormBackwardInput(&calls[i]) })
	return Work{Bytes: 12 * float64(s.size()), Run: func() {
		e.Run(s.n, &reduce)
		e.Run(s.n, &differentiate)
	}}
}

// pool makes a maximum pooling of stride 2, through ReLU, and its operands.
func pool(e *tensor.Engine, s images, window, pad int) (p *conv.MaxPool, x, y tensor.Tensor, arg []uint8) {
	p = conv.NewMaxPool(e, conv.PoolShape{N: s.n, C: s.c, H: s.side, W: s.side, Window: window, Stride: 2, Pad: pad})
	x = tensor.View(noise(s.size()), s.n, s.c, s.side, s.side)
	return p, x, tensor.New(s.n, s.c, p.OutH(), p.OutW()), make([]uint8, p.Out())
}

func poolForward(e *tensor.Engine, s images, window, pad int) Work {
	p, x, y, arg := pool(e, s, window, pad)
	return Work{Bytes: 4*float64(len(x.Data)) + 5*float64(len(arg)), Run: func() { p.Forward(y, arg, x, true) }}
}

func poolBackward(e *tensor.Engine, s images, window, pad int) Work {
	p, x, dy, arg := pool(e, s, window, pad)
	p.Forward(dy, arg, x, true)
	return Work{Bytes: 4*float64(len(x.Data)) + 5*float64(len(arg)), Run: func() { p.Backward(x, dy, arg) }}
}

func geluForward(e *tensor.Engine, s images) Work {
	x, y := noise(s.size()), tensor.Aligned(s.size())
	gelu := sweep(func(i int) { e.Kernels.GELU(part(y, i, s.n), part(x, i, s.n)) })
	return Work{Bytes: 8 * float64(s.size()), Run: func() { e.Run(s.n, &gelu) }}
}

func geluBackward(e *tensor.Engine, s images) Work {
	x, dy, dx := noise(s.size()), noise(s.size()), tensor.Aligned(s.size())
	gelu := sweep(func(i int) { e.Kernels.GELUBackward(part(dx, i, s.n), part(dy, i, s.n), part(x, i, s.n)) })
	return Work{Bytes: 12 * float64(s.size()), Run: func() { e.Run(s.n, &gelu) }}
}

func loss(e *tensor.Engine, rows, classes int) Work {
	logits, grad := noise(rows*classes), tensor.Aligned(rows*classes)
	row := sweep(func(i int) {
		e.Kernels.SoftmaxLoss(part(grad, i, rows), part(logits, i, rows), i%classes, 1, 10)
	})
	return Work{Bytes: 8 * float64(rows*classes), Run: func() { e.Run(rows, &row) }}
}

// inPieces returns a run of f over n elements in pieces as the optimisers cut.
func inPieces(e *tensor.Engine, n int, f func(lo, hi int)) func() {
	const piece = 16 << 10
	s := sweep(func(i int) { f(i*piece, min((i+1)*piece, n)) })
	return func() { e.Run((n+piece-1)/piece, &s) }
}

func adam(e *tensor.Engine, n int) Work {
	p, g, m, v := noise(n), noise(n), tensor.Aligned(n), tensor.Aligned(n)
	step := simd.NewAdamStep(1e-6, 0.9, 0.999, 1e-8, 0, 1)
	return Work{Bytes: 28 * float64(n), Run: inPieces(e, n, func(lo, hi int) {
		e.Kernels.Adam(p[lo:hi], g[lo:hi], m[lo:hi], v[lo:hi], &step)
	})}
}

func sgd(e *tensor.Engine, n int) Work {
	p, g, buf := noise(n), noise(n), tensor.Aligned(n)
	step := simd.SGDStep{LR: 1e-6, Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true}
	return Work{Bytes: 20 * float64(n), Run: inPieces(e, n, func(lo, hi int) {
		e.Kernels.SGD(p[lo:hi], g[lo:hi], buf[lo:hi], &step)
	})}
}
