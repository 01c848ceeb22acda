package simd

// noWinner is the place that MaxPool2 records when the fused ReLU took the
// maximum away.
const noWinner = 4

// maxPool2Generic is 2x2 max pooling with stride 2 of consecutive planes:
//
//	y[p][i][j] = max(x[p][2i][2j], x[p][2i][2j+1], x[p][2i+1][2j], x[p][2i+1][2j+1])
//
// x holds planes of h x w, y and arg planes of h/2 x w/2, so an odd last row or
// column is left out. arg is the place of the maximum, 0..3 in the order above;
// the first of equal ones wins and NaN wins over numbers, as in PyTorch. It may
// be nil when no backward pass follows.
//
// With relu set the maximum goes through ReLU on its way to y, and arg is 4
// where that leaves y <= 0, or NaN: no gradient passes there.
//
// h and w are at least 2. A call should cover no more than one image, so that
// it takes microseconds. y and x are disjoint.
func maxPool2Generic(y []float32, arg []uint8, x []float32, h, w int, relu bool) {
	outH, outW := h/2, w/2
	planes := len(y) / (outH * outW)
	for p := range planes {
		for i := range outH {
			row0 := x[(p*h+2*i)*w:]
			row1 := row0[w:]
			o := (p*outH + i) * outW
			for j := range outW {
				best, at := row0[2*j], uint8(0)
				for k, v := range [3]float32{row0[2*j+1], row1[2*j], row1[2*j+1]} {
					if v > best || v != v {
						best, at = v, uint8(k+1)
					}
				}
				if relu && !(best > 0) {
					at = noWinner
					if best < 0 {
						best = 0
					}
				}
				y[o+j] = best
				if arg != nil {
					arg[o+j] = at
				}
			}
		}
	}
}

// maxPool2BackwardGeneric spreads the gradient of maxPool2Generic: each element
// of dy goes to the place in dx that arg names, every other element of dx is set
// to 0. dx holds planes of h x w, dy and arg planes of h/2 x w/2. dx and dy are
// disjoint.
func maxPool2BackwardGeneric(dx, dy []float32, arg []uint8, h, w int) {
	clear(dx)
	outH, outW := h/2, w/2
	planes := len(dy) / (outH * outW)
	for p := range planes {
		for i := range outH {
			row0 := dx[(p*h+2*i)*w:]
			row1 := row0[w:]
			o := (p*outH + i) * outW
			for j := range outW {
				switch arg[o+j] {
				case 0:
					row0[2*j] = dy[o+j]
				case 1:
					row0[2*j+1] = dy[o+j]
				case 2:
					row1[2*j] = dy[o+j]
				case 3:
					row1[2*j+1] = dy[o+j]
				}
			}
		}
	}
}
