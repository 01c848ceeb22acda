package simd

import "math"

// The exponential family works on slices of equal length, the same or disjoint,
// with an error of at most 2 ulp against the exact result. A call runs without
// preemption, so callers cut work at about 32 Ki elements.

// expGeneric computes dst[i] = e^src[i]. Results below the normal range are
// denormal, correctly rounded; those beyond it are 0 and +Inf.
func expGeneric(dst, src []float32) {
	for i, v := range src {
		dst[i] = exp(v)
	}
}

// logGeneric computes dst[i] = ln(src[i]): -Inf for zeros, NaN for negative
// elements.
func logGeneric(dst, src []float32) {
	for i, v := range src {
		dst[i] = log(v)
	}
}

// sigmoidGeneric computes dst[i] = 1/(1+e^-src[i]).
func sigmoidGeneric(dst, src []float32) {
	for i, v := range src {
		dst[i] = sigmoid(v)
	}
}

// e^x = 2^n (1+w) with n = round(x/ln 2), r = x - n ln 2 and w = e^r - 1: the
// range reduction of Cody and Waite, with ln 2 = ln2Hi + ln2Lo and n*ln2Hi
// exact. w is r + r^2 P(r), P being a minimax polynomial of degree 4 for the
// relative error of e^r in |r| <= ln(2)/2 (4e-9 with these coefficients).
const (
	log2e = 1.4426950408889634
	ln2Hi = 0.693359375
	ln2Lo = -2.12194440054690583e-4

	exp2 = 0.49999994
	exp3 = 0.1666652
	exp4 = 0.0416684
	exp5 = 0.008368851
	exp6 = 0.001381432

	// Adding it rounds a number below 2^22 to an integer, to nearest even, and
	// leaves that integer in the low bits.
	roundShift = 3 << 22

	// Beyond these bounds the result is 0 or +Inf anyway.
	expLowest, expHighest = -104, 89
)

func exp(x float32) float32 {
	if x < expLowest {
		x = expLowest
	}
	if x > expHighest {
		x = expHighest
	}
	shifted := x*log2e + roundShift
	n := shifted - roundShift
	r := x - n*ln2Hi
	r -= n * ln2Lo
	return ldexp(1+expm1(r), shifted)
}

// expm1 returns w = e^r - 1 for |r| <= ln(2)/2.
func expm1(r float32) float32 {
	p := float32(exp6)
	p = p*r + exp5
	p = p*r + exp4
	p = p*r + exp3
	p = p*r + exp2
	return r*r*p + r
}

// ldexp returns p * 2^n with one rounding, n being in the low bits of
// shifted = n + roundShift. The factor is applied in two halves so that each is
// a normal number.
func ldexp(p, shifted float32) float32 {
	n := math.Float32bits(shifted)
	half := n >> 1
	const one = 127 << 23
	p *= math.Float32frombits(half<<23 + one)
	return p * math.Float32frombits((n-half)<<23+one)
}

// ln x = e ln 2 + ln(1+f) with x = 2^e (1+f), sqrt(1/2) <= 1+f < sqrt(2), and
// ln(1+f) = f - f^2/2 + f^3 P(f), P being a minimax polynomial of degree 7 for
// the relative error (6e-9 with these coefficients).
const (
	log3  = 0.3333333
	log4  = -0.2500082
	log5  = 0.20001227
	log6  = -0.16623357
	log7  = 0.14201757
	log8  = -0.13160183
	log9  = 0.12761578
	log10 = -0.076344974

	sqrtHalfBits = 0x3f3504f3
	minNormal    = 0x1p-126
)

func log(x float32) float32 {
	scaled, e := x, float32(0)
	if x < minNormal { // denormals have no implicit leading bit
		scaled, e = x*0x1p23, -23
	}
	bits := int32(math.Float32bits(scaled)) - sqrtHalfBits
	e += float32(bits >> 23)
	f := math.Float32frombits(uint32(bits&0x7fffff+sqrtHalfBits)) - 1

	p := float32(log10)
	p = p*f + log9
	p = p*f + log8
	p = p*f + log7
	p = p*f + log6
	p = p*f + log5
	p = p*f + log4
	p = p*f + log3
	square := f * f
	y := p * f * square
	y += e * ln2Lo
	y -= 0.5 * square
	y += f
	y += e * ln2Hi
	switch {
	case x < 0:
		return float32(math.NaN())
	case x == 0:
		return float32(math.Inf(-1))
	case x <= math.MaxFloat32:
		return y
	}
	return x // +Inf and NaN
}

// sigmoid works on e = e^-|x|, which neither overflows nor loses the small
// results of negative x. Taking e - e*q for e/(1+e) = q, and 1 - q for
// 1/(1+e), keeps the rounding error of 1+e out of them.
func sigmoid(x float32) float32 {
	e := exp(-float32(math.Abs(float64(x))))
	q := e / (1 + e)
	if x < 0 {
		return e - e*q
	}
	return 1 - q
}
