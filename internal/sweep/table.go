package sweep

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/sweep/statistics"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// outcome is a complete run, read back from its folder.
type outcome struct {
	dir     string
	config  *runfolder.Config
	summary *runfolder.Summary
}

// readOutcome reads a run folder; nil if it holds no complete run.
func readOutcome(dir string) (*outcome, error) {
	summary, err := runfolder.ReadSummary(dir)
	if err != nil || summary == nil {
		return nil, err
	}
	config, err := runfolder.ReadConfig(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &outcome{dir, config, summary}, nil
}

// unlike returns the first difference of two runs beside algorithm, seed and what of their
// methods' settings both have as the preset has it, "" for none. Folders of data and of
// corruptions may lie anywhere, and so may the file of weights.
func unlike(a, b *outcome) (string, error) {
	settings := [2]runfolder.Settings{a.config.Settings, b.config.Settings}
	var ofPreset [2]*runfolder.Settings
	var changed []string
	for i := range settings {
		s := &settings[i]
		s.Corruptions = filepath.Base(s.Corruptions)
		ofPreset[i] = new(runfolder.Settings)
		if preset, err := catalog.FindPreset(s.Preset); err == nil {
			ofPreset[i].Settings = preset.Settings(s.Model, s.Algorithm, s.ImageSize)
		}
		differences, err := runfolder.Differences(ofPreset[i], &runfolder.Settings{Settings: s.Settings})
		if err != nil {
			return "", err
		}
		changed = append(changed, keysOf(differences)...)
	}
	differences, err := runfolder.Differences(ofPreset[0], ofPreset[1])
	if err != nil {
		return "", err
	}
	except := slices.DeleteFunc(keysOf(differences), func(key string) bool { return slices.Contains(changed, key) })
	except = append(except, "algorithm", "seed")
	sums := [2]string{a.config.WeightsSum, b.config.WeightsSum}
	if sums[0] != "" && sums[1] != "" {
		except = append(except, "weights") // the same file may lie elsewhere
	}
	difference, err := runfolder.FirstDifference(&settings[0], &settings[1], except...)
	if difference != "" || err != nil {
		return difference, err
	}
	if sums[0] != "" && sums[1] != "" && sums[0] != sums[1] {
		return "the weights that they began with are others", nil
	}
	if name := runfolder.OtherImages(a.config, b.config); name != "" {
		return fmt.Sprintf("the images of %s are others", name), nil
	}
	if !slices.Equal(corruptions(a.summary), corruptions(b.summary)) {
		return "the corruptions tested are others", nil
	}
	return "", nil
}

// corruptions lists those that a run was tested on, by name.
func corruptions(s *runfolder.Summary) []string { return slices.Sorted(maps.Keys(s.Corruptions)) }

// keysOf returns the keys that differences begin with.
func keysOf(differences []string) []string {
	var keys []string
	for _, d := range differences {
		key, _, _ := strings.Cut(d, " ")
		keys = append(keys, key)
	}
	return keys
}

// readOutcomes reads the complete runs in a sweep's folder, one for each
// algorithm and seed, and says which folders it leaves out, a line each. Runs that
// differ in more than algorithm, seed and what their methods have do not belong in
// one table.
func readOutcomes(dir string) (all []outcome, leftOut []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, &dataset.Error{Path: dir, Err: errors.Unwrap(err)}
	}
	type key struct {
		catalog.Algorithm
		seed uint64
	}
	seen := map[key]string{}
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(name); err != nil { // it follows links
			leftOut = append(leftOut, fmt.Sprintf("%s: %v", name, errors.Unwrap(err)))
			continue
		} else if !info.IsDir() {
			continue
		}
		o, err := readOutcome(name)
		if err != nil {
			return nil, nil, err
		}
		if o == nil {
			leftOut = append(leftOut, name+": not complete")
			continue
		}
		sameMethod := func(other outcome) bool { return other.config.Algorithm == o.config.Algorithm }
		for _, i := range []int{0, max(0, slices.IndexFunc(all, sameMethod))} {
			if i == len(all) {
				break
			}
			difference, err := unlike(&all[i], o)
			if err != nil {
				return nil, nil, err
			}
			if difference != "" {
				return nil, nil, fmt.Errorf("%s and %s do not belong in one table: %s", all[i].dir, name, difference)
			}
		}
		k := key{o.config.Algorithm, o.config.Seed}
		if first, ok := seen[k]; ok {
			leftOut = append(leftOut, fmt.Sprintf("%s: the algorithm and the seed are those of %s", name, first))
			continue
		}
		seen[k] = name
		all = append(all, *o)
	}
	if len(all) == 0 {
		return nil, nil, &dataset.Error{Path: dir, Err: errors.New("there is no folder of a complete run in it")}
	}
	return all, leftOut, nil
}

