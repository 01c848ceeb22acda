//go:build !purego

package simd

func peakNEON(n int) int // see peakGeneric

//go:noescape
func gemmNEON(c, a, b, bias *float32, cRow, aRow, aCol, bRow, bJump, m, n, k, kOuter int, mode TileMode) // see gemmGeneric

//go:noescape
func transposeNEON(dst, src *float32, rows, cols, dstRow, srcRow int) // see transposeGeneric

//go:noescape
func gatherNEON(dst, src *float32, offsets *int32, count, dstRow, n int) // see gatherGeneric

//go:noescape
func scatterNEON(dst, src *float32, offsets *int32, count, srcRow, n int) // see scatterGeneric
