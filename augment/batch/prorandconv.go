package batch

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// ProRandConv applies one random block to a batch several times, up to Most,
// with the same parameters (Choi et al., "Progressive Random Convolutions for
// Single Domain Generalization", CVPR 2023). The block is a deformable 3x3
// convolution whose weights fall off from the middle, a standardisation of each
// channel of each image, an affine map and tanh.
type ProRandConv struct {
	Most   int     // times that the block is applied; the number is drawn from 1 to Most
	Offset float64 // bound of the standard deviation of the taps' offsets, in pixels
	Affine float64 // standard deviation of the affine map's slopes and offsets, by channel
	Range  Range
}

const (
	deformedTaps   = 9
	lanes          = 16    // images that one part works on, side by side
	columnPixels   = 32    // that a worker has columns of at a time
	leastDeviation = 1e-2  // of the window and of the offsets
	varianceFloor  = 1e-5  // added before the root, as instance normalisation does
	geluSlope      = 1.702 // of simd.GELU, x*sigmoid(1.702x)
)

// Make returns the operation for up to n images of c x h x w.
func (o ProRandConv) Make(e *tensor.Engine, _, c, h, w int) (augment.BatchFunc, error) {
	switch {
	case o.Most < 1:
		return nil, fmt.Errorf("batch: ProRandConv.Most is %d, expected 1 or more", o.Most)
	case !(o.Offset >= 0 && o.Offset <= 100):
		return nil, fmt.Errorf("batch: ProRandConv.Offset is %v pixels, expected 0 to 100", o.Offset)
	case !(o.Affine >= 0 && o.Affine <= 100):
		return nil, fmt.Errorf("batch: ProRandConv.Affine is %v, expected 0 to 100", o.Affine)
	}
	return newProRandConv(o, e, c, h, w).run, nil
}

// Bytes returns about how much memory that takes: where the taps lie and, for each worker,
// its images before and after, a channel of them, and columns.
func (ProRandConv) Bytes(threads, _, c, h, w int) int64 {
	pixels := int64(h * w)
	worker := pixels*int64((2*c+1)*lanes) + int64(deformedTaps*c*columnPixels*lanes)
	return 4 * (8*deformedTaps*pixels + int64(threads)*worker)
}

// proRandConv is the memory of ProRandConv, and the task that changes a group
// of images. These lie side by side, [pixel][channel][lane], so that what a tap
// reads is the same for all of them.
type proRandConv struct {
	ProRandConv
	engine   *tensor.Engine
	draw     rng.Source
	to, back line
	c, h, w  int

	times           int
	weights         []float32 // [to][tap][from]
	slope, offset   []float32 // of the affine map, by channel
	corners         []int32   // [tap][pixel][4]: the elements that a tap lies between
	shares          []float32 // of these
	planeOffsets    []int32   // of the taps of one output in the columns
	memory          []tensor.PerWorker[proRandConvMemory]
	x               tensor.Tensor
	pixels, columns int // all; those that a worker has columns of at a time
}

// proRandConvMemory is that of a worker.
type proRandConvMemory struct {
	side    []float32 // [pixel][channel][lane]
	columns []float32 // [tap][channel][pixel of the block][lane]
	out     []float32 // [channel][pixel][lane]
	planes  []float32 // [lane][pixel] of a channel
	gelu    []float32
	call    simd.DepthwisePlane
	line    line
	sums    [3]float32 // a plane's centre, sum and sum of squares from there
}

func newProRandConv(o ProRandConv, e *tensor.Engine, c, h, w int) *proRandConv {
	e.Reserve(0, 0)
	tensor.Elements(c, h, w)
	p := &proRandConv{ProRandConv: o, engine: e, c: c, h: h, w: w, pixels: h * w, columns: min(h*w, columnPixels),
		weights: make([]float32, c*deformedTaps*c), slope: make([]float32, c), offset: make([]float32, c),
		corners: make([]int32, deformedTaps*h*w*4), shares: make([]float32, deformedTaps*h*w*4),
		planeOffsets: make([]int32, deformedTaps*c), memory: make([]tensor.PerWorker[proRandConvMemory], e.Threads())}
	p.to, p.back = o.Range.lines()
	for t := range p.planeOffsets {
		p.planeOffsets[t] = int32(t * p.columns * lanes)
	}
	for i := range p.memory {
		m := &p.memory[i].Value
		m.side = tensor.Aligned(p.pixels * c * lanes)
		m.columns = tensor.Aligned(deformedTaps * c * p.columns * lanes)
		m.out = tensor.Aligned(c * p.pixels * lanes)
		m.planes = tensor.Aligned(p.pixels * lanes)
		m.gelu = tensor.Aligned(p.pixels)
	}
	return p
}

