package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// configFlags reads the config.json of a run folder, which a flag names, as the
// values of the flags that would set the same. What it records besides (the machine, checksums
// and the like) sets nothing, but a key that no run writes is an error.
func configFlags(flag, path string) (map[string]string, error) {
	fail := func(err error) (map[string]string, error) {
		if flag == resumeFlag { // the user has not written it
			return nil, &dataset.Error{Path: flag + " " + path, Err: err}
		}
		return nil, cli.UsageError("%s %s: %v", flag, path, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	known := json.NewDecoder(bytes.NewReader(text))
	known.DisallowUnknownFields()
	if err := known.Decode(new(runfolder.Config)); err != nil {
		return fail(errors.New(strings.TrimPrefix(err.Error(), "json: ")))
	}
	if _, err := known.Token(); err != io.EOF {
		return fail(errors.New("more than one JSON object"))
	}
	values := map[string]any{}
	all := json.NewDecoder(bytes.NewReader(text))
	all.UseNumber() // as they are written
	if err := all.Decode(&values); err != nil {
		return fail(err)
	}
	set := pflag.NewFlagSet("train", pflag.ContinueOnError)
	new(settings).define(set)
	flags := map[string]string{}
	for key, value := range values {
		if name := strings.ReplaceAll(key, "_", "-"); set.Lookup(name) != nil {
			flags[name] = fmt.Sprint(value)
		}
	}
	leftOut := map[string]string{ // where they are that
		"lr-backbone": "0", "freeze-bn": "false", "freeze": "false", "flip": "false", "crop": "0", "resized-crop": "0",
		"jitter": "0", "grey": "0", "views": "none", "cutout": "0", "consistency": "0", "label-smoothing": "0",
		"momentum": "0", "decay": "0", "cosine": "false", "ema": "0", "mix": "none", "noise": "0", "all-views": "false",
		"ball": "none", "radius": "0",
	}
	maps.Copy(leftOut, flags)
	return leftOut, nil
}

const resumeFlag = "--resume"

// processFlags are the flags of train that a run may go on with, because they do
// not change its result. Data are known by their checksums.
var processFlags = []string{"resume", "data", "threads", "checkpoint-every", "max-memory", "http", "tensorboard", "quiet", "json"}

// checkResume refuses flags that would make another run of the one to be
// resumed.
func (s *settings) checkResume(given map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(processFlags, name) {
			return cli.UsageError("--%s cannot be changed when resuming (--resume %s)", name, s.Resume)
		}
	}
	config := filepath.Join(s.Resume, runfolder.ConfigFile)
	if _, err := os.Stat(config); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.Resume, runfolder.CheckpointFolder)); err == nil {
		return &dataset.Error{Path: config, Err: errors.New("the file is missing, the run cannot go on without it")}
	}
	return cli.UsageError("--resume %s: there is no run to resume, not even its %s", s.Resume, runfolder.ConfigFile)
}

// resolve completes the settings that flags have set, and refuses those that do
// not go together.
func (s *settings) resolve(set *pflag.FlagSet) error {
	if err := s.choose(set); err != nil {
		return err
	}
	preset, err := catalog.FindPreset(s.Preset)
	if err != nil {
		return err
	}
	if err := preset.Check(s.Model, cli.Given(set)); err != nil {
		return err
	}
	return s.Settings.Check()
}

// choose sets what flags do not: flags win over the settings of --config, these
// over the preset. Dataset, network and preset imply each other.
func (s *settings) choose(set *pflag.FlagSet) error {
	flag, recorder := "--config", runfolder.ConfigFileOf(s.config)
	if s.Resume != "" {
		if err := s.checkResume(cli.Given(set)); err != nil {
			return err
		}
		flag, recorder = resumeFlag, filepath.Join(s.Resume, runfolder.ConfigFile)
	}
	if recorder != "" {
		recorded, err := configFlags(flag, recorder)
		if err != nil {
			return err
		}
		maps.Copy(recorded, cli.Given(set))
		if err := cli.Apply(set, recorded); err != nil {
			return cli.UsageError("%s %s: %v", flag, recorder, err)
		}
	}
	if s.Dataset == "" && s.Preset == "" && s.Data != "" {
		var err error
		if s.Dataset, err = catalog.InferDataset(s.Data); err != nil {
			return err
		}
	}
	if s.Dataset == "" {
		preset, err := catalog.FindPreset(cmp.Or(s.Preset, catalog.Presets[0].Name))
		if err != nil {
			return err
		}
		s.Dataset = preset.Dataset
	}
	d, err := catalog.FindDataset(s.Dataset)
	if err != nil {
		return err
	}
	model, preset, weights, err := d.Choose(s.Model, s.Preset, s.Weights)
	if err != nil {
		return err
	}
	s.Model, s.Preset = model, preset
	if recorder == "" { // what it leaves out was not there
		s.Weights = weights
	}
	return applyPreset(set, &s.Options.Settings.Settings, s.Preset, s.Model)
}

// applyPreset sets what flags do not to what a preset has for a network.
func applyPreset(set *pflag.FlagSet, s *catalog.Settings, name, network string) error {
	preset, err := catalog.FindPreset(name)
	if err != nil {
		return err
	}
	given := cli.Given(set)
	*s = preset.Settings(network, catalog.Algorithm(given["algorithm"]))
	return cli.Apply(set, given)
}
