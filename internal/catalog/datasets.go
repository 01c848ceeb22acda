package catalog

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/dataset/synthetic"
)

// Dataset is images to train and to test on: how they are read, and what goes
// with them.
type Dataset struct {
	Name        string
	What        string
	BuiltIn     bool     // it reads no files
	Own         bool     // it is of the user's own pictures
	Pictures    bool     // its images are picture files of any size
	Sets        []string // names of the published sets that it consists of, if not of one of its own name
	Networks    []Kind   // of networks that it is for
	Usual       string   // its usual network
	Preset      string   // settings made for it, "" for those of the network's kind
	Corruptions string   // the folder of its published corruptions among the data, "" if there are none
	Domains     []string // that Images.Source and Target choose from, the usual source first

	// read reads the training and the test sets.
	read func(i *Images, r *Reading) (*dataset.Task, error)
	// test reads one of the test sets, or the source's own for "".
	test func(dir, domain string, o dataset.PictureOptions) (*dataset.TestSet, error)
}

// The synthetic digits are always the same ones, whatever the seed of a run.
const (
	syntheticSeed  = 1
	syntheticTrain = 2_000
	syntheticTest  = 2_000
)

// pacsDomains begin with the one that runs train on by default.
var pacsDomains = []string{"photo", "art_painting", "cartoon", "sketch"}

// Datasets lists every dataset.
var Datasets = []Dataset{
	{
		Name: "synthetic-digits", What: "built in", BuiltIn: true,
		Networks: []Kind{ForDigits, ForSmall}, Usual: "lenet5", Preset: "synthetic",
		read: func(*Images, *Reading) (*dataset.Task, error) {
			task := synthetic.Digits(syntheticSeed, syntheticTrain, syntheticTest)
			return &task, nil
		},
		test: func(_, domain string, _ dataset.PictureOptions) (*dataset.TestSet, error) {
			images, ok := synthetic.DigitsTest(syntheticSeed, domain, syntheticTest)
			if !ok {
				return nil, cli.UsageError("--domain %s: expected %s", domain, strings.Join(synthetic.DigitsDomains(), ", "))
			}
			return &dataset.TestSet{Images: images}, nil
		},
	},
	{
		Name: "digits", What: "MNIST, tested on four other sets",
		Sets:     []string{"mnist", "svhn", "mnist-m", "syn", "usps"},
		Networks: []Kind{ForDigits, ForSmall}, Usual: "lenet5", Preset: "digits",
		read: func(i *Images, _ *Reading) (*dataset.Task, error) { return dataset.Digits(i.Data) },
	},
	{
		Name: "cifar10", What: "photographs of 10 classes, tested under corruptions",
		Networks: []Kind{ForSmall}, Usual: "wrn", Preset: "cifar10", Corruptions: "CIFAR-10-C",
		read: func(i *Images, _ *Reading) (*dataset.Task, error) { return dataset.CIFAR10(i.Data) },
		test: oneTest("cifar10", dataset.CIFAR10Test),
	},
	{
		Name: "cifar100", What: "photographs of 100 classes, tested under corruptions",
		Networks: []Kind{ForSmall}, Usual: "wrn", Preset: "cifar100", Corruptions: "CIFAR-100-C",
		read: func(i *Images, _ *Reading) (*dataset.Task, error) { return dataset.CIFAR100(i.Data) },
		test: oneTest("cifar100", dataset.CIFAR100Test),
	},
	{
		Name: "pacs", What: "photos, art, cartoons and sketches of 7 classes", Pictures: true,
		Networks: []Kind{ForPictures}, Usual: "resnet18", Preset: "pacs", Domains: pacsDomains,
		read: readPACS,
		test: func(dir, domain string, o dataset.PictureOptions) (*dataset.TestSet, error) {
			if domain == "" {
				domain = pacsDomains[0]
			}
			if !slices.Contains(dataset.PACSDomains, domain) {
				return nil, cli.UsageError("--domain %s: expected %s", domain, strings.Join(dataset.PACSDomains, ", "))
			}
			o.Side = ForPictures.Side()
			return dataset.PACSTest(dir, domain, o)
		},
	},
	{
		Name: "folder", What: "your own pictures", Own: true, Pictures: true,
		Networks: []Kind{ForDigits, ForSmall, ForPictures}, Usual: "lenet5",
		read: func(i *Images, r *Reading) (*dataset.Task, error) {
			o := dataset.FolderOptions{
				PictureOptions: i.pictures(r), Sources: splitList(i.Source), Targets: splitList(i.Target),
				Holdout: dataset.UsualHoldout, Seed: r.Seed, TestsOnly: r.TestsOnly,
			}
			if i.Holdout != nil {
				o.Holdout = *i.Holdout
			}
			return dataset.Folder(i.Data, o)
		},
		test: func(dir, domain string, o dataset.PictureOptions) (*dataset.TestSet, error) {
			if domain == "" {
				domain = "test"
			}
			return dataset.FolderTest(dir, domain, o)
		},
	},
}

