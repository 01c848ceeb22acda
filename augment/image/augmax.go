package image

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// AugMax mixes an image with a mixture of chains of operations on it as [AugMix]
// does, with weights that an ascent moves: the share m of the mixture, from 0 to 1,
// and the weights of the chains, a softmax. Both go by the signs of their gradients
// (Wang et al., "AugMax: Adversarial Composition of Random Augmentations for Robust
// Training", NeurIPS 2021). The publication's network, with two batch
// normalisations for clean and for mixed images, is not here.
type AugMax struct {
	Severity float64 // of AugMix
	Width    int     // of AugMix
}

// Make returns the mixtures of up to n images of c x h x w.
func (a AugMax) Make(e *tensor.Engine, n, c, h, w int) (augment.Transformer, error) {
	mix := AugMix{Severity: a.Severity, Width: a.Width, Alpha: 1}
	if _, err := mix.Make(e, c, h, w, nil); err != nil {
		return nil, fmt.Errorf("image: AugMax: %w", err)
	}
	m := &augMaxer{AugMax: a, images: make([]mixture, n), mixers: make([]*augMixer, e.Threads())}
	for i := range m.images {
		m.images[i] = mixture{
			logits: make([]float64, a.Width), weights: make([]float64, a.Width), slopes: make([]float64, a.Width),
			chains: tensor.Aligned(a.Width * c * h * w), bytes: make([]uint8, c*h*w),
		}
	}
	for i := range m.mixers {
		m.mixers[i] = mix.mixer(e, c, h, w, nil)
	}
	return m, nil
}

// augMaxer is the memory of AugMax.
type augMaxer struct {
	AugMax
	images []mixture
	mixers []*augMixer // by worker
}

// mixture is that of an image.
type mixture struct {
	share           float64
	logits, weights []float64 // by chain
	slopes          []float64 // the gradient by the weights
	chains          []float32 // what each chain made of the image
	bytes           []uint8

	draw  augment.Draw
	fresh bool // the chains are not made yet
}

// Begin draws the weights of an image. Its chains are drawn once it is known.
func (m *augMaxer) Begin(n, worker int, _, image augment.Draw) {
	x, mixer := &m.images[n], m.mixers[worker]
	x.draw, x.fresh = image, true
	mixer.draw = *rng.New(image.Seed, rng.AugMax.Sub(image.Index()))
	x.share = mixer.draw.Float64()
	for i := range x.logits {
		x.logits[i] = mixer.draw.Float64()
	}
	x.soften()
}

// soften sets the weights to the softmax.
func (x *mixture) soften() {
	sum := 0.0
	for i, q := range x.logits {
		x.weights[i] = portable.Exp(q)
		sum += x.weights[i]
	}
	for i := range x.weights {
		x.weights[i] /= sum
	}
}

// Apply sets dst to the mixture.
func (m *augMaxer) Apply(n, worker int, dst, src []float32) {
	x := &m.images[n]
	if x.fresh {
		m.mixers[worker].makeChains(x, src)
	}
	for i, v := range src {
		mixed := 0.0
		for j, weight := range x.weights {
			mixed += float64(weight * float64(x.chains[j*len(src)+i]))
		}
		dst[i] = float32(float64((1-x.share)*float64(v)) + float64(x.share*mixed))
	}
}

// makeChains makes what the chains make of an image.
func (m *augMixer) makeChains(x *mixture, src []float32) {
	x.fresh = false
	for i, v := range src {
		x.bytes[i] = uint8(float32(min(max(v, 0), 1)*255) + 0.5)
	}
	m.draw = *rng.New(x.draw.Seed, rng.AugMix.Sub(x.draw.Index()))
	for j := range x.weights {
		m.drawChain()
		m.apply(m.bytes, x.bytes)
		for i, b := range m.bytes {
			x.chains[j*len(src)+i] = float32(b) / 255
		}
	}
}

// Ascend moves share and logits by rate, up, both by their gradients where they were.
func (m *augMaxer) Ascend(n, _ int, d, _, src []float32, rate float64) (finite bool) {
	x := &m.images[n]
	share, mean := x.slope(d, src)
	for i, slope := range x.slopes {
		x.logits[i] += float64(rate * sign(x.share*x.weights[i]*(slope-mean)))
	}
	x.share = min(max(x.share+float64(rate*sign(share)), 0), 1)
	x.soften()
	return share-share == 0 && mean-mean == 0
}

// slope sets slopes to the gradient by the chains' weights, but for the share, and
// returns that by the share and the mean of slopes.
func (x *mixture) slope(d, src []float32) (share, mean float64) {
	for j := range x.weights {
		chain, sum := x.chains[j*len(src):][:len(src)], 0.0
		for i, g := range d {
			sum += float64(float64(g) * float64(chain[i]))
		}
		x.slopes[j] = sum
		mean += float64(x.weights[j] * sum)
	}
	clean := 0.0
	for i, g := range d {
		clean += float64(float64(g) * float64(src[i]))
	}
	return mean - clean, mean
}

// sign returns 1, 0 or -1, for what is no number 0.
func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
