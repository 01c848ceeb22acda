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

// Resizer resizes planes of bytes from one size to another. It is not safe for
// concurrent use.
type Resizer struct {
	srcW, srcH, dstW, dstH int

	across, down []window // nil where the size does not change
	between      []uint8  // srcH x dstW
	sums         []int32  // dstW, of the row of the result at hand
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
	r := &Resizer{srcW: srcW, srcH: srcH, dstW: dstW, dstH: dstH,
		between: make([]uint8, srcH*dstW), sums: make([]int32, dstW)}
	if srcW != dstW {
		r.across = windows(filter, srcW, dstW)
	}
	if srcH != dstH {
		r.down = windows(filter, srcH, dstH)
	}
	return r
}

// windows computes the weights of out pixels over in pixels. The conversions of
// products keep the compiler from fusing them into the additions, which would
// round differently from one architecture to another.
func windows(filter Filter, in, out int) []window {
	scale := float64(in) / float64(out)
	wider := max(scale, 1)
	support := filter.support * wider
	result := make([]window, out)
	for i := range result {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(int(centre-support+0.5), 0)
		hi := min(int(centre+support+0.5), in)
		exact := make([]float64, hi-lo)
		sum := 0.0
		for j := range exact {
			exact[j] = filter.weight(float64((float64(lo+j) - centre + 0.5) * (1 / wider)))
			sum += exact[j]
		}
		weights := make([]int32, hi-lo)
		for j, w := range exact {
			weights[j] = int32(0.5 + w/sum*(1<<precision))
		}
		result[i] = window{lo, weights}
	}
	return result
}

// Plane resizes src, srcH x srcW bytes, to dst, dstH x dstW.
func (r *Resizer) Plane(dst, src []uint8) {
	if len(src) != r.srcH*r.srcW || len(dst) != r.dstH*r.dstW {
		panic(fmt.Sprintf("resample: planes of %d and %d bytes for %dx%d to %dx%d",
			len(src), len(dst), r.srcH, r.srcW, r.dstH, r.dstW))
	}
	between := src
	if r.across != nil {
		between = r.between
		for y := range r.srcH {
			row, to := src[y*r.srcW:][:r.srcW], between[y*r.dstW:][:r.dstW]
			for x, w := range r.across {
				sum := int32(1 << (precision - 1))
				for j, weight := range w.weights {
					sum += weight * int32(row[w.first+j])
				}
				to[x] = uint8(min(sum>>precision, 255))
			}
		}
	}
	if r.down == nil {
		copy(dst, between)
		return
	}
	sums := r.sums
	for y, w := range r.down {
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
