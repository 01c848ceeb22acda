package report

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"path/filepath"
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
	Warnings        []string // of what does not compare
	Measured        string   // heading of the table of Runs
	Selections      []string // headings of the values of Runs
	Oracle          bool     // one of them was chosen on the targets
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

// label gives runs the shortest ends of their paths that tell them apart.
func label(runs []*Run) {
	parts := make([][]string, len(runs))
	for i, r := range runs {
		path := r.Dir
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		parts[i] = strings.Split(filepath.ToSlash(path), "/")
	}
	end := func(i, n int) string { return strings.Join(parts[i][max(0, len(parts[i])-n):], "/") }
	for i, r := range runs {
		alike := func(n int) bool {
			for j := range runs {
				if j != i && end(j, n) == end(i, n) {
					return true
				}
			}
			return false
		}
		n := 1
		for n < len(parts[i]) && alike(n) {
			n++
		}
		r.label = end(i, n)
	}
}

// tested returns the first of runs that has tests, or else the first.
func tested(runs []*Run) *Run {
	return runs[max(0, slices.IndexFunc(runs, func(r *Run) bool { return len(r.Tests) > 0 }))]
}

func compare(runs []*Run) *comparison {
	label(runs)
	first := tested(runs)
	c := &comparison{
		Title:      fmt.Sprintf("%d runs compared", len(runs)),
		Subtitle:   strings.Join(sharedNames(runs), ", "),
		Warnings:   warnings(runs),
		Measured:   "Average accuracy on the targets",
		Selections: []string{"last", "source validation", "best on targets"},
	}
	tests := []func(*Run) *runfolder.Evaluate{(*Run).last, (*Run).validated, (*Run).oracle}
	if !first.hasAverage() {
		c.Measured = "Accuracy on the source"
		c.Selections, tests = c.Selections[:2], tests[:2]
	}
	c.Oracle = len(tests) > 2
	var rows [][]cell
	for i, r := range runs {
		row := comparedRun{
			Style: svg.Style(i), Name: r.name(), Algorithm: r.title(), Dataset: r.Config.Dataset, Seed: fmt.Sprint(r.Config.Seed),
			Steps: cli.Count(r.steps()), Time: cli.Duration(r.seconds()),
		}
		for _, test := range tests {
			if sameTargets(first, r) {
				row.Values = append(row.Values, newCell(test(r), average))
			} else {
				row.Values = append(row.Values, cell{Text: otherImages, value: -1})
			}
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
	c.Figures = overlays(runs)
	c.Differences = differences(runs)
	return c
}

// overlays draws the courses of the runs over each other.
func overlays(runs []*Run) []figure {
	measured, first := "Average over the targets", tested(runs)
	if !first.hasAverage() {
		measured = "Accuracy on the source"
	}
	list := []figure{
		overlay(runs, measured, "", 1, svg.WholePercent, func(r *Run) svg.Line {
			if !sameTargets(first, r) {
				return svg.Line{}
			}
			return r.testLine("", average, 0)
		}),
		overlay(runs, "Training loss", meanLoss+".", 0, svg.Short, func(r *Run) svg.Line {
			return r.descentLine("", func(d runfolder.Minimise) float64 { return d.Loss })
		}),
	}
	domains := domainNames(runs)
	where := func(name string, line func(*Run) svg.Line) func(*Run) svg.Line {
		return func(r *Run) svg.Line {
			if !sameImages(runs, r, name) {
				return svg.Line{}
			}
			return line(r)
		}
	}
	for _, name := range domains {
		list = append(list, overlay(runs, "Accuracy on "+name, "", 1, svg.WholePercent,
			where(name, func(r *Run) svg.Line { return r.testLine("", on(name), 0) })))
	}
	for _, name := range domains {
		loss := where(name, func(r *Run) svg.Line { return r.lossByDomain(name, 0) })
		if slices.ContainsFunc(runs, func(r *Run) bool { return len(loss(r).Points) > 0 }) {
			list = append(list, overlay(runs, "Test loss on "+name, "Mean negative log-likelihood of the labels, in nats.", 0, svg.Short, loss))
		}
	}
	if slices.ContainsFunc(runs, func(r *Run) bool { return len(r.rateLine().Points) > 0 }) {
		list = append(list, overlay(runs, "Learning rate", "", 0, svg.Short, (*Run).rateLine))
	}
	return append(list, overlay(runs, "Throughput of the descent, images/s", "", 0, svg.Short, func(r *Run) svg.Line {
		return r.descentLine("", func(d runfolder.Minimise) float64 { return d.Rate })
	}))
}

// otherImages is shown where an accuracy was measured on other images than those
// that it stands beside.
const otherImages = "other images"

// sameSum reports whether two runs have the same images under a name, by checksum.
func sameSum(a, b *Run, name string) bool {
	return a.Config.Checksums[name] == b.Config.Checksums[name]
}

// sameSource reports whether two runs drew the images that they held out of the same
// ones, and as many. Which were drawn depends on the seed.
func sameSource(a, b *Run) bool {
	sum := a.Config.SourceSum
	return sum != "" && sum == b.Config.SourceSum && a.Config.HeldOut > 0 && a.Config.HeldOut == b.Config.HeldOut
}

// isHeld reports whether a domain of a run is what it held out.
func (r *Run) isHeld(domain string) bool {
	return slices.ContainsFunc(r.Config.Domains, func(d runfolder.Domain) bool { return d.Name == domain && d.Held })
}

// comparable reports whether two runs were tested on the same images of a domain, or on
// what they held out of the same source.
func comparable(a, b *Run, domain string) bool {
	return sameSum(a, b, domain) || a.isHeld(domain) && b.isHeld(domain) && sameSource(a, b) &&
		a.Config.Checksums[domain].Images == b.Config.Checksums[domain].Images
}

// sameImages reports whether a run's tests on a domain compare with those of the first
// of runs that has it.
func sameImages(runs []*Run, r *Run, domain string) bool {
	has := func(r *Run) bool {
		return slices.ContainsFunc(r.Config.Domains, func(d runfolder.Domain) bool { return d.Name == domain })
	}
	first := slices.IndexFunc(runs, has)
	return first < 0 || !has(r) || comparable(runs[first], r, domain)
}

// averaged lists the domains that the average of a run is over, itself or their corruptions.
func (r *Run) averaged() []string {
	var names []string
	for _, d := range r.Config.Domains {
		if d.Source != r.hasTargets() {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return names
}

// overTheSame reports whether the averages of two runs are over domains of the same names
// or, without targets, over the same corruptions from folders of the same name or made
// on the fly, as far as there were tests.
func overTheSame(a, b *Run) bool {
	if !slices.Equal(a.averaged(), b.averaged()) {
		return false
	}
	if a.hasTargets() || len(a.Tests) == 0 || len(b.Tests) == 0 {
		return true
	}
	return slices.Equal(a.corruptions(), b.corruptions()) && filepath.Base(a.Config.Corruptions) == filepath.Base(b.Config.Corruptions)
}

// corruptions lists the corruptions of a run's tests, of which there are some.
func (r *Run) corruptions() []string { return slices.Sorted(maps.Keys(r.Tests[0].Corruptions)) }

// sameTargets reports whether the averages of two runs compare.
func sameTargets(a, b *Run) bool {
	return overTheSame(a, b) && !slices.ContainsFunc(a.averaged(), func(name string) bool { return !comparable(a, b, name) })
}

// warnings says in what the data of runs differ from those of the first.
func warnings(runs []*Run) []string {
	var list []string
	first, averages := runs[0], tested(runs)
	drawn := false
	for _, r := range runs {
		var others []string
		for _, d := range r.domains() {
			if !sameImages(runs, r, d.Name) {
				others = append(others, d.Name)
			}
		}
		if len(others) > 0 {
			list = append(list, otherData(r, first, others))
		} else if !overTheSame(averages, r) {
			list = append(list, fmt.Sprintf("%s: its average is over other domains or corruptions than that of %s.", r.name(), averages.name()))
		}
		if !sameSum(first, r, runfolder.TrainingSet) {
			if sameSource(first, r) {
				drawn = true
			} else {
				list = append(list, fmt.Sprintf("%s: its training images are others than those of %s.", r.name(), first.name()))
			}
		}
	}
	if drawn {
		list = append(list, "The runs' seeds held out different images of the same source.")
	}
	return list
}

// otherData says that domains of a run have other images than those of the first.
func otherData(r, first *Run, domains []string) string {
	what := "its accuracy there does not compare"
	if slices.ContainsFunc(domains, func(name string) bool { return slices.Contains(r.averaged(), name) }) {
		what = "neither its accuracy there nor its average compares"
	}
	return fmt.Sprintf("%s: its images of %s are others than those of %s, so that %s.", r.name(), cli.Join(domains), first.name(), what)
}

// domainNames lists the domains of all runs.
func domainNames(runs []*Run) []string {
	var names []string
	for _, r := range runs {
		for _, d := range r.domains() {
			if !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	return names
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

// isSource reports whether a domain is a source of all the runs that have it, and of some.
func isSource(runs []*Run, domain string) (ofAll, ofSome bool) {
	ofAll = true
	for _, r := range runs {
		for _, d := range r.Config.Domains {
			if d.Name == domain {
				ofAll, ofSome = ofAll && d.Source, ofSome || d.Source
			}
		}
	}
	return ofAll && ofSome, ofSome
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
				switch ofAll, ofSome := isSource(runs, d.Name); {
				case ofAll:
					heading += " (source)"
				case ofSome:
					heading += " (source of some)"
				}
				table.Columns = append(table.Columns, heading)
			}
		}
	}
	var rows [][]cell
	for i, r := range runs {
		row := comparedRow{Style: svg.Style(i), Name: r.name()}
		for _, name := range names {
			one := cell{Text: otherImages, value: -1}
			if sameImages(runs, r, name) {
				one = newCell(at(r), on(name))
			}
			ofThis, _ := isSource([]*Run{r}, name)
			if ofAll, _ := isSource(runs, name); ofThis && !ofAll { // the others have not seen it
				one.Text, one.value = one.Text+" (source)", -1
			}
			row.Values = append(row.Values, one)
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
			if slices.Contains(seen, s.Name) || slices.Contains([]string{"started", "command", "config_sha256"}, s.Name) {
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
