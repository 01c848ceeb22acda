package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
)

// Preset is settings by name.
type Preset struct {
	Name    string
	Dataset string // that it is for

	settings func(network string) Settings
}

// Presets lists every preset.
var Presets = []Preset{
	{"synthetic", "synthetic-digits", syntheticDigits},
	{"quick", "synthetic-digits", quick},
	{"digits", "digits", func(string) Settings { return Digits(MEADA) }},
	{"digits-best", "digits", digitsBest},
	{"cifar10", "cifar10", cifar},
	{"cifar100", "cifar100", cifar},
	{"pacs", "pacs", pacs},
	{"pictures", "folder", pictures},
}

// DatasetOf returns the dataset to train on with the files in data, "" for none,
// where a preset alone says for which: a folder of pictures, for the built-in images
// need no files.
func (p *Preset) DatasetOf(data string) (string, error) {
	d, err := FindDataset(p.Dataset)
	if err != nil || data == "" || !d.BuiltIn {
		return p.Dataset, err
	}
	return inferDataset(data)
}

// syntheticDigits is for the built-in digits, in about a minute on two cores. Its
// own method is RandConv, with one view of an image a step instead of three.
func syntheticDigits(string) Settings {
	s := Digits(RandConv)
	s.LR, s.Cosine, s.EMA = 1e-3, true, 0.99
	s.LoopsTrain, s.TestEvery = 801, 400
	s.K = 2
	return s
}

// digitsBest is what got furthest on both handwriting and backgrounds that are not
// MNIST's, of what docs/methods.md has compared. Its own method is RandConv, two of
// whose views RandAugment, PixMix or dead leaves change first, and supervised
// contrast over the views.
func digitsBest(string) Settings {
	s := Digits(RandConv)
	s.LR, s.Cosine, s.EMA = 1e-3, true, 0.99
	s.LoopsTrain, s.TestEvery = 15001, 1000
	s.ResizedCrop, s.Contrast = 0.7, 2
	return s
}

// quick is the paper's procedure cut to a few minutes on two cores, for a source
// of a few thousand images. The rate falls to 0 and the average of the weights is tested,
// so that the last steps differ little.
func quick(string) Settings {
	s := Digits(MEADA)
	s.LR, s.Cosine, s.EMA = 6e-4, true, 0.99
	s.LoopsTrain = 1601
	s.K = 2
	s.TestEvery = 200
	return s
}

// cifar is the CIFAR script. What it leaves open is as AugMix's code has it,
// which it follows: twice the epochs for DenseNet and ResNeXt, and for DenseNet a
// smaller decay.
func cifar(network string) Settings {
	s := CIFAR(MEADA)
	if network == "densenet" || network == "resnext" {
		s.Epochs = 200
	}
	if network == "densenet" {
		s.Decay = 1e-4
	}
	return s
}

// pacs is as two re-implementations of ADA and ME-ADA train a ResNet-18 on PACS:
// AdvST's (Zheng et al., AAAI 2024), and for the weight of the entropy and the epochs
// between phases SDG-Benchmark's. The former also has flips and crops, statistics of batch
// normalisation as the weights have them, and a phase after each of the first epochs.
func pacs(string) Settings {
	s := CIFAR(MEADA)
	s.BatchSize, s.Epochs = 32, 50
	s.LR, s.Decay = 1e-3, 5e-5
	s.Flip, s.Crop = false, 0
	s.K, s.LoopsAdv, s.LRMax, s.Gamma = 3, 50, 50, 10
	return s
}

// pictures is for a thousand pictures or so and a network that has seen ImageNet, in
// minutes on two cores: few epochs, at a rate that falls early, so that the last third of
// a run changes little, statistics of batch normalisation as they are, which wants a lower
// rate for the backbone, and, for methods that have phases, a short one. Its own method is
// RandConv, with one view of an image a step instead of three.
func pictures(network string) Settings {
	s := CIFAR(RandConv)
	s.BatchSize, s.Epochs, s.EpochsMin = 32, 12, 4
	s.LR, s.LRBackbone, s.Power, s.Crop, s.EMA = 1e-2, 1e-3, 3, 0, 0.9
	s.FreezeBN = network != "alexnet"
	s.K, s.LoopsAdv = 1, 5
	return s
}

