package train

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/optim"
)

// Kind is a kind of work.
type Kind int

// What a run consists of.
const (
	Minimise Kind = iota // a descent step on the network
	Maximise             // the ascent of one batch of images
	Evaluate             // the test of one batch of images
)

// Work counts images by kind.
type Work [3]int

// Event is what one [Trainer.Step] did.
type Event struct {
	Kind        Kind
	Step        int // descent step, from 0; a phase or test carries that of the descent it precedes or follows
	Round       int // the epoch, or the descent step where no epochs are counted
	Phase       int // of a Maximise, from 1
	Domain      int // of an Evaluate
	Images      int // images this step worked through
	Done, Total int // images of the phase or of the domain so far, and in all

	Loss    float64       // of a Minimise: the batch's mean cross-entropy
	LR      float64       // of a Minimise: the rate of its update
	Correct int           // of a Minimise: images classified correctly before the update
	Ascent  augment.Means // of a Maximise: the means before the last ascent step
	Test    *Test         // of the Evaluate that completes a test
}

// Test is the result of testing every domain after a descent step. It is valid
// until the next Step.
type Test struct {
	Step     int
	Accuracy []float64 // by domain, fractions
	Average  float64   // see Average
	Improved bool      // the best average so far

	// Severities are the accuracies at the severities of a corrupted domain, nil
	// for another: Severities[domain][severity].
	Severities [][]float64

	// Confusion counts the images of a domain by label and predicted class:
	// Confusion[domain][label*classes+predicted].
	Confusion [][]int
}

// DivergedError says that a loss is no longer finite.
type DivergedError struct {
	Step  int
	Phase int // of the maximisation phase it happened in, 0 outside of one
	Loss  float64
}

func (e *DivergedError) Error() string {
	if e.Phase > 0 {
		return fmt.Sprintf("training diverged: the objective of maximisation phase %d is %v, try a smaller --lr-max", e.Phase, e.Loss)
	}
	return fmt.Sprintf("training diverged: the loss of step %d is %v, try a smaller --lr", e.Step, e.Loss)
}

// ascentImages is about how many images climb at a time. They count as batches
// of the configured size all the same.
const ascentImages = 64

// Trainer runs one training procedure, a step at a time. Its whole state is
// the network's state, the optimiser's, the schedule, the pool, the position and
// the best average.
type Trainer struct {
	engine  *tensor.Engine
	config  Config
	outline Outline
	domains []dataset.Domain

	pool      *pool
	batch     gather
	transform *transform    // of the batches of descent, if there is one
	x         tensor.Tensor // the batch of a descent step, then of an ascent
	numbers   []int32       // of the images of a descent step
	labels    []uint8       // of the images being worked on
	plan      *nn.Plan
	dLogits   tensor.Tensor
	adam      *optim.Adam  // as the digits script, or
	sgd       *optim.SGD   // as the CIFAR script
	cosine    optim.Cosine // the rate of sgd
	maximiser *augment.Maximiser
	evaluator *Evaluator

	at     position
	growth block          // the images of the phase in progress
	tested dataset.Images // the part of a domain being tested
	test   Test           // the last one, or the one in progress
	best   float64        // the best average so far
}

// position is where a run stands: which work comes next.
type position struct {
	step    int  // the descent step at hand, or that the phase precedes or the test follows
	round   int  // the round that it belongs to
	phase   int  // maximisation phases done
	kind    Kind // of the next Step
	done    int  // images done of the phase, or of the domain being tested
	domain  int  // being tested
	part    int  // of it
	offset  int  // images done of the part
	hits    int  // images of the parts before classified correctly
	correct int  // images of the part classified correctly so far
}

// New prepares the training of a network on the benchmark's source images, with
// tests on its domains.
func New(engine *tensor.Engine, network *nn.Network, data *dataset.Benchmark, c Config) *Trainer {
	permute := inOrder
	if c.Epochs == 0 {
		permute = shuffler(c.Seed)
	}
	return newTrainer(engine, network, data, c, newPool(&data.Source, permute))
}

