package simd

// maxPool3Generic is 3x3 max pooling with stride 2, so that windows share rows
// and columns, of consecutive planes:
//
//	y[p][i][j] = max over r, q in 0..2 of x[p][2i+r][2j+q]
//
// x holds planes of h x w, y and arg planes of (h-1)/2 x (w-1)/2, so that an even
// last row or column is left out. arg is the place of the maximum, 3r+q; NaN, ties
// and relu are as in maxPool2Generic, with 9 for no place. It may be nil.
//
// h and w are at least 3. A call should cover no more than one image, so that
// it takes microseconds. y and x are disjoint.
func maxPool3Generic(y []float32, arg []uint8, x []float32, h, w int, relu bool) {
	outH, outW := (h-1)/2, (w-1)/2
	planes := len(y) / (outH * outW)
	for p := range planes {
		for i := range outH {
			rows := x[(p*h+2*i)*w:]
			o := (p*outH + i) * outW
			for j := range outW {
				best, at := rows[2*j], uint8(0)
				for k := 1; k < 9; k++ {
					if v := rows[k/3*w+2*j+k%3]; v > best || v != v {
						best, at = v, uint8(k)
					}
				}
				if relu && !(best > 0) {
					at = 9
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
