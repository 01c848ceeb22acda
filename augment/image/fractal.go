package image

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Fractals maps the values of an image to between two fractals: each pixel's black
// becomes what one has there, white what the other has. Shapes stay, and both
// what they are made of and what is behind them get textures. How far black and
// white go is drawn for each image.
type Fractals struct {
	Most float64 // share of the fractals in what black and white become
}

// Make returns the operation for images of c x h x w.
func (o Fractals) Make(c, h, w int) (augment.ImageFunc, error) {
	if !(o.Most >= 0 && o.Most <= 1) {
		return nil, fmt.Errorf("image: Fractals.Most is %v, expected 0 to 1", o.Most)
	}
	f, black := newFractal(h, w), make([]uint8, c*h*w)
	return func(dst, src []uint8, d augment.Draw) {
		draw := rng.New(d.Seed, rng.Fractals.Sub(d.Index()))
		share := int32(draw.Uniform(0, o.Most) * 256)
		f.paint(black, draw)
		f.paint(dst, draw) // white
		recolour(dst, src, black, share)
	}, nil
}

// recolour sets dst, what white becomes, to what each value of src does: as much
// nearer to black as it is darker. Share, of 256, is how far both go from what
// they are.
func recolour(dst, src, black []uint8, share int32) {
	for i, v := range src {
		low := share * int32(black[i])
		high := 255*256 - share*(255-int32(dst[i]))
		dst[i] = uint8((int32(v)*high + (255-int32(v))*low + 255*128) / (255 * 256))
	}
}

// fractal draws surfaces by midpoint displacement, on a torus.
type fractal struct {
	h, w   int
	side   int     // of the surface, a power of 2
	height []int32 // side x side
	colour [256]uint8
}

const (
	fractalShades = 5   // colours between which a surface's heights are interpolated
	leastRatio    = 96  // of 256, how the displacements of one level become those of the next
	ratios        = 112 // that are drawn from
)

func newFractal(h, w int) *fractal {
	f := &fractal{h: h, w: w, side: 4}
	for f.side < max(h, w) {
		f.side *= 2
	}
	f.height = make([]int32, f.side*f.side)
	return f
}

// paint sets dst to a surface whose heights have random colours.
func (f *fractal) paint(dst []uint8, draw *rng.Source) {
	f.raise(draw)
	f.level()
	for plane := f.h * f.w; len(dst) > 0; dst = dst[plane:] {
		f.shade(draw)
		for y := range f.h {
			row := f.height[y*f.side:][:f.w]
			for x, v := range row {
				dst[y*f.w+x] = f.colour[v]
			}
		}
	}
}

// level makes the heights 0 to 255.
func (f *fractal) level() {
	low, high := f.height[0], f.height[0]
	for _, v := range f.height {
		low, high = min(low, v), max(high, v)
	}
	span := max(1, high-low)
	for i, v := range f.height {
		f.height[i] = int32(int64(v-low) * 255 / int64(span))
	}
}

// shade draws what the heights of a plane become.
func (f *fractal) shade(draw *rng.Source) {
	var shades [fractalShades]int32
	for i := range shades {
		shades[i] = int32(draw.Uint32() & 255)
	}
	for v := range f.colour {
		at := v * (fractalShades - 1)
		i, part := min(at/255, fractalShades-2), int32(at)
		part -= int32(i * 255)
		f.colour[v] = uint8((shades[i]*(255-part) + shades[i+1]*part) / 255)
	}
}

// raise draws the heights: those of a coarse grid, then those between them, by
// the mean of four and a displacement.
func (f *fractal) raise(draw *rng.Source) {
	step := f.side >> draw.IntN(3)
	ratio := int32(leastRatio + draw.IntN(ratios))
	size := int32(1 << 14)
	for y := 0; y < f.side; y += step {
		for x := 0; x < f.side; x += step {
			f.height[y*f.side+x] = displacement(draw, size)
		}
	}
	for ; step > 1; step /= 2 {
		half := step / 2
		size = size * ratio >> 8
		for y := half; y < f.side; y += step { // middles of squares
			for x := half; x < f.side; x += step {
				f.height[y*f.side+x] = displacement(draw, size) +
					(f.at(x-half, y-half)+f.at(x+half, y-half)+f.at(x-half, y+half)+f.at(x+half, y+half))/4
			}
		}
		for y := 0; y < f.side; y += half { // and of their sides
			for x := (y + half) & (step - 1); x < f.side; x += step {
				f.height[y*f.side+x] = displacement(draw, size) +
					(f.at(x-half, y)+f.at(x+half, y)+f.at(x, y-half)+f.at(x, y+half))/4
			}
		}
	}
}

func (f *fractal) at(x, y int) int32 {
	return f.height[(y&(f.side-1))*f.side+x&(f.side-1)]
}

// displacement draws a number between -size and size.
func displacement(draw *rng.Source, size int32) int32 {
	return int32(int64(int32(draw.Uint32())) * int64(size) >> 31)
}
