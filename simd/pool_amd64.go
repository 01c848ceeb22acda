//go:build !purego

package simd

// The vectors of the avx2 kernels span 8 columns. Narrower planes are rare and
// small, and comparisons have the same bits in any row.
const poolMinWidth = 8

// maxPool2Wide is maxPool2AVX2 for planes of any width.
func maxPool2Wide(y []float32, arg []uint8, x []float32, h, w int, relu bool) {
	if w < poolMinWidth {
		maxPool2Generic(y, arg, x, h, w, relu)
		return
	}
	maxPool2AVX2(y, arg, x, h, w, relu)
}

// maxPool2BackwardWide is maxPool2BackwardAVX2 for planes of any width.
func maxPool2BackwardWide(dx, dy []float32, arg []uint8, h, w int) {
	if w < poolMinWidth {
		maxPool2BackwardGeneric(dx, dy, arg, h, w)
		return
	}
	maxPool2BackwardAVX2(dx, dy, arg, h, w)
}
