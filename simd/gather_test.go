package simd

import (
	"testing"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

func TestGather(t *testing.T) {
	const (
		counts = 9
		widest = 70
		buf    = counts * (widest + 3)
	)
	forEachISA(t, func(t *testing.T, k *Kernels) {
		want := make([]float32, buf)
		for _, side := range guard.Sides {
			dstRoom, src := guard.Make[float32](t, buf, side), guard.Make[float32](t, 2*widest, side)
			offsetRoom := guard.Make[int32](t, counts, side)
			pattern(src, 1<<16)
			for n := 1; n <= widest; n++ {
				for count := 1; count <= counts; count++ {
					for origin := 0; origin < len(src); origin += 33 {
						dstRow := n + origin%4
						dst := beside(dstRoom, (count-1)*dstRow+n, side)
						offsets := offsetRoom[:count]
						if side == guard.Tail {
							offsets = offsetRoom[counts-count:]
						}
						// The first and the last place of src, then some between.
						last := len(src) - n
						for i := range offsets {
							offsets[i] = int32([]int{0, last, last / 2, last / 3, last}[i%5] - origin)
						}
						pattern(dst, 0)
						want := want[:len(dst)]
						copy(want, dst)
						for i, o := range offsets {
							copy(want[i*dstRow:][:n], src[origin+int(o):])
						}
						k.Gather(&dst[0], &src[origin], &offsets[0], count, dstRow, n)
						requireSameBits(t, want, dst, "%d runs of %d to rows of %d, guard at the %v", count, n, dstRow, side)
					}
				}
			}
		}
	})
}

func BenchmarkGather(b *testing.B) {
	const count = 144
	for _, k := range Available() {
		for _, s := range []struct {
			name string
			n    int
		}{{"n=NR", k.NR}, {"n=28", 28}, {"n=16", 16}, {"n=10", 10}, {"n=5", 5}} {
			b.Run("isa="+k.Name+"/"+s.name, func(b *testing.B) {
				src, dst := make([]float32, 8192), make([]float32, 8192)
				offsets := make([]int32, count)
				for i := range offsets {
					offsets[i] = int32(i % 9 * 33)
				}
				b.SetBytes(int64(4 * count * s.n))
				for b.Loop() {
					k.Gather(&dst[0], &src[0], &offsets[0], count, 32, s.n)
				}
			})
		}
	}
}
