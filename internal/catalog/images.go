package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Images are the settings that say which images a run uses.
type Images struct {
	Dataset     string `json:"dataset"`
	Data        string `json:"data,omitempty"`
	Source      string `json:"source,omitempty"` // domains to train on, with commas between
	Target      string `json:"target,omitempty"` // domains to test on
	Corruptions string `json:"corruptions,omitempty"`
	TestImages  int    `json:"test_images,omitempty"` // of each test set, 0 for all

	// Holdout is the share of the training images that is held out for validation. By
	// default, nil, it is a fifth of a source that has no test set, else none.
	Holdout *float64 `json:"holdout,omitempty"`

	SkipBad bool           `json:"skip_bad,omitempty"` // leave out pictures that cannot be read
	Resize  dataset.Resize `json:"resize,omitempty"`   // how pictures become images; "" is dataset.Squash
	Cache   string         `json:"cache,omitempty"`    // folder of decoded pictures, "" for memory
}

// Reading is how a command reads images.
type Reading struct {
	Engine    *tensor.Engine // makes corrupted ones
	Side      int            // height and width
	Seed      uint64         // of what is held out
	TestsOnly bool           // no training images
	Untested  bool           // there need not be anything to test on

	// Whole is told the images before --test-images takes a part of them and some are
	// corrupted; nil for nobody.
	Whole func(*dataset.Task)

	Done <-chan struct{} // once it is closed, pictures are no longer decoded; nil for never

	MaxBytes int64       // that pictures may take in memory: 0 for what the machine has left, -1 for no bound
	Status   *cli.Status // shows how pictures are decoded
}

// Values of Images.Corruptions other than a folder.
const (
	NoCorruptions = "none"
	OnTheFly      = "on-the-fly"
)

// CorruptionSeed is the seed of corruptions made on the fly, and by corrupt
// unless told otherwise.
const CorruptionSeed = 1

// Check refuses settings that do not go together, and completes the others.
func (i *Images) Check() error {
	d, err := FindDataset(i.Dataset)
	if err != nil {
		return err
	}
	switch {
	case d.BuiltIn && i.Data != "":
		return cli.UsageError("--data %s: %s is built in and reads no files", i.Data, d.Name)
	case d.Own && i.Data == "":
		return cli.UsageError("--dataset %s needs --data DIR, the folder with its files", d.Name)
	case !d.BuiltIn && i.Data == "":
		return cli.UsageError("--dataset %s needs --data DIR, the folder with its files; to get them: %s", d.Name, fetchCommand(d.Name, "data"))
	}
	if !d.Pictures && (i.SkipBad || i.Resize != "" || i.Cache != "") {
		return cli.UsageError("--skip-bad, --resize and --cache are for pictures in files, of which %s has none", d.Name)
	}
	if i.Corruptions == "" {
		i.Corruptions = d.usualCorruptions(i.Data)
	}
	return i.checkDomains(d)
}

func (i *Images) checkDomains(d *Dataset) error {
	chosen := [][2]string{{"source", i.Source}, {"target", i.Target}}
	for _, c := range chosen {
		name, value := c[0], c[1]
		if value != "" && len(d.Domains) == 0 && !d.Own {
			return cli.UsageError("--%s %s: %s has no domains to choose from, as pacs and folders of pictures have", name, value, d.Name)
		}
		domains := splitList(value)
		if value != "" && len(domains) == 0 {
			return cli.UsageError("--%s %s: expected domains", name, value)
		}
		for n, domain := range domains {
			if slices.Contains(domains[:n], domain) {
				return cli.UsageError("--%s %s: %s is there twice", name, value, domain)
			}
			if !d.Own && !slices.Contains(d.Domains, domain) {
				return cli.UsageError("--%s %s: expected %s", name, value, strings.Join(d.Domains, ", "))
			}
			if name == "target" && slices.Contains(splitList(i.Source), domain) {
				return cli.UsageError("--source %s and --target %s: %s cannot be both", i.Source, i.Target, domain)
			}
		}
	}
	if len(d.Domains) > 0 && i.Source == "" && i.Target == "" {
		i.Source = d.Domains[0]
	}
	return nil
}

// TrainsOn reports whether a domain is one to train on.
func (i *Images) TrainsOn(domain string) bool {
	if i.Source != "" {
		return slices.Contains(splitList(i.Source), domain)
	}
	return !slices.Contains(splitList(i.Target), domain)
}

// splitList splits the words of a flag at its commas.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// howToFit adds to an error about pictures that the machine has no memory for what helps.
func (r *Reading) howToFit(err error) error {
	if tooLarge := new(dataset.SizeError); r.MaxBytes == 0 && errors.As(err, &tooLarge) {
		return cli.UsageError("%v available; --cache DIR keeps them on the disk instead, and fewer pictures fit", tooLarge)
	}
	return err
}

// howToSkip adds to an error about pictures what goes on without them.
func (i *Images) howToSkip(err error) error {
	if errors.As(err, new(*dataset.PicturesError)) && !i.SkipBad {
		return fmt.Errorf("%w\n--skip-bad goes on without what cannot be read", err)
	}
	return err
}