// PresetNames lists the names of all presets.
func PresetNames() []string {
	var names []string
	for i := range Presets {
		names = append(names, Presets[i].Name)
	}
	return names
}

// FindPreset returns the preset of a name.
func FindPreset(name string) (*Preset, error) {
	for i := range Presets {
		if Presets[i].Name == name {
			return &Presets[i], nil
		}
	}
	return nil, cli.UsageError("unknown preset %q, expected %s", name, strings.Join(PresetNames(), ", "))
}

// Settings returns a preset's settings for a network and a method, "" for the
// preset's own, and images of that side, 0 for the network's usual one.
func (p *Preset) Settings(network string, a Algorithm, side int) Settings {
	s := p.settings(network)
	s.Algorithm = cmp.Or(a, s.Algorithm)
	if m, err := FindMethod(s.Algorithm); err == nil && m.defaults != nil {
		m.defaults(&s, p, network)
	}
	if side > 0 { // a share of the image is cut out
		s.Cutout = s.Cutout * side / KindOf(network).Side()
	}
	return s
}

// OwnMethod returns the method of a preset for a network. Layers behind the embedding alone
// learn from images as they are, so they have ERM in place of one that changes images.
func (p *Preset) OwnMethod(network string, freeze bool) Algorithm {
	s := p.Settings(network, "", 0)
	if freeze && s.Views != "" {
		return ERM
	}
	return s.Algorithm
}

// HeadMethod returns the method that --freeze, where it is given, puts in the place of the
// recorded one, if that is the preset's own; "" for none. Both are flags by name.
func HeadMethod(recorded, given map[string]string) string {
	preset, err := FindPreset(recorded["preset"])
	if err != nil || given["freeze"] != "true" || recorded["algorithm"] != string(preset.OwnMethod(recorded["model"], false)) {
		return ""
	}
	return string(preset.OwnMethod(recorded["model"], true))
}

// Flags that only settings of one schedule have.
var (
	stepFlags  = []string{"loops-train", "loops-min"}
	epochFlags = []string{"epochs", "epochs-min"}
)

// BackboneFlags are of how layers below the last are trained.
var BackboneFlags = []string{"lr-backbone", "freeze-bn", "flip", "crop", "resized-crop"}

// CheckFrozen refuses flags, given by name, of how layers are trained that --freeze does not
// train.
func CheckFrozen(given map[string]string) error {
	for _, name := range BackboneFlags {
		if value := given[name]; given["freeze"] == "true" && value != "" && value != "0" && value != "false" {
			return cli.UsageError("--%s %s and --freeze: expected one of them", name, value)
		}
	}
	return nil
}

// Check refuses flags, given by name, that a preset has no settings for, and a
// network that it is not for.
func (p *Preset) Check(network string, given map[string]string) error {
	byEpochs := p.settings(network).Epochs > 0
	others, own := epochFlags, stepFlags
	if byEpochs {
		others, own = stepFlags, epochFlags
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(others, name) {
			return cli.UsageError("--%s %s: preset %s has no such setting, expected --%s", name, given[name], p.Name, strings.Join(own, ", --"))
		}
	}
	if byEpochs || KindOf(network) == ForDigits {
		return nil
	}
	var fitting []string
	for i := range Presets {
		if Presets[i].settings(network).Epochs > 0 {
			fitting = append(fitting, Presets[i].Name)
		}
	}
	return cli.UsageError("--preset %s: it is for %s, not for %s, expected %s", p.Name, strings.Join(DigitNetworks, ", "), network, strings.Join(fitting, ", "))
}
