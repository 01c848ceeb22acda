//go:build !purego && (amd64 || arm64)

package simd

// pool3MinWidth is the narrowest plane that fills a vector of 4 results.
const pool3MinWidth = 9

// anyWidth3 extends a kernel for wide planes to planes of any width.
func anyWidth3(kernel maxPool2) maxPool2 {
	return func(y []float32, arg []uint8, x []float32, h, w int, relu bool) {
		if w < pool3MinWidth {
			maxPool3Generic(y, arg, x, h, w, relu)
			return
		}
		kernel(y, arg, x, h, w, relu)
	}
}
