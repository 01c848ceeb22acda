package corrupt

// spatter lays drops over the image: of water at the three lower severities, of
// mud at the others. Where drops lie is decided by smooth noise, which is drawn
// with the strength of the scale, as smoothing weakens it by as much.
func (w *worker) spatter(severity int) {
	c := [...]struct {
		mean, deviation, sigma, threshold, strength float64
		mud                                         bool
	}{
		{0.62, 0.1, 0.7, 0.7, 0.5, false},
		{0.65, 0.1, 0.8, 0.7, 0.5, false},
		{0.65, 0.3, 1, 0.69, 0.5, false},
		{0.65, 0.1, 0.7, 0.69, 0.6, true},
		{0.65, 0.1, 0.5, 0.68, 0.6, true},
	}[severity]
	liquid := w.planes[0]
	for i := range liquid {
		liquid[i] = c.mean + float64(c.deviation*w.scale*w.random.Normal())
	}
	w.smooth(liquid, c.sigma*w.scale, 4, nearest)
	w.load()
	if c.mud {
		w.mud(liquid, c.threshold, c.strength)
	} else {
		w.water(liquid, c.threshold, c.strength)
	}
	w.store()
}

// mud covers the image with brown where the liquid is above the threshold and
// stays dense when that mask is blurred.
func (w *worker) mud(liquid []float64, threshold, sigma float64) {
	brown := [3]float64{63. / 255, 42. / 255, 20. / 255}
	for i, v := range liquid {
		liquid[i] = 0
		if v > threshold {
			liquid[i] = 1
		}
	}
	w.smooth(liquid, sigma*w.scale, 4, nearest)
	for i, density := range liquid {
		if density < 0.8 {
			continue
		}
		for c, v := range brown {
			channel := w.channel(c)
			channel[i] = dot(1-density, density, channel[i], v)
		}
	}
}

// water adds pale turquoise where the liquid is above the threshold. Its
// strength follows the distance from the drops' edges, embossed.
func (w *worker) water(liquid []float64, threshold, strength float64) {
	turquoise := [3]float64{175. / 255, 238. / 255, 238. / 255}
	drops, relief := w.bytes[0], w.bytes[1]
	for i, v := range liquid {
		drops[i] = 0
		if v >= threshold {
			drops[i] = toByte(v)
		}
	}
	w.shade(relief, drops)
	largest := 0
	for i, v := range drops {
		largest = max(largest, int(v)*int(relief[i]))
	}
	if largest == 0 {
		return
	}
	for i, v := range drops {
		density := float64(int(v)*int(relief[i])) / float64(largest) * strength
		for c, tint := range turquoise {
			w.channel(c)[i] += float64(density * tint)
		}
	}
}

// shade draws the light and shade of drops: the distance from their edges,
// equalised, embossed and smoothed.
func (w *worker) shade(dst, drops []uint8) {
	distance := w.planes[0]
	w.edges(dst, drops)
	w.distances(distance, dst)
	const farthest = 20
	for i, d := range distance {
		distance[i] = min(d, farthest)
	}
	w.boxMean(dst, distance, 0)
	equalise(dst)
	w.emboss(w.bytes[2], dst)
	for i, v := range w.bytes[2] {
		distance[i] = float64(v)
	}
	w.boxMean(dst, distance, 0.5)
}

// edges marks with 0 the pixels on edges of a picture, with 255 all others, by
// Canny's detector with Sobel gradients in the 1-norm and thresholds of 50 and
// 150.
func (w *worker) edges(dst, src []uint8) {
	const (
		weak, strong = 50, 150
		tan22        = 13573 // tan(22.5 degrees) in 15 bits
	)
	at := func(x, y int) int { return int(src[nearest(y, w.height)*w.width+nearest(x, w.width)]) }
	gradient := func(x, y int) (dx, dy int) {
		nw, n, ne := at(x-1, y-1), at(x, y-1), at(x+1, y-1)
		sw, s, se := at(x-1, y+1), at(x, y+1), at(x+1, y+1)
		return ne + 2*at(x+1, y) + se - nw - 2*at(x-1, y) - sw, sw + 2*s + se - nw - 2*n - ne
	}
	magnitude := func(x, y int) int {
		if x < 0 || y < 0 || x >= w.width || y >= w.height {
			return 0
		}
		dx, dy := gradient(x, y)
		return abs(dx) + abs(dy)
	}
	// A pixel is on a ridge of the gradient's magnitude if neither neighbour in
	// the gradient's direction, of four, is larger.
	ridge := func(x, y, m int) bool {
		dx, dy := gradient(x, y)
		flat, steep := abs(dx)*tan22, abs(dy)<<15
		switch {
		case steep < flat:
			return m > magnitude(x-1, y) && m >= magnitude(x+1, y)
		case steep > flat+abs(dx)<<16:
			return m > magnitude(x, y-1) && m >= magnitude(x, y+1)
		case (dx < 0) != (dy < 0):
			return m > magnitude(x+1, y-1) && m > magnitude(x-1, y+1)
		}
		return m > magnitude(x-1, y-1) && m > magnitude(x+1, y+1)
	}
	w.stack = w.stack[:0]
	for y := range w.height {
		for x := range w.width {
			i := y*w.width + x
			dst[i] = none
			if m := magnitude(x, y); m > weak && ridge(x, y, m) {
				dst[i] = candidate
				if m > strong {
					dst[i] = edge
					w.stack = append(w.stack, i)
				}
			}
		}
	}
	w.connect(dst)
}

