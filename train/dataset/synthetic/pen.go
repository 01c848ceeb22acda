package synthetic

import (
	"math"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// far stands for the distance from no ink at all.
const far = 1e3

// A field holds one value for each pixel of a square picture, row by row.
type field struct {
	side int
	at   []float64
}

func newField(side int) field {
	return field{side, make([]float64, side*side)}
}

func (f field) fill(value float64) {
	for i := range f.at {
		f.at[i] = value
	}
}

// A pen turns glyphs into ink.
type pen struct {
	place affine // glyph box to pixels
	wave  *warp  // distortion of the glyph box; nil for none

	// Half the width in pixels of vertical and of horizontal strokes: a broad
	// nib makes the first the larger.
	vertical, horizontal float64

	flat  bool    // open ends are cut straight, not round
	reach float64 // distances up to this one outside the ink are exact
}

// A warp displaces the points of the glyph box by smooth noise of that
// amplitude, in glyph units.
type warp struct {
	x, y      *lattice
	amplitude float64
}

func newWarp(r *rng.Source, amplitude float64) *warp {
	return &warp{newLattice(r), newLattice(r), amplitude}
}

func (w *warp) apply(p point) point {
	const cell = 40 // glyph units between lattice points
	u, v := p.x/cell, p.y/cell
	return point{
		p.x + float64(w.amplitude*(2*w.x.at(u, v)-1)),
		p.y + float64(w.amplitude*(2*w.y.at(u, v)-1)),
	}
}

// draw lowers each pixel of the field to its signed distance from the glyph's
// outline in pixels, negative in the ink, where that is less than what stands.
func (p *pen) draw(ink field, g glyph) {
	var path []point
	for _, s := range g {
		path = s.flatten(path[:0])
		for i, q := range path {
			if p.wave != nil {
				q = p.wave.apply(q)
			}
			path[i] = p.place.apply(q)
		}
		for i := range len(path) - 1 {
			p.segment(ink, path[i], path[i+1],
				p.flat && !s.closed && i == 0,
				p.flat && !s.closed && i == len(path)-2)
		}
	}
}

// segment draws one straight piece, with flat ends where asked.
func (p *pen) segment(ink field, a, b point, flatA, flatB bool) {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Sqrt(dot(dx, dy, dx, dy))
	if length == 0 {
		return
	}
	dx, dy = dx/length, dy/length
	half := math.Sqrt(dot(p.vertical*dy, p.horizontal*dx, p.vertical*dy, p.horizontal*dx))

	margin := half + p.reach
	x0, x1 := span(ink.side, min(a.x, b.x)-margin, max(a.x, b.x)+margin)
	y0, y1 := span(ink.side, min(a.y, b.y)-margin, max(a.y, b.y)+margin)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			// The pixel's centre, along the segment and across it.
			px, py := float64(x)+0.5-a.x, float64(y)+0.5-a.y
			along := dot(px, py, dx, dy)
			across := math.Abs(dot(px, py, dy, -dx))
			beyond := max(-along, along-length)
			var d float64
			switch {
			case beyond <= 0:
				d = across - half
			case along < 0 && flatA, along > length && flatB:
				d = max(across-half, beyond)
			default:
				d = math.Sqrt(dot(across, beyond, across, beyond)) - half
			}
			i := y*ink.side + x
			ink.at[i] = min(ink.at[i], d)
		}
	}
}

// span returns the pixels [first, end) of a row whose centres may lie between
// low and high.
func span(side int, low, high float64) (first, end int) {
	return int(min(max(math.Floor(low), 0), float64(side))), int(min(max(math.Ceil(high), 0), float64(side)))
}

// flatten appends the stroke as a sequence of points, close enough to be joined
// by straight lines.
func (s stroke) flatten(path []point) []point {
	n := len(s.points)
	spans := n - 1
	if s.closed {
		spans = n
	}
	// knot continues past the ends: around a closed stroke, and by repeating
	// the end of an open one.
	knot := func(i int) point {
		if s.closed {
			return s.points[(i+n)%n]
		}
		return s.points[min(max(i, 0), n-1)]
	}
	for i := range spans {
		path = append(path, knot(i))
		if !s.smooth {
			continue
		}
		const pieces = 5
		for k := 1; k < pieces; k++ {
			path = append(path, catmullRom(knot(i-1), knot(i), knot(i+1), knot(i+2), float64(k)/pieces))
		}
	}
	return append(path, knot(spans))
}

// catmullRom is the uniform Catmull-Rom spline between b (t = 0) and c (t = 1),
// evaluated by the pyramid of Barry and Goldman (SIGGRAPH 1988).
func catmullRom(a, b, c, d point, t float64) point {
	mix := func(p, q point, t float64) point { return point{lerp(p.x, q.x, t), lerp(p.y, q.y, t)} }
	ab, bc, cd := mix(a, b, t+1), mix(b, c, t), mix(c, d, t-1)
	return mix(mix(ab, bc, (t+1)/2), mix(bc, cd, t/2), t)
}
