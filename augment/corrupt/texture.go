package corrupt

import (
	"math"

	"github.com/meada-cpu/meada-cpu/internal/resample"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// A Texture is a picture of frost: 3 x Height x Width bytes.
type Texture struct {
	Width, Height int
	Data          []uint8
}

// shrinkTextures resizes pictures as the reference does for small images, to a
// fifth; less for larger images, and never below the images' size.
func shrinkTextures(pictures []Texture, width, height int, scale float64) []Texture {
	textures := make([]Texture, len(pictures))
	for i, p := range pictures {
		factor := min(1, 0.2*scale)
		factor = max(factor, float64(width)/float64(p.Width), float64(height)/float64(p.Height))
		t := Texture{Width: max(width, int(float64(p.Width)*factor)), Height: max(height, int(float64(p.Height)*factor))}
		t.Data = make([]uint8, 3*t.Width*t.Height)
		r := resample.NewResizer(resample.Bilinear, p.Height, p.Width, t.Height, t.Width)
		for c := range 3 {
			r.Plane(t.Data[c*t.Width*t.Height:][:t.Width*t.Height], p.Data[c*p.Width*p.Height:][:p.Width*p.Height])
		}
		textures[i] = t
	}
	return textures
}

// The published frost is cut from five photographs. No photograph is shipped:
// as many textures are drawn, always the same ones, of ice needles that grow
// side needles at 60 degrees, over cloudy patches, from dark blue to white.
const (
	textureCount = 5
	textureSide  = 160 // for images of 32 pixels
	textureSeed  = 1
)

func frostTextures(scale float64) []Texture {
	textures := make([]Texture, textureCount)
	for i := range textures {
		textures[i] = drawFrost(rng.New(textureSeed, rng.Corrupt.Sub(uint64(i))), scale)
	}
	return textures
}

// ice is a texture in the making: how much ice each pixel bears.
type ice struct {
	random *rng.Source
	side   int
	scale  float64
	amount []float64 // side x side
}

func drawFrost(random *rng.Source, scale float64) Texture {
	side := int(textureSide * scale)
	p := &ice{random: random, side: side, scale: scale, amount: make([]float64, side*side)}
	p.clouds()
	for range 70 {
		x, y := random.Uniform(0, textureSide), random.Uniform(0, textureSide)
		sin, cos := sinCos(random.Uniform(-180, 180))
		p.grow(x, y, cos, sin, random.Uniform(12, 45), 3)
	}
	t := Texture{Width: side, Height: side, Data: make([]uint8, 3*side*side)}
	thin, thick := [3]float64{26, 44, 68}, [3]float64{226, 240, 252}
	for c := range 3 {
		plane := t.Data[c*side*side:][:side*side]
		for i, a := range p.amount {
			plane[i] = uint8(lerp(thin[c], thick[c], min(a, 1)))
		}
	}
	return t
}

// clouds covers the texture with smooth noise of three scales.
func (p *ice) clouds() {
	const cells = 8
	for octave, weight := range [...]float64{0.3, 0.15, 0.1} {
		n := cells << octave
		lattice := make([]float64, n*n)
		for i := range lattice {
			lattice[i] = p.random.Float64()
		}
		step := float64(n) / float64(p.side)
		for y := range p.side {
			for x := range p.side {
				fx, fy := float64(float64(x)*step), float64(float64(y)*step)
				x0, y0 := int(fx), int(fy)
				tx, ty := ease(fx-float64(x0)), ease(fy-float64(y0))
				x1, y1 := (x0+1)%n, (y0+1)%n
				v := lerp(lerp(lattice[y0*n+x0], lattice[y0*n+x1], tx), lerp(lattice[y1*n+x0], lattice[y1*n+x1], tx), ty)
				p.amount[y*p.side+x] += float64(weight * v)
			}
		}
	}
}

// ease takes [0, 1] to itself with flat ends.
func ease(t float64) float64 { return t * t * (3 - float64(2*t)) }

// grow draws a needle from (x, y) in the direction (dx, dy) and, while order
// lasts, shorter ones that branch off it. Lengths are in pixels of a small
// texture.
func (p *ice) grow(x, y, dx, dy, length float64, order int) {
	p.needle(x, y, dx, dy, length, 0.35*float64(order))
	if order == 1 || length < 3 {
		return
	}
	const sin60, cos60 = 0.8660254037844386, 0.5
	for at := 2.0; at < length; at += p.random.Uniform(2, 4) {
		branch := float64((length - at) * p.random.Uniform(0.3, 0.6))
		rootX, rootY := x+float64(at*dx), y+float64(at*dy)
		p.grow(rootX, rootY, dot(dx, dy, cos60, -sin60), dot(dx, dy, sin60, cos60), branch, order-1)
		p.grow(rootX, rootY, dot(dx, dy, cos60, sin60), dot(dx, dy, -sin60, cos60), branch, order-1)
	}
}

// needle draws a line that thins out towards its end.
func (p *ice) needle(x, y, dx, dy, length, width float64) {
	x, y = float64(x*p.scale), float64(y*p.scale)
	length, width = float64(length*p.scale), float64(width*p.scale)
	soft := max(width, 1)
	left, right := min(x, x+float64(dx*length))-soft, max(x, x+float64(dx*length))+soft
	top, bottom := min(y, y+float64(dy*length))-soft, max(y, y+float64(dy*length))+soft
	for py := max(0, ceil(top)); py <= min(p.side-1, int(math.Floor(bottom))); py++ {
		for px := max(0, ceil(left)); px <= min(p.side-1, int(math.Floor(right))); px++ {
			ux, uy := float64(px)-x, float64(py)-y
			along := min(max(dot(ux, uy, dx, dy), 0), length)
			ux, uy = ux-float64(along*dx), uy-float64(along*dy)
			distance := math.Sqrt(dot(ux, uy, ux, uy))
			if distance < soft {
				strength := (1 - distance/soft) * (1 - float64(0.6*along/length)) * width / soft
				a := &p.amount[py*p.side+px]
				*a += float64((1 - *a) * strength * 0.6)
			}
		}
	}
}
