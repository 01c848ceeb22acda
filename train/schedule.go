package train

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Schedule says what a run consists of, and in which order it reads the training
// set: [Steps] or [Epochs]. Its rounds are what phases and tests lie between.
type Schedule interface {
	check() error

	// rounds returns how many the run has, and steps how many descent steps a
	// round has, and of how many images, while the training set has n.
	rounds() int
	steps(n, batch int) (steps, images int)

	// added returns how many images a phase adds to a training set of n.
	added(n, batch int) int

	// testDue reports whether a test follows a round. Beyond the official rules
	// the end of a run is always tested.
	testDue(round int) bool

	// order returns what the training set's reading order begins with, and is
	// permuted by where it ends.
	order(shuffles *rng.Source) func(order []int32)

	// beginPhase and beginRound arrange the training set's reading order; of a phase it is
	// that of permute where it is not the order of the moment.
	beginPhase(s *trainingSet, permute func([]int32))
	beginRound(s *trainingSet, seed uint64, round int)

	// batch returns how many images the next step takes if a batch has size.
	batch(s *trainingSet, size int) int

	// ended reports whether the step that has just read its images was the last
	// of its round.
	ended(s *trainingSet) bool
}

// Steps is the schedule of the official digits script. Its rounds are descent
// steps. They draw batches from a training set that is reshuffled whenever it
// runs out, in the middle of a batch. A phase ascends from the images in the order of
// the moment, or of a source that is not read any more in a mixed order, and leaves out
// the last batch even when it is full.
type Steps struct {
	Total     int // descent steps of the run
	TestEvery int // descent steps; the very first one is not tested
}

func (s Steps) check() error {
	if s.Total < 1 || s.TestEvery < 1 {
		return fmt.Errorf("train: Steps of Total %d and TestEvery %d, expected 1 or more", s.Total, s.TestEvery)
	}
	return nil
}

func (s Steps) rounds() int                          { return s.Total }
func (Steps) steps(_, batch int) (steps, images int) { return 1, batch }
func (Steps) added(n, batch int) int                 { return (n - 1) / batch * batch }

func (s Steps) testDue(round int) bool {
	return round > 0 && round%s.TestEvery == 0 || round == s.Total-1
}

func (Steps) order(shuffles *rng.Source) func([]int32) { return shuffler(shuffles) }
func (Steps) beginPhase(*trainingSet, func([]int32))   {}
func (Steps) beginRound(*trainingSet, uint64, int)     {}
func (Steps) batch(_ *trainingSet, size int) int       { return size }
func (Steps) ended(*trainingSet) bool                  { return true }

// Epochs is the schedule of the official CIFAR script. Its rounds are epochs,
// passes over the training set in an order that the seed and the epoch decide,
// whose last batch may be short. A phase ascends from every image.
type Epochs struct {
	Total     int // epochs of the run
	TestEvery int // epochs
}

func (e Epochs) check() error {
	if e.Total < 1 || e.TestEvery < 1 {
		return fmt.Errorf("train: Epochs of Total %d and TestEvery %d, expected 1 or more", e.Total, e.TestEvery)
	}
	return nil
}

func (e Epochs) rounds() int { return e.Total }

func (Epochs) steps(n, batch int) (steps, images int) { return (n + batch - 1) / batch, n }
func (Epochs) added(n, _ int) int                     { return n }

func (e Epochs) testDue(round int) bool { return (round+1)%e.TestEvery == 0 || round == e.Total-1 }

func (Epochs) order(*rng.Source) func([]int32)                  { return inOrder }
func (Epochs) beginPhase(s *trainingSet, permute func([]int32)) { s.arrange(permute) }

func (Epochs) beginRound(s *trainingSet, seed uint64, round int) {
	s.arrange(epochShuffler(seed, round))
}

func (Epochs) batch(s *trainingSet, size int) int { return min(size, s.len()-s.next) }
func (Epochs) ended(s *trainingSet) bool          { return s.next == s.len() }
