package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/dataset/synthetic"
)

// The datasets by name.
const (
	syntheticDigits = "synthetic-digits"
	digits          = "digits"
	cifar10         = "cifar10"
	cifar100        = "cifar100"
	pacs            = "pacs"
	folder          = "folder"
)

var datasets = []string{syntheticDigits, digits, cifar10, cifar100, pacs, folder}

// The synthetic digits are always the same ones, whatever the seed of a run.
const (
	syntheticSeed  = 1
	syntheticTrain = 2_000
	syntheticTest  = 2_000
)

// The sizes of the networks' images.
const (
	smallSide = 32
	largeSide = 224 // of those for pictures
)

// pictureModels are the networks for pictures, the usual one first.
var pictureModels = []string{"alexnet", "efficientnet-lite0", "resnet18", "resnet34", "resnet50"}

// side returns the width and height of a network's images.
func side(model string) int {
	if slices.Contains(pictureModels, model) {
		return largeSide
	}
	return smallSide
}

// models returns the networks that a dataset is for, its usual one first.
func models(dataset string) []string {
	switch dataset {
	case cifar10, cifar100:
		return []string{"wrn", "allconv", "densenet", "resnext"}
	case pacs:
		return pictureModels
	case folder:
		return append([]string{"lenet5", "wrn", "allconv", "densenet", "resnext"}, pictureModels...)
	}
	return []string{"lenet5", "wrn", "allconv", "densenet", "resnext"}
}

// chooseModel returns the network to use with a dataset: the given one, or the
// usual one for "".
func chooseModel(model, dataset string) (string, error) {
	fitting := models(dataset)
	if model == "" {
		return fitting[0], nil
	}
	if !slices.Contains(fitting, model) {
		return "", cli.UsageError("--model %s: --dataset %s takes %s", model, dataset, strings.Join(fitting, ", "))
	}
	return model, nil
}

// imageSettings say which images to use.
type imageSettings runfolder.Images

// Values of Corruptions other than a folder.
const (
	noCorruptions = "none"
	onTheFly      = "on-the-fly"
)

// corruptionSeed is the seed of corruptions made on the fly, the one that
// corrupt has unless told otherwise.
const corruptionSeed = 1

// declare declares the flags for the images.
func (s *imageSettings) declare(f *cli.Flags) {
	cli.Choice(f, &s.Dataset, "dataset", "synthetic-digits, built in, digits, cifar10, cifar100, pacs or folder, your own pictures", datasets...)
	f.Text(&s.Data, "data", "DIR", "where the files of the dataset are")
	cli.Choice(f, &s.Source, "source", "domain of PACS to train on (photo unless --target is given)", dataset.PACSDomains...)
	cli.Choice(f, &s.Target, "target", "domain of PACS to leave out, training on the three others", dataset.PACSDomains...)
}

// declareTests declares the flags for what is tested.
func (s *imageSettings) declareTests(f *cli.Flags) {
	f.Add("corruptions", &cli.Value{
		Kind:     "WHAT",
		Read:     func(text string) error { s.Corruptions = text; return nil },
		Show:     func() string { return s.Corruptions },
		Complete: cli.Words(noCorruptions, onTheFly),
		OrFile:   true,
	}, "corrupted versions of the source's own test set: none, on-the-fly, or a folder as of CIFAR-10-C; by default "+
		"CIFAR-10-C or CIFAR-100-C in --data if it is there, else none")
	f.Integer(&s.TestImages, "test-images", 1, "only N images of each test set, spread evenly over it")
}

// check refuses settings that do not go together, and completes the others.
func (s *imageSettings) check() error {
	if s.Dataset == syntheticDigits && s.Data != "" {
		return cli.UsageError("--data %s: %s is built in and reads no files", s.Data, s.Dataset)
	}
	if s.Dataset != syntheticDigits && s.Data == "" {
		text := fmt.Sprintf("--dataset %s needs --data DIR, the folder with its files", s.Dataset)
		if s.Dataset != folder {
			text += "; to get them: " + fetchCommand(s.Dataset, "data")
		}
		return cli.UsageError("%s", text)
	}
	if s.Corruptions == "" {
		s.Corruptions = s.usualCorruptions()
	}
	if s.Dataset == pacs {
		if s.Source != "" && s.Target != "" {
			return cli.UsageError("--source %s and --target %s: expected one of them", s.Source, s.Target)
		}
		if s.Target == "" && s.Source == "" {
			s.Source = "photo"
		}
		return nil
	}
	for name, value := range map[string]string{"source": s.Source, "target": s.Target} {
		if value != "" {
			return cli.UsageError("--%s %s: only pacs has domains to choose from", name, value)
		}
	}
	return nil
}

