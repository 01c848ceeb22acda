package simd

// The element-wise kernels take slices of equal length, at any alignment, that
// are the same or disjoint. NaN and Inf propagate as in IEEE 754. A call runs
// without preemption, so callers cut work at about 64 Ki elements.

// addGeneric computes y[i] += x[i].
func addGeneric(y, x []float32) {
	for i, v := range x {
		y[i] += v
	}
}

// axpyGeneric computes y[i] = fma(alpha, x[i], y[i]).
func axpyGeneric(alpha float32, x, y []float32) {
	for i, v := range x {
		y[i] += alpha * v
	}
}

// scaleGeneric computes x[i] *= alpha.
func scaleGeneric(alpha float32, x []float32) {
	for i := range x {
		x[i] *= alpha
	}
}

// clampGeneric replaces elements below lo by lo and above hi by hi. NaN stays,
// and so does the sign of a zero that equals a bound.
func clampGeneric(x []float32, lo, hi float32) {
	for i, v := range x {
		if v < lo {
			v = lo
		}
		if v > hi {
			v = hi
		}
		x[i] = v
	}
}
