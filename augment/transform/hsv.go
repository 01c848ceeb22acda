package transform

import "math"

// radian is one in sixths of the circle of hues.
const radian = 3 / math.Pi

// sector is a colour whose hue, saturation and value have been shifted.
type sector[T float] struct {
	number   int // of the six of the circle
	fraction T   // in it
	s, v     T
}

// grey bounds how far the channels of a grey lie apart that has been normalised and back,
// far below the distance of two bytes.
const grey = 1e-6

// shifted returns a colour plus the parameters: hue in radians, saturation, value.
func (o *operation[T]) shifted(r, g, b T) sector[T] {
	high, low := max(r, g, b), min(r, g, b)
	hue, delta := T(0), high-low
	if delta < grey {
		delta = 0
	}
	if delta > 0 {
		switch high {
		case r:
			hue = (g - b) / delta
		case g:
			hue = (b-r)/delta + 2
		default:
			hue = (r-g)/delta + 4
		}
	}
	hue += T(o.p[0] * radian)
	hue -= T(6 * T(math.Floor(float64(hue)/6)))
	if !(hue >= 0 && hue < 6) { // rounding, of a parameter of millions
		hue = 0
	}
	number := int(hue)
	const least = 1e-8
	return sector[T]{number % 6, hue - T(number), delta/(high+least) + o.p[1], high + o.p[2]}
}

// roles are, by sector, the channels that have the value, the falling or rising
// flank and the floor.
var roles = [6][3]int{{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 1, 0}, {2, 0, 1}, {0, 2, 1}}

// flank returns how far along the flank a colour is, from the top of the sector.
func (s *sector[T]) flank() T {
	if s.number%2 == 0 { // it rises
		return 1 - s.fraction
	}
	return s.fraction
}

// furthest is how far from 0 shifted colours may be.
const furthest = 10

// parts returns the value, that on the flank and the floor.
func (s *sector[T]) parts() [3]T {
	return [3]T{s.v, s.v * (1 - T(s.flank()*s.s)), s.v * (1 - s.s)}
}

// shiftHSV sets dst to the colours of src with another hue, saturation and value.
func (o *operation[T]) shiftHSV(dst, src []T) {
	plane := o.h * o.w
	for i := range plane {
		s := o.shifted(src[i], src[plane+i], src[2*plane+i])
		role := &roles[s.number]
		for j, v := range s.parts() {
			dst[role[j]*plane+i] = min(max(v, -furthest), furthest)
		}
	}
}

// unshiftHSV sets the gradient by the parameters.
func (o *operation[T]) unshiftHSV(dp *[most]T, ddst, src []T) {
	plane := o.h * o.w
	for i := range plane {
		s := o.shifted(src[i], src[plane+i], src[2*plane+i])
		role, flank := &roles[s.number], s.flank()
		var d [3]T
		for j, v := range s.parts() {
			if v >= -furthest && v <= furthest {
				d[j] = ddst[role[j]*plane+i]
			}
		}
		dTop, dFlank, dFloor := d[0], d[1], d[2]
		hue := T(dFlank * s.v * s.s)
		if s.number%2 != 0 {
			hue = -hue
		}
		dp[0] += T(hue * radian)
		dp[1] -= T(s.v * (T(dFlank*flank) + dFloor))
		dp[2] += dTop + T(dFlank*(1-T(flank*s.s))) + T(dFloor*(1-s.s))
	}
}
