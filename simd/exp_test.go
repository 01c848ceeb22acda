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

// ulps returns the distance of got from want in units of the last place that a
// float32 of want's size has. Numbers beyond the range count as infinite.
func ulps(got float32, want float64) float64 {
	if math.IsNaN(want) && got != got || float32(want) == got && (math.IsInf(want, 0) || math.IsInf(float64(got), 0)) {
		return 0
	}
	_, exponent := math.Frexp(want)
	return math.Abs(float64(got)-want) / math.Ldexp(1, max(exponent-24, -149))
}

// sweep returns count bit patterns spread evenly over all float32, starting with
// the neighbourhoods of zero, the infinities and NaN.
func sweep(count int) []float32 {
	s := make([]float32, count)
	for i := range s {
		s[i] = math.Float32frombits(uint32(uint64(i) << 32 / uint64(count)))
	}
	return append(s, edgeValues...)
}

// everywhere is a sweep and more numbers where exp is finite.
func everywhere() []float32 {
	xs := append(sweep(200_003), wave(make([]float32, 50_000), 1)...)
	for i := range 50_000 {
		xs = append(xs, 90*xs[len(xs)-50_000+i%25_000])
	}
	return xs
}

// requireWithin2ULP compares y, a function's results for xs, with float64.
func requireWithin2ULP(t *testing.T, reference func(float64) float64, xs, y []float32) {
	for i, x := range xs {
		want := reference(float64(x))
		if off := ulps(y[i], want); !(off <= 2) {
			require.Failf(t, "inaccurate", "of %g (%#x): want %g, got %g, %.3g ulp off",
				x, math.Float32bits(x), want, y[i], off)
		}
	}
}

// TestExpAndLogOverAllNumbers holds the error bounds of the generic functions and
// of the twins that the kernels are compared with, bit for bit, in the losses.
func TestExpAndLogOverAllNumbers(t *testing.T) {
	xs := everywhere()
	y := make([]float32, len(xs))
	for _, f := range []struct {
		name      string
		f         func(float32) float32
		reference func(float64) float64
	}{
		{"exp", exp, math.Exp},
		{"exactExp", exactExp, math.Exp},
		{"log", log, math.Log},
		{"exactLog", exactLog, math.Log},
	} {
		t.Run(f.name, func(t *testing.T) {
			for i, x := range xs {
				y[i] = f.f(x)
			}
			requireWithin2ULP(t, f.reference, xs, y)
		})
	}
}
