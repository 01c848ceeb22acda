package simd

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// TestScatter: every n, with the source and the destination against a page that
// can't be touched, places that coincide, and negative offsets.
func TestScatter(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		r := rand.New(rand.NewSource(1))
		for n := 1; n <= 130; n++ {
			for _, count := range []int{1, 2, 7} {
				for _, side := range guard.Sides {
					srcRow := n + r.Intn(5)
					src := guard.Make[float32](t, (count-1)*srcRow+n, side)
					span := n + 40
					dst := guard.Make[float32](t, span, side)
					want := make([]float32, span)
					for i := range src {
						src[i] = r.Float32()
					}
					for i := range dst {
						dst[i] = r.Float32()
						want[i] = dst[i]
					}
					const base = 20
					offsets := make([]int32, count)
					for i := range offsets {
						offsets[i] = int32(r.Intn(41)) - base
					}
					offsets[0], offsets[count-1] = -base, 40-base
					if count > 2 {
						offsets[1] = offsets[2]
					}
					scatterGeneric(&want[base], &src[0], &offsets[0], count, srcRow, n)
					k.Scatter(&dst[base], &src[0], &offsets[0], count, srcRow, n)
					require.Equal(t, want, append([]float32(nil), dst...), "n %d, count %d", n, count)
				}
			}
		}
	})
}
