package image

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// AugMix mixes an image with a mixture of chains of operations on it
// (Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve
// Robustness and Uncertainty", ICLR 2020), normalised, as the official code
// does.
type AugMix struct {
	Severity float64 // operations have levels from 0.1 to this, of 10
	Width    int     // chains
	Depth    int     // operations of a chain; 0 for 1 to 3, drawn for each
	Alpha    float64 // of the Dirichlet and beta distributions of the weights
	All      bool    // colour, contrast, brightness and sharpness too, which overlap with CIFAR-10-C
}

// augMixOps are those that AugMix draws from; the last four overlap with the
// test's corruptions.
var augMixOps = [...]Operation{
	AutoContrast, Equalize, Posterize, Rotate, Solarize, ShearX, ShearY, TranslateX, TranslateY,
	Colour, Contrast, Brightness, Sharpness,
}

const (
	augMixOverlapping = 4
	augMixDeepest     = 3 // of the depths drawn
	augMixMost        = 64
)

// Make returns the operation for images of c x h x w.
func (a AugMix) Make(e *tensor.Engine, c, h, w int, normalise augment.Normalise) (augment.ValueFunc, error) {
	switch {
	case !(a.Severity >= 0.1 && a.Severity <= 10):
		return nil, fmt.Errorf("image: AugMix.Severity is %v, expected 0.1 to 10", a.Severity)
	case a.Width < 1 || a.Width > augMixMost:
		return nil, fmt.Errorf("image: AugMix.Width is %d chains, expected 1 to %d", a.Width, augMixMost)
	case a.Depth < 0 || a.Depth > augMixMost:
		return nil, fmt.Errorf("image: AugMix.Depth is %d operations, expected 0 to %d", a.Depth, augMixMost)
	case !(a.Alpha >= 1e-3 && a.Alpha <= 1e3):
		return nil, fmt.Errorf("image: AugMix.Alpha is %v, expected 0.001 to 1000", a.Alpha)
	}
	if err := Colour.check(c); a.All && err != nil {
		return nil, err
	}
	return a.mixer(e, c, h, w, normalise).mix, nil
}

func (a AugMix) mixer(e *tensor.Engine, c, h, w int, normalise augment.Normalise) *augMixer {
	tensor.Elements(c, h, w)
	return &augMixer{
		AugMix: a, engine: e, normalise: normalise, sequence: *newSequence(c, h, w),
		weights: make([]float64, a.Width), bytes: make([]uint8, c*h*w), values: make([]float32, c*h*w),
	}
}

// augMixer is the memory of AugMix.
type augMixer struct {
	AugMix
	sequence
	engine    *tensor.Engine
	normalise augment.Normalise
	draw      rng.Source
	weights   []float64 // of the chains
	bytes     []uint8   // what a chain makes of an image
	values    []float32 // the same, normalised
}

func (m *augMixer) mix(dst []float32, src []uint8, d augment.Draw) {
	m.draw = *rng.New(d.Seed, rng.AugMix.Sub(d.Index()))
	share := m.drawWeights()
	m.begin(dst, src, share)
	for _, weight := range m.weights {
		m.drawChain()
		m.add(dst, src, share*weight)
	}
}

// begin sets dst to an image, normalised, less the share of the chains.
func (m *augMixer) begin(dst []float32, src []uint8, share float64) {
	m.normalise(dst, src)
	for lo := 0; lo < len(dst); lo += simd.MaxCall {
		m.engine.Kernels.Scale(float32(1-share), dst[lo:min(lo+simd.MaxCall, len(dst))])
	}
}

// add adds to dst what the chain at hand makes of an image, normalised and
// weighted.
func (m *augMixer) add(dst []float32, src []uint8, weight float64) {
	m.apply(m.bytes, src)
	m.normalise(m.values, m.bytes)
	for lo := 0; lo < len(dst); lo += simd.MaxCall {
		hi := min(lo+simd.MaxCall, len(dst))
		m.engine.Kernels.Axpy(float32(weight), m.values[lo:hi], dst[lo:hi])
	}
}

// drawWeights draws the weights of the chains, which add up to 1, and returns
// their share of the image.
func (m *augMixer) drawWeights() (share float64) {
	for sum := 0.0; sum == 0; {
		for i := range m.weights {
			m.weights[i] = m.draw.Gamma(m.Alpha)
			sum += m.weights[i]
		}
		if sum > 0 {
			for i := range m.weights {
				m.weights[i] /= sum
			}
		}
	}
	return m.draw.Beta(m.Alpha, m.Alpha)
}

// drawChain draws the operations of a chain.
func (m *augMixer) drawChain() {
	among := len(augMixOps)
	if !m.All {
		among -= augMixOverlapping
	}
	depth := m.Depth
	if depth == 0 {
		depth = 1 + m.draw.IntN(augMixDeepest)
	}
	m.ops = m.ops[:0]
	for range depth {
		o := augMixOps[m.draw.IntN(among)]
		level, negative := m.draw.Uniform(0.1, m.Severity), m.draw.Uint32()&1 == 0
		m.ops = append(m.ops, Fixed{o, augMixLevel(o, level, m.h, m.w, negative), false})
	}
}

// augMixLevel returns the level of an operation for one from 0 to 10, with
// either sign where the operation has one.
func augMixLevel(o Operation, level float64, h, w int, negative bool) float64 {
	part := func(of float64) float64 { return float64(level*of) / 10 }
	whole := func(of float64) float64 { return float64(int(part(of))) }
	var v float64
	switch o {
	case Posterize:
		return max(4-whole(4), 1)
	case Solarize:
		return 256 - whole(256)
	case Colour, Contrast, Brightness, Sharpness:
		return part(1.8) + 0.1
	case Rotate:
		v = whole(30)
	case ShearX, ShearY:
		v = part(0.3)
	case TranslateX:
		v = whole(float64(w) / 3)
	case TranslateY:
		v = whole(float64(h) / 3)
	}
	if negative {
		return -v
	}
	return v
}
