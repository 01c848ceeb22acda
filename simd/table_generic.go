package simd

// generic is the kernel set in plain Go that every other set begins as a copy of.
var generic = Kernels{
	Name: "generic",

	Peak: peakGeneric,

	MR: 4, NR: 16,
	Gemm:          gemmGeneric,
	GemmTiles:     EachTile(gemmGeneric, prefetchGeneric),
	GemmGather:    gemmGatherGeneric,
	Transpose:     transposeGeneric,
	Gather:        gatherGeneric,
	Prefetch:      prefetchGeneric,
	Scatter:       scatterGeneric,
	Deinterleave2: deinterleave2Generic,
	Interleave2:   interleave2Generic,

	GemmPairs:      gemmPairsGeneric,
	TransposePairs: transposePairsGeneric,
	GatherPairs:    gatherPairsGeneric,

	WinogradInput:         winogradInputGeneric,
	WinogradInputAdjoint:  winogradInputAdjointGeneric,
	WinogradOutput:        winogradOutputGeneric,
	WinogradOutputAdjoint: winogradOutputAdjointGeneric,
	WinogradFilter:        winogradFilterGeneric,
	WinogradFilterAdjoint: winogradFilterAdjointGeneric,

	Add:    addGeneric,
	Axpy:   axpyGeneric,
	Scale:  scaleGeneric,
	Sum:    sumGeneric,
	SqDist: sqDistGeneric,
	Clamp:  clampGeneric,

	AddCurve: addCurveGeneric,

	SoftmaxLoss: softmaxLossGeneric,

	GELU:         geluGeneric,
	GELUBackward: geluBackwardGeneric,

	ReLU:             reluGeneric,
	ReLUBackward:     reluBackwardGeneric,
	ReLU6Backward:    relu6BackwardGeneric,
	Dropout:          dropoutGeneric,
	AvgPool2:         avgPool2Generic,
	AvgPool2Backward: avgPool2BackwardGeneric,
	MaxPool2:         maxPool2Generic,
	MaxPool2Backward: maxPool2BackwardGeneric,
	MaxPool3:         maxPool3Generic,
	MaxPool3Backward: maxPool3BackwardGeneric,

	Depthwise:            depthwiseGeneric,
	DepthwiseWeights:     depthwiseWeightsGeneric,
	DepthwiseRows:        depthwiseRowsGeneric,
	DepthwiseRowsWeights: depthwiseRowsWeightsGeneric,
	DepthwiseInPlace:     func(*DepthwiseRows) bool { return false },

	SumSumSq:               sumSumSqGeneric,
	ScaleShift:             scaleShiftGeneric,
	BatchNormBackwardSums:  batchNormBackwardSumsGeneric,
	BatchNormBackwardInput: batchNormBackwardInputGeneric,

	Adam:      adamGeneric,
	SGD:       sgdGeneric,
	FromUint8: fromUint8Generic,
	ToUint8:   toUint8Generic,
}
