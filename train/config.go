// Package train runs the training procedures of the paper: plain empirical risk
// minimisation (ERM), adversarial data augmentation (ADA) and maximum-entropy
// adversarial data augmentation (ME-ADA), with the semantics of the official
// digits script.
package train

import "fmt"

// Algorithm names a training procedure.
type Algorithm string

// The procedures differ in the maximisation phases alone: ERM has none, ADA
// climbs the cross-entropy, ME-ADA the cross-entropy and the entropy of the
// predictions.
const (
	ERM   Algorithm = "erm"
	ADA   Algorithm = "ada"
	MEADA Algorithm = "me-ada"
)

// Algorithms lists every procedure.
var Algorithms = []Algorithm{ERM, ADA, MEADA}

// Config holds the settings of a run, named as in the official script. In the
// paper's letters LoopsMin is T_min, LoopsAdv is T_max and Eta is beta.
type Config struct {
	Algorithm  Algorithm `json:"algorithm"`
	Seed       uint64    `json:"seed"`
	BatchSize  int       `json:"batch_size"`  // images of a descent or ascent step
	LR         float64   `json:"lr"`          // Adam's rate
	LoopsTrain int       `json:"loops_train"` // descent steps of the run
	LoopsMin   int       `json:"loops_min"`   // descent steps between phases
	LoopsAdv   int       `json:"loops_adv"`   // ascent steps of a phase
	K          int       `json:"k"`           // phases; ERM ignores it
	LRMax      float64   `json:"lr_max"`      // step size of the ascent
	Gamma      float64   `json:"gamma"`       // weight of the embedding distance
	Eta        float64   `json:"eta"`         // weight of the entropy; ME-ADA alone uses it
	TestEvery  int       `json:"test_every"`  // descent steps between tests
}

// Digits returns the settings of the official digits script.
func Digits(a Algorithm) Config {
	return Config{
		Algorithm:  a,
		Seed:       1,
		BatchSize:  32,
		LR:         1e-4,
		LoopsTrain: 10001,
		LoopsMin:   100,
		LoopsAdv:   15,
		K:          3,
		LRMax:      1,
		Gamma:      1,
		Eta:        10,
		TestEvery:  100,
	}
}

// phases returns how many maximisation phases the run will have.
func (c Config) phases() int {
	if c.Algorithm == ERM {
		return 0
	}
	return min(c.K, c.LoopsTrain/c.LoopsMin)
}

// phaseDue says whether a maximisation phase precedes descent step number step
// when done phases lie behind.
func (c Config) phaseDue(step, done int) bool {
	return done < c.phases() && (step+1)%c.LoopsMin == 0
}

// testDue says whether a test follows descent step number step. Beyond the
// official rule the last step is always tested.
func (c Config) testDue(step int) bool {
	return step > 0 && step%c.TestEvery == 0 || step == c.LoopsTrain-1
}

// tests returns the number of tests of the run.
func (c Config) tests() int {
	n := (c.LoopsTrain - 1) / c.TestEvery
	if n*c.TestEvery != c.LoopsTrain-1 || n == 0 {
		n++
	}
	return n
}

// PoolSizes returns the number of training images at the start and after each
// phase of a run that begins with n.
func (c Config) PoolSizes(n int) []int {
	sizes := []int{n}
	for range c.phases() {
		n += added(n, c.BatchSize)
		sizes = append(sizes, n)
	}
	return sizes
}

// added returns how many images a phase adds to a pool of n. The official
// batch ranges leave out the last batch even when it is full.
func added(n, batch int) int { return (n - 1) / batch * batch }

func (c Config) check() {
	if c.BatchSize < 1 || c.LoopsTrain < 1 || c.LoopsMin < 1 || c.LoopsAdv < 1 || c.K < 0 || c.TestEvery < 1 {
		panic(fmt.Sprintf("train: impossible settings %+v", c))
	}
}
