package corrupt

import "math"

// A border gives the place of the pixel that stands for pixel i of a line of
// n, -n < i < 2n.
type border func(i, n int) int

// nearest repeats the last pixel: a b c c c.
func nearest(i, n int) int { return min(max(i, 0), n-1) }

// mirror reflects behind the last pixel: a b c c b.
func mirror(i, n int) int {
	if i = modulo(i, 2*n); i >= n {
		return 2*n - 1 - i
	}
	return i
}

// modulo returns i, or what it is one or more periods away from.
func modulo(i, period int) int {
	if i %= period; i < 0 {
		return i + period
	}
	return i
}

// mirrorCentre reflects at the last pixel's centre: a b c b a.
func mirrorCentre(i, n int) int {
	if i = modulo(i, max(1, 2*n-2)); i >= n {
		return 2*n - 2 - i
	}
	return i
}

// gaussian returns exp(-i^2 / 2 sigma^2) for 0 <= i <= reach. The memory is
// reused by the next call.
func (w *worker) gaussian(sigma float64, reach int) []float64 {
	w.kernel = w.kernel[:0]
	for i := range reach + 1 {
		w.kernel = append(w.kernel, exp(float64(-0.5/(sigma*sigma)*float64(i*i))))
	}
	return w.kernel
}

// smooth blurs a plane by a Gaussian that is cut at truncate times sigma, as
// SciPy's gaussian_filter does.
func (w *worker) smooth(plane []float64, sigma, truncate float64, at border) {
	if reach := int(float64(truncate*sigma) + 0.5); reach > 0 {
		w.convolve(plane, w.gaussian(sigma, reach), at)
	}
}

// convolve filters a plane in place with a symmetric kernel, given from its
// centre outwards and normalised here, down the columns and then along the rows.
func (w *worker) convolve(plane, kernel []float64, at border) {
	sum := kernel[0]
	for _, v := range kernel[1:] {
		sum += float64(2 * v)
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	down := w.planes[len(w.planes)-1] // no caller's plane
	for y := range w.height {
		to := down[y*w.width:][:w.width]
		for x, v := range plane[y*w.width:][:w.width] {
			to[x] = v * kernel[0]
		}
		for d := len(kernel) - 1; d > 0; d-- {
			above := plane[at(y-d, w.height)*w.width:][:w.width]
			below := plane[at(y+d, w.height)*w.width:][:w.width]
			for x := range to {
				to[x] += float64((above[x] + below[x]) * kernel[d])
			}
		}
	}
	reach := len(kernel) - 1
	if need := w.width + 2*reach; len(w.line) < need {
		w.line = make([]float64, need)
	}
	line := w.line[:w.width+2*reach]
	for y := range w.height {
		from, to := down[y*w.width:][:w.width], plane[y*w.width:][:w.width]
		for i := range reach {
			line[i] = from[at(i-reach, w.width)]
			line[reach+w.width+i] = from[at(w.width+i, w.width)]
		}
		copy(line[reach:], from)
		for x := range to {
			sum := line[reach+x] * kernel[0]
			for d := reach; d > 0; d-- {
				sum += float64((line[reach+x-d] + line[reach+x+d]) * kernel[d])
			}
			to[x] = sum
		}
	}
}

// motion blurs a plane of bytes along a line that leaves each pixel at the given
// angle, with weights that fall as a Gaussian of that sigma, as ImageMagick's
// motion blur does, from 16-bit samples that it truncates to bytes.
func (w *worker) motion(dst, src []uint8, radius, sigma, degrees float64) {
	weights := w.gaussian(sigma, 2*ceil(radius))
	sum := 0.0
	for _, v := range weights {
		sum += v
	}
	sin, cos := sinCos(degrees)
	blurred := w.planes[0]
	clear(blurred)
	for i, weight := range weights {
		weight /= sum
		dx, dy := ceil(float64(float64(i)*cos)-0.5), ceil(float64(float64(i)*sin)-0.5)
		for x := range w.columns {
			w.columns[x] = nearest(x+dx, w.width)
		}
		for y := range w.height {
			from, to := src[nearest(y+dy, w.height)*w.width:][:w.width], blurred[y*w.width:][:w.width]
			for x, column := range w.columns {
				to[x] += float64(weight * float64(from[column]))
			}
		}
	}
	for i, v := range blurred {
		dst[i] = uint8(int(float64(v*257)+0.5) / 257)
	}
}

// sample interpolates a plane linearly at (x, y).
func (w *worker) sample(plane []float64, x, y float64, at border) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	x0, x1 := at(int(fx), w.width), at(int(fx)+1, w.width)
	above, below := plane[at(int(fy), w.height)*w.width:], plane[at(int(fy)+1, w.height)*w.width:]
	return lerp(lerp(above[x0], above[x1], x-fx), lerp(below[x0], below[x1], x-fx), y-fy)
}