// Load reads the images that settings ask for after Check.
func (i *Images) Load(r Reading) (*dataset.Task, error) {
	d, err := FindDataset(i.Dataset)
	if err != nil {
		return nil, err
	}
	free, err := i.lockCache(r.Status, r.Done)
	if err != nil {
		return nil, err
	}
	task, err := d.read(i, &r)
	free()
	if err != nil {
		return nil, i.howToGet(i.howToSkip(r.howToFit(err)))
	}
	if share := i.share(task, &r); !d.Own && share > 0 {
		task.HoldOut(share, r.Seed)
	}
	if r.Whole != nil {
		r.Whole(task)
	}
	if i.TestImages > 0 {
		for n := range task.Domains {
			task.Domains[n].Images = task.Domains[n].Subsample(i.TestImages)
		}
		task.Held = task.Held.Subsample(i.TestImages)
	}
	if err := i.corrupt(task, &r); err != nil {
		return nil, err
	}
	if len(task.Domains) == 0 && task.Held.N == 0 && !r.Untested {
		return nil, &dataset.Error{Path: i.Data, Err: i.nothingToTest(task)}
	}
	return task, nil
}

// share returns the share of a task's training images to be held out.
func (i *Images) share(task *dataset.Task, r *Reading) float64 {
	if i.Holdout != nil {
		return *i.Holdout
	}
	if r.TestsOnly || slices.ContainsFunc(task.Domains, func(d dataset.Domain) bool { return d.Source }) {
		return 0
	}
	return dataset.UsualShare
}

// nothingToTest says why there is no test set.
func (i *Images) nothingToTest(task *dataset.Task) error {
	share := dataset.UsualShare
	if i.Holdout != nil {
		share = *i.Holdout
	}
	if task.Layout != "" && task.Source.N > 0 && share > 0 {
		return fmt.Errorf("there is nothing to test on: --holdout %v holds none of %s out, as each class keeps a picture to train on; expected a larger one, more pictures, or a folder test or test-<domain>",
			share, cli.Number(task.Source.N, "training image"))
	}
	if task.Layout != "" {
		return errors.New("there is nothing to test on: use --holdout 0.2 to hold a part of the training images out " +
			"(of those of a run with its --seed too), or add a folder test or test-<domain>")
	}
	return fmt.Errorf("no test set found, looked for %s", strings.Join(task.Absent, ", "))
}

// corrupt adds the corrupted versions of the source's own test set.
func (i *Images) corrupt(task *dataset.Task, r *Reading) error {
	switch i.Corruptions {
	case NoCorruptions:
		return nil
	case OnTheFly:
		own := slices.IndexFunc(task.Domains, func(d dataset.Domain) bool { return d.Source })
		if own < 0 {
			return &dataset.Error{Path: i.Data, Err: errors.New("the source's own test set is not there to be corrupted, use --corruptions none")}
		}
		suite := corrupt.NewSuite(r.Engine, r.Side, r.Side, CorruptionSeed, nil)
		task.Domains = append(task.Domains, dataset.Corrupt(task.Domains[own].Images, suite)...)
		return nil
	}
	c, err := dataset.OpenCorruptions(i.Corruptions, len(task.Classes))
	if err != nil {
		return err
	}
	if i.TestImages == 0 {
		var tests []*dataset.Images
		for n := range task.Domains {
			if d := &task.Domains[n]; d.Source {
				tests = append(tests, &d.Images)
			}
		}
		if err := c.CheckLabels(tests); err != nil {
			return err
		}
	}
	n := i.TestImages
	if n == 0 {
		n = math.MaxInt
	}
	domains, err := c.Domains(r.Side, r.Side, n)
	if err != nil {
		return err
	}
	task.Domains = append(task.Domains, domains...)
	for _, name := range c.Absent {
		task.Absent = append(task.Absent, fmt.Sprintf("%s (%s)", name, filepath.Join(i.Corruptions, name+".npy")))
	}
	return nil
}

// DescribeCorruptions tells which corruptions of a task are tested, and why none.
func (i *Images) DescribeCorruptions(task *dataset.Task) string {
	if i.Corruptions == NoCorruptions {
		if d, err := FindDataset(i.Dataset); err == nil && d.Corruptions != "" {
			return fmt.Sprintf("none (for %s see meada-cpu help data, or --corruptions on-the-fly)", d.Corruptions)
		}
		return NoCorruptions
	}
	count, images := 0, 0
	for n := range task.Domains {
		if task.Domains[n].Severities != nil {
			count, images = count+1, task.Domains[n].N/corrupt.Severities
		}
	}
	return fmt.Sprintf("%s, %d at %d severities of %s images", i.Corruptions, count, corrupt.Severities, cli.Count(images))
}

// howToGet adds to an error about data that are not there the command that gets
// them.
func (i *Images) howToGet(err error) error {
	if sets, unknown := SelectSets([]string{i.Dataset}); !errors.Is(err, fs.ErrNotExist) || unknown != nil || len(sets) == 0 {
		return err
	}
	return fmt.Errorf("%w; to get it: %s", err, fetchCommand(i.Dataset, i.Data))
}

func fetchCommand(name, dir string) string {
	return "meada-cpu data fetch " + cli.ShellWord(name) + " --data " + cli.ShellWord(dir)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