func (p *proRandConv) run(b *augment.Batch) {
	p.draw = source(b, rng.ProRandConv)
	p.times = 1 + p.draw.IntN(p.Most)
	p.drawWeights()
	deviation := p.draw.Uniform(min(leastDeviation, p.Offset), p.Offset)
	for t := range deformedTaps {
		for at := range p.pixels {
			dy, dx := p.draw.FastNormal(), p.draw.FastNormal()
			p.setTap(t, at, float64(deviation*dy), float64(deviation*dx))
		}
	}
	for c := range p.c {
		p.slope[c] = float32(p.Affine * p.draw.Normal())
		p.offset[c] = float32(p.Affine * p.draw.Normal())
	}
	p.apply(b.X)
}

// drawWeights draws the convolution's weights, under a Gaussian window.
func (p *proRandConv) drawWeights() {
	width := p.draw.Uniform(leastDeviation, 1)
	deviation := 1 / math.Sqrt(float64(p.c*deformedTaps))
	for i := range p.weights {
		t := i / p.c % deformedTaps
		y, x := t/3-1, t%3-1
		window := portable.Exp(-float64(y*y+x*x) / (2 * width * width))
		p.weights[i] = float32(deviation * p.draw.Normal() * window)
	}
}

// setTap places a tap of a pixel, dy and dx from its place in a 3x3 kernel:
// between four pixels, of which those outside the image count nothing.
func (p *proRandConv) setTap(t, at int, dy, dx float64) {
	y := float64(at/p.w+t/3-1) + dy
	x := float64(at%p.w+t%3-1) + dx
	top, left := math.Floor(y), math.Floor(x)
	down, right := y-top, x-left
	i := (t*p.pixels + at) * 4
	corners, shares := p.corners[i:][:4], p.shares[i:][:4]
	for corner := range 4 {
		cy, cx := int(top)+corner/2, int(left)+corner%2
		share := float64(1)
		if corner/2 == 0 {
			share *= 1 - down
		} else {
			share *= down
		}
		if corner%2 == 0 {
			share *= 1 - right
		} else {
			share *= right
		}
		if cy < 0 || cy >= p.h || cx < 0 || cx >= p.w {
			cy, cx, share = 0, 0, 0
		}
		corners[corner], shares[corner] = int32((cy*p.w+cx)*p.c*lanes), float32(share)
	}
}

// apply applies the block to every image.
func (p *proRandConv) apply(x tensor.Tensor) {
	x.Check("batch: the images", x.N, p.c, p.h, p.w)
	p.x = x
	p.engine.Run((x.N+lanes-1)/lanes, p)
}

// Do changes one group of images.
func (p *proRandConv) Do(group, worker int) {
	m := &p.memory[worker].Value
	first := group * lanes
	n := min(lanes, p.x.N-first)
	for i := range n {
		image := p.x.Image(first + i)
		p.to.apply(p.engine, image, image)
	}
	for c := range p.c {
		for i := range n {
			copy(m.planes[i*p.pixels:][:p.pixels], p.x.Image(first + i)[c*p.pixels:])
		}
		p.spread(m, c)
	}
	for range p.times - 1 {
		p.convolve(m)
		for c := range p.c {
			p.standardise(m, c)
			p.spread(m, c)
		}
	}
	p.convolve(m)
	for c := range p.c {
		p.standardise(m, c)
		for i := range n {
			p.back.apply(p.engine, p.x.Image(first + i)[c*p.pixels:][:p.pixels], m.planes[i*p.pixels:][:p.pixels])
		}
	}
}

