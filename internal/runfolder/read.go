package runfolder

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// ReadConfig reads config.json.
func ReadConfig(dir string) (*Config, error) { return readRecord[Config](dir, ConfigFile) }

// ConfigBeside reads config.json of the run in whose folder a file of weights is. It
// returns nil where there is no such file, or it is not a run's: other programs keep
// theirs beside weights under this name. That of a run has a checksum.
func ConfigBeside(weights string) (*Config, error) {
	dir := filepath.Dir(weights)
	members, err := ifThere(readRecord[map[string]any](dir, ConfigFile))
	if errors.As(err, new(*json.UnmarshalTypeError)) { // no object
		return nil, nil
	}
	if err != nil || members == nil {
		return nil, err
	}
	if _, ok := (*members)["config_sha256"].(string); !ok {
		return nil, nil
	}
	return ReadConfig(dir)
}

// ReadSummary reads summary.json. Without one, and if it is not of a complete
// run, it returns nil: the run is not complete.
func ReadSummary(dir string) (*Summary, error) {
	s, err := ifThere(readRecord[Summary](dir, SummaryFile))
	if err != nil || s == nil || !s.Complete {
		return nil, err
	}
	return s, nil
}

// ReadConfusion reads confusion.json. Without one it returns nil.
func ReadConfusion(dir string) (*Confusion, error) {
	return ifThere(readRecord[Confusion](dir, ConfusionFile))
}

// Complete reports whether the run in a folder is complete.
func Complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, SummaryFile))
	return err == nil
}

// Unfinished returns the config of the run in a folder if it has begun and is
// not complete, so that it can be resumed, else nil.
func Unfinished(dir string) (*Config, error) {
	if Complete(dir) {
		return nil, nil
	}
	return ifThere(ReadConfig(dir))
}

func readRecord[T any](dir, name string) (*T, error) {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	record := new(T)
	if err := json.Unmarshal(text, record); err != nil {
		return nil, &dataset.Error{Path: path, Err: err}
	}
	return record, nil
}

// ifThere forgives that a file does not exist.
func ifThere[T any](record *T, err error) (*T, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return record, err
}

// ReadMetrics yields the lines of metrics.jsonl until an error. What follows the
// last end of a line is being written and left out, and so are lines of a type
// that only later versions know.
func ReadMetrics(dir string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		path := filepath.Join(dir, MetricsFile)
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		for line, err := range DecodeMetrics(f) {
			if err != nil {
				err = &dataset.Error{Path: path, Err: err}
			}
			if !yield(line, err) {
				return
			}
		}
	}
}

// DecodeMetrics is ReadMetrics of what r yields.
func DecodeMetrics(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		lines := bufio.NewReader(r)
		for number := 1; ; number++ {
			text, err := lines.ReadBytes('\n')
			if err == io.EOF {
				return
			}
			var line Line
			if err == nil {
				line, err = decodeLine(text)
			}
			if err != nil {
				yield(nil, fmt.Errorf("line %d: %w", number, err))
				return
			}
			if line != nil && !yield(line, nil) {
				return
			}
		}
	}
}

// SampleRecord is a Sample and the path of its picture.
type SampleRecord struct {
	Sample
	Path, Picture string
}

// ReadSamples reads the samples of a run's phases, in their order.
func ReadSamples(dir string) ([]SampleRecord, error) {
	folder := filepath.Join(dir, SampleFolder)
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []SampleRecord
	for _, e := range entries {
		name, isRecord := strings.CutSuffix(e.Name(), ".json")
		if !isRecord || !strings.HasPrefix(name, "phase-") {
			continue
		}
		s, err := readRecord[Sample](folder, e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, SampleRecord{*s, filepath.Join(folder, e.Name()), filepath.Join(folder, name+".png")})
	}
	slices.SortFunc(all, func(a, b SampleRecord) int { return cmp.Compare(a.Phase, b.Phase) })
	return all, nil
}

// CheckSample returns an error if a phase's sample cannot be read.
func CheckSample(dir string, phase int) error {
	name := fmt.Sprintf("phase-%d", phase)
	if _, err := readRecord[Sample](filepath.Join(dir, SampleFolder), name+".json"); err != nil {
		return err
	}
	path := filepath.Join(dir, SampleFolder, name+".png")
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		return &dataset.Error{Path: path, Err: err}
	}
	return nil
}

// Setting is a setting's name in config.json and its value.
type Setting struct{ Name, Value string }

// ReadSettings lists the members of config.json that are neither objects nor
// arrays, in their order.
func ReadSettings(dir string) ([]Setting, error) {
	path := filepath.Join(dir, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, err := plainValues(text)
	if err != nil {
		return nil, &dataset.Error{Path: path, Err: err}
	}
	return list, nil
}

func plainValues(object []byte) ([]Setting, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil { // {
		return nil, err
	}
	var list []Setting
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		switch value[0] {
		case '{', '[', 'n':
		case '"':
			var text string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, err
			}
			list = append(list, Setting{fmt.Sprint(name), text})
		default:
			list = append(list, Setting{fmt.Sprint(name), string(value)})
		}
	}
	return list, nil
}

// WeightsFile returns the file of weights that a path means: the path itself, or of a
// run folder the weights that were chosen on the source's own tests, else those at the
// end of the run, else the best so far.
func WeightsFile(path string) (string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path, nil // whoever reads it reports what is wrong
	}
	names := []string{ValidatedFile, LastFile, BestFile}
	for _, name := range names {
		file := filepath.Join(path, name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", &dataset.Error{Path: path, Err: fmt.Errorf("a folder without weights, expected one of %s", strings.Join(names, ", "))}
}

// ConfigFileOf returns the config.json that a path means: the path itself, or that of a
// run folder.
func ConfigFileOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, ConfigFile)
	}
	return path
}

// Expand returns the folders of runs that folders stand for: one that is no run folder
// stands for those in it, if there are some.
func Expand(folders []string) ([]string, error) {
	var all []string
	for _, dir := range folders {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &dataset.Error{Path: dir, Err: errors.New("there is no such folder")}
		} else if err != nil {
			return nil, &dataset.Error{Path: dir, Err: errors.Unwrap(err)}
		}
		isRun := func(dir string) bool {
			path := filepath.Join(dir, ConfigFile)
			if _, err := os.Stat(path); err != nil {
				return false
			}
			config, err := ConfigBeside(path)
			return config != nil || err != nil // a damaged one is told when it is read
		}
		var below []string
		for _, e := range entries {
			if inner := filepath.Join(dir, e.Name()); isRun(inner) {
				below = append(below, inner)
			}
		}
		if isRun(dir) || len(below) == 0 {
			below = []string{dir}
		}
		all = append(all, below...)
	}
	return all, nil
}
