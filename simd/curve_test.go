package simd

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAddCurve: a cubic polynomial comes back as it is, to the bit by every kernel set, for
// every length and number of samples, with nothing else read or written.
func TestAddCurve(t *testing.T) {
	polynomial := func(x float64) float64 { return 0.3 - x*(0.7-x*(1.1-0.5*x)) }
	for _, steps := range []int{1, 2, 7, 510} {
		samples := make([]float32, steps+3)
		for i := range samples {
			samples[i] = float32(polynomial(float64(i-1) / float64(steps)))
		}
		var first [][]float32
		forEachISA(t, func(t *testing.T, k *Kernels) {
			xs, curves := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, len(samples))
			for n := range longest + 1 {
				in, want := make([]float32, n), make([]float32, n)
				for i := range in {
					in[i] = float32((i*29+n)%131) / 130
					want[i] = float32(float64(in[i]) + polynomial(float64(in[i])))
				}
				for place := range places {
					x, curve := xs.put(in, place), curves.put(samples, place)
					k.AddCurve(x, curve)
					requireClose(t, want, x, 1e-6, "%d steps, n=%d, place %d", steps, n, place)
					if len(first) <= n {
						first = append(first, append([]float32{}, x...))
					}
					requireSameNumbers(t, first[n], x, "%d steps, n=%d, place %d", steps, n, place)
					xs.requireCanaries(t)
				}
			}
		})
		require.Len(t, first, longest+1)
	}
}

// An x that is out of place reads no samples that are not there.
func TestAddCurveOutside(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		xs, curves := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, 4)
		for place := range places {
			x, curve := xs.put(edgy(make([]float32, longest), place), place), curves.put(make([]float32, 4), place)
			k.AddCurve(x, curve)
			xs.requireCanaries(t)
		}
	})
}

func TestAddCurveAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, samples := make([]float32, longest), make([]float32, longest)
		requireNoAllocs(t, func() { k.AddCurve(x, samples) })
	})
}
