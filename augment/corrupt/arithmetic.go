package corrupt

import "math"

// exp returns e^x to a few ulp for -700 < x <= 0. math.Exp has assembly on some
// architectures and may differ there.
func exp(x float64) float64 {
	const ln2High, ln2Low = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	n := math.Floor(x/math.Ln2 + 0.5)
	r := x - float64(n*ln2High) - float64(n*ln2Low)
	sum := 1.0
	for k := 16; k >= 1; k-- {
		sum = 1 + float64(r*sum)/float64(k)
	}
	return math.Ldexp(sum, int(n))
}

// sinCos returns the sine and the cosine of an angle of at most 180 degrees
// either way, from their series.
func sinCos(degrees float64) (sin, cos float64) {
	x := degrees * (math.Pi / 180)
	term := 1.0
	for k := 1; k < 40; k += 2 {
		sign := float64(2 - k%4) // +1, -1, ...
		cos += float64(sign * term)
		term = term * x / float64(k)
		sin += float64(sign * term)
		term = term * x / float64(k+1)
	}
	return sin, cos
}

// dot returns ax*bx + ay*by.
func dot(ax, ay, bx, by float64) float64 { return float64(ax*bx) + float64(ay*by) }

// lerp goes from a at t = 0 to b at t = 1.
func lerp(a, b, t float64) float64 { return a + float64((b-a)*t) }

// ceil returns the smallest integer that is not below v.
func ceil(v float64) int { return int(math.Ceil(v)) }
