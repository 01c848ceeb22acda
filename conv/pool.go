package conv

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// PoolShape is the geometry of a pooling: square windows, rows and columns that no
// whole window covers left out (floor mode). Padding, on all sides, is for maximum
// pooling alone and never wins.
type PoolShape struct {
	N, C, H, W     int // input
	Window, Stride int
	Pad            int
}

// OutH returns the height of the output.
func (s PoolShape) OutH() int { return (s.H+2*s.Pad-s.Window)/s.Stride + 1 }

// OutW returns the width of the output.
func (s PoolShape) OutW() int { return (s.W+2*s.Pad-s.Window)/s.Stride + 1 }

// Out returns the number of elements of the output, and so of the argument of
// a maximum pooling.
func (s PoolShape) Out() int { return s.N * s.C * s.OutH() * s.OutW() }

// String gives the geometry, for messages.
func (s PoolShape) String() string {
	return fmt.Sprintf("%dx%dx%dx%d, windows of %dx%d, stride %d, padding %d", s.N, s.C, s.H, s.W, s.Window, s.Window, s.Stride, s.Pad)
}

// maxWindow is the largest window whose places fit a byte, noWinner included.
const maxWindow = 15

// Check panics unless the shape is possible and what it takes fits in memory.
func (s PoolShape) Check() {
	if s.N < 1 || s.C < 1 || s.Window < 1 || s.Stride < 1 || s.Pad < 0 || 2*s.Pad > s.Window ||
		s.H+2*s.Pad < s.Window || s.W+2*s.Pad < s.Window {
		panic("conv: impossible pooling of " + s.String())
	}
	tensor.Elements(s.N, s.C, s.H, s.W)
}

// checkImages panics unless the tensors are an input and an output.
func (s PoolShape) checkImages(input string, x tensor.Tensor, output string, y tensor.Tensor) {
	x.Check(input, s.N, s.C, s.H, s.W)
	y.Check(output, s.N, s.C, s.OutH(), s.OutW())
}

// MaxPool is a maximum pooling planned for one shape on one engine. Its methods
// allocate nothing.
type MaxPool struct {
	PoolShape
	engine *tensor.Engine
	places []int   // offset of each place of a window in a padded plane
	lines  []int32 // offsets of the rows of a plane, if there is padding

	forward  maxForward
	backward maxBackward
}

// NewMaxPool plans a maximum pooling.
func NewMaxPool(e *tensor.Engine, s PoolShape) *MaxPool {
	s.Check()
	if s.Window > maxWindow {
		panic("conv: maximum pooling of " + s.String())
	}
	p := &MaxPool{PoolShape: s, engine: e}
	for i := range s.Window * s.Window {
		p.places = append(p.places, i/s.Window*p.width()+i%s.Window)
	}
	padded := 0
	if s.Pad > 0 && !p.threes(s.Pad) {
		p.lines = rowOffsets(s.H, s.W)
		padded = p.height() * p.width()
	}
	e.Reserve(0, padded)
	p.forward.MaxPool, p.backward.MaxPool = p, p
	return p
}

// Forward computes the maximum of each window, through ReLU if asked. arg, of
// Out elements, receives the place of each maximum in its window, row-major:
// the first of equal ones, NaN before numbers, as in PyTorch; or Window*Window
// where ReLU lets no gradient pass. It may be nil if no backward pass follows.
func (p *MaxPool) Forward(y tensor.Tensor, arg []uint8, x tensor.Tensor, relu bool) {
	p.checkImages("conv: pooling's input", x, "conv: pooling's output", y)
	if arg != nil {
		tensor.CheckVector("conv: the argument of a maximum", arg, p.Out())
	}
	p.forward.y, p.forward.arg, p.forward.x, p.forward.relu = y, arg, x, relu
	p.engine.Run(p.N, &p.forward)
}

// Backward sets dx to the gradient of the input: each element of dy is added at
// the place that arg names.
func (p *MaxPool) Backward(dx, dy tensor.Tensor, arg []uint8) {
	p.checkImages("conv: pooling's input gradient", dx, "conv: pooling's output gradient", dy)
	tensor.CheckVector("conv: the argument of a maximum", arg, p.Out())
	p.backward.dx, p.backward.dy, p.backward.arg = dx, dy, arg
	p.engine.Run(p.N, &p.backward)
}

