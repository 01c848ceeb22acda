package synthetic

import "github.com/meada-cpu/meada-cpu/internal/rng"

// A colour is red, green and blue from 0 to 1.
type colour [channels]float64

// dim draws a colour whose channels are no brighter than that.
func dim(r *rng.Source, brightness float64) colour {
	var c colour
	for i := range c {
		c[i] = float64(brightness * r.Float64())
	}
	return c
}

// shade makes a colour lighter by that much, or darker.
func shade(c colour, by float64) colour {
	for i := range c {
		c[i] = unit(c[i] + by)
	}
	return c
}

// luma is a colour's brightness (ITU-R BT.601).
func luma(c colour) float64 {
	return float64(0.299*c[0]) + float64(0.587*c[1]) + float64(0.114*c[2])
}

// contrasting draws a dark and a light colour, the light one mostly as the
// figure.
func contrasting(r *rng.Source) (ground, figure colour) {
	const contrast = 0.35 // the least difference of brightness
	for {
		dark, light := dim(r, 0.4), dim(r, 1)
		if luma(light)-luma(dark) < contrast {
			continue
		}
		if chance(r, 0.1) {
			return light, dark
		}
		return dark, light
	}
}

// texture fills the picture with a landscape of two colours that blend and a
// third one that lies in patches.
func (e *easel) texture(a, b, patch colour) {
	r := e.rng
	blend, patches := newLattice(r), newLattice(r)
	view := placement(
		r.Uniform(0, latticeSide), r.Uniform(0, latticeSide),
		r.Uniform(6, 16), r.Uniform(0.5, 1.5), 0, r.Uniform(-1, 1))
	for y := range side {
		for x := range side {
			p := view.apply(point{float64(x), float64(y)})
			t := unit(lerp(0.5, blend.fractal(p.x, p.y), 2.5))
			s := unit(8 * (patches.at(p.x/2, p.y/2) - 0.55))
			for c := range e.rgb {
				e.rgb[c].at[y*side+x] = lerp(lerp(a[c], b[c], t), patch[c], s)
			}
		}
	}
}

// coverage is how much of a pixel is inked, from its distance to the outline.
func coverage(distance float64) float64 {
	return unit(0.5 - distance)
}

// cover paints the ink, grown by that many pixels, over the picture.
func (e *easel) cover(paint colour, grown float64) {
	for i, d := range e.ink.at {
		v := coverage(d - grown)
		for c := range e.rgb {
			e.rgb[c].at[i] = lerp(e.rgb[c].at[i], paint[c], v)
		}
	}
}

// light makes the picture brighter towards the right and the bottom, by that
// much at the edges, and darker towards the opposite ones.
func (e *easel) light(right, down float64) {
	for y := range side {
		for x := range side {
			gain := 1 + dot(right, down, float64(x)/(side/2)-1, float64(y)/(side/2)-1)
			for c := range e.rgb {
				i := y*side + x
				e.rgb[c].at[i] = float64(e.rgb[c].at[i] * gain)
			}
		}
	}
}

// grain adds normal noise of that standard deviation to every value.
func (e *easel) grain(deviation float64) {
	for _, plane := range e.rgb {
		for i, v := range plane.at {
			plane.at[i] = v + float64(deviation*e.rng.Normal())
		}
	}
}

// blur smooths the picture with (1 2 1)/4 in both directions.
func (e *easel) blur() {
	for _, plane := range e.rgb {
		for i := range side {
			e.smooth(plane.at[i*side:], 1)
		}
		for i := range side {
			e.smooth(plane.at[i:], side)
		}
	}
}

// smooth is blur along one row or column of pixels, a stride apart.
func (e *easel) smooth(pixels []float64, stride int) {
	for i := range e.line {
		e.line[i] = pixels[i*stride]
	}
	for i, v := range e.line {
		before, after := e.line[max(i-1, 0)], e.line[min(i+1, side-1)]
		pixels[i*stride] = (before + v + v + after) / 4
	}
}

// enlarge resamples a picture bilinearly to a larger one.
func enlarge(to, from field) {
	for y := range to.side {
		y0, y1, ty := neighbours(y, to.side, from.side)
		for x := range to.side {
			x0, x1, tx := neighbours(x, to.side, from.side)
			to.at[y*to.side+x] = lerp(
				lerp(from.at[y0*from.side+x0], from.at[y0*from.side+x1], tx),
				lerp(from.at[y1*from.side+x0], from.at[y1*from.side+x1], tx), ty)
		}
	}
}

// neighbours returns the two of from pixels between which pixel i of to pixels
// lies, and how far it is on the way from the first to the second.
func neighbours(i, to, from int) (first, second int, t float64) {
	position := max(float64((2*i+1)*from)/float64(2*to)-0.5, 0)
	first = int(position)
	return first, min(first+1, from-1), position - float64(first)
}
