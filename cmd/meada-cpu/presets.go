package main

import (
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
)

// The presets by name, beside those named as the dataset they are for.
const quick = "quick"

var presets = []string{quick, digits, cifar10, cifar100, pacs}

// presetFor returns the usual preset for a dataset and a network.
func presetFor(dataset, model string) string {
	switch {
	case slices.Contains(presets, dataset) && dataset != digits:
		return dataset
	case slices.Contains(pictureModels, model):
		return pacs
	case model != "lenet5":
		return cifar10
	case dataset == digits:
		return digits
	}
	return quick
}

// datasetFor returns the dataset that a preset is for.
func datasetFor(preset string) string {
	if preset == "" || preset == quick {
		return syntheticDigits
	}
	return preset
}

// config returns the settings of a preset for a network. What the published
// scripts leave open is as AugMix's code has it, which they follow: twice the
// epochs for DenseNet and ResNeXt, and for DenseNet a smaller decay.
func config(preset, model string) catalog.Settings {
	switch preset {
	case cifar10, cifar100:
		c := catalog.CIFAR(catalog.MEADA)
		if model == "densenet" || model == "resnext" {
			c.Epochs = 200
		}
		if model == "densenet" {
			c.Decay = 1e-4
		}
		return c
	case pacs:
		return pacsConfig()
	case digits:
		return catalog.Digits(catalog.MEADA)
	}
	return quickConfig()
}

// quickConfig is the paper's procedure cut to a few minutes on two cores, for a
// source of a few thousand images.
func quickConfig() catalog.Settings {
	c := catalog.Digits(catalog.MEADA)
	c.LR = 3e-4
	c.LoopsTrain = 801
	c.K = 2
	c.TestEvery = 200
	return c
}

// pacsConfig is ours: no trainer for PACS is published. It is that for CIFAR at
// the rate that others fine-tune AlexNet with, with batches small enough for an
// epoch of a few hundred images, and without crops.
func pacsConfig() catalog.Settings {
	c := catalog.CIFAR(catalog.MEADA)
	c.BatchSize = 32
	c.LR = 1e-3
	c.Epochs = 30
	c.Crop = 0
	return c
}

// Flags that only runs of one kind have.
var (
	ofSteps  = []string{"loops-train", "loops-min"}
	ofEpochs = []string{"epochs", "epochs-min", "momentum", "decay"}
)

// checkKind refuses flags that do not belong to the preset, and a network that
// does not.
func (s *settings) checkKind(given map[string]string) error {
	epochs := config(s.Preset, s.Model).Epochs > 0
	foreign, own := ofEpochs, ofSteps
	if epochs {
		foreign, own = ofSteps, ofEpochs
	}
	for _, name := range foreign {
		if value, ok := given[name]; ok {
			return cli.UsageError("--%s %s: preset %s has no such setting, expected --%s", name, value, s.Preset, strings.Join(own, ", --"))
		}
	}
	if !epochs && s.Model != "lenet5" {
		return cli.UsageError("--preset %s: it is for lenet5, not for %s, expected %s", s.Preset, s.Model, strings.Join([]string{cifar10, cifar100, pacs}, ", "))
	}
	return nil
}
