package simd

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// The exact twins: the arithmetic of avx2, avx512 and neon, one rounding for each
// multiply-add.

func exactExpm1(r float32) float32 {
	p := float32(exp6)
	for _, c := range []float32{exp5, exp4, exp3, exp2} {
		p = fma32(p, r, c)
	}
	return fma32(r*r, p, r)
}

func exactExp(x float32) float32 {
	x = min(max(x, expLowest), expHighest)
	shifted := fma32(x, log2e, roundShift)
	n := shifted - roundShift
	r := fma32(-n, ln2Hi, x)
	r = fma32(-n, ln2Lo, r)
	return ldexp(1+exactExpm1(r), shifted)
}

func exactSigmoid(x float32) float32 {
	e := exactExp(-float32(math.Abs(float64(x))))
	q := e / (1 + e)
	if math.Signbit(float64(x)) {
		return fma32(-e, q, e)
	}
	return 1 - q
}

func exactLog(x float32) float32 {
	switch {
	case x < 0:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	case !(x <= math.MaxFloat32):
		return x
	}
	fraction, exponent := math.Frexp(float64(x))
	if float32(fraction) < math.Float32frombits(sqrtHalfBits) {
		fraction, exponent = 2*fraction, exponent-1
	}
	f, e := float32(fraction)-1, float32(exponent)
	p := float32(log10)
	for _, c := range []float32{log9, log8, log7, log6, log5, log4, log3} {
		p = fma32(p, f, c)
	}
	square := f * f
	y := p * f * square
	y = fma32(e, ln2Lo, y)
	y = fma32(-0.5, square, y)
	y += f
	return fma32(e, ln2Hi, y)
}

func sigmoid64(x float64) float64 {
	if x < 0 { // exact where 1+e^-x would overflow or round
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

// ulps returns the distance of got from want in units of the last place that a
// float32 of want's size has. Numbers beyond the range count as infinite.
func ulps(got float32, want float64) float64 {
	if math.IsNaN(want) && got != got || float32(want) == got && (math.IsInf(want, 0) || math.IsInf(float64(got), 0)) {
		return 0
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

// functions are the element-wise functions with their exact twins and float64
// references.
var functions = []struct {
	name      string
	run       func(k *Kernels, dst, src []float32)
	exact     func(x float32) float32
	reference func(x float64) float64
	ulps      float64
}{
	{"Exp", func(k *Kernels, dst, src []float32) { k.Exp(dst, src) }, exactExp, math.Exp, 2},
	{"Log", func(k *Kernels, dst, src []float32) { k.Log(dst, src) }, exactLog, math.Log, 2},
	{"Sigmoid", func(k *Kernels, dst, src []float32) { k.Sigmoid(dst, src) }, exactSigmoid, sigmoid64, 2},
	{"GELU", func(k *Kernels, dst, src []float32) { k.GELU(dst, src) }, exactGELU, gelu64, 2},
}

func TestFunctions(t *testing.T) {
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			forEachISA(t, func(t *testing.T, k *Kernels) {
				ys, xs := newShelf[float32](t, longest), newShelf[float32](t, longest)
				for n := range longest + 1 {
					in, want := wild(make([]float32, n), n), make([]float32, n)
					for i := range in {
						in[i] *= 10
						want[i] = f.exact(in[i])
					}
					for place := range places {
						y, x := ys.put(make([]float32, n), place), xs.put(in, place)
						f.run(k, y, x)
						requireMatch(t, k, want, y, 1e-6, "n=%d, place %d", n, place)
						requireSameNumbers(t, in, x, "n=%d: input", n)
						ys.requireCanaries(t)
						f.run(k, x, x)
						requireSameNumbers(t, y, x, "n=%d in place", n)
						xs.requireCanaries(t)
					}
				}
			})
		})
	}
}

// sweep returns count bit patterns spread evenly over all float32, starting with
// the neighbourhoods of zero, the infinities and NaN.
func sweep(count int) []float32 {
	s := make([]float32, count)
	for i := range s {
		s[i] = math.Float32frombits(uint32(uint64(i) << 32 / uint64(count)))
	}
	return append(s, peculiar...)
}

// TestFunctionsOverAllNumbers holds the error bounds, and the bits, over the
// whole of float32.
func TestFunctionsOverAllNumbers(t *testing.T) {
	xs := append(sweep(200_003), wave(make([]float32, 50_000), 1)...)
	for i := range 50_000 {
		xs = append(xs, 90*xs[len(xs)-50_000+i%25_000]) // where exp is finite
	}
	y := make([]float32, len(xs))
	for _, f := range functions {
		exact := make([]float32, len(xs))
		for i, x := range xs {
			exact[i] = f.exact(x)
		}
		t.Run(f.name, func(t *testing.T) {
			forEachISA(t, func(t *testing.T, k *Kernels) {
				f.run(k, y, xs)
				if k.Name != "generic" {
					requireSameNumbers(t, exact, y, "")
				}
				for i, x := range xs {
					want := f.reference(float64(x))
					if off := ulps(y[i], want); !(off <= f.ulps) {
						require.Failf(t, "inaccurate", "of %g (%#x): want %g, got %g, %.3g ulp off",
							x, math.Float32bits(x), want, y[i], off)
					}
				}
			})
		})
	}
}

func TestFunctionsAllocateNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, longest), make([]float32, longest)
		for _, f := range functions {
			requireNoAllocs(t, func() { f.run(k, y, x) })
		}
	})
}

func BenchmarkFunctions(b *testing.B) {
	for _, f := range functions {
		for _, k := range Rows() {
			for _, n := range []int{1 << 12, 1 << 22} {
				x, y := wave(make([]float32, n), 1), make([]float32, n)
				b.Run(f.name+"/"+benchName(k, n), func(b *testing.B) {
					b.SetBytes(8 * int64(n))
					for b.Loop() {
						f.run(k, y, x)
					}
				})
			}
		}
	}
}
