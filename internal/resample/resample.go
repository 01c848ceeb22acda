// Package resample resizes images as Pillow does, bit for bit: two passes,
// horizontal first, rounding to bytes between them, with 22-bit fixed-point
// weights. A filter widens when it shrinks an image, so that every pixel of
// the source counts.
package resample

import "fmt"

// A Filter weighs the pixels of the source by their distance from the place of
// a pixel of the result, in pixels of the coarser of the two images.
type Filter struct {
	support float64 // beyond this distance the weight is zero
	weight  func(distance float64) float64
}

// Pillow's filters.
var (
	Bilinear = Filter{1, func(d float64) float64 { return max(0, 1-max(d, -d)) }}
	Box      = Filter{0.5, func(d float64) float64 {
		if d > -0.5 && d <= 0.5 {
			return 1
		}
		return 0
	}}
)

// precision is the number of fractional bits of a weight.
const precision = 32 - 8 - 2

// Resizer resizes planes of bytes, or a part of each, from one size to another.
// It is not safe for concurrent use.
type Resizer struct {
	filter                 Filter
	srcW, srcH, dstW, dstH int
	top, left              int // of the part
	partW, partH           int

	across, down axis
	between      []uint8 // partH x dstW
	sums         []int32 // dstW, of the row of the result at hand
}

// axis is how one side of the result is made: of windows of the source's
// pixels.
type axis struct {
	windows []window
	weights []int32   // of all windows
	exact   []float64 // of the window at hand
}

// window is what one pixel of the result is made of: source pixels first,
// first+1, ..., one for each weight.
type window struct {
	first   int
	weights []int32
}

// NewResizer plans the resizing of planes of srcH x srcW to dstH x dstW.
func NewResizer(filter Filter, srcH, srcW, dstH, dstW int) *Resizer {
	if min(srcH, srcW, dstH, dstW) < 1 {
		panic(fmt.Sprintf("resample: %dx%d to %dx%d", srcH, srcW, dstH, dstW))
	}
	r := &Resizer{
		filter: filter, srcW: srcW, srcH: srcH, dstW: dstW, dstH: dstH,
		across: newAxis(filter, srcW, dstW), down: newAxis(filter, srcH, dstH),
		between: make([]uint8, srcH*dstW), sums: make([]int32, dstW),
	}
	r.Part(0, 0, srcH, srcW)
	return r
}

// Part plans the resizing of the part of h x w of each plane that begins at top
// and left, as if the part were the plane. It allocates nothing.
func (r *Resizer) Part(top, left, h, w int) {
	if min(top, left) < 0 || min(h, w) < 1 || top+h > r.srcH || left+w > r.srcW {
		panic(fmt.Sprintf("resample: a part of %dx%d at %d, %d of %dx%d", h, w, top, left, r.srcH, r.srcW))
	}
	r.top, r.left, r.partH, r.partW = top, left, h, w
	if w != r.dstW {
		r.across.plan(r.filter, w)
	}
	if h != r.dstH {
		r.down.plan(r.filter, h)
	}
}

// newAxis returns the memory for plans of out pixels over up to in pixels.
func newAxis(filter Filter, in, out int) axis {
	// No window has more pixels than this, for any smaller number of them either.
	most := int(2*filter.support*max(float64(in)/float64(out), 1)) + 2
	return axis{
		windows: make([]window, out),
		weights: make([]int32, 0, out*most),
		exact:   make([]float64, most),
	}
}

// plan computes the weights of the windows over in pixels. The conversions of
// products keep the compiler from fusing them into the additions, which would
// round differently from one architecture to another.
func (a *axis) plan(filter Filter, in int) {
	scale := float64(in) / float64(len(a.windows))
	wider := max(scale, 1)
	support := filter.support * wider
	all := a.weights[:0]
	for i := range a.windows {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		exact := a.exact[:hi-lo]
		sum := 0.0
		for j := range exact {
			exact[j] = filter.weight(float64((float64(lo+j) - centre + 0.5) * (1 / wider)))
			sum += exact[j]
		}
		begin := len(all)
		for _, w := range exact {
			all = append(all, int32(0.5+w/sum*(1<<precision)))
		}
		a.windows[i] = window{lo, all[begin:]}
	}
}

// Plane resizes src, srcH x srcW bytes, or its part, to dst, dstH x dstW.
func (r *Resizer) Plane(dst, src []uint8) {
	if len(src) != r.srcH*r.srcW || len(dst) != r.dstH*r.dstW {
		panic(fmt.Sprintf("resample: planes of %d and %d bytes for %dx%d to %dx%d",
			len(src), len(dst), r.srcH, r.srcW, r.dstH, r.dstW))
	}
	if r.partW == r.dstW && r.partH == r.dstH {
		for y := range r.dstH {
			copy(dst[y*r.dstW:][:r.dstW], r.row(src, y))
		}
		return
	}
	between := r.between[:r.partH*r.dstW]
	for y := range r.partH {
		row, to := r.row(src, y), between[y*r.dstW:][:r.dstW]
		if r.partW == r.dstW {
			copy(to, row)
			continue
		}
		for x, w := range r.across.windows {
			sum := int32(1 << (precision - 1))
			for j, weight := range w.weights {
				sum += weight * int32(row[w.first+j])
			}
			to[x] = uint8(min(sum>>precision, 255))
		}
	}
	if r.partH == r.dstH {
		copy(dst, between)
		return
	}
	sums := r.sums
	for y, w := range r.down.windows {
		for x := range sums {
			sums[x] = 1 << (precision - 1)
		}
		for j, weight := range w.weights {
			row := between[(w.first+j)*r.dstW:][:len(sums)]
			for x, v := range row {
				sums[x] += weight * int32(v)
			}
		}
		to := dst[y*r.dstW:][:len(sums)]
		for x, sum := range sums {
			to[x] = uint8(min(sum>>precision, 255))
		}
	}
}

// row returns row y of the part.
func (r *Resizer) row(src []uint8, y int) []uint8 {
	return src[(r.top+y)*r.srcW+r.left:][:r.partW]
}
