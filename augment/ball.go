package augment

import (
	"errors"
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Norm is the norm of a ball.
type Norm int

// The norms.
const (
	Unbounded Norm = iota // no ball
	LInf                  // the largest change of a value
	L2                    // the length of the change of the image
)

// Ball bounds how far an ascent moves an image (Madry et al., "Towards Deep
// Learning Models Resistant to Adversarial Attacks", ICLR 2018). Steps then go by
// the direction of an image's gradient alone, its signs or its unit vector, each
// as far as Config.LR; images stay in the ball and between black and white after
// every one. Radius and LR are those of images from 0 to 1.
type Ball struct {
	Norm        Norm
	Radius      float64
	RandomStart bool // begin anywhere in the ball
}

func (b *Ball) check() error {
	switch {
	case b.Norm < Unbounded || b.Norm > L2:
		return fmt.Errorf("augment: Ball.Norm is %d, expected Unbounded, LInf or L2", b.Norm)
	case b.Norm == Unbounded && (b.Radius != 0 || b.RandomStart):
		return errors.New("augment: a Ball without Norm has a Radius or a RandomStart")
	case b.Norm != Unbounded && !(b.Radius > 0 && !math.IsInf(b.Radius, 0)):
		return fmt.Errorf("augment: Ball.Radius is %v, expected a positive number", b.Radius)
	}
	return nil
}

// Start is where random starts come from.
type Start struct {
	Draw    Draw    // Image is not used
	Numbers []int32 // of the images
}

// channel returns what a channel of images from 0 to 1 is in the network's
// values: where 0 and 1 lie, and how long 1 is.
func (m *Maximiser) channel(c int) (black, white, unit float32) {
	if m.Std == nil {
		return 0, 1, 1
	}
	return -m.Mean[c] / m.Std[c], (1 - m.Mean[c]) / m.Std[c], 1 / m.Std[c]
}

// enter makes the images the middles of their balls, and begins somewhere in
// these if asked.
func (m *Maximiser) enter() {
	if m.centres.N == 0 {
		m.centres = tensor.New(m.clean.N, m.images.C, m.images.H, m.images.W)
	}
	m.centres.Check("augment: the memory of the first images", m.clean.N, m.images.C, m.images.H, m.images.W)
	m.engine.Run(m.images.N, &m.entering)
}

// enterBall begins the ascent of one image.
type enterBall struct{ *Maximiser }

func (m *enterBall) Do(n, worker int) {
	x := m.images.Image(n)
	copy(m.centres.Image(n), x)
	if !m.Ball.RandomStart {
		return
	}
	d := m.Start.Draw
	d.Image = int(m.Start.Numbers[n])
	draw := &m.sources[worker].Value
	*draw = *rng.New(d.Seed, rng.Ascent.Sub(d.Index()))
	plane := m.images.H * m.images.W
	if m.Ball.Norm == LInf {
		for i := range x {
			_, _, unit := m.channel(i / plane)
			x[i] += float32(float64(unit) * draw.Uniform(-m.Ball.Radius, m.Ball.Radius))
		}
	} else {
		length := 0.0
		for i := range x {
			z := draw.Normal()
			length += float64(z * z)
			x[i] = float32(z)
		}
		far := draw.Uniform(0, m.Ball.Radius) / math.Sqrt(length)
		for i, centre := range m.centres.Image(n) {
			_, _, unit := m.channel(i / plane)
			x[i] = centre + float32(float64(unit)*far*float64(x[i]))
		}
	}
	m.contain(n)
}

// moveInBall takes one step of an image.
func (m *finishStep) moveInBall(n int) {
	x, dx := m.images.Image(n), m.dx.Image(n)
	plane := m.images.H * m.images.W
	stride := float64(m.LR)
	if m.Ball.Norm == L2 {
		length := 0.0
		for i, g := range dx {
			_, _, unit := m.channel(i / plane)
			g := float64(g) * float64(unit)
			length += float64(g * g)
		}
		if length == 0 {
			return
		}
		stride /= math.Sqrt(length)
		for c := range m.images.C {
			if _, _, unit := m.channel(c); stride*float64(unit)*float64(unit) > math.MaxFloat32 {
				return // the gradient has next to none of its bits left
			}
		}
	}
	for c := range m.images.C {
		_, _, unit := m.channel(c)
		step := float32(stride * float64(unit))
		far := float32(stride * float64(unit) * float64(unit))
		for i := c * plane; i < (c+1)*plane; i++ {
			switch g := dx[i]; {
			case m.Ball.Norm == L2:
				x[i] += float32(far * g)
			case g > 0:
				x[i] += step
			case g < 0:
				x[i] -= step
			}
		}
	}
	m.contain(n)
}

// contain takes an image back into its ball, and between black and white.
func (m *Maximiser) contain(n int) {
	x, centre := m.images.Image(n), m.centres.Image(n)
	plane := m.images.H * m.images.W
	if m.Ball.Norm == L2 {
		length := 0.0
		for i := range x {
			_, _, unit := m.channel(i / plane)
			d := float64(x[i]-centre[i]) / float64(unit)
			length += float64(d * d)
		}
		if length = math.Sqrt(length); length > m.Ball.Radius {
			shrink := float32(m.Ball.Radius / length)
			for i := range x {
				x[i] = centre[i] + float32(shrink*(x[i]-centre[i]))
			}
		}
	}
	for c := range m.images.C {
		black, white, unit := m.channel(c)
		low, high := black, white
		radius := float32(m.Ball.Radius * float64(unit))
		for i := c * plane; i < (c+1)*plane; i++ {
			if m.Ball.Norm == LInf {
				low, high = max(black, centre[i]-radius), min(white, centre[i]+radius)
			}
			x[i] = min(max(x[i], low), high)
		}
	}
}
