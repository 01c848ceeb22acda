package simd

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPeakCountsItsOperations(t *testing.T) {
	// multiply-adds in a step x lanes x 2
	perStep := map[string]int{
		"generic": 12 * 2,
		"avx2":    24 * 8 * 2,
		"avx512":  24 * 16 * 2,
		"neon":    24 * 4 * 2,
	}
	for _, k := range Available() {
		t.Run(k.Name, func(t *testing.T) {
			for _, n := range []int{1, 2, 1000} {
				require.Equal(t, n*perStep[k.Name], k.Peak(n))
			}
		})
	}
}

func BenchmarkPeak(b *testing.B) {
	for _, k := range Available() {
		b.Run("isa="+k.Name, func(b *testing.B) {
			flops := 0
			for b.Loop() {
				flops += k.Peak(PeakSteps)
			}
			b.ReportMetric(float64(flops)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
