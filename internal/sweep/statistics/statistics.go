// Package statistics tells whether one method is better than another by the
// results of both on the same seeds.
package statistics

import (
	"fmt"
	"math"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Mean returns the mean of x, NaN of nothing.
func Mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// Deviation returns the sample standard deviation of x, with n-1 in the
// denominator; NaN for fewer than two values.
func Deviation(x []float64) float64 {
	mean, sum := Mean(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}

// PairedT is Student's t-test of whether the mean of paired differences is 0:
// its statistic and two-sided p-value, for two differences or more.
func PairedT(differences []float64) (t, p float64) {
	n := float64(len(differences))
	if n < 2 {
		panic(fmt.Sprintf("statistics: t-test of %v differences", n))
	}
	mean, deviation := Mean(differences), Deviation(differences)
	if mean == 0 {
		return 0, 1 // even where the deviation is 0 too
	}
	t = mean / (deviation / math.Sqrt(n))
	return t, studentTails(t, n-1)
}

// studentTails is the probability that a variable of Student's t distribution with nu
// degrees of freedom lies farther from 0 than t, on either side: I_x(nu/2, 1/2) at x = nu/(nu+t^2).
func studentTails(t, nu float64) float64 {
	if math.IsInf(t, 0) {
		return 0
	}
	return incompleteBeta(nu/(nu+t*t), nu/2, 0.5)
}

// incompleteBeta is the regularised incomplete beta function I_x(a, b), by its
// continued fraction (DLMF 8.17.22), evaluated by Lentz's method on the side of
// the mean where it converges fast.
func incompleteBeta(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(1-x, b, a)
	}
	const tiny, enough = 1e-300, 1e-16
	awayFromZero := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/awayFromZero(1-(a+b)*x/(a+1))
	fraction := d
	for m := 1.0; m < 10_000; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		previous := fraction
		for _, term := range []float64{even, odd} {
			d = 1 / awayFromZero(1+term*d)
			c = awayFromZero(1 + term/c)
			fraction *= c * d
		}
		if math.Abs(fraction-previous) <= enough*fraction {
			break
		}
	}
	lgAB, _ := math.Lgamma(a + b)
	lgA, _ := math.Lgamma(a)
	lgB, _ := math.Lgamma(b)
	return fraction * math.Exp(a*math.Log(x)+b*math.Log1p(-x)+lgAB-lgA-lgB) / a
}

// Bootstrap returns the percentile interval, of the given level (0.95, say), of
// the mean of x over resamples drawn with replacement. The same seed gives the
// same interval.
func Bootstrap(x []float64, level float64, resamples int, seed uint64) (low, high float64) {
	source := rng.New(seed, rng.Bootstrap)
	means := make([]float64, resamples)
	for i := range means {
		sum := 0.0
		for range x {
			sum += x[source.IntN(len(x))]
		}
		means[i] = sum / float64(len(x))
	}
	slices.Sort(means)
	outside := (1 - level) / 2
	at := func(q float64) float64 { return means[int(math.Round(q*float64(resamples-1)))] }
	return at(outside), at(1 - outside)
}
