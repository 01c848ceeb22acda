package augment

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Model is the network whose objective is maximised, in evaluation mode.
type Model interface {
	// Forward returns the logits (N x classes) and the embedding (N x width)
	// of N images. They stay valid until Backward.
	Forward(x tensor.Tensor) (logits, embedding tensor.Tensor)
	// Backward returns the gradient by the images of the last Forward of an
	// objective with the given gradients by its outputs.
	Backward(dLogits, dEmbedding tensor.Tensor) (dx tensor.Tensor)
}

// Config is the settings of the ascent, named as in the official scripts.
type Config struct {
	Steps int     // ascent steps ("loops_adv", T_max in the paper)
	LR    float64 // step size ("lr_max")
	Gamma float64 // weight of the distance between embeddings
	Eta   float64 // weight of the entropy (beta in the paper); 0 is ADA

	// Min and Max bound the images after the last step, and only then, as in
	// the official code. They are values of images from 0 to 1, whatever a network's
	// own are. Equal ones mean no bounds.
	Min, Max float32

	Ball Ball // in which images stay; the zero value is none

	// Transforms are what the ascent moves the parameters of, with steps of LR;
	// nil for the pixels. A batch's ascent ends early with a step before which its
	// objective has changed by no more than Tolerance since the last, at first from 0.
	Transforms Transforms
	Tolerance  float64
}

// Check returns an error that names a setting which no ascent can have.
func (c *Config) Check() error {
	if c.Steps < 1 {
		return fmt.Errorf("augment: ascent of %d steps, expected 1 or more", c.Steps)
	}
	for name, value := range map[string]float64{"LR": c.LR, "Gamma": c.Gamma, "Eta": c.Eta} {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("augment: %s of the ascent is %v, expected a number", name, value)
		}
	}
	switch {
	case !(c.Tolerance >= 0):
		return fmt.Errorf("augment: Tolerance of the ascent is %v, expected 0 or more", c.Tolerance)
	case c.Transforms == nil && c.Tolerance > 0:
		return fmt.Errorf("augment: Tolerance of the ascent is %v, which needs Transforms", c.Tolerance)
	case c.Transforms != nil && (c.Ball.Norm != Unbounded || c.Min != c.Max):
		return errors.New("augment: an ascent has Transforms and bounds of pixels, expected one of them")
	}
	return c.Ball.check()
}

// Means is the terms of the objective, each a mean over the images.
type Means struct {
	Objective    float64 // CrossEntropy + Eta*Entropy - Gamma*Distance
	CrossEntropy float64 // of the true class, in nats
	Entropy      float64 // of the predicted distribution, in nats
	Distance     float64 // mean squared difference of the embedding's elements
}

// Maximiser raises, by gradient ascent over the images, the objective of ME-ADA
// (Zhao et al., "Maximum-Entropy Adversarial Data Augmentation for Improved
// Generalization and Robustness", NeurIPS 2020),
//
//	CE(logits(x), y) + eta*H(softmax(logits(x))) - gamma*MSE(embedding(x), embedding(x0))
//
// from x = x0. Every term is a mean over a batch, as in the official code, so
// that an image's step is LR/batch times the gradient of its own objective.
type Maximiser struct {
	Config

	// Mean and Std are what the network's values of a channel are made with,
	// (v - Mean)/Std, nil for values from 0 to 1. Of a Ball and of Transforms, Start is
	// what random starts are a function of.
	Mean, Std []float32
	Start     Start

	// Second are the second classes of images that are mixed, and Weight the shares of
	// their labels, as [Targets] has them; both are empty where images are of one class.
	Second []uint16
	Weight []float32

	engine *tensor.Engine
	model  Model
	means  []Means // of each step
	begin  beginStep
	finish finishStep

	// Of the step at hand, one image each.
	images, logits, embedding, dx tensor.Tensor
	labels                        []uint16
	step, batch                   int
	clean                         tensor.Tensor // embedding(x0)
	dLogits, dEmbedding           tensor.Tensor
	crossEntropy, entropy, sqDist []float32
	finite                        []bool

	centres  tensor.Tensor // of the balls
	entering enterBall
	sources  []tensor.PerWorker[rng.Source]

	transformed
}

