package main

import (
	"cmp"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
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
	if cycle := given["one-cycle"]; cycle != "" && cycle != "0" && given["cosine"] == "" { // and so does a rate's schedule
		s.Cosine = false
	}
	if given["cosine"] == "true" && given["one-cycle"] == "" {
		s.OneCycle = 0
	}
	if given["freeze"] == "true" && given["contrast"] == "" { // the embedding stays as it is
		s.Contrast = 0
	}
	return cli.Apply(set, given)
}

// headMethod returns the method that --freeze puts in the place of the recorded one, if that
// is the preset's own; "" for none.
func headMethod(recorded, given map[string]string) string {
	preset, err := catalog.FindPreset(recorded["preset"])
	if err != nil || given["freeze"] != "true" || recorded["algorithm"] != string(preset.OwnMethod(recorded["model"], false)) {
		return ""
	}
	return string(preset.OwnMethod(recorded["model"], true))
}
