package image

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Policy is a set of pairs of operations that AutoAugment found.
type Policy uint8

// The policies.
const (
	CIFAR10 Policy = iota
	ImageNet
	SVHN
)

// AutoAugment applies a pair of operations drawn from a policy's 25, each with a
// probability of its own (Cubuk et al., "AutoAugment: Learning Augmentation
// Strategies from Data", CVPR 2019), as torchvision does: with its magnitudes,
// the nearest pixel, and black beyond the image.
type AutoAugment struct{ Policy Policy }

// Make returns the operation for images of c x h x w.
func (a AutoAugment) Make(c, h, w int) (augment.ImageFunc, error) {
	if int(a.Policy) >= len(policies) {
		return nil, fmt.Errorf("image: AutoAugment.Policy is %d, expected CIFAR10, ImageNet or SVHN", a.Policy)
	}
	if err := Colour.check(c); err != nil {
		return nil, err
	}
	s := newSequence(c, h, w)
	return func(dst, src []uint8, d augment.Draw) {
		draw := rng.New(d.Seed, rng.Augment.Sub(d.Index()))
		s.ops = s.ops[:0]
		for _, r := range policies[a.Policy][draw.IntN(len(policies[a.Policy]))] {
			taken, negative := draw.Float64() < r.probability, draw.Uint32()&1 == 0
			if taken {
				s.ops = append(s.ops, Fixed{r.Operation, magnitude(r.Operation, r.magnitude, 10, h, w, negative), true})
			}
		}
		s.apply(dst, src)
	}, nil
}

// RandAugment applies Operations operations drawn from 14, all of one magnitude
// of 0 to 30 (Cubuk et al., "RandAugment: Practical Automated Data Augmentation
// with a Reduced Search Space", 2020), as torchvision does.
type RandAugment struct{ Operations, Magnitude int }

// randAugmentOps are those that RandAugment draws from.
var randAugmentOps = [...]Operation{
	Identity, ShearX, ShearY, TranslateX, TranslateY, Rotate, Brightness, Colour, Contrast, Sharpness, Posterize,
	Solarize, AutoContrast, Equalize,
}

// Make returns the operation for images of c x h x w.
func (a RandAugment) Make(c, h, w int) (augment.ImageFunc, error) {
	const magnitudes = 31
	if a.Operations < 1 {
		return nil, fmt.Errorf("image: RandAugment.Operations is %d, expected 1 or more", a.Operations)
	}
	if a.Magnitude < 0 || a.Magnitude >= magnitudes {
		return nil, fmt.Errorf("image: RandAugment.Magnitude is %d, expected 0 to %d", a.Magnitude, magnitudes-1)
	}
	if err := Colour.check(c); err != nil {
		return nil, err
	}
	s := newSequence(c, h, w)
	return func(dst, src []uint8, d augment.Draw) {
		draw := rng.New(d.Seed, rng.Augment.Sub(d.Index()))
		s.ops = s.ops[:0]
		for range a.Operations {
			o := randAugmentOps[draw.IntN(len(randAugmentOps))]
			negative := draw.Uint32()&1 == 0
			s.ops = append(s.ops, Fixed{o, magnitude(o, a.Magnitude, magnitudes, h, w, negative), true})
		}
		s.apply(dst, src)
	}, nil
}

// magnitude returns the level of an operation at magnitude i of n, with either
// sign where the operation has one, as torchvision computes it.
func magnitude(o Operation, i, n, h, w int, negative bool) float64 {
	signed := func(end float64) float64 {
		if negative {
			return -linspace(0, end, i, n)
		}
		return linspace(0, end, i, n)
	}
	switch o {
	case ShearX, ShearY:
		return signed(0.3)
	case TranslateX: // torchvision moves to the right
		return -signed(150.0 / 331 * float64(w))
	case TranslateY:
		return -signed(150.0 / 331 * float64(h))
	case Rotate:
		return signed(30)
	case Brightness, Colour, Contrast, Sharpness:
		return 1 + signed(0.9)
	case Posterize:
		return 8 - math.RoundToEven(float64(float32(i)/(float32(n-1)/4)))
	case Solarize:
		return linspace(255, 0, i, n)
	}
	return 0
}

