package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Run is what a run folder says so far. Accuracies are fractions.
type Run struct {
	Dir     string
	Config  config
	Summary *summary // nil until the run is complete

	Descent   []descent
	Phases    []phase
	Tests     []test
	Samples   []sample
	Confusion *Confusion
}

// config is the part of config.json that has a place of its own on the page.
type config struct {
	Algorithm string `json:"algorithm"`
	Dataset   string `json:"dataset"`
	Model     string `json:"model"`
	Seed      uint64 `json:"seed"`
	Steps     int    `json:"steps"`
	Threads   int    `json:"threads"`
	Version   string `json:"version"`
	Go        string `json:"go"`
	System    string `json:"system"`
	CPU       string `json:"cpu"`
	SIMD      string `json:"simd"`
	Command   string `json:"command"`
	Started   string `json:"started"`

	Classes []string `json:"class_names"`
	Domains []domain `json:"domains"`
	Absent  []string `json:"absent_domains"`
	Sets    map[string]struct {
		Images int    `json:"images"`
		SHA256 string `json:"sha256"`
	} `json:"data_checksums"`

	settings []setting // all of the file's plain values
}

type domain struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	Source bool   `json:"source"`
}

// setting is a plain value of config.json.
type setting struct{ Name, Value string }

// summary is the part of summary.json that metrics.jsonl does not tell.
type summary struct {
	Seconds struct {
		Total    float64 `json:"total"`
		Minimise float64 `json:"minimise"`
		Maximise float64 `json:"maximise"`
		Evaluate float64 `json:"evaluate"`
	} `json:"seconds"`
	Rate struct {
		Minimise float64 `json:"minimise"`
		Maximise float64 `json:"maximise"`
	} `json:"images_per_second"`
	PeakRSS int64 `json:"peak_rss_bytes"`
}

// The lines of metrics.jsonl.
type (
	descent struct {
		Step     int     `json:"step"`
		Loss     float64 `json:"loss"`
		Accuracy float64 `json:"accuracy"`
		Rate     float64 `json:"images_per_second"`
	}
	phase struct {
		Step         int     `json:"step"`
		Phase        int     `json:"phase"`
		Images       int     `json:"images"`
		CrossEntropy float64 `json:"cross_entropy"`
		Entropy      float64 `json:"entropy"`
		Distance     float64 `json:"distance"`
		Rate         float64 `json:"images_per_second"`
		Seconds      float64 `json:"seconds"`
	}
	test struct {
		Step        int                  `json:"step"`
		Accuracy    map[string]float64   `json:"accuracy"`
		Corruptions map[string][]float64 `json:"corruptions"` // by severity
		PeakRSS     int64                `json:"peak_rss_bytes"`
		Seconds     float64              `json:"seconds"`
	}
)

// sample is a Sample with the pictures beside it.
type sample struct {
	Sample
	picture image.Image
}

// average is the name under which the mean over the targets is recorded.
const average = "average"

// Load reads a run folder, of a complete run or of one under way.
func Load(dir string) (*Run, error) {
	r := &Run{Dir: dir}
	if err := r.readConfig(); err != nil {
		return nil, err
	}
	if err := r.readMetrics(); err != nil {
		return nil, err
	}
	if err := optional(readJSON(r.path("summary.json"), &r.Summary)); err != nil {
		return nil, err
	}
	if err := optional(readJSON(r.path(ConfusionFile), &r.Confusion)); err != nil {
		return nil, err
	}
	return r, r.readSamples()
}

func (r *Run) path(name string) string { return filepath.Join(r.Dir, name) }

// optional forgives that a file is not there.
func optional(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (r *Run) readConfig() error {
	path := r.path("config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &r.Config); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if r.Config.settings, err = plainValues(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// plainValues lists the members of a JSON object that are neither objects nor
// arrays, in their order.
func plainValues(object []byte) ([]setting, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil { // {
		return nil, err
	}
	var list []setting
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
			list = append(list, setting{fmt.Sprint(name), text})
		default:
			list = append(list, setting{fmt.Sprint(name), string(value)})
		}
	}
	return list, nil
}

// readMetrics reads metrics.jsonl. A last line without an end is one that is
// being written.
func (r *Run) readMetrics() error {
	path := r.path("metrics.jsonl")
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = r.readLine(line)
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", path, number, err)
		}
	}
}

func (r *Run) readLine(line []byte) error {
	var kind struct{ Type string }
	if err := json.Unmarshal(line, &kind); err != nil {
		return err
	}
	switch kind.Type {
	case "train":
		return appendLine(&r.Descent, line)
	case "maximise":
		return appendLine(&r.Phases, line)
	case "evaluate":
		return appendLine(&r.Tests, line)
	}
	return nil // of a later version
}

func appendLine[L any](list *[]L, line []byte) error {
	var l L
	err := json.Unmarshal(line, &l)
	*list = append(*list, l)
	return err
}

