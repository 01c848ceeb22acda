//go:build !purego

package simd

//go:noescape
func gemmAVX2(t *GemmTile) // see gemmGeneric

//go:noescape
func gemmTilesAVX2(t *GemmTiles) // see EachTile

//go:noescape
func gemmAVX512(t *GemmTile) // see gemmGeneric

//go:noescape
func gemmGatherAVX512(t *GemmTile, rows *GatherRows) // see gemmGatherGeneric

func peakAVX2(n int) int // see peakGeneric

func peakAVX512(n int) int // see peakGeneric

//go:noescape
func transposeAVX2(dst, src *float32, rows, cols, dstRow, srcRow int) // see transposeGeneric

//go:noescape
func gatherAVX2(dst, src *float32, offsets *int32, count, dstRow, n int) // see gatherGeneric

//go:noescape
func transposeAVX512(dst, src *float32, rows, cols, dstRow, srcRow int) // see transposeGeneric

//go:noescape
func gatherAVX512(dst, src *float32, offsets *int32, count, dstRow, n int) // see gatherGeneric

//go:noescape
func gemmPairsAVX2(t *GemmTile) // see gemmPairsGeneric

//go:noescape
func gemmPairsAVX512(t *GemmTile) // see gemmPairsGeneric, with VDPBF16PS

//go:noescape
func gemmPairsFMAAVX512(t *GemmTile) // see gemmPairsGeneric, without

//go:noescape
func pairRowsAVX2(dst, even, odd *float32, n int) // see pairRowsGeneric

//go:noescape
func transposePairsAVX512(dst, src *float32, rows, cols, dstRow, srcRow int) // see transposePairsGeneric

//go:noescape
func gatherPairsAVX512(dst, src *float32, offsets *int32, count, dstRow, n int) // see gatherPairsGeneric

//go:noescape
func scatterAVX2(dst, src *float32, offsets *int32, count, srcRow, n int) // see scatterGeneric

//go:noescape
func scatterAVX512(dst, src *float32, offsets *int32, count, srcRow, n int) // see scatterGeneric

//go:noescape
func deinterleave2AVX2(even, odd, src *float32, rows, n, dstRow, srcRow int) // see deinterleave2Generic

//go:noescape
func interleave2AVX2(dst, even, odd *float32, rows, n, dstRow, srcRow int) // see interleave2Generic

//go:noescape
func deinterleave2AVX512(even, odd, src *float32, rows, n, dstRow, srcRow int) // see deinterleave2Generic

//go:noescape
func interleave2AVX512(dst, even, odd *float32, rows, n, dstRow, srcRow int) // see interleave2Generic

//go:noescape
func addAVX2(y, x []float32) // see addGeneric

//go:noescape
func axpyAVX2(alpha float32, x, y []float32) // see axpyGeneric

//go:noescape
func scaleAVX2(alpha float32, x []float32) // see scaleGeneric

//go:noescape
func clampAVX2(x []float32, lo, hi float32) // see clampGeneric

//go:noescape
func sumAVX2(x []float32) float32 // see sumGeneric

//go:noescape
func sqDistAVX2(x, y []float32) float32 // see sqDistGeneric

//go:noescape
func softmaxLossAVX2(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32) // see softmaxLossGeneric

//go:noescape
func geluAVX2(y, x []float32) // see geluGeneric

//go:noescape
func geluBackwardAVX2(dx, dy, x []float32) // see geluBackwardGeneric

//go:noescape
func addAVX512(y, x []float32) // see addGeneric

//go:noescape
func axpyAVX512(alpha float32, x, y []float32) // see axpyGeneric

//go:noescape
func scaleAVX512(alpha float32, x []float32) // see scaleGeneric

//go:noescape
func clampAVX512(x []float32, lo, hi float32) // see clampGeneric

//go:noescape
func sumAVX512(x []float32) float32 // see sumGeneric

//go:noescape
func sqDistAVX512(x, y []float32) float32 // see sqDistGeneric

