package simd

import (
	"slices"
	"testing"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// TestInterleave2: every n, one row and several, close together and apart, all slices
// against a page that can't be touched; what lies between rows stays.
func TestInterleave2(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for n := 1; n <= 130; n++ {
			for _, side := range guard.Sides {
				rows := 1 + n%3
				apart := n % 2 * 3
				half, whole := n+apart, 2*n+2*apart+1
				size := func(row, n int) int { return (rows-1)*row + n }
				even, odd := guard.Make[float32](t, size(half, n), side), guard.Make[float32](t, size(half, n), side)
				src, dst := guard.Make[float32](t, size(whole, 2*n), side), guard.Make[float32](t, size(whole, 2*n), side)
				pattern(src, 1<<16)
				pattern(even, 1<<10)
				pattern(odd, 1<<11)
				pattern(dst, 1<<12)
				wantEven, wantOdd, wantDst := slices.Clone(even), slices.Clone(odd), slices.Clone(dst)
				for r := range rows {
					for i := range n {
						wantEven[r*half+i], wantOdd[r*half+i] = src[r*whole+2*i], src[r*whole+2*i+1]
					}
					copy(wantDst[r*whole:][:2*n], src[r*whole:])
				}
				k.Deinterleave2(&even[0], &odd[0], &src[0], rows, n, half, whole)
				requireSameBits(t, wantEven, even, "%d rows of %d, even", rows, n)
				requireSameBits(t, wantOdd, odd, "%d rows of %d, odd", rows, n)
				k.Interleave2(&dst[0], &even[0], &odd[0], rows, n, whole, half)
				requireSameBits(t, wantDst, dst, "%d rows of %d", rows, n)
			}
		}
	})
}
