package simd

// generic is the row in plain Go that every other row begins as a copy of.
var generic = Kernels{
	Name: "generic",

	Peak: peakGeneric,

	MR: 4, NR: 16,
	Gemm:      gemmGeneric,
	Transpose: transposeGeneric,
	Gather:    gatherGeneric,
	Prefetch:  prefetchGeneric,
	Scatter:   scatterGeneric,
	Split:     splitGeneric,
	Join:      joinGeneric,

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

	Depthwise:        depthwiseGeneric,
	DepthwiseWeights: depthwiseWeightsGeneric,

	Moments:      momentsGeneric,
	Affine:       affineGeneric,
	AffineReduce: affineReduceGeneric,
	AffineGrad:   affineGradGeneric,

	Adam:      adamGeneric,
	SGD:       sgdGeneric,
	FromUint8: fromUint8Generic,
	ToUint8:   toUint8Generic,
}
