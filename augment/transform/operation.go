package transform

import "math"

// kind is an operation.
type kind uint8

const (
	hsv kind = iota
	rotate
	translate
	invert
	shear
	contrast
	sharpness
	solarize
	scale
	equalize
	posterize
	cutout
	kinds // how many there are
)

// most is how many parameters an operation has at most.
const most = 3

// setting is what an operation's parameters begin with, uniform, and, unless they are
// free, the range outside which they count as its ends.
type setting struct {
	parameters int
	low, high  float64
	free       bool // no range
	bits       bool // one whole number, which no ascent moves
}

var settings = [kinds]setting{
	hsv:       {parameters: 3, low: -1, high: 1, free: true},
	rotate:    {parameters: 1, low: 0.01, high: 1},
	translate: {parameters: 2, low: -0.1, high: 0.1},
	invert:    {parameters: 1, low: 0.5, high: 1},
	shear:     {parameters: 2, low: -0.3, high: 0.3, free: true},
	contrast:  {parameters: 1, low: 0.1, high: 1.9},
	sharpness: {parameters: 1, low: 0, high: 1},
	solarize:  {parameters: 1, low: -0.499, high: 0.499},
	scale:     {parameters: 1, low: 0.5, high: 2},
	equalize:  {},
	posterize: {parameters: 1, low: 1, high: 8, bits: true},
	cutout:    {parameters: 3, low: 0, high: 1, free: true},
}

// float is what operations compute in: float32, and float64 for the tests of
// their gradients. A product that a sum follows is converted, so that no
// compiler fuses the two.
type float interface{ float32 | float64 }

// The squares of Cutout: how many, and their side as a part of the image's.
const (
	holes    = 8
	holeSide = 0.2
)

// operation is one of an image's chain.
type operation[T float] struct {
	kind    kind
	c, h, w int
	p       [most]T       // within their range
	holes   [holes][2]int // the squares' first lines and columns
}

// grey returns a channel's share of the luminance.
func (o *operation[T]) grey(channel int) T {
	if o.c != 3 {
		return 1 / T(o.c)
	}
	return [...]T{0.299, 0.587, 0.114}[channel]
}

// forward sets dst to what the operation makes of src.
func (o *operation[T]) forward(dst, src []T) {
	plane := o.h * o.w
	switch o.kind {
	case hsv:
		o.shiftHSV(dst, src)
	case rotate, translate, shear, scale:
		m := o.matrix()
		o.sample(dst, src, &m)
	case invert:
		for i, x := range src {
			dst[i] = o.p[0] - x
		}
	case contrast:
		mean := T(0)
		for c := range o.c {
			mean += T(o.grey(c) * sum(src[c*plane:][:plane]))
		}
		rest := T((1 - o.p[0]) * mean / T(plane))
		for i, x := range src {
			dst[i] = T(o.p[0]*x) + rest
		}
	case sharpness:
		o.blur(dst, src)
		for i, x := range src {
			dst[i] = T(o.p[0]*x) + T((1-o.p[0])*dst[i])
		}
	case solarize:
		for i, x := range src {
			if x = min(max(x+o.p[0], 0), 1); x >= 0.5 {
				x = 1 - x
			}
			dst[i] = x
		}
	case equalize:
		for c := range o.c {
			equalizePlane(dst[c*plane:][:plane], src[c*plane:][:plane])
		}
	case posterize:
		drop := 8 - int(o.p[0])
		for i, x := range src {
			dst[i] = T(level(x)>>drop<<drop) / 255
		}
	case cutout:
		copy(dst, src)
		o.cut(func(c, i int) { dst[c*plane+i] = o.p[c] })
	}
}

// backward sets dp to an objective's gradient by the parameters and, unless it is
// nil, dsrc to that by the image, which dst is that by the result of. Equalize
// and posterize pass it through. The gradient by the image of hsv, which comes
// first in every chain, is not computed.
func (o *operation[T]) backward(dp *[most]T, dsrc, ddst, src []T) {
	*dp = [most]T{}
	plane := o.h * o.w
	switch o.kind {
	case hsv:
		o.unshiftHSV(dp, ddst, src)
	case rotate, translate, shear, scale:
		m := o.matrix()
		dm := o.unsample(dsrc, ddst, src, &m)
		o.unmatrix(dp, &dm)
	case invert:
		dp[0] = sum(ddst)
		for i := range dsrc {
			dsrc[i] = -ddst[i]
		}
	case contrast:
		o.uncontrast(dp, dsrc, ddst, src)
	case sharpness:
		o.unsharpen(dp, dsrc, ddst, src)
	case solarize:
		for i, x := range src {
			d := ddst[i]
			if x += o.p[0]; x < 0 || x > 1 {
				d = 0
			} else if x >= 0.5 {
				d = -d
			}
			dp[0] += d
			if dsrc != nil {
				dsrc[i] = d
			}
		}
	case equalize, posterize:
		copy(dsrc, ddst)
	case cutout:
		copy(dsrc, ddst)
		o.cut(func(c, i int) {
			dp[c] += ddst[c*plane+i]
			if dsrc != nil {
				dsrc[c*plane+i] = 0
			}
		})
	}
}