func newTrainer(engine *tensor.Engine, network *nn.Network, data *dataset.Benchmark, c Config, pool *pool) *Trainer {
	c.check()
	t := &Trainer{
		engine:    engine,
		config:    c,
		outline:   c.Outline(data.Source.N),
		domains:   data.Domains,
		pool:      pool,
		plan:      nn.Compile(engine, network, c.BatchSize, nn.Train),
		dLogits:   tensor.New(c.BatchSize, network.Classes, 1, 1),
		numbers:   make([]int32, c.BatchSize),
		evaluator: NewEvaluator(engine, network),
		test:      newTest(data.Domains, network.Classes),
		best:      -1,
	}
	if c.Epochs > 0 {
		t.sgd = optim.NewSGD(engine, network.Values, network.Grads, c.LR)
		t.sgd.Momentum, t.sgd.WeightDecay, t.sgd.Nesterov = c.Momentum, c.Decay, c.Momentum > 0
		t.cosine.LR = c.LR
		if c.Flip || c.Crop > 0 {
			t.transform = newTransform(c, engine.Threads(), network.H, network.W, network.C)
		}
	} else {
		t.adam = optim.NewAdam(engine, network.Values, network.Grads, c.LR)
	}
	images := c.BatchSize
	if len(t.outline.Pool) > 1 {
		images = max(1, ascentImages/c.BatchSize) * c.BatchSize
		ascent := augment.Config{Steps: c.LoopsAdv, LR: c.LRMax, Gamma: c.Gamma}
		if c.Epochs == 0 {
			ascent.Max = 1
		}
		if c.Algorithm == MEADA {
			ascent.Eta = c.Eta
		}
		t.maximiser = augment.NewMaximiser(engine, nn.Compile(engine, network, images, nn.Maximise),
			images, network.Classes, network.Embedding, ascent)
	}
	t.x = tensor.New(images, network.C, network.H, network.W)
	t.labels = make([]uint8, images)
	t.batch = gather{pool: pool, kernels: engine.Kernels, normalisation: network.Normalisation}
	t.begin()
	return t
}

func newTest(domains []dataset.Domain, classes int) Test {
	t := Test{Accuracy: make([]float64, len(domains)), Severities: make([][]float64, len(domains))}
	for i := range domains {
		t.Confusion = append(t.Confusion, make([]int, classes*classes))
		if n := len(domains[i].Severities); n > 0 {
			t.Severities[i] = make([]float64, n)
		}
	}
	return t
}

// Done says whether the run is complete.
func (t *Trainer) Done() bool { return t.at.step == t.outline.Steps }

// Steps returns how many descent steps are done.
func (t *Trainer) Steps() int {
	if t.at.kind == Evaluate {
		return t.at.step + 1
	}
	return t.at.step
}

// Outline returns what the run consists of.
func (t *Trainer) Outline() Outline { return t.outline }

// Work returns how many images the whole run works through.
func (t *Trainer) Work() Work {
	tested := 0
	for i := range t.domains {
		tested += t.domains[i].N
	}
	o := t.outline
	return Work{
		Minimise: o.minimised,
		Maximise: o.Pool[len(o.Pool)-1] - o.Pool[0],
		Evaluate: o.Tests * tested,
	}
}

// Step does the next piece of work: a descent step, or the ascent or the test
// of one batch. It must not be called once Done.
func (t *Trainer) Step() (Event, error) {
	switch t.at.kind {
	case Maximise:
		return t.maximise()
	case Evaluate:
		return t.evaluate()
	}
	return t.minimise()
}

// begin sets out for the next round, or for the phase that precedes it.
func (t *Trainer) begin() {
	t.at.kind = Minimise
	if t.Done() {
		return
	}
	c := t.config
	n := c.added(t.pool.len())
	if n == 0 || !c.phaseDue(t.at.round, t.at.phase) {
		t.beginEpoch()
		return
	}
	t.at.kind, t.at.done = Maximise, 0
	if c.Epochs > 0 {
		t.pool.arrange(inOrder)
		t.growth = block{n: n, bytes: make([]uint8, n*t.x.C*t.x.H*t.x.W)}
	} else {
		t.growth = block{n: n, values: tensor.New(n, t.x.C, t.x.H, t.x.W)}
	}
}

// beginEpoch sets out for the next epoch, if the run counts epochs. As in the
// official script the schedule is stretched to the size that the pool has now.
func (t *Trainer) beginEpoch() {
	c := t.config
	if c.Epochs == 0 {
		return
	}
	t.pool.arrange(epochShuffler(c.Seed, t.at.round))
	t.cosine.Total = t.at.step + c.steps(t.pool.len())*(c.Epochs-t.at.round)
	if t.transform != nil {
		t.transform.epoch = t.at.round
	}
}

// read collects images of the pool in x and returns their labels.
func (t *Trainer) read(x tensor.Tensor, numbers []int32, transform *transform) []uint8 {
	t.batch.x, t.batch.numbers, t.batch.transform = x, numbers, transform
	t.engine.Run(len(numbers), &t.batch)
	for i, number := range numbers {
		t.labels[i] = t.pool.labels[number]
	}
	return t.labels[:len(numbers)]
}

