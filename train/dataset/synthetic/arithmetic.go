package synthetic

import (
	"math"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// A product that feeds an addition may become a fused multiply-add on some
// architectures, with another rounding. A conversion to float64 forbids that:
// each such product of this package has one, so that the pictures have the same
// bytes everywhere. (Products with powers of two need none: they are exact.)

// dot returns ax*bx + ay*by.
func dot(ax, ay, bx, by float64) float64 {
	return float64(ax*bx) + float64(ay*by)
}

// lerp goes from a at t = 0 to b at t = 1.
func lerp(a, b, t float64) float64 {
	return a + float64((b-a)*t)
}

// unit clamps to [0, 1].
func unit(x float64) float64 {
	return min(max(x, 0), 1)
}

// ease takes [0, 1] to [0, 1] with flat ends (the cubic 3t^2 - 2t^3).
func ease(t float64) float64 {
	return t * t * (3 - float64(2*t))
}

// chance is true with probability p.
func chance(r *rng.Source, p float64) bool {
	return r.Float64() < p
}

// affine is the map (x, y) -> (xx*x + xy*y + x0, yx*x + yy*y + y0).
type affine struct{ xx, xy, yx, yy, x0, y0 float64 }

func (m affine) apply(p point) point {
	return point{dot(m.xx, m.xy, p.x, p.y) + m.x0, dot(m.yx, m.yy, p.x, p.y) + m.y0}
}

// placement maps the glyph box to pixels: its centre to (x, y) and its height to
// height, its width stretched by aspect besides, slanted to the right by slant
// for each unit of height, and turned clockwise. The turn is the tangent of half
// the angle, from which sine and cosine are rational.
func placement(x, y, height, aspect, slant, turn float64) affine {
	norm := 1 + float64(turn*turn)
	cos, sin := (1-float64(turn*turn))/norm, 2*turn/norm
	sy := height / 100
	sx := sy * aspect
	shear := -slant * sy
	m := affine{
		xx: cos * sx, xy: dot(cos, -sin, shear, sy),
		yx: sin * sx, yy: dot(sin, cos, shear, sy),
	}
	c := m.apply(point{30, 50})
	m.x0, m.y0 = x-c.x, y-c.y
	return m
}

// A lattice is smooth periodic noise: random values between 0 and 1 at whole
// coordinates, eased in between. It repeats after latticeSide in x and y.
type lattice [latticeSide * latticeSide]float64

const latticeSide = 8

func newLattice(r *rng.Source) *lattice {
	l := new(lattice)
	for i := range l {
		l[i] = float64(r.Float32())
	}
	return l
}

func (l *lattice) at(x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	// The mask is right for negative numbers too: latticeSide is a power of two.
	i0, j0 := int(fx)&(latticeSide-1), int(fy)&(latticeSide-1)
	i1, j1 := (i0+1)&(latticeSide-1), (j0+1)&(latticeSide-1)
	tx, ty := ease(x-fx), ease(y-fy)
	return lerp(
		lerp(l[j0*latticeSide+i0], l[j0*latticeSide+i1], tx),
		lerp(l[j1*latticeSide+i0], l[j1*latticeSide+i1], tx), ty)
}

// fractal adds three octaves of the lattice, each of double frequency and half
// weight, scaled to [0, 1].
func (l *lattice) fractal(x, y float64) float64 {
	return (4*l.at(x, y) + 2*l.at(2*x+3.3, 2*y+5.7) + l.at(4*x+1.9, 4*y+2.3)) / 7
}
