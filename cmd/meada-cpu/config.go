package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

const resumeFlag = "--resume"

// processFlags are the flags of train that a run may go on with, because they do
// not change its result. Data are known by their checksums.
var processFlags = []string{"resume", "data", "cache", "threads", "checkpoint-every", "max-memory", "http", "tensorboard", "quiet", "json"}

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
	given := cli.Given(set) // by hand: choose adds what is recorded
	if s.config != "" && s.Preset != "" {
		return cli.UsageError("--config %s and --preset %s: the recorded settings take the place of all of a preset's, expected one of them", s.config, s.Preset)
	}
	if err := s.choose(set); err != nil {
		return err
	}
	preset, err := catalog.FindPreset(s.Preset)
	if err != nil {
		return err
	}
	if err := preset.Check(s.Model, cli.Given(set)); err != nil {
		if s.config != "" {
			err = fmt.Errorf("%w; the preset is that of --config %s, without which flags can name one", err, s.config)
		}
		return err
	}
	if err := catalog.CheckFrozen(cli.Given(set)); err != nil {
		return err
	}
	if err := catalog.CheckSchedule(&s.Settings.Settings, given); err != nil {
		return err
	}
	s.unused = s.Unused(given)
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
		if s.Resume != "" { // before a damaged value is taken for the user's
			if err := (&runfolder.Folder{Dir: s.Resume}).CheckConfig(); err != nil {
				return &dataset.Error{Path: flag + " " + s.Resume, Err: fmt.Errorf("%w; to start over with it: meada-cpu train --config %s", err, cli.ShellWord(recorder))}
			}
		}
		given := cli.Given(set)
		catalog.FollowFlags(recorded, given)
		err = forChoices(recorded, given)
		maps.Copy(recorded, given)
		if err := cmp.Or(err, cli.Apply(set, recorded)); err != nil {
			return cli.UsageError("%s %s: %v", flag, recorder, err)
		}
	}
	if s.Dataset == "" {
		preset, err := catalog.FindPreset(cmp.Or(s.Preset, catalog.Presets[0].Name))
		if err != nil {
			return err
		}
		if s.Dataset, err = preset.DatasetOf(s.Data); err != nil {
			return err
		}
	}
	d, err := catalog.FindDataset(s.Dataset)
	if err != nil {
		return err
	}
	model, preset, weights, err := s.chooseNetwork(d)
	if err != nil {
		return err
	}
	s.Model, s.Preset = model, preset
	if recorder == "" { // what it leaves out was not there
		s.Weights = weights
	}
	err = applyPreset(set, &s.Options.Settings.Settings, s.Preset, s.Model, "", s.ImageSize)
	if s.Weights == catalog.RandomWeights {
		s.Weights = ""
	}
	if s.Weights == "" && cli.Given(set)["freeze-bn"] == "" {
		s.FreezeBN = false // random weights have no statistics to keep
	}
	if s.Weights == "" && cli.Given(set)["lr-backbone"] == "" {
		s.LRBackbone = 0 // and no backbone to spare
	}
	return err
}