// NewMaximiser returns a maximiser for up to chunk images at a time, on a model
// with that many classes and elements of the embedding.
func NewMaximiser(e *tensor.Engine, model Model, chunk, classes, embedding int, c Config) *Maximiser {
	if err := c.Check(); err != nil {
		panic(err)
	}
	e.Reserve(0, 0)
	m := &Maximiser{
		Config: c, engine: e, model: model,
		means:        make([]Means, c.Steps),
		clean:        tensor.New(chunk, embedding, 1, 1),
		dLogits:      tensor.New(chunk, classes, 1, 1),
		dEmbedding:   tensor.New(chunk, embedding, 1, 1),
		crossEntropy: make([]float32, chunk),
		entropy:      make([]float32, chunk),
		sqDist:       make([]float32, chunk),
		finite:       make([]bool, chunk),
	}
	m.begin.Maximiser, m.finish.Maximiser, m.entering.Maximiser = m, m, m
	m.sources = make([]tensor.PerWorker[rng.Source], e.Threads())
	return m
}

// Maximise changes the images in place. They count as consecutive batches of
// the given size, the last of which may be shorter, so that many small batches
// can be maximised at a time with the same result. It returns the means over
// all the images before each step, valid until the next call: fewer than Steps
// where the ascents of all batches have ended early.
func (m *Maximiser) Maximise(images tensor.Tensor, labels []uint16, batch int) []Means {
	if images.N > m.clean.N || len(labels) != images.N || batch < 1 {
		panic(fmt.Sprintf("augment: %v images and %d labels in batches of %d, for chunks of up to %d",
			images, len(labels), batch, m.clean.N))
	}
	for i, label := range labels {
		if int(label) >= m.dLogits.C {
			panic(fmt.Sprintf("augment: label %d of image %d, for a model of %d classes", label, i, m.dLogits.C))
		}
	}
	images.Check("augment: the images", images.N, images.C, images.H, images.W)
	m.images, m.labels, m.batch = images, labels, batch
	m.checkStart()
	m.checkSecond()
	if m.Ball.Norm != Unbounded {
		m.enter()
	}
	if m.Transforms != nil {
		m.transform()
	}
	for m.step = range m.Steps {
		m.logits, m.embedding = m.model.Forward(images)
		m.logits.Check("augment: the model's logits", images.N, m.dLogits.C, 1, 1)
		m.embedding.Check("augment: the model's embedding", images.N, m.clean.C, 1, 1)
		m.engine.Run(images.N, &m.begin)
		m.means[m.step] = m.meanOf(0, images.N)
		m.dx = m.model.Backward(m.dLogits.Images(0, images.N), m.dEmbedding.Images(0, images.N))
		m.dx.Check("augment: the model's gradient", images.N, images.C, images.H, images.W)
		m.engine.Run(images.N, &m.finish)
		if m.Transforms != nil && m.endEarly() {
			return m.means[:m.step+1]
		}
	}
	return m.means
}

// checkStart panics unless Start, Mean and Std have what the images need of them.
func (m *Maximiser) checkStart() {
	if m.Transforms != nil || m.Ball.Norm != Unbounded && m.Ball.RandomStart {
		tensor.CheckVector("augment: the numbers of the images", m.Start.Numbers, m.images.N)
	}
	if m.Std != nil {
		tensor.CheckVector("augment: the means of the channels", m.Mean, m.images.C)
		tensor.CheckVector("augment: the deviations of the channels", m.Std, m.images.C)
	}
}

// checkSecond panics unless Second and Weight, if there are any, fit the images.
func (m *Maximiser) checkSecond() {
	if len(m.Second) == 0 {
		return
	}
	tensor.CheckVector("augment: the second labels", m.Second, m.images.N)
	tensor.CheckVector("augment: the weights of the labels", m.Weight, m.images.N)
	for i, label := range m.Second {
		if int(label) >= m.dLogits.C {
			panic(fmt.Sprintf("augment: second label %d of image %d, for a model of %d classes", label, i, m.dLogits.C))
		}
	}
}

