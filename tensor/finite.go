package tensor

import "github.com/meada-cpu/meada-cpu/simd"

// Finite reports whether no element is NaN or infinite. It costs little more than
// one sum: where an element is not finite the sum is not finite either.
func Finite(e *Engine, x []float32) bool {
	for len(x) > 0 {
		part := x[:min(len(x), simd.MaxCall)]
		x = x[len(part):]
		if isFinite(e.Kernels.Sum(part)) {
			continue
		}
		for _, v := range part { // large ones may have a sum that is not
			if !isFinite(v) {
				return false
			}
		}
	}
	return true
}

// Finite reports whether no element of any image is NaN or infinite, whatever lies between
// images.
func (t Tensor) Finite(e *Engine) bool {
	for n := range t.N {
		if !Finite(e, t.Image(n)) {
			return false
		}
	}
	return true
}

func isFinite(x float32) bool { return x-x == 0 }
