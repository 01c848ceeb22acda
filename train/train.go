package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
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

// ascentImages is about how many images climb at a time. They count as batches
// of the configured size all the same.
const ascentImages = 64

// ascentChunk returns how many images climb at a time: whole batches.
func (c Config) ascentChunk() int { return max(1, ascentImages/c.BatchSize) * c.BatchSize }

// Trainer runs one training procedure, a step at a time. Its whole state is
// the network's state, the optimiser's, the schedule, the pool, the position, the
// test in progress and the best average; see Checkpoints.
type Trainer struct {
	engine  *tensor.Engine
	network *nn.Network
	config  Config
	outline Outline
	domains []dataset.Domain

	pool      *pool
	shuffles  *rng.Source // of its permutations, but for those of epochs
	batch     gather
	transform *transform    // of the batches of descent, if there is one
	x         tensor.Tensor // the batch of a descent step, then of an ascent
	numbers   []int32       // of the images of a descent step
	labels    []uint16      // of the images being worked on
	plan      *nn.Plan
	dLogits   tensor.Tensor
	adam      *optim.Adam  // as the digits script, or
	sgd       *optim.SGD   // as the CIFAR script
	cosine    optim.Cosine // the rate of sgd
	maximiser *augment.Maximiser
	evaluator *Evaluator

	at     position
	growth block          // the images of the phase in progress
	tested dataset.Images // the part of a domain being tested, empty until it has been read
	test   Test           // the last one, or the one in progress
	best   float64        // the best average so far
}

// position is where a run stands: which work comes next.
type position struct {
	Step    int  // the descent step at hand, or that the phase precedes or the test follows
	Round   int  // the round that it belongs to
	Phase   int  // maximisation phases done
	Kind    Kind // of the next Step
	Done    int  // images done of the phase, or of the domain being tested
	Domain  int  // being tested
	Part    int  // of it
	Offset  int  // images done of the part
	Hits    int  // images of the parts before classified correctly
	Correct int  // images of the part classified correctly so far
}

// New prepares the training of a network on the benchmark's source images, with
// tests on its domains.
func New(engine *tensor.Engine, network *nn.Network, data *dataset.Task, c Config) *Trainer {
	permute, shuffles := inOrder, rng.New(c.Seed, rng.Shuffle)
	if c.Epochs == 0 {
		permute = shuffler(shuffles)
	}
	t := newTrainer(engine, network, data, c, newPool(&data.Source, permute))
	t.shuffles = shuffles
	return t
}

