package image

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/internal/resample"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Common is an operation whose random numbers are the same for every view of an
// image.
type Common struct{ Op augment.ImageOp }

// Make returns the operation for images of c x h x w.
func (o Common) Make(c, h, w int) (augment.ImageFunc, error) {
	f, err := o.Op.Make(c, h, w)
	if err != nil {
		return nil, err
	}
	return func(dst, src []uint8, d augment.Draw) {
		d.View = 0
		f(dst, src, d)
	}, nil
}

// Anew is an operation with random numbers of its own where one before it in a chain
// draws from the same stream, the first time that this happens or another, up to 3.
type Anew struct {
	Op   augment.ImageOp
	Time int
}

// Make returns the operation for images of c x h x w.
func (o Anew) Make(c, h, w int) (augment.ImageFunc, error) {
	f, err := o.Op.Make(c, h, w)
	if err != nil {
		return nil, err
	}
	if o.Time < 1 || o.Time > 3 {
		return nil, fmt.Errorf("image: Anew.Time is %d, expected 1 to 3", o.Time)
	}
	return func(dst, src []uint8, d augment.Draw) { f(dst, src, d.Anew(o.Time)) }, nil
}

// Cutout sets a square of Side pixels about a random place to Value (DeVries
// and Taylor, "Improved Regularization of Convolutional Neural Networks with
// Cutout", 2017). What of it lies beyond the image is lost.
type Cutout struct {
	Side  int
	Value uint8
}

// Make returns the operation for images of h x w.
func (o Cutout) Make(_, h, w int) (augment.ImageFunc, error) {
	if o.Side < 1 {
		return nil, fmt.Errorf("image: Cutout.Side is %d pixels, expected 1 or more", o.Side)
	}
	return func(dst, src []uint8, d augment.Draw) {
		place := rng.New(d.Seed, rng.Cutout.Sub(d.Index()))
		copy(dst, src)
		top, left := place.IntN(h)-o.Side/2, place.IntN(w)-o.Side/2
		for row := range len(dst) / w {
			if y := row % h; y >= top && y < top+o.Side {
				cut := dst[row*w:][max(0, left):min(w, left+o.Side)]
				for i := range cut {
					cut[i] = o.Value
				}
			}
		}
	}, nil
}

// ResizedCrop resizes a random part to the size of the image, bilinearly, as
// torchvision's RandomResizedCrop: between Least and all of the image's area,
// with sides between 3:4 and 4:3.
type ResizedCrop struct{ Least float64 }

// Make returns the operation for images of h x w.
func (o ResizedCrop) Make(_, h, w int) (augment.ImageFunc, error) {
	if !(o.Least > 0 && o.Least <= 1) {
		return nil, fmt.Errorf("image: ResizedCrop.Least is %v of the area, expected more than 0 and 1 at most", o.Least)
	}
	r := resample.NewResizer(resample.Bilinear, h, w, h, w)
	return func(dst, src []uint8, d augment.Draw) {
		r.Part(o.draw(h, w, d))
		r.Planes(dst, src)
	}, nil
}

// draw returns a part that fits, or after ten that do not the greatest in the
// middle whose sides do.
func (o ResizedCrop) draw(height, width int, d augment.Draw) (top, left, h, w int) {
	const narrowest, widest = 3.0 / 4, 4.0 / 3
	draw := rng.New(d.Seed, rng.ResizedCrop.Sub(d.Index()))
	logWidest := portable.Log(widest)
	for range 10 {
		area := float64(height*width) * draw.Uniform(o.Least, 1)
		ratio := portable.Exp(draw.Uniform(-logWidest, logWidest))
		w, h = int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if w > 0 && w <= width && h > 0 && h <= height {
			return draw.IntN(height - h + 1), draw.IntN(width - w + 1), h, w
		}
	}
	h, w = height, width
	if ratio := float64(width) / float64(height); ratio < narrowest {
		h = int(math.RoundToEven(float64(w) / narrowest))
	} else if ratio > widest {
		w = int(math.RoundToEven(float64(h) * widest))
	}
	return (height - h) / 2, (width - w) / 2, h, w
}

// RandomGrey makes an image grey with a probability.
type RandomGrey struct{ Probability float64 }

// Make returns the operation for images of c x h x w.
func (o RandomGrey) Make(c, h, w int) (augment.ImageFunc, error) {
	if !(o.Probability >= 0 && o.Probability <= 1) {
		return nil, fmt.Errorf("image: RandomGrey.Probability is %v, expected 0 to 1", o.Probability)
	}
	if err := Grey.check(c); err != nil {
		return nil, err
	}
	p := newCanvas(c, h, w)
	return func(dst, src []uint8, d augment.Draw) {
		operation := Identity
		if rng.New(d.Seed, rng.RandomGrey.Sub(d.Index())).Float64() < o.Probability {
			operation = Grey
		}
		p.apply(dst, src, operation, 0, false)
	}, nil
}

// Jitter changes brightness, contrast and colour by factors from 1-x to 1+x, but
// not below 0, and turns hues by up to Hue of their circle, in a random order,
// as torchvision's ColorJitter. What is 0 does not change.
type Jitter struct{ Brightness, Contrast, Colour, Hue float64 }

// Make returns the operation for images of c x h x w.
func (o Jitter) Make(c, h, w int) (augment.ImageFunc, error) {
	for i, x := range []float64{o.Brightness, o.Contrast, o.Colour} {
		if name := []string{"Brightness", "Contrast", "Colour"}[i]; !(x >= 0 && x <= 1e5) {
			return nil, fmt.Errorf("image: Jitter.%s is %v, expected 0 to 1e5", name, x)
		}
	}
	if !(o.Hue >= 0 && o.Hue <= 0.5) {
		return nil, fmt.Errorf("image: Jitter.Hue is %v, expected 0 to 0.5", o.Hue)
	}
	if err := Colour.check(c); err != nil {
		return nil, err
	}
	s := newSequence(c, h, w)
	return func(dst, src []uint8, d augment.Draw) {
		ops := o.draw(d)
		s.ops = append(s.ops[:0], ops[:]...)
		s.apply(dst, src)
	}, nil
}

// draw returns the operations in their order.
func (o Jitter) draw(d augment.Draw) [4]Fixed {
	draw := rng.New(d.Seed, rng.Jitter.Sub(d.Index()))
	around := func(x float64) float64 { return draw.Uniform(max(0, 1-x), 1+x) }
	ops := [4]Fixed{
		{Operation: Brightness, Level: around(o.Brightness)},
		{Operation: Contrast, Level: around(o.Contrast)},
		{Operation: Colour, Level: around(o.Colour)},
		{Operation: Hue, Level: draw.Uniform(-o.Hue, o.Hue)},
	}
	if o.Hue == 0 { // bytes of hue and back would change the image
		ops[3] = Fixed{}
	}
	for i := len(ops) - 1; i > 0; i-- {
		j := draw.IntN(i + 1)
		ops[i], ops[j] = ops[j], ops[i]
	}
	return ops
}
