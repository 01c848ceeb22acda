// Package catalog lists what a run can be of by the names that people know, one
// entry each.
package catalog

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

// Algorithm names a method.
type Algorithm string

// The methods of the paper.
const (
	ERM   Algorithm = "erm"
	ADA   Algorithm = "ada"
	MEADA Algorithm = "me-ada"
)

// Paper lists the methods of the paper.
var Paper = []Algorithm{ERM, ADA, MEADA}

// Methods that change images, see [Settings].
const (
	Cutout      Algorithm = "cutout"
	AutoAugment Algorithm = "autoaugment"
	RandAugment Algorithm = "randaugment"
	AugMix      Algorithm = "augmix"
)

// Method is a way to train: what it makes of settings.
type Method struct {
	Name     Algorithm
	Title    string // as tables have it
	Citation string

	// defaults sets what its authors have to what a preset leaves open; nil for
	// nothing.
	defaults func(s *Settings, p *Preset, network string)
	config   func(s *Settings) train.Config
}

// Methods lists every method.
var Methods = []Method{
	{
		Name: ERM, Title: "ERM",
		Citation: "empirical risk minimisation: Vapnik, Statistical Learning Theory, Wiley 1998",
		config:   (*Settings).descent,
	},
	{
		Name: ADA, Title: "ADA",
		Citation: "adversarial data augmentation: Volpi et al., Generalizing to Unseen Domains via Adversarial Data Augmentation, NeurIPS 2018",
		config: func(s *Settings) train.Config {
			c := s.descent()
			c.Growth = s.growth(0)
			return c
		},
	},
	{
		Name: MEADA, Title: "ME-ADA",
		Citation: "maximum-entropy ADA: Zhao et al., Maximum-Entropy Adversarial Data Augmentation for Improved Generalization and Robustness, NeurIPS 2020",
		config: func(s *Settings) train.Config {
			c := s.descent()
			c.Growth = s.growth(s.Eta)
			return c
		},
	},
	{
		Name: Cutout, Title: "Cutout",
		Citation: "a square cut out of every image: DeVries and Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017",
		defaults: func(s *Settings, p *Preset, network string) {
			s.Cutout = KindOf(network).Side() / 2
			if p.Dataset == "cifar100" {
				s.Cutout = 8
			}
		},
		config: (*Settings).descent,
	},
	{
		Name: AutoAugment, Title: "AutoAugment",
		Citation: "pairs of image operations found by search: Cubuk et al., AutoAugment: Learning Augmentation Strategies from Data, CVPR 2019",
		defaults: func(s *Settings, _ *Preset, network string) {
			s.Views = autoAugmentFor[KindOf(network)]
		},
		config: (*Settings).descent,
	},
	{
		Name: RandAugment, Title: "RandAugment",
		Citation: "two image operations drawn at random: Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space, NeurIPS 2020",
		defaults: func(s *Settings, _ *Preset, _ string) { s.Views = ViewsRandAugment },
		config:   (*Settings).descent,
	},
	{
		Name: AugMix, Title: "AugMix",
		Citation: "mixtures of chains of image operations, and consistent predictions: Hendrycks et al., AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty, ICLR 2020",
		defaults: func(s *Settings, _ *Preset, network string) {
			s.Views, s.Consistency = ViewsAugMix, 12
			if KindOf(network) == ForPictures {
				s.Views = ViewsAugMixLarge
			}
		},
		config: (*Settings).descent,
	},
}

// DescribeMethods lists the methods and where they are published, a paragraph
// each.
func DescribeMethods() string {
	var lines []string
	for i := range Methods {
		lines = append(lines, string(Methods[i].Name)+": "+Methods[i].Citation+".")
	}
	return strings.Join(lines, "\n\n")
}

// Algorithms returns the names of all methods.
func Algorithms() []Algorithm {
	names := make([]Algorithm, len(Methods))
	for i := range Methods {
		names[i] = Methods[i].Name
	}
	return names
}

// FindMethod returns the method of a name; an error lists those there are.
func FindMethod(name Algorithm) (*Method, error) {
	var known []string
	for i := range Methods {
		if Methods[i].Name == name {
			return &Methods[i], nil
		}
		known = append(known, string(Methods[i].Name))
	}
	return nil, fmt.Errorf("unknown algorithm %q, expected one of %s", name, strings.Join(known, ", "))
}

