package corrupt

import "math/bits"

// snow lays flakes in motion over an image that is whitened.
func (w *worker) snow(severity int) {
	c := [...]struct{ mean, deviation, zoom, threshold, radius, sigma, keep float64 }{
		{0.1, 0.2, 1, 0.6, 8, 3, 0.95},
		{0.1, 0.2, 1, 0.5, 10, 4, 0.9},
		{0.15, 0.3, 1.75, 0.55, 10, 4, 0.9},
		{0.25, 0.3, 2.25, 0.6, 12, 6, 0.85},
		{0.3, 0.3, 1.25, 0.65, 14, 12, 0.8},
	}[severity]
	noise, drawn := w.planes[0], w.planes[1]
	still, flakes := w.bytes[0], w.bytes[1]
	for i := range noise {
		noise[i] = c.mean + float64(c.deviation*w.random.Normal())
	}
	w.enlarge(drawn, noise, c.zoom)
	for i, v := range drawn {
		if v < c.threshold {
			drawn[i] = 0
		}
	}
	// The flakes of a larger image are those of a small one, enlarged.
	w.enlarge(noise, drawn, w.scale)
	for i, v := range noise {
		still[i] = toByte(v)
	}
	w.motion(flakes, still, c.radius*w.scale, c.sigma*w.scale, w.random.Uniform(-135, -45))
	w.load()
	red, green, blue := w.channel(0), w.channel(1), w.channel(2)
	for i := range red {
		grey := dot(0.299, 0.587, red[i], green[i]) + float64(0.114*blue[i])
		white := float64(grey*1.5) + 0.5
		layer := float64(flakes[i])/255 + float64(flakes[len(flakes)-1-i])/255 // itself and turned by 180 degrees
		for _, channel := range [...][]float64{red, green, blue} {
			v := channel[i]
			channel[i] = dot(c.keep, 1-c.keep, v, max(v, white)) + layer
		}
	}
	w.store()
}

// frost adds a random part of a picture of frost.
func (w *worker) frost(severity int) {
	c := [...]struct{ keep, add float64 }{{1, 0.2}, {1, 0.3}, {0.9, 0.4}, {0.85, 0.4}, {0.75, 0.45}}[severity]
	textures := w.textures()
	t := &textures[w.random.IntN(len(textures))]
	top := w.random.IntN(max(1, t.Height-w.height))
	left := w.random.IntN(max(1, t.Width-w.width))
	for i := range 3 {
		for y := range w.height {
			at := (i*w.height + y) * w.width
			ice := t.Data[(i*t.Height+top+y)*t.Width+left:][:w.width]
			for x, b := range w.src[at:][:w.width] {
				w.dst[at+x] = uint8(min(dot(c.keep, c.add, float64(b), float64(ice[x])), 255))
			}
		}
	}
}

// fog adds a plasma fractal and scales the sum back to the image's range.
func (w *worker) fog(severity int) {
	c := [...]struct{ strength, decay float64 }{{0.2, 3}, {0.5, 3}, {0.75, 2.5}, {1, 2}, {1.5, 1.75}}[severity]
	w.load()
	largest := 0.0
	for _, v := range w.x {
		largest = max(largest, v)
	}
	side := 1 << bits.Len(uint(max(w.width, w.height)-1))
	fractal := w.plasma(side, c.decay)
	for i := range 3 {
		channel := w.channel(i)
		for y := range w.height {
			row := channel[y*w.width:][:w.width]
			for x, f := range fractal[y*side:][:w.width] {
				row[x] = (row[x] + float64(c.strength*f)) * largest / (largest + c.strength)
			}
		}
	}
	w.store()
}

// plasma draws a height map by the diamond-square algorithm, side x side and
// periodic, scaled to [0, 1]. The side is a power of two. At each step, which
// halves the distance of the points known, the amplitude of the random part is
// divided by decay.
func (w *worker) plasma(side int, decay float64) []float64 {
	if len(w.heights) < side*side {
		w.heights = make([]float64, side*side)
	}
	height := w.heights[:side*side]
	at := func(x, y int) float64 { return height[(y&(side-1))*side+x&(side-1)] }
	amplitude := 100.0
	set := func(x, y int, sum float64) {
		// The reference multiplies by the amplitude twice.
		height[y*side+x] = sum/4 + float64(amplitude*w.random.Uniform(-amplitude, amplitude))
	}
	height[0] = 0
	for step := side; step >= 2; step /= 2 {
		half := step / 2
		for y := half; y < side; y += step {
			for x := half; x < side; x += step {
				set(x, y, at(x-half, y-half)+at(x+half, y-half)+at(x-half, y+half)+at(x+half, y+half))
			}
		}
		for y := 0; y < side; y += step {
			for x := half; x < side; x += step {
				set(x, y, at(x, y-half)+at(x, y+half)+at(x-half, y)+at(x+half, y))
			}
		}
		for y := half; y < side; y += step {
			for x := 0; x < side; x += step {
				set(x, y, at(x, y-half)+at(x, y+half)+at(x-half, y)+at(x+half, y))
			}
		}
		amplitude /= decay
	}
	low, high := height[0], height[0]
	for _, v := range height {
		low, high = min(low, v), max(high, v)
	}
	for i, v := range height {
		height[i] = (v - low) / (high - low)
	}
	return height
}