// loadData reads a dataset as train does, without corruptions.
func loadData(name, dir string, side int) (*dataset.Task, error) {
	s := imageSettings{Dataset: name, Data: dir, Corruptions: noCorruptions}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.load(nil, side)
}

// load reads the images, side pixels wide and high, those of the test sets too.
// The engine makes corrupted ones.
func (s *imageSettings) load(engine *tensor.Engine, side int) (*dataset.Task, error) {
	b, err := s.read(side)
	if err != nil {
		return nil, howToGet(err, s.Dataset, s.Data)
	}
	if s.TestImages > 0 {
		for i := range b.Domains {
			b.Domains[i].Images = b.Domains[i].Spread(s.TestImages)
		}
	}
	if err := s.corrupt(b, engine, side); err != nil {
		return nil, err
	}
	if len(b.Domains) == 0 {
		return nil, &dataset.Error{Path: s.Data, Err: fmt.Errorf("no test set found, looked for %s", strings.Join(b.Absent, ", "))}
	}
	return b, nil
}

func (s *imageSettings) read(side int) (*dataset.Task, error) {
	switch s.Dataset {
	case digits:
		return dataset.Digits(s.Data)
	case cifar10:
		return dataset.CIFAR10(s.Data)
	case cifar100:
		return dataset.CIFAR100(s.Data)
	case folder:
		return dataset.Folder(s.Data, side)
	case pacs:
		sources := []string{s.Source}
		if s.Target != "" {
			sources = slices.DeleteFunc(slices.Clone(dataset.PACSDomains), func(d string) bool { return d == s.Target })
		}
		return dataset.PACS(s.Data, sources, side)
	}
	b := synthetic.Digits(syntheticSeed, syntheticTrain, syntheticTest)
	return &b, nil
}

// corrupt adds the corrupted versions of the source's own test set.
func (s *imageSettings) corrupt(b *dataset.Task, engine *tensor.Engine, side int) error {
	if s.Corruptions == noCorruptions {
		return nil
	}
	if s.Corruptions == onTheFly {
		i := slices.IndexFunc(b.Domains, func(d dataset.Domain) bool { return d.Source })
		if i < 0 {
			return &dataset.Error{Path: s.Data, Err: errors.New("the source's own test set is not there to be corrupted, use --corruptions none")}
		}
		suite := corrupt.NewSuite(engine, side, side, corruptionSeed, nil)
		b.Domains = append(b.Domains, dataset.Corrupt(b.Domains[i].Images, suite)...)
		return nil
	}
	c, err := dataset.OpenCorruptions(s.Corruptions, len(b.Classes))
	if err != nil {
		return err
	}
	n := s.TestImages
	if n == 0 {
		n = math.MaxInt
	}
	domains, err := c.Domains(side, side, n)
	if err != nil {
		return err
	}
	b.Domains = append(b.Domains, domains...)
	for _, name := range c.Absent {
		b.Absent = append(b.Absent, fmt.Sprintf("%s (%s)", name, filepath.Join(s.Corruptions, name+".npy")))
	}
	return nil
}

// usualCorruptions returns the folder of a dataset's corruptions if it lies
// among the data.
func (s *imageSettings) usualCorruptions() string {
	if name := corruptionFolder(s.Dataset); name != "" {
		path := filepath.Join(s.Data, name)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
	}
	return noCorruptions
}

// corruptionFolder returns the name of the published corruptions of a dataset,
// "" if there are none.
func corruptionFolder(dataset string) string {
	switch dataset {
	case cifar10:
		return "CIFAR-10-C"
	case cifar100:
		return "CIFAR-100-C"
	}
	return ""
}

// labelBytes returns labels as bytes and reports whether all of them fit.
func labelBytes(labels []uint16) (narrow []uint8, ok bool) {
	narrow = make([]uint8, len(labels))
	for i, label := range labels {
		narrow[i] = uint8(label)
		if label > math.MaxUint8 {
			return nil, false
		}
	}
	return narrow, true
}

// labelArray returns labels as an array of uint8, or of int64 where some don't
// fit.
func labelArray(labels []uint16) npy.Array {
	a := npy.Array{Shape: []int{len(labels)}}
	narrow, ok := labelBytes(labels)
	if ok {
		a.Bytes = narrow
		return a
	}
	a.Int64 = make([]int64, len(labels))
	for i, label := range labels {
		a.Int64[i] = int64(label)
	}
	return a
}

