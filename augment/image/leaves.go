package image

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Leaves maps the values of an image to between two pictures, as [Fractals] does,
// but these have edges: they are of dead leaves, shapes of all sizes one over
// the other, whose statistics are near those of photographs (Lee, Mumford and
// Huang, "Occlusion Models for Natural Images", IJCV 2001; Baradad et al., "Learning
// to See by Looking at Noise", NeurIPS 2021). For every second image both
// pictures have the same leaves in other colours, as if what the image shows
// were of glass.
type Leaves struct {
	Most float64 // share of the pictures in what black and white become
}

// Make returns the operation for images of c x h x w.
func (o Leaves) Make(c, h, w int) (augment.ImageFunc, error) {
	if !(o.Most >= 0 && o.Most <= 1) {
		return nil, fmt.Errorf("image: Leaves.Most is %v, expected 0 to 1", o.Most)
	}
	l, black := newLeaves(h, w), make([]uint8, c*h*w)
	return func(dst, src []uint8, d augment.Draw) {
		draw := rng.New(d.Seed, rng.Leaves.Sub(d.Index()))
		share := int32(draw.Uniform(0, o.Most) * 256)
		l.strew(draw)
		l.paint(black, draw)
		if draw.Uint32()&1 == 0 {
			l.strew(draw)
		}
		l.paint(dst, draw) // white
		recolour(dst, src, black, share)
	}, nil
}

// leaves draws pictures of dead leaves.
type leaves struct {
	h, w    int
	of      []uint8  // which leaf each pixel shows
	texture *fractal // of all leaves
	colours [mostLeaves]int32
}

const (
	mostLeaves  = 64
	leastLeaves = 8
)

func newLeaves(h, w int) *leaves {
	return &leaves{h: h, w: w, of: make([]uint8, h*w), texture: newFractal(h, w)}
}

// strew draws leaves from the bottom to the top: ellipses and rectangles, turned at
// random. The ground is the first leaf's.
func (l *leaves) strew(draw *rng.Source) {
	clear(l.of)
	side := float64(max(l.h, l.w))
	least := draw.Uniform(side/32, side/8)
	for number := range leastLeaves + draw.IntN(mostLeaves-leastLeaves) {
		long := longRadius(draw, least, side/2)
		short := max(long*draw.Uniform(0.25, 1), 0.5)
		f := newLeaf(draw.IntN(l.w), draw.IntN(l.h), 1+draw.IntN(128), draw.IntN(256)-128, long, short, draw.Uint32()&1 == 0)
		l.lay(&f, uint8(number))
	}
	l.texture.raise(draw)
	l.texture.level()
}

// longRadius draws a radius, which exceeds r with probability (least / r)^2 up to most.
func longRadius(draw *rng.Source, least, most float64) float64 {
	return min(least/math.Sqrt(1-draw.Float64()), most)
}

// leaf is an ellipse or a rectangle about x, y.
type leaf struct {
	x, y, dx, dy  int     // its long axis points to dx, dy
	along, across float64 // by which distances along and across, times the length of dx, dy, are shares of the radii
	reach         int     // pixels
	ellipse       bool
}

func newLeaf(x, y, dx, dy int, long, short float64, ellipse bool) leaf {
	norm, reach := math.Sqrt(float64(dx*dx+dy*dy)), long
	if !ellipse {
		reach = math.Sqrt(float64(long*long) + float64(short*short))
	}
	return leaf{x, y, dx, dy, 1 / float64(norm*long), 1 / float64(norm*short), int(math.Ceil(reach)), ellipse}
}

// lay sets the pixels that a leaf covers.
func (l *leaves) lay(f *leaf, number uint8) {
	for y := max(0, f.y-f.reach); y < min(l.h, f.y+f.reach+1); y++ {
		row := l.of[y*l.w:][:l.w]
		for x := max(0, f.x-f.reach); x < min(l.w, f.x+f.reach+1); x++ {
			a := float64((x-f.x)*f.dx+(y-f.y)*f.dy) * f.along
			b := float64((y-f.y)*f.dx-(x-f.x)*f.dy) * f.across
			a, b = float64(a*a), float64(b*b)
			if max(a, b) <= 1 && (!f.ellipse || float64(a+b) <= 1) {
				row[x] = number
			}
		}
	}
}

// paint sets dst to the leaves in random colours, more or less like grey ones, with
// more or less texture.
func (l *leaves) paint(dst []uint8, draw *rng.Source) {
	var grey [mostLeaves]int32
	for i := range grey {
		grey[i] = int32(draw.Uint32() & 255)
	}
	saturation, depth := int32(draw.IntN(257)), int32(draw.IntN(129))
	for plane := l.h * l.w; len(dst) > 0; dst = dst[plane:] {
		for i := range l.colours {
			l.colours[i] = (grey[i]*(256-saturation) + int32(draw.Uint32()&255)*saturation) / 256
		}
		for y := range l.h {
			heights := l.texture.height[y*l.texture.side:][:l.w]
			for x, height := range heights {
				dst[y*l.w+x] = uint8(max(0, min(l.colours[l.of[y*l.w+x]]+(height-128)*depth/256, 255)))
			}
		}
	}
}
