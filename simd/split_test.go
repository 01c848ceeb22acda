package simd

import (
	"testing"

	"github.com/meada-cpu/meada-cpu/internal/guard"
)

// TestSplit: every n, all slices against a page that can't be touched.
func TestSplit(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for n := 1; n <= 130; n++ {
			for _, side := range guard.Sides {
				even, odd := guard.Make[float32](t, n, side), guard.Make[float32](t, n, side)
				src, dst := guard.Make[float32](t, 2*n, side), guard.Make[float32](t, 2*n, side)
				pattern(src, 1<<16)
				k.Split(&even[0], &odd[0], &src[0], n)
				wantEven, wantOdd := make([]float32, n), make([]float32, n)
				for i := range n {
					wantEven[i], wantOdd[i] = src[2*i], src[2*i+1]
				}
				requireSameBits(t, wantEven, even, "n %d, even", n)
				requireSameBits(t, wantOdd, odd, "n %d, odd", n)
				k.Join(&dst[0], &even[0], &odd[0], n)
				requireSameBits(t, append([]float32(nil), src...), dst, "n %d", n)
			}
		}
	})
}
