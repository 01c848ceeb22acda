package synthetic

import "github.com/meada-cpu/meada-cpu/internal/rng"

// An easel holds what painting one picture needs. The painting methods leave
// the picture in rgb, as values between 0 and 1 or a little beyond. Lengths are
// pixels.
type easel struct {
	rng   *rng.Source
	ink   field // distances from the glyphs
	small field // the same for the low-resolution picture
	rgb   [channels]field
	line  [side]float64 // for blur
}

// lowSide is the low-resolution domain's rows and columns.
const lowSide = 12

func newEasel() *easel {
	e := &easel{ink: newField(side), small: newField(lowSide)}
	for c := range e.rgb {
		e.rgb[c] = newField(side)
	}
	return e
}

// develop turns the picture into bytes, plane by plane.
func (e *easel) develop(image []uint8) {
	for c, plane := range e.rgb {
		for i, v := range plane.at {
			image[c*side*side+i] = uint8(float64(unit(v)*255) + 0.5)
		}
	}
}

// write puts a handwritten digit alone into the middle of the ink, its height
// and half the width of its strokes drawn from the given ranges.
func (e *easel) write(ink field, digit int, height, half [2]float64) {
	r := e.rng
	middle := float64(ink.side) / 2
	shift := middle / 16
	width := r.Uniform(half[0], half[1])
	p := pen{
		place: placement(
			middle+r.Uniform(-shift, shift), middle+r.Uniform(-shift, shift),
			r.Uniform(height[0], height[1]), r.Uniform(0.75, 1.2),
			r.Uniform(-0.15, 0.4), r.Uniform(-0.1, 0.1)),
		wave:       newWarp(r, r.Uniform(4, 12)),
		vertical:   width,
		horizontal: width,
	}
	ink.fill(far)
	ways := written[digit]
	p.draw(ink, ways[r.IntN(len(ways))])
}

// handwritten is the source domain: white on black, grey in all channels.
func (e *easel) handwritten(digit int) {
	e.write(e.ink, digit, [2]float64{20, 25}, [2]float64{0.9, 2})
	for i, d := range e.ink.at {
		v := coverage(d)
		for c := range e.rgb {
			e.rgb[c].at[i] = v
		}
	}
}

// textured shows handwriting as its difference from a coloured texture.
func (e *easel) textured(digit int) {
	const brightness = 0.6
	e.write(e.ink, digit, [2]float64{20, 25}, [2]float64{1.1, 2})
	e.texture(dim(e.rng, brightness), dim(e.rng, brightness), dim(e.rng, brightness))
	for i, d := range e.ink.at {
		v := coverage(d)
		for c := range e.rgb {
			ground := e.rgb[c].at[i]
			e.rgb[c].at[i] = max(ground-v, v-ground)
		}
	}
}

// street shows a house number in poor light, the neighbours of its middle digit
// cut off by the edges.
func (e *easel) street(digit int) {
	r := e.rng
	wall, paint := contrasting(r)
	e.texture(wall, shade(wall, r.Uniform(-0.12, 0.12)), shade(wall, r.Uniform(-0.2, 0.2)))

	x, y := 16+r.Uniform(-1.5, 1.5), 16+r.Uniform(-1.5, 1.5)
	height, aspect := r.Uniform(21, 28), r.Uniform(0.65, 1)
	slant, turn := r.Uniform(-0.1, 0.2), r.Uniform(-0.06, 0.06)
	width := r.Uniform(1.3, 2.3)
	face := r.IntN(faces)
	p := pen{
		place:      placement(x, y, height, aspect, slant, turn),
		wave:       newWarp(r, 3),
		vertical:   width,
		horizontal: width * r.Uniform(0.7, 1),
		flat:       true,
	}
	e.ink.fill(far)
	p.draw(e.ink, typeset[digit][face])
	advance := float64(0.6*height*aspect) + r.Uniform(4, 7)
	for _, dx := range [2]float64{-advance, advance} {
		if chance(r, 0.7) {
			p.place = placement(x+dx, y+float64(2*turn*dx), height, aspect, slant, turn)
			p.draw(e.ink, typeset[r.IntN(classes)][face])
		}
	}
	e.cover(paint, 0)
	e.light(r.Uniform(-0.3, 0.3), r.Uniform(-0.3, 0.3))
	for range r.IntN(3) {
		e.blur()
	}
	e.grain(0.03)
}

// printed shows a coloured digit of a typeface, turned, some with a rim.
func (e *easel) printed(digit int) {
	r := e.rng
	paper, paint := contrasting(r)
	e.texture(paper, shade(paper, r.Uniform(-0.2, 0.2)), shade(paper, r.Uniform(-0.1, 0.1)))
	const rim = 1.5
	width := r.Uniform(1.2, 2.6)
	p := pen{
		place: placement(
			16+r.Uniform(-2, 2), 16+r.Uniform(-2, 2),
			r.Uniform(18, 26), r.Uniform(0.7, 1.15),
			r.Uniform(-0.1, 0.25), r.Uniform(-0.2, 0.2)),
		vertical:   width,
		horizontal: width * r.Uniform(0.4, 1),
		flat:       true,
		reach:      rim,
	}
	e.ink.fill(far)
	p.draw(e.ink, typeset[digit][r.IntN(faces)])
	if chance(r, 0.3) {
		e.cover(dim(r, 1), rim)
	}
	e.cover(paint, 0)
	e.blur()
}

// lowres shows handwriting as few pixels, resampled.
func (e *easel) lowres(digit int) {
	e.write(e.small, digit, [2]float64{9, 11}, [2]float64{0.8, 1.6})
	for i, d := range e.small.at {
		e.small.at[i] = coverage(d)
	}
	for c := range e.rgb {
		enlarge(e.rgb[c], e.small)
	}
}
