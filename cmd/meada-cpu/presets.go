package main

import (
	"cmp"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// applyPreset sets what flags do not to what a preset has for a network and a
// method, "" for the preset's own, and images of that side, 0 for the network's.
func applyPreset(set *pflag.FlagSet, s *catalog.Settings, name, network string, usual catalog.Algorithm, side int) error {
	preset, err := catalog.FindPreset(name)
	if err != nil {
		return err
	}
	given := cli.Given(set)
	method := cmp.Or(catalog.Algorithm(given["algorithm"]), usual, preset.OwnMethod(network, given["freeze"] == "true"))
	*s = preset.Settings(network, method, side)
	if swa := given["swa"]; swa != "" && swa != "0" && given["ema"] == "" { // one average takes the place of the other
		s.EMA = 0
	}
	catalog.ReplaceSchedule(s, given)
	if given["freeze"] == "true" && given["contrast"] == "" { // the embedding stays as it is
		s.Contrast = 0
	}
	return cli.Apply(set, given)
}

// moveAsTrained sets what flags do not to the settings of the run in whose folder weights
// are, if that moved images by ada or me-ada, and else to those of its preset or, without
// a run, of the dataset's.
func (s *augmentSettings) moveAsTrained(set *pflag.FlagSet, w *zoo.Weights, d *catalog.Dataset) error {
	c, err := runOf(w)
	if err == nil {
		err = applyPreset(set, &s.Settings, cmp.Or(c.Preset, d.PresetFor(w.Model())), w.Model(), catalog.MEADA, 0)
	}
	if err != nil || c.Algorithm != catalog.ADA && c.Algorithm != catalog.MEADA {
		return err
	}
	given := cli.Given(set) // which are what is overwritten
	s.Settings = c.Settings.Settings
	if err := cli.Apply(set, given); err != nil {
		return err
	}
	return s.checkEta(set)
}

// checkEta refuses the weight of an entropy that there is none of.
func (s *augmentSettings) checkEta(set *pflag.FlagSet) error {
	if s.Algorithm == catalog.ADA && set.Changed("eta") {
		return cli.UsageError("--eta %v: ada has no entropy, expected --algorithm me-ada", s.Eta)
	}
	return nil
}
