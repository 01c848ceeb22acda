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
	Phase       int // of a Maximise, from 1
	Domain      int // of an Evaluate
	Images      int // images this step worked through
	Done, Total int // images of the phase or of the domain so far, and in all

	Loss    float64       // of a Minimise: the batch's mean cross-entropy
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
// the network's parameters, the optimiser's moments, the pool, the position and
// the best average.
type Trainer struct {
	engine  *tensor.Engine
	config  Config
	domains []dataset.Domain

	pool      *pool
	batch     gather
	x         tensor.Tensor // the batch of a descent step
	numbers   []int32       // of its images
	labels    []uint8       // of the images being worked on
	plan      *nn.Plan
	dLogits   tensor.Tensor
	adam      *optim.Adam
	maximiser *augment.Maximiser
	evaluator *Evaluator

	at     position
	growth tensor.Tensor // the images of the phase in progress
	test   Test          // the last one, or the one in progress
	best   float64       // the best average so far
}

// position is where a run stands: which work comes next.
type position struct {
	step    int  // the descent step at hand, or that the phase precedes or the test follows
	phase   int  // maximisation phases done
	kind    Kind // of the next Step
	done    int  // images done of the phase, or of the domain being tested
	domain  int  // being tested
	correct int  // images of it classified correctly so far
}

// New prepares the training of a network on the benchmark's source images, with
// tests on its domains.
func New(engine *tensor.Engine, network *nn.Network, data *dataset.Benchmark, c Config) *Trainer {
	return newTrainer(engine, network, data, c, newPool(&data.Source, shuffler(c.Seed)))
}

func newTrainer(engine *tensor.Engine, network *nn.Network, data *dataset.Benchmark, c Config, pool *pool) *Trainer {
	c.check()
	t := &Trainer{
		engine:    engine,
		config:    c,
		domains:   data.Domains,
		pool:      pool,
		x:         tensor.New(c.BatchSize, network.C, network.H, network.W),
		plan:      nn.Compile(engine, network, c.BatchSize, nn.Train),
		dLogits:   tensor.New(c.BatchSize, network.Classes, 1, 1),
		adam:      optim.NewAdam(engine, network.Values, network.Grads, c.LR),
		evaluator: NewEvaluator(engine, network),
		test:      Test{Accuracy: make([]float64, len(data.Domains))},
		best:      -1,
	}
	for range data.Domains {
		t.test.Confusion = append(t.test.Confusion, make([]int, network.Classes*network.Classes))
	}
	images := c.BatchSize
	if c.phases() > 0 {
		images = max(1, ascentImages/c.BatchSize) * c.BatchSize
		ascent := augment.Config{Steps: c.LoopsAdv, LR: c.LRMax, Gamma: c.Gamma, Min: 0, Max: 1}
		if c.Algorithm == MEADA {
			ascent.Eta = c.Eta
		}
		t.maximiser = augment.NewMaximiser(engine, nn.Compile(engine, network, images, nn.Maximise),
			images, network.Classes, network.Embedding, ascent)
	}
	t.batch.pool, t.numbers = pool, make([]int32, c.BatchSize)
	t.labels = make([]uint8, images)
	t.begin()
	return t
}

// Done says whether the run is complete.
func (t *Trainer) Done() bool { return t.at.step == t.config.LoopsTrain }

// Steps returns how many descent steps are done.
func (t *Trainer) Steps() int {
	if t.at.kind == Evaluate {
		return t.at.step + 1
	}
	return t.at.step
}

// Work returns how many images the whole run works through.
func (t *Trainer) Work() Work {
	c := t.config
	tested := 0
	for i := range t.domains {
		tested += t.domains[i].N
	}
	sizes := c.PoolSizes(t.pool.source.N)
	return Work{
		Minimise: c.LoopsTrain * c.BatchSize,
		Maximise: sizes[len(sizes)-1] - sizes[0],
		Evaluate: c.tests() * tested,
	}
}

// Step does the next piece of work: a descent step, or the ascent or the test
// of one batch. It must not be called once Done.
func (t *Trainer) Step() (Event, error) {
	switch t.at.kind {
	case Maximise:
		return t.maximise()
	case Evaluate:
		return t.evaluate(), nil
	}
	return t.minimise()
}

