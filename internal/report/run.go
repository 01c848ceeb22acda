package report

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Run is what a run folder holds so far. Accuracies are fractions.
type Run struct {
	Dir     string
	label   string // what tells it from the others that it is compared with
	Config  *runfolder.Config
	Summary *runfolder.Summary // nil until the run is complete

	Descent   []runfolder.Minimise
	Phases    []runfolder.Maximise
	Tests     []runfolder.Evaluate
	Samples   []sample
	Confusion *runfolder.Confusion

	settings []runfolder.Setting
	mistakes image.Image // nil without
}

// sample is a Sample and its picture.
type sample struct {
	runfolder.Sample
	picture image.Image
}

// Write writes the page about the run in a folder into it.
func Write(dir string) error {
	run, err := Load(dir)
	if err != nil {
		return err
	}
	return run.WriteFile(filepath.Join(dir, runfolder.ReportFile))
}

// Load reads a run folder, of a complete run or of one under way.
func Load(dir string) (*Run, error) {
	r := &Run{Dir: dir}
	var err error
	if r.Config, err = runfolder.ReadConfig(dir); err != nil {
		return nil, err
	}
	if r.Config.K < 0 {
		return nil, &dataset.Error{Path: filepath.Join(dir, runfolder.ConfigFile), Err: fmt.Errorf("k is %d, expected 0 or more", r.Config.K)}
	}
	if r.settings, err = runfolder.ReadSettings(dir); err != nil {
		return nil, err
	}
	if r.Summary, err = runfolder.ReadSummary(dir); err != nil {
		return nil, err
	}
	if err := r.readMetrics(); err != nil {
		return nil, err
	}
	if r.Confusion, err = runfolder.ReadConfusion(dir); err != nil {
		return nil, err
	}
	if err := r.readMistakes(); err != nil {
		return nil, err
	}
	return r, r.readSamples()
}

// beginning reports whether there is nothing of the run yet but its settings.
func (r *Run) beginning() bool {
	entries, err := os.ReadDir(r.Dir)
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return e.Name() != runfolder.ConfigFile && e.Name() != runfolder.LockFile
	})
}

func (r *Run) readMetrics() error {
	for line, err := range runfolder.ReadMetrics(r.Dir) {
		if errors.Is(err, fs.ErrNotExist) && r.beginning() {
			return nil
		}
		if err != nil {
			return err
		}
		switch l := line.(type) {
		case runfolder.Minimise:
			r.Descent = append(r.Descent, l)
		case runfolder.Maximise:
			r.Phases = append(r.Phases, l)
		case runfolder.Evaluate:
			r.Tests = append(r.Tests, l)
		}
	}
	return nil
}

func (r *Run) readSamples() error {
	records, err := runfolder.ReadSamples(r.Dir)
	if err != nil {
		return err
	}
	for _, record := range records {
		s := sample{Sample: record.Sample}
		n := len(s.Labels)
		for _, p := range []runfolder.Predictions{s.Source, s.Adversarial} {
			if len(p.Classes) != n || len(p.Entropy) != n {
				return &dataset.Error{Path: record.Path, Err: fmt.Errorf("%d labels but %d classes and %d entropies", n, len(p.Classes), len(p.Entropy))}
			}
		}
		if s.picture, err = readPNG(record.Picture); err != nil {
			return err
		}
		if s.Width < 1 || s.shown() > n {
			return &dataset.Error{Path: record.Picture, Err: fmt.Errorf("%d pixels wide, expected at most %d images of %d", s.picture.Bounds().Dx(), n, s.Width)}
		}
		r.Samples = append(r.Samples, s)
	}
	return nil
}

// shown returns the number of images in the picture.
func (s *sample) shown() int { return s.picture.Bounds().Dx() / s.Width }

