//go:build !purego

package simd

import "github.com/klauspost/cpuid/v2"

// candidates lists the rows of this build, best first.
var candidates = []candidate{
	{&neon, missingNEON},
	{&generic, nothingMissing},
}

var neon = func() Kernels {
	k := generic
	k.Name = "neon"
	k.Peak = peakNEON
	k.MR, k.NR, k.PackedA, k.Gemm = 8, 12, true, gemmNEON
	k.Prefetch, k.Scatter = prefetchNEON, scatterNEON
	k.Transpose, k.Gather = transposeNEON, gatherNEON
	k.ReLU, k.ReLUBackward = reluNEON, reluBackwardNEON
	k.MaxPool2, k.MaxPool2Backward = anyWidth(maxPool2NEON, maxPool2BackwardNEON)
	k.Adam, k.SGD = adamNEON, sgdNEON
	k.FromUint8, k.ToUint8 = fromUint8NEON, toUint8NEON
	return k
}()

func missingNEON() string {
	if !cpuid.CPU.Supports(cpuid.ASIMD) {
		return "the CPU lacks ASIMD"
	}
	return ""
}