//go:noescape
func softmaxLossAVX512(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32) // see softmaxLossGeneric

//go:noescape
func geluAVX512(y, x []float32) // see geluGeneric

//go:noescape
func geluBackwardAVX512(dx, dy, x []float32) // see geluBackwardGeneric

//go:noescape
func reluAVX2(y, x []float32) // see reluGeneric

//go:noescape
func reluBackwardAVX2(dx, dy, y []float32) // see reluBackwardGeneric

//go:noescape
func maxPool2AVX2(y []float32, arg []uint8, x []float32, h, w int, relu bool) // see maxPool2Generic

//go:noescape
func maxPool2BackwardAVX2(dx, dy []float32, arg []uint8, h, w int) // see maxPool2BackwardGeneric

//go:noescape
func maxPool3AVX2(y []float32, arg []uint8, x []float32, h, w int, relu bool) // see maxPool3Generic, without padding

//go:noescape
func maxPool3BackwardAVX2(dx, dy []float32, arg []uint8, h, w int) // see maxPool3BackwardGeneric, without padding

//go:noescape
func sumSumSqAVX2(sum, sumSq, x, shift []float32, n int) // see sumSumSqGeneric

//go:noescape
func scaleShiftAVX2(y, x, scale, shift []float32, n int, act Activation) // see scaleShiftGeneric

//go:noescape
func batchNormBackwardSumsAVX2(t *BatchNormGradient) // see batchNormBackwardSumsGeneric

//go:noescape
func batchNormBackwardInputAVX2(t *BatchNormGradient) // see batchNormBackwardInputGeneric

//go:noescape
func adamAVX2(p, g, m, v []float32, s *AdamStep) // see adamGeneric

//go:noescape
func sgdAVX2(p, g, buf []float32, s *SGDStep) // see sgdGeneric

//go:noescape
func fromUint8AVX2(dst []float32, src []uint8, mean, std float32) // see fromUint8Generic

//go:noescape
func toUint8AVX2(dst []uint8, src []float32, black, white float32) // see toUint8Generic

//go:noescape
func reluAVX512(y, x []float32) // see reluGeneric

//go:noescape
func reluBackwardAVX512(dx, dy, y []float32) // see reluBackwardGeneric

//go:noescape
func maxPool2AVX512(y []float32, arg []uint8, x []float32, h, w int, relu bool) // see maxPool2Generic

//go:noescape
func maxPool2BackwardAVX512(dx, dy []float32, arg []uint8, h, w int) // see maxPool2BackwardGeneric

//go:noescape
func maxPool3AVX512(y []float32, arg []uint8, x []float32, h, w, pad int, relu bool) // see maxPool3Generic

//go:noescape
func maxPool3BackwardAVX512(dx, dy []float32, arg []uint8, h, w, pad int) // see maxPool3BackwardGeneric

//go:noescape
func sumSumSqAVX512(sum, sumSq, x, shift []float32, n int) // see sumSumSqGeneric

//go:noescape
func scaleShiftAVX512(y, x, scale, shift []float32, n int, act Activation) // see scaleShiftGeneric

//go:noescape
func batchNormBackwardSumsAVX512(t *BatchNormGradient) // see batchNormBackwardSumsGeneric

//go:noescape
func batchNormBackwardInputAVX512(t *BatchNormGradient) // see batchNormBackwardInputGeneric

//go:noescape
func adamAVX512(p, g, m, v []float32, s *AdamStep) // see adamGeneric

//go:noescape
func sgdAVX512(p, g, buf []float32, s *SGDStep) // see sgdGeneric

//go:noescape
func fromUint8AVX512(dst []float32, src []uint8, mean, std float32) // see fromUint8Generic

//go:noescape
func toUint8AVX512(dst []uint8, src []float32, black, white float32) // see toUint8Generic

//go:noescape
func prefetchAVX2(src *float32, offsets *int32, count int) // see prefetchGeneric