// height and width are those of a padded plane.
func (s PoolShape) height() int { return s.H + 2*s.Pad }
func (s PoolShape) width() int  { return s.W + 2*s.Pad }

// threes reports whether the kernels for 3x3 windows apply to planes with padding
// that they read in place.
func (p *MaxPool) threes(pad int) bool {
	return p.Window == 3 && p.Stride == 2 && (pad == 0 || pad == 1 && p.engine.Kernels.MaxPool3InPlace)
}

// fast reports whether the kernels for 2x2 windows apply.
func (p *MaxPool) fast() bool { return p.Window == 2 && p.Stride == 2 }

// image returns the part of arg that belongs to image n.
func (p *MaxPool) image(arg []uint8, n int) []uint8 {
	size := p.Out() / p.N
	return arg[n*size : (n+1)*size]
}

type maxForward struct {
	*MaxPool
	y, x tensor.Tensor
	arg  []uint8
	relu bool
}

func (p *maxForward) Do(n, worker int) {
	x, y := p.x.Image(n), p.y.Image(n)
	var arg []uint8
	if p.arg != nil {
		arg = p.image(p.arg, n)
	}
	if p.threes(p.Pad) {
		p.engine.Kernels.MaxPool3(y, arg, x, p.H, p.W, p.Pad, p.relu)
		return
	}
	if p.Pad == 0 {
		p.pool(y, arg, x, p.C)
		return
	}
	size, area := p.height()*p.width(), p.OutH()*p.OutW()
	padded := p.engine.Scratch(worker)[:size]
	for i := range padded {
		padded[i] = float32(math.Inf(-1))
	}
	for c := range p.C {
		copyRows(p.engine.Kernels, padded[p.Pad*p.width()+p.Pad:], x[c*p.H*p.W:], p.lines, p.width(), p.W)
		of := arg
		if arg != nil {
			of = arg[c*area:][:area]
		}
		p.pool(y[c*area:][:area], of, padded, 1)
	}
}

// pool pools planes that are padded already.
func (p *maxForward) pool(y []float32, arg []uint8, x []float32, planes int) {
	h, w := p.height(), p.width()
	switch {
	case p.fast():
		p.engine.Kernels.MaxPool2(y, arg, x, h, w, p.relu)
		return
	case p.threes(0):
		p.engine.Kernels.MaxPool3(y, arg, x, h, w, 0, p.relu)
		return
	}
	noWinner := uint8(p.Window * p.Window)
	o := 0
	for c := range planes {
		plane := x[c*h*w:]
		for i := range p.OutH() {
			for j := range p.OutW() {
				corner := plane[i*p.Stride*w+j*p.Stride:]
				best, at, k := corner[0], uint8(0), uint8(0)
				for r := range p.Window {
					for _, v := range corner[r*w:][:p.Window] {
						if v > best || v != v {
							best, at = v, k
						}
						k++
					}
				}
				if p.relu && !(best > 0) {
					at = noWinner
					if best < 0 {
						best = 0
					}
				}
				y[o] = best
				if arg != nil {
					arg[o] = at
				}
				o++
			}
		}
	}
}

type maxBackward struct {
	*MaxPool
	dx, dy tensor.Tensor
	arg    []uint8
}

func (p *maxBackward) Do(n, worker int) {
	dx, dy, arg := p.dx.Image(n), p.dy.Image(n), p.image(p.arg, n)
	if p.threes(p.Pad) {
		p.engine.Kernels.MaxPool3Backward(dx, dy, arg, p.H, p.W, p.Pad)
		return
	}
	if p.Pad == 0 {
		p.spread(dx, dy, arg, p.C)
		return
	}
	w, area := p.width(), p.OutH()*p.OutW()
	padded := p.engine.Scratch(worker)[:p.height()*w]
	for c := range p.C {
		p.spread(padded, dy[c*area:][:area], arg[c*area:][:area], 1)
		for y := range p.H {
			copy(dx[(c*p.H+y)*p.W:][:p.W], padded[(y+p.Pad)*w+p.Pad:])
		}
	}
}