// Settings holds the settings of a run, named as in the official scripts. In the
// paper's letters LoopsMin or EpochsMin is T_min, LoopsAdv is T_max and Eta is
// beta.
type Settings struct {
	Algorithm Algorithm `json:"algorithm"`
	Seed      uint64    `json:"seed"`
	BatchSize int       `json:"batch_size"` // images of a descent or ascent step
	LR        float64   `json:"lr"`         // of Adam, or the first of SGD

	// For networks that begin with weights of another task.
	LRBackbone float64 `json:"lr_backbone,omitempty"` // of the layers up to the embedding; 0 for LR
	FreezeBN   bool    `json:"freeze_bn,omitempty"`   // normalise by the running statistics of the weights
	Freeze     bool    `json:"freeze,omitempty"`      // train the layers behind the embedding alone

	// As the digits script.
	LoopsTrain int `json:"loops_train,omitempty"` // descent steps of the run
	LoopsMin   int `json:"loops_min,omitempty"`   // descent steps between phases

	// As the CIFAR script, if Epochs is not 0; LoopsTrain and LoopsMin must be.
	Epochs    int     `json:"epochs,omitempty"`     // of the run
	EpochsMin int     `json:"epochs_min,omitempty"` // epochs between phases
	Momentum  float64 `json:"momentum,omitempty"`
	Decay     float64 `json:"decay,omitempty"` // of every parameter

	// What becomes of images before a descent step, in this order.
	Flip        bool    `json:"flip,omitempty"`         // mirrored at random
	Crop        int     `json:"crop,omitempty"`         // pixels by which they are shifted at most
	ResizedCrop float64 `json:"resized_crop,omitempty"` // the least part of their area that is cut out and resized
	Jitter      float64 `json:"jitter,omitempty"`       // change of brightness, contrast, saturation and hue at most
	Grey        float64 `json:"grey,omitempty"`         // the probability that they become grey
	Views       Views   `json:"views,omitempty"`
	Cutout      int     `json:"cutout,omitempty"` // side of the square cut out of them

	// Consistency is the weight of the Jensen-Shannon divergence of the
	// predictions for an image and two views of it; 0 for one view alone.
	Consistency float64 `json:"consistency,omitempty"`
	Smoothing   float64 `json:"label_smoothing,omitempty"`

	LoopsAdv  int     `json:"loops_adv"`           // ascent steps of a phase
	K         int     `json:"k"`                   // phases; ERM ignores it
	LRMax     float64 `json:"lr_max"`              // step size of the ascent
	Gamma     float64 `json:"gamma"`               // weight of the embedding distance
	Eta       float64 `json:"eta"`                 // weight of the entropy; ME-ADA alone uses it
	TestEvery int     `json:"test_every"`          // descent steps, or epochs, between tests
	MaxSteps  int     `json:"max_steps,omitempty"` // descent steps after which the run ends early; 0 for none

	ClassWeights string `json:"class_weights,omitempty"` // of the objective: Balanced, or "" for none
}

// Balanced are ClassWeights with which every class counts the same.
const Balanced = "balanced"

// Digits returns the settings of the official digits script.
func Digits(a Algorithm) Settings {
	return Settings{
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
func CIFAR(a Algorithm) Settings {
	return Settings{
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

// Config returns what the settings make of their method.
func (s *Settings) Config() (train.Config, error) {
	m, err := FindMethod(s.Algorithm)
	if err != nil {
		return train.Config{}, err
	}
	if s.Epochs > 0 && s.LoopsTrain > 0 {
		return train.Config{}, fmt.Errorf("%d epochs and %d steps, expected one of them", s.Epochs, s.LoopsTrain)
	}
	return m.config(s), nil
}

// Check refuses settings that no run can have, by the names of their flags;
// weights are the file of the initial ones, "" for random ones. A frozen backbone
// sees each image once, as it is: Check completes that.
func (s *Settings) Check(weights string) error {
	switch {
	case s.FreezeBN && weights == "":
		return cli.UsageError("--freeze-bn: random weights have no statistics to keep, expected --weights FILE")
	case s.Freeze && weights == "":
		return cli.UsageError("--freeze: random weights are not worth keeping, expected --weights FILE")
	}
	if s.Freeze {
		s.LRBackbone, s.FreezeBN, s.Flip, s.Crop = 0, false, false, 0
		if s.changesImages() {
			return cli.UsageError("--freeze: the head learns from images as they are, without %s", s.DescribeViews())
		}
	}
	return s.checkViews()
}

// InEpochs reports whether the run counts epochs, as the CIFAR script does, and
// not descent steps.
func (s *Settings) InEpochs() bool { return s.Epochs > 0 }

// descent returns the run without phases.
func (s *Settings) descent() train.Config {
	c := train.Config{
		Seed: s.Seed, BatchSize: s.BatchSize, MaxSteps: s.MaxSteps,
		Schedule:  train.Steps{Total: s.LoopsTrain, TestEvery: s.TestEvery},
		Optimiser: train.Adam{LR: s.LR},
	}
	if s.InEpochs() {
		c.Schedule = train.Epochs{Total: s.Epochs, TestEvery: s.TestEvery}
		c.Optimiser = train.SGD{LR: s.LR, Momentum: s.Momentum, Decay: s.Decay, Cosine: true}
	}
	if s.Freeze {
		c.Backbone.Frozen = true
	} else if s.LRBackbone > 0 {
		c.Backbone.Rate = s.LRBackbone / s.LR
	}
	c.Views = s.viewsOf()
	c.Objective = objective.Config{Consistency: s.Consistency, Smoothing: s.Smoothing}
	return c
}

// growth returns the phases, with a weight of the entropy. The digits script
// bounds the values of images; the CIFAR script leaves that to their conversion
// to bytes.
func (s *Settings) growth(eta float64) train.Growth {
	g := train.Growth{
		Phases: s.K, Every: s.LoopsMin,
		Ascent: augment.Config{Steps: s.LoopsAdv, LR: s.LRMax, Gamma: s.Gamma, Eta: eta, Max: 1},
	}
	if s.InEpochs() {
		g.Every, g.Bytes, g.Ascent.Max = s.EpochsMin, true, 0
	}
	if s.changesImages() { // those of phases too
		g.Bytes = true
	}
	return g
}