// selection is a way to choose the test of a run whose accuracy is reported, nil where
// there is none.
type selection struct {
	name string
	of   func(*runfolder.Summary) *runfolder.Accuracy
}

var (
	best = selection{"best on targets", func(s *runfolder.Summary) *runfolder.Accuracy {
		if isAlone(s) {
			return nil
		}
		return s.Accuracy.Best
	}}
	validated = selection{"source validation", func(s *runfolder.Summary) *runfolder.Accuracy { return s.Accuracy.SourceValidation }}
	last      = selection{"last", func(s *runfolder.Summary) *runfolder.Accuracy { return s.Accuracy.Last }}

	// Those that need no targets come first.
	selections = []selection{last, validated, best}
)

// cell is an accuracy in per cent, over some runs. A mean that is not known is
// NaN, and so is the deviation of a single run.
type cell struct{ mean, deviation float64 }

func (c cell) format(plusMinus, none string) string {
	switch {
	case math.IsNaN(c.mean):
		return none
	case math.IsNaN(c.deviation):
		return fmt.Sprintf("%.2f", c.mean)
	}
	return fmt.Sprintf("%.2f%s%.2f", c.mean, plusMinus, c.deviation)
}

// tableRow is an algorithm's accuracies as one selection reports them.
type tableRow struct {
	method, selection string
	runs              int    // 0 where that is not known
	cells             []cell // by column
}

func (r tableRow) count(none string) string {
	if r.runs == 0 {
		return none
	}
	return strconv.Itoa(r.runs)
}

// comparison is that of an algorithm with another, by the averages over the
// target domains or, where there are none, on the source, paired by seed.
type comparison struct {
	method, against, selection string

	seeds      int
	difference float64 // points of per cent
	low, high  float64 // of its 95 % bootstrap interval
	t, p       float64 // NaN where every seed has the same difference
}

// significance is the level below which a difference is called significant.
const significance = 0.05

func (c comparison) verdict() string {
	switch {
	case math.IsNaN(c.p) && c.difference == 0:
		return "equal on every seed"
	case math.IsNaN(c.p):
		return "no test: every seed has this difference"
	case c.p < significance:
		return "statistically significant"
	}
	return "not significant"
}

// other names the algorithm of a comparison that is not in all of them.
func (t *table) other(c comparison) string {
	if c.method == t.one && t.oneFirst {
		return c.against
	}
	return c.method
}

// comparing tells which algorithms are compared.
func (t *table) comparing() string {
	if t.oneFirst {
		return t.one + " against the others"
	}
	return "the others against " + t.one
}

// otherColumn is the head of the column that names the algorithms compared.
func (t *table) otherColumn() string {
	if t.oneFirst {
		return "against"
	}
	return "method"
}

// table is the paper's table for a sweep.
type table struct {
	title       string
	columns     []string // the target domains, average, the source's test sets
	sources     int      // how many columns the last are
	alone       bool     // nothing but the source is tested
	rows        []tableRow
	one         string // the algorithm that is in all comparisons
	oneFirst    bool   // they are differences from the others to it
	comparisons []comparison
	published   bool // some rows are
	notes       []string
}

const (
	bootstrapLevel     = 0.95
	bootstrapResamples = 10_000
)

func newTable(all []outcome) table {
	first := &all[0]
	t := table{title: fmt.Sprintf("%s, %s", first.config.Dataset, first.config.Model)}
	var targets, sources []string
	trained := 0 // domains trained on; what is held out of them is tested beside them
	for _, d := range first.config.Domains {
		if d.Source && !d.Held {
			trained++
		}
		if d.Source {
			sources = append(sources, d.Name)
		} else {
			targets = append(targets, d.Name)
		}
	}
	t.alone = isAlone(first.summary)
	t.columns = slices.Clone(targets)
	if !t.alone {
		t.columns = append(t.columns, average)
	}
	t.columns = append(t.columns, sources...)
	t.sources = len(sources)

	var present []catalog.Algorithm
	for _, a := range catalog.Algorithms() {
		if slices.ContainsFunc(all, func(o outcome) bool { return o.config.Algorithm == a }) {
			present = append(present, a)
		}
	}
	published := paperFigures(first.config.Dataset, first.summary.Model, targets, corruptions(first.summary), trained)
	for _, a := range present {
		if figures, ok := published.figures[a]; ok {
			t.rows = append(t.rows, published.row(a, figures, t.columns, targets))
		}
		for _, s := range selections {
			if row, ok := newTableRow(all, a, s, t.columns); ok {
				t.rows = append(t.rows, row)
			}
		}
	}
	if t.published = slices.ContainsFunc(present, func(a catalog.Algorithm) bool { return published.figures[a] != nil }); t.published {
		t.notes = append(t.notes, published.source)
	}
	if len(present) > 0 {
		t.compareAll(all, present)
	}
	return t
}

