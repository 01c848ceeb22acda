package image

import (
	"fmt"
	"math"
	"sync"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Prime mixes an image with a mixture of chains of three primitives of maximum
// entropy, smooth displacements, smooth changes of colour, and random 3x3
// filters (Modas et al., "PRIME: A Few Primitives Can Boost Robustness to Common
// Corruptions", ECCV 2022). They work on values from 0 to 1.
type Prime struct {
	Width  int     // chains
	Depth  int     // primitives of a chain at most, 1 at least
	Cut    int     // frequencies of displacements and colours at most
	Colour float64 // variance of a colour's coefficients at most
	Filter float64 // standard deviation of a filter's weights at most
}

const (
	filterSide = 3
	// filterDelta is the weight of a filter that alone would keep an image, moved
	// by a pixel: the official code has the last one, not that in the middle.
	filterDelta = filterSide*filterSide - 1
	lowestCut   = 2
	mostWork    = 1 << 17 // multiply-adds of a kernel's call
	sumRows     = 4       // that the depthwise kernels have sums of at a time
	curveSteps  = 128     // that are summed at a time
)

// Make returns the operation for images of c x h x w.
func (p Prime) Make(e *tensor.Engine, c, h, w int, normalise augment.Normalise) (augment.ValueFunc, error) {
	switch {
	case p.Width < 1 || p.Width > augMixMost:
		return nil, fmt.Errorf("image: Prime.Width is %d chains, expected 1 to %d", p.Width, augMixMost)
	case p.Depth < 1 || p.Depth > augMixMost:
		return nil, fmt.Errorf("image: Prime.Depth is %d primitives, expected 1 to %d", p.Depth, augMixMost)
	case p.Cut <= lowestCut || p.Cut > 1000:
		return nil, fmt.Errorf("image: Prime.Cut is %d frequencies, expected %d to 1000", p.Cut, lowestCut+1)
	case !(p.Colour >= 0 && p.Colour <= 1) || !(p.Filter >= 0 && p.Filter <= 100):
		return nil, fmt.Errorf("image: Prime of Colour %v and Filter %v, expected 0 to 1 and 0 to 100", p.Colour, p.Filter)
	}
	return p.primer(e, c, h, w, normalise).mix, nil
}

func (p Prime) primer(e *tensor.Engine, c, h, w int, normalise augment.Normalise) *primer {
	size := c * h * w
	m := &primer{Prime: p, engine: e, c: c, h: h, w: w, curve: curveOf(p.Cut),
		weights: make([]float64, p.Width), values: make([]float32, size),
		chain: make([]float32, size+w+1)[:size], spare: make([]float32, size+w+1)[:size],
		black: make([]float32, c), span: make([]float32, c), padded: readable(c * (h + filterSide - 1) * (w + filterSide - 1)),
		drawn: make([]int, p.Cut), normals: make([]float64, max(p.Cut*p.Cut, c*p.Cut)), coefficients: make([]float32, max(p.Cut*p.Cut, c*p.Cut)), half: readable(p.Cut * w),
		across: make([]float32, h*w), down: make([]float32, h*w),
		rows: make([]float32, h*p.Cut), columns: readable(p.Cut * w), lines: make([]int32, p.Cut),
		falls: make([]float32, p.Cut*p.Cut)}
	for k := range p.Cut {
		m.lines[k] = int32(k * w)
		for y := range h {
			m.rows[y*p.Cut+k] = sine(k+1, y, h-1)
		}
		for x := range w {
			m.columns[k*w+x] = sine(k+1, x, w-1)
		}
	}
	for i := range m.falls {
		x, y := i%p.Cut+1, i/p.Cut+1
		m.falls[i] = float32(1 / math.Sqrt(float64(x*x+y*y)))
	}
	for t := range m.taps {
		m.taps[t] = int32(t/filterSide*(w+filterSide-1) + t%filterSide)
	}
	for i := range m.frequencies {
		m.frequencies[i], m.sums[i] = make([]float32, c*len(m.curve.lines)), make([]float32, c*m.curve.pitch)
	}
	m.shape = make([]float32, 2*m.curve.half+3)
	bytes, out := make([]uint8, size), make([]float32, size)
	normalise(out, bytes)
	for i := range m.black {
		m.black[i] = out[i*h*w]
	}
	for i := range bytes {
		bytes[i] = 255
	}
	normalise(out, bytes)
	for i := range m.span {
		m.span[i] = out[i*h*w] - m.black[i]
	}
	return m
}

// readable returns n elements, behind which the depthwise kernel may read.
func readable(n int) []float32 { return make([]float32, n+16) }

// sine returns sin(pi k x) of the place x, at of last, from 0 to 1.
func sine(k, at, last int) float32 {
	// In half turns, so that multiples of pi are exact.
	turn := math.Mod(float64(at)/float64(max(1, last))*float64(k), 2)
	s, _ := portable.SinCos(math.Pi * turn)
	return float32(s)
}

// curve holds sines of values from 0 to 1. They are symmetric about 1/2 where the
// frequency is odd and change sign where it is even, so half of the values is enough.
type curve struct {
	half      int       // steps from 0 to 1/2
	pitch     int       // of lines, a multiple of curveSteps and a cache line, so that they fall into different sets
	odd, even []float32 // of these frequencies, one line after the other: [step]
	lines     []int32   // where these begin
}

// curves holds those that were made, by their frequencies.
var curves sync.Map

// curveOf returns the sines of up to cut frequencies: steps are an eighth of a byte's for
// 100 of them, so that between four neighbours a cubic polynomial is exact to 1e-5.
func curveOf(cut int) *curve {
	if made, ok := curves.Load(cut); ok {
		return made.(*curve)
	}
	v := &curve{half: 255 * ((4*cut + 99) / 100), lines: make([]int32, (cut+1)/2)}
	v.pitch = (v.half/curveSteps+1)*curveSteps + 16
	v.odd, v.even = readable(len(v.lines)*v.pitch), readable(len(v.lines)*v.pitch)
	for i := range v.lines {
		line := i * v.pitch
		v.lines[i] = int32(line)
		for at := range v.half + 1 {
			v.odd[line+at], v.even[line+at] = sine(2*i+1, at, 2*v.half), sine(2*i+2, at, 2*v.half)
		}
	}
	made, _ := curves.LoadOrStore(cut, v)
	return made.(*curve)
}

// primer is the memory of Prime.
type primer struct {
	Prime
	engine       *tensor.Engine
	c, h, w      int
	draw         rng.Source
	weights      []float64 // of the chains
	values       []float32 // an image from 0 to 1
	chain, spare []float32
	black, span  []float32 // what 0 is, normalised, and how far from there 1, by channel

	drawn        []int     // how many coefficients of a line of a field are not 0
	normals      []float64 // normal numbers, of which coefficients are made
	coefficients []float32 // of a primitive
	call         simd.DepthwisePlane

	falls         []float32 // 1/sqrt(x^2 + y^2), by which coefficients fall, [y-1][x-1]
	half          []float32 // a field, of one dimension still in frequencies: [y][pixel]
	across, down  []float32 // displacements, in pixels
	rows, columns []float32 // sines, [pixel][k-1] and [k-1][pixel]
	lines         []int32   // where lines of half and columns begin

	curve             *curve
	frequencies, sums [2][]float32 // of a change of colour the coefficients of the odd and of the even sines, and their sums, by channel
	shape             []float32    // a channel's change by value, with a step on both sides

	filter [filterSide * filterSide]float32
	taps   [filterSide * filterSide]int32
	padded []float32 // the chain with zeros around it
}

func (m *primer) mix(dst []float32, src []uint8, d augment.Draw) {
	m.draw = *rng.New(d.Seed, rng.Prime.Sub(d.Index()))
	total := 0.0
	for i := range m.weights {
		m.weights[i] = m.draw.Gamma(1)
		total += m.weights[i]
	}
	share := m.draw.Beta(1, 1)
	for lo := 0; lo < len(src); lo += simd.MaxCall {
		hi := min(lo+simd.MaxCall, len(src))
		m.engine.Kernels.FromUint8(m.values[lo:hi], src[lo:hi], 0, 1)
		copy(dst[lo:hi], m.values[lo:hi])
		m.engine.Kernels.Scale(float32(1-share), dst[lo:hi])
	}
	for _, weight := range m.weights {
		copy(m.chain, m.values)
		for range 1 + m.draw.IntN(m.Depth) {
			m.apply()
		}
		for lo := 0; lo < len(dst); lo += simd.MaxCall {
			hi := min(lo+simd.MaxCall, len(dst))
			m.engine.Kernels.Axpy(float32(share*weight/total), m.chain[lo:hi], dst[lo:hi])
		}
	}
	plane := m.h * m.w
	for c := range m.c {
		for lo := 0; lo < plane; lo += simd.MaxCall {
			part := dst[c*plane+lo:][:min(simd.MaxCall, plane-lo)]
			m.engine.Kernels.ScaleShift(part, part, m.span[c:c+1], m.black[c:c+1], len(part), simd.Identity)
		}
	}
}

// apply applies one of the primitives to the chain.
func (m *primer) apply() {
	switch m.draw.IntN(3) {
	case 0:
		cut, temperature := m.drawSmoothness()
		m.drawField(cut, temperature, m.across, m.w)
		m.drawField(cut, temperature, m.down, m.h)
		m.displace()
	case 1:
		cut := 1 + m.draw.IntN(m.Cut)
		deviation := math.Sqrt(m.draw.Uniform(0, m.Colour))
		normals := m.normals[:m.c*cut]
		m.draw.FastNormals(normals)
		for i, x := range normals {
			m.coefficients[i] = float32(deviation * x)
		}
		m.recolour(cut)
	default:
		deviation := m.draw.Uniform(0, m.Filter)
		for i := range m.filter {
			m.filter[i] = float32(deviation * m.draw.FastNormal())
		}
		m.filter[filterDelta]++
		m.convolve()
	}
}

// drawSmoothness draws how many frequencies a displacement has, lowestCut to a number of
// up to Cut that is drawn as well, and its temperature. Both are more often near the ends
// of their range than in the middle; where no displacement that is seen keeps the
// topology, it is the least that is seen.
func (m *primer) drawSmoothness() (cut int, temperature float64) {
	most := lowestCut + 1 + m.draw.IntN(m.Cut-lowestCut)
	cut = min(lowestCut+int(m.drawArcsine()*float64(most+1-lowestCut)), most)
	low, high := temperatures(m.w, cut)
	return cut, low + float64(m.drawArcsine()*(max(low, high)-low))
}

// drawArcsine draws from Beta(1/2, 1/2).
func (m *primer) drawArcsine() float64 {
	sin, _ := portable.SinCos(math.Pi / 2 * m.draw.Float64())
	return float64(sin * sin)
}

// temperatures returns between which displacements of n pixels and cut
// frequencies are seen and keep the image's topology (Petrini et al., "Relative
// stability toward diffeomorphisms indicates performance in deep nets", NeurIPS
// 2021).
func temperatures(n, cut int) (low, high float64) {
	log := portable.Log(float64(cut))
	return 1 / (math.Pi * float64(n*n) * log), 4 / (math.Pi * math.Pi * math.Pi * float64(cut*cut) * log)
}

// drawField sets a field to random displacements along an axis of n pixels.
func (m *primer) drawField(cut int, temperature float64, field []float32, n int) {
	// Of a line of frequencies those in a quarter of a circle are drawn.
	most := (float32(cut) + 0.5) * (float32(cut) + 0.5)
	all, within := 0, cut
	for y := range cut {
		for within > 0 && !(float32(within*within+(y+1)*(y+1)) < most) {
			within--
		}
		m.drawn[y] = within
		all += within
	}
	normals := m.normals[:all]
	m.draw.FastNormals(normals)
	for y, n := range m.drawn[:cut] {
		line := m.coefficients[y*cut:][:cut]
		for x, fall := range m.falls[y*m.Cut:][:n] {
			line[x] = float32(normals[x]) * fall
		}
		clear(line[n:])
		normals = normals[n:]
	}
	m.setField(cut, math.Sqrt(temperature)*float64(n), field)
}

// setField sets a field to scale times the sum of sines along x and y with the
// coefficients [y][x].
func (m *primer) setField(cut int, scale float64, field []float32) {
	for y := range cut {
		m.sum(m.half[y*m.w:][:m.w], m.columns, m.coefficients[y*cut:][:cut], m.lines)
	}
	for row := range m.h {
		line := field[row*m.w:][:m.w]
		m.sum(line, m.half, m.rows[row*m.Cut:][:cut], m.lines)
		m.engine.Kernels.Scale(float32(scale), line)
	}
}

// sum sets y to the sum of lines of x, which begin at offsets, with weights. The kernel
// takes parts of y as rows of a plane, as it works on several rows side by side.
func (m *primer) sum(y, x, weights []float32, offsets []int32) {
	some := max(16, mostWork/len(weights)&^15)
	for lo := 0; lo < len(y); lo += some {
		n, rows := min(some, len(y)-lo), 1
		for rows < sumRows && n%32 == 0 {
			n, rows = n/2, 2*rows
		}
		m.call = simd.DepthwisePlane{Y: &y[lo], X: &x[lo], W: &weights[0], Offsets: &offsets[0],
			Taps: len(weights), Rows: rows, N: n, YRow: n, XRow: n}
		m.engine.Kernels.Depthwise(&m.call)
	}
}

// displace moves the chain's pixels, bilinearly. A neighbour across the border, which
// has no weight, is what is behind it in memory.
func (m *primer) displace() {
	plane := m.h * m.w
	right, bottom := float32(m.w-1), float32(m.h-1)
	chain, spare := m.chain[:len(m.chain)+m.w+1], m.spare
	for row := range m.h {
		across, down := m.across[row*m.w:][:m.w], m.down[row*m.w:][:m.w]
		for column := range across {
			x, y := float32(column)-across[column], float32(row)-down[column]
			if x < 0 {
				x = 0
			} else if x > right {
				x = right
			}
			if y < 0 {
				y = 0
			} else if y > bottom {
				y = bottom
			}
			left, top := int(x), int(y)
			fx, fy := x-float32(left), y-float32(top)
			from := top*m.w + left
			for to := row*m.w + column; to < len(spare); to += plane {
				corner := chain[from : from+m.w+2]
				up, low := corner[0], corner[m.w]
				up += float32(fx * (corner[1] - up))
				low += float32(fx * (corner[m.w+1] - low))
				spare[to] = up + float32(fy*(low-up))
				from += plane
			}
		}
	}
	m.chain, m.spare = m.spare, m.chain
}

// recolour adds sines of the values, with the coefficients [channel][k-1].
func (m *primer) recolour(cut int) {
	m.sumSines(cut)
	plane := m.h * m.w
	for c := range m.c {
		m.setShape(c)
		for lo := 0; lo < plane; lo += simd.MaxCall {
			m.engine.Kernels.AddCurve(m.chain[c*plane+lo:][:min(simd.MaxCall, plane-lo)], m.shape)
		}
	}
	m.clamp(m.chain)
}

// sumSines sums the odd and the even sines of values from 0 to 1/2. Some steps of all
// frequencies stay in the first-level cache for all channels.
func (m *primer) sumSines(cut int) {
	v := m.curve
	for i, x := range m.coefficients[:m.c*cut] {
		c, k := i/cut, i%cut
		m.frequencies[k&1][c*len(v.lines)+k/2] = x
	}
	for parity, sines := range [2][]float32{v.odd, v.even} {
		n := (cut + 1 - parity) / 2
		if n == 0 {
			clear(m.sums[parity])
			continue
		}
		for lo := 0; lo <= v.half; lo += curveSteps {
			for c := range m.c {
				m.sum(m.sums[parity][c*v.pitch+lo:][:curveSteps], sines[lo:], m.frequencies[parity][c*len(v.lines):][:n], v.lines)
			}
		}
	}
}

// setShape sets how much is added to a channel's values from 0 to 1.
func (m *primer) setShape(channel int) {
	v := m.curve
	shape, last := m.shape[1:], 2*v.half
	evens := m.sums[1][channel*v.pitch:][:v.half+1]
	for i, odd := range m.sums[0][channel*v.pitch:][:v.half+1] {
		shape[i], shape[last-i] = odd+evens[i], odd-evens[i]
	}
	m.shape[0], shape[last+1] = -shape[1], -shape[last-1]
}

// convolve filters every plane of the chain, with zeros around it.
func (m *primer) convolve() {
	const around = filterSide / 2
	pitch, height := m.w+2*around, m.h+2*around
	for row := range m.c * m.h {
		copy(m.padded[(row/m.h*height+row%m.h+around)*pitch+around:], m.chain[row*m.w:][:m.w])
	}
	rows := max(1, mostWork/(len(m.taps)*m.w))
	for c := range m.c {
		for top := 0; top < m.h; top += rows {
			m.call = simd.DepthwisePlane{Y: &m.spare[(c*m.h+top)*m.w], X: &m.padded[(c*height+top)*pitch], W: &m.filter[0],
				Offsets: &m.taps[0], Taps: len(m.taps), Rows: min(rows, m.h-top), N: m.w, YRow: m.w, XRow: pitch}
			m.engine.Kernels.Depthwise(&m.call)
		}
	}
	m.clamp(m.spare)
	m.chain, m.spare = m.spare, m.chain
}

// clamp keeps values between 0 and 1.
func (m *primer) clamp(values []float32) {
	for lo := 0; lo < len(values); lo += simd.MaxCall {
		m.engine.Kernels.Clamp(values[lo:min(lo+simd.MaxCall, len(values))], 0, 1)
	}
}
