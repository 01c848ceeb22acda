package simd

// reluGeneric computes y[i] = 0 where x[i] < 0, else x[i]. NaN and -0 pass
// unchanged, so that a diverged network shows in its loss. The rule is the same
// wherever ReLU is fused into another kernel. y and x are equal or disjoint.
func reluGeneric(y, x []float32) {
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

// reluBackwardGeneric computes dx[i] = dy[i] where y[i] > 0, else 0, from the
// result y of ReLU. dx may be dy.
func reluBackwardGeneric(dx, dy, y []float32) {
	for i, g := range dy {
		if !(y[i] > 0) {
			g = 0
		}
		dx[i] = g
	}
}

// relu6BackwardGeneric computes dx[i] = dy[i] where 0 < y[i] < 6, else 0, from the
// result y of ReLU6, which is Clamp to 0 and 6. dx may be dy.
func relu6BackwardGeneric(dx, dy, y []float32) {
	for i, g := range dy {
		if !(y[i] > 0 && y[i] < 6) {
			g = 0
		}
		dx[i] = g
	}
}