// compareAll compares ME-ADA with every other algorithm or, where it is not there, the
// others with the first.
func (t *table) compareAll(all []outcome, present []catalog.Algorithm) {
	one := present[0]
	if t.oneFirst = slices.Contains(present, catalog.MEADA); t.oneFirst {
		one = catalog.MEADA
	}
	t.one = method(one)
	var untested []string
	for _, a := range present {
		if a == one {
			continue
		}
		before := len(t.comparisons)
		for _, s := range selections {
			ours, theirs := a, one
			if t.oneFirst {
				ours, theirs = one, a
			}
			if c, ok := compare(all, ours, theirs, s); ok {
				t.comparisons = append(t.comparisons, c)
			}
		}
		if len(t.comparisons) == before {
			untested = append(untested, method(a))
		}
	}
	if len(untested) > 0 {
		t.notes = append(t.notes, fmt.Sprintf("Not tested, for want of two seeds of both: %s against %s.", strings.Join(untested, ", "), t.one))
	}
	if len(t.comparisons) > 1 {
		t.notes = append(t.notes, "Each p is that of its own test alone, whatever the number of tests.")
	}
}

// average is the column of the mean over the target domains. No domain that is
// read has this name.
const average = "average"

// isAlone reports whether a run tested nothing but the source.
func isAlone(s *runfolder.Summary) bool { return s.Accuracy.Last != nil && s.Accuracy.Last.Alone }

// reached tells in a line what accuracy a run has come to.
func reached(s *runfolder.Summary) string {
	text := "average "
	if isAlone(s) {
		text = "accuracy "
	}
	text += cli.Percent(s.Accuracy.Last.Average) + " last"
	if v := s.Accuracy.SourceValidation; v != nil {
		text += ", " + cli.Percent(v.Average) + " validated"
	}
	if !isAlone(s) {
		text += ", " + cli.Percent(s.Accuracy.Best.Average) + " best on targets"
	}
	return text
}

// compared tells what algorithms are compared by.
func (t *table) compared() string {
	if t.alone {
		return "accuracy on the source's own images"
	}
	return "average over the target domains"
}

// accuracyIn returns what a column shows of a test, and whether it has anything.
func accuracyIn(a *runfolder.Accuracy, column string) (float64, bool) {
	switch {
	case a == nil:
		return 0, false
	case column == average:
		return a.Average, true
	}
	return a.Of(column)
}

// values returns, by seed, what a selection reports of an algorithm's runs.
func values(all []outcome, a catalog.Algorithm, s selection, column string) map[uint64]float64 {
	bySeed := map[uint64]float64{}
	for i := range all {
		if all[i].config.Algorithm != a {
			continue
		}
		if v, ok := accuracyIn(s.of(all[i].summary), column); ok {
			bySeed[all[i].config.Seed] = 100 * v
		}
	}
	return bySeed
}

func newTableRow(all []outcome, a catalog.Algorithm, s selection, columns []string) (tableRow, bool) {
	row := tableRow{method: method(a), selection: s.name}
	for _, column := range columns {
		bySeed := values(all, a, s, column)
		x := make([]float64, 0, len(bySeed))
		for _, seed := range sortedKeys(bySeed) {
			x = append(x, bySeed[seed])
		}
		row.runs = max(row.runs, len(x))
		row.cells = append(row.cells, cell{statistics.Mean(x), statistics.Deviation(x)})
	}
	return row, row.runs > 0
}

// sameDifference is a deviation of differences, in points of per cent, that is none but
// for rounding.
const sameDifference = 1e-9

// compare tests an algorithm against another on the seeds that both have.
func compare(all []outcome, a, against catalog.Algorithm, s selection) (comparison, bool) {
	ours, theirs := values(all, a, s, average), values(all, against, s, average)
	var differences []float64
	for _, seed := range sortedKeys(ours) {
		if v, ok := theirs[seed]; ok {
			differences = append(differences, ours[seed]-v)
		}
	}
	if len(differences) < 2 {
		return comparison{}, false
	}
	c := comparison{
		method: method(a), against: method(against), selection: s.name,
		seeds: len(differences), difference: statistics.Mean(differences), t: math.NaN(), p: math.NaN(),
	}
	if statistics.Deviation(differences) > sameDifference {
		c.t, c.p = statistics.PairedT(differences)
	} else if math.Abs(c.difference) <= sameDifference {
		c.difference = 0
	}
	c.low, c.high = statistics.Bootstrap(differences, bootstrapLevel, bootstrapResamples, 1)
	return c, true
}

