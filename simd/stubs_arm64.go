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

//go:noescape
func prefetchNEON(src *float32, offsets *int32, count int) // see prefetchGeneric

//go:noescape
func reluNEON(y, x []float32) // see reluGeneric

//go:noescape
func reluBackwardNEON(dx, dy, y []float32) // see reluBackwardGeneric

//go:noescape
func maxPool2NEON(y []float32, arg []uint8, x []float32, h, w int, relu bool) // see maxPool2Generic

//go:noescape
func maxPool2BackwardNEON(dx, dy []float32, arg []uint8, h, w int) // see maxPool2BackwardGeneric

//go:noescape
func momentsNEON(sum, sumSq, x, shift []float32, n int) // see momentsGeneric

//go:noescape
func affineNEON(y, x, scale, shift []float32, n int, act Activation) // see affineGeneric

//go:noescape
func affineReduceNEON(sumG, sumGX, dy, x, scale, shift, mean []float32, n int, act Activation) // see affineReduceGeneric

//go:noescape
func affineGradNEON(dx, dy, x, scale, shift, a, b, k []float32, n int, act Activation, accumulate bool) // see affineGradGeneric

//go:noescape
func adamNEON(p, g, m, v []float32, s *AdamStep) // see adamGeneric

//go:noescape
func sgdNEON(p, g, buf []float32, s *SGDStep) // see sgdGeneric

//go:noescape
func fromUint8NEON(dst []float32, src []uint8, mean, std float32) // see fromUint8Generic

//go:noescape
func toUint8NEON(dst []uint8, src []float32, black, white float32) // see toUint8Generic
