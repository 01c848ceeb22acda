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
	k.Scatter = scatterNEON
	k.Transpose, k.Gather = transposeNEON, gatherNEON
	return k
}()

func missingNEON() string {
	if !cpuid.CPU.Supports(cpuid.ASIMD) {
		return "the CPU lacks ASIMD"
	}
	return ""
}
