// Package catalog lists what a run can be of by the names that people know, one
// entry each.
package catalog

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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
	RandConv    Algorithm = "randconv"
	ProRandConv Algorithm = "pro-randconv"
	Mixup       Algorithm = "mixup"
	CutMix      Algorithm = "cutmix"
	NoisyMix    Algorithm = "noisymix"
	Prime       Algorithm = "prime"
)

// PGD attacks the images of every descent step.
const PGD Algorithm = "pgd"

// Method is a way to train: what it makes of settings.
type Method struct {
	Name     Algorithm
	Title    string // as tables have it
	Citation string

	// defaults sets what its authors have to what a preset leaves open; nil for
	// nothing.
	defaults func(s *Settings, p *Preset, network string)
	// config is what settings make of a run; nil for descent alone.
	config func(s *Settings, network string) train.Config
}

// Methods lists every method.
var Methods = []Method{
	{
		Name: ERM, Title: "ERM",
		Citation: "empirical risk minimisation: Vapnik, Statistical Learning Theory, Wiley 1998",
	},
	{
		Name: ADA, Title: "ADA",
		Citation: "adversarial data augmentation: Volpi et al., Generalizing to Unseen Domains via Adversarial Data Augmentation, NeurIPS 2018",
		config: func(s *Settings, network string) train.Config {
			c := s.descent(network)
			c.Growth = s.growth(c.Views, 0)
			return c
		},
	},
	{
		Name: MEADA, Title: "ME-ADA",
		Citation: "maximum-entropy ADA: Zhao et al., Maximum-Entropy Adversarial Data Augmentation for Improved Generalization and Robustness, NeurIPS 2020",
		config: func(s *Settings, network string) train.Config {
			c := s.descent(network)
			c.Growth = s.growth(c.Views, s.Eta)
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
	},
	{
		Name: AutoAugment, Title: "AutoAugment",
		Citation: "pairs of image operations found by search: Cubuk et al., AutoAugment: Learning Augmentation Strategies from Data, CVPR 2019",
		defaults: func(s *Settings, _ *Preset, network string) {
			s.Views = autoAugmentFor[KindOf(network)]
		},
	},
	{
		Name: RandAugment, Title: "RandAugment",
		Citation: "two image operations drawn at random: Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space, NeurIPS 2020",
		defaults: func(s *Settings, _ *Preset, _ string) { s.Views = ViewsRandAugment },
	},
	{
		Name: AugMix, Title: "AugMix",
		Citation: "mixtures of chains of image operations, and consistent predictions: Hendrycks et al., AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty, ICLR 2020",
		defaults: func(s *Settings, _ *Preset, network string) { s.Views, s.Consistency = augMixFor(network), 12 },
	},
	{
		Name: RandConv, Title: "RandConv",
		Citation: "random convolutions of batches, and consistent predictions: Xu et al., Robust and Generalizable Visual Representation Learning via Random Convolutions, ICLR 2021",
		defaults: func(s *Settings, p *Preset, _ string) {
			s.Views, s.Consistency = ViewsRandConv, 5
			switch p.Name {
			case "synthetic", "pictures":
				s.Views, s.Consistency = ViewsRandAugment+"+"+ViewsRandConv, 0
			case "digits-best":
				s.Views, s.AllViews = ViewsRandAugment+","+ViewsPixMix+","+ViewsLeaves+"+"+ViewsRandConv, true
			case "digits":
				s.TestEvery = 250
			}
		},
	},
	{
		Name: ProRandConv, Title: "Pro-RandConv",
		Citation: "random blocks applied to batches several times: Choi et al., Progressive Random Convolutions for Single Domain Generalization, CVPR 2023",
		defaults: func(s *Settings, p *Preset, _ string) {
			s.Views, s.AllViews = ViewsProRandConv, true
			switch p.Name {
			case "digits": // 500 epochs of 10,000 images
				s.BatchSize, s.LR, s.Momentum = 64, 0.01, 0.9
				s.LoopsTrain, s.TestEvery = 78_126, 1_000
			case "pacs":
				s.BatchSize, s.Epochs = 64, 50
			}
		},
	},
	{
		Name: Mixup, Title: "Mixup",
		Citation: "pairs of images mixed, their classes too: Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018",
		defaults: func(s *Settings, _ *Preset, _ string) { s.Mix, s.Contrast = MixUp, 0 },
	},
	{
		Name: CutMix, Title: "CutMix",
		Citation: "parts of images exchanged, their classes too: Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features, ICCV 2019",
		defaults: func(s *Settings, _ *Preset, _ string) { s.Mix, s.Contrast = MixCut, 0 },
	},
	{
		Name: NoisyMix, Title: "NoisyMix",
		Citation: "AugMix, Mixup and noise, behind stages of residual networks too: Erichson et al., NoisyMix: Boosting Model Robustness to Common Corruptions, AISTATS 2024",
		defaults: func(s *Settings, _ *Preset, network string) {
			s.Views, s.Consistency, s.Mix, s.Contrast, s.Noise = augMixFor(network), 12, MixUp, 0, 0.5
			s.Manifold = slices.Contains(StagedNetworks, network)
			if s.InEpochs() && KindOf(network) == ForSmall {
				s.Epochs = 200
			}
		},
	},
	{
		Name: Prime, Title: "PRIME",
		Citation: "mixtures of displacements, colours and filters, and consistent predictions: Modas et al., PRIME: A Few Primitives Can Boost Robustness to Common Corruptions, ECCV 2022",
		defaults: func(s *Settings, p *Preset, _ string) {
			s.Views, s.Consistency = ViewsPrime, 12
			if p.Name == "cifar10" || p.Name == "cifar100" {
				s.LR, s.OneCycle, s.Clip = 0.2, 0.25, 0.5
			}
		},
	},
	{
		Name: PGD, Title: "PGD",
		Citation: "adversarial training by projected gradient ascent: Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018",
		defaults: func(s *Settings, _ *Preset, network string) {
			s.Ball, s.Radius, s.LoopsAdv, s.LRMax, s.Gamma, s.Eta = BallLInf, 8.0/255, 7, 2.0/255, 0, 0
			if KindOf(network) == ForDigits {
				s.Radius, s.LoopsAdv, s.LRMax = 0.3, 40, 0.01
			}
		},
		config: func(s *Settings, network string) train.Config {
			c := s.descent(network)
			c.Attack = s.ascent(s.Eta)
			return c
		},
	},
	{
		Name: AugMax, Title: "AugMax",
		Citation: "AugMix at the weights where the network errs, without the publication's normalisation: Wang et al., AugMax: Adversarial Composition of Random Augmentations for Robust Training, NeurIPS 2021",
		defaults: func(s *Settings, p *Preset, _ string) {
			s.Consistency, s.LoopsAdv, s.LRMax, s.Gamma, s.Eta = 10, 5, 0.1, 0, 0
			if p.Name == "cifar10" || p.Name == "cifar100" {
				s.BatchSize, s.Epochs = 256, 200
			}
		},
		config: (*Settings).augMax,
	},
	{
		Name: AdvST, Title: "AdvST",
		Citation: "ascent of the parameters of image operations: Zheng et al., AdvST: Revisiting Data Augmentations for Single Domain Generalization, AAAI 2024",
		defaults: advst,
		config:   (*Settings).transformed,
	},
	{
		Name: MEAdvST, Title: "ME-AdvST",
		Citation: "AdvST with the entropy of ME-ADA in its ascents: Zheng et al., AAAI 2024",
		defaults: advst,
		config:   (*Settings).transformed,
	},
}

// augMixFor returns AugMix's views as its authors have them for a kind of network.
func augMixFor(network string) Views {
	if KindOf(network) == ForPictures {
		return ViewsAugMixLarge
	}
	return ViewsAugMix
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
	NewHead    bool    `json:"new_head,omitempty"`    // the weights' last layer may be for other classes
	Freeze     bool    `json:"freeze,omitempty"`      // train the layers behind the embedding alone

	// As the digits script.
	LoopsTrain int `json:"loops_train,omitempty"` // descent steps of the run
	LoopsMin   int `json:"loops_min,omitempty"`   // descent steps between phases

	// As the CIFAR script, if Epochs is not 0; LoopsTrain and LoopsMin must be.
	Epochs    int `json:"epochs,omitempty"`     // of the run
	EpochsMin int `json:"epochs_min,omitempty"` // epochs between phases

	Shards int `json:"shards,omitempty"` // that the images of a step are computed in; 0 for 1

	Momentum float64 `json:"momentum,omitempty"`  // of SGD; steps without it are Adam's
	Decay    float64 `json:"decay,omitempty"`     // of every parameter
	Cosine   bool    `json:"cosine,omitempty"`    // anneal Adam's rate to 0, as SGD's always is
	Power    int     `json:"power,omitempty"`     // the power of what is left of the run with which it falls; 0 for a cosine
	OneCycle float64 `json:"one_cycle,omitempty"` // share of the run in which the rate rises to LR, before it falls; 0 for none
	Clip     float64 `json:"clip,omitempty"`      // the norm that gradients are scaled down to; 0 for none
	EMA      float64 `json:"ema,omitempty"`       // decay of the moving average of weights that is tested; 0 for none
	SWA      float64 `json:"swa,omitempty"`       // share of the run after which the mean of its weights begins, which is tested; 0 for none

	// What becomes of images before a descent step, in this order.
	Flip        bool    `json:"flip,omitempty"`         // mirrored at random
	Crop        int     `json:"crop,omitempty"`         // pixels by which they are shifted at most
	ResizedCrop float64 `json:"resized_crop,omitempty"` // the least part of their area that is cut out and resized
	Jitter      float64 `json:"jitter,omitempty"`       // change of brightness, contrast, saturation and hue at most
	Grey        float64 `json:"grey,omitempty"`         // the probability that they become grey
	Views       Views   `json:"views,omitempty"`
	Cutout      int     `json:"cutout,omitempty"` // side of the square cut out of them
	Mix         Mix     `json:"mix,omitempty"`
	Noise       float64 `json:"noise,omitempty"`    // NoisyMix's, its strength
	Manifold    bool    `json:"manifold,omitempty"` // mix and add noise within the network too

	// AllViews counts the cross-entropy of all views of an image, not of the
	// first alone; without consistency it has two, itself and one other.
	AllViews bool `json:"all_views,omitempty"`

	// Consistency is the weight of the Jensen-Shannon divergence of the
	// predictions for an image and two views of it; 0 for one view alone.
	Consistency float64 `json:"consistency,omitempty"`
	Smoothing   float64 `json:"label_smoothing,omitempty"`
	EtaMin      float64 `json:"eta_min,omitempty"`  // weight of the entropy that descent steps raise, or lower if it is negative
	Contrast    float64 `json:"contrast,omitempty"` // weight of the supervised contrast of embeddings

	LoopsAdv int `json:"loops_adv"` // ascent steps of a phase
	K        int `json:"k"`         // phases, or for AdvST the sets that are kept; methods without them ignore it
	// KeepSource keeps the source in AdvST's training set, which the sets that its
	// phases make replace else.
	KeepSource bool `json:"keep_source,omitempty"`

	LRMax     float64 `json:"lr_max"`     // step size of the ascent
	Gamma     float64 `json:"gamma"`      // weight of the embedding distance
	Eta       float64 `json:"eta"`        // weight of the entropy; ME-ADA, AdvST, ME-AdvST, AugMax and PGD use it
	TestEvery int     `json:"test_every"` // descent steps, or epochs, between tests
	Ball      Ball    `json:"ball,omitempty"`
	Radius    float64 `json:"radius,omitempty"` // of the ball, of images from 0 to 1
	// RandomStart begins an ascent in a ball anywhere in it, instead of at the image; nil
	// for the method's own start, see StartsAtRandom.
	RandomStart *bool `json:"random_start,omitempty"`
	MaxSteps    int   `json:"max_steps,omitempty"` // descent steps after which the run ends early; 0 for none

	ClassWeights ClassWeights `json:"class_weights,omitempty"` // of the objective
}

// ClassWeights names weights of classes, "" for none.
type ClassWeights string

// Balanced are those with which every class counts the same.
const Balanced ClassWeights = "balanced"

// ClassWeightsNames lists what [ParseClassWeights] takes.
var ClassWeightsNames = []string{none, string(Balanced)}

// ParseClassWeights reads weights of classes, or none.
func ParseClassWeights(name string) (ClassWeights, error) {
	return parseWord[ClassWeights](name, ClassWeightsNames)
}

// String returns what [ParseClassWeights] takes.
func (c ClassWeights) String() string { return cmp.Or(string(c), none) }

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

// Flags that only some methods make something of.
var (
	ascentFlags = []string{"--loops-adv", "--lr-max", "--gamma"}
	ballFlags   = []string{"--ball", "--radius", "--random-start"}
	phaseFlags  = []string{"--k", "--keep-source", "--loops-min", "--epochs-min"}
	viewFlags   = []string{"--consistency", "--all-views", "--manifold"}
)

// Unused lists the flags, given by name, of which the method makes nothing. They are no
// error: methods that are compared share their flags.
func (s *Settings) Unused(given map[string]string) []string {
	var others []string
	if !s.ascends() {
		others = append(others, ascentFlags...)
	}
	if !s.movesPixels() {
		others = append(others, ballFlags...)
	}
	if s.Algorithm != ADA && s.Algorithm != MEADA && !s.Transforms() {
		others = append(others, phaseFlags...)
	}
	if !s.UsesEta() {
		others = append(others, "--eta")
	}
	if plain := *s; plain.dropViews() {
		others = append(others, viewFlags...)
	}
	return slices.DeleteFunc(others, func(flag string) bool { return given[strings.TrimPrefix(flag, "--")] == "" })
}

// Config returns what the settings make of their method, for a network.
func (s *Settings) Config(network string) (train.Config, error) {
	m, err := FindMethod(s.Algorithm)
	if err != nil {
		return train.Config{}, err
	}
	if s.Epochs > 0 && s.LoopsTrain > 0 {
		return train.Config{}, fmt.Errorf("%d epochs and %d steps, expected one of them", s.Epochs, s.LoopsTrain)
	}
	if m.config == nil {
		return s.descent(network), nil
	}
	return m.config(s, network), nil
}

// Check refuses settings that no run can have, by the names of their flags;
// weights are the file of the initial ones, "" for random ones. A frozen backbone
// sees each image once, as it is, and so does plain training: Check completes that.
func (s *Settings) Check(weights string) error {
	switch {
	case s.NewHead && weights == "":
		return cli.UsageError("--new-head: the last layer of random weights is new, expected --weights FILE")
	case s.FreezeBN && weights == "":
		return cli.UsageError("--freeze-bn: random weights have no statistics to keep, expected --weights FILE")
	case s.Freeze && weights == "":
		return cli.UsageError("--freeze: random weights are not worth keeping, expected --weights FILE")
	}
	if s.Freeze {
		s.LRBackbone, s.FreezeBN, s.Flip, s.Crop, s.ResizedCrop = 0, false, false, 0, 0
		if s.viewsOf("") != nil {
			views := *s
			views.Smoothing, views.EtaMin, views.Contrast = 0, 0, 0
			return cli.UsageError("--freeze: the head learns from images as they are, without %s; expected no flags for these, and --algorithm erm, ada or me-ada instead of one that has them (%s)",
				views.DescribeViews(), s.Algorithm)
		}
	}
	if err := s.checkShards(); err != nil {
		return err
	}
	s.dropViews()
	if s.KeepSource && !s.Transforms() && s.Algorithm != ERM {
		return cli.UsageError("--keep-source: %s never replaces the source, expected --algorithm advst or me-advst", s.Algorithm)
	}
	for _, check := range []func() error{s.checkBall, s.checkViews, s.checkDescent} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkDescent refuses descents that no run can have.
func (s *Settings) checkDescent() error {
	switch {
	case s.Momentum >= 1:
		return cli.UsageError("--momentum %v: expected a number less than 1", s.Momentum)
	case s.OneCycle >= 1:
		return cli.UsageError("--one-cycle %v: expected a share of the run, less than 1", s.OneCycle)
	case s.OneCycle > 0 && s.Cosine && !s.UsesSGD():
		return cli.UsageError("--one-cycle %v and --cosine: expected one of them", s.OneCycle)
	case s.OneCycle > 0 && s.Power > 0:
		return cli.UsageError("--one-cycle %v and --power %d: expected one of them", s.OneCycle, s.Power)
	case s.Power > 0 && s.Cosine && !s.UsesSGD():
		return cli.UsageError("--power %d and --cosine: expected one of them", s.Power)
	case s.Power > train.MaxPower:
		return cli.UsageError("--power %d: expected %d at most", s.Power, train.MaxPower)
	case !s.Freeze && s.LRBackbone > 0 && math.IsInf(s.LRBackbone/s.LR, 0):
		return cli.UsageError("--lr %v and --lr-backbone %v: expected a larger --lr", s.LR, s.LRBackbone)
	}
	return nil
}

// checkShards refuses shards that a step cannot have. One is none.
func (s *Settings) checkShards() error {
	if s.Shards == 1 {
		s.Shards = 0
	}
	if n := s.Shards; n&(n-1) != 0 {
		return cli.UsageError("--shards %d: expected a power of two", n)
	} else if n > s.BatchSize {
		return cli.UsageError("--shards %d: expected %d at most, the images of a step (--batch-size)", n, s.BatchSize)
	}
	return nil
}

// InEpochs reports whether the run counts epochs, as the CIFAR script does, and
// not descent steps.
func (s *Settings) InEpochs() bool { return s.Epochs > 0 }

// UsesSGD reports whether the optimiser is SGD, not Adam.
func (s *Settings) UsesSGD() bool { return s.InEpochs() || s.Momentum > 0 }

// descent returns the run without phases.
func (s *Settings) descent(network string) train.Config {
	c := train.Config{
		Seed: s.Seed, BatchSize: s.BatchSize, MaxSteps: s.MaxSteps, Shards: s.Shards, OneCycle: s.OneCycle, Power: s.Power, Clip: s.Clip,
		Schedule:  train.Steps{Total: s.LoopsTrain, TestEvery: s.TestEvery},
		Optimiser: train.Adam{LR: s.LR, Decay: s.Decay, Cosine: s.Cosine || s.Power > 0},
	}
	if s.InEpochs() {
		c.Schedule = train.Epochs{Total: s.Epochs, TestEvery: s.TestEvery}
	}
	if s.UsesSGD() {
		c.Optimiser = train.SGD{LR: s.LR, Momentum: s.Momentum, Decay: s.Decay, Cosine: true}
	}
	if s.Freeze {
		c.Backbone.Frozen = true
	} else if s.LRBackbone > 0 {
		c.Backbone.Rate = s.LRBackbone / s.LR
	}
	switch {
	case s.EMA > 0:
		c.Averaging = train.EMA{Decay: s.EMA}
	case s.SWA > 0:
		rounds := s.LoopsTrain + s.Epochs
		if s.MaxSteps > 0 && !s.InEpochs() {
			rounds = min(rounds, s.MaxSteps)
		}
		c.Averaging = train.SWA{From: int(s.SWA * float64(rounds)), Every: 1}
	}
	c.Views = s.viewsOf(network)
	c.Objective = objective.Config{Consistency: s.Consistency, Smoothing: s.Smoothing, Contrast: s.Contrast}
	if s.EtaMin != 0 { // or it would be -0, which a checkpoint takes for another value
		c.Objective.Entropy = -s.EtaMin
	}
	if s.AllViews {
		c.Objective.Views = slices.Repeat([]float64{1}, s.countViews())
	}
	return c
}

// ascent returns the ascent of images, with a weight of the entropy. The digits
// script bounds the values of images; the CIFAR script leaves that to their
// conversion to bytes.
func (s *Settings) ascent(eta float64) augment.Config {
	c := augment.Config{Steps: s.LoopsAdv, LR: s.LRMax, Gamma: s.Gamma, Eta: eta}
	if !s.InEpochs() {
		c.Max = 1
	}
	switch s.Ball {
	case BallLInf:
		c.Ball = augment.Ball{Norm: augment.LInf, Radius: s.Radius, RandomStart: s.StartsAtRandom()}
	case BallL2:
		c.Ball = augment.Ball{Norm: augment.L2, Radius: s.Radius, RandomStart: s.StartsAtRandom()}
	}
	return c
}

// growth returns the phases, with a weight of the entropy.
func (s *Settings) growth(views []train.View, eta float64) train.Growth {
	g := train.Growth{
		Phases: s.K, Every: s.LoopsMin,
		Ascent: s.ascent(eta),
	}
	if s.InEpochs() {
		g.Every, g.Bytes = s.EpochsMin, true
	}
	for _, v := range views {
		if len(v.Image) > 0 || v.Values != nil { // the images of phases too
			g.Bytes = true
		}
	}
	return g
}
