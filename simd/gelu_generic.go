package simd

import "math"

// The sigmoid approximation of GELU, y = x*sigmoid(1.702x) (Hendrycks and
// Gimpel, 2016). Slices have equal lengths and are the same or disjoint. A call
// runs without preemption, so callers cut work at about 32 Ki elements.

// geluGeneric computes y[i] = x[i]*sigmoid(1.702 x[i]), within 2 ulp. It is NaN
// for -Inf, the product of -Inf and 0, as in PyTorch.
func geluGeneric(y, x []float32) {
	for i, v := range x {
		y[i] = v * geluGate(v)
	}
}

// geluBackwardGeneric computes dx[i] = dy[i]*(s + 1.702 x[i] s (1-s)) with
// s = sigmoid(1.702 x[i]): the input gradient of GELU.
func geluBackwardGeneric(dx, dy, x []float32) {
	for i, v := range x {
		dx[i] = dy[i] * geluSlope(v)
	}
}

// 1.702 in two parts: the float32 constant alone would cost 0.2 ulp for each
// unit of x in the result's tail.
const (
	geluScale   = float32(1.702)
	geluScaleLo = float32(1.702 - float64(geluScale))
)

// geluGate returns sigmoid(1.702x). The product goes into the range reduction
// of exp unrounded (with fused multiply-adds), see exp and sigmoid.
func geluGate(x float32) float32 {
	m := -float32(math.Abs(float64(x)))
	if m < geluLowest {
		m = geluLowest
	}
	t := m*(geluScale*log2e) + roundShift
	n := t - roundShift
	r := m*geluScale - n*ln2Hi
	r = m*geluScaleLo + r
	r -= n * ln2Lo
	e := ldexp(expReduced(r), t)
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// Beyond it sigmoid(1.702x) is 0.
const geluLowest = -61.25

// geluSlope returns the derivative of GELU.
func geluSlope(x float32) float32 {
	s := geluGate(x)
	return s * (geluScale*x*(1-s) + 1)
}
