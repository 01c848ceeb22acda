//go:build !purego

package simd

func peakNEON(n int) int // see peakGeneric

//go:noescape
func gemmNEON(t *GemmTile) // see gemmGeneric

//go:noescape
func transposeNEON(dst, src *float32, rows, cols, dstRow, srcRow int) // see transposeGeneric

//go:noescape
func gatherNEON(dst, src *float32, offsets *int32, count, dstRow, n int) // see gatherGeneric

//go:noescape
func scatterNEON(dst, src *float32, offsets *int32, count, srcRow, n int) // see scatterGeneric

//go:noescape
func deinterleave2NEON(even, odd, src *float32, rows, n, dstRow, srcRow int) // see deinterleave2Generic

//go:noescape
func interleave2NEON(dst, even, odd *float32, rows, n, dstRow, srcRow int) // see interleave2Generic

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
func maxPool3NEON(y []float32, arg []uint8, x []float32, h, w int, relu bool) // see maxPool3Generic, without padding

//go:noescape
func maxPool3BackwardNEON(dx, dy []float32, arg []uint8, h, w int) // see maxPool3BackwardGeneric, without padding

//go:noescape
func sumSumSqNEON(sum, sumSq, x, shift []float32, n int) // see sumSumSqGeneric

//go:noescape
func scaleShiftNEON(y, x, scale, shift []float32, n int, act Activation) // see scaleShiftGeneric

//go:noescape
func batchNormBackwardSumsNEON(t *BatchNormGradient) // see batchNormBackwardSumsGeneric

//go:noescape
func batchNormBackwardInputNEON(t *BatchNormGradient) // see batchNormBackwardInputGeneric

//go:noescape
func adamNEON(p, g, m, v []float32, s *AdamStep) // see adamGeneric

//go:noescape
func sgdNEON(p, g, buf []float32, s *SGDStep) // see sgdGeneric

//go:noescape
func fromUint8NEON(dst []float32, src []uint8, mean, std float32) // see fromUint8Generic

//go:noescape
func toUint8NEON(dst []uint8, src []float32, black, white float32) // see toUint8Generic

//go:noescape
func addNEON(y, x []float32) // see addGeneric

//go:noescape
func axpyNEON(alpha float32, x, y []float32) // see axpyGeneric

//go:noescape
func scaleNEON(alpha float32, x []float32) // see scaleGeneric

//go:noescape
func clampNEON(x []float32, lo, hi float32) // see clampGeneric

//go:noescape
func sumNEON(x []float32) float32 // see sumGeneric

//go:noescape
func sqDistNEON(x, y []float32) float32 // see sqDistGeneric

//go:noescape
func softmaxLossNEON(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32) // see softmaxLossGeneric

//go:noescape
func geluNEON(y, x []float32) // see geluGeneric

//go:noescape
func geluBackwardNEON(dx, dy, x []float32) // see geluBackwardGeneric

//go:noescape
func winogradInputNEON(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int) // see winogradInputGeneric

//go:noescape
func winogradOutputNEON(t *WinogradOutputs) // see winogradOutputGeneric

//go:noescape
func winogradInputAdjointNEON(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int) // see winogradInputAdjointGeneric

//go:noescape
func winogradOutputAdjointNEON(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int) // see winogradOutputAdjointGeneric

//go:noescape
func winogradFilterNEON(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) // see winogradFilterGeneric

//go:noescape
func winogradFilterAdjointNEON(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) // see winogradFilterAdjointGeneric

//go:noescape
func dropoutNEON(y, x []float32, seed, stream, block uint64, threshold uint32, scale float32) // see dropoutGeneric

//go:noescape
func addCurveNEON(x, samples []float32) // see addCurveGeneric

//go:noescape
func avgPool2NEON(y, x *float32, rows, n int) // see avgPool2Generic

//go:noescape
func avgPool2BackwardNEON(dx, dy *float32, rows, n int) // see avgPool2BackwardGeneric

//go:noescape
func depthwiseNEON(p *DepthwisePlane) // see depthwiseGeneric

//go:noescape
func depthwiseSlideNEON(p *DepthwisePlane) // if Side is set, for 4 rows and more than a vector of columns

//go:noescape
func depthwiseWeightsNEON(p *DepthwisePlane) // see depthwiseWeightsGeneric

//go:noescape
func relu6BackwardNEON(dx, dy, y []float32) // see relu6BackwardGeneric

//go:noescape
func gemmPairsNEON(t *GemmTile) (tiny bool) // see gemmPairsGeneric

//go:noescape
func pairRowsNEON(dst, even, odd *float32, n int) // see pairRowsGeneric
