//go:build !purego && (amd64 || arm64)

package simd

// The vectors of the avx2 and neon kernels span 8 columns. Narrower planes are
// rare and small, and comparisons have the same bits in any kernel set.
const poolMinWidth = 8

type (
	maxPool2         = func(y []float32, arg []uint8, x []float32, h, w int, relu bool)
	maxPool2Backward = func(dx, dy []float32, arg []uint8, h, w int)
)

// anyWidth extends kernels for wide planes to planes of any width.
func anyWidth(forward maxPool2, backward maxPool2Backward) (maxPool2, maxPool2Backward) {
	return func(y []float32, arg []uint8, x []float32, h, w int, relu bool) {
			if w < poolMinWidth {
				maxPool2Generic(y, arg, x, h, w, relu)
				return
			}
			forward(y, arg, x, h, w, relu)
		}, func(dx, dy []float32, arg []uint8, h, w int) {
			if w < poolMinWidth {
				maxPool2BackwardGeneric(dx, dy, arg, h, w)
				return
			}
			backward(dx, dy, arg, h, w)
		}
}
