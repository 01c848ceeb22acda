package simd

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

func exactGELU(x float32) float32 {
	x = max(x, -geluHighest)
	t := min(x, geluHighest)
	shifted := fma32(-t, geluLog2e, exponentShift)
	g := fma32(t, geluLog2e, shifted-exponentShift)
	g = fma32(t, geluLog2eLo, g)
	p := float32(gelu6)
	for _, c := range []float32{-gelu5, gelu4, -gelu3, gelu2, -gelu1} {
		p = fma32(p, g, c)
	}
	power := math.Float32frombits(math.Float32bits(shifted) << 23)
	return x / (power + fma32(power, p*g, 1))
}

func exactGELUSlope(x float32) float32 {
	t := min(max(x*geluLog2e, -slopeHighest), slopeHighest)
	shifted := roundShift - t
	g := t + (shifted - roundShift)
	p := float32(-slope5)
	for _, c := range []float32{slope4, -slope3, slope2, -slope1, 1} {
		p = fma32(p, g, c)
	}
	e := math.Float32frombits(math.Float32bits(p) + math.Float32bits(shifted)<<23)
	d := 1 + e
	return fma32(t*math.Ln2, e, d) / (d * d)
}

func sigmoid64(x float64) float64 {
	if x < 0 { // exact where 1+e^-x would overflow or round
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

func gelu64(x float64) float64 {
	x = max(x, float64(float32(-geluHighest)))
	return x * sigmoid64(1.702*x)
}

func TestGELU(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		ys, xs := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			in, want := edgy(make([]float32, n), n), make([]float32, n)
			for i := range in {
				in[i] *= 10
				want[i] = exactGELU(in[i])
			}
			for place := range places {
				y, x := ys.put(make([]float32, n), place), xs.put(in, place)
				k.GELU(y, x)
				requireMatch(t, k, want, y, 1e-6, "n=%d, place %d", n, place)
				requireSameNumbers(t, in, x, "n=%d: input", n)
				ys.requireCanaries(t)
				k.GELU(x, x)
				requireSameNumbers(t, y, x, "n=%d in place", n)
				xs.requireCanaries(t)
			}
		}
	})
}

// TestGELUOverAllNumbers holds the error bound, and the bits, over the whole of
// float32.
func TestGELUOverAllNumbers(t *testing.T) {
	xs := everywhere()
	exact, y := make([]float32, len(xs)), make([]float32, len(xs))
	for i, x := range xs {
		exact[i] = exactGELU(x)
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		k.GELU(y, xs)
		if k.Name != "generic" {
			requireSameNumbers(t, exact, y, "")
		}
		requireWithin2ULP(t, gelu64, xs, y)
	})
}

func TestGELUAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, longest), make([]float32, longest)
		requireNoAllocs(t, func() { k.GELU(y, x) })
	})
}

func TestGELUBackward(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		ds, gs, xs := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
		for n := range longest + 1 {
			in, grad := edgy(make([]float32, n), n), edgy(make([]float32, n), n+1)
			want := make([]float32, n)
			for i, x := range in {
				want[i] = grad[i] * exactGELUSlope(x)
			}
			for place := range places {
				x, dy, dx := xs.put(in, place), gs.put(grad, place), ds.put(in, place)
				k.GELUBackward(dx, dy, x)
				requireMatch(t, k, want, dx, 4e-6, "n=%d, place %d", n, place)
				requireSameNumbers(t, in, x, "n=%d: x", n)
				ds.requireCanaries(t)
				k.GELUBackward(dy, dy, x)
				requireSameNumbers(t, dx, dy, "n=%d in place", n)
				gs.requireCanaries(t)
			}
		}
	})
}

// TestGELUBackwardIsTheSlope compares with the difference quotient of the float64
// function.
func TestGELUBackwardIsTheSlope(t *testing.T) {
	const h = 1e-5
	x, ones, slope := make([]float32, 4001), make([]float32, 4001), make([]float32, 4001)
	for i := range x {
		x[i], ones[i] = float32(i-2000)/100, 1
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		k.GELUBackward(slope, ones, x)
		for i, v := range x {
			want := (gelu64(float64(v)+h) - gelu64(float64(v)-h)) / (2 * h)
			require.InDelta(t, want, slope[i], 3e-7, "x=%g", v)
		}
	})
}

func TestGELUMatchesPyTorch(t *testing.T) {
	v := vectors(t, "gelu1702")
	forEachISA(t, func(t *testing.T, k *Kernels) {
		y := make([]float32, len(v["x"].Data))
		k.GELU(y, v["x"].Data)
		requireClose(t, v["y"].Data, y, 5e-6, "y")
		k.GELUBackward(y, v["gy"].Data, v["x"].Data)
		requireClose(t, v["g_x"].Data, y, 5e-6, "g_x")
	})
}

// vectors reads numbers that PyTorch computed, by name.
func vectors(t *testing.T, name string) map[string]safetensors.Tensor {
	t.Helper()
	tensors, _, err := safetensors.Read("testdata/" + name + ".safetensors")
	require.NoError(t, err)
	byName := make(map[string]safetensors.Tensor)
	for _, x := range tensors {
		byName[x.Name] = x
	}
	return byName
}

func BenchmarkGELUBackward(b *testing.B) {
	for _, k := range Available() {
		for _, n := range []int{1 << 12, 1 << 22} {
			x, dy, dx := wave(make([]float32, n), 1), wave(make([]float32, n), 2), make([]float32, n)
			b.Run(benchName(k, n), func(b *testing.B) {
				b.SetBytes(12 * int64(n))
				for b.Loop() {
					k.GELUBackward(dx, dy, x)
				}
			})
		}
	}
}
