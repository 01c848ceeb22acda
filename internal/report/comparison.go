package report

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report/svg"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

//go:embed comparison.html
var comparisonTemplate string

// WriteComparison writes a page that compares runs to a file.
func WriteComparison(path string, runs []*Run) error {
	return atomicfile.Write(path, func(w io.Writer) error { return Compare(w, runs) })
}

// Compare writes a page that compares runs.
func Compare(w io.Writer, runs []*Run) error {
	return templates.ExecuteTemplate(w, "comparison", compare(runs))
}

type comparison struct {
	Title, Subtitle string
	Selections      []string // headings of the values of Runs
	Runs            []comparedRun
	Tables          []comparedTable
	Figures         []figure
	Differences     []difference
}

type comparedRun struct {
	Style, Name, Algorithm, Dataset, Seed string
	Values                                []cell
	Steps, Time                           string
}

// cell is a figure of a table, Top if none in its column is higher.
type cell struct {
	Text string
	Top  bool

	value float64 // negative for none
}

type comparedTable struct {
	Title, Caption string
	Columns        []string
	Rows           []comparedRow
}

type comparedRow struct {
	Style, Name string
	Values      []cell
}

type difference struct {
	Name   string
	Values []string
}

func newCell(t *runfolder.Evaluate, of measure) cell {
	if t != nil {
		if a, ok := of(&t.Accuracy); ok {
			return cell{Text: cli.Percent(a), value: a}
		}
	}
	return cell{Text: "–", value: -1}
}

// markTops marks the highest cells of each column.
func markTops(rows [][]cell) {
	for column := range rows[0] {
		top := 0.0
		for _, row := range rows {
			top = max(top, row[column].value)
		}
		for _, row := range rows {
			row[column].Top = row[column].value == top
		}
	}
}

func compare(runs []*Run) *comparison {
	c := &comparison{
		Title:      fmt.Sprintf("%d runs compared", len(runs)),
		Subtitle:   strings.Join(sharedNames(runs), ", "),
		Selections: []string{"last", "source validation", "best on targets"},
	}
	var rows [][]cell
	for i, r := range runs {
		row := comparedRun{
			Style: svg.Style(i), Name: r.name(), Algorithm: r.title(), Dataset: r.Config.Dataset, Seed: fmt.Sprint(r.Config.Seed),
			Values: []cell{newCell(r.last(), average), newCell(r.validated(), average), newCell(r.oracle(), average)},
			Steps:  cli.Count(r.steps()), Time: cli.Duration(r.seconds()),
		}
		if r.Summary == nil {
			row.Steps += " of " + cli.Count(r.Config.Steps)
		}
		rows = append(rows, row.Values)
		c.Runs = append(c.Runs, row)
	}
	markTops(rows)
	c.Tables = []comparedTable{
		domainTable(runs, "By domain, source validation", "Accuracy in per cent.", (*Run).validated),
		domainTable(runs, "By domain, last", "Accuracy in per cent, after the last step.", (*Run).last),
	}
	c.Figures = []figure{
		overlay(runs, "Average over the targets", "", 1, svg.WholePercent, func(r *Run) svg.Line { return r.testLine("", average, 0) }),
		overlay(runs, "Training loss", "Mean cross-entropy of the batches.", 0, svg.Short, func(r *Run) svg.Line {
			return r.descentLine("", func(d runfolder.Minimise) float64 { return d.Loss })
		}),
		overlay(runs, "Throughput of the descent, images/s", "", 0, svg.Short, func(r *Run) svg.Line {
			return r.descentLine("", func(d runfolder.Minimise) float64 { return d.Rate })
		}),
	}
	c.Differences = differences(runs)
	return c
}

// sharedNames lists the datasets of the runs.
func sharedNames(runs []*Run) []string {
	var names []string
	for _, r := range runs {
		if !slices.Contains(names, r.Config.Dataset) {
			names = append(names, r.Config.Dataset)
		}
	}
	return names
}

// domainTable shows every domain's accuracy at a test of each run.
func domainTable(runs []*Run, title, caption string, at func(*Run) *runfolder.Evaluate) comparedTable {
	table := comparedTable{Title: title, Caption: caption}
	var names []string
	for _, r := range runs {
		for _, d := range r.domains() {
			if !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
				heading := d.Name
				if d.Source {
					heading += " (source)"
				}
				table.Columns = append(table.Columns, heading)
			}
		}
	}
	var rows [][]cell
	for i, r := range runs {
		row := comparedRow{Style: svg.Style(i), Name: r.name()}
		for _, name := range names {
			row.Values = append(row.Values, newCell(at(r), on(name)))
		}
		rows = append(rows, row.Values)
		table.Rows = append(table.Rows, row)
	}
	markTops(rows)
	return table
}

// overlay draws one line of each run; the axis reaches down to low at least.
func overlay(runs []*Run, title, caption string, low float64, format func(float64) string, of func(*Run) svg.Line) figure {
	c := svg.Chart{Name: title + " over descent steps", X: "step", Low: low, Format: format}
	for i, r := range runs {
		l := of(r)
		l.Name, l.Style, l.Dashed = r.name(), i, i >= 8
		c.Lines = append(c.Lines, l)
	}
	return newFigure(title, caption, c)
}

// differences lists the settings that are not the same in all runs.
func differences(runs []*Run) []difference {
	var list []difference
	var seen []string
	for _, r := range runs {
		for _, s := range r.settings {
			if slices.Contains(seen, s.Name) || s.Name == "started" || s.Name == "command" {
				continue
			}
			seen = append(seen, s.Name)
			d := difference{Name: s.Name}
			for _, other := range runs {
				d.Values = append(d.Values, other.setting(s.Name))
			}
			if len(slices.Compact(slices.Clone(d.Values))) > 1 {
				list = append(list, d)
			}
		}
	}
	return list
}

func (r *Run) setting(name string) string {
	for _, s := range r.settings {
		if s.Name == name {
			return s.Value
		}
	}
	return "–"
}
