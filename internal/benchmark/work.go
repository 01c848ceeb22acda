// Package benchmark measures the engine on the CPU it runs on: matrix products,
// convolutions and training steps beside what the hardware can do.
package benchmark

import (
	"time"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/internal/timing"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Work is something to time: Run does it once.
type Work struct {
	// FLOPs is the number of floating-point operations of the direct algorithm,
	// whatever algorithm Run uses.
	FLOPs float64
	// Bytes is the least that must be read and written.
	Bytes float64
	// Steps is the number of equal steps that Run consists of if their time is
	// of interest, else 0.
	Steps int
	Run   func()
}

// Sampler returns what times the work, or one of its steps.
func (w Work) Sampler() timing.Sampler {
	sample := timing.Of(w.Run)
	return func() time.Duration { return sample() / time.Duration(max(w.Steps, 1)) }
}

// Peak returns multiply-adds that never leave the registers, on every worker
// of the engine: the ceiling of everything else.
func Peak(e *tensor.Engine) Work {
	p := &peak{e.Kernels.Peak}
	tasks := 16 * e.Threads()
	flops := e.Kernels.Peak(1) * simd.PeakSteps * tasks
	return Work{FLOPs: float64(flops), Run: func() { e.Run(tasks, p) }}
}

type peak struct{ run func(n int) int }

func (p *peak) Do(_, _ int) { p.run(simd.PeakSteps) }

// Copy returns a copy of n elements from one array to another.
func Copy(e *tensor.Engine, n int) Work {
	s := newStream(n, func(dst, src []float32) { copy(dst, src) })
	return Work{Bytes: 8 * float64(n), Run: func() { e.Run(s.parts(), s) }}
}

// Axpy returns y += alpha*x over n elements: two streams in, one out.
func Axpy(e *tensor.Engine, n int) Work {
	s := newStream(n, func(y, x []float32) { e.Kernels.Axpy(0.5, x, y) })
	return Work{Bytes: 12 * float64(n), Run: func() { e.Run(s.parts(), s) }}
}

// stream runs over two arrays in parts.
type stream struct {
	dst, src []float32
	part     func(dst, src []float32)
}

func newStream(n int, part func(dst, src []float32)) *stream {
	s := &stream{dst: tensor.Aligned(n), src: tensor.Aligned(n), part: part}
	for i := range n { // untouched pages would all be one page of zeros
		s.src[i], s.dst[i] = 1, 1
	}
	return s
}

// streamPart is 128 KiB of each array.
const streamPart = 32 << 10

func (s *stream) parts() int { return (len(s.dst) + streamPart - 1) / streamPart }

func (s *stream) Do(task, _ int) {
	lo := task * streamPart
	hi := min(lo+streamPart, len(s.dst))
	s.part(s.dst[lo:hi], s.src[lo:hi])
}

// Product is a matrix product C = A B of random matrices, row-major: C is
// M x N, A is M x K, B is K x N. Images products follow each other, each with
// its own B and C, as the images of a batch do.
type Product struct {
	M, N, K, Images int
	A, B, C         []float32
}

// NewProduct makes the operands of a matrix product.
func NewProduct(m, n, k, images int) *Product {
	return &Product{
		M: m, N: n, K: k, Images: images,
		A: noise(m * k), B: noise(images * k * n), C: tensor.Aligned(images * m * n),
	}
}

// Work returns the product on an engine.
func (p *Product) Work(e *tensor.Engine) Work {
	g := tensor.NewGemm(e, p.M, p.N, p.K, false, false)
	return Work{
		FLOPs: 2 * float64(p.M) * float64(p.N) * float64(p.K) * float64(p.Images),
		Bytes: 4 * float64(len(p.A)+len(p.B)+len(p.C)),
		Run: func() {
			for i := range p.Images {
				g.Run(p.C[i*p.M*p.N:], p.A, p.B[i*p.K*p.N:], p.N, p.K, p.N, tensor.Epilogue{})
			}
		},
	}
}

// Pass is one of the three things to compute of a convolution.
type Pass string

// The passes, under the names that figures carry.
const (
	Forward         Pass = "fwd"
	BackwardData    Pass = "bwd-data"
	BackwardWeights Pass = "bwd-weights"
)

// Passes lists them in order.
var Passes = []Pass{Forward, BackwardData, BackwardWeights}

// Convolution is a convolution of random images with random filters, without
// bias: X, DX are N x C x H x W, Y, DY are N x K x OutH x OutW, W, DW are
// K x C/groups x R x S.
type Convolution struct {
	Shape        conv.Shape
	X, Y, DX, DY tensor.Tensor
	W, DW        []float32
}

// NewConvolution makes the operands of a convolution.
func NewConvolution(s conv.Shape) *Convolution {
	in := func(data []float32) tensor.Tensor { return tensor.View(data, s.N, s.C, s.H, s.W) }
	out := func(data []float32) tensor.Tensor { return tensor.View(data, s.N, s.K, s.OutH(), s.OutW()) }
	ins, outs := s.N*s.C*s.H*s.W, s.N*s.K*s.OutH()*s.OutW()
	return &Convolution{
		Shape: s,
		X:     in(noise(ins)), DX: in(tensor.Aligned(ins)),
		Y: out(tensor.Aligned(outs)), DY: out(noise(outs)),
		W: noise(s.Weights()), DW: tensor.Aligned(s.Weights()),
	}
}

// Work returns one pass of the convolution on an engine.
func (c *Convolution) Work(e *tensor.Engine, pass Pass) Work {
	plan := conv.New(e, c.Shape, conv.Options{})
	w := Work{
		FLOPs: 2 * float64(c.Shape.MultiplyAdds()),
		Bytes: 4 * float64(len(c.X.Data)+len(c.Y.Data)+len(c.W)),
	}
	switch pass {
	case Forward:
		w.Run = func() { plan.Forward(c.Y, c.X, c.W, nil, simd.Identity) }
	case BackwardData:
		plan.PlanBackwardData()
		w.Run = func() { plan.BackwardData(c.DX, c.DY, c.W, false) }
	case BackwardWeights:
		plan.PlanBackwardWeights()
		w.Run = func() { plan.BackwardWeights(c.DW, nil, c.X, c.DY) }
	default:
		panic("benchmark: no pass " + string(pass))
	}
	return w
}

// noise returns n elements drawn from [-0.5, 0.5): zeros and denormals would
// be a CPU's easiest and hardest days.
func noise(n int) []float32 {
	x := tensor.Aligned(n)
	r := rng.New(1, rng.Init)
	for i := range x {
		x[i] = r.Float32() - 0.5
	}
	return x
}
