package corrupt

import "math"

// brightness raises the value of HSV.
func (w *worker) brightness(severity int) {
	add := [...]float64{0.05, 0.1, 0.15, 0.2, 0.3}[severity]
	w.recolour(func(h, s, v float64) (float64, float64, float64) {
		return h, s, min(max(v+add, 0), 1)
	})
}

// saturate multiplies the saturation of HSV and adds to it.
func (w *worker) saturate(severity int) {
	c := [...]struct{ factor, add float64 }{{0.3, 0}, {0.1, 0}, {1.5, 0}, {2, 0.1}, {2.5, 0.2}}[severity]
	w.recolour(func(h, s, v float64) (float64, float64, float64) {
		return h, min(max(float64(s*c.factor)+c.add, 0), 1), v
	})
}

// recolour changes every pixel's hue, saturation and value, all from 0 to 1.
func (w *worker) recolour(change func(h, s, v float64) (float64, float64, float64)) {
	w.load()
	red, green, blue := w.channel(0), w.channel(1), w.channel(2)
	for i := range red {
		red[i], green[i], blue[i] = fromHSV(change(toHSV(red[i], green[i], blue[i])))
	}
	w.store()
}

// toHSV and fromHSV calculate in the order of scikit-image's rgb2hsv and
// hsv2rgb: results that should be whole grey levels are cut off to the same one.
// The HSV of augment/image is another one: Pillow's, of bytes, which rounds hue and
// saturation in between.
func toHSV(r, g, b float64) (h, s, v float64) {
	v = max(r, g, b)
	delta := v - min(r, g, b)
	if delta == 0 {
		return 0, 0, v
	}
	switch v {
	case b:
		h = 4 + (r-g)/delta
	case g:
		h = 2 + (b-r)/delta
	default:
		h = (g - b) / delta
	}
	h /= 6
	return h - math.Floor(h), delta / v, v
}

func fromHSV(h, s, v float64) (r, g, b float64) {
	sector := math.Floor(float64(h * 6))
	f := float64(h*6) - sector
	p := v * (1 - s)
	q := v * (1 - float64(f*s))
	t := v * (1 - float64((1-f)*s))
	switch int(sector) % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	default:
		return v, p, q
	}
}

// contrast brings every value nearer to the mean of its channel.
func (w *worker) contrast(severity int) {
	factor := [...]float64{0.75, 0.5, 0.4, 0.3, 0.15}[severity]
	w.load()
	for c := range 3 {
		channel := w.channel(c)
		mean := 0.0
		for _, v := range channel {
			mean += v
		}
		mean /= float64(len(channel))
		for i, v := range channel {
			channel[i] = float64((v-mean)*factor) + mean
		}
	}
	w.store()
}
