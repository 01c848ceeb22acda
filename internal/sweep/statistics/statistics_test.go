package statistics

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMeanAndDeviation(t *testing.T) {
	x := []float64{2, 4, 4, 4, 5, 5, 7, 9}
	require.Equal(t, 5.0, Mean(x))
	require.InDelta(t, math.Sqrt(32.0/7), Deviation(x), 1e-15)
	require.True(t, math.IsNaN(Deviation(x[:1])))
}

// studentCDF is the probability that a variable is at most t, by its tails.
func studentCDF(t, nu float64) float64 {
	tail := studentTails(t, nu) / 2
	if t > 0 {
		return 1 - tail
	}
	return tail
}

// Values of scipy.stats.t.cdf, and of tables of the distribution.
func TestStudentTails(t *testing.T) {
	for _, c := range []struct{ t, nu, want float64 }{
		{-2.2, 4, 0.046326335089817296},
		{2.262157, 9, 0.9749999933477842},
		{2.776, 4, 0.975}, {12.706, 1, 0.975}, {1.96, 1e6, 0.975},
		{5, 30, 0.9999883516572665},
		{-12, 3, 0.000622507900394668},
		{0, 7, 0.5},
		{math.Inf(1), 5, 1}, {math.Inf(-1), 5, 0},
	} {
		tolerance := 1e-13
		if c.want == 0.975 {
			tolerance = 1e-4
		}
		require.InDelta(t, c.want, studentCDF(c.t, c.nu), tolerance, "t %v, nu %v", c.t, c.nu)
	}
	// One and two degrees of freedom have closed forms.
	for x := -30.0; x <= 30; x += 0.37 {
		require.InDelta(t, 0.5+math.Atan(x)/math.Pi, studentCDF(x, 1), 1e-14)
		require.InDelta(t, 0.5+x/(2*math.Sqrt(2+x*x)), studentCDF(x, 2), 1e-14)
		require.InDelta(t, 1, studentCDF(x, 13)+studentCDF(-x, 13), 1e-14)
	}
}

func TestPairedT(t *testing.T) {
	// scipy.stats.ttest_rel of 58.1 59.2 57.7 60.4 58.8 and 55 56.1 55.9 55.2 57.3
	statistic, p := PairedT([]float64{58.1 - 55, 59.2 - 56.1, 57.7 - 55.9, 60.4 - 55.2, 58.8 - 57.3})
	require.InDelta(t, 4.501289079311337, statistic, 1e-12)
	require.InDelta(t, 0.010811873398615817, p, 1e-13)

	statistic, p = PairedT([]float64{2, 2, 2})
	require.True(t, math.IsInf(statistic, 1))
	require.Zero(t, p)
	statistic, p = PairedT([]float64{0, 0})
	require.Zero(t, statistic)
	require.Equal(t, 1.0, p)
	require.Panics(t, func() { PairedT([]float64{1}) })
}

// An interval of a normal sample is close to the textbook's, mean -/+ 1.96
// standard errors (of the deviation with n in its denominator).
func TestBootstrap(t *testing.T) {
	x := make([]float64, 400)
	for i := range x {
		x[i] = 10 + 3*math.Sin(float64(i)*1.7)
	}
	n := float64(len(x))
	half := 1.96 * Deviation(x) * math.Sqrt((n-1)/n) / math.Sqrt(n)
	low, high := Bootstrap(x, 0.95, 10_000, 1)
	require.InDelta(t, Mean(x)-half, low, 0.02*3)
	require.InDelta(t, Mean(x)+half, high, 0.02*3)
	again, _ := Bootstrap(x, 0.95, 10_000, 1)
	require.Equal(t, low, again)
	low, high = Bootstrap([]float64{4, 4}, 0.95, 100, 1)
	require.Equal(t, [2]float64{4, 4}, [2]float64{low, high})
}
