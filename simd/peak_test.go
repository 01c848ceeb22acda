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
	for _, row := range Rows() {
		t.Run(row.Name, func(t *testing.T) {
			for _, n := range []int{1, 2, 1000} {
				require.Equal(t, n*perStep[row.Name], row.Peak(n))
			}
		})
	}
}

func BenchmarkPeak(b *testing.B) {
	for _, row := range Rows() {
		b.Run("isa="+row.Name, func(b *testing.B) {
			flops := 0
			for b.Loop() {
				flops += row.Peak(PeakSteps)
			}
			b.ReportMetric(float64(flops)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
