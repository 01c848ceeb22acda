//go:build !purego

package simd

func peakNEON(n int) int // see peakGeneric

//go:noescape
func gemmNEON(c, a, b, bias *float32, cRow, aRow, aCol, bRow, bJump, m, n, k, kOuter int, mode TileMode) // see gemmGeneric