func newTrainer(engine *tensor.Engine, network *nn.Network, data *dataset.Task, c Config, pool *pool) *Trainer {
	c.check()
	t := &Trainer{
		engine:    engine,
		network:   network,
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
		images = c.ascentChunk()
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
	t.labels = make([]uint16, images)
	t.batch = gather{pool: pool, engine: engine, normalisation: network.Normalisation}
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
func (t *Trainer) Done() bool { return t.at.Step == t.outline.Steps }

// Steps returns how many descent steps are done.
func (t *Trainer) Steps() int { return t.at.steps() }

func (p *position) steps() int {
	if p.Kind == Evaluate {
		return p.Step + 1
	}
	return p.Step
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
	switch t.at.Kind {
	case Maximise:
		return t.maximise()
	case Evaluate:
		return t.evaluate()
	}
	return t.minimise()
}

// begin sets out for the next round, or for the phase that precedes it.
func (t *Trainer) begin() {
	t.at.Kind = Minimise
	if t.Done() {
		return
	}
	c := t.config
	n := c.added(t.pool.len())
	if n == 0 || !c.phaseDue(t.at.Round, t.at.Phase) {
		t.beginEpoch()
		return
	}
	t.at.Kind, t.at.Done = Maximise, 0
	if c.Epochs > 0 {
		t.pool.arrange(inOrder)
	}
	t.growth = t.newBlock(n)
}

// newBlock returns room for n images that a phase adds.
func (t *Trainer) newBlock(n int) block {
	if t.config.Epochs > 0 {
		return block{n: n, bytes: make([]uint8, n*t.x.C*t.x.H*t.x.W)}
	}
	return block{n: n, values: tensor.New(n, t.x.C, t.x.H, t.x.W)}
}

// beginEpoch sets out for the next epoch, if the run counts epochs. As in the
// official script the schedule is stretched to the size that the pool has now.
func (t *Trainer) beginEpoch() {
	c := t.config
	if c.Epochs == 0 {
		return
	}
	t.pool.arrange(epochShuffler(c.Seed, t.at.Round))
	t.cosine.Total = t.at.Step + c.steps(t.pool.len())*(c.Epochs-t.at.Round)
	if t.transform != nil {
		t.transform.epoch = t.at.Round
	}
}

// read collects images of the pool in x and returns their labels.
func (t *Trainer) read(x tensor.Tensor, numbers []int32, transform *transform) []uint16 {
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
	e := Event{Kind: Minimise, Step: t.at.Step, Round: t.at.Round, Images: len(numbers), LR: t.config.LR}
	t.pool.draw(numbers)
	x, dLogits := t.x.Images(0, len(numbers)), t.dLogits.Images(0, len(numbers))
	labels := t.read(x, numbers, t.transform)
	logits, _ := t.plan.Forward(x)
	e.Correct = Correct(logits, labels)
	e.Loss = nn.CrossEntropy(t.engine, dLogits, logits, labels)
	if !finite(e.Loss) {
		return e, t.diverged(e, "the loss")
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

	last := t.at.Step+1 == t.outline.Steps
	endOfRound := t.config.Epochs == 0 || t.pool.next == t.pool.len()
	switch {
	case last || endOfRound && t.config.testDue(t.at.Round):
		t.at.Kind, t.at.Domain, t.at.Done = Evaluate, 0, 0
		t.at.Part, t.at.Offset, t.at.Hits, t.at.Correct = 0, 0, 0, 0
		return e, t.Check()
	case endOfRound:
		t.endRound()
	default:
		t.at.Step++
	}
	return e, nil
}

// endRound moves on from the last descent step of a round.
func (t *Trainer) endRound() {
	t.at.Step++
	t.at.Round++
	t.begin()
}

// maximise climbs the next images of the pool, in reading order.
func (t *Trainer) maximise() (Event, error) {
	lo, hi := t.at.Done, min(t.at.Done+len(t.labels), t.growth.n)
	x := t.x.Images(0, hi-lo)
	labels := t.read(x, t.pool.order[lo:hi], nil)
	means := t.maximiser.Maximise(x, labels, t.config.BatchSize)
	e := Event{
		Kind: Maximise, Step: t.at.Step, Round: t.at.Round, Phase: t.at.Phase + 1,
		Images: hi - lo, Done: hi, Total: t.growth.n,
		Ascent: means[len(means)-1],
	}
	if !finite(e.Ascent.Objective) {
		return e, t.diverged(e, "the objective")
	}
	if n := t.maximiser.NonFinite(); n >= 0 {
		return e, t.diverged(e, fmt.Sprintf("image %d", lo+n))
	}
	t.keep(x, lo)
	t.at.Done = hi
	if hi == t.growth.n {
		t.pool.grow(t.growth)
		t.at.Kind, t.at.Phase, t.growth = Minimise, t.at.Phase+1, block{}
		t.beginEpoch()
	}
	return e, nil
}

// keep stores what an ascent ended with as images lo, lo+1, ... of the phase.
func (t *Trainer) keep(x tensor.Tensor, lo int) {
	size := x.C * x.H * x.W
	for n := range x.N {
		if t.growth.bytes != nil {
			t.batch.normalisation.ToBytes(t.engine, t.growth.bytes[(lo+n)*size:][:size], x.Image(n))
		} else {
			copy(t.growth.values.Image(lo+n), x.Image(n))
		}
	}
}

// evaluate tests the next batch of the domain in turn.
func (t *Trainer) evaluate() (Event, error) {
	d, confusion := &t.domains[t.at.Domain], t.test.Confusion[t.at.Domain]
	if t.at.Done == 0 {
		clear(confusion)
	}
	if t.tested.N == 0 {
		var err error
		if t.tested, err = d.Part(t.at.Part); err != nil {
			return Event{}, err
		}
	}
	logits := t.evaluator.Logits(&t.tested, t.at.Offset)
	t.at.Correct += confuse(confusion, logits, t.tested.Labels[t.at.Offset:][:logits.N])
	t.at.Offset += logits.N
	t.at.Done += logits.N
	e := Event{
		Kind: Evaluate, Step: t.at.Step, Round: t.at.Round, Domain: t.at.Domain,
		Images: logits.N, Done: t.at.Done, Total: d.N,
	}
	if t.at.Offset == t.tested.N && t.endPart(d) {
		e.Test = &t.test
	}
	return e, nil
}

// endPart notes the result of a part of a domain and moves on to the next. It
// says whether the test is complete.
func (t *Trainer) endPart(d *dataset.Domain) bool {
	domain := t.at.Domain
	if d.Severities != nil {
		t.test.Severities[domain][t.at.Part] = float64(t.at.Correct) / float64(t.tested.N)
	}
	t.at.Hits += t.at.Correct
	t.at.Part, t.at.Offset, t.at.Correct, t.tested = t.at.Part+1, 0, 0, dataset.Images{}
	if t.at.Part < d.Parts() {
		return false
	}
	t.test.Accuracy[domain] = float64(t.at.Hits) / float64(t.at.Done)
	t.at.Domain, t.at.Part, t.at.Done, t.at.Hits = domain+1, 0, 0, 0
	if t.at.Domain < len(t.domains) {
		return false
	}
	t.test.Step = t.at.Step
	t.test.Average = Average(t.domains, t.test.Accuracy)
	t.test.Improved = t.test.Average > t.best
	t.best = max(t.best, t.test.Average)
	t.endRound()
	return true
}
