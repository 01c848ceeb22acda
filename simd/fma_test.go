package simd

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// fma32 returns x*y + z rounded once: what every fused instruction computes. The
// product is exact in float64 (float32(math.FMA(x, y, z)) rounds twice).
func fma32(x, y, z float32) float32 {
	return float32(sumToOdd(float64(x)*float64(y), float64(z)))
}

func TestFMA32RoundsOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	number := func(bias int) float32 {
		m := float64(1<<23+random.Uint32N(1<<23)) * float64(2*random.IntN(2)-1)
		if random.IntN(4) == 0 {
			m = math.Trunc(m / 0x1p20) // few bits: ties
		}
		return float32(math.Ldexp(m, bias+random.IntN(30)))
	}
	for range 200000 {
		bias := -40 - 110*random.IntN(2) // results around 1 or around the denormals
		x, y, z := number(bias), number(-40), number(bias-40+23)
		exact := new(big.Float).SetPrec(2000).SetFloat64(float64(x))
		exact.Mul(exact, big.NewFloat(float64(y)).SetPrec(2000))
		exact.Add(exact, big.NewFloat(float64(z)).SetPrec(2000))
		want, _ := exact.Float32()
		require.Equal(t, want, fma32(x, y, z), "%g * %g + %g", x, y, z)
	}
	inf := float32(math.Inf(1))
	require.Equal(t, inf, fma32(inf, 2, 3))
	require.True(t, math.IsNaN(float64(fma32(inf, 0, 3))))
	require.True(t, math.IsNaN(float64(fma32(inf, 1, -inf))))
	require.Equal(t, math.Float32bits(float32(math.Copysign(0, -1))),
		math.Float32bits(fma32(float32(math.Copysign(0, -1)), 1, float32(math.Copysign(0, -1)))))
}
