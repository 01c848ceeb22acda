package train

import (
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

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
	// Confusion[domain][label*classes+predicted]. Of more than DenseClasses classes it
	// is nil, and Pairs has what is not 0 by the same index.
	Confusion [][]int
	Pairs     []map[int]int `json:",omitempty"`

	// Quality is that of each domain, of a corrupted one without images.
	Quality []Quality
}

// DenseClasses is up to how many classes confusion matrices are kept whole: the
// counts of 65,535 classes would take 34 GB a domain.
const DenseClasses = 1024

// HeldOut is the name of the domain of the source's held-out images.
const HeldOut = "held-out"

// Domains returns the domains that a task is tested on: its own and, last, the
// part of the source that it holds out, if there is one.
func Domains(task *dataset.Task) []dataset.Domain {
	domains := task.Domains[:len(task.Domains):len(task.Domains)]
	if task.Held.N > 0 {
		domains = append(domains, dataset.Domain{Name: HeldOut, Images: task.Held, Source: true, Held: true})
	}
	return domains
}

// tests is what tests the network.
type tests struct {
	domains   []dataset.Domain
	evaluator *Evaluator
	part      dataset.Images // of the domain being tested, empty until it has been read
	test      Test           // the last one, or the one in progress
	best      float64        // the best average so far

	// Logits that the ranks have computed together: room for them, and what is ahead.
	room, ahead tensor.Tensor
}

func newTests(network *nn.Network, evaluator *Evaluator, domains []dataset.Domain) tests {
	t := tests{domains: domains, evaluator: evaluator, best: -1}
	t.test = Test{Accuracy: make([]float64, len(domains)), Severities: make([][]float64, len(domains))}
	for i := range domains {
		if network.Classes > DenseClasses {
			t.test.Confusion = append(t.test.Confusion, nil)
			t.test.Pairs = append(t.test.Pairs, map[int]int{})
		} else {
			t.test.Confusion = append(t.test.Confusion, make([]int, network.Classes*network.Classes))
		}
		t.test.Quality = append(t.test.Quality, Quality{Mistakes: make([]Mistake, 0, MostMistakes+1)})
		if n := len(domains[i].Severities); n > 0 {
			t.test.Severities[i] = make([]float64, n)
		}
	}
	return t
}

// Domains returns the domains that the run is tested on, see [Domains].
func (t *Trainer) Domains() []dataset.Domain { return t.tests.domains }

// Evaluator returns the evaluator that tests use, for use between Steps: a Step ends
// what it has returned.
func (t *Trainer) Evaluator() *Evaluator { return t.tests.evaluator }

// readPart reads what this rank tests of the part of the domain that comes next.
func (t *Trainer) readPart() error {
	d := &t.tests.domains[t.at.Domain]
	var some dataset.Blocks
	if ranks := t.group.Size(); ranks > 1 {
		some = dataset.Blocks{First: t.at.Offset + t.group.Rank()*evaluationBatch, Size: evaluationBatch, Step: ranks * evaluationBatch}
	}
	part, err := d.Part(t.at.Part, some)
	if err != nil {
		return err
	}
	if err := checkImages(t.network, d.Name, &part); err != nil {
		return err
	}
	t.tests.part = part
	return nil
}

// nextLogits returns the logits of the next images of the part being tested: each rank
// computes those of one batch at a time.
func (t *Trainer) nextLogits() (tensor.Tensor, error) {
	s, ranks, next := &t.tests, t.group.Size(), t.at.Offset
	if ranks == 1 {
		return t.logits(next), nil
	}
	if s.ahead.N == 0 {
		s.ahead = s.room.Images(0, min(ranks*evaluationBatch, s.part.N-next))
		if lo := t.group.Rank() * evaluationBatch; lo < s.ahead.N {
			logits := t.logits(next + lo)
			for i := range logits.N {
				copy(s.ahead.Image(lo+i), logits.Image(i))
			}
		}
		if err := collective.GatherOf(t.group, s.ahead.Data[:s.ahead.N*s.ahead.C], evaluationBatch*s.ahead.C); err != nil {
			return tensor.Tensor{}, err
		}
	}
	n := min(evaluationBatch, s.ahead.N)
	logits := s.ahead.Images(0, n)
	s.ahead = s.ahead.Images(n, s.ahead.N)
	return logits, nil
}

// evaluate tests the next batch of the domain in turn.
func (t *Trainer) evaluate() (Event, error) {
	s := &t.tests
	d, confusion := &s.domains[t.at.Domain], s.test.Confusion[t.at.Domain]
	var pairs map[int]int
	if confusion == nil {
		pairs = s.test.Pairs[t.at.Domain]
	}
	if t.at.Done == 0 {
		clear(confusion)
		clear(pairs)
		s.test.Quality[t.at.Domain].reset()
	}
	if s.part.N == 0 {
		if err := t.readPart(); err != nil {
			return Event{}, err
		}
	}
	logits, err := t.nextLogits()
	if err != nil {
		return Event{}, err
	}
	labels := s.part.Labels[t.at.Offset:][:logits.N]
	t.at.Correct += confuse(confusion, pairs, logits, labels)
	if !logits.Finite(t.engine) {
		return Event{}, t.diverged(Event{Step: t.at.Step}, "a logit of a test image")
	}
	if d.Severities == nil {
		s.test.Quality[t.at.Domain].Add(logits, labels, t.at.Offset)
	}
	t.at.Offset += logits.N
	t.at.Done += logits.N
	e := Event{
		Kind: Evaluate, Step: t.at.Step, Round: t.at.Round, Domain: t.at.Domain,
		Images: logits.N, Passes: logits.N, Done: t.at.Done, Total: d.N,
	}
	if t.at.Offset == s.part.N && t.endPart(d) {
		e.Test = &s.test
		return e, t.endRound()
	}
	return e, nil
}

// endPart notes the result of a part of a domain and moves on to the next. It
// reports whether the test is complete.
func (t *Trainer) endPart(d *dataset.Domain) bool {
	s, domain := &t.tests, t.at.Domain
	if d.Severities != nil {
		s.test.Severities[domain][t.at.Part] = float64(t.at.Correct) / float64(s.part.N)
	}
	t.at.Hits += t.at.Correct
	t.at.Part, t.at.Offset, t.at.Correct, s.part = t.at.Part+1, 0, 0, dataset.Images{}
	if t.at.Part < d.Parts() {
		return false
	}
	s.test.Accuracy[domain] = float64(t.at.Hits) / float64(t.at.Done)
	t.at.Domain, t.at.Part, t.at.Done, t.at.Hits = domain+1, 0, 0, 0
	if t.at.Domain < len(s.domains) {
		return false
	}
	s.test.Step = t.at.Step
	s.test.Average = Average(s.domains, s.test.Accuracy)
	s.test.Improved = s.test.Average > s.best
	s.best = max(s.best, s.test.Average)
	return true
}