func readPNG(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	config, err := png.DecodeConfig(f)
	if err != nil {
		return nil, &dataset.Error{Path: path, Err: err}
	}
	if config.Width > runfolder.MaxPixels/config.Height {
		return nil, &dataset.Error{Path: path, Err: fmt.Errorf("%dx%d pixels, at most %d expected", config.Width, config.Height, runfolder.MaxPixels)}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, err := png.Decode(f)
	if err != nil {
		return nil, &dataset.Error{Path: path, Err: err}
	}
	return picture, nil
}

// HidePaths takes absolute paths out of what the page and the metrics show, for a page
// that others can see: of a setting, of a file that was not found and of a picture the last
// element is left, and the command is left out if it has any.
func (r *Run) HidePaths() {
	config := *r.Config
	r.Config = &config
	if absolutePath.MatchString(config.Command) {
		config.Command = ""
	}
	config.Absent = slices.Clone(config.Absent)
	for i, text := range config.Absent {
		if at := absolutePath.FindStringSubmatchIndex(text); at != nil {
			begin := at[3] // behind the group, where the path begins
			config.Absent[i] = text[:begin] + filepath.Base(filepath.FromSlash(text[begin:]))
		}
	}
	for i, s := range r.settings {
		switch {
		case s.Name == "command":
			r.settings[i].Value = config.Command
		case absolutePath.MatchString(s.Value):
			r.settings[i].Value = filepath.Base(filepath.FromSlash(s.Value))
		}
	}
	if r.Confusion == nil {
		return
	}
	for i := range r.Confusion.Tests {
		mistakes := r.Confusion.Tests[i].Mistakes
		for n := range mistakes {
			if mistakes[n].File != "" {
				mistakes[n].File = filepath.Base(mistakes[n].File)
			}
		}
	}
}

// absolutePath finds the beginning of absolute paths, of Windows too, behind a group. Where
// they end is not known: there may be spaces in them.
var absolutePath = regexp.MustCompile(`(^|[\s='"(,;:])(?:[A-Za-z]:[\\/]|\\\\|/)[^\s'",;)]`)

// averageName names the average by what it is over.
func (r *Run) averageName() string {
	if r.hasTargets() {
		return "average of targets"
	}
	if len(r.Tests) > 0 && len(r.Tests[0].Corruptions) > 0 {
		return "average of corruptions"
	}
	return sourceAverage
}

// sourceAverage is the average's name where there is nothing but the source.
const sourceAverage = "average"

// hasTargets reports whether the run is tested on domains that it is not trained on.
func (r *Run) hasTargets() bool {
	return slices.ContainsFunc(r.Config.Domains, func(d runfolder.Domain) bool { return !d.Source })
}

// hasAverage reports whether there are targets or corruptions to average over.
func (r *Run) hasAverage() bool { return r.averageName() != sourceAverage }

// domains lists what is tested, corrupted images apart: the targets, then the
// source's own test sets.
func (r *Run) domains() []runfolder.Domain {
	list := slices.Clone(r.Config.Domains)
	order := func(d runfolder.Domain) int {
		if d.Source {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b runfolder.Domain) int { return cmp.Compare(order(a), order(b)) })
	return list
}

// last returns the last test.
func (r *Run) last() *runfolder.Evaluate {
	if len(r.Tests) == 0 {
		return nil
	}
	return &r.Tests[len(r.Tests)-1]
}

// oracle returns the test that was best on the targets.
func (r *Run) oracle() *runfolder.Evaluate {
	for i := len(r.Tests) - 1; i >= 0; i-- {
		if r.Tests[i].Best {
			return &r.Tests[i]
		}
	}
	return nil
}

// validated returns the test that was best on the source, held out or its own test sets,
// nil where there is neither.
func (r *Run) validated() *runfolder.Evaluate {
	var chosen *runfolder.Evaluate
	best := 0.0
	for i := range r.Tests {
		accuracy, ok := r.Tests[i].Accuracy.OnSource(r.Config.Domains)
		if ok && (chosen == nil || runfolder.Validates(accuracy, best)) {
			chosen, best = &r.Tests[i], accuracy
		}
	}
	return chosen
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

// trainingImages returns the size of the training set after the first phases.
func (r *Run) trainingImages(phases int) int {
	n, first := r.Config.Checksums[runfolder.TrainingSet].Images, 0
	switch c := r.Config; {
	case c.Transforms() && c.KeepSource:
		first = max(0, phases-c.K)
	case c.Transforms() && phases > c.K: // the last K+1 sets, without the source
		n, first = 0, phases-c.K-1
	}
	for _, p := range r.Phases[first:phases] {
		n += p.Images
	}
	return n
}
