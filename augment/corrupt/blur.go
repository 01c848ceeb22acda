package corrupt

import "math"

// gaussianBlur is scikit-image's gaussian filter.
func (w *worker) gaussianBlur(severity int) {
	sigma := [...]float64{0.4, 0.6, 0.7, 0.8, 1}[severity]
	w.load()
	for c := range 3 {
		w.smooth(w.channel(c), sigma*w.scale, 4, nearest)
	}
	w.store()
}

// defocusBlur correlates with a disk whose edge is softened by a Gaussian, which
// is cut at one pixel of a small image.
//
// The published radii (0.3, 0.4, 0.5, 1, 1.5) pick 1, 1, 1, 5 and 9 pixels of a
// small image. The radii here pick the same and are those of true disks with as
// large a second moment, so that the severities keep their order in larger images.
func (w *worker) defocusBlur(severity int) {
	c := [...]struct{ radius, sigma float64 }{{0, 0.4}, {0, 0.5}, {0, 0.6}, {1.26, 0.2}, {1.63, 0.1}}[severity]
	size := w.width * w.height
	for i := range 3 {
		w.disk(w.channel(i), w.src[i*size:][:size], float64(c.radius*w.scale))
		w.convolve(w.channel(i), w.gaussian(c.sigma*w.scale, int(w.scale+0.5)), mirrorCentre)
	}
	w.store()
}

// disk sets dst to the means of src over the pixels whose centres are at most
// radius away, in [0, 1].
func (w *worker) disk(dst []float64, src []uint8, radius float64) {
	reach := int(radius)
	clear(dst)
	for len(w.sums) < w.width+2*reach+1 {
		w.sums = append(w.sums, 0)
	}
	area := 0
	for dy := -reach; dy <= reach; dy++ {
		area += 2*halfChord(radius, dy) + 1
	}
	for row := -reach; row < w.height+reach; row++ {
		from := src[mirrorCentre(row, w.height)*w.width:][:w.width]
		sum := 0
		for i := range w.width + 2*reach {
			sum += int(from[mirrorCentre(i-reach, w.width)])
			w.sums[i+1] = sum
		}
		for dy := -reach; dy <= reach; dy++ {
			y := row - dy
			if y < 0 || y >= w.height {
				continue
			}
			half := halfChord(radius, dy)
			left, right := w.sums[reach-half:], w.sums[reach+half+1:]
			for x := range w.width {
				dst[y*w.width+x] += float64(right[x] - left[x]) // exact
			}
		}
	}
	for i, v := range dst {
		dst[i] = v / float64(255*area)
	}
}

// halfChord returns how many pixels of a disk lie on either side of its centre
// line, dy above or below its centre.
func halfChord(radius float64, dy int) int {
	return int(math.Sqrt(float64(radius*radius) - float64(dy*dy)))
}

// glassBlur moves pixels to their neighbours, between two Gaussian blurs.
//
// The reference means to exchange the two pixels, but what it assigns are views
// of its array: both places end with the neighbour's value. So they do here.
func (w *worker) glassBlur(severity int) {
	c := [...]struct {
		sigma  float64
		reach  int
		rounds int
	}{{0.05, 1, 1}, {0.25, 1, 1}, {0.4, 1, 1}, {0.25, 1, 2}, {0.4, 1, 2}}[severity]
	sigma, reach := c.sigma*w.scale, int(float64(float64(c.reach)*w.scale)+0.5)
	size := w.width * w.height
	w.load()
	for i := range 3 {
		w.smooth(w.channel(i), sigma, 4, nearest)
	}
	for i, v := range w.x {
		w.x[i] = float64(toByte(v)) / 255
	}
	for range c.rounds {
		for y := w.height - reach; y > reach; y-- {
			for x := w.width - reach; x > reach; x-- {
				from := (x + w.random.IntN(2*reach) - reach) + (y+w.random.IntN(2*reach)-reach)*w.width
				for i := range 3 {
					w.x[i*size+y*w.width+x] = w.x[i*size+from]
				}
			}
		}
	}
	for i := range 3 {
		w.smooth(w.channel(i), sigma, 4, nearest)
	}
	w.store()
}

// motionBlur is ImageMagick's, at an angle of at most 45 degrees from the
// horizontal.
func (w *worker) motionBlur(severity int) {
	c := [...]struct{ radius, sigma float64 }{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}[severity]
	degrees := w.random.Uniform(-45, 45)
	size := w.width * w.height
	for i := range 3 {
		w.motion(w.dst[i*size:][:size], w.src[i*size:][:size], c.radius*w.scale, c.sigma*w.scale, degrees)
	}
}

// zoomBlur is the mean of the image and its enlargements by 1, 1.01, 1.02, ...
// around the centre, the first of which is the image once more.
func (w *worker) zoomBlur(severity int) {
	count := [...]int{7, 12, 16, 21, 26}[severity]
	w.load()
	for c := range 3 {
		from, sum := w.channel(c), w.planes[0]
		copy(sum, from)
		for i := range count {
			w.enlarge(w.planes[1], from, 1+float64(float64(i)*zoomStep))
			for p, v := range w.planes[1] {
				sum[p] += v
			}
		}
		for p, v := range sum {
			from[p] = v / float64(count+1)
		}
	}
	w.store()
}

// zoomStep is the step of NumPy's arange(1, end, 0.01), which is what is left of
// it after an addition to 1.
var zoomStep = float64(1+0.01) - 1

// enlarge zooms into the centre of a plane by a factor, with linear
// interpolation.
func (w *worker) enlarge(dst, src []float64, factor float64) {
	across, down := zoomAxis(w.width, factor), zoomAxis(w.height, factor)
	for x := range w.places {
		w.places[x] = across.at(x)
	}
	for y := range w.height {
		p := down.at(y)
		above := src[(down.first+p.lo)*w.width+across.first:][:across.crop]
		below := src[(down.first+p.hi)*w.width+across.first:][:across.crop]
		line := w.line[:across.crop]
		for x := range line {
			line[x] = lerp(above[x], below[x], p.t)
		}
		to := dst[y*w.width:][:w.width]
		for x, p := range w.places {
			to[x] = lerp(line[p.lo], line[p.hi], p.t)
		}
	}
}

// zoomed is how an axis of n pixels is enlarged: its crop pixels from first on
// become size pixels, of which n are kept, from trim on.
type zoomed struct{ first, crop, size, trim int }

func zoomAxis(n int, factor float64) zoomed {
	crop := ceil(float64(n) / factor)
	size := int(math.RoundToEven(float64(crop) * factor))
	return zoomed{(n - crop) / 2, crop, size, (size - n) / 2}
}

// place is a position between two pixels of a line, t of the way from lo to hi.
type place struct {
	lo, hi int
	t      float64
}

// at returns the place in the crop of pixel i of the result.
func (z zoomed) at(i int) place {
	position := float64(float64(i+z.trim) * (float64(z.crop-1) / float64(z.size-1)))
	lo := min(int(position), z.crop-1)
	return place{lo, min(lo+1, z.crop-1), position - float64(lo)}
}