func (t *Trainer) minimise() (Event, error) {
	numbers := t.numbers
	if t.config.Epochs > 0 {
		numbers = numbers[:min(len(numbers), t.pool.len()-t.pool.next)] // the last batch may be short
	}
	e := Event{Kind: Minimise, Step: t.at.step, Round: t.at.round, Images: len(numbers), LR: t.config.LR}
	t.pool.draw(numbers)
	x, dLogits := t.x.Images(0, len(numbers)), t.dLogits.Images(0, len(numbers))
	labels := t.read(x, numbers, t.transform)
	logits, _ := t.plan.Forward(x)
	e.Correct = Correct(logits, labels)
	e.Loss = nn.CrossEntropy(t.engine, dLogits, logits, labels)
	if !finite(e.Loss) {
		return e, &DivergedError{Step: e.Step, Loss: e.Loss}
	}
	t.plan.Backward(dLogits, tensor.Tensor{})
	if t.sgd == nil {
		t.adam.Step()
	} else {
		e.LR = t.cosine.LR
		t.sgd.LR = e.LR
		t.sgd.Step()
		t.cosine.Step()
	}

	last := t.at.step+1 == t.outline.Steps
	endOfRound := t.config.Epochs == 0 || t.pool.next == t.pool.len()
	switch {
	case last || endOfRound && t.config.testDue(t.at.round):
		t.at.kind, t.at.domain, t.at.done = Evaluate, 0, 0
		t.at.part, t.at.offset, t.at.hits, t.at.correct = 0, 0, 0, 0
	case endOfRound:
		t.endRound()
	default:
		t.at.step++
	}
	return e, nil
}

// endRound moves on from the last descent step of a round.
func (t *Trainer) endRound() {
	t.at.step++
	t.at.round++
	t.begin()
}

// maximise climbs the next images of the pool, in reading order.
func (t *Trainer) maximise() (Event, error) {
	lo, hi := t.at.done, min(t.at.done+len(t.labels), t.growth.n)
	x := t.x.Images(0, hi-lo)
	labels := t.read(x, t.pool.order[lo:hi], nil)
	means := t.maximiser.Maximise(x, labels, t.config.BatchSize)
	e := Event{
		Kind: Maximise, Step: t.at.step, Round: t.at.round, Phase: t.at.phase + 1,
		Images: hi - lo, Done: hi, Total: t.growth.n,
		Ascent: means[len(means)-1],
	}
	if !finite(e.Ascent.Objective) {
		return e, &DivergedError{Step: e.Step, Phase: e.Phase, Loss: e.Ascent.Objective}
	}
	t.keep(x, lo)
	t.at.done = hi
	if hi == t.growth.n {
		t.pool.grow(t.growth)
		t.at.kind, t.at.phase, t.growth = Minimise, t.at.phase+1, block{}
		t.beginEpoch()
	}
	return e, nil
}

// keep stores what an ascent ended with as images lo, lo+1, ... of the phase.
func (t *Trainer) keep(x tensor.Tensor, lo int) {
	size := x.C * x.H * x.W
	for n := range x.N {
		if t.growth.bytes != nil {
			t.batch.normalisation.ToBytes(t.engine.Kernels, t.growth.bytes[(lo+n)*size:][:size], x.Image(n))
		} else {
			copy(t.growth.values.Image(lo+n), x.Image(n))
		}
	}
}

// evaluate tests the next batch of the domain in turn.
func (t *Trainer) evaluate() (Event, error) {
	d, confusion := &t.domains[t.at.domain], t.test.Confusion[t.at.domain]
	if t.at.done == 0 {
		clear(confusion)
	}
	if t.at.offset == 0 {
		var err error
		if t.tested, err = d.Part(t.at.part); err != nil {
			return Event{}, err
		}
	}
	logits := t.evaluator.Logits(&t.tested, t.at.offset)
	t.at.correct += confuse(confusion, logits, t.tested.Labels[t.at.offset:][:logits.N])
	t.at.offset += logits.N
	t.at.done += logits.N
	e := Event{
		Kind: Evaluate, Step: t.at.step, Round: t.at.round, Domain: t.at.domain,
		Images: logits.N, Done: t.at.done, Total: d.N,
	}
	if t.at.offset == t.tested.N && t.endPart(d) {
		e.Test = &t.test
	}
	return e, nil
}

// endPart notes the result of a part of a domain and moves on to the next. It
// says whether the test is complete.
func (t *Trainer) endPart(d *dataset.Domain) bool {
	domain := t.at.domain
	if d.Severities != nil {
		t.test.Severities[domain][t.at.part] = float64(t.at.correct) / float64(t.tested.N)
	}
	t.at.hits += t.at.correct
	t.at.part, t.at.offset, t.at.correct, t.tested = t.at.part+1, 0, 0, dataset.Images{}
	if t.at.part < d.Parts() {
		return false
	}
	t.test.Accuracy[domain] = float64(t.at.hits) / float64(t.at.done)
	t.at.domain, t.at.part, t.at.done, t.at.hits = domain+1, 0, 0, 0
	if t.at.domain < len(t.domains) {
		return false
	}
	t.test.Step = t.at.step
	t.test.Average = Average(t.domains, t.test.Accuracy)
	t.test.Improved = t.test.Average > t.best
	t.best = max(t.best, t.test.Average)
	t.endRound()
	return true
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
