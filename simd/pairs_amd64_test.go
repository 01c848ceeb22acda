//go:build !purego

package simd

import (
	"testing"
)

// TestPairsWithoutBF16 tests what the set avx512 has where the CPU lacks VDPBF16PS.
func TestPairsWithoutBF16(t *testing.T) {
	if why := missingAVX512(); why != "" {
		t.Skip(why)
	}
	k := avx512
	k.GemmPairs, k.TransposePairs, k.GatherPairs = gemmPairsFMAAVX512, transposePairsAVX2, gatherPairsAVX2
	testGemmPairs(t, &k)
	testPackPairs(t, &k)
}
