package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// declareImages declares the flags for the images of a run.
func declareImages(f *cli.Flags, i *catalog.Images) {
	names := catalog.DatasetNames()
	cli.Choice(f, &i.Dataset, "dataset", describeDatasets(), names...)
	f.Text(&i.Data, "data", "DIR", "where the files of the dataset are")
	cli.Choice(f, &i.Source, "source", "domain of PACS to train on (photo unless --target is given)", dataset.PACSDomains...)
	cli.Choice(f, &i.Target, "target", "domain of PACS to leave out, training on the three others", dataset.PACSDomains...)
}

func describeDatasets() string {
	var all []string
	for i := range catalog.Datasets {
		d := &catalog.Datasets[i]
		if d.BuiltIn || d.Own {
			all = append(all, fmt.Sprintf("%s (%s)", d.Name, d.What))
		} else {
			all = append(all, d.Name)
		}
	}
	return strings.Join(all, ", ")
}

// declareTests declares the flags for what is tested.
func declareTests(f *cli.Flags, i *catalog.Images) {
	f.Add("corruptions", &cli.Value{
		Kind:     "WHAT",
		Read:     func(text string) error { i.Corruptions = text; return nil },
		Show:     func() string { return i.Corruptions },
		Complete: cli.Words(catalog.NoCorruptions, catalog.OnTheFly),
		OrFile:   true,
	}, "corrupted versions of the source's own test set: none, on-the-fly, or a folder as of CIFAR-10-C; by default "+
		"CIFAR-10-C or CIFAR-100-C in --data if it is there, else none")
	f.Integer(&i.TestImages, "test-images", 1, "only N images of each test set, spread evenly over it")
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