// What edges makes of a pixel.
const (
	none      = 255
	candidate = 1 // an edge if it touches one
	edge      = 0
)

// connect makes the candidates that touch an edge edges too, from those on the stack
// on, and the others none.
func (w *worker) connect(dst []uint8) {
	for len(w.stack) > 0 {
		i := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		for y := max(i/w.width-1, 0); y <= min(i/w.width+1, w.height-1); y++ {
			for x := max(i%w.width-1, 0); x <= min(i%w.width+1, w.width-1); x++ {
				if j := y*w.width + x; dst[j] == candidate {
					dst[j] = edge
					w.stack = append(w.stack, j)
				}
			}
		}
	}
	for i, v := range dst {
		if v == candidate {
			dst[i] = none
		}
	}
}

func abs(v int) int { return max(v, -v) }

// distances sets each pixel to its distance from the nearest 0 of src, in steps
// to neighbours (1), across corners (1.4) and of a knight (2.1969): Borgefors'
// 5x5 chamfer. Without any 0 it is more than the image's size.
func (w *worker) distances(dst []float64, src []uint8) {
	const side, corner, knight = 1, 1.4, 2.1969
	steps := [...]struct {
		dx, dy int
		length float64
	}{{-1, 0, side}, {-1, -1, corner}, {0, -1, side}, {1, -1, corner}, {-2, -1, knight}, {2, -1, knight}, {-1, -2, knight}, {1, -2, knight}}
	infinite := float64(w.width + w.height)
	for i, v := range src {
		dst[i] = infinite
		if v == 0 {
			dst[i] = 0
		}
	}
	// Forward with the steps from pixels before, then backward from those after.
	for _, sign := range [...]int{1, -1} {
		for n := range dst {
			i := n
			if sign < 0 {
				i = len(dst) - 1 - n
			}
			x, y := i%w.width, i/w.width
			for _, s := range steps {
				fromX, fromY := x+sign*s.dx, y+sign*s.dy
				if fromX >= 0 && fromY >= 0 && fromX < w.width && fromY < w.height {
					dst[i] = min(dst[i], dst[fromY*w.width+fromX]+s.length)
				}
			}
		}
	}
}

// boxMean writes the means of 3x3 pixels plus round, truncated.
func (w *worker) boxMean(dst []uint8, src []float64, round float64) {
	for y := range w.height {
		above := src[mirrorCentre(y-1, w.height)*w.width:]
		here := src[y*w.width:]
		below := src[mirrorCentre(y+1, w.height)*w.width:]
		for x := range w.width {
			left, right := mirrorCentre(x-1, w.width), mirrorCentre(x+1, w.width)
			sum := above[left] + above[x] + above[right] + here[left] + here[x] + here[right] +
				below[left] + below[x] + below[right]
			dst[y*w.width+x] = uint8(sum/9 + round)
		}
	}
}

// equalise spreads the grey levels of a picture so that their cumulative
// histogram is a straight line.
func equalise(picture []uint8) {
	var histogram [256]int
	for _, v := range picture {
		histogram[v]++
	}
	lowest := 0
	for histogram[lowest] == 0 {
		lowest++
	}
	rest := len(picture) - histogram[lowest]
	if rest == 0 {
		return
	}
	var level [256]uint8
	sum := 0
	for v := lowest + 1; v < len(level); v++ {
		sum += histogram[v]
		level[v] = uint8((2*255*sum + rest) / (2 * rest))
	}
	for i, v := range picture {
		picture[i] = level[v]
	}
}

// emboss lights a picture from one corner.
func (w *worker) emboss(dst, src []uint8) {
	weights := [3][3]int{{-2, -1, 0}, {-1, 1, 1}, {0, 1, 2}}
	for y := range w.height {
		for x := range w.width {
			sum := 0
			for j, row := range weights {
				from := src[mirrorCentre(y+j-1, w.height)*w.width:][:w.width]
				for i, weight := range row {
					sum += weight * int(from[mirrorCentre(x+i-1, w.width)])
				}
			}
			dst[y*w.width+x] = uint8(min(max(sum, 0), 255))
		}
	}
}
