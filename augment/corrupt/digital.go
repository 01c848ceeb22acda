package corrupt

import "github.com/meada-cpu/meada-cpu/internal/resample"

// pixelate shrinks the image with Pillow's box filter and enlarges it again.
func (w *worker) pixelate(severity int) {
	p := w.resized[severity]
	if p == nil {
		p = newPixelation(w.width, w.height, [...]float64{0.95, 0.9, 0.85, 0.75, 0.65}[severity])
		w.resized[severity] = p
	}
	size := w.width * w.height
	for c := range 3 {
		p.shrink.Plane(p.small, w.src[c*size:][:size])
		p.enlarge.Plane(w.dst[c*size:][:size], p.small)
	}
}

// pixelation is a plan to shrink and enlarge planes of bytes.
type pixelation struct {
	shrink, enlarge *resample.Resizer
	small           []uint8
}

func newPixelation(width, height int, factor float64) *pixelation {
	w, h := int(float64(width)*factor), int(float64(height)*factor)
	return &pixelation{
		shrink:  resample.NewResizer(resample.Box, height, width, h, w),
		enlarge: resample.NewResizer(resample.Box, h, w, height, width),
		small:   make([]uint8, h*w),
	}
}

// elasticTransform moves the image by a random affine map and then every pixel
// by a smooth random field.
//
// Smoothing noise over a width weakens it by as much, so the field's noise is
// drawn with the strength of the scale: the field of a large image is that of a
// small one, enlarged.
func (w *worker) elasticTransform(severity int) {
	c := [...]struct{ amplitude, sigma, jitter float64 }{
		{0, 0, 0.08}, {0.05, 0.2, 0.07}, {0.08, 0.06, 0.06}, {0.1, 0.04, 0.05}, {0.1, 0.03, 0.03}}[severity]
	side := 32 * w.scale
	m := w.jitter(float64(c.jitter * side))
	w.load()
	for i := range 3 {
		channel, moved := w.channel(i), w.planes[0]
		for y := range w.height {
			for x := range w.width {
				px, py := m.apply(float64(x), float64(y))
				moved[y*w.width+x] = w.sample(channel, px, py, mirrorCentre)
			}
		}
		copy(channel, moved)
	}
	if c.amplitude > 0 {
		dx, dy := w.planes[1], w.planes[2]
		for _, field := range [][]float64{dx, dy} {
			for i := range field {
				field[i] = float64(w.random.Uniform(-1, 1) * w.scale)
			}
			w.smooth(field, c.sigma*side, 3, mirror)
			for i := range field {
				field[i] = float64(field[i] * c.amplitude * side)
			}
		}
		for i := range 3 {
			channel, moved := w.channel(i), w.planes[0]
			for y := range w.height {
				for x := range w.width {
					p := y*w.width + x
					moved[p] = w.sample(channel, float64(x)+dx[p], float64(y)+dy[p], mirror)
				}
			}
			copy(channel, moved)
		}
	}
	w.store()
}

// affine is the map (x, y) -> (xx x + xy y + x0, yx x + yy y + y0).
type affine struct{ xx, xy, yx, yy, x0, y0 float64 }

func (m affine) apply(x, y float64) (float64, float64) {
	return dot(m.xx, m.xy, x, y) + m.x0, dot(m.yx, m.yy, x, y) + m.y0
}

// jitter takes three corners of a square in the middle of the image, moves each
// coordinate by at most reach, and returns the map from the corners moved to
// the corners.
func (w *worker) jitter(reach float64) affine {
	third := float64(min(w.width, w.height) / 3)
	x, y := float64(w.width/2), float64(w.height/2)
	corner := [3][2]float64{{x + third, y + third}, {x + third, y - third}, {x - third, y - third}}
	moved := corner
	for i := range moved {
		for j := range moved[i] {
			moved[i][j] += w.random.Uniform(-reach, reach)
		}
	}
	// Two sides of the square are (0, 2 third) and (2 third, 0); a and b are what
	// became of them.
	ax, ay := moved[0][0]-moved[1][0], moved[0][1]-moved[1][1]
	bx, by := moved[1][0]-moved[2][0], moved[1][1]-moved[2][1]
	unit := 2 * third / dot(ax, -ay, by, bx)
	m := affine{xx: -ay * unit, xy: ax * unit, yx: by * unit, yy: -bx * unit}
	px, py := m.apply(moved[1][0], moved[1][1])
	m.x0, m.y0 = corner[1][0]-px, corner[1][1]-py
	return m
}
