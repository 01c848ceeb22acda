// Package train trains networks by the methods that a [Config] describes: what
// the views of an image are, what is minimised, whether phases of gradient
// ascent add images to the training set, and what is averaged. Plain empirical
// risk minimisation, adversarial data augmentation (ADA) and its maximum-entropy
// kind (ME-ADA) are three of them, with the semantics of the official scripts.
//
// The official digits script counts descent steps, see [Steps]; the official
// CIFAR script counts epochs, see [Epochs]. A run is a [Trainer], which does a
// step at a time and can be stopped and resumed between any two, see
// [Checkpoints].
package train

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

// Config describes a run by its parts. They are plain data: the same Config,
// network and images give the same weights.
type Config struct {
	Seed      uint64
	BatchSize int // images of a descent or ascent step
	Schedule  Schedule
	MaxSteps  int // descent steps after which the run ends early; 0 for none
	Optimiser Optimiser
	Backbone  Backbone
	Views     []View // of each image of a descent step; nil for one, the image as it is
	Objective objective.Config
	Growth    Growth
	Averaging Averaging // nil for none

	// OneCycle is the share of the run in which the rate rises to the optimiser's, before
	// it falls, see [optim.OneCycle]; 0 for the optimiser's own schedule. Clip is the norm
	// that the gradients of a step are scaled down to if they have a larger one, see
	// [optim.Clipper]; 0 for none.
	OneCycle, Clip float64

	// Power is the one with which the rate falls where the optimiser anneals it, see
	// [optim.Annealing]; 0 for a cosine.
	Power int

	// Overflow is a folder for mapped files with the images that phases add, "" to
	// have these in memory. It changes no result. Nothing is left in it.
	Overflow string

	// Shards is how many parts the batch of a descent step is computed in, each as a
	// batch of its own, statistics of batch normalisation included, a power of two; 0
	// for 1. Their gradients, times their shares of the images, are added in a binary
	// tree, and so are the statistics that the running ones follow: the result is the
	// same wherever each is computed, see [Trainer.Divide].
	Shards int

	// Attack moves the images of every descent step, in the views that Attacked
	// names, to where the network errs before it learns from them: adversarial
	// training. Steps of 0 is none.
	Attack augment.Config
}

// View is what a descent step sees of an image: what is left of it after a
// chain of operations on its bytes, and then, normalised, on its batch.
type View struct {
	Image  []augment.ImageOp
	Values augment.ValueOp // makes normalised values of the bytes; nil for these as they are
	Batch  []augment.BatchOp

	// Hidden act after these, in the order of the list: on the images, or on what the
	// network makes of them at one of its [nn.Network.Places], drawn anew for each step
	// and the same for all views (Verma et al., "Manifold Mixup", ICML 2019).
	Hidden []augment.HiddenOp
}

// Growth describes maximisation phases: each moves images by gradient ascent and
// adds the results to the training set.
type Growth struct {
	Phases int // at most; 0 for none
	Every  int // rounds between phases
	// Sets is 0 where a phase moves the whole training set and what it adds stays.
	// Where it is not, a phase moves the images of the source, and its results
	// replace those of Sets phases before: the training set is the source and what
	// the last Sets phases made of it.
	Sets int
	// Ring makes the source one of the sets that are replaced, the first: phase
	// Sets+1 takes its place, and from there on the training set is what the last
	// Sets+1 phases made.
	Ring   bool
	Ascent augment.Config
	Bytes  bool // keep the images as bytes, not as float32 values
}

// due reports whether a phase precedes a round when done phases lie behind. The
// official rule, round+1 a multiple of the rounds between, has one phase that
// makes no sense, before the first round when that number is 1: the network has
// learnt nothing yet. It is left out here.
func (g *Growth) due(round, done int) bool {
	return done < g.Phases && round > 0 && (round+1)%g.Every == 0
}

// moved returns how many images a phase moves of a training set of n, of which
// the source is the first.
func (g *Growth) moved(source, n int) int {
	if g.Sets > 0 {
		return source
	}
	return n
}

// kept returns how many phases' images there are at most, 0 for any number.
func (g *Growth) kept() int {
	if g.Ring {
		return g.Sets + 1
	}
	return g.Sets
}

