//go:build !purego && (amd64 || arm64)

package simd

// pool3MinWidth is the narrowest plane that fills a vector of 4 results.
const pool3MinWidth = 9

// anyWidth3 extends a kernel for wide planes without padding to any planes.
func anyWidth3(kernel maxPool2) func(y []float32, arg []uint8, x []float32, h, w, pad int, relu bool) {
	return func(y []float32, arg []uint8, x []float32, h, w, pad int, relu bool) {
		if w < pool3MinWidth || pad > 0 {
			maxPool3Generic(y, arg, x, h, w, pad, relu)
			return
		}
		kernel(y, arg, x, h, w, relu)
	}
}

// wide3 extends a kernel for wide planes without padding to any planes.
func wide3(kernel maxPool2Backward) func(dx, dy []float32, arg []uint8, h, w, pad int) {
	return func(dx, dy []float32, arg []uint8, h, w, pad int) {
		if w < pool3MinWidth || pad > 0 {
			maxPool3BackwardGeneric(dx, dy, arg, h, w, pad)
			return
		}
		kernel(dx, dy, arg, h, w)
	}
}
