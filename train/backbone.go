package train

import (
	"errors"
	"fmt"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Backbone says how the layers up to the embedding are trained, where weights are
// those of another task.
type Backbone struct {
	Rate float64 // factor of the optimiser's rate for their parameters; 0 for 1

	// Frozen leaves them as they are. They see an image in mode Eval, and once: its
	// embedding is kept. So images have no Views.
	Frozen bool
}

func (c *Config) checkBackbone() error {
	b := c.Backbone
	switch {
	case !(b.Rate >= 0 && finite(b.Rate)):
		return fmt.Errorf("train: Backbone.Rate is %v, expected a number that is not negative", b.Rate)
	case b.Frozen && b.Rate != 0:
		return fmt.Errorf("train: Backbone.Rate is %v of a frozen backbone, expected 0", b.Rate)
	case b.Frozen && c.Attack.Steps > 0:
		return errors.New("train: Attack of images for a frozen backbone, which sees each image once, expected none")
	case b.Frozen && c.Objective.Contrast > 0:
		return errors.New("train: Objective.Contrast of a frozen backbone's embeddings, which stay as they are, expected 0")
	case b.Frozen && len(c.Views) > 0:
		return errors.New("train: Views of images for a frozen backbone, which sees each image once, expected none")
	}
	return nil
}

// rate returns the factor.
func (b Backbone) rate() float64 {
	if b.Rate == 0 {
		return 1
	}
	return b.Rate
}

// trained returns the part of a network that a descent step changes, as a network.
func (b Backbone) trained(network *nn.Network) *nn.Network {
	if b.Frozen {
		return network.HeadNetwork()
	}
	return network
}

// frozen is what the images of a run are to a network whose backbone is frozen.
type frozen struct {
	head    *nn.Plan
	source  embeddings   // of the training set, by image number
	domains []embeddings // none of corrupted ones, which are too many
	x       tensor.Tensor
	missing []int32
}

// embeddings are those of images, as far as they are known.
type embeddings struct {
	values tensor.Tensor
	known  []bool
}

func newEmbeddings(images, size int) embeddings {
	return embeddings{tensor.New(images, size, 1, 1), make([]bool, images)}
}

// set keeps the embedding of an image.
func (e *embeddings) set(image int, embedding []float32) {
	copy(e.values.Image(image), embedding)
	e.known[image] = true
}

// newFrozen prepares for a training set that grows to so many images.
func newFrozen(plan *nn.Plan, embedding, batch, images int, domains []dataset.Domain) *frozen {
	f := &frozen{
		head:    plan,
		source:  newEmbeddings(images, embedding),
		domains: make([]embeddings, len(domains)),
		x:       tensor.New(batch, embedding, 1, 1),
		missing: make([]int32, 0, batch),
	}
	for i := range domains {
		if domains[i].Severities == nil {
			f.domains[i] = newEmbeddings(domains[i].N, embedding)
		}
	}
	return f
}

// forget drops the embeddings of the images that phases have made, whose numbers may
// be those of others now.
func (f *frozen) forget(source int) {
	if f != nil {
		clear(f.source.known[source:])
	}
}

// embed returns the embeddings of images of the training set, and the images' labels.
func (t *Trainer) embed(numbers []int32) (tensor.Tensor, []uint16) {
	f := t.frozen
	f.missing = f.missing[:0]
	for _, number := range numbers {
		if !f.source.known[number] {
			f.missing = append(f.missing, number)
		}
	}
	for missing := f.missing; len(missing) > 0; {
		some := missing[:min(len(missing), evaluationBatch)]
		images := t.x.Images(0, len(some))
		t.read(images, some, nil)
		_, embeddings := t.tests.evaluator.plan.Forward(images)
		for i, number := range some {
			f.source.set(int(number), embeddings.Image(i))
		}
		missing = missing[len(some):]
	}
	for i, number := range numbers {
		copy(f.x.Image(i), f.source.values.Image(int(number)))
		t.labels[i] = t.set.labels[number]
	}
	return f.x.Images(0, len(numbers)), t.labels[:len(numbers)]
}

// logits returns those of images first, first+1, ... of the part being tested, as many
// as are tested at a time or are left.
func (t *Trainer) logits(first int) tensor.Tensor {
	s := &t.tests
	if t.frozen == nil || s.domains[t.at.Domain].Severities != nil {
		return s.evaluator.Logits(&s.part, first)
	}
	e := &t.frozen.domains[t.at.Domain]
	n := min(evaluationBatch, s.part.N-first)
	if !e.known[first] {
		_, embeddings := s.evaluator.forward(&s.part, first)
		for i := range n {
			e.set(first+i, embeddings.Image(i))
		}
	}
	logits, _ := t.frozen.head.Forward(e.values.Images(first, first+n))
	return logits
}
