package run

import (
	"fmt"
	"io"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// accuracies returns the record of a test's accuracies. Those on corrupted
// images have one of their own.
func accuracies(domains []dataset.Domain, accuracy []float64) *runfolder.Accuracy {
	a := &runfolder.Accuracy{Average: train.Average(domains, accuracy), Step: runfolder.NoStep, Alone: true}
	for i := range domains {
		a.Alone = a.Alone && domains[i].Source && domains[i].Severities == nil
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

// printAccuracies prints accuracies in per cent: the targets and their average, if
// there are any, then the source's own test set. Corruptions have a table of their own.
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
	if train.HasTargets(domains) {
		row("average", func(a *runfolder.Accuracy) float64 { return a.Average })
	}
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
