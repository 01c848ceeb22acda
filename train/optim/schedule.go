package optim

import "math"

// Annealing is a learning rate that falls to 0. It is that of the published CIFAR script,
// cosine annealing (Loshchilov and Hutter, "SGDR", ICLR 2017) in PyTorch's recursive form,
//
//	LR <- LR * (1 + cos(pi t/Total)) / (1 + cos(pi (t-1)/Total))
//
// so that LR does not jump when Total is replaced on the way, as it is when the
// training set grows; or else polynomial decay, with a power of what is left of the run,
//
//	LR <- LR * ((Total - t) / (Total - (t-1)))^Power
type Annealing struct {
	LR    float64 // current rate
	Total int     // steps until it reaches 0, counted from the first
	T     int     // steps done
	Power int     `json:",omitempty"` // 0 for the cosine
}

// Step moves on to the next rate.
func (a *Annealing) Step() {
	a.T++
	if a.Power > 0 {
		left := float64(a.Total-a.T) / float64(a.Total-a.T+1)
		for range a.Power {
			a.LR *= left
		}
		return
	}
	factor := func(t int) float64 { return 1 + cosPi(float64(t)/float64(a.Total)) }
	a.LR *= factor(a.T) / factor(a.T-1)
}

// OneCycle is the learning rate of one cycle (Smith and Topin, "Super-Convergence", 2017),
// as PyTorch's OneCycleLR has it, momentum apart: half a cosine up from a 25th of the
// peak, and another down to a 10,000th of that.
type OneCycle struct {
	Peak float64
	Rise float64 // share of the steps in which the rate rises, less than 1
}

// At returns the rate of step t, from 0, of total.
func (c OneCycle) At(t, total int) float64 {
	low := c.Peak / 25
	top, end := float64(c.Rise*float64(total))-1, float64(total-1)
	if x := float64(t); top > 0 && x <= top {
		return between(low, c.Peak, x/top)
	}
	return between(c.Peak, low/1e4, min((float64(t)-top)/(end-top), 1))
}

// between returns what half a cosine from a to b has at x of its way.
func between(a, b, x float64) float64 { return b + float64((a-b)/2*(1+cosPi(x))) }

// cosPi returns cos(pi*x) for 0 <= x <= 1, the same bits on every architecture:
// in math.Cos the compiler may fuse products into additions.
func cosPi(x float64) float64 {
	if x > 0.5 {
		return -cosPi(1 - x)
	}
	square := math.Pi * x * (math.Pi * x)
	sum := 1.0 // of the Taylor series, the smallest terms first
	for k := 24; k > 0; k -= 2 {
		sum = 1 - float64(square*sum)/float64(k*(k-1))
	}
	return sum
}
