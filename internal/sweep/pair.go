package sweep

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Beside is complete runs of the same domains, to be shown beside each other.
type Beside []*outcome

// ReadPair reads the runs of a pair that is complete.
func ReadPair(pair []Member, settings Resolve) (Beside, error) {
	var b Beside
	for _, m := range pair {
		want, err := settings(m.Flags)
		if err != nil {
			return nil, err
		}
		complete, err := m.Find(want)
		if err != nil {
			return nil, err
		}
		if !complete {
			return nil, &dataset.Error{Path: m.Dir, Err: errors.New("there is no complete run in it")}
		}
		o, err := readOutcome(m.Dir)
		if err != nil {
			return nil, err
		}
		b = append(b, o)
	}
	return b, nil
}

// Folders lists the folders of the runs.
func (b Beside) Folders() []string {
	var all []string
	for _, o := range b {
		all = append(all, o.dir)
	}
	return all
}

// Summaries lists the summaries of the runs.
func (b Beside) Summaries() []*runfolder.Summary {
	var all []*runfolder.Summary
	for _, o := range b {
		all = append(all, o.summary)
	}
	return all
}

// Print prints the accuracies of the runs, those chosen in the same way beside each
// other, their steps and times, and the path of the page about them.
func (b Beside) Print(out io.Writer, page string) error {
	w := bufio.NewWriter(out)
	var chosen []selection
	for _, s := range []selection{last, validated, best} {
		if s.of(b[0].summary) != nil {
			chosen = append(chosen, s)
		}
	}
	row := func(title string, value func(s selection, o *outcome) string) {
		fmt.Fprintf(w, "%-20s", title)
		for _, s := range chosen {
			for _, o := range b {
				fmt.Fprintf(w, " %12s", value(s, o))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%-20s", "accuracy in %")
	for _, s := range chosen {
		fmt.Fprintf(w, " %*s", 13*len(b)-1, s.name)
	}
	fmt.Fprintln(w)
	row("", func(_ selection, o *outcome) string { return string(o.config.Algorithm) })
	for _, column := range columnsOf(b[0]) {
		row(column.title, func(s selection, o *outcome) string {
			if a, ok := accuracyIn(s.of(o.summary), column.name); ok {
				return cli.Percent(a)
			}
			return "–"
		})
	}
	fmt.Fprintln(w)
	for _, o := range b {
		fmt.Fprintf(w, "%-20s %s in %s: %s\n", o.config.Algorithm, cli.Number(o.summary.Steps, "step"), cli.Duration(o.summary.Seconds.Total), o.dir)
	}
	fmt.Fprintf(w, "report: %s\n", page)
	return w.Flush()
}

// column is a row of Print: a domain or the average.
type column struct{ name, title string }

// columnsOf lists the targets of a run, their average, if there are any, and the source.
func columnsOf(o *outcome) []column {
	var targets, sources []column
	for _, d := range o.config.Domains {
		if d.Source {
			sources = append(sources, column{d.Name, d.Name + " (source)"})
		} else {
			targets = append(targets, column{d.Name, d.Name})
		}
	}
	if !isAlone(o.summary) {
		targets = append(targets, column{average, average})
	}
	return append(targets, sources...)
}
