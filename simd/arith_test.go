package simd

import "testing"

// elementwise runs a kernel of one operand read and one updated at every length
// and place, in memory of its own and in place.
func elementwise(t *testing.T, run func(k *Kernels, y, x []float32), exact func(y, x float32) float32) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		ys, xs := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			oldY, oldX := edgy(make([]float32, n), n), edgy(make([]float32, n), n+2)
			want, wantInPlace := make([]float32, n), make([]float32, n)
			for i, x := range oldX {
				want[i] = exact(oldY[i], x)
				wantInPlace[i] = exact(x, x)
			}
			for place := range places {
				y, x := ys.put(oldY, place), xs.put(oldX, place)
				run(k, y, x)
				requireMatch(t, k, want, y, 1e-7, "n=%d, place %d", n, place)
				requireSameNumbers(t, oldX, x, "n=%d: input", n)
				ys.requireCanaries(t)
				run(k, x, x)
				requireMatch(t, k, wantInPlace, x, 1e-7, "n=%d in place", n)
				xs.requireCanaries(t)
			}
		}
	})
}

func TestAdd(t *testing.T) {
	elementwise(t, func(k *Kernels, y, x []float32) { k.Add(y, x) },
		func(y, x float32) float32 { return y + x })
}

func TestAxpy(t *testing.T) {
	const alpha = 0.7
	elementwise(t, func(k *Kernels, y, x []float32) { k.Axpy(alpha, x, y) },
		func(y, x float32) float32 { return fma32(alpha, x, y) })
}

func TestScale(t *testing.T) {
	const alpha = -1.3
	elementwise(t, func(k *Kernels, y, _ []float32) { k.Scale(alpha, y) },
		func(y, _ float32) float32 { return y * alpha })
}

func TestClamp(t *testing.T) {
	for _, bounds := range [][2]float32{{0, 1}, {-0.25, 0}, {-0x1p-127, 12345}} {
		lo, hi := bounds[0], bounds[1]
		elementwise(t, func(k *Kernels, y, _ []float32) { k.Clamp(y, lo, hi) },
			func(y, _ float32) float32 {
				switch {
				case y < lo:
					return lo
				case y > hi:
					return hi
				}
				return y // also NaN, and a zero whose sign differs from the bound's
			})
	}
}

func TestArithmeticAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, longest), make([]float32, longest)
		requireNoAllocs(t, func() {
			k.Add(y, x)
			k.Axpy(2, x, y)
			k.Scale(2, x)
			k.Clamp(x, 0, 1)
		})
	})
}

func BenchmarkAxpy(b *testing.B) {
	for _, k := range Available() {
		for _, n := range []int{1 << 10, 1 << 14, 1 << 22} {
			x, y := wave(make([]float32, n), 1), wave(make([]float32, n), 2)
			b.Run(benchName(k, n), func(b *testing.B) {
				b.SetBytes(12 * int64(n))
				for b.Loop() {
					k.Axpy(1e-3, x, y)
				}
			})
		}
	}
}
