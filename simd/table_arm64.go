//go:build !purego

package simd

// candidates lists the kernel sets of this build, best first. NEON is not asked for:
// every CPU that Go's own runtime runs on has it (internal/bytealg uses it
// unconditionally), while Windows and others would not tell.
var candidates = []candidate{
	{&neon, nothingMissing},
	{&generic, nothingMissing},
}

var neon = func() Kernels {
	k := generic
	k.Name = "neon"
	k.Peak = peakNEON
	k.MR, k.NR, k.PackedA, k.Gemm = 8, 12, true, gemmNEON
	k.GemmTiles = EachTile(gemmNEON, prefetchNEON)
	k.Prefetch, k.Scatter = prefetchNEON, scatterNEON
	k.Deinterleave2, k.Interleave2 = deinterleave2NEON, interleave2NEON
	k.Transpose, k.Gather = transposeNEON, gatherNEON
	k.GemmPairs, k.TransposePairs, k.GatherPairs = gemmPairsOrGeneric, transposePairsNEON, gatherPairsNEON
	k.WinogradInput, k.WinogradInputAdjoint = winogradInputNEON, winogradInputAdjointNEON
	k.WinogradOutput, k.WinogradOutputAdjoint = winogradOutputNEON, winogradOutputAdjointNEON
	k.WinogradFilter, k.WinogradFilterAdjoint = winogradFilterNEON, winogradFilterAdjointNEON
	k.ReLU, k.ReLUBackward, k.ReLU6Backward = reluNEON, reluBackwardNEON, relu6BackwardNEON
	k.Dropout = dropoutNEON
	k.AvgPool2, k.AvgPool2Backward = avgPool2NEON, avgPool2BackwardNEON
	k.MaxPool2, k.MaxPool2Backward = anyWidth(maxPool2NEON, maxPool2BackwardNEON)
	k.MaxPool3, k.MaxPool3Backward = anyWidth3(maxPool3NEON), wide3(maxPool3BackwardNEON)
	k.Depthwise, k.DepthwiseWeights = sliding(depthwiseNEON, depthwiseSlideNEON, 4), depthwiseWeightsNEON
	k.SumSumSq, k.ScaleShift = sumSumSqNEON, scaleShiftNEON
	k.BatchNormBackwardSums, k.BatchNormBackwardInput = batchNormBackwardSumsNEON, batchNormBackwardInputNEON
	k.Adam, k.SGD = adamNEON, sgdNEON
	k.FromUint8, k.ToUint8 = fromUint8NEON, toUint8NEON
	k.Add, k.Axpy, k.Scale = addNEON, axpyNEON, scaleNEON
	k.Clamp = clampNEON
	k.AddCurve = addCurveNEON
	k.Sum, k.SqDist = sumNEON, sqDistNEON
	k.SoftmaxLoss = softmaxLossNEON
	k.GELU, k.GELUBackward = geluNEON, geluBackwardNEON
	return k
}()
