package simd

import "testing"

func TestReLU(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		xs, ys := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			in := edgy(make([]float32, n), n)
			want := make([]float32, n)
			for i, v := range in {
				want[i] = v
				if v < 0 {
					want[i] = 0
				}
			}
			for place := range places {
				x, y := xs.put(in, place), ys.put(make([]float32, n), place)
				k.ReLU(y, x)
				requireSameNumbers(t, want, y, "n=%d, place %d", n, place)
				requireSameNumbers(t, in, x, "n=%d: input", n)
				ys.requireCanaries(t)
				k.ReLU(x, x)
				requireSameNumbers(t, want, x, "n=%d in place", n)
				xs.requireCanaries(t)
			}
		}
	})
}

func TestReLUBackward(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		ys, gs, ds := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			out, grad := edgy(make([]float32, n), n), edgy(make([]float32, n), n+1)
			want := make([]float32, n)
			for i, v := range out {
				if v > 0 {
					want[i] = grad[i]
				}
			}
			for place := range places {
				y, dy, dx := ys.put(out, place), gs.put(grad, place), ds.put(out, place)
				k.ReLUBackward(dx, dy, y)
				requireSameNumbers(t, want, dx, "n=%d, place %d", n, place)
				requireSameNumbers(t, out, y, "n=%d: y", n)
				ds.requireCanaries(t)
				k.ReLUBackward(dy, dy, y)
				requireSameNumbers(t, want, dy, "n=%d in place", n)
				gs.requireCanaries(t)
			}
		}
	})
}

func TestReLU6Backward(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		ys, gs, ds := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			out, grad := edgy(make([]float32, n), n), edgy(make([]float32, n), n+1)
			for i := range out {
				if i%5 == 0 {
					out[i] = float32(i % 8) // 0, 6 and what is between and beyond
				}
			}
			want := make([]float32, n)
			for i, v := range out {
				if v > 0 && v < 6 {
					want[i] = grad[i]
				}
			}
			for place := range places {
				y, dy, dx := ys.put(out, place), gs.put(grad, place), ds.put(out, place)
				k.ReLU6Backward(dx, dy, y)
				requireSameNumbers(t, want, dx, "n=%d, place %d", n, place)
				requireSameNumbers(t, out, y, "n=%d: y", n)
				ds.requireCanaries(t)
				k.ReLU6Backward(dy, dy, y)
				requireSameNumbers(t, want, dy, "n=%d in place", n)
				gs.requireCanaries(t)
			}
		}
	})
}

func TestReLUAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, longest), make([]float32, longest)
		requireNoAllocs(t, func() {
			k.ReLU(y, x)
			k.ReLUBackward(x, y, y)
			k.ReLU6Backward(x, y, y)
		})
	})
}