//go:noescape
func winogradInputAVX512(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int) // see winogradInputGeneric

//go:noescape
func winogradOutputAVX512(t *WinogradOutputs) // see winogradOutputGeneric

//go:noescape
func winogradInputAdjointAVX512(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int) // see winogradInputAdjointGeneric

//go:noescape
func winogradOutputAdjointAVX512(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int) // see winogradOutputAdjointGeneric

//go:noescape
func winogradFilterAVX512(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) // see winogradFilterGeneric

//go:noescape
func winogradFilterAdjointAVX512(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) // see winogradFilterAdjointGeneric

//go:noescape
func winogradInputAVX2(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int) // see winogradInputGeneric

//go:noescape
func winogradOutputAVX2(t *WinogradOutputs) // see winogradOutputGeneric

//go:noescape
func winogradInputAdjointAVX2(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int) // see winogradInputAdjointGeneric

//go:noescape
func winogradOutputAdjointAVX2(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int) // see winogradOutputAdjointGeneric

//go:noescape
func winogradFilterAVX2(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) // see winogradFilterGeneric

//go:noescape
func winogradFilterAdjointAVX2(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int) // see winogradFilterAdjointGeneric

//go:noescape
func dropoutAVX2(y, x []float32, seed, stream, block uint64, threshold uint32, scale float32) // see dropoutGeneric

//go:noescape
func addCurveAVX2(x, samples []float32) // see addCurveGeneric

//go:noescape
func avgPool2AVX2(y, x *float32, rows, n int) // see avgPool2Generic

//go:noescape
func avgPool2BackwardAVX2(dx, dy *float32, rows, n int) // see avgPool2BackwardGeneric

//go:noescape
func depthwiseAVX2(p *DepthwisePlane) // see depthwiseGeneric

//go:noescape
func depthwiseSlideAVX2(p *DepthwisePlane) // if Side is set, for 4 rows and more than a vector of columns

//go:noescape
func depthwiseWeightsAVX2(p *DepthwisePlane) // see depthwiseWeightsGeneric

//go:noescape
func depthwiseRowsAVX2(p *DepthwiseRows) // see depthwiseRowsGeneric, where depthwiseEdges holds

//go:noescape
func depthwiseRows2AVX2(p *DepthwiseRows) // depthwiseRowsAVX2 for stride 2

//go:noescape
func depthwiseRows2TurnedAVX2(p *DepthwiseRows) // for stride 2 and filters turned around

//go:noescape
func depthwiseRows2WeightsAVX2(p *DepthwiseRows) // depthwiseRowsWeightsAVX2 for stride 2

//go:noescape
func depthwiseRows7AVX2(p *DepthwiseRows) // for planes of 7x7

//go:noescape
func depthwiseRows14AVX2(p *DepthwiseRows) // of 14x14 with stride 2

//go:noescape
func depthwiseRowsWeightsAVX2(p *DepthwiseRows) // see depthwiseRowsWeightsGeneric, where depthwiseRowsAVX2 can be

//go:noescape
func depthwiseRowsWeights7AVX2(p *DepthwiseRows) // for planes of 7x7

//go:noescape
func relu6BackwardAVX2(dx, dy, y []float32) // see relu6BackwardGeneric

//go:noescape
func depthwiseRowsAVX512(p *DepthwiseRows) // see depthwiseRowsGeneric

//go:noescape
func depthwiseRowsWeightsAVX512(p *DepthwiseRows) // see depthwiseRowsWeightsGeneric

//go:noescape
func depthwiseRows2AVX512(p *DepthwiseRows) // depthwiseRowsAVX512 for stride 2

//go:noescape
func depthwiseRows2TurnedAVX512(p *DepthwiseRows) // for stride 2 and filters turned around

//go:noescape
func depthwiseRows2WeightsAVX512(p *DepthwiseRows) // depthwiseRowsWeightsAVX512 for stride 2
