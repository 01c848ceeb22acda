package simd

import "math"

// The sigmoid approximation of GELU, y = x*sigmoid(1.702x) (Hendrycks and
// Gimpel, 2016). Slices have equal lengths and are the same or disjoint. A call
// runs without preemption, so callers cut work at about 32 Ki elements.

// geluGeneric computes y[i] = x[i]*sigmoid(1.702 x[i]), within 2.2 ulp of the
// exact result. It is NaN for +Inf.
func geluGeneric(y, x []float32) {
	for i, v := range x {
		y[i] = gelu(v)
	}
}

// geluBackwardGeneric computes dx[i] = dy[i]*gelu'(x[i]), the input gradient,
// where gelu'(x) = s + 1.702 x s (1-s) with s = sigmoid(1.702 x).
func geluBackwardGeneric(dx, dy, x []float32) {
	for i, v := range x {
		dx[i] = dy[i] * geluSlope(v)
	}
}

const (
	// 1.702 in two parts: the float32 constant alone would cost 0.2 ulp for each
	// unit of x in the tail.
	geluScale   = float32(1.702)
	geluScaleLo = float32(1.702 - float64(geluScale))

	// Below it x*sigmoid(1.702x) is 0.
	geluLowest = -64
)

// geluExp returns m = -|x|, raised to geluLowest, and e^1.702m = 2^n (1+w). The
// product 1.702m goes into exp's range reduction unrounded; the other rows do
// that by fused multiply-adds, with both constants in two parts.
func geluExp(x float32) (m, w, shifted float32) {
	m = -float32(math.Abs(float64(x)))
	if m < geluLowest {
		m = geluLowest
	}
	shifted = m*(geluScale*log2e) + roundShift
	n := shifted - roundShift
	r := float64(m)*1.702 - float64(n)*math.Ln2
	return m, expm1(float32(r)), shifted
}

// gelu is x - x*q for x >= 0 and, with e = e^-1.702|x| = 2^n (1+w) and
// q = e/(1+e), xe - xe*q for x < 0. xe comes from x*2^n, so that neither e's
// rounding nor its underflow enters.
func gelu(x float32) float32 {
	m, w, shifted := geluExp(x)
	e := ldexp(1+w, shifted)
	q := e / (1 + e)
	if x < 0 {
		x = ldexp(m, shifted)
		x += x * w
	}
	return x - x*q
}

// geluSlope returns the derivative of gelu.
func geluSlope(x float32) float32 {
	_, w, shifted := geluExp(x)
	e := ldexp(1+w, shifted)
	q := e / (1 + e)
	s, rest := 1-q, q // s and 1-s
	if x < 0 {
		s, rest = e-e*q, 1-q
	}
	return s * (geluScale*x*rest + 1)
}
