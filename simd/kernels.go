package simd

// Kernels is the kernel set of one instruction set: every kernel of the engine, as
// a function. A set begins as a copy of the next lower one and overrides what its
// instruction set does faster, so no field is ever nil.
//
// The contract of each kernel is the doc comment of its generic twin
// (<family>_generic.go). Slices of one call have equal lengths unless stated;
// the packages above check them, the kernels do not. A kernel of many operands takes
// a struct, which it only reads (GemmTiles may change its embedded tile); callers keep
// one for each worker, because what is handed to a function value escapes.
// Every kernel gives the same bits on avx2, avx512 and neon.
type Kernels struct {
	// Name is the instruction set: generic, avx2, avx512 or neon.
	Name string

	// Peak runs n steps of nothing but multiply-adds and returns the operations
	// done, see peakGeneric.
	Peak func(n int) (flops int)

	// Matrix multiplication and the data movement that feeds it.

	// MR and NR are the largest m and n that Gemm takes: the register tile.
	MR, NR int
	// PackedA says that Gemm needs the rows of A interleaved (aRow == 1).
	PackedA bool
	// StridedB says that Gemm reads rows of B that lie apart, unless they alias or begin
	// within cache lines, as fast as packed ones.
	StridedB bool
	// SparseLines says that Gemm knows Sparse, see GemmTile.
	SparseLines bool
	// Gemm computes one register tile, see gemmGeneric.
	Gemm func(t *GemmTile)
	// GemmTiles computes register tiles one below the other, see EachTile.
	GemmTiles func(t *GemmTiles)
	// GemmGather packs a panel of 32 columns of B as it computes a register tile, see
	// gemmGatherGeneric. GemmGathers tells that this is faster than Gather before Gemm;
	// otherwise it is the generic one and NR may be less.
	GemmGather  func(t *GemmTile, rows *GatherRows)
	GemmGathers bool
	// Transpose copies a matrix transposed, see transposeGeneric.
	Transpose func(dst, src *float32, rows, cols, dstRow, srcRow int)
	// Gather copies the same short run from many places, see gatherGeneric.
	Gather func(dst, src *float32, offsets *int32, count, dstRow, n int)
	// Prefetch begins to fetch many runs, see prefetchGeneric.
	Prefetch func(src *float32, offsets *int32, count int)
	// Scatter adds many rows to places of their own, see scatterGeneric.
	Scatter func(dst, src *float32, offsets *int32, count, srcRow, n int)
	// Deinterleave2 parts elements with even numbers from odd ones, see
	// deinterleave2Generic; Interleave2 is the inverse.
	Deinterleave2 func(even, odd, src *float32, rows, n, dstRow, srcRow int)
	Interleave2   func(dst, even, odd *float32, rows, n, dstRow, srcRow int)

	// The same on pairs of bfloat16 numbers: the register tile, see gemmPairsGeneric, and
	// what packs its operands, see transposePairsGeneric and gatherPairsGeneric.

	GemmPairs      func(t *GemmTile)
	TransposePairs func(dst, src *float32, rows, cols, dstRow, srcRow int)
	GatherPairs    func(dst, src *float32, offsets *int32, count, dstRow, n int)

	// Winograd transforms, see winograd_generic.go.

	WinogradInput         func(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int)
	WinogradInputAdjoint  func(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int)
	WinogradOutput        func(t *WinogradOutputs)
	WinogradFilter        func(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
	WinogradFilterAdjoint func(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
	WinogradOutputAdjoint func(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int)

	// Vector arithmetic and reductions.

	Add    func(y, x []float32)                // y += x
	Axpy   func(alpha float32, x, y []float32) // y += alpha*x
	Scale  func(alpha float32, x []float32)    // x *= alpha
	Sum    func(x []float32) float32           // 16 virtual lanes
	SqDist func(x, y []float32) float32        // sum (x-y)^2, 16 virtual lanes
	Clamp  func(x []float32, lo, hi float32)   // x = min(max(x, lo), hi), NaN stays
	// AddCurve is x += a curve's value at x, from samples of it, see addCurveGeneric.
	AddCurve func(x, samples []float32)

	// SoftmaxLoss is the fused softmax, cross-entropy and entropy of one row of
	// logits with the gradient of their weighted sum; grad may be nil.
	SoftmaxLoss func(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32)

	// Activations and pooling.

	ReLU         func(y, x []float32)      // y = max(x, 0)
	ReLUBackward func(dx, dy, y []float32) // dx = y > 0 ? dy : 0
	// ReLU6Backward is dx = 0 < y < 6 ? dy : 0; forward ReLU6 is Clamp.
	ReLU6Backward func(dx, dy, y []float32)
	GELU          func(y, x []float32)      // y = x*sigmoid(1.702x)
	GELUBackward  func(dx, dy, x []float32) // dx = dy * d(GELU)/dx (x)
	// Dropout zeroes elements and scales the others, see dropoutGeneric.
	Dropout func(y, x []float32, seed, stream, block uint64, threshold uint32, scale float32)
	// AvgPool2 is the mean of windows of 2x2, see avgPool2Generic.
	AvgPool2         func(y, x *float32, rows, n int)
	AvgPool2Backward func(dx, dy *float32, rows, n int)
	// MaxPool2 pools consecutive planes of h x w by 2x2 with stride 2, through
	// ReLU if asked; arg, for the backward pass, may be nil.
	MaxPool2 func(y []float32, arg []uint8, x []float32, h, w int, relu bool)
	// MaxPool2Backward spreads dy over planes of h x w, writing all of dx.
	MaxPool2Backward func(dx, dy []float32, arg []uint8, h, w int)
	// MaxPool3 is MaxPool2 for windows of 3x3 and planes that have pad, 0 or 1, rows and columns
	// of padding around them.
	MaxPool3         func(y []float32, arg []uint8, x []float32, h, w, pad int, relu bool)
	MaxPool3Backward func(dx, dy []float32, arg []uint8, h, w, pad int)
	// MaxPool3InPlace tells that these two are faster with padding than without it on copies.
	MaxPool3InPlace bool

	// Depthwise convolution, one plane a call.

	// Depthwise is the forward pass and, with the taps turned around, the backward
	// pass to the data, see depthwiseGeneric.
	Depthwise func(p *DepthwisePlane)
	// DepthwiseWeights is the backward pass to the weights, see
	// depthwiseWeightsGeneric.
	DepthwiseWeights func(p *DepthwisePlane)
	// DepthwiseRows is Depthwise for filters of 3x3 and 5x5, several
	// planes a call, which need not be padded, see depthwiseRowsGeneric.
	DepthwiseRows func(p *DepthwiseRows)
	// DepthwiseRowsWeights is the backward pass to their weights, see
	// depthwiseRowsWeightsGeneric.
	DepthwiseRowsWeights func(p *DepthwiseRows)
	// DepthwiseInPlace tells by what the forward pass is given, but for pointers, whether these two do it
	// and the backward passes faster than the kernels above do on padded copies. What it is given must keep to
	// DepthwiseRows' contract, which it does not check. Where it says no, only the generic kernels may be called.
	DepthwiseInPlace func(p *DepthwiseRows) bool

	// Batch normalisation of consecutive planes of n elements, the other slices
	// having one entry for each plane; act is the activation fused behind it.

	// SumSumSq computes sum = sum(x-shift) and sumSq = sum((x-shift)^2).
	SumSumSq func(sum, sumSq, x, shift []float32, n int)
	// ScaleShift computes y = act(x*scale + shift).
	ScaleShift func(y, x, scale, shift []float32, n int, act Activation)
	// BatchNormBackwardSums and BatchNormBackwardInput are the two sweeps of the
	// backward pass, see batchNormBackwardSumsGeneric and batchNormBackwardInputGeneric.
	BatchNormBackwardSums  func(t *BatchNormGradient)
	BatchNormBackwardInput func(t *BatchNormGradient)

	// Optimiser steps and byte images.

	Adam      func(p, g, m, v []float32, s *AdamStep)
	SGD       func(p, g, buf []float32, s *SGDStep)
	FromUint8 func(dst []float32, src []uint8, mean, std float32)    // dst = (src/255 - mean) / std
	ToUint8   func(dst []uint8, src []float32, black, white float32) // black to 0, white to 255, truncating
}

// MaxCall is how many elements callers give to one call of a kernel on slices, save
// where the shape says otherwise. Assembly can't be preempted, so a call must be
// short; and that much stays in a core's own cache.
const MaxCall = 1 << 14

// Activation is an element-wise function fused into another kernel.
type Activation int

const (
	Identity Activation = iota // z
	ReLU                       // max(z, 0)
	ReLU6                      // min(max(z, 0), 6)
	GELU                       // z*sigmoid(1.702 z)
)
