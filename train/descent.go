package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/objective"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// descent is what takes the descent steps.
type descent struct {
	views     *views
	numbers   []int32 // of the images of a step
	batch     augment.Batch
	targets   augment.Targets
	plan      *nn.Plan
	objective *objective.Objective
	hidden    *hidden // nil for none
	dLogits   tensor.Tensor
	clipper   *optim.Clipper // nil for none
	optimiser updater
	rate      learningRate
	average   *average           // nil for none
	attack    *augment.Maximiser // nil for none

	contrast   *objective.Contrast // nil for none
	dEmbedding tensor.Tensor       // zero then
}

func newDescent(engine *tensor.Engine, network *nn.Network, c *Config, steps int, p *plans, memory []float32) (descent, error) {
	all := p.descent.batch
	d := descent{
		numbers:   make([]int32, c.BatchSize),
		plan:      p.descent.compile(memory, engine),
		dLogits:   tensor.New(all, network.Classes, 1, 1),
		optimiser: c.Optimiser.start(engine, network, c.Backbone.rate()),
		average:   newAverage(engine, network, c.Averaging),
	}
	if c.Objective.Contrast > 0 {
		d.contrast = objective.NewContrast(engine, c.shardSize(), c.views(), network.Embedding)
		d.dEmbedding = tensor.New(all, network.Embedding, 1, 1)
	}
	d.rate = newLearningRate(c, steps)
	if c.Clip > 0 {
		d.clipper = optim.NewClipper(engine, network.Grads)
	}
	var err error
	if p.attack.batch > 0 {
		if d.attack, err = newMaximiser(engine, network, c.Attack, p.attack.compile(memory, engine)); err != nil {
			return descent{}, err
		}
	}
	if d.views, err = newViews(engine, network, c); err != nil {
		return descent{}, err
	}
	if d.hidden, err = newHidden(engine, network, c); err != nil {
		return descent{}, err
	}
	if d.hidden != nil { // a nil *hidden is no nil Mixer
		d.plan.Mixer = d.hidden
	}
	d.objective, err = objective.New(engine, c.Objective, c.shardSize(), c.views(), network.Classes)
	return d, err
}

// descentMode returns that of the plan of descent steps.
func (c *Config) descentMode() nn.Mode {
	if c.Objective.Contrast > 0 {
		return nn.TrainEmbedding
	}
	return nn.Train
}

// minimise takes a descent step.
func (t *Trainer) minimise() (Event, error) {
	d, schedule := &t.descent, t.config.Schedule
	numbers := d.numbers[:schedule.batch(t.set, len(d.numbers))] // the last batch may be short
	e := Event{Kind: Minimise, Step: t.at.Step, Round: t.at.Round, Images: len(numbers), Passes: len(numbers), LR: d.rate.LR}
	t.set.draw(numbers)
	var all outcome
	var err error
	if t.shards == nil {
		all = t.learn(numbers, 1)
	} else if all, err = t.learnInShards(numbers); err != nil {
		return e, err
	}
	e.Correct, e.Loss = int(all.correct), all.loss
	switch {
	case all.attacked >= 0:
		return e, t.diverged(e, fmt.Sprintf("image %d, attacked,", all.attacked))
	case !finite(e.Loss):
		return e, t.diverged(e, "the loss")
	}
	if d.clipper != nil {
		d.clipper.Clip(t.config.Clip)
	}
	d.optimiser.update(d.rate.LR)
	d.rate.step()

	last, ended := t.at.Step+1 == t.outline.Steps, schedule.ended(t.set)
	d.average.update(t.at.Round, ended)
	switch {
	case last || ended && schedule.testDue(t.at.Round):
		t.at.Kind, t.at.Domain, t.at.Done = Evaluate, 0, 0
		t.at.Part, t.at.Offset, t.at.Hits, t.at.Correct = 0, 0, 0, 0
		return e, t.checkAll()
	case ended:
		return e, t.endRound()
	default:
		t.at.Step++
	}
	return e, nil
}

// learn computes the gradients of images, times their share of the batch, if the loss
// is finite.
func (t *Trainer) learn(numbers []int32, share float64) outcome {
	d := &t.descent
	x := t.view(numbers)
	if image := t.attack(x, numbers); image >= 0 {
		return outcome{attacked: int64(image)}
	}
	dLogits := d.dLogits.Images(0, x.N)
	logits, embedding := d.plan.Forward(x)
	loss := d.objective.Compute(dLogits, logits, d.targets).Value
	var dEmbedding tensor.Tensor
	if weight := d.objective.Contrast; weight > 0 {
		dEmbedding = d.dEmbedding.Images(0, x.N)
		loss += float64(weight * d.contrast.Compute(dEmbedding, embedding, d.targets.First, weight))
	}
	o := outcome{loss: share * loss, correct: int64(Correct(logits.Images(0, len(numbers)), d.targets.First)), attacked: -1}
	if !finite(o.loss) {
		return o
	}
	if share != 1 {
		t.scale(dLogits, share)
		t.scale(dEmbedding, share)
	}
	d.plan.Backward(dLogits, dEmbedding)
	return o
}

// scale multiplies gradients by a shard's share of the batch.
func (t *Trainer) scale(gradients tensor.Tensor, share float64) {
	for i := range gradients.N {
		t.engine.Kernels.Scale(float32(share), gradients.Image(i))
	}
}

// attack moves views of images to where the network errs, and returns the
// number of an image that is not finite then, -1 if all are.
func (t *Trainer) attack(x tensor.Tensor, numbers []int32) int {
	m, n := t.descent.attack, len(numbers)
	if m == nil {
		return -1
	}
	first, end := t.config.Attacked()
	for v := first; v < end; v++ {
		m.Start = augment.Start{
			Draw:    augment.Draw{Seed: t.config.Seed, Round: t.at.Round, View: v},
			Numbers: numbers,
		}
		m.Second, m.Weight = t.descent.targets.Second, t.descent.targets.Weight
		m.Maximise(x.Images(v*n, (v+1)*n), t.descent.targets.First, n)
		if i := m.NonFinite(); i >= 0 {
			return int(numbers[i])
		}
	}
	return -1
}

// view returns what a step sees of images: their views, one view after the other, or,
// if the backbone is frozen, their embeddings. It sets the targets to those of the
// images.
func (t *Trainer) view(numbers []int32) (x tensor.Tensor) {
	d := &t.descent
	if t.frozen != nil {
		x, d.targets.First = t.embed(numbers)
		return x
	}
	x = t.x.Images(0, t.config.views()*len(numbers))
	d.targets.First = t.read(x, numbers, d.views.chains)
	d.targets.Second, d.targets.Weight = d.targets.Second[:0], d.targets.Weight[:0]
	b := &d.batch
	b.Numbers, b.Targets = numbers, &d.targets
	b.Draw = augment.Draw{Seed: t.config.Seed, Round: t.at.Round, Image: int(numbers[0])}
	for i, ops := range d.views.batch {
		b.X, b.Draw.View = x.Images(i*len(numbers), (i+1)*len(numbers)), i
		for _, op := range ops {
			op(b)
		}
	}
	d.hidden.begin(x, b)
	return x
}
