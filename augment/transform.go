package augment

import (
	"math"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Transforms describes transformations of images by parameters that an ascent
// moves in place of the pixels. An implementation is plain data, as an [ImageOp]
// is.
type Transforms interface {
	// Make returns the transformations of up to n images of c x h x w at a time,
	// or says which setting does not fit them.
	Make(e *tensor.Engine, n, c, h, w int) (Transformer, error)
}

// Transformer transforms images, by number, with values from 0 to 1 before. Its
// methods may run for different images at the same time, each on its worker, and
// allocate nothing.
type Transformer interface {
	// Begin draws the parameters of an image. Images of a batch share what is
	// drawn for the batch, whose Draw has the number of its first image.
	Begin(n, worker int, batch, image Draw)
	// Apply sets dst to the transformed src.
	Apply(n, worker int, dst, src []float32)
	// Ascend moves the parameters of an image up the gradient d by dst, the result
	// of the last Apply, which is not kept. It reports whether the parameters'
	// gradient is finite.
	Ascend(n, worker int, d, dst, src []float32, rate float64) (finite bool)
}

// transformed is what a Maximiser has for Transforms.
type transformed struct {
	// Transformer is of Config.Transforms, made for the images.
	Transformer Transformer

	sources01 tensor.Tensor // the images before, from 0 to 1
	results   tensor.Tensor // what they are transformed to, likewise
	ended     []bool        // by image: the ascent of its batch
	before    []float64     // by batch: the objective one step ago, 0 before the first
	start     beginTransform
}

// transform begins the ascents of parameters: it notes the images' embeddings and
// transforms them.
func (m *Maximiser) transform() {
	if m.sources01.N == 0 {
		m.sources01 = tensor.New(m.clean.N, m.images.C, m.images.H, m.images.W)
		m.results = tensor.New(m.clean.N, m.images.C, m.images.H, m.images.W)
		m.ended, m.before = make([]bool, m.clean.N), make([]float64, m.clean.N)
		m.start.Maximiser = m
	}
	m.sources01.Check("augment: the memory of the first images", m.clean.N, m.images.C, m.images.H, m.images.W)
	_, embedding := m.model.Forward(m.images)
	embedding.Check("augment: the model's embedding", m.images.N, m.clean.C, 1, 1)
	for n := range m.images.N {
		copy(m.clean.Image(n), embedding.Image(n))
		m.ended[n], m.before[n] = false, 0
	}
	m.engine.Run(m.images.N, &m.start)
}

// beginTransform draws an image's parameters and transforms it.
type beginTransform struct{ *Maximiser }

func (m *beginTransform) Do(n, worker int) {
	batch, image := m.Start.Draw, m.Start.Draw
	batch.Image = int(m.Start.Numbers[n-n%m.batch])
	image.Image = int(m.Start.Numbers[n])
	m.Transformer.Begin(n, worker, batch, image)
	m.finite[n] = true
	x, source := m.images.Image(n), m.sources01.Image(n)
	copy(source, x)
	if m.Std != nil {
		plane := m.images.H * m.images.W
		for i, v := range x {
			c := i / plane
			source[i] = float32(v*m.Std[c]) + m.Mean[c]
		}
	}
	m.apply(n, worker)
}

// apply sets an image to the transformed one.
func (m *Maximiser) apply(n, worker int) {
	x, result := m.images.Image(n), m.results.Image(n)
	m.Transformer.Apply(n, worker, result, m.sources01.Image(n))
	if m.Std == nil {
		copy(x, result)
	} else {
		plane := m.images.H * m.images.W
		for i, v := range result {
			c := i / plane
			x[i] = (v - m.Mean[c]) / m.Std[c]
		}
	}
	m.finite[n] = m.finite[n] && tensor.Finite(m.engine, x)
}

// ascend takes one step of an image's parameters.
func (m *Maximiser) ascend(n, worker int) {
	if m.ended[n] {
		return
	}
	dx := m.dx.Image(n)
	if m.Std != nil {
		plane := m.images.H * m.images.W
		for i := range dx {
			dx[i] /= m.Std[i/plane]
		}
	}
	m.finite[n] = m.Transformer.Ascend(n, worker, dx, m.results.Image(n), m.sources01.Image(n), m.LR) && m.finite[n]
	m.apply(n, worker)
}

// endEarly ends, after a step, the ascents of the batches whose objective before it had
// hardly changed since the step before, and reports whether those of all have ended.
func (m *Maximiser) endEarly() bool {
	all := true
	for first := 0; first < m.images.N; first += m.batch {
		n := min(m.batch, m.images.N-first)
		objective := m.meanOf(first, first+n).Objective
		if m.Tolerance > 0 && math.Abs(objective-m.before[first/m.batch]) <= m.Tolerance {
			for i := range n {
				m.ended[first+i] = true
			}
		}
		m.before[first/m.batch] = objective
		all = all && m.ended[first]
	}
	return all
}
