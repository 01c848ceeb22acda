package simd

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
)

func TestFromUint8(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		dsts, srcs := newGuardedBuf[float32](t, longest), newGuardedBuf[uint8](t, longest)
		for n := range longest + 1 {
			in, want := make([]uint8, n), make([]float32, n)
			for i := range in {
				in[i] = uint8(37*i + n)
				want[i] = (float32(in[i])/255 - 0.485) / 0.229
			}
			for place := range places {
				dst, src := dsts.put(make([]float32, n), place), srcs.put(in, place)
				k.FromUint8(dst, src, 0.485, 0.229)
				requireSameNumbers(t, want, dst, "n=%d, place %d", n, place)
				dsts.requireCanaries(t)
			}
		}
	})
}

func TestToUint8(t *testing.T) {
	const black, white = -1.5, 2.25
	forEachISA(t, func(t *testing.T, k *Kernels) {
		dsts, srcs := newGuardedBuf[uint8](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			in, want := edgy(make([]float32, n), n), make([]uint8, n)
			for i, v := range in {
				grey := float64((v - black) / (white - black))
				if grey > 0 { // so not NaN
					want[i] = uint8(float32(math.Min(grey, 1)) * 255)
				}
			}
			for place := range places {
				dst, src := dsts.put(make([]uint8, n), place), srcs.put(in, place)
				k.ToUint8(dst, src, black, white)
				require.Equal(t, want, dst, "n=%d, place %d", n, place)
				dsts.requireCanaries(t)
			}
		}
	})
}

// TestBytesMatchTorchvision holds the published conversion, both ways, to the
// bit.
func TestBytesMatchTorchvision(t *testing.T) {
	read := func(name string) npy.Array {
		a, err := npy.Read("testdata/quantise_" + name + ".npy")
		require.NoError(t, err)
		return a
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		src := make([]uint8, 256)
		for i := range src {
			src[i] = uint8(i)
		}
		normalised, back := make([]float32, 256), make([]uint8, 256)
		k.FromUint8(normalised, src, 0.5, 0.5)
		require.Equal(t, read("normalised").Float32, normalised)
		k.ToUint8(back, normalised, -1, 1)
		require.Equal(t, read("roundtrip").Bytes, back)

		values := read("values").Float32
		bytes := make([]uint8, len(values))
		k.ToUint8(bytes, values, -1, 1)
		require.Equal(t, read("bytes").Bytes, bytes)
	})
}

func TestBytesAllocateNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, b := make([]float32, longest), make([]uint8, longest)
		requireNoAllocs(t, func() {
			k.ToUint8(b, x, -1, 1)
			k.FromUint8(x, b, 0.5, 0.5)
		})
	})
}