// linspace returns number i of n equidistant values, in the arithmetic of
// PyTorch.
func linspace(start, end float64, i, n int) float64 {
	step := (float32(end) - float32(start)) / float32(n-1)
	if i < n/2 {
		return float64(float32(start) + float32(step*float32(i)))
	}
	return float64(float32(end) - float32(step*float32(n-1-i)))
}

// sequence is operations one after the other.
type sequence struct {
	canvas
	ops     []Fixed
	between [2][]uint8
}

func newSequence(c, h, w int) *sequence {
	s := &sequence{canvas: *newCanvas(c, h, w)}
	for i := range s.between {
		s.between[i] = make([]uint8, c*h*w)
	}
	return s
}

// apply sets dst to what the operations make of src.
func (s *sequence) apply(dst, src []uint8) {
	for i, op := range s.ops {
		out := s.between[i&1]
		if i == len(s.ops)-1 {
			out = dst
		}
		s.canvas.apply(out, src, op.Operation, op.Level, op.Nearest)
		src = out
	}
	if len(s.ops) == 0 {
		copy(dst, src)
	}
}

// rule is one operation of a pair.
type rule struct {
	Operation
	probability float64
	magnitude   int // of 0 to 9
}

var policies = [...][25][2]rule{
	CIFAR10: {
		{{Invert, 0.1, 0}, {Contrast, 0.2, 6}},
		{{Rotate, 0.7, 2}, {TranslateX, 0.3, 9}},
		{{Sharpness, 0.8, 1}, {Sharpness, 0.9, 3}},
		{{ShearY, 0.5, 8}, {TranslateY, 0.7, 9}},
		{{AutoContrast, 0.5, 0}, {Equalize, 0.9, 0}},
		{{ShearY, 0.2, 7}, {Posterize, 0.3, 7}},
		{{Colour, 0.4, 3}, {Brightness, 0.6, 7}},
		{{Sharpness, 0.3, 9}, {Brightness, 0.7, 9}},
		{{Equalize, 0.6, 0}, {Equalize, 0.5, 0}},
		{{Contrast, 0.6, 7}, {Sharpness, 0.6, 5}},
		{{Colour, 0.7, 7}, {TranslateX, 0.5, 8}},
		{{Equalize, 0.3, 0}, {AutoContrast, 0.4, 0}},
		{{TranslateY, 0.4, 3}, {Sharpness, 0.2, 6}},
		{{Brightness, 0.9, 6}, {Colour, 0.2, 8}},
		{{Solarize, 0.5, 2}, {Invert, 0.0, 0}},
		{{Equalize, 0.2, 0}, {AutoContrast, 0.6, 0}},
		{{Equalize, 0.2, 0}, {Equalize, 0.6, 0}},
		{{Colour, 0.9, 9}, {Equalize, 0.6, 0}},
		{{AutoContrast, 0.8, 0}, {Solarize, 0.2, 8}},
		{{Brightness, 0.1, 3}, {Colour, 0.7, 0}},
		{{Solarize, 0.4, 5}, {AutoContrast, 0.9, 0}},
		{{TranslateY, 0.9, 9}, {TranslateY, 0.7, 9}},
		{{AutoContrast, 0.9, 0}, {Solarize, 0.8, 3}},
		{{Equalize, 0.8, 0}, {Invert, 0.1, 0}},
		{{TranslateY, 0.7, 9}, {AutoContrast, 0.9, 0}},
	},
	ImageNet: {
		{{Posterize, 0.4, 8}, {Rotate, 0.6, 9}},
		{{Solarize, 0.6, 5}, {AutoContrast, 0.6, 0}},
		{{Equalize, 0.8, 0}, {Equalize, 0.6, 0}},
		{{Posterize, 0.6, 7}, {Posterize, 0.6, 6}},
		{{Equalize, 0.4, 0}, {Solarize, 0.2, 4}},
		{{Equalize, 0.4, 0}, {Rotate, 0.8, 8}},
		{{Solarize, 0.6, 3}, {Equalize, 0.6, 0}},
		{{Posterize, 0.8, 5}, {Equalize, 1.0, 0}},
		{{Rotate, 0.2, 3}, {Solarize, 0.6, 8}},
		{{Equalize, 0.6, 0}, {Posterize, 0.4, 6}},
		{{Rotate, 0.8, 8}, {Colour, 0.4, 0}},
		{{Rotate, 0.4, 9}, {Equalize, 0.6, 0}},
		{{Equalize, 0.0, 0}, {Equalize, 0.8, 0}},
		{{Invert, 0.6, 0}, {Equalize, 1.0, 0}},
		{{Colour, 0.6, 4}, {Contrast, 1.0, 8}},
		{{Rotate, 0.8, 8}, {Colour, 1.0, 2}},
		{{Colour, 0.8, 8}, {Solarize, 0.8, 7}},
		{{Sharpness, 0.4, 7}, {Invert, 0.6, 0}},
		{{ShearX, 0.6, 5}, {Equalize, 1.0, 0}},
		{{Colour, 0.4, 0}, {Equalize, 0.6, 0}},
		{{Equalize, 0.4, 0}, {Solarize, 0.2, 4}},
		{{Solarize, 0.6, 5}, {AutoContrast, 0.6, 0}},
		{{Invert, 0.6, 0}, {Equalize, 1.0, 0}},
		{{Colour, 0.6, 4}, {Contrast, 1.0, 8}},
		{{Equalize, 0.8, 0}, {Equalize, 0.6, 0}},
	},
	SVHN: {
		{{ShearX, 0.9, 4}, {Invert, 0.2, 0}},
		{{ShearY, 0.9, 8}, {Invert, 0.7, 0}},
		{{Equalize, 0.6, 0}, {Solarize, 0.6, 6}},
		{{Invert, 0.9, 0}, {Equalize, 0.6, 0}},
		{{Equalize, 0.6, 0}, {Rotate, 0.9, 3}},
		{{ShearX, 0.9, 4}, {AutoContrast, 0.8, 0}},
		{{ShearY, 0.9, 8}, {Invert, 0.4, 0}},
		{{ShearY, 0.9, 5}, {Solarize, 0.2, 6}},
		{{Invert, 0.9, 0}, {AutoContrast, 0.8, 0}},
		{{Equalize, 0.6, 0}, {Rotate, 0.9, 3}},
		{{ShearX, 0.9, 4}, {Solarize, 0.3, 3}},
		{{ShearY, 0.8, 8}, {Invert, 0.7, 0}},
		{{Equalize, 0.9, 0}, {TranslateY, 0.6, 6}},
		{{Invert, 0.9, 0}, {Equalize, 0.6, 0}},
		{{Contrast, 0.3, 3}, {Rotate, 0.8, 4}},
		{{Invert, 0.8, 0}, {TranslateY, 0.0, 2}},
		{{ShearY, 0.7, 6}, {Solarize, 0.4, 8}},
		{{Invert, 0.6, 0}, {Rotate, 0.8, 4}},
		{{ShearY, 0.3, 7}, {TranslateX, 0.9, 3}},
		{{ShearX, 0.1, 6}, {Invert, 0.6, 0}},
		{{Solarize, 0.7, 2}, {TranslateY, 0.6, 7}},
		{{ShearY, 0.8, 4}, {Invert, 0.8, 0}},
		{{ShearX, 0.7, 9}, {TranslateY, 0.8, 3}},
		{{ShearY, 0.8, 5}, {AutoContrast, 0.7, 0}},
		{{ShearX, 0.7, 2}, {Invert, 0.1, 0}},
	},
}
