package image

// luma returns that of a colour, as Pillow computes it.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// rgb returns the planes of an image of three.
func (p *canvas) rgb(image []uint8) (r, g, b []uint8) {
	n := p.h * p.w
	return image[:n], image[n:][:n], image[2*n:][:n]
}

// meanLuma returns the mean of an image's luma, rounded.
func (p *canvas) meanLuma(src []uint8) uint8 {
	sum := 0
	if p.c == 1 {
		for _, v := range src {
			sum += int(v)
		}
	} else {
		r, g, b := p.rgb(src)
		for i := range r {
			sum += int(luma(r[i], g[i], b[i]))
		}
	}
	return uint8(float64(sum)/float64(p.h*p.w) + 0.5)
}

// colour mixes an image with its luma, of which 1-share is taken.
func (p *canvas) colour(dst, src []uint8, share float32) {
	if p.c == 1 {
		copy(dst, src)
		return
	}
	r, g, b := p.rgb(src)
	outR, outG, outB := p.rgb(dst)
	for i := range r {
		grey := luma(r[i], g[i], b[i])
		outR[i], outG[i], outB[i] = blend(grey, r[i], share), blend(grey, g[i], share), blend(grey, b[i], share)
	}
}

// hue turns the hues of an image by a part of their circle. Hue, saturation and
// value are bytes in between, as in Pillow.
func (p *canvas) hue(dst, src []uint8, part float64) {
	if p.c == 1 {
		copy(dst, src)
		return
	}
	turn := uint8(int(part * 255))
	r, g, b := p.rgb(src)
	outR, outG, outB := p.rgb(dst)
	for i := range r {
		h, s, v := toHSV(r[i], g[i], b[i])
		outR[i], outG[i], outB[i] = fromHSV(h+turn, s, v)
	}
}

// toHSV and fromHSV round as Pillow does, to bytes and through float32 in places. The
// HSV of augment/corrupt is scikit-image's, of values that are rounded nowhere.
func toHSV(r, g, b uint8) (h, s, v uint8) {
	high, low := max(r, g, b), min(r, g, b)
	if high == low {
		return 0, 0, high
	}
	chroma := float32(high - low)
	toR, toG, toB := float32(high-r)/chroma, float32(high-g)/chroma, float32(high-b)/chroma
	var sixth float32
	switch high {
	case r:
		sixth = toB - toG
	case g:
		sixth = float32(2 + float64(toR) - float64(toB))
	default:
		sixth = float32(4 + float64(toG) - float64(toR))
	}
	hue := float64(sixth)/6 + 1
	if hue >= 1 {
		hue--
	}
	return uint8(float64(float32(hue)) * 255), uint8(float64(chroma/float32(high)) * 255), high
}

func fromHSV(h, s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	place := float64(h) * 6 / 255
	sector := int32(place)
	f, fs := float32(place-float64(sector)), float32(float64(s)/255)
	value := float64(v)
	p := roundByte(value * (1 - float64(fs)))
	q := roundByte(value * (1 - float64(fs*f)))
	t := roundByte(value * (1 - float64(float64(fs)*(1-float64(f)))))
	switch sector % 6 {
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
	}
	return v, p, q
}

// roundByte rounds a value from 0 to 255.
func roundByte(v float64) uint8 { return uint8(int32(float64(v) + 0.5)) }
