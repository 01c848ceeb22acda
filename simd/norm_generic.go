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
// each in 16 virtual lanes. shift is anything near the mean, within a few standard
// deviations: it keeps the variance sumSq/n - (sum/n)^2 from cancelling.
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

// BatchNormGradient is one call of BatchNormBackwardSums or BatchNormBackwardInput:
// consecutive planes of N elements, and one entry of every other slice for each
// plane. With the gradient behind the activation
//
//	g = DY * Act'(X*Scale[c] + Shift[c])
//
// the first computes SumG and SumGX from DY, X and Mean, the second DX from DY, X, A,
// B and K; neither looks at the other's slices.
type BatchNormGradient struct {
	DX, DY, X    []float32
	Scale, Shift []float32

	Mean, SumG, SumGX []float32
	A, B, K           []float32

	N          int
	Act        Activation
	Accumulate bool // DX += instead of DX =
}

// batchNormBackwardSumsGeneric computes for every plane c
//
//	SumG[c] = sum(g)    SumGX[c] = sum(g * (X - Mean[c]))
//
// each in 16 virtual lanes. They give the gradients of batch normalisation's
// weight and bias, and the two means its input gradient needs.
func batchNormBackwardSumsGeneric(t *BatchNormGradient) {
	for c := range t.SumG {
		var s, q [16]float32
		dy := t.DY[c*t.N : (c+1)*t.N]
		for i, v := range t.X[c*t.N : (c+1)*t.N] {
			g := t.Act.gradient(dy[i], v*t.Scale[c]+t.Shift[c])
			s[i%16] += g
			q[i%16] += g * (v - t.Mean[c])
		}
		t.SumG[c], t.SumGX[c] = fold16(&s), fold16(&q)
	}
}

// batchNormBackwardInputGeneric computes for every plane c
//
//	DX = A[c]*g + (B[c]*X + K[c])
//
// or, with Accumulate, adds that to DX. Training-mode batch normalisation has
// A = Scale, B = -Scale*SumGX/(count*(var+eps)), K = -Scale*SumG/count - B*mean;
// with running statistics B and K are 0. DX may be DY.
func batchNormBackwardInputGeneric(t *BatchNormGradient) {
	for c := range t.Scale {
		to := t.DX[c*t.N : (c+1)*t.N]
		dy := t.DY[c*t.N : (c+1)*t.N]
		for i, v := range t.X[c*t.N : (c+1)*t.N] {
			d := t.A[c]*t.Act.gradient(dy[i], v*t.Scale[c]+t.Shift[c]) + (t.B[c]*v + t.K[c])
			if t.Accumulate {
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
