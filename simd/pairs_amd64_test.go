//go:build !purego

package simd

import (
	"math"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/stretchr/testify/require"
)

// TestPairsWithoutBF16 tests what the set avx512 has where the CPU lacks AVX512_BF16.
func TestPairsWithoutBF16(t *testing.T) {
	if why := missingAVX512(); why != "" {
		t.Skip(why)
	}
	k := avx512
	k.GemmPairs, k.TransposePairs, k.GatherPairs = gemmPairsFMAAVX512, transposePairsAVX2, gatherPairsAVX2
	testGemmPairs(t, &k)
	testPackPairs(t, &k)
}

// TestPairsByInstruction tests VDPBF16PS also where the set avx512 does without it, on
// CPUs of Intel.
func TestPairsByInstruction(t *testing.T) {
	if why := missingAVX512(); why != "" {
		t.Skip(why)
	}
	if !cpuid.CPU.Supports(cpuid.AVX512BF16) {
		t.Skip("the CPU lacks AVX512_BF16")
	}
	k := avx512
	k.GemmPairs = gemmPairsAVX512
	testFlush(t, &k)
	testGemmPairs(t, &k)
}

// TestPairRows: rows of every length, with nothing written behind them.
func TestPairRows(t *testing.T) {
	if why := missingAVX2(); why != "" {
		t.Skip(why)
	}
	evens, odds, pairs := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
	for n := 1; n <= longest; n++ {
		want := make([]float32, n)
		even, odd := edgy(make([]float32, n), n), edgy(make([]float32, n), n+1)
		pairRowsGeneric(&want[0], &even[0], &odd[0], n)
		for place := range places {
			got := pairs.put(make([]float32, n), place)
			pairRowsAVX2(&got[0], &evens.put(even, place)[0], &odds.put(odd, place)[0], n)
			for i, w := range want {
				require.Equal(t, math.Float32bits(w), math.Float32bits(got[i]), "n=%d, place %d, element %d", n, place, i)
			}
			pairs.requireCanaries(t)
		}
	}
}