// sourceLeft reports whether the source has left the training set when done phases lie
// behind.
func (g *Growth) sourceLeft(done int) bool { return g.Ring && done > g.Sets }

// changesBytes reports whether the view has operations on the bytes of images.
func (v *View) changesBytes() bool { return len(v.Image) > 0 || v.Values != nil }

// views returns how many views an image has.
func (c *Config) views() int { return max(1, len(c.Views)) }

// Attacked returns which views Attack moves, those from first to before end: all, of
// several under Transforms the second alone; none without steps.
func (c *Config) Attacked() (first, end int) {
	switch {
	case c.Attack.Steps == 0:
		return 0, 0
	case c.Attack.Transforms != nil && len(c.Views) > 1:
		return 1, 2
	}
	return 0, c.views()
}

// Outline is what a run consists of.
type Outline struct {
	Steps       int   // descent steps
	Tests       int   // of all domains
	TrainingSet []int // its images at the start and after each phase

	minimised int // images of all descent steps
	numbered  int // images that have numbers, at most: the source, if it has left, too
}

// Outline returns what a run will consist of that begins with n images.
func (c Config) Outline(n int) Outline {
	o := Outline{TrainingSet: []int{n}, numbered: n}
	source := n
	for round := range c.Schedule.rounds() {
		made := 0
		if c.Growth.due(round, len(o.TrainingSet)-1) {
			made = c.Schedule.added(c.Growth.moved(source, n), c.BatchSize)
		}
		if made > 0 {
			n += made
			if kept := c.Growth.kept(); kept > 0 {
				n = source + min(len(o.TrainingSet), kept)*made
			}
			o.numbered = n
			if c.Growth.sourceLeft(len(o.TrainingSet)) {
				n -= source
			}
			o.TrainingSet = append(o.TrainingSet, n)
		}
		steps, images := c.Schedule.steps(n, c.BatchSize)
		if left := c.MaxSteps - o.Steps; c.MaxSteps > 0 && steps >= left {
			o.Steps, o.Tests = c.MaxSteps, o.Tests+1
			o.minimised += min(images, left*c.BatchSize)
			break
		}
		o.Steps += steps
		o.minimised += images
		if c.Schedule.testDue(round) {
			o.Tests++
		}
	}
	return o
}

// parts returns the parts of the Config by name, as Go writes them, types and
// all.
func (c *Config) parts() map[string]string {
	parts := map[string]string{
		"Seed":      fmt.Sprint(c.Seed),
		"BatchSize": fmt.Sprint(c.BatchSize),
		"Schedule":  fmt.Sprintf("%#v", c.Schedule),
		"MaxSteps":  fmt.Sprint(c.MaxSteps),
		"Optimiser": fmt.Sprintf("%#v", c.Optimiser),
		"Views":     fmt.Sprintf("%#v", c.Views),
		"Objective": fmt.Sprintf("%#v", c.Objective),
		"Growth":    fmt.Sprintf("%#v", c.Growth),
		"Averaging": fmt.Sprintf("%#v", c.Averaging),
	}
	if c.Attack != (augment.Config{}) {
		parts["Attack"] = fmt.Sprintf("%#v", c.Attack)
	}
	if c.shards() > 1 {
		parts["Shards"] = fmt.Sprint(c.Shards)
	}
	if c.OneCycle > 0 {
		parts["OneCycle"] = fmt.Sprint(c.OneCycle)
	}
	if c.Power > 0 {
		parts["Power"] = fmt.Sprint(c.Power)
	}
	if strings.Contains(parts["Views"], "batch.Noise{") { // checkpoints of earlier versions drew other numbers
		parts["Draws of noise"] = "a word a value"
	}
	if c.Clip > 0 {
		parts["Clip"] = fmt.Sprint(c.Clip)
	}
	if c.Growth.Sets > 0 { // checkpoints of earlier versions have phases in other orders, and hues that rounding made
		parts["Order of phases"], parts["Hue of greys"] = "mixed", "0"
	}
	if len(c.Objective.ClassWeights) > 0 && c.shards() > 1 { // checkpoints of earlier versions have them by shard
		parts["Weights of classes"] = "of the step"
	}
	if c.Backbone != (Backbone{}) {
		parts["Backbone"] = fmt.Sprintf("%#v", c.Backbone)
	}
	return parts
}
