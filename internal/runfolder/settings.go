package runfolder

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Check refuses settings that do not go together, and completes those of images.
func (s *Settings) Check() error {
	if err := s.Settings.Check(s.Weights); err != nil {
		return err
	}
	if err := zoo.CheckSide(s.Model, s.ImageSize); err != nil {
		return cli.UsageError("--image-size %d: %v", s.ImageSize, err)
	}
	side := cmp.Or(s.ImageSize, catalog.KindOf(s.Model).Side())
	switch {
	case s.Crop >= side:
		return cli.UsageError("--crop %d: it may shift all of an image out, expected less than its %d pixels", s.Crop, side)
	case s.Cutout > side:
		return cli.UsageError("--cutout %d: expected at most an image's %d pixels", s.Cutout, side)
	}
	return s.Images.Check()
}

// WeightsFile returns the file of the weights to begin with, "" for none.
func (s *Settings) WeightsFile() (string, error) {
	if s.Weights == catalog.Pretrained {
		return catalog.PretrainedWeights(s.Model)
	}
	return WeightsFile(s.Weights)
}

// FileChecksum returns the SHA-256 of a file.
func FileChecksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ofHost are the settings that do not change the result of a run.
var ofHost = []string{"threads", "data", "cache", "checkpoint_every"}

// Differences lists the settings in which two runs differ, such as "k 1 instead
// of 3", apart from those that do not change a result and from except.
func Differences(was, is *Settings, except ...string) ([]string, error) {
	var fields [2]map[string]any
	for i, s := range []*Settings{was, is} {
		var err error
		if fields[i], err = s.fields(); err != nil {
			return nil, err
		}
	}
	var all []string
	keys := maps.Clone(fields[0])
	maps.Copy(keys, fields[1])
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if slices.Contains(except, key) {
			continue
		}
		if a, b := fields[0][key], fields[1][key]; !reflect.DeepEqual(a, b) {
			all = append(all, fmt.Sprintf("%s %s instead of %s", key, orNone(a), orNone(b)))
		}
	}
	return all, nil
}

// fields returns the settings by their names in config.json, but for those that do not
// change the result of a run.
func (s *Settings) fields() (map[string]any, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // seeds have 64 bits
	if err := decoder.Decode(&all); err != nil {
		return nil, err
	}
	for _, key := range ofHost {
		delete(all, key)
	}
	if d, err := catalog.FindDataset(s.Dataset); err == nil && d.Corruptions != "" && s.Corruptions == filepath.Join(s.Data, d.Corruptions) {
		all["corruptions"] = d.Corruptions // which moves with the data
	}
	return all, nil
}

// Text returns the settings that change the result of a run as a JSON object. Of paths
// it has the last element.
func (s *Settings) Text() (string, error) {
	all, err := s.fields()
	if err != nil {
		return "", err
	}
	for _, key := range []string{"weights", "corruptions"} {
		if path, ok := all[key].(string); ok {
			all[key] = filepath.Base(path)
		}
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// FirstDifference returns the first of Differences, "" if there is none.
func FirstDifference(was, is *Settings, except ...string) (string, error) {
	all, err := Differences(was, is, except...)
	if len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// OtherImages returns the first of the sets that two runs trained and were tested on of
// which they have other images, "" if there is none. What the seeds of runs drew of the
// same source, to hold out and to train on, is no difference.
func OtherImages(a, b *Config) string {
	drawn := a.Seed != b.Seed && a.Checksums[train.HeldOut].Images > 0 && a.SourceSum == b.SourceSum
	for _, sums := range []map[string]Checksum{a.Checksums, b.Checksums} {
		for _, name := range slices.Sorted(maps.Keys(sums)) {
			was, is := a.Checksums[name], b.Checksums[name]
			mayDiffer := drawn && (name == TrainingSet || name == train.HeldOut) && a.drawn() == b.drawn()
			if was != is && !mayDiffer {
				return name
			}
		}
	}
	return ""
}

// drawn counts the images that the seed has drawn to be trained on or held out.
func (c *Config) drawn() int {
	return c.Checksums[TrainingSet].Images + c.Checksums[train.HeldOut].Images
}

func orNone(v any) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(v)
}