func sortedKeys(m map[uint64]float64) []uint64 {
	keys := make([]uint64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// method returns an algorithm's name as papers print it.
func method(a catalog.Algorithm) string {
	if m, err := catalog.FindMethod(a); err == nil {
		return m.Title
	}
	return string(a)
}

// noteDepartures notes, where published figures stand beside those of runs, in what
// the settings of each method's runs, settings, differ from the published ones.
func (t *table) noteDepartures(settings []*runfolder.Settings) error {
	var departures [][]string
	for _, s := range settings {
		d, err := runfolder.Differences(s, publishedFor(s), "algorithm", "seed", "preset")
		if err != nil {
			return err
		}
		departures = append(departures, d)
	}
	var parts []string
	shared := slices.Clone(departures[0])
	for _, d := range departures[1:] {
		shared = slices.DeleteFunc(shared, func(text string) bool { return !slices.Contains(d, text) })
	}
	if len(shared) > 0 {
		parts = append(parts, strings.Join(shared, ", "))
	}
	for i, d := range departures {
		if own := slices.DeleteFunc(d, func(text string) bool { return slices.Contains(shared, text) }); len(own) > 0 {
			parts = append(parts, "of "+method(settings[i].Algorithm)+" "+strings.Join(own, ", "))
		}
	}
	if len(parts) > 0 {
		t.notes = append(t.notes, "These runs are not the paper's: "+strings.Join(parts, "; ")+".")
	}
	return nil
}

// byMethod returns the settings of one run of each method.
func byMethod(all []outcome) []*runfolder.Settings {
	var settings []*runfolder.Settings
	for _, a := range catalog.Algorithms() {
		if i := slices.IndexFunc(all, func(o outcome) bool { return o.config.Algorithm == a }); i >= 0 {
			settings = append(settings, &all[i].config.Settings)
		}
	}
	return settings
}

// beginnings are how the tables in a folder begin, by their names.
var beginnings = map[string]string{
	"table.md": "Accuracy in per cent, ", "table.csv": "quantity,method,", "table.tex": "% Accuracy in per cent: ",
}

// checkTables refuses a folder in which another file has the name of a table.
func checkTables(dir string) error {
	for name, beginning := range beginnings {
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && !bytes.HasPrefix(content, []byte(beginning)) {
			return fmt.Errorf("%s is not a table of a sweep and is not overwritten: give it another name", path)
		}
	}
	return nil
}

// WriteTables writes the table of the complete runs in a folder, table.md,
// table.csv and table.tex, and prints it to out; the folders that it leaves out
// go to log. Other files of these names are not overwritten.
func WriteTables(dir string, out, log io.Writer) error {
	if err := checkTables(dir); err != nil {
		return err
	}
	all, leftOut, err := readOutcomes(dir)
	if err != nil {
		return err
	}
	for _, line := range leftOut {
		fmt.Fprintf(log, "not in the table: %s\n", line)
	}
	t := newTable(all)
	if t.published {
		if err := t.noteDepartures(byMethod(all)); err != nil {
			return err
		}
	}
	for name, write := range map[string]func(io.Writer) error{
		"table.md": t.markdown, "table.csv": t.csv, "table.tex": t.latex,
	} {
		if err := atomicfile.Write(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	return t.markdown(out)
}

func (t *table) markdown(w io.Writer) error {
	var b strings.Builder
	row := func(cells ...string) {
		for _, c := range cells { // names of domains may be any text
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
		}
		b.WriteString("|\n")
	}
	fmt.Fprintf(&b, "Accuracy in per cent, mean ± standard deviation over the runs: %s\n\n", t.title)
	head, rule := []string{"method", "model chosen", "runs"}, []string{"---", "---", "---:"}
	for i, column := range t.columns {
		if i >= len(t.columns)-t.sources {
			column += " (source)"
		}
		head, rule = append(head, column), append(rule, "---:")
	}
	row(head...)
	row(rule...)
	for _, r := range t.rows {
		cells := []string{r.method, r.selection, r.count("–")}
		for _, c := range r.cells {
			cells = append(cells, c.format(" ± ", "–"))
		}
		row(cells...)
	}
	if len(t.comparisons) > 0 {
		fmt.Fprintf(&b, "\n%s: the %s, paired by seed\n\n", capital(t.comparing()), t.compared())
		row(t.otherColumn(), "model chosen", "seeds", "difference", "95 % interval", "t", "p", "")
		row("---", "---", "---:", "---:", "---:", "---:", "---:", "---")
		for _, c := range t.comparisons {
			row(t.other(c), c.selection, strconv.Itoa(c.seeds), fmt.Sprintf("%+.2f", c.difference),
				fmt.Sprintf("%+.2f to %+.2f", c.low, c.high), formatT(c.t, "–"), formatP(c.p, "–"), c.verdict())
		}
	}
	for _, note := range t.notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// formatT prints a statistic, or none for NaN.
func formatT(t float64, none string) string {
	if math.IsNaN(t) {
		return none
	}
	return fmt.Sprintf("%.2f", t)
}

// formatP prints a p-value to three digits, or none for NaN.
func formatP(p float64, none string) string {
	switch {
	case math.IsNaN(p):
		return none
	case p < 1e-4:
		return fmt.Sprintf("%.1e", p)
	}
	return fmt.Sprintf("%.3g", p)
}

// capital begins a sentence.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// csv writes a line for each figure: accuracies, then differences.
func (t *table) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	number := func(x float64) string {
		if math.IsNaN(x) {
			return ""
		}
		return strconv.FormatFloat(x, 'g', 8, 64)
	}
	rows := [][]string{{"quantity", "method", "against", "model_chosen", "domain", "runs", "mean", "std", "low", "high", "t", "p"}}
	for _, r := range t.rows {
		for i, c := range r.cells {
			rows = append(rows, []string{"accuracy", r.method, "", r.selection, t.columns[i], r.count(""),
				number(c.mean), number(c.deviation), "", "", "", ""})
		}
	}
	over := average
	if t.alone {
		over = "source"
	}
	for _, c := range t.comparisons {
		rows = append(rows, []string{"difference", c.method, c.against, c.selection, over, strconv.Itoa(c.seeds),
			number(c.difference), "", number(c.low), number(c.high), number(c.t), number(c.p)})
	}
	return out.WriteAll(rows)
}

var latexSpecial = strings.NewReplacer(`\`, `\textbackslash{}`, `_`, `\_`, `&`, `\&`, `%`, `\%`, `#`, `\#`, `$`, `\$`,
	`{`, `\{`, `}`, `\}`, `~`, `\textasciitilde{}`, `^`, `\textasciicircum{}`)

func (t *table) latex(w io.Writer) error {
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "%s \\\\\n", strings.Join(cells, " & ")) }
	fmt.Fprintf(&b, "%% Accuracy in per cent: %s. Needs \\usepackage{booktabs}.\n", t.title)
	fmt.Fprintf(&b, "\\begin{tabular}{llr%s}\n\\toprule\n", strings.Repeat("c", len(t.columns)))
	head := []string{"Method", "Model chosen", "Runs"}
	for i, column := range t.columns {
		column = latexSpecial.Replace(column)
		if i >= len(t.columns)-t.sources {
			column += " (source)"
		}
		head = append(head, column)
	}
	row(head...)
	for i, r := range t.rows {
		if i == 0 || r.method != t.rows[i-1].method {
			fmt.Fprintln(&b, `\midrule`)
		}
		cells := []string{r.method, r.selection, r.count("--")}
		for _, c := range r.cells {
			cells = append(cells, c.format(` $\pm$ `, "--"))
		}
		row(cells...)
	}
	fmt.Fprintf(&b, "\\bottomrule\n\\end{tabular}\n")
	if len(t.comparisons) > 0 {
		fmt.Fprintf(&b, "\n%% %s, %s, paired by seed.\n", capital(t.comparing()), t.compared())
		fmt.Fprintf(&b, "\\begin{tabular}{llrrrrr}\n\\toprule\n")
		row(capital(t.otherColumn()), "Model chosen", "Seeds", "Difference", `95\,\% interval`, "$t$", "$p$")
		fmt.Fprintln(&b, `\midrule`)
		for _, c := range t.comparisons {
			row(t.other(c), c.selection, strconv.Itoa(c.seeds), fmt.Sprintf("$%+.2f$", c.difference),
				fmt.Sprintf("$[%+.2f, %+.2f]$", c.low, c.high), formatT(c.t, "--"), formatP(c.p, "--"))
		}
		fmt.Fprintf(&b, "\\bottomrule\n\\end{tabular}\n")
	}
	for _, note := range t.notes {
		fmt.Fprintf(&b, "%% %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
