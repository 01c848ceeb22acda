package batch

import (
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// maxWork is how many multiply-adds one call of the depthwise kernel does.
const maxWork = 1 << 17

// filter is a square convolution of one image, all channels to all channels,
// with zeros around the image. It is one chain of multiply-adds for each output:
// the depthwise kernel's, whose taps may lie in any plane.
type filter struct {
	engine     *tensor.Engine
	c, h, w    int
	most       int // the largest side
	side       int
	pitch      int
	weights    []float32 // [to][from][row][column]
	offsets    []int32   // of the taps of one output in the padded planes
	planeCalls []tensor.PerWorker[simd.DepthwisePlane]
	padded     [][]float32 // by worker
}

func newFilter(e *tensor.Engine, most, c, h, w int) *filter {
	e.Reserve(0, 0)
	tensor.Elements(c, h, w)
	workers := e.Threads()
	f := &filter{engine: e, c: c, h: h, w: w, most: most,
		weights: make([]float32, c*c*most*most), offsets: make([]int32, c*most*most),
		planeCalls: make([]tensor.PerWorker[simd.DepthwisePlane], workers), padded: make([][]float32, workers)}
	for i := range f.padded {
		f.padded[i] = make([]float32, c*(h+most-1)*(w+most-1)+16)
	}
	return f
}

// resize sets the side of the filter, and with it which weights there are.
func (f *filter) resize(side int) {
	f.side, f.pitch = side, f.w+side-1
	at := 0
	for c := range f.c {
		for y := range side {
			for x := range side {
				f.offsets[at] = int32((c*(f.h+side-1)+y)*f.pitch + x)
				at++
			}
		}
	}
}

// current returns the weights that there are.
func (f *filter) current() []float32 { return f.weights[:f.c*f.c*f.side*f.side] }

// draw sets the weights to normal numbers of a standard deviation.
func (f *filter) draw(s *rng.Source, deviation float64) {
	for i := range f.current() {
		f.weights[i] = float32(deviation * s.Normal())
	}
}

// load copies an image, changed by a line, into the worker's padded planes.
func (f *filter) load(worker int, x []float32, l *line) {
	pad := f.side / 2
	padded := f.padded[worker]
	clear(padded)
	for row := range f.c * f.h {
		c, y := row/f.h, row%f.h
		l.apply(f.engine, padded[(c*(f.h+f.side-1)+y+pad)*f.pitch+pad:][:f.w], x[row*f.w:][:f.w])
	}
}

// run sets y to the convolution of what is loaded by weights.
func (f *filter) run(worker int, y, weights []float32) {
	taps := f.c * f.side * f.side
	p := &f.planeCalls[worker].Value
	rows := max(1, maxWork/(taps*f.w))
	for c := range f.c {
		for top := 0; top < f.h; top += rows {
			*p = simd.DepthwisePlane{
				Y: &y[(c*f.h+top)*f.w], X: &f.padded[worker][top*f.pitch], W: &weights[c*taps], Offsets: &f.offsets[0],
				Taps: taps, Rows: min(rows, f.h-top), N: f.w, YRow: f.w, XRow: f.pitch,
			}
			f.engine.Kernels.Depthwise(p)
		}
	}
}

// mix sets y to share*y plus the rest of what is loaded.
func (f *filter) mix(worker int, y []float32, share float32) {
	pad := f.side / 2
	for row := range f.c * f.h {
		c, at := row/f.h, row%f.h
		line := y[row*f.w:][:f.w]
		f.engine.Kernels.Scale(share, line)
		f.engine.Kernels.Axpy(1-share, f.padded[worker][(c*(f.h+f.side-1)+at+pad)*f.pitch+pad:][:f.w], line)
	}
}
