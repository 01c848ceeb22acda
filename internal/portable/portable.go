// Package portable holds elementary functions that have the same bits on every
// architecture. Those of package math have assembly on some, and elsewhere the
// compiler may fuse a product into an addition; here every product that an
// addition follows is rounded explicitly.
package portable

import "math"

// Log returns the natural logarithm of a positive normal number to about 1 ulp.
func Log(x float64) float64 {
	// x = m 2^e with sqrt(1/2) <= m < sqrt(2), and ln m = 2 artanh f.
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f := (m - 1) / (m + 1)
	f2 := f * f
	sum := 0.0
	for k := 21; k >= 3; k -= 2 {
		sum = float64(f2*sum) + 1/float64(k)
	}
	return float64(float64(e)*math.Ln2) + (2*f + float64(2*f*float64(f2*sum)))
}

// The logarithm of 2 in two parts; products of the first and integers below
// 2^11 are exact.
const (
	ln2High = 0x1.62e42fefa38p-1
	ln2Low  = 0x1.ef35793c7673p-45
)

// Exp returns e to the power x to about 1 ulp; results below the normal numbers
// are 0, and a NaN stays one.
func Exp(x float64) float64 {
	switch {
	case x < -708:
		return 0
	case x > 709:
		return math.Inf(1)
	case math.IsNaN(x):
		return x
	}
	// x = k ln 2 + r with |r| <= ln(2)/2.
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := (x - float64(k*ln2High)) - float64(k*ln2Low)
	// The Taylor series, by Horner's scheme.
	sum := 1.0
	for n := 13; n > 0; n-- {
		sum = 1 + float64(sum*r)/float64(n)
	}
	return math.Ldexp(sum, int(k))
}

// Half of pi in two parts; products of the first and integers below 2^20 are
// exact.
const (
	halfPiHigh = 0x1.921fb544p+0
	halfPiLow  = 0x1.0b4611a626331p-34
)

// SinCos returns the sine and the cosine of x to about 1 ulp of 1, for
// magnitudes below 10^6.
func SinCos(x float64) (sin, cos float64) {
	// x = k pi/2 + r with |r| <= pi/4.
	k := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := (x - float64(k*halfPiHigh)) - float64(k*halfPiLow)
	// Both Taylor series, by Horner's scheme.
	square := float64(r * r)
	sin, cos = 1, 1
	for n := 18.0; n > 0; n -= 2 {
		sin = 1 - float64(sin*square)/(n*(n+1))
		cos = 1 - float64(cos*square)/(n*(n-1))
	}
	sin *= r
	switch int(k) & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// Median5 returns the median of five numbers, none of them NaN.
func Median5(v [5]float32) float32 {
	// The largest and the smallest of four are not the median of five; with the
	// fifth that leaves three.
	low := max(min(v[0], v[1]), min(v[2], v[3]))
	high := min(max(v[0], v[1]), max(v[2], v[3]))
	return max(min(low, high), min(max(low, high), v[4]))
}
