package tensor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
)

func TestFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, kernels := range simd.Available() {
		e := NewEngineOn(1, kernels)
		require.True(t, Finite(e, nil))
		for _, n := range []int{1, 17, simd.MaxCall, 2*simd.MaxCall + 5} {
			x := make([]float32, n)
			for i := range x {
				x[i] = math.MaxFloat32 // the sum overflows, the elements are finite
			}
			require.True(t, Finite(e, x), "%s, %d elements", kernels.Name, n)
			for _, i := range []int{0, n / 2, n - 1} {
				for _, v := range []float32{inf, -inf, float32(math.NaN())} {
					x[i] = v
					require.False(t, Finite(e, x), "%s, %v at %d of %d", kernels.Name, v, i, n)
				}
				x[i] = 0
			}
			if n > 1 { // infinities that would cancel
				x[0], x[n-1] = inf, -inf
				require.False(t, Finite(e, x), kernels.Name)
			}
		}
	}
}