// NonFinite returns the first of the images last maximised that was not finite
// when the ascent ended, before any bounds; -1 if all were.
func (m *Maximiser) NonFinite() int { return slices.Index(m.finite[:m.images.N], false) }

// meanOf returns the means of the step at hand over images lo to hi-1.
func (m *Maximiser) meanOf(lo, hi int) Means {
	var sum Means
	for n := lo; n < hi; n++ {
		sum.CrossEntropy += float64(m.crossEntropy[n])
		sum.Entropy += float64(m.entropy[n])
		sum.Distance += float64(m.sqDist[n])
	}
	count := float64(hi - lo)
	sum.CrossEntropy /= count
	sum.Entropy /= count
	sum.Distance /= count * float64(m.clean.C)
	sum.Objective = sum.CrossEntropy + float64(m.Eta*sum.Entropy) - float64(m.Gamma*sum.Distance)
	return sum
}

// beginStep computes, an image a part, the terms of the objective and its
// gradients by logits and embedding.
type beginStep struct{ *Maximiser }

func (m *beginStep) Do(n, _ int) {
	k := m.engine.Kernels
	first := n - n%m.batch
	size := float64(min(m.batch, m.images.N-first))
	m.crossEntropy[n], m.entropy[n] = k.SoftmaxLoss(m.dLogits.Image(n), m.logits.Image(n),
		int(m.labels[n]), float32(1/size), float32(m.Eta/size))
	if len(m.Second) > 0 {
		m.mixLabels(n, float32(size))
	}

	clean, embedding, gradient := m.clean.Image(n), m.embedding.Image(n), m.dEmbedding.Image(n)
	if m.step == 0 && m.Transforms == nil {
		copy(clean, embedding)
	}
	m.sqDist[n] = k.SqDist(embedding, clean)
	copy(gradient, embedding)
	k.Axpy(-1, clean, gradient)
	k.Scale(float32(-2*m.Gamma/(size*float64(m.clean.C))), gradient)
}

// mixLabels makes the cross-entropy of an image's first class, and its gradient, those
// of both classes.
func (m *Maximiser) mixLabels(n int, size float32) {
	first, second, rest := m.labels[n], m.Second[n], 1-m.Weight[n]
	logits, gradient := m.logits.Image(n), m.dLogits.Image(n)
	m.crossEntropy[n] += float32(rest * (logits[first] - logits[second]))
	share := rest / size
	gradient[first] += share
	gradient[second] -= share
}

// finishStep moves the images up the gradient, one a part.
type finishStep struct{ *Maximiser }

func (m *finishStep) Do(n, worker int) {
	k := m.engine.Kernels
	image, dx := m.images.Image(n), m.dx.Image(n)
	last := m.step == m.Steps-1
	if m.Transforms != nil {
		m.ascend(n, worker)
		return
	}
	if last {
		m.finite[n] = true
	}
	if m.Ball.Norm != Unbounded {
		m.moveInBall(n)
		if last {
			m.finite[n] = tensor.Finite(m.engine, dx) && tensor.Finite(m.engine, image)
		}
		return
	}
	for lo := 0; lo < len(image); lo += simd.MaxCall {
		hi := min(lo+simd.MaxCall, len(image))
		part := image[lo:hi]
		k.Axpy(float32(m.LR), dx[lo:hi], part)
		if !last {
			continue
		}
		m.finite[n] = m.finite[n] && tensor.Finite(m.engine, part)
	}
	if last && m.Min != m.Max {
		m.bound(image)
	}
}

// bound keeps an image within Min and Max.
func (m *Maximiser) bound(image []float32) {
	plane := m.images.H * m.images.W
	for c := range m.images.C {
		low, high := m.Min, m.Max
		if m.Std != nil {
			low, high = (low-m.Mean[c])/m.Std[c], (high-m.Mean[c])/m.Std[c]
		}
		for lo := c * plane; lo < (c+1)*plane; lo += simd.MaxCall {
			m.engine.Kernels.Clamp(image[lo:min(lo+simd.MaxCall, (c+1)*plane)], low, high)
		}
	}
}