// uncontrast is backward of a blend with the mean luminance.
func (o *operation[T]) uncontrast(dp *[most]T, dsrc, ddst, src []T) {
	plane := o.h * o.w
	mean := T(0)
	for c := range o.c {
		mean += T(o.grey(c) * sum(src[c*plane:][:plane]))
	}
	mean /= T(plane)
	for i, d := range ddst {
		dp[0] += T(d * (src[i] - mean))
	}
	if dsrc == nil {
		return
	}
	rest := T((1 - o.p[0]) * sum(ddst) / T(plane))
	for c := range o.c {
		share := T(rest * o.grey(c))
		for i, d := range ddst[c*plane:][:plane] {
			dsrc[c*plane+i] = T(o.p[0]*d) + share
		}
	}
}

// sum adds the values in lines of eight, in one order everywhere.
func sum[T float](x []T) T {
	var s [8]T
	for ; len(x) >= 8; x = x[8:] {
		for i, v := range x[:8] {
			s[i] += v
		}
	}
	for i, v := range x {
		s[i] += v
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// level returns the byte nearest to a value from 0 to 1; 0 for NaN, which an ascent that
// diverged has.
func level[T float](x T) int {
	if !(x > 0) {
		return 0
	}
	return int(T(min(x, 1)*255) + 0.5)
}

// equalizePlane flattens the histogram of a channel's bytes, as Pillow does.
func equalizePlane[T float](dst, src []T) {
	var histogram [256]int
	for _, x := range src {
		histogram[level(x)]++
	}
	last := 255
	for histogram[last] == 0 {
		last--
	}
	step := (len(src) - histogram[last]) / 255
	if step == 0 {
		copy(dst, src)
		return
	}
	var table [256]T
	below := step / 2
	for i := range table {
		table[i] = T(min(below/step, 255)) / 255
		below += histogram[i]
	}
	for i, x := range src {
		dst[i] = table[level(x)]
	}
}

// cut calls a function for every channel and pixel in a square, once each.
func (o *operation[T]) cut(do func(c, i int)) {
	side := o.side()
	for y := range o.h {
		for x := range o.w {
			if !o.inHole(y, x, side) {
				continue
			}
			for c := range o.c {
				do(c, y*o.w+x)
			}
		}
	}
}

// side returns that of a square.
func (o *operation[T]) side() int { return max(1, int(math.Round(holeSide*float64(min(o.h, o.w))))) }

func (o *operation[T]) inHole(y, x, side int) bool {
	for _, at := range o.holes {
		if y >= at[0] && y < at[0]+side && x >= at[1] && x < at[1]+side {
			return true
		}
	}
	return false
}

// blur sets dst to src smoothed by 1/13 of each neighbour and 5/13 of the pixel;
// those at the edge stay, as Pillow has it.
func (o *operation[T]) blur(dst, src []T) {
	copy(dst, src)
	for c := range o.c {
		for y := 1; y < o.h-1; y++ {
			at := (c*o.h + y) * o.w
			up, line, down := src[at-o.w:][:o.w], src[at:][:o.w], src[at+o.w:][:o.w]
			for x := 1; x < o.w-1; x++ {
				around := (up[x-1] + up[x] + up[x+1]) + (line[x-1] + line[x+1]) + (down[x-1] + down[x] + down[x+1])
				dst[at+x] = (around + T(5*line[x])) * (1.0 / 13)
			}
		}
	}
}

// unsharpen is backward of a blend with the blurred image.
func (o *operation[T]) unsharpen(dp *[most]T, dsrc, ddst, src []T) {
	rest := (1 - o.p[0]) * (1.0 / 13)
	if dsrc != nil {
		copy(dsrc, ddst)
	}
	for c := range o.c {
		for y := 1; y < o.h-1; y++ {
			at := (c*o.h + y) * o.w
			up, line, down := src[at-o.w:][:o.w], src[at:][:o.w], src[at+o.w:][:o.w]
			for x := 1; x < o.w-1; x++ {
				d := ddst[at+x]
				around := (up[x-1] + up[x] + up[x+1]) + (line[x-1] + line[x+1]) + (down[x-1] + down[x] + down[x+1])
				dp[0] += T(d * (line[x] - T((around+T(5*line[x]))*(1.0/13))))
				if dsrc == nil {
					continue
				}
				share := T(rest * d)
				for _, row := range [3]int{at - o.w + x - 1, at + x - 1, at + o.w + x - 1} {
					dsrc[row] += share
					dsrc[row+1] += share
					dsrc[row+2] += share
				}
				dsrc[at+x] += T(o.p[0]*d) + T(4*share) - d
			}
		}
	}
}
