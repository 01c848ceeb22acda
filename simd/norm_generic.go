package simd

// The batch-normalisation kernels work on one image, or on some channels of
// one: consecutive planes of n elements each, with one entry of every
// per-channel slice for each plane. Callers add the per-image sums in image
// order. n is at least 1, and a call should cover at most 256 Ki elements, so
// that it takes well under a millisecond.

// sumSumSqGeneric computes for every plane c, with d = x - shift[c],
//
//	sum[c] = sum(d)    sumSq[c] = sum(d^2)
//
// each in 16 virtual lanes. shift is anything near the mean (the running mean,
// the channel's first element): it keeps the variance sumSq/n - (sum/n)^2 from
// cancelling.
func sumSumSqGeneric(sum, sumSq, x, shift []float32, n int) {
	for c := range sum {
		var s, q [16]float32
		for i, v := range x[c*n : (c+1)*n] {
			d := v - shift[c]
			s[i%16] += d
			q[i%16] += d * d
		}
		sum[c], sumSq[c] = fold16(&s), fold16(&q)
	}
}

// scaleShiftGeneric computes y = act(x*scale[c] + shift[c]) for every plane c. It
// is batch normalisation once mean, variance, weight and bias have been folded
// into scale and shift. y and x are equal or disjoint.
func scaleShiftGeneric(y, x, scale, shift []float32, n int, act Activation) {
	for c := range scale {
		a, b := scale[c], shift[c]
		to := y[c*n : (c+1)*n]
		for i, v := range x[c*n : (c+1)*n] {
			to[i] = act.of(v*a + b)
		}
	}
}

// batchNormBackwardSumsGeneric computes for every plane c, with the gradient behind the
// activation g = dy * act'(x*scale[c] + shift[c]),
//
//	sumG[c] = sum(g)    sumGX[c] = sum(g * (x - mean[c]))
//
// each in 16 virtual lanes. They give the gradients of batch normalisation's
// weight and bias, and the two means its input gradient needs.
func batchNormBackwardSumsGeneric(sumG, sumGX, dy, x, scale, shift, mean []float32, n int, act Activation) {
	for c := range sumG {
		a, b := scale[c], shift[c]
		var s, q [16]float32
		g := dy[c*n : (c+1)*n]
		for i, v := range x[c*n : (c+1)*n] {
			d := act.gradient(g[i], v*a+b)
			s[i%16] += d
			q[i%16] += d * (v - mean[c])
		}
		sumG[c], sumGX[c] = fold16(&s), fold16(&q)
	}
}

// batchNormBackwardInputGeneric computes for every plane c, with g as batchNormBackwardSumsGeneric
// has it,
//
//	dx = a[c]*g + (b[c]*x + k[c])
//
// or, accumulating, dx += that. Training-mode batch normalisation has
// a = scale, b = -scale*sumGX/(count*(var+eps)), k = -scale*sumG/count - b*mean;
// with running statistics b and k are 0. dx may be dy.
func batchNormBackwardInputGeneric(dx, dy, x, scale, shift, a, b, k []float32, n int, act Activation, accumulate bool) {
	for c := range scale {
		to := dx[c*n : (c+1)*n]
		g := dy[c*n : (c+1)*n]
		for i, v := range x[c*n : (c+1)*n] {
			d := a[c]*act.gradient(g[i], v*scale[c]+shift[c]) + (b[c]*v + k[c])
			if accumulate {
				d += to[i]
			}
			to[i] = d
		}
	}
}

// of returns act(z).
func (act Activation) of(z float32) float32 {
	switch {
	case (act == ReLU || act == ReLU6) && z < 0:
		return 0
	case act == ReLU6 && z > 6:
		return 6
	case act == GELU:
		return gelu(z)
	}
	return z
}

// gradient returns dy * act'(z).
func (act Activation) gradient(dy, z float32) float32 {
	switch {
	case act == ReLU && !(z > 0), act == ReLU6 && !(z > 0 && z < 6):
		return 0
	case act == GELU:
		return dy * geluSlope(z)
	}
	return dy
}
