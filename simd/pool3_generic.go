package simd

import "math"

// maxPool3Generic is 3x3 max pooling with stride 2, so that windows share rows
// and columns, of consecutive planes:
//
//	y[p][i][j] = max over r, q in 0..2 of x[p][2i+r-pad][2j+q-pad]
//
// x holds planes of h x w with pad, 0 or 1, rows and columns of minus infinity around
// them; y and arg planes of (h+2pad-1)/2 x (w+2pad-1)/2, so that a last row or column may be
// left out. arg is the place of the maximum, 3r+q; NaN, ties and relu are as in
// maxPool2Generic, with 9 for no place. It may be nil.
//
// h+2pad and w+2pad are at least 3. A call should cover no more than one image, so that
// it takes microseconds. y and x are disjoint.
func maxPool3Generic(y []float32, arg []uint8, x []float32, h, w, pad int, relu bool) {
	outH, outW := pooled3Size(h, pad), pooled3Size(w, pad)
	for o := range y {
		p, i, j := o/(outH*outW), o/outW%outH*2-pad, o%outW*2-pad
		best, at := float32(math.Inf(-1)), uint8(0)
		for k := range 9 {
			r, q := i+k/3, j+k%3
			if r < 0 || r >= h || q < 0 || q >= w {
				continue
			}
			if v := x[(p*h+r)*w+q]; v > best || v != v {
				best, at = v, uint8(k)
			}
		}
		if relu && !(best > 0) {
			at = 9
			if best < 0 {
				best = 0
			}
		}
		y[o] = best
		if arg != nil {
			arg[o] = at
		}
	}
}

// maxPool3BackwardGeneric gathers the gradient of maxPool3Generic: dx is the sum of those
// elements of dy, in ascending order and begun at 0, whose windows have their maximum there. dx
// and dy are disjoint.
func maxPool3BackwardGeneric(dx, dy []float32, arg []uint8, h, w, pad int) {
	clear(dx)
	outH, outW := pooled3Size(h, pad), pooled3Size(w, pad)
	places := [9]int{0, 1, 2, w, w + 1, w + 2, 2 * w, 2*w + 1, 2*w + 2}
	o := 0
	for ; len(dx) > 0; dx = dx[h*w:] {
		for i := range outH {
			corner := (2*i-pad)*w - pad
			for j := range outW {
				at := int(arg[o])
				r, q := 2*i+at/3-pad, 2*j+at%3-pad
				if at < len(places) && (pad == 0 || r >= 0 && r < h && q >= 0 && q < w) {
					dx[corner+places[at]] += dy[o]
				}
				corner += 2
				o++
			}
		}
	}
}

// pooled3Size returns the height or width of pooled planes.
func pooled3Size(size, pad int) int { return (size + 2*pad - 1) / 2 }
