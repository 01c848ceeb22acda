package simd

import "math"

// The sigmoid approximation of GELU, y = x*sigmoid(1.702x) (Hendrycks and
// Gimpel, 2016). Slices have equal lengths and are the same or disjoint. A call
// runs without preemption, so callers cut work at about 32 Ki elements.

// geluGeneric computes y[i] = x[i]*sigmoid(1.702 x[i]), within 2 ulp of the exact
// result. Anything below -51.3 counts as -51.3, where y is -6e-37.
func geluGeneric(y, x []float32) {
	for i, v := range x {
		y[i] = gelu(v)
	}
}

// geluBackwardGeneric computes dx[i] = dy[i]*gelu'(x[i]), the input gradient,
// where gelu'(x) = s + 1.702 x s (1-s) with s = sigmoid(1.702 x), is within 3e-7.
func geluBackwardGeneric(dx, dy, x []float32) {
	for i, v := range x {
		dx[i] = dy[i] * geluSlope(v)
	}
}

// Both need e^-1.702x = 2^n (1+w), with g = 1.702x log2(e) + n, |g| <= 1/2, and
// w = 2^-g - 1 = -g P(-g), P being a minimax polynomial of degree 5 for the relative
// error of 2^-g (3e-9 with these coefficients). Without a constant term the error
// of the sum 1 + e^-1.702x is little more than its rounding.
const (
	gelu1 = 0.6931472
	gelu2 = 0.24022648
	gelu3 = 0.055503596
	gelu4 = 0.009618501
	gelu5 = 0.0013390984
	gelu6 = 0.00015328544

	// Adding it rounds a small number to an integer, like roundShift, and leaves
	// that integer plus the bias of exponents in the low bits.
	exponentShift = roundShift + 127

	geluScale = 1.702

	// 1.702 log2(e) in two parts: the first alone would cost an ulp for every 20
	// units of x.
	geluLog2e   = float32(geluScale * log2e)
	geluLog2eLo = float32(geluScale*log2e - float64(geluLog2e))

	// Beyond it 2^n would leave the normal range.
	geluHighest = 51.3
)

// gelu is x / (1+e^-1.702x). The product 1.702x log2(e) goes into g unrounded; the
// other kernel sets do that by fused multiply-adds, with the constant in two parts.
func gelu(x float32) float32 {
	x = max(x, -geluHighest)
	t := min(x, geluHighest)
	shifted := exponentShift - t*geluLog2e
	n := shifted - exponentShift
	g := float32(float64(t)*(geluScale*log2e) + float64(n))
	p := float32(gelu6)
	p = p*-g + gelu5
	p = p*-g + gelu4
	p = p*-g + gelu3
	p = p*-g + gelu2
	p = p*-g + gelu1
	w := p * -g
	power := math.Float32frombits(math.Float32bits(shifted) << 23)
	return x / (power + (power*w + 1))
}

// 2^-g = 1 - slope1 g + slope2 g^2 ..., a minimax polynomial for its relative error in
// |g| <= 1/2 (1e-7 with these coefficients).
const (
	slope1 = 0.693147
	slope2 = 0.24022247
	slope3 = 0.055507123
	slope4 = 0.009671314
	slope5 = 0.001326901

	// Beyond it (1+e)^2 would leave the range, and the slope is 0 or 1.
	slopeHighest = 63
)

// geluSlope returns gelu'(x). With u = 1.702x and e = e^-u that is
//
//	gelu'(x) = s + u s (1-s) = (1 + e + u e) / (1+e)^2
//
// since s = 1/(1+e). An absolute error is what counts, so e = 2^n 2^-g may be rounded.
func geluSlope(x float32) float32 {
	t := min(max(x*geluLog2e, -slopeHighest), slopeHighest)
	shifted := roundShift - t
	g := t + (shifted - roundShift)
	p := float32(slope5)
	p = p*-g + slope4
	p = p*-g + slope3
	p = p*-g + slope2
	p = p*-g + slope1
	p = p*-g + 1
	e := math.Float32frombits(math.Float32bits(p) + math.Float32bits(shifted)<<23)
	d := 1 + e
	return (t*math.Ln2*e + d) / (d * d)
}
