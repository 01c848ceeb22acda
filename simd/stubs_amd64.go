//go:build !purego

package simd

//go:noescape
func gemmAVX2(c, a, b, bias *float32, cRow, aRow, aCol, bRow, bJump, m, n, k, kOuter int, mode TileMode)

//go:noescape
func gemmAVX512(c, a, b, bias *float32, cRow, aRow, aCol, bRow, bJump, m, n, k, kOuter int, mode TileMode)

func peakAVX2(n int) int // see peakGeneric

func peakAVX512(n int) int // see peakGeneric