// spread lays the planes of a channel side by side.
func (p *proRandConv) spread(m *proRandConvMemory, c int) {
	for lo := 0; lo < p.pixels; lo += simd.MaxCall / lanes {
		n := min(simd.MaxCall/lanes, p.pixels-lo)
		p.engine.Kernels.Transpose(&m.side[(lo*p.c+c)*lanes], &m.planes[lo], lanes, n, p.c*lanes, p.pixels)
	}
}

// convolve sets out to the deformable convolution of what lies side by side.
func (p *proRandConv) convolve(m *proRandConvMemory) {
	k, call := p.engine.Kernels, &m.call
	for lo := 0; lo < p.pixels; lo += p.columns {
		n := min(p.columns, p.pixels-lo)
		*call = simd.DepthwisePlane{X: &m.side[0], Taps: 4, Rows: p.c, N: lanes, YRow: p.columns * lanes, XRow: lanes}
		for t := range deformedTaps {
			for at := range n {
				i := (t*p.pixels + lo + at) * 4
				call.Y = &m.columns[(t*p.c*p.columns+at)*lanes]
				call.W, call.Offsets = &p.shares[i], &p.corners[i]
				k.Depthwise(call)
			}
		}
		*call = simd.DepthwisePlane{X: &m.columns[0], Offsets: &p.planeOffsets[0], Taps: len(p.planeOffsets),
			Rows: 1, N: n * lanes, YRow: n * lanes, XRow: n * lanes}
		for c := range p.c {
			call.Y, call.W = &m.out[(c*p.pixels+lo)*lanes], &p.weights[c*len(p.planeOffsets)]
			k.Depthwise(call)
		}
	}
}

// standardise sets the planes to tanh(slope*(x - mean)/deviation + offset) of a
// channel of out.
func (p *proRandConv) standardise(m *proRandConvMemory, c int) {
	k := p.engine.Kernels
	out := m.out[c*p.pixels*lanes:]
	for lo := 0; lo < p.pixels; lo += simd.MaxCall / lanes {
		n := min(simd.MaxCall/lanes, p.pixels-lo)
		k.Transpose(&m.planes[lo], &out[lo*lanes], n, lanes, p.pixels, lanes)
	}
	for i := range lanes {
		plane := m.planes[i*p.pixels:][:p.pixels]
		centre, sum, sumSq := &m.sums[0], &m.sums[1], &m.sums[2]
		*centre = centreOf(plane)
		k.SumSumSq(m.sums[1:2], m.sums[2:3], plane, m.sums[0:1], p.pixels)
		mean := float64(*sum) / float64(p.pixels)
		variance := max(float64(*sumSq)/float64(p.pixels)-float64(mean*mean), 0)
		slope := float64(p.slope[c]) / math.Sqrt(variance+varianceFloor)
		offset := float64(p.offset[c]) - float64(slope*(float64(*centre)+mean))
		// tanh(z) = 2 sigmoid(2z) - 1, and the kernel gives u*sigmoid(1.702u).
		m.line = line{float32(slope * 2 / geluSlope), float32(offset * 2 / geluSlope)}
		m.line.apply(p.engine, plane, plane)
		p.tanh(plane, m.gelu)
	}
}

// centreOf returns the median of five values spread over a plane: neither an outlier nor
// a border decides what the variance is summed from.
func centreOf(plane []float32) float32 {
	var v [5]float32
	for i := range v {
		v[i] = plane[(2*i+1)*len(plane)/(2*len(v))]
	}
	return portable.Median5(v)
}

// tanh sets every u to tanh(0.851u).
func (p *proRandConv) tanh(u, gelu []float32) {
	const negligible = 1e-30 // the square of what is its own tanh, and whose quotient may be none
	for lo := 0; lo < len(u); lo += simd.MaxCall {
		hi := min(lo+simd.MaxCall, len(u))
		p.engine.Kernels.GELU(gelu[lo:hi], u[lo:hi])
	}
	gelu = gelu[:len(u)]
	for i, v := range u {
		if v*v < negligible {
			u[i] = 0.851 * v
			continue
		}
		u[i] = (gelu[i] + gelu[i] - v) / v
	}
}