// spread adds the gradients of padded planes where the maxima were.
func (p *maxBackward) spread(dx, dy []float32, arg []uint8, planes int) {
	h, w := p.height(), p.width()
	if p.fast() {
		p.engine.Kernels.MaxPool2Backward(dx, dy, arg, h, w)
		return
	}
	if p.threes(0) {
		p.engine.Kernels.MaxPool3Backward(dx, dy, arg, h, w, 0)
		return
	}
	clear(dx)
	o := 0
	for c := range planes {
		plane := dx[c*h*w:]
		for i := range p.OutH() {
			corner := i * p.Stride * w
			for range p.OutW() {
				if at := int(arg[o]); at < len(p.places) {
					plane[corner+p.places[at]] += dy[o]
				}
				corner += p.Stride
				o++
			}
		}
	}
}

// AvgPool is an average pooling whose stride is its window, planned for one
// shape on one engine. Its methods allocate nothing.
type AvgPool struct {
	PoolShape
	engine *tensor.Engine

	forward  avgForward
	backward avgBackward
}

// NewAvgPool plans an average pooling.
func NewAvgPool(e *tensor.Engine, s PoolShape) *AvgPool {
	s.Check()
	if s.Stride != s.Window || s.Pad != 0 {
		panic("conv: average pooling needs stride = window and no padding, not " + s.String())
	}
	e.Reserve(0, 0)
	p := &AvgPool{PoolShape: s, engine: e}
	p.forward.AvgPool, p.backward.AvgPool = p, p
	return p
}

// Forward computes the mean of each window.
func (p *AvgPool) Forward(y, x tensor.Tensor) {
	p.checkImages("conv: pooling's input", x, "conv: pooling's output", y)
	p.forward.y, p.forward.x = y, x
	p.engine.Run(p.N, &p.forward)
}

// Backward sets dx to the gradient of the input, 0 where no window reaches.
func (p *AvgPool) Backward(dx, dy tensor.Tensor) {
	p.checkImages("conv: pooling's input gradient", dx, "conv: pooling's output gradient", dy)
	p.backward.dx, p.backward.dy = dx, dy
	p.engine.Run(p.N, &p.backward)
}

// fast reports whether the kernels for 2x2 windows apply, which leave nothing out.
func (p *AvgPool) fast() bool { return p.Window == 2 && p.H%2 == 0 && p.W%2 == 0 }

// mean returns the factor that turns the sum of a window into its mean.
func (p *AvgPool) mean() float32 { return 1 / float32(p.Window*p.Window) }

type avgForward struct {
	*AvgPool
	y, x tensor.Tensor
}

func (p *avgForward) Do(n, _ int) {
	x, y := p.x.Image(n), p.y.Image(n)
	mean := p.mean()
	if p.H == p.Window && p.W == p.Window {
		for c := range y {
			y[c] = mean * p.engine.Kernels.Sum(x[c*p.H*p.W:][:p.H*p.W])
		}
		return
	}
	if p.fast() {
		for c := range p.C {
			p.engine.Kernels.AvgPool2(&y[c*p.H*p.W/4], &x[c*p.H*p.W], p.H/2, p.W/2)
		}
		return
	}
	outH, outW := p.OutH(), p.OutW()
	for c := range p.C {
		plane := x[c*p.H*p.W:]
		for i := range outH {
			to := y[(c*outH+i)*outW:][:outW]
			clear(to)
			for r := range p.Window {
				row := plane[(i*p.Window+r)*p.W:]
				for j := range to {
					for _, v := range row[j*p.Window:][:p.Window] {
						to[j] += v
					}
				}
			}
			for j := range to {
				to[j] *= mean
			}
		}
	}
}

type avgBackward struct {
	*AvgPool
	dx, dy tensor.Tensor
}

func (p *avgBackward) Do(n, _ int) {
	dx, dy := p.dx.Image(n), p.dy.Image(n)
	if p.fast() {
		for c := range p.C {
			p.engine.Kernels.AvgPool2Backward(&dx[c*p.H*p.W], &dy[c*p.H*p.W/4], p.H/2, p.W/2)
		}
		return
	}
	mean := p.mean()
	outH, outW := p.OutH(), p.OutW()
	for c := range p.C {
		plane := dx[c*p.H*p.W:][:p.H*p.W]
		if outH*p.Window < p.H || outW*p.Window < p.W {
			clear(plane)
		}
		for i := range outH {
			for r := range p.Window {
				row := plane[(i*p.Window+r)*p.W:]
				for j, g := range dy[(c*outH+i)*outW:][:outW] {
					g *= mean
					for k := range p.Window {
						row[j*p.Window+k] = g
					}
				}
			}
		}
	}
}
