package augment

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// deviation and middle make the values of the tests' images of those from 0 to
// 1.
const deviation, middle = 0.5, 0.25

// moveInBall is a step of projected gradient ascent on an image in float64.
func moveInBall(x, clean, gradient []float64, c Config) {
	length := 0.0
	for _, g := range gradient {
		length += g / deviation * g / deviation
	}
	moved := make([]float64, len(x)) // of the image from 0 to 1
	square := 0.0
	for i, g := range gradient {
		step := math.Copysign(c.LR, g)
		if c.Ball.Norm == L2 {
			step = c.LR * g / deviation / math.Sqrt(length)
		}
		moved[i] = (x[i]-clean[i])*deviation + step
		square += moved[i] * moved[i]
	}
	for i := range x {
		switch {
		case c.Ball.Norm == LInf:
			moved[i] = min(max(moved[i], -c.Ball.Radius), c.Ball.Radius)
		case math.Sqrt(square) > c.Ball.Radius:
			moved[i] *= c.Ball.Radius / math.Sqrt(square)
		}
		pixel := clean[i]*deviation + middle + moved[i]
		x[i] = (min(max(pixel, 0), 1) - middle) / deviation
	}
}

func ballImages(count int) (tensor.Tensor, []uint16) {
	x, labels := randomImages(count)
	for i, v := range x.Data {
		x.Data[i] = (v - middle) / deviation
	}
	return x, labels
}

func newBallMaximiser(e *tensor.Engine, count int, c Config) *Maximiser {
	m := NewMaximiser(e, newBilinear(count), count, classes, dimension, c)
	m.Mean, m.Std = make([]float32, pixels), make([]float32, pixels)
	for i := range pixels {
		m.Mean[i], m.Std[i] = middle, deviation
	}
	return m
}

// An ascent in a ball is that of float64.
func TestMaximiseInBall(t *testing.T) {
	t.Parallel()
	const count = 5
	for _, kernels := range simd.Available() {
		e := tensor.NewEngineOn(2, kernels)
		for _, c := range []Config{
			{Steps: 1, LR: 0.05, Ball: Ball{Norm: LInf, Radius: 0.1}},
			{Steps: 4, LR: 0.04, Eta: 3, Ball: Ball{Norm: LInf, Radius: 0.1}},
			{Steps: 1, LR: 0.05, Ball: Ball{Norm: L2, Radius: 0.5}},
			{Steps: 5, LR: 0.2, Eta: 1, Gamma: 0.1, Ball: Ball{Norm: L2, Radius: 0.5}},
		} {
			x, labels := ballImages(count)
			clean, _ := ballImages(count)
			m := newBallMaximiser(e, count, c)
			means := m.Maximise(x, labels, count)
			for n := range count {
				want := m.model.(*bilinear).ascend(clean.Image(n), int(labels[n]), count, c)
				require.InDeltaSlice(t, want, widen(x.Image(n)), 2e-4, "%+v, image %d", c, n)
			}
			require.Equal(t, -1, m.NonFinite())
			if c.Steps > 1 {
				require.Greater(t, means[c.Steps-1].Objective, means[0].Objective)
			}
		}
		e.Close()
	}
}

// A random start lies in the ball and is the image's own, whatever others there
// are.
func TestRandomStart(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	const count = 40
	for _, norm := range []Norm{LInf, L2} {
		c := Config{Steps: 1, LR: 1e-9, Ball: Ball{Norm: norm, Radius: 0.2, RandomStart: true}}
		start := func(round int, numbers ...int32) tensor.Tensor {
			x, labels := ballImages(count)
			for i := range x.Data {
				x.Data[i] = (0.5 - middle) / deviation
			}
			m := newBallMaximiser(e, count, c)
			m.Start = Start{Draw: Draw{Seed: 7, Round: round}, Numbers: numbers}
			m.Maximise(x.Images(0, len(numbers)), labels[:len(numbers)], count)
			return x.Images(0, len(numbers))
		}
		var numbers []int32
		for i := range count {
			numbers = append(numbers, int32(i))
		}
		all := start(1, numbers...)
		farthest := 0.0
		for n := range count {
			square := 0.0
			for _, v := range all.Image(n) {
				d := float64(v)*deviation + middle - 0.5
				if norm == LInf {
					square = max(square, d*d)
				} else {
					square += d * d
				}
			}
			require.LessOrEqual(t, math.Sqrt(square), 0.2+1e-6)
			farthest = max(farthest, math.Sqrt(square))
		}
		require.Greater(t, farthest, 0.17)
		require.Equal(t, all.Image(3), start(1, 3).Image(0))
		require.NotEqual(t, all.Image(3), start(2, 3).Image(0))
	}
}

func TestAscentInBallAllocatesNothing(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	x, labels := ballImages(4)
	m := newBallMaximiser(e, 4, Config{Steps: 2, LR: 0.1, Ball: Ball{Norm: L2, Radius: 1, RandomStart: true}})
	m.Start.Numbers = []int32{1, 2, 3, 4}
	m.enterOnly(x, labels)
	require.Zero(t, testing.AllocsPerRun(10, func() { m.enterOnly(x, labels) }))
}

// enterOnly begins an ascent: the steps of the tests' model allocate.
func (m *Maximiser) enterOnly(x tensor.Tensor, labels []uint16) {
	m.images, m.labels = x, labels
	m.enter()
}

func TestBallsThatThereAreNot(t *testing.T) {
	t.Parallel()
	for message, b := range map[string]Ball{
		"Norm is 3":             {Norm: 3},
		"without Norm":          {Radius: 1},
		"Radius is 0, expected": {Norm: LInf},
		"Radius is -1":          {Norm: L2, Radius: -1},
	} {
		c := Config{Steps: 1, Ball: b}
		require.ErrorContains(t, c.Check(), message)
	}
}

// A gradient next to 0 has no direction, and moves no image to where there are no numbers.
func TestVanishingGradientInBall(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	m := newBallMaximiser(e, 1, Config{Steps: 1, LR: 0.5, Ball: Ball{Norm: L2, Radius: 1}})
	x, labels := ballImages(1)
	m.Maximise(x, labels, 1)
	require.Equal(t, -1, m.NonFinite())
	m.images = x
	before := append([]float32(nil), x.Data...)
	for i := range m.dx.Data {
		m.dx.Data[i] = float32(i%2) * 1e-42
	}
	(&finishStep{m}).moveInBall(0)
	require.Equal(t, before, x.Data)
}
