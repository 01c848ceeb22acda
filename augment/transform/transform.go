// Package transform holds transformations of images that are differentiable in
// their parameters, for ascents that move the parameters instead of the pixels
// (Zheng et al., "AdvST: Revisiting Data Augmentations for Single Domain
// Generalization", AAAI 2024).
//
// Operations are in plain Go, each product rounded before it is added, so that
// they have the same bits everywhere.
package transform

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Chains are chains of one to Longest different operations, one chain for every
// batch of images and parameters for every image: a shift of hue, saturation and
// value (first in its chain, for images of three channels), rotation, translation,
// inversion, shear, contrast, sharpness, solarization, scale, equalization,
// posterization, and squares cut out. An ascent moves the parameters by RMSprop
// with a decay of 0.99, those of hsv, shear and squares freely, others within their
// range. Images outside [0,1] stay so, unless Bounded; shifted colours end at -10 and 10.
//
// Where the publication's code has eight squares of 16 pixels whatever the image,
// these are a fifth of its side; posterization keeps one bit at least; and what the
// code draws anew for every step, these bits and the squares' places, is drawn once.
type Chains struct {
	Longest int  // operations of a chain, 12 at most
	Bounded bool // values are cut off at 0 and 1 after every operation
}

// Make returns the chains for up to n images of c x h x w.
func (o Chains) Make(e *tensor.Engine, n, c, h, w int) (augment.Transformer, error) {
	if o.Longest < 1 || o.Longest > int(kinds) {
		return nil, fmt.Errorf("transform: Chains.Longest is %d, expected 1 to %d", o.Longest, kinds)
	}
	if c > most {
		return nil, fmt.Errorf("transform: Chains for images of %d channels, expected %d at most", c, most)
	}
	tensor.Elements(n, c, h, w)
	t := &chains{Chains: o, c: c, h: h, w: w, images: make([]chain, n), workers: make([]workspace, e.Threads())}
	for i := range t.images {
		t.images[i].links = make([]link, 0, o.Longest)
		t.images[i].results = tensor.Aligned((o.Longest - 1) * c * h * w)
	}
	for i := range t.workers {
		for j := range t.workers[i].gradients {
			t.workers[i].gradients[j] = tensor.Aligned(c * h * w)
		}
	}
	return t, nil
}

// chains is the memory of Chains.
type chains struct {
	Chains
	c, h, w int
	images  []chain
	workers []workspace
}

// chain is that of an image: its operations, and the results of all but the last.
type chain struct {
	links   []link
	results []float32
}

// link is an operation and what an ascent knows of its parameters.
type link struct {
	operation[float32]
	at      [most]float64 // the parameters, perhaps outside their range
	squares [most]float64 // RMSprop's moving averages
}

// workspace is a worker's, for the gradients by the result and by the image of an
// operation in turn.
type workspace struct {
	draw, parameters rng.Source
	gradients        [2][]float32
}

// Begin draws the chain of image n's batch and the parameters of the image.
func (t *chains) Begin(n, worker int, batch, image augment.Draw) {
	w := &t.workers[worker]
	w.draw = *rng.New(batch.Seed, rng.TransformChain.Sub(batch.Index()))
	w.parameters = *rng.New(image.Seed, rng.Transform.Sub(image.Index()))
	var order [kinds]kind
	for i := range order {
		order[i] = kind(i)
	}
	length, first := min(1+w.draw.IntN(t.Longest), int(kinds)), 1
	if t.c != 3 {
		length = min(length, int(kinds)-1)
	} else if w.draw.IntN(int(kinds)+1-length) == 0 {
		first = 0 // hsv: it begins one of so many chains of this length
	}
	for i := 1; i < first+length; i++ {
		j := i + w.draw.IntN(int(kinds)-i)
		order[i], order[j] = order[j], order[i]
	}
	c := &t.images[n]
	c.links = c.links[:length]
	for i := range c.links {
		c.links[i] = link{operation: operation[float32]{kind: order[first+i], c: t.c, h: t.h, w: t.w}}
		c.links[i].draw(&w.draw, &w.parameters)
	}
}

// draw sets the parameters to what an ascent begins with: batch draws what all
// images of a batch share.
func (l *link) draw(batch, image *rng.Source) {
	if l.kind == cutout {
		for i := range l.holes {
			l.holes[i] = [2]int{batch.IntN(max(1, l.h-l.side())), batch.IntN(max(1, l.w-l.side()))}
		}
	}
	s := &settings[l.kind]
	for i := range s.parameters {
		if s.bits {
			l.at[i] = s.low + float64(image.IntN(int(s.high-s.low)+1))
		} else {
			l.at[i] = image.Uniform(s.low, s.high)
		}
	}
	l.bound()
}

// bound sets the operation's parameters to those within their range.
func (l *link) bound() {
	s := &settings[l.kind]
	for i, at := range l.at {
		if !s.free {
			at = min(max(at, s.low), s.high)
		}
		l.p[i] = float32(at)
	}
}

// input returns the image that an operation of image n works on.
func (t *chains) input(n, operation int, src []float32) []float32 {
	if operation == 0 {
		return src
	}
	size := len(src)
	return t.images[n].results[(operation-1)*size:][:size]
}

// Apply sets dst to the transformed image src.
func (t *chains) Apply(n, _ int, dst, src []float32) {
	c := &t.images[n]
	for i := range c.links {
		to := dst
		if i+1 < len(c.links) {
			to = t.input(n, i+1, src)
		}
		c.links[i].forward(to, t.input(n, i, src))
		if !t.Bounded {
			continue
		}
		for j, x := range to {
			to[j] = min(max(x, 0), 1)
		}
	}
}

// Ascend moves the parameters of image n, last applied to src with the result dst,
// up the gradient d by that result. It reports whether the gradients by the
// parameters are finite, and moves none that is not.
func (t *chains) Ascend(n, worker int, d, dst, src []float32, rate float64) (finite bool) {
	c, w := &t.images[n], &t.workers[worker]
	finite = true
	for i := len(c.links) - 1; i >= 0; i-- {
		l := &c.links[i]
		if t.Bounded {
			result := dst
			if i+1 < len(c.links) {
				result = t.input(n, i+1, src)
			}
			// Of these three no result is out of bounds, and many lie at one.
			clamps := l.kind != solarize && l.kind != equalize && l.kind != posterize
			next := w.gradients[i&1]
			for j, x := range result {
				next[j] = d[j]
				if clamps && (x <= 0 || x >= 1) {
					next[j] = 0
				}
			}
			d = next
		}
		var dsrc []float32
		if i > 0 {
			dsrc = w.gradients[1-i&1]
		}
		var dp [most]float32
		l.backward(&dp, dsrc, d, t.input(n, i, src))
		finite = l.ascend(&dp, rate) && finite
		d = dsrc
	}
	return finite
}

// RMSprop's constants, PyTorch's defaults.
const (
	squareDecay = 0.99
	least       = 1e-8
)

// ascend moves the parameters. The gradient by one outside its range is 0.
func (l *link) ascend(dp *[most]float32, rate float64) (finite bool) {
	s := &settings[l.kind]
	finite = true
	for i := range s.parameters {
		g := float64(dp[i])
		if s.bits || !s.free && (l.at[i] < s.low || l.at[i] > s.high) {
			g = 0
		}
		if math.IsNaN(g) || math.IsInf(g, 0) {
			finite = false
			continue
		}
		l.squares[i] = float64(squareDecay*l.squares[i]) + float64((1-squareDecay)*g*g)
		l.at[i] += rate * g / (math.Sqrt(l.squares[i]) + least)
	}
	l.bound()
	return finite
}
