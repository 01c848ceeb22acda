package portable

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExp(t *testing.T) {
	for i := -708_000; i <= 709_000; i += 7 {
		x := float64(i) / 1000
		require.InEpsilon(t, math.Exp(x), Exp(x), 5e-16, "%v", x)
	}
	require.Equal(t, 1.0, Exp(0))
	require.Zero(t, Exp(-709))
	require.Zero(t, Exp(math.Inf(-1)))
	require.True(t, math.IsInf(Exp(710), 1))
	require.True(t, math.IsNaN(Exp(math.NaN())))
}

func TestLog(t *testing.T) {
	for i := range 100_000 {
		x := math.Ldexp(1+math.Mod(float64(i)*math.Phi, 1), i%100-50)
		want := math.Log(x)
		require.InDelta(t, want, Log(x), 4e-16*max(1, math.Abs(want)), "ln %v", x)
	}
	require.Zero(t, Log(1))
}

func TestSinCos(t *testing.T) {
	for i := -100_000; i <= 100_000; i++ {
		x := float64(i) / 997
		sin, cos := SinCos(x)
		require.InDelta(t, math.Sin(x), sin, 3e-16, "sin %v", x)
		require.InDelta(t, math.Cos(x), cos, 3e-16, "cos %v", x)
	}
	sin, cos := SinCos(0)
	require.Zero(t, sin)
	require.Equal(t, 1.0, cos)
}

func TestMedian5(t *testing.T) {
	t.Parallel()
	for code := range 3125 {
		var v [5]float32
		for i, rest := 0, code; i < 5; i, rest = i+1, rest/5 {
			v[i] = float32(rest % 5)
		}
		sorted := slices.Sorted(slices.Values(v[:]))
		require.Equal(t, sorted[2], Median5(v), "%v", v)
	}
}
