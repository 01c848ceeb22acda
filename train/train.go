package train

import (
	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
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
	Passes      int // the same, of a Maximise once for each ascent step that they took
	Done, Total int // images of the phase or of the domain so far, and in all

	Loss    float64       // of a Minimise: the objective, by itself the batch's mean cross-entropy
	LR      float64       // of a Minimise: the rate of its update
	Correct int           // of a Minimise: images classified correctly, by their first view, before the update
	Ascent  augment.Means // of a Maximise: the means before the last ascent step
	Test    *Test         // of the Evaluate that completes a test
}

// Trainer runs the training that a Config describes, a step at a time. Its whole
// state is the network's state, the optimiser's, the learning rate, the average,
// the training set, the position, the test in progress and the best average
// accuracy; see Checkpoints.
type Trainer struct {
	engine  *tensor.Engine
	network *nn.Network
	config  Config
	outline Outline

	set      *trainingSet
	shuffles *rng.Source // of its permutations, but for those of epochs
	gather   gather
	x        tensor.Tensor // the batch of a descent step, then of an ascent
	labels   []uint16      // of the images being worked on

	frozen  *frozen // nil if the backbone is trained
	shards  *shards // nil for one
	group   *collective.Group
	descent descent
	phase   phase
	tests   tests
	at      position
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

// New prepares the training of a network on a task's source images, with tests
// on its domains and on the part of the source that is held out. It returns an
// error for images that are not the network's, labels beyond its classes, and
// settings that no run can have.
func New(engine *tensor.Engine, network *nn.Network, task *dataset.Task, c Config) (*Trainer, error) {
	if err := c.check(network); err != nil {
		return nil, err
	}
	if err := checkTask(network, task); err != nil {
		return nil, err
	}
	shuffles := rng.New(c.Seed, rng.Shuffle)
	t, err := newTrainer(engine, network, task, c, newTrainingSet(&task.Source, c.Schedule.order(shuffles)))
	if err != nil {
		return nil, err
	}
	t.shuffles = shuffles
	return t, nil
}

func newTrainer(engine *tensor.Engine, network *nn.Network, task *dataset.Task, c Config, set *trainingSet) (*Trainer, error) {
	t := &Trainer{
		engine: engine, network: network, config: c, outline: c.Outline(task.Source.N), set: set,
		gather: gather{set: set, engine: engine, normalisation: network.Normalisation},
	}
	t.gather.draw.Seed = c.Seed
	trained := c.Backbone.trained(network)
	if err := c.checkBatches(trained, t.outline.TrainingSet); err != nil {
		return nil, err
	}
	trained.Mixing = c.hides()
	p := c.plans(network, trained, len(t.outline.TrainingSet) > 1)
	memory := tensor.Aligned(int(p.bytes() / 4))
	t.tests = newTests(network, newEvaluator(engine, network, p.tests.compile(memory, engine)), Domains(task))
	var err error
	if t.descent, err = newDescent(engine, trained, &c, t.outline.Steps, &p, memory); err != nil {
		return nil, err
	}
	t.shards = newShards(engine, trained, &c)
	if c.Backbone.Frozen {
		t.frozen = newFrozen(p.head.compile(memory, engine), trained.C, c.shardSize(), t.outline.numbered, t.tests.domains)
	}
	images := c.shardSize()
	if p.ascent.batch > 0 {
		images = p.ascent.batch
		if t.phase.maximiser, err = newMaximiser(engine, network, c.Growth.Ascent, p.ascent.compile(memory, engine)); err != nil {
			return nil, err
		}
	}
	t.labels = make([]uint16, images)
	t.x = tensor.New(max(images, c.views()*c.shardSize()), network.C, network.H, network.W)
	return t, t.begin()
}

// Done reports whether the run is complete.
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
	for i := range t.tests.domains {
		tested += t.tests.domains[i].N
	}
	o, maximised := t.outline, 0
	for phase := range len(o.TrainingSet) - 1 {
		maximised += t.made(phase)
	}
	return Work{
		Minimise: o.minimised,
		Maximise: maximised,
		Evaluate: o.Tests * tested,
	}
}

// Step does the next piece of work: a descent step, or the ascent or the test
// of one batch. It must not be called once Done.
func (t *Trainer) Step() (Event, error) {
	if t.at.Kind != Evaluate {
		t.descent.average.show(false)
	} else if err := t.ShowAverage(); err != nil {
		return Event{}, err
	}
	switch t.at.Kind {
	case Maximise:
		return t.maximise()
	case Evaluate:
		return t.evaluate()
	}
	return t.minimise()
}

// ShowAverage gives the network the average of its weights, if there is one by now, as
// for a test, until training goes on.
func (t *Trainer) ShowAverage() error {
	if !t.descent.average.show(true) {
		return nil
	}
	return t.measureStatistics()
}

// begin sets out for the next round, or for the phase that precedes it.
func (t *Trainer) begin() error {
	t.at.Kind = Minimise
	if t.Done() {
		return nil
	}
	c := &t.config
	n := c.Schedule.added(c.Growth.moved(t.set.source.N, t.set.len()), c.BatchSize)
	if n == 0 || !c.Growth.due(t.at.Round, t.at.Phase) {
		t.beginRound()
		return nil
	}
	t.at.Kind, t.at.Done = Maximise, 0
	c.Schedule.beginPhase(t.set, t.phaseOrder())
	return t.beginGrowth(n)
}

// beginRound sets out for the descent steps of a round.
func (t *Trainer) beginRound() {
	c := &t.config
	c.Schedule.beginRound(t.set, c.Seed, t.at.Round)
	steps, _ := c.Schedule.steps(t.set.len(), c.BatchSize)
	t.descent.rate.Total = t.at.Step + steps*(c.Schedule.rounds()-t.at.Round)
}

// endRound moves on from the last descent step of a round.
func (t *Trainer) endRound() error {
	t.at.Step++
	t.at.Round++
	return t.begin()
}

// read collects views of images of the training set in x, each as the chains
// have it, and returns the images' labels.
func (t *Trainer) read(x tensor.Tensor, numbers []int32, chains [][]chain) []uint16 {
	t.gather.x, t.gather.numbers, t.gather.chains = x, numbers, chains
	t.gather.draw.Round = t.at.Round
	t.engine.Run(x.N, &t.gather)
	for i, number := range numbers {
		t.labels[i] = t.set.labels[number]
	}
	return t.labels[:len(numbers)]
}