// readPACS reads PACS with the domains that were chosen.
func readPACS(i *Images, r *Reading) (*dataset.Task, error) {
	sources, targets := splitList(i.Source), splitList(i.Target)
	if len(sources) == 0 {
		sources = slices.DeleteFunc(slices.Clone(dataset.PACSDomains), func(d string) bool { return slices.Contains(targets, d) })
	}
	task, err := dataset.PACS(i.Data, sources, i.pictures(r))
	if err == nil && len(targets) > 0 {
		task.Domains = slices.DeleteFunc(task.Domains, func(d dataset.Domain) bool { return !d.Source && !slices.Contains(targets, d.Name) })
	}
	return task, err
}

// inferDataset returns the dataset that a folder holds without being told: that of
// people's own pictures.
func inferDataset(data string) (string, error) {
	err := dataset.CheckLayout(data)
	if errors.Is(err, fs.ErrNotExist) {
		err = cli.UsageError("--data %s without --dataset (%s) is for folders of pictures; %v",
			data, strings.Join(DatasetNames(), ", "), err)
	}
	i := slices.IndexFunc(Datasets, func(d Dataset) bool { return d.Own })
	return Datasets[i].Name, err
}

// oneTest reads the test set of a dataset that has one.
func oneTest(name string, read func(dir string) (dataset.Images, error)) func(dir, domain string, o dataset.PictureOptions) (*dataset.TestSet, error) {
	return func(dir, domain string, _ dataset.PictureOptions) (*dataset.TestSet, error) {
		if domain != "" {
			return nil, cli.UsageError("--domain %s: %s has one test set", domain, name)
		}
		images, err := read(dir)
		return &dataset.TestSet{Images: images}, err
	}
}

// DatasetNames lists the names of all datasets.
func DatasetNames() []string {
	var names []string
	for i := range Datasets {
		names = append(names, Datasets[i].Name)
	}
	return names
}

// FindDataset returns the dataset of a name.
func FindDataset(name string) (*Dataset, error) {
	for i := range Datasets {
		if Datasets[i].Name == name {
			return &Datasets[i], nil
		}
	}
	return nil, cli.UsageError("unknown dataset %q, expected %s", name, strings.Join(DatasetNames(), ", "))
}

// ReadTest reads a test set of a dataset, the source's own for "": images of 32
// pixels, for PACS 224. status shows how pictures are decoded.
func (i *Images) ReadTest(domain string, status *cli.Status) (*dataset.TestSet, error) {
	i.Corruptions = NoCorruptions
	if err := i.Check(); err != nil {
		return nil, err
	}
	d, err := FindDataset(i.Dataset)
	if err != nil {
		return nil, err
	}
	if d.test != nil {
		free, err := i.lockCache(status, nil)
		if err != nil {
			return nil, err
		}
		r := Reading{Side: ForSmall.Side(), Status: status}
		read, err := d.test(i.Data, domain, i.pictures(&r))
		free()
		return read, i.howToGet(i.howToSkip(r.howToFit(err)))
	}
	task, err := i.Load(Reading{Side: ForSmall.Side(), TestsOnly: true, Status: status})
	if err != nil {
		return nil, err
	}
	var names []string
	for n := range task.Domains {
		at := &task.Domains[n]
		if at.Name == domain || domain == "" && at.Source {
			return &dataset.TestSet{Images: at.Images, Bad: task.Bad, Clipped: task.Clipped}, nil
		}
		names = append(names, at.Name)
	}
	if domain == "" {
		return nil, &dataset.Error{Path: i.Data, Err: errors.New("the source's own test set is not there, use --domain: " + strings.Join(names, ", "))}
	}
	return nil, cli.UsageError("--domain %s: expected %s", domain, strings.Join(names, ", "))
}

// usualCorruptions returns the folder of a dataset's corruptions if it lies
// among the data.
func (d *Dataset) usualCorruptions(dir string) string {
	if d.Corruptions != "" && isFolder(filepath.Join(dir, d.Corruptions)) {
		return filepath.Join(dir, d.Corruptions)
	}
	return NoCorruptions
}
