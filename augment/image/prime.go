package image

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/internal/rng"
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
)

// Make returns the operation for images of c x h x w.
func (p Prime) Make(_ *tensor.Engine, c, h, w int, normalise augment.Normalise) (augment.ValueFunc, error) {
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
	return p.primer(c, h, w, normalise).mix, nil
}

func (p Prime) primer(c, h, w int, normalise augment.Normalise) *primer {
	size := c * h * w
	m := &primer{Prime: p, c: c, h: h, w: w,
		weights: make([]float64, p.Width), values: make([]float32, size), chain: make([]float32, size), spare: make([]float32, size),
		black: make([]float32, c), span: make([]float32, c),
		coefficients: make([]float64, max(p.Cut*p.Cut, c*p.Cut)), half: make([]float64, p.Cut*w),
		across: make([]float64, h*w), down: make([]float64, h*w),
		rows: sines(h, p.Cut), columns: sines(w, p.Cut)}
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

// sines returns sin(pi k x) of the places x of n pixels from 0 to 1, [pixel][k-1].
func sines(n, cut int) []float64 {
	table := make([]float64, n*cut)
	for i := range table {
		x := float64(i/cut) / float64(max(1, n-1))
		// of a turn's half, so that multiples of pi are exact
		angle := math.Mod(x*float64(i%cut+1), 2)
		table[i], _ = portable.SinCos(math.Pi * angle)
	}
	return table
}

// primer is the memory of Prime.
type primer struct {
	Prime
	c, h, w      int
	draw         rng.Source
	second       float64   // normal number of a pair
	has          bool      // it is still to be used
	weights      []float64 // of the chains
	values       []float32 // an image from 0 to 1
	chain, spare []float32
	black, span  []float32 // what 0 is, normalised, and how far from there 1, by channel

	coefficients  []float64 // of a primitive
	half          []float64 // a field, of one dimension still in frequencies
	across, down  []float64 // displacements, in pixels
	rows, columns []float64
	filter        [filterSide * filterSide]float32
}

// normal draws from the standard normal distribution, in pairs.
func (m *primer) normal() float64 {
	if m.has = !m.has; m.has {
		var z float64
		z, m.second = m.draw.Normals()
		return z
	}
	return m.second
}

func (m *primer) mix(dst []float32, src []uint8, d augment.Draw) {
	m.draw, m.has = *rng.New(d.Seed, rng.Prime.Sub(d.Index())), false
	total := 0.0
	for i := range m.weights {
		m.weights[i] = m.draw.Gamma(1)
		total += m.weights[i]
	}
	share := m.draw.Beta(1, 1)
	for i, b := range src {
		m.values[i] = float32(b) / 255
		dst[i] = float32(float32(1-share) * m.values[i])
	}
	for _, weight := range m.weights {
		copy(m.chain, m.values)
		for range 1 + m.draw.IntN(m.Depth) {
			m.apply()
		}
		weight := float32(share * weight / total)
		for i, v := range m.chain {
			dst[i] += float32(weight * v)
		}
	}
	plane := m.h * m.w
	for i, v := range dst {
		dst[i] = m.black[i/plane] + float32(v*m.span[i/plane])
	}
}

// apply applies one of the primitives to the chain.
func (m *primer) apply() {
	switch m.draw.IntN(3) {
	case 0:
		cut := lowestCut + m.draw.IntN(m.draw.IntN(m.Cut-lowestCut)+1)
		low, high := temperatures(m.w, cut)
		temperature := m.draw.Uniform(min(low, high), max(low, high))
		m.drawField(cut, temperature, m.across, m.w)
		m.drawField(cut, temperature, m.down, m.h)
		m.displace()
	case 1:
		cut := 1 + m.draw.IntN(m.Cut)
		deviation := math.Sqrt(m.draw.Uniform(0, m.Colour))
		for i := range m.c * cut {
			m.coefficients[i] = deviation * m.normal()
		}
		m.recolour(cut)
	default:
		deviation := m.draw.Uniform(0, m.Filter)
		for i := range m.filter {
			m.filter[i] = float32(deviation * m.normal())
		}
		m.filter[filterDelta]++
		m.convolve()
	}
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
func (m *primer) drawField(cut int, temperature float64, field []float64, n int) {
	for i := range cut * cut {
		x, y := i/cut+1, i%cut+1
		r := math.Sqrt(float64(x*x + y*y))
		if m.coefficients[i] = 0; r < float64(cut)+0.5 {
			m.coefficients[i] = m.normal() / r
		}
	}
	m.setField(cut, math.Sqrt(temperature)*float64(n), field)
}

// setField sets a field to scale times the sum of sines along x and y with the
// coefficients [x][y].
func (m *primer) setField(cut int, scale float64, field []float64) {
	for y := range cut {
		for at := range m.w {
			sum := 0.0
			for x, s := range m.columns[at*m.Cut:][:cut] {
				sum += float64(s * m.coefficients[x*cut+y])
			}
			m.half[y*m.w+at] = sum
		}
	}
	for row := range m.h {
		line := field[row*m.w:][:m.w]
		clear(line)
		for y, s := range m.rows[row*m.Cut:][:cut] {
			for at, v := range m.half[y*m.w:][:m.w] {
				line[at] += float64(s * v)
			}
		}
		for at := range line {
			line[at] *= scale
		}
	}
}

// displace moves the chain's pixels, bilinearly.
func (m *primer) displace() {
	for at := range m.h * m.w {
		x := min(max(float64(at%m.w)-m.across[at], 0), float64(m.w-1))
		y := min(max(float64(at/m.w)-m.down[at], 0), float64(m.h-1))
		left, top := int(x), int(y)
		right, bottom := min(left+1, m.w-1), min(top+1, m.h-1)
		fx, fy := float32(x-float64(left)), float32(y-float64(top))
		for plane := 0; plane < len(m.chain); plane += m.h * m.w {
			up, low := m.chain[plane+top*m.w:], m.chain[plane+bottom*m.w:]
			a := float32(up[left]*(1-fx)) + float32(up[right]*fx)
			b := float32(low[left]*(1-fx)) + float32(low[right]*fx)
			m.spare[plane+at] = float32(a*(1-fy)) + float32(b*fy)
		}
	}
	m.chain, m.spare = m.spare, m.chain
}

// abreast is how many values recolour works on at a time.
const abreast = 8

// recolour adds sines of the values, with the coefficients [channel][k-1], by
// Clenshaw's recurrence.
func (m *primer) recolour(cut int) {
	plane := m.h * m.w
	for c := range m.c {
		coefficients, part := m.coefficients[c*cut:][:cut], m.chain[c*plane:][:plane]
		for lo := 0; lo < plane; lo += abreast {
			var sin, twice, next, after [abreast]float64
			some := part[lo:min(lo+abreast, plane)]
			for i, v := range some {
				s, cos := portable.SinCos(math.Pi * float64(v))
				sin[i], twice[i] = s, 2*cos
			}
			for k := cut - 1; k >= 0; k-- {
				for i := range abreast {
					sum := coefficients[k] + float64(twice[i]*next[i]) - after[i]
					after[i], next[i] = next[i], sum
				}
			}
			for i, v := range some {
				some[i] = min(max(float32(float64(v)+float64(next[i]*sin[i])), 0), 1)
			}
		}
	}
}

// convolve filters every plane of the chain, with zeros around it.
func (m *primer) convolve() {
	clear(m.spare)
	for row := range m.c * m.h {
		out := m.spare[row*m.w:][:m.w]
		for t, weight := range m.filter {
			dy, dx := t/filterSide-1, t%filterSide-1
			if y := row%m.h + dy; y < 0 || y >= m.h {
				continue
			}
			in := m.chain[(row+dy)*m.w:][:m.w]
			for x := max(0, -dx); x < m.w-max(0, dx); x++ {
				out[x] += float32(weight * in[x+dx])
			}
		}
		for x, v := range out {
			out[x] = min(max(v, 0), 1)
		}
	}
	m.chain, m.spare = m.spare, m.chain
}