// checksums returns those of the training set and of every domain.
func checksums(b *dataset.Task) map[string]runfolder.Checksum {
	sum := func(s *dataset.Images) runfolder.Checksum {
		h := sha256.New()
		h.Write(s.Data)
		if labels, ok := labelBytes(s.Labels); ok {
			h.Write(labels)
		} else {
			_ = binary.Write(h, binary.LittleEndian, s.Labels) // a hash takes everything
		}
		return runfolder.Checksum{Images: s.N, SHA256: hex.EncodeToString(h.Sum(nil))}
	}
	sums := map[string]runfolder.Checksum{runfolder.TrainingSet: sum(&b.Source)}
	for i := range b.Domains {
		if d := &b.Domains[i]; d.Severities == nil { // the others are too many, or made of these
			sums[d.Name] = sum(&d.Images)
		}
	}
	return sums
}

// describeDomains lists the test sets with their sizes.
func describeDomains(b *dataset.Task) string {
	var list []string
	for i := range b.Domains {
		d := &b.Domains[i]
		if d.Severities != nil {
			continue
		}
		text := d.Name + " " + cli.Count(d.N)
		if d.Source {
			text += " (source)"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// describeCorruptions says which corruptions are tested, and why none.
func (s *imageSettings) describeCorruptions(b *dataset.Task) string {
	if s.Corruptions == noCorruptions {
		if folder := corruptionFolder(s.Dataset); folder != "" {
			return fmt.Sprintf("none (for %s see meada-cpu help data, or --corruptions on-the-fly)", folder)
		}
		return noCorruptions
	}
	count, images := 0, 0
	for i := range b.Domains {
		if b.Domains[i].Severities != nil {
			count, images = count+1, b.Domains[i].N/corrupt.Severities
		}
	}
	return fmt.Sprintf("%s, %d at %d severities of %s images", s.Corruptions, count, corrupt.Severities, cli.Count(images))
}

// accuracies returns the record of a test's accuracies. Those on corrupted
// images have one of their own.
func accuracies(domains []dataset.Domain, accuracy []float64) *runfolder.Accuracy {
	a := &runfolder.Accuracy{Average: train.Average(domains, accuracy), Step: runfolder.NoStep}
	for i := range domains {
		if domains[i].Severities == nil {
			a.Domains = append(a.Domains, runfolder.DomainAccuracy{Name: domains[i].Name, Value: accuracy[i]})
		}
	}
	return a
}

// column is a column of a table of accuracies.
type column struct {
	title    string
	accuracy *runfolder.Accuracy
}

// printAccuracies prints accuracies in per cent: the targets, their average,
// then the source's own test set. Corruptions have a table of their own.
func printAccuracies(w io.Writer, domains []dataset.Domain, columns ...column) {
	row := func(title string, value func(*runfolder.Accuracy) float64) {
		fmt.Fprintf(w, "%-20s", title)
		for _, c := range columns {
			fmt.Fprintf(w, " %12s", cli.Percent(value(c.accuracy)))
		}
		fmt.Fprintln(w)
	}
	of := func(domain string) func(*runfolder.Accuracy) float64 {
		return func(a *runfolder.Accuracy) float64 { value, _ := a.Of(domain); return value }
	}
	fmt.Fprintf(w, "%-20s", "")
	for _, c := range columns {
		fmt.Fprintf(w, " %12s", c.title)
	}
	fmt.Fprintln(w)
	for i := range domains {
		if !domains[i].Source && domains[i].Severities == nil {
			row(domains[i].Name, of(domains[i].Name))
		}
	}
	row("average", func(a *runfolder.Accuracy) float64 { return a.Average })
	for i := range domains {
		if domains[i].Source {
			row(domains[i].Name+" (source)", of(domains[i].Name))
		}
	}
}

// robustness returns the accuracies on corrupted images, nil if there are none.
func robustness(domains []dataset.Domain, severities [][]float64) train.Robustness {
	var r train.Robustness
	for i := range domains {
		if domains[i].Severities != nil {
			a := train.CorruptionAccuracy{Name: domains[i].Name}
			copy(a.Severity[:], severities[i])
			r = append(r, a)
		}
	}
	return r
}

// bySeverity names the accuracies on corrupted images, as records have them.
func bySeverity(r train.Robustness) map[string][]float64 {
	named := map[string][]float64{}
	for i := range r {
		named[r[i].Name] = r[i].Severity[:]
	}
	return named
}