func (r *Run) readSamples() error {
	paths, err := filepath.Glob(filepath.Join(globQuoted(r.Dir), SampleFolder, "phase-*.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		var s sample
		if err := readJSON(path, &s.Sample); err != nil {
			return err
		}
		n := len(s.Labels)
		for _, p := range []Predictions{s.Source, s.Adversarial} {
			if len(p.Classes) != n || len(p.Entropy) != n {
				return fmt.Errorf("%s: %d labels but %d classes and %d entropies", path, n, len(p.Classes), len(p.Entropy))
			}
		}
		path = path[:len(path)-len(".json")] + ".png"
		if s.picture, err = readPNG(path); err != nil {
			return err
		}
		if s.Width < 1 || s.shown() > n {
			return fmt.Errorf("%s: %d pixels wide, expected at most %d images of %d", path, s.picture.Bounds().Dx(), n, s.Width)
		}
		r.Samples = append(r.Samples, s)
	}
	slices.SortFunc(r.Samples, func(a, b sample) int { return cmp.Compare(a.Phase, b.Phase) })
	return nil
}

// shown returns the number of images in the picture.
func (s *sample) shown() int { return s.picture.Bounds().Dx() / s.Width }

// globQuoted returns the pattern that matches a path alone.
func globQuoted(path string) string {
	var b []byte
	for i := range len(path) {
		if c := path[i]; c == '*' || c == '?' || c == '[' {
			b = append(b, '[', c, ']')
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func readPNG(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	config, err := png.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if config.Width > maxPixels/config.Height {
		return nil, fmt.Errorf("%s: %dx%d pixels, at most %d expected", path, config.Width, config.Height, maxPixels)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return picture, nil
}

// maxPixels bounds the size of a picture. That of a run on images of 1024 x 1024
// has half as many.
const maxPixels = 1 << 24

// corrupted says whether a domain is one of corrupted images.
func (r *Run) corrupted(name string) bool {
	return len(r.Tests) > 0 && r.Tests[0].Corruptions[name] != nil
}

// averageName says what the average is over.
func (r *Run) averageName() string {
	for _, d := range r.domains() {
		if !d.Source {
			return "average of targets"
		}
	}
	if len(r.Tests) > 0 && len(r.Tests[0].Corruptions) > 0 {
		return "average of corruptions"
	}
	return average
}

// domains lists what is tested, corrupted images apart: the targets, then the
// source's own test sets.
func (r *Run) domains() []domain {
	list := slices.DeleteFunc(slices.Clone(r.Config.Domains), func(d domain) bool { return r.corrupted(d.Name) })
	if r.Config.Domains == nil && len(r.Tests) > 0 { // a folder older than the list
		for _, name := range slices.Sorted(maps.Keys(r.Tests[0].Accuracy)) {
			if name != average {
				list = append(list, domain{Name: name})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b domain) int {
		switch {
		case a.Source == b.Source:
			return 0
		case b.Source:
			return -1
		}
		return 1
	})
	return list
}

// pick returns the test with the largest score, nil without any test. later says
// which of equal ones.
func (r *Run) pick(score func(*test) float64, later bool) *test {
	var best *test
	for i := range r.Tests {
		if t := &r.Tests[i]; best == nil || score(t) > score(best) || later && score(t) == score(best) {
			best = t
		}
	}
	return best
}

// last returns the last test.
func (r *Run) last() *test {
	if len(r.Tests) == 0 {
		return nil
	}
	return &r.Tests[len(r.Tests)-1]
}

// peeked returns the test that was best on the targets.
func (r *Run) peeked() *test {
	return r.pick(func(t *test) float64 { return t.Accuracy[average] }, false)
}

// validated returns the test that was best on the source's own test sets, of equal
// ones the last as train chooses it, nil where there are none.
func (r *Run) validated() *test {
	var sources []string
	for _, d := range r.Config.Domains {
		if d.Source {
			sources = append(sources, d.Name)
		}
	}
	if sources == nil {
		return nil
	}
	return r.pick(func(t *test) float64 {
		sum := 0.0
		for _, name := range sources {
			sum += t.Accuracy[name]
		}
		return sum
	}, true)
}

// steps returns the descent steps that are known to be done.
func (r *Run) steps() int {
	n := 0
	if len(r.Descent) > 0 {
		n = r.Descent[len(r.Descent)-1].Step + 1
	}
	if len(r.Tests) > 0 {
		n = max(n, r.last().Step+1)
	}
	return n
}

// seconds returns how long the run took, or had taken at its last test or phase.
func (r *Run) seconds() float64 {
	if r.Summary != nil {
		return r.Summary.Seconds.Total
	}
	s := 0.0
	if len(r.Tests) > 0 {
		s = r.last().Seconds
	}
	if len(r.Phases) > 0 {
		s = max(s, r.Phases[len(r.Phases)-1].Seconds)
	}
	return s
}

// peakRSS returns the largest resident size known, in bytes.
func (r *Run) peakRSS() int64 {
	if r.Summary != nil {
		return r.Summary.PeakRSS
	}
	if len(r.Tests) > 0 {
		return r.last().PeakRSS
	}
	return 0
}

// pool returns the number of training images after the first phases.
func (r *Run) pool(phases int) int {
	n := r.Config.Sets["train"].Images
	for _, p := range r.Phases[:phases] {
		n += p.Images
	}
	return n
}