// begin sets out for the next descent step, or for the phase that precedes it.
func (t *Trainer) begin() {
	t.at.kind = Minimise
	if t.Done() || !t.config.phaseDue(t.at.step, t.at.phase) {
		return
	}
	if n := added(t.pool.len(), t.config.BatchSize); n > 0 {
		t.at.kind, t.at.done = Maximise, 0
		t.growth = tensor.New(n, t.x.C, t.x.H, t.x.W)
	}
}

// read collects images of the pool in x and returns their labels.
func (t *Trainer) read(x tensor.Tensor, numbers []int32) []uint8 {
	t.batch.x, t.batch.numbers = x, numbers
	t.engine.Run(len(numbers), &t.batch)
	for i, number := range numbers {
		t.labels[i] = t.pool.labels[number]
	}
	return t.labels[:len(numbers)]
}

func (t *Trainer) minimise() (Event, error) {
	e := Event{Kind: Minimise, Step: t.at.step, Images: t.config.BatchSize}
	t.pool.draw(t.numbers)
	labels := t.read(t.x, t.numbers)
	logits, _ := t.plan.Forward(t.x)
	e.Correct = Correct(logits, labels)
	e.Loss = nn.CrossEntropy(t.engine, t.dLogits, logits, labels)
	if !finite(e.Loss) {
		return e, &DivergedError{Step: e.Step, Loss: e.Loss}
	}
	t.plan.Backward(t.dLogits, tensor.Tensor{})
	t.adam.Step()

	if t.config.testDue(t.at.step) {
		t.at.kind, t.at.domain, t.at.done, t.at.correct = Evaluate, 0, 0, 0
	} else {
		t.at.step++
		t.begin()
	}
	return e, nil
}

// maximise climbs the next images of the pool, in reading order.
func (t *Trainer) maximise() (Event, error) {
	lo, hi := t.at.done, min(t.at.done+len(t.labels), t.growth.N)
	x := t.growth.Images(lo, hi)
	labels := t.read(x, t.pool.order[lo:hi])
	means := t.maximiser.Maximise(x, labels, t.config.BatchSize)
	e := Event{
		Kind: Maximise, Step: t.at.step, Phase: t.at.phase + 1,
		Images: hi - lo, Done: hi, Total: t.growth.N,
		Ascent: means[len(means)-1],
	}
	if !finite(e.Ascent.Objective) {
		return e, &DivergedError{Step: e.Step, Phase: e.Phase, Loss: e.Ascent.Objective}
	}
	t.at.done = hi
	if hi == t.growth.N {
		t.pool.grow(t.growth)
		t.at.kind, t.at.phase, t.growth = Minimise, t.at.phase+1, tensor.Tensor{}
	}
	return e, nil
}

// evaluate tests the next batch of the domain in turn.
func (t *Trainer) evaluate() Event {
	d := &t.domains[t.at.domain]
	logits := t.evaluator.Logits(&d.Images, t.at.done)
	confusion := t.test.Confusion[t.at.domain]
	if t.at.done == 0 {
		clear(confusion)
	}
	t.at.correct += confuse(confusion, logits, d.Labels[t.at.done:][:logits.N])
	t.at.done += logits.N
	e := Event{
		Kind: Evaluate, Step: t.at.step, Domain: t.at.domain,
		Images: logits.N, Done: t.at.done, Total: d.N,
	}
	if t.at.done < d.N {
		return e
	}
	t.test.Accuracy[t.at.domain] = float64(t.at.correct) / float64(d.N)
	t.at.domain, t.at.done, t.at.correct = t.at.domain+1, 0, 0
	if t.at.domain < len(t.domains) {
		return e
	}
	t.test.Step = t.at.step
	t.test.Average = Average(t.domains, t.test.Accuracy)
	t.test.Improved = t.test.Average > t.best
	t.best = max(t.best, t.test.Average)
	e.Test = &t.test
	t.at.step++
	t.begin()
	return e
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
