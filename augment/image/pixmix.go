package image

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// PixMix mixes an image several times, by addition or multiplication of
// values, with a fractal or with an operation's result on the image itself
// (Hendrycks et al., "PixMix: Dreamlike Pictures Comprehensively Improve Safety
// Measures", CVPR 2022). The official code draws from a collection of fractals
// and rounds values to bytes at the end alone; here each image has a fractal of
// its own, and every mixture is rounded.
type PixMix struct {
	Rounds   int     // mixtures at most
	Beta     float64 // of the beta distributions of the shares: the higher, the less of what is mixed in
	Severity float64 // operations have levels from 0.1 to this, of 10
}

// Make returns the operation for images of c x h x w.
func (o PixMix) Make(c, h, w int) (augment.ImageFunc, error) {
	switch {
	case o.Rounds < 0 || o.Rounds > augMixMost:
		return nil, fmt.Errorf("image: PixMix.Rounds is %d mixtures, expected 0 to %d", o.Rounds, augMixMost)
	case !(o.Beta >= 1e-3 && o.Beta <= 1e3):
		return nil, fmt.Errorf("image: PixMix.Beta is %v, expected 0.001 to 1000", o.Beta)
	case !(o.Severity >= 0.1 && o.Severity <= 10):
		return nil, fmt.Errorf("image: PixMix.Severity is %v, expected 0.1 to 10", o.Severity)
	}
	m := &pixMixer{PixMix: o, sequence: *newSequence(c, h, w), fractal: newFractal(h, w),
		picture: make([]uint8, c*h*w), other: make([]uint8, c*h*w)}
	m.tabulate()
	return m.mix, nil
}

// pixMixer is the memory of PixMix.
type pixMixer struct {
	PixMix
	sequence
	fractal *fractal
	draw    rng.Source
	picture []uint8      // the fractal
	other   []uint8      // what an operation makes of the image
	logs    [256]float64 // of values from 0 to 2
	left    [256]float32 // what the values of two images contribute to a mixture
	right   [256]float32
}

// tabulate computes the logarithms. That of 0 is of a value that is as good as
// black.
func (m *pixMixer) tabulate() {
	for v := range m.logs {
		m.logs[v] = portable.Log(max(float64(v), 1e-3) / 127.5)
	}
}

func (m *pixMixer) mix(dst, src []uint8, d augment.Draw) {
	m.draw = *rng.New(d.Seed, rng.PixMix.Sub(d.Index()))
	if m.even() {
		m.operate(dst, src)
	} else {
		copy(dst, src)
	}
	drawn := false
	for range m.draw.IntN(m.Rounds + 1) {
		with := m.other
		if m.even() {
			m.operate(with, src)
		} else {
			if with = m.picture; !drawn {
				m.fractal.paint(with, &m.draw)
				drawn = true
			}
		}
		if m.even() {
			m.add(dst, with)
		} else {
			m.multiply(dst, with)
		}
	}
}

func (m *pixMixer) even() bool { return m.draw.Uint32()&1 == 0 }

// operate sets dst to what one of AugMix's operations makes of src.
func (m *pixMixer) operate(dst, src []uint8) {
	o := augMixOps[m.draw.IntN(len(augMixOps)-augMixOverlapping)]
	level := m.draw.Uniform(0.1, m.Severity)
	m.ops = append(m.ops[:0], Fixed{o, augMixLevel(o, level, m.h, m.w, m.even()), false})
	m.apply(dst, src)
}

// shares draws the shares of the image and of what is mixed in: both positive,
// or more than all of the image and less than nothing of the other.
func (m *pixMixer) shares() (image, other float64) {
	if m.even() {
		return m.draw.Beta(m.Beta, 1), m.draw.Beta(1, m.Beta)
	}
	return 1 + m.draw.Beta(1, m.Beta), -m.draw.Beta(1, m.Beta)
}

// add sets x to a weighted sum of x and y, of values from -1 to 1.
func (m *pixMixer) add(x, y []uint8) {
	a, b := m.shares()
	for v := range m.left {
		centred := float64(v) - 127.5
		m.left[v], m.right[v] = float32(127.5+0.5+float64(a*centred)), float32(b*centred)
	}
	for i, v := range y {
		x[i] = limit(m.left[x[i]] + m.right[v])
	}
}

// multiply sets x to a product of powers of x and y, of values from 0 to 2.
func (m *pixMixer) multiply(x, y []uint8) {
	a, b := m.shares()
	for v, log := range m.logs {
		m.left[v], m.right[v] = float32(float64(127.5)*portable.Exp(a*log)), float32(portable.Exp(b*log))
	}
	for i, v := range y {
		x[i] = limit(float32(m.left[x[i]]*m.right[v]) + 0.5)
	}
}

// limit returns v without its fraction, 0 to 255.
func limit(v float32) uint8 { return uint8(max(0, min(v, 255))) }
