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
	Source      string `json:"source,omitempty"` // domain of PACS
	Target      string `json:"target,omitempty"` // domain of PACS
	Corruptions string `json:"corruptions,omitempty"`
	TestImages  int    `json:"test_images,omitempty"` // of each test set, 0 for all
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
	if i.Corruptions == "" {
		i.Corruptions = d.usualCorruptions(i.Data)
	}
	return i.checkDomains(d)
}

func (i *Images) checkDomains(d *Dataset) error {
	chosen := [][2]string{{"source", i.Source}, {"target", i.Target}}
	for _, c := range chosen {
		name, value := c[0], c[1]
		if value != "" && len(d.Domains) == 0 {
			return cli.UsageError("--%s %s: only pacs has domains to choose from", name, value)
		}
	}
	if i.Source != "" && i.Target != "" {
		return cli.UsageError("--source %s and --target %s: expected one of them", i.Source, i.Target)
	}
	if len(d.Domains) > 0 && i.Source == "" && i.Target == "" {
		i.Source = d.Domains[0]
	}
	return nil
}

// Load reads the images that settings ask for after Check, side pixels wide and
// high, those of the test sets too. The engine makes corrupted ones.
func (i *Images) Load(engine *tensor.Engine, side int) (*dataset.Task, error) {
	d, err := FindDataset(i.Dataset)
	if err != nil {
		return nil, err
	}
	task, err := d.read(i, side)
	if err != nil {
		return nil, i.howToGet(err)
	}
	if i.TestImages > 0 {
		for n := range task.Domains {
			task.Domains[n].Images = task.Domains[n].Subsample(i.TestImages)
		}
	}
	if err := i.corrupt(task, engine, side); err != nil {
		return nil, err
	}
	if len(task.Domains) == 0 {
		return nil, &dataset.Error{Path: i.Data, Err: fmt.Errorf("no test set found, looked for %s", strings.Join(task.Absent, ", "))}
	}
	return task, nil
}

// corrupt adds the corrupted versions of the source's own test set.
func (i *Images) corrupt(task *dataset.Task, engine *tensor.Engine, side int) error {
	switch i.Corruptions {
	case NoCorruptions:
		return nil
	case OnTheFly:
		own := slices.IndexFunc(task.Domains, func(d dataset.Domain) bool { return d.Source })
		if own < 0 {
			return &dataset.Error{Path: i.Data, Err: errors.New("the source's own test set is not there to be corrupted, use --corruptions none")}
		}
		suite := corrupt.NewSuite(engine, side, side, CorruptionSeed, nil)
		task.Domains = append(task.Domains, dataset.Corrupt(task.Domains[own].Images, suite)...)
		return nil
	}
	c, err := dataset.OpenCorruptions(i.Corruptions, len(task.Classes))
	if err != nil {
		return err
	}
	n := i.TestImages
	if n == 0 {
		n = math.MaxInt
	}
	domains, err := c.Domains(side, side, n)
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
