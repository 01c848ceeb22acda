package simd

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// TestDropout holds every kernel set against the source that defines the draws, also
// where the number of the block carries into the next word.
func TestDropout(t *testing.T) {
	const scale = 1.25
	forEachISA(t, func(t *testing.T, k *Kernels) {
		random := rand.New(rand.NewPCG(1, 2))
		xs, ys := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := 0; n <= longest; n += 8 {
			seed, stream, block := random.Uint64(), rng.Stream(random.Uint64()), random.Uint64()>>8
			if n%16 == 0 {
				block = 1<<32 - random.Uint64N(6)
			}
			threshold := uint32(random.IntN(1<<16 + 1))
			in := edgy(make([]float32, n), n)
			source := rng.New(seed, stream)
			source.SetCounter(4 * block)
			want := make([]float32, n)
			for i := 0; i < n; i += 2 {
				word := source.Uint32()
				for j, draw := range []uint32{word & 0xffff, word >> 16} {
					if draw >= threshold {
						want[i+j] = in[i+j] * scale
					}
				}
			}
			for place := range places {
				x, y := xs.put(in, place), ys.put(make([]float32, n), place)
				k.Dropout(y, x, seed, uint64(stream), block, threshold, scale)
				requireSameNumbers(t, want, y, "n=%d, place %d", n, place)
				requireSameNumbers(t, in, x, "n=%d: input", n)
				ys.requireCanaries(t)
				k.Dropout(x, x, seed, uint64(stream), block, threshold, scale)
				requireSameNumbers(t, want, x, "n=%d in place", n)
				xs.requireCanaries(t)
			}
		}
	})
}

// A rate of 0 keeps everything, one of 1 nothing, NaN and infinities included.
func TestDropoutRates(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x := edgy(make([]float32, 64), 1)
		y := make([]float32, len(x))
		k.Dropout(y, x, 1, 2, 3, 0, 1)
		requireSameNumbers(t, x, y, "rate 0")
		k.Dropout(y, x, 1, 2, 3, 1<<16, 1)
		require.Equal(t, make([]float32, len(x)), y)
	})
}

func TestDropoutAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, 64), make([]float32, 64)
		requireNoAllocs(t, func() { k.Dropout(y, x, 1, 2, 3, 1<<15, 2) })
	})
}

func BenchmarkDropout(b *testing.B) {
	for _, k := range Available() {
		b.Run("isa="+k.Name, func(b *testing.B) {
			x, y := make([]float32, 1<<12), make([]float32, 1<<12)
			b.SetBytes(8 << 12)
			for b.Loop() {
				k.Dropout(y, x, 1, 2, 3, 1<<15, 2)
			}
		})
	}
}
