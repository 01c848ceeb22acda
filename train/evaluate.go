package train

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// evaluationBatch is the number of images of a forward pass of the evaluator.
const evaluationBatch = 64

// Evaluator computes a network's logits, forward only.
type Evaluator struct {
	engine *tensor.Engine
	plan   *nn.Plan
	load   load
}

// NewEvaluator prepares the evaluation of a network.
func NewEvaluator(engine *tensor.Engine, network *nn.Network) *Evaluator {
	return NewEvaluatorOf(engine, network, evaluationBatch)
}

// NewEvaluatorOf is NewEvaluator with forward passes of so many images: the fewer, the
// less memory they take. The logits are the same.
func NewEvaluatorOf(engine *tensor.Engine, network *nn.Network, batch int) *Evaluator {
	return newEvaluator(engine, network, nn.Compile(engine, network, batch, nn.Eval))
}

func newEvaluator(engine *tensor.Engine, network *nn.Network, plan *nn.Plan) *Evaluator {
	return &Evaluator{engine: engine, plan: plan, load: newLoad(engine, network, plan.Batch)}
}

// Logits returns the logits of images first, first+1, ..., as many as one pass
// takes or are left. They are valid until the next call. Images that are not of
// the network's shape, or not there, panic.
func (e *Evaluator) Logits(images *dataset.Images, first int) tensor.Tensor {
	logits, _ := e.forward(images, first)
	return logits
}

func (e *Evaluator) forward(images *dataset.Images, first int) (logits, embedding tensor.Tensor) {
	return e.plan.Forward(e.load.read(images, first))
}

// load is the task that normalises images first, first+stride, ..., one a part.
type load struct {
	engine        *tensor.Engine
	normalisation nn.Normalisation
	images        *dataset.Images
	first, stride int
	x             tensor.Tensor
}

func newLoad(engine *tensor.Engine, network *nn.Network, n int) load {
	return load{
		engine: engine, normalisation: network.Normalisation,
		x: tensor.New(n, network.C, network.H, network.W), stride: 1,
	}
}

// read returns the next images, normalised, as many as there is room for or are
// left.
func (l *load) read(images *dataset.Images, first int) tensor.Tensor {
	s := images
	if s.C != l.x.C || s.H != l.x.H || s.W != l.x.W || first < 0 || first >= s.N || !s.Complete() {
		panic(fmt.Sprintf("train: image %d of %d images of %dx%dx%d in %d bytes, for a network of %dx%dx%d images",
			first, s.N, s.C, s.H, s.W, len(s.Data), l.x.C, l.x.H, l.x.W))
	}
	l.images, l.first = images, first
	x := l.x.Images(0, min(l.x.N, (s.N-first+l.stride-1)/l.stride))
	l.engine.Run(x.N, l)
	return x
}

func (l *load) Do(i, _ int) {
	l.normalisation.FromBytes(l.engine, l.x.Image(i), l.images.Image(l.first+i*l.stride))
}

// Correct counts the images whose largest logit, the first of equal ones, is
// that of their label.
func Correct(logits tensor.Tensor, labels []uint16) int {
	n := 0
	for i, label := range labels {
		if nn.Argmax(logits.Image(i)) == int(label) {
			n++
		}
	}
	return n
}

// confuse counts images by label and predicted class and returns how many are
// classified correctly; see Test.Confusion and, where that is nil, Test.Pairs.
func confuse(confusion []int, pairs map[int]int, logits tensor.Tensor, labels []uint16) int {
	n := 0
	for i, label := range labels {
		row := logits.Image(i)
		predicted := nn.Argmax(row)
		if at := int(label)*len(row) + predicted; confusion == nil {
			pairs[at]++
		} else {
			confusion[at]++
		}
		if predicted == int(label) {
			n++
		}
	}
	return n
}

// HasTargets reports whether there is a domain that is not of the source, corruptions
// counted.
func HasTargets(domains []dataset.Domain) bool {
	return slices.ContainsFunc(domains, func(d dataset.Domain) bool { return !d.Source })
}

// Average returns the unweighted mean accuracy over the target domains: over the
// corruptions of the source's test set where there are no targets, over that test
// set itself where there are no corruptions either, and over the held-out part of
// the source where there is nothing else.
func Average(domains []dataset.Domain, accuracy []float64) float64 {
	var sums [4]float64
	var counts [4]int
	for i := range domains {
		kind := 0
		switch {
		case domains[i].Held:
			kind = 3
		case domains[i].Source:
			kind = 2
		case domains[i].Severities != nil:
			kind = 1
		}
		sums[kind] += accuracy[i]
		counts[kind]++
	}
	kind := 0
	for counts[kind] == 0 {
		kind++
	}
	return sums[kind] / float64(counts[kind])
}
