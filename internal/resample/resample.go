// Package resample resizes images as Pillow before version 13 does, bit for bit, which
// is also what later ones do unless an image is tall: two passes, horizontal first, rounding to bytes between them, with 22-bit fixed-point
// weights. A filter widens when it shrinks an image, so that every pixel of
// the source counts.
package resample

import (
	"encoding/binary"
	"fmt"
)

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
	between      []uint8 // 3 x partH x dstW
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
		between: make([]uint8, 3*srcH*dstW),
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
	between := r.between[:r.partH*r.dstW]
	for y := range r.partH {
		row, to := r.row(src, y), between[y*r.dstW:][:r.dstW]
		if r.partW == r.dstW {
			copy(to, row)
			continue
		}
		for x, w := range r.across.windows {
			sum := int32(half)
			from := row[w.first:][:len(w.weights)]
			for j, weight := range w.weights {
				sum += weight * int32(from[j])
			}
			to[x] = toByte(sum)
		}
	}
	r.rows(dst, between)
}

// Planes resizes planes that lie one after the other, three at a time: a third
// of the weights are read then.
func (r *Resizer) Planes(dst, src []uint8) {
	from, to := r.srcH*r.srcW, r.dstH*r.dstW
	if len(src)%from != 0 || len(dst)/to*to != len(dst) || len(src)/from != len(dst)/to {
		panic(fmt.Sprintf("resample: %d and %d bytes of planes for %dx%d to %dx%d", len(src), len(dst), r.srcH, r.srcW, r.dstH, r.dstW))
	}
	for len(src) >= 3*from && r.partW != r.dstW {
		r.three(dst[:3*to], src[:3*from])
		dst, src = dst[3*to:], src[3*from:]
	}
	for ; len(src) > 0; dst, src = dst[to:], src[from:] {
		r.Plane(dst[:to], src[:from])
	}
}

// three resizes three planes to another width.
func (r *Resizer) three(dst, src []uint8) {
	plane, n := r.srcH*r.srcW, r.partH*r.dstW
	for y := range r.partH {
		row0, row1, row2 := r.row(src, y), r.row(src[plane:], y), r.row(src[2*plane:], y)
		to0, to1, to2 := r.between[y*r.dstW:][:r.dstW], r.between[n+y*r.dstW:][:r.dstW], r.between[2*n+y*r.dstW:][:r.dstW]
		for x := range r.across.windows {
			w := &r.across.windows[x]
			if len(w.weights) != 2 {
				to0[x], to1[x], to2[x] = w.three(row0, row1, row2)
				continue
			}
			// Nearly all have two weights where the size hardly changes.
			first, second := w.weights[0], w.weights[1]
			from0, from1, from2 := row0[w.first:][:2], row1[w.first:][:2], row2[w.first:][:2]
			to0[x] = uint8((half + first*int32(from0[0]) + second*int32(from0[1])) >> precision)
			to1[x] = uint8((half + first*int32(from1[0]) + second*int32(from1[1])) >> precision)
			to2[x] = uint8((half + first*int32(from2[0]) + second*int32(from2[1])) >> precision)
		}
	}
	for c := range 3 {
		r.rows(dst[c*r.dstH*r.dstW:][:r.dstH*r.dstW], r.between[c*n:][:n])
	}
}

// rows resizes a plane of the result's width, between, to dst.
func (r *Resizer) rows(dst, between []uint8) {
	if r.partH == r.dstH {
		copy(dst, between)
		return
	}
	for y, w := range r.down.windows {
		to, rows := dst[y*r.dstW:][:r.dstW], between[w.first*r.dstW:]
		if len(w.weights) > mostUnclipped {
			w.column(to, rows, 0)
			continue
		}
		w.columns(to, rows)
		w.column(to, rows, len(to)&^7)
	}
}

// three returns the pixel that the window gives of each of three rows.
func (w *window) three(row0, row1, row2 []uint8) (_, _, _ uint8) {
	weights := w.weights
	sum0, sum1, sum2 := int32(half), int32(half), int32(half)
	from0, from1, from2 := row0[w.first:][:len(weights)], row1[w.first:][:len(weights)], row2[w.first:][:len(weights)]
	for j, weight := range weights {
		sum0 += weight * int32(from0[j])
		sum1 += weight * int32(from1[j])
		sum2 += weight * int32(from2[j])
	}
	return toByte(sum0), toByte(sum1), toByte(sum2)
}

// columns sets all of a row but its last len(to)%8 pixels to what the window
// gives of rows of the same length, eight columns at a time: their sums, of 32 bits each,
// lie in pairs in four words.
func (w *window) columns(to, rows []uint8) {
	const pair = 0xff | 0xff<<32 // a byte of each half of a word
	for x := 0; x+8 <= len(to); x += 8 {
		sum0, sum1, sum2, sum3 := uint64(half|half<<32), uint64(half|half<<32), uint64(half|half<<32), uint64(half|half<<32)
		at := x
		for _, weight := range w.weights {
			v, factor := binary.LittleEndian.Uint64(rows[at:]), uint64(weight)
			sum0 += factor * (v & pair)
			sum1 += factor * (v >> 8 & pair)
			sum2 += factor * (v >> 16 & pair)
			sum3 += factor * (v >> 24 & pair)
			at += len(to)
		}
		binary.LittleEndian.PutUint64(to[x:], sum0>>precision&pair|sum1>>precision&pair<<8|
			sum2>>precision&pair<<16|sum3>>precision&pair<<24)
	}
}

// column does as columns for the pixels of a row from x on, one at a time.
func (w *window) column(to, rows []uint8, x int) {
	for ; x < len(to); x++ {
		sum := int32(half)
		for j, weight := range w.weights {
			sum += weight * int32(rows[j*len(to)+x])
		}
		to[x] = toByte(sum)
	}
}

// mostUnclipped is a number of weights whose sum rounding makes so little larger
// than one that no sum of bytes exceeds 255: n weights are at most n/2 too
// large, and 255 n/2 is below half.
const mostUnclipped = 1 << 13

// half is a weight's 1/2: it makes a truncation a rounding.
const half = 1 << (precision - 1)

// toByte returns the byte of a sum of weighted bytes.
func toByte(sum int32) uint8 { return uint8(min(sum>>precision, 255)) }

// row returns row y of the part.
func (r *Resizer) row(src []uint8, y int) []uint8 {
	return src[(r.top+y)*r.srcW+r.left:][:r.partW]
}
