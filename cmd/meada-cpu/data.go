package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/dataset/synthetic"
)

// The datasets by name.
const (
	syntheticDigits = "synthetic-digits"
	digits          = "digits"
)

// The synthetic digits are always the same ones, whatever the seed of a run.
const (
	syntheticSeed  = 1
	syntheticTrain = 2_000
	syntheticTest  = 2_000
)

var datasets = []string{syntheticDigits, digits}

// loadData reads a dataset; dir is where its files are.
func loadData(name, dir string) (*dataset.Benchmark, error) {
	if name == syntheticDigits {
		if dir != "" {
			return nil, usageError("--data %s: %s is built in and reads no files", dir, name)
		}
		b := synthetic.Digits(syntheticSeed, syntheticTrain, syntheticTest)
		return &b, nil
	}
	if dir == "" {
		return nil, usageError("--dataset %s needs --data DIR, the folder with its files; to get them: %s", name, fetchCommand(name, "data"))
	}
	b, err := dataset.Digits(dir)
	if err != nil {
		return nil, howToGet(err, name, dir)
	}
	if len(b.Domains) == 0 {
		return nil, &dataset.Error{Path: dir, Err: fmt.Errorf("no test set found, looked for %s", strings.Join(b.Absent, ", "))}
	}
	return b, nil
}

// checksum identifies a set of images as decoded, however it was packed.
type checksum struct {
	Images int    `json:"images"`
	SHA256 string `json:"sha256"` // of the pixels, then the labels
}

// checksums returns those of the training set, "train", and of every domain.
func checksums(b *dataset.Benchmark) map[string]checksum {
	sum := func(s *dataset.Images) checksum {
		h := sha256.New()
		h.Write(s.Data)
		h.Write(s.Labels)
		return checksum{s.N, hex.EncodeToString(h.Sum(nil))}
	}
	sums := map[string]checksum{"train": sum(&b.Source)}
	for i := range b.Domains {
		sums[b.Domains[i].Name] = sum(&b.Domains[i].Images)
	}
	return sums
}

// describeDomains lists the test sets with their sizes.
func describeDomains(b *dataset.Benchmark) string {
	var list []string
	for i := range b.Domains {
		d := &b.Domains[i]
		text := d.Name + " " + grouped(d.N)
		if d.Source {
			text += " (source)"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// accuracies names accuracies by domain and adds their average.
func accuracies(domains []dataset.Domain, accuracy []float64) map[string]float64 {
	named := map[string]float64{average: train.Average(domains, accuracy)}
	for i := range domains {
		named[domains[i].Name] = accuracy[i]
	}
	return named
}

// average is the name of the mean over the target domains.
const average = "average"

// column is a column of a table of accuracies.
type column struct {
	title    string
	accuracy map[string]float64
}

// printAccuracies prints accuracies in per cent: the targets, their average,
// then the source's own test set.
func printAccuracies(w io.Writer, domains []dataset.Domain, columns ...column) {
	row := func(title, name string) {
		fmt.Fprintf(w, "%-20s", title)
		for _, c := range columns {
			fmt.Fprintf(w, " %12s", percent(c.accuracy[name]))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%-20s", "")
	for _, c := range columns {
		fmt.Fprintf(w, " %12s", c.title)
	}
	fmt.Fprintln(w)
	for i := range domains {
		if !domains[i].Source {
			row(domains[i].Name, domains[i].Name)
		}
	}
	row(average, average)
	for i := range domains {
		if domains[i].Source {
			row(domains[i].Name+" (source)", domains[i].Name)
		}
	}
}
