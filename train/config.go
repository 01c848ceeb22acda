// Package train runs the training procedures of the paper: plain empirical risk
// minimisation (ERM), adversarial data augmentation (ADA) and maximum-entropy
// adversarial data augmentation (ME-ADA), with the semantics of the official
// scripts.
//
// The official digits script counts descent steps: it draws batches from a pool
// that it reshuffles whenever it runs out, and follows Adam. The official CIFAR
// script counts epochs, passes over the pool whose last batch may be short; it
// augments images by random flips and crops and follows SGD with Nesterov's
// momentum on a cosine schedule. [Config.Epochs] tells which a run resembles.
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

// Config holds the settings of a run, named as in the official scripts. In the
// paper's letters LoopsMin or EpochsMin is T_min, LoopsAdv is T_max and Eta is
// beta.
type Config struct {
	Algorithm Algorithm `json:"algorithm"`
	Seed      uint64    `json:"seed"`
	BatchSize int       `json:"batch_size"` // images of a descent or ascent step
	LR        float64   `json:"lr"`         // of Adam, or the first of SGD

	// As the digits script.
	LoopsTrain int `json:"loops_train,omitempty"` // descent steps of the run
	LoopsMin   int `json:"loops_min,omitempty"`   // descent steps between phases

	// As the CIFAR script, if Epochs is not 0; LoopsTrain and LoopsMin must be.
	Epochs    int     `json:"epochs,omitempty"`     // of the run
	EpochsMin int     `json:"epochs_min,omitempty"` // epochs between phases
	Momentum  float64 `json:"momentum,omitempty"`
	Decay     float64 `json:"decay,omitempty"` // of every parameter
	Flip      bool    `json:"flip,omitempty"`  // mirror images at random
	Crop      int     `json:"crop,omitempty"`  // pixels by which images are shifted at most

	LoopsAdv  int     `json:"loops_adv"`           // ascent steps of a phase
	K         int     `json:"k"`                   // phases; ERM ignores it
	LRMax     float64 `json:"lr_max"`              // step size of the ascent
	Gamma     float64 `json:"gamma"`               // weight of the embedding distance
	Eta       float64 `json:"eta"`                 // weight of the entropy; ME-ADA alone uses it
	TestEvery int     `json:"test_every"`          // descent steps, or epochs, between tests
	MaxSteps  int     `json:"max_steps,omitempty"` // descent steps after which the run ends early; 0 for none
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

// CIFAR returns the settings of the official CIFAR script.
func CIFAR(a Algorithm) Config {
	return Config{
		Algorithm: a,
		Seed:      1,
		BatchSize: 128,
		LR:        0.1,
		Epochs:    100,
		EpochsMin: 10,
		Momentum:  0.9,
		Decay:     5e-4,
		Flip:      true,
		Crop:      4,
		LoopsAdv:  15,
		K:         2,
		LRMax:     20,
		Gamma:     1,
		Eta:       10,
		TestEvery: 1,
	}
}

// rounds returns the number of rounds and how many lie between phases. A round
// is what phases and tests lie between: a descent step as the digits script
// runs, an epoch as the CIFAR script runs.
func (c Config) rounds() (total, between int) {
	if c.Epochs > 0 {
		return c.Epochs, c.EpochsMin
	}
	return c.LoopsTrain, c.LoopsMin
}

// steps returns how many descent steps a round has while the pool has n images.
func (c Config) steps(n int) int {
	if c.Epochs > 0 {
		return (n + c.BatchSize - 1) / c.BatchSize
	}
	return 1
}

// phaseDue says whether a maximisation phase precedes a round when done phases
// lie behind. The official rule, round+1 a multiple of the rounds between, has
// one phase that makes no sense, before the first round when that number is 1:
// the network has learnt nothing yet. It is left out here.
func (c Config) phaseDue(round, done int) bool {
	_, between := c.rounds()
	return c.Algorithm != ERM && round > 0 && done < c.K && (round+1)%between == 0
}

// testDue says whether a test follows a round. The digits script leaves out the
// very first step. Beyond the official rules the end of a run is always tested.
func (c Config) testDue(round int) bool {
	total, _ := c.rounds()
	if c.Epochs > 0 {
		return (round+1)%c.TestEvery == 0 || round == total-1
	}
	return round > 0 && round%c.TestEvery == 0 || round == total-1
}

// added returns how many images a phase adds to a pool of n. The batch ranges
// of the digits script leave out the last batch even when it is full.
func (c Config) added(n int) int {
	if c.Epochs > 0 {
		return n
	}
	return (n - 1) / c.BatchSize * c.BatchSize
}

// Outline is what a run consists of.
type Outline struct {
	Steps int   // descent steps
	Tests int   // of all domains
	Pool  []int // training images at the start and after each phase

	minimised int // images of all descent steps
}

// Outline returns what a run will consist of that begins with n images.
func (c Config) Outline(n int) Outline {
	o := Outline{Pool: []int{n}}
	total, _ := c.rounds()
	for round := range total {
		if c.phaseDue(round, len(o.Pool)-1) {
			n += c.added(n)
			o.Pool = append(o.Pool, n)
		}
		steps, images := c.steps(n), n
		if c.Epochs == 0 {
			images = c.BatchSize
		}
		if left := c.MaxSteps - o.Steps; c.MaxSteps > 0 && steps >= left {
			o.Steps, o.Tests = c.MaxSteps, o.Tests+1
			o.minimised += min(images, left*c.BatchSize)
			break
		}
		o.Steps += steps
		o.minimised += images
		if c.testDue(round) {
			o.Tests++
		}
	}
	return o
}

func (c Config) check() {
	total, between := c.rounds()
	if c.BatchSize < 1 || total < 1 || between < 1 || c.LoopsAdv < 1 || c.K < 0 || c.TestEvery < 1 || c.MaxSteps < 0 || c.Crop < 0 ||
		c.Epochs > 0 && c.LoopsTrain > 0 {
		panic(fmt.Sprintf("train: impossible settings %+v", c))
	}
}
