package transform

import "github.com/meada-cpu/meada-cpu/internal/portable"

// affine maps places of the result to places of the image, both from the middle
// of the image: u = m[0]*x + m[1]*y + m[2], v = m[3]*x + m[4]*y + m[5].
type affine [6]float64

// matrix returns the map of a geometric operation.
func (o *operation[T]) matrix() affine {
	p, q := float64(o.p[0]), float64(o.p[1])
	switch o.kind {
	case rotate:
		sin, cos := portable.SinCos(p * turn)
		return affine{cos, -sin, 0, sin, cos, 0}
	case translate:
		return affine{1, 0, -p * float64(o.w), 0, 1, -q * float64(o.h)}
	case shear:
		return affine{1, -p, 0, -q, 1, 0}
	}
	return affine{1 / p, 0, 0, 0, 1 / p, 0}
}

// turn is a full one in radians.
const turn = 0x1.921fb54442d18p+2

// unmatrix sets the gradient by the parameters to what that by the map makes it.
func (o *operation[T]) unmatrix(dp *[most]T, dm *affine) {
	p := float64(o.p[0])
	switch o.kind {
	case rotate:
		sin, cos := portable.SinCos(p * turn)
		dp[0] = T(turn * (float64(cos*(dm[3]-dm[1])) - float64(sin*(dm[0]+dm[4]))))
	case translate:
		dp[0], dp[1] = T(-dm[2]*float64(o.w)), T(-dm[5]*float64(o.h))
	case shear:
		dp[0], dp[1] = T(-dm[1]), T(-dm[3])
	case scale:
		dp[0] = T(-(dm[0] + dm[4]) / (p * p))
	}
}

// place is a point between four pixels, the one above and left of it first.
type place[T float] struct {
	top, left   int
	down, right T // how far it is from that one
}

// middle returns that of the image.
func (o *operation[T]) middle() (y, x float64) {
	return float64(0.5 * float64(o.h-1)), float64(0.5 * float64(o.w-1))
}

// at returns the place that a pixel of the result shows, and whether any pixel
// of the image is near it.
func (o *operation[T]) at(m *affine, y, x int) (p place[T], inside bool) {
	cy, cx := o.middle()
	fx, fy := float64(x)-cx, float64(y)-cy
	u := float64(m[0]*fx) + float64(m[1]*fy) + m[2] + cx
	v := float64(m[3]*fx) + float64(m[4]*fy) + m[5] + cy
	// The negation also catches what is no number.
	if !(u > -1 && v > -1 && u < float64(o.w) && v < float64(o.h)) {
		return p, false
	}
	// Neither is below -1, so that cutting 1 more off rounds down.
	p.left, p.top = int(u+1)-1, int(v+1)-1
	p.right, p.down = T(u-float64(p.left)), T(v-float64(p.top))
	return p, true
}

// corners returns the four pixels around a place, 0 where the image has none,
// and their values in a plane.
func (o *operation[T]) corners(p *place[T], plane []T) (a, b, c, d T) {
	i := p.top*o.w + p.left
	if p.top >= 0 && p.left >= 0 && p.top+1 < o.h && p.left+1 < o.w {
		upper, lower := plane[i:][:2], plane[i+o.w:][:2]
		return upper[0], upper[1], lower[0], lower[1]
	}
	left, right := p.left >= 0, p.left+1 < o.w
	if p.top >= 0 {
		if left {
			a = plane[i]
		}
		if right {
			b = plane[i+1]
		}
	}
	if p.top+1 < o.h {
		if left {
			c = plane[i+o.w]
		}
		if right {
			d = plane[i+o.w+1]
		}
	}
	return a, b, c, d
}

// sample sets dst to the image at the places of a map, interpolated bilinearly,
// 0 outside.
func (o *operation[T]) sample(dst, src []T, m *affine) {
	plane := o.h * o.w
	for y := range o.h {
		for x := range o.w {
			p, inside := o.at(m, y, x)
			i := y*o.w + x
			for c := range o.c {
				if !inside {
					dst[c*plane+i] = 0
					continue
				}
				tl, tr, bl, br := o.corners(&p, src[c*plane:][:plane])
				upper := tl + T(p.right*(tr-tl))
				lower := bl + T(p.right*(br-bl))
				dst[c*plane+i] = upper + T(p.down*(lower-upper))
			}
		}
	}
}

// unsample returns the gradient by the map and, unless it is nil, sets dsrc to
// that by the image.
func (o *operation[T]) unsample(dsrc, ddst, src []T, m *affine) (dm affine) {
	clear(dsrc)
	plane := o.h * o.w
	cy, cx := o.middle()
	for y := range o.h {
		for x := range o.w {
			p, inside := o.at(m, y, x)
			if !inside {
				continue
			}
			var du, dv T
			for c := range o.c {
				d := ddst[c*plane+y*o.w+x]
				tl, tr, bl, br := o.corners(&p, src[c*plane:][:plane])
				upper, lower := tr-tl, br-bl
				du += T(d * (upper + T(p.down*(lower-upper))))
				dv += T(d * (bl - tl + T(p.right*(lower-upper))))
				if dsrc != nil {
					o.spread(dsrc[c*plane:][:plane], &p, d)
				}
			}
			fx, fy := float64(x)-cx, float64(y)-cy
			dm[0] += float64(float64(du) * fx)
			dm[1] += float64(float64(du) * fy)
			dm[2] += float64(du)
			dm[3] += float64(float64(dv) * fx)
			dm[4] += float64(float64(dv) * fy)
			dm[5] += float64(dv)
		}
	}
	return dm
}

// spread adds a gradient at a place to the pixels around it.
func (o *operation[T]) spread(plane []T, p *place[T], d T) {
	lower := T(p.down * d)
	upper := d - lower
	lowerRight, upperRight := T(p.right*lower), T(p.right*upper)
	i := p.top*o.w + p.left
	left, right := p.left >= 0, p.left+1 < o.w
	if p.top >= 0 {
		if left {
			plane[i] += upper - upperRight
		}
		if right {
			plane[i+1] += upperRight
		}
	}
	if p.top+1 < o.h {
		if left {
			plane[i+o.w] += lower - lowerRight
		}
		if right {
			plane[i+o.w+1] += lowerRight
		}
	}
}
