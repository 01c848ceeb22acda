//go:build !purego

package simd

import (
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// candidates lists the kernel sets of this build, best first.
var candidates = []candidate{
	{&avx512, missingAVX512},
	{&avx2, missingAVX2},
	{&generic, nothingMissing},
}

var avx2 = func() Kernels {
	k := generic
	k.Name = "avx2"
	k.Peak = peakAVX2
	k.MR, k.NR, k.Gemm, k.GemmTiles = 6, 16, gemmAVX2, gemmTilesAVX2
	k.Prefetch, k.Scatter = prefetchAVX2, scatterAVX2
	k.Deinterleave2, k.Interleave2 = deinterleave2AVX2, interleave2AVX2
	k.Transpose, k.Gather = transposeAVX2, gatherAVX2
	k.GemmPairs, k.TransposePairs, k.GatherPairs = gemmPairsAVX2, transposePairsAVX2, gatherPairsAVX2
	k.WinogradInput, k.WinogradInputAdjoint = winogradInputAVX2, winogradInputAdjointAVX2
	k.WinogradOutput, k.WinogradOutputAdjoint = winogradOutputAVX2, winogradOutputAdjointAVX2
	k.WinogradFilter, k.WinogradFilterAdjoint = winogradFilterAVX2, winogradFilterAdjointAVX2
	k.ReLU, k.ReLUBackward, k.ReLU6Backward = reluAVX2, reluBackwardAVX2, relu6BackwardAVX2
	k.Dropout = dropoutAVX2
	k.AvgPool2, k.AvgPool2Backward = avgPool2AVX2, avgPool2BackwardAVX2
	k.MaxPool2, k.MaxPool2Backward = anyWidth(maxPool2AVX2, maxPool2BackwardAVX2)
	k.MaxPool3, k.MaxPool3Backward = anyWidth3(maxPool3AVX2), wide3(maxPool3BackwardAVX2)
	k.Depthwise, k.DepthwiseWeights = sliding(depthwiseAVX2, depthwiseSlideAVX2, 8), depthwiseWeightsAVX2
	k.DepthwiseInPlace = depthwiseEdges
	k.DepthwiseRows = depthwiseStrides(sevens(depthwiseRowsAVX2, depthwiseRows7AVX2), sevens(depthwiseRows2AVX2, depthwiseRows14AVX2), depthwiseRows2TurnedAVX2)
	k.DepthwiseRowsWeights = depthwiseStrides(sevens(depthwiseRowsWeightsAVX2, depthwiseRowsWeights7AVX2), depthwiseRows2WeightsAVX2, nil)
	k.SumSumSq, k.ScaleShift = sumSumSqAVX2, scaleShiftAVX2
	k.BatchNormBackwardSums, k.BatchNormBackwardInput = batchNormBackwardSumsAVX2, batchNormBackwardInputAVX2
	k.Adam, k.SGD = adamAVX2, sgdAVX2
	k.FromUint8, k.ToUint8 = fromUint8AVX2, toUint8AVX2
	k.Add, k.Axpy, k.Scale = addAVX2, axpyAVX2, scaleAVX2
	k.Clamp = clampAVX2
	k.AddCurve = addCurveAVX2
	k.Sum, k.SqDist = sumAVX2, sqDistAVX2
	k.SoftmaxLoss = softmaxLossAVX2
	k.GELU, k.GELUBackward = geluAVX2, geluBackwardAVX2
	return k
}()

var avx512 = func() Kernels {
	k := avx2
	k.Name = "avx512"
	k.Peak = peakAVX512
	k.MR, k.NR, k.Gemm, k.GemmTiles = 14, 32, gemmAVX512, EachTile(gemmAVX512, prefetchAVX2)
	k.StridedB, k.SparseLines = true, true
	k.GemmGather, k.GemmGathers = gemmGatherAVX512, true
	k.Scatter = scatterAVX512
	k.Deinterleave2, k.Interleave2 = deinterleave2AVX512, interleave2AVX512
	k.Transpose, k.Gather = transposeAVX512, gatherAVX512
	k.GemmPairs = gemmPairsFMAAVX512
	if cpuid.CPU.Supports(cpuid.AVX512BF16) {
		k.TransposePairs, k.GatherPairs = transposePairsAVX512, gatherPairsAVX512
		// An Intel Xeon takes as long for VDPBF16PS as for four VFMADD231PS.
		if cpuid.CPU.VendorID != cpuid.Intel {
			k.GemmPairs = gemmPairsAVX512
		}
	}
	k.WinogradInput, k.WinogradInputAdjoint = winogradInputAVX512, winogradInputAdjointAVX512
	k.WinogradOutput, k.WinogradOutputAdjoint = winogradOutputAVX512, winogradOutputAdjointAVX512
	k.WinogradFilter, k.WinogradFilterAdjoint = winogradFilterAVX512, winogradFilterAdjointAVX512
	k.ReLU, k.ReLUBackward = reluAVX512, reluBackwardAVX512
	k.MaxPool2, k.MaxPool2Backward = maxPool2AVX512, maxPool2BackwardAVX512
	k.MaxPool3, k.MaxPool3Backward, k.MaxPool3InPlace = maxPool3AVX512, maxPool3BackwardAVX512, true
	k.DepthwiseInPlace = func(*DepthwiseRows) bool { return true }
	k.DepthwiseRows = depthwiseStrides(depthwiseRowsAVX512, depthwiseRows2AVX512, depthwiseRows2TurnedAVX512)
	k.DepthwiseRowsWeights = depthwiseStrides(depthwiseRowsWeightsAVX512, depthwiseRows2WeightsAVX512, nil)
	k.SumSumSq, k.ScaleShift = sumSumSqAVX512, scaleShiftAVX512
	k.BatchNormBackwardSums, k.BatchNormBackwardInput = batchNormBackwardSumsAVX512, batchNormBackwardInputAVX512
	k.Adam, k.SGD = adamAVX512, sgdAVX512
	k.FromUint8, k.ToUint8 = fromUint8AVX512, toUint8AVX512
	k.Add, k.Axpy, k.Scale = addAVX512, axpyAVX512, scaleAVX512
	k.Clamp = clampAVX512
	k.Sum, k.SqDist = sumAVX512, sqDistAVX512
	k.SoftmaxLoss = softmaxLossAVX512
	k.GELU, k.GELUBackward = geluAVX512, geluBackwardAVX512
	return k
}()

// missingAVX2 gates on every extension that the kernels of the set use: virtual
// machines may hide any single bit. cpuid also asks the operating system
// (XGETBV) whether it saves the registers.
func missingAVX2() string {
	return missingFeatures(cpuid.AVX, cpuid.AVX2, cpuid.FMA3, cpuid.BMI2)
}

func missingAVX512() string {
	if runtime.GOOS == "darwin" {
		return "macOS does not preserve AVX-512 mask registers across signals"
	}
	return missingFeatures(cpuid.AVX, cpuid.AVX2, cpuid.FMA3, cpuid.BMI2,
		cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
}

func missingFeatures(ids ...cpuid.FeatureID) string {
	var missing []string
	for _, id := range ids {
		if !cpuid.CPU.Supports(id) {
			missing = append(missing, id.String())
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return "the CPU or the system on it lacks " + strings.Join(missing, ", ")
}
