package image

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
)

// Operation is one of Pillow's operations on an image, with its results to the
// byte. What the level of each means stands beside it. What an operation moves
// into the image from beyond its edges is black.
type Operation uint8

// The operations. Grey, Colour, Contrast and Hue are of images of one or three
// planes, which are red, green and blue.
const (
	Identity     Operation = iota // no level
	AutoContrast                  // no level: the least value of a plane becomes 0, the greatest 255
	Equalize                      // no level: the histogram of each plane made even
	Invert                        // no level
	Grey                          // no level: luma of ITU-R 601-2 in every plane
	Posterize                     // the bits that are kept, 1 to 8
	Solarize                      // values from here on are inverted
	Rotate                        // degrees, counter-clockwise about the centre
	ShearX                        // what lies y rows down comes from level*y columns to the right
	ShearY                        // what lies x columns right comes from level*x rows further down
	TranslateX                    // whole columns by which the image moves to the left
	TranslateY                    // whole rows by which the image moves up
	Colour                        // 0 is grey, 1 the image, more is further from grey
	Contrast                      // 0 is the mean luma, 1 the image
	Brightness                    // 0 is black, 1 the image
	Sharpness                     // 0 is a blur of 3 x 3 pixels, 1 the image
	Hue                           // part of the circle of hues, -0.5 to 0.5
	operations
)

var operationNames = [operations]string{
	"identity", "autocontrast", "equalize", "invert", "grey", "posterize", "solarize", "rotate", "shear-x", "shear-y",
	"translate-x", "translate-y", "colour", "contrast", "brightness", "sharpness", "hue",
}

// String returns the operation's name.
func (o Operation) String() string {
	if o >= operations {
		return fmt.Sprintf("operation %d", uint8(o))
	}
	return operationNames[o]
}

// check refuses an operation that images of c planes cannot have.
func (o Operation) check(c int) error {
	switch o {
	case Grey, Colour, Contrast, Hue:
		if c != 1 && c != 3 {
			return fmt.Errorf("image: %v of images of %d planes, expected 1 or 3", o, c)
		}
	}
	if o >= operations {
		return fmt.Errorf("image: %v is unknown", o)
	}
	return nil
}

// limits returns the least and the greatest level of an operation.
func (o Operation) limits() (low, high float64) {
	switch o {
	case Posterize:
		return 1, 8
	case Hue:
		return -0.5, 0.5
	case Rotate, ShearX, ShearY, TranslateX, TranslateY:
		return -1e5, 1e5
	}
	return 0, 1e5
}

// Fixed is an operation at a level that is the same for every image.
type Fixed struct {
	Operation
	Level   float64
	Nearest bool // Rotate and Shear take the nearest pixel, and do not interpolate between four
}

// Make returns the operation for images of c x h x w.
func (f Fixed) Make(c, h, w int) (augment.ImageFunc, error) {
	if err := f.check(c); err != nil {
		return nil, err
	}
	if low, high := f.limits(); !(f.Level >= low && f.Level <= high) {
		return nil, fmt.Errorf("image: Level of %v is %v, expected %v to %v", f.Operation, f.Level, low, high)
	}
	p := newCanvas(c, h, w)
	return func(dst, src []uint8, _ augment.Draw) { p.apply(dst, src, f.Operation, f.Level, f.Nearest) }, nil
}

// canvas is the memory of operations on images of c x h x w, for the use of one
// goroutine at a time.
type canvas struct {
	c, h, w int
	table   table
}

func newCanvas(c, h, w int) *canvas {
	return &canvas{c: c, h: h, w: w}
}

