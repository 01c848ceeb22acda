package simd

import "math"

// exp and log, as every kernel set computes them within the kernels that need
// them: softmax and its losses. Their error is at most 2 ulp of the exact result.

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

// exp returns e^x. Results below the normal range are denormal, correctly rounded;
// those beyond it are 0 and +Inf.
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

// log returns ln x: -Inf for zeros, NaN for negative x.
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
