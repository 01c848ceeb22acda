package simd

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// pattern fills s with bits that differ from element to element and are those of
// signalling NaNs: whatever is not a plain move changes them.
func pattern(s []float32, first uint32) {
	for i := range s {
		s[i] = math.Float32frombits(0x7f800001 + first + uint32(i))
	}
}

// beside returns the n elements of memory that touch its guard page.
func beside(memory []float32, n int, side guard.Side) []float32 {
	if side == guard.Head {
		return memory[:n]
	}
	return memory[len(memory)-n:]
}

func requireSameBits(t *testing.T, want, got []float32, format string, args ...any) {
	t.Helper()
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			require.Equal(t, math.Float32bits(want[i]), math.Float32bits(got[i]), append([]any{format + ", at %d"}, append(args, i)...)...)
		}
	}
}

func TestTranspose(t *testing.T) {
	sizes := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 18, 23, 24, 25, 31, 32, 33, 48, 49}
	type padding struct{ dst, src int }
	const buf = 64 * 64
	forEachISA(t, func(t *testing.T, k *Kernels) {
		want := make([]float32, buf)
		for _, side := range guard.Sides {
			dstRoom, srcRoom := guard.Make[float32](t, buf, side), guard.Make[float32](t, buf, side)
			for _, rows := range sizes {
				for _, cols := range sizes {
					for _, pad := range []padding{{0, 0}, {3, 0}, {0, 1}, {5, 7}} {
						dstRow, srcRow := rows+pad.dst, cols+pad.src
						dst := beside(dstRoom, (cols-1)*dstRow+rows, side)
						src := beside(srcRoom, (rows-1)*srcRow+cols, side)
						pattern(src, 1<<16)
						pattern(dst, 0)
						want := want[:len(dst)]
						copy(want, dst)
						for i := range rows {
							for j := range cols {
								want[j*dstRow+i] = src[i*srcRow+j]
							}
						}
						k.Transpose(&dst[0], &src[0], rows, cols, dstRow, srcRow)
						requireSameBits(t, want, dst, "%d x %d, rows of %d to rows of %d, guard at the %v", rows, cols, srcRow, dstRow, side)
					}
				}
			}
		}
	})
}

// TestTransposeLargestCounts has row and column counts above 255, where a count
// kept in eight bits would wrap.
func TestTransposeLargestCounts(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, size := range [][2]int{{257, 3}, {3, 257}, {257, 255}, {13, 4096}, {4096, 13}} {
			rows, cols := size[0], size[1]
			src, dst, want := make([]float32, rows*cols), make([]float32, rows*cols), make([]float32, rows*cols)
			pattern(src, 0)
			for i := range rows {
				for j := range cols {
					want[j*rows+i] = src[i*cols+j]
				}
			}
			k.Transpose(&dst[0], &src[0], rows, cols, rows, cols)
			requireSameBits(t, want, dst, "%d x %d", rows, cols)
		}
	})
}

func BenchmarkTranspose(b *testing.B) {
	shapes := []struct {
		name       string
		rows, cols int
	}{
		{"13x256", 13, 256}, // packs rows of A
		{"8x256", 8, 256},
		{"256x3", 256, 3},   // channels last
		{"3x1024", 3, 1024}, // and the way there
		{"96x512", 96, 512},
		{"64x64", 64, 64},
	}
	for _, k := range Available() {
		for _, s := range shapes {
			b.Run("isa="+k.Name+"/"+s.name, func(b *testing.B) {
				src, dst := make([]float32, s.rows*s.cols), make([]float32, s.rows*s.cols)
				b.SetBytes(int64(8 * len(src)))
				for b.Loop() {
					k.Transpose(&dst[0], &src[0], s.rows, s.cols, s.rows, s.cols)
				}
			})
		}
	}
}