// apply sets dst to what an operation at a level makes of src.
func (p *canvas) apply(dst, src []uint8, o Operation, level float64, nearest bool) {
	switch o {
	case Identity:
		copy(dst, src)
	case AutoContrast:
		p.byPlane(dst, src, (*table).autoContrast)
	case Equalize:
		p.byPlane(dst, src, (*table).equalize)
	case Invert:
		p.table.solarize(0)
		p.table.apply(dst, src)
	case Posterize:
		p.table.posterize(int(level))
		p.table.apply(dst, src)
	case Solarize:
		p.table.solarize(level)
		p.table.apply(dst, src)
	case Brightness:
		p.table.blend(0, float32(level))
		p.table.apply(dst, src)
	case Contrast:
		p.table.blend(p.meanLuma(src), float32(level))
		p.table.apply(dst, src)
	case Grey:
		p.colour(dst, src, 0)
	case Colour:
		p.colour(dst, src, float32(level))
	case Hue:
		p.hue(dst, src, level)
	case Sharpness:
		p.sharpness(dst, src, float32(level))
	case Rotate:
		p.rotate(dst, src, level, nearest)
	case ShearX:
		p.affine(dst, src, &[6]float64{1, level, 0, 0, 1, 0}, nearest)
	case ShearY:
		p.affine(dst, src, &[6]float64{1, 0, 0, level, 1, 0}, nearest)
	case TranslateX:
		p.shift(dst, src, int(level), 0)
	case TranslateY:
		p.shift(dst, src, 0, int(level))
	}
}

// byPlane applies a table of its own to each plane.
func (p *canvas) byPlane(dst, src []uint8, set func(t *table, plane []uint8)) {
	for size, lo := p.h*p.w, 0; lo < len(src); lo += size {
		set(&p.table, src[lo:lo+size])
		p.table.apply(dst[lo:lo+size], src[lo:lo+size])
	}
}

// table is what becomes of each value.
type table [256]uint8

func (t *table) apply(dst, src []uint8) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = t[v]
	}
}

func (t *table) identity() {
	for v := range t {
		t[v] = uint8(v)
	}
}

func (t *table) posterize(bits int) {
	for v := range t {
		t[v] = uint8(v) &^ (1<<(8-bits) - 1)
	}
}

func (t *table) solarize(threshold float64) {
	for v := range t {
		t[v] = uint8(v)
		if float64(v) >= threshold {
			t[v] = uint8(255 - v)
		}
	}
}

func (t *table) autoContrast(plane []uint8) {
	low, high := uint8(255), uint8(0)
	for _, v := range plane {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	if high <= low {
		t.identity()
		return
	}
	scale := 255 / float64(high-low)
	offset := float64(-float64(low) * scale)
	for v := range t {
		t[v] = clamp(int32(float64(float64(v)*scale) + offset))
	}
}

func (t *table) equalize(plane []uint8) {
	var counts [256]int
	for _, v := range plane {
		counts[v]++
	}
	last := 255
	for counts[last] == 0 {
		last--
	}
	step := (len(plane) - counts[last]) / 255
	if step == 0 {
		t.identity()
		return
	}
	sum := step / 2
	for v, n := range counts {
		t[v] = uint8(min(sum/step, 255))
		sum += n
	}
}

// blend mixes every value with another one, of which 1-share is taken.
func (t *table) blend(with uint8, share float32) {
	for v := range t {
		t[v] = blend(with, uint8(v), share)
	}
}

// blend returns a + share*(b-a), truncated and limited to bytes.
func blend(a, b uint8, share float32) uint8 {
	return clamp(int32(float32(a) + float32(share*float32(int32(b)-int32(a)))))
}

func clamp(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// sharpness mixes an image with its blur, of which 1-share is taken.
func (p *canvas) sharpness(dst, src []uint8, share float32) {
	for size, lo := p.h*p.w, 0; lo < len(src); lo += size {
		p.smooth(dst[lo:lo+size], src[lo:lo+size])
	}
	for i, v := range src {
		dst[i] = blend(dst[i], v, share)
	}
}

// smooth sets each pixel of a plane to a mean of 3 x 3, its own weighing 5 of
// 13. Those at the edges stay.
func (p *canvas) smooth(dst, src []uint8) {
	h, w := p.h, p.w
	copy(dst, src)
	if w < 3 {
		return
	}
	for y := 1; y < h-1; y++ {
		above, row, below := src[(y-1)*w:][:w], src[y*w:][:w], src[(y+1)*w:][:w]
		out := dst[y*w:][:w]
		left := uint32(above[0]) + uint32(row[0]) + uint32(below[0])
		middle := uint32(above[1]) + uint32(row[1]) + uint32(below[1])
		for x := 1; x < w-1; x++ {
			right := uint32(above[x+1]) + uint32(row[x+1]) + uint32(below[x+1])
			sum := left + middle + right + 4*uint32(row[x])
			out[x] = uint8((2*sum + 13) / 26)
			left, middle = middle, right
		}
	}
}
