package train

import (
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
	return &Evaluator{
		engine: engine,
		plan:   nn.Compile(engine, network, evaluationBatch, nn.Eval),
		load: load{
			engine: engine, normalisation: network.Normalisation,
			x: tensor.New(evaluationBatch, network.C, network.H, network.W),
		},
	}
}

// Logits returns the logits of images first, first+1, ..., as many as one pass
// takes or are left. They are valid until the next call.
func (e *Evaluator) Logits(images *dataset.Images, first int) tensor.Tensor {
	n := min(evaluationBatch, images.N-first)
	e.load.images, e.load.first = images, first
	e.engine.Run(n, &e.load)
	logits, _ := e.plan.Forward(e.load.x.Images(0, n))
	return logits
}

// load is the task that normalises images first, first+1, ..., an image a part.
type load struct {
	engine        *tensor.Engine
	normalisation nn.Normalisation
	images        *dataset.Images
	first         int
	x             tensor.Tensor
}

func (l *load) Do(i, _ int) {
	l.normalisation.FromBytes(l.engine, l.x.Image(i), l.images.Image(l.first+i))
}

// Correct counts the images whose largest logit, the first of equal ones, is
// that of their label.
func Correct(logits tensor.Tensor, labels []uint16) int {
	n := 0
	for i, label := range labels {
		if argmax(logits.Image(i)) == int(label) {
			n++
		}
	}
	return n
}

// confuse counts images by label and predicted class and returns how many are
// classified correctly; see Test.Confusion.
func confuse(confusion []int, logits tensor.Tensor, labels []uint16) int {
	n := 0
	for i, label := range labels {
		row := logits.Image(i)
		predicted := argmax(row)
		confusion[int(label)*len(row)+predicted]++
		if predicted == int(label) {
			n++
		}
	}
	return n
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// Average returns the unweighted mean accuracy over the target domains: over the
// corruptions of the source's test set where there are no targets, over that test
// set itself where there are no corruptions either.
func Average(domains []dataset.Domain, accuracy []float64) float64 {
	var sums [3]float64
	var counts [3]int
	for i := range domains {
		kind := 0
		switch {
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
