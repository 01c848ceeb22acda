package sweep

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// sweepOf makes outcomes from averages by algorithm and seed.
func sweepOf(averages map[string][]float64) []outcome {
	var all []outcome
	for algorithm, values := range averages {
		for i, v := range values {
			o := outcome{config: new(runfolder.Config), summary: new(runfolder.Summary)}
			text := fmt.Sprintf(`{"algorithm":%q,"dataset":"digits","model":"lenet5","seed":%d,"domains":[
				{"name":"mnist","source":true},{"name":"svhn"},{"name":"mnist-m"},{"name":"syn"},{"name":"usps"}]}`, algorithm, i+1)
			if err := json.Unmarshal([]byte(text), o.config); err != nil {
				panic(err)
			}
			o.summary.Dataset, o.summary.Model = "digits", "lenet5"
			o.summary.Accuracy.Best = &runfolder.Accuracy{Average: v / 100, Domains: []runfolder.DomainAccuracy{{Name: "mnist", Value: 0.99}}}
			o.summary.Accuracy.Last = &runfolder.Accuracy{Average: v/100 - 0.01, Domains: []runfolder.DomainAccuracy{{Name: "mnist", Value: 0.98}}}
			all = append(all, o)
		}
	}
	return all
}

func TestSweepTable(t *testing.T) {
	t.Parallel()
	table := newTable(sweepOf(map[string][]float64{
		"erm": {50, 51, 52, 53, 54}, "ada": {55.0, 56.1, 55.9, 55.2, 57.3}, "me-ada": {58.1, 59.2, 57.7, 60.4, 58.8},
	}))
	require.Equal(t, []string{"svhn", "mnist-m", "syn", "usps", "average", "mnist"}, table.columns)
	var b bytes.Buffer
	require.NoError(t, table.markdown(&b))
	for _, line := range []string{
		"| ERM | paper, best on targets | 10 | 31.95 ± 1.91 | 55.96 ± 1.39 | 43.85 ± 1.27 | 79.92 ± 0.98 | 52.92 ± 0.98 | – |",
		"| ERM | best on targets | 5 | – | – | – | – | 52.00 ± 1.58 | 99.00 ± 0.00 |",
		"| ME-ADA | last | 5 | – | – | – | – | 57.84 ± 1.05 | 98.00 ± 0.00 |",
	} {
		require.Contains(t, b.String(), line)
	}
	// Student's t-test as by scipy.stats.ttest_rel.
	require.Regexp(t, `\| ADA \| best on targets \| 5 \| \+2\.94 \| \+1\.\d\d to \+4\.\d\d \| 4\.50 \| 0\.0108 \| statistically significant \|`, b.String())
	require.NotContains(t, b.String(), "source validation", "no run reports it")

	b.Reset()
	require.NoError(t, table.csv(&b))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+9*6+4)
	require.Contains(t, rows, []string{"accuracy", "ERM", "", "paper, best on targets", "svhn", "10", "31.95", "1.91", "", "", "", ""})

	b.Reset()
	require.NoError(t, table.latex(&b))
	require.Equal(t, 2, strings.Count(b.String(), `\begin{tabular}`))
	accuracies, _, _ := strings.Cut(b.String(), `\end{tabular}`)
	for line := range strings.Lines(accuracies) {
		if strings.HasPrefix(line, "ERM & ") || strings.HasPrefix(line, "Method &") {
			require.Equal(t, 8, strings.Count(line, "&"), line)
		}
	}

	// One seed has no deviation and no test; a difference may be chance.
	table = newTable(sweepOf(map[string][]float64{"erm": {50}, "me-ada": {58}}))
	require.Empty(t, table.comparisons)
	b.Reset()
	require.NoError(t, table.markdown(&b))
	require.Contains(t, b.String(), "| ME-ADA | best on targets | 1 | – | – | – | – | 58.00 | 99.00 |")
	require.Contains(t, b.String(), "\nNot tested, for want of two seeds of both: ERM against ME-ADA.\n")
	table = newTable(sweepOf(map[string][]float64{"erm": {50, 60}, "me-ada": {58, 55}}))
	require.Equal(t, "not significant", table.comparisons[0].verdict())
}

// Names of domains may be any text, and so may those of folders.
func TestNamesInTheTableAndTheCommand(t *testing.T) {
	t.Parallel()
	all := sweepOf(map[string][]float64{"erm": {50}})
	all[0].config.Domains[1].Name = "day|night"
	table := newTable(all)
	var b bytes.Buffer
	require.NoError(t, table.markdown(&b))
	require.Contains(t, b.String(), `| runs | day\|night | mnist-m |`)

	b.Reset()
	dir := filepath.Join(t.TempDir(), "my runs")
	r := Runner{Say: func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }}
	_, err := r.Sweep(t.Context(), dir, Shard{0, 2}, nil, nil)
	require.NoError(t, err)
	require.Contains(t, b.String(), "sweep --table '"+dir+"' makes the table")
}

// Without ME-ADA the others are compared with the first method; where one has but one
// seed, that is said.
func TestComparisonsWithoutMEADA(t *testing.T) {
	t.Parallel()
	table := newTable(sweepOf(map[string][]float64{"augmix": {61, 62.5, 63}, "randconv": {70, 71, 75}, "advst": {80}, "erm": {50, 51, 54}}))
	require.Len(t, table.comparisons, 4)
	var b bytes.Buffer
	require.NoError(t, table.markdown(&b))
	require.Contains(t, b.String(), "The others against ERM: the average over the target domains, paired by seed")
	require.Contains(t, b.String(), "| method | model chosen | seeds |")
	// Of 11, 11.5 and 9: two degrees of freedom, of which p is 1 - t/sqrt(2 + t^2).
	require.Regexp(t, `\| AugMix \| best on targets \| 3 \| \+10\.50 \| \+9\.00 to \+11\.50 \| 13\.75 \| 0\.00525 \| statistically significant \|`, b.String())
	require.Contains(t, b.String(), "\nNot tested, for want of two seeds of both: AdvST against ERM.\n")
	require.Contains(t, b.String(), "Each p is that of its own test alone")
	b.Reset()
	require.NoError(t, table.csv(&b))
	require.Contains(t, b.String(), "difference,AugMix,ERM,best on targets,average,3,10.5,,9,11.5,13.7477")
	require.Empty(t, newTable(sweepOf(map[string][]float64{"erm": {50, 51}})).comparisons)
	require.Len(t, newTable(sweepOf(map[string][]float64{"erm": {50, 51}})).notes, 1, "where the figures are from")
}

// Differences without any spread are not tested: the statistic would be infinite.
func TestEqualDifferences(t *testing.T) {
	t.Parallel()
	for verdict, erm := range map[string][]float64{
		"no test: every seed has this difference": {50.1, 51.2, 52.3}, "equal on every seed": {51.1, 52.2, 53.3},
	} {
		table := newTable(sweepOf(map[string][]float64{"erm": erm, "me-ada": {51.1, 52.2, 53.3}}))
		var b bytes.Buffer
		require.NoError(t, table.markdown(&b))
		require.Contains(t, b.String(), " | – | – | "+verdict+" |")
		require.NoError(t, table.latex(&b))
		b.Reset()
		require.NoError(t, table.csv(&b))
		require.NotContains(t, b.String(), "Inf")
		require.NotContains(t, b.String(), "NaN")
	}
}

// Runs with the published settings of their methods need no note, others do.
func TestDepartures(t *testing.T) {
	t.Parallel()
	settings := func(a catalog.Algorithm) *runfolder.Settings {
		return publishedFor(&runfolder.Settings{Images: catalog.Images{Dataset: "digits"}, Model: "lenet5", Settings: catalog.Digits(a)})
	}
	var table table
	erm, pro := settings(catalog.ERM), settings(catalog.ProRandConv)
	require.NoError(t, table.noteDepartures([]*runfolder.Settings{erm, pro}))
	require.Empty(t, table.notes)
	share := 0.2
	held := *erm
	held.Holdout, held.Patience, held.Precision = &share, 3, catalog.BFloat16
	require.NoError(t, table.noteDepartures([]*runfolder.Settings{&held}))
	require.Equal(t, []string{"These runs are not the paper's: holdout 0.2 instead of none, patience 3 instead of none, precision bf16 instead of none."}, table.notes)
	table.notes = nil
	pacs := &runfolder.Settings{Images: catalog.Images{Dataset: "pacs"}, Model: "resnet18", Settings: catalog.Settings{Algorithm: catalog.ERM}}
	pacs = publishedFor(pacs)
	require.NoError(t, table.noteDepartures([]*runfolder.Settings{pacs}))
	require.Empty(t, table.notes)
	pacs.Weights = ""
	require.NoError(t, table.noteDepartures([]*runfolder.Settings{pacs}))
	require.Equal(t, []string{"These runs are not the paper's: weights none instead of pretrained."}, table.notes)
	table.notes = nil
	pro.LoopsTrain = erm.LoopsTrain
	require.NoError(t, table.noteDepartures([]*runfolder.Settings{erm, pro}))
	erm.TestImages, pro.TestImages = 100, 100
	require.NoError(t, table.noteDepartures([]*runfolder.Settings{erm, pro}))
	require.Equal(t, []string{
		"These runs are not the paper's: of Pro-RandConv loops_train 10001 instead of 78126.",
		"These runs are not the paper's: test_images 100 instead of none; of Pro-RandConv loops_train 10001 instead of 78126.",
	}, table.notes)
}

// The paper's figures stand only beside what compares with them.
func TestPaperFigures(t *testing.T) {
	t.Parallel()
	// Runs record corruptions beside their domains, and the network by the name of train's flag.
	run := func(dataset, model, network string, corruptions []string) []outcome {
		o := outcome{config: new(runfolder.Config), summary: &runfolder.Summary{Model: network, Corruptions: map[string][]float64{}}}
		o.config.Dataset, o.config.Model = dataset, model
		o.config.Domains = []runfolder.Domain{{Name: "clean", Source: true}}
		for _, name := range corruptions {
			o.summary.Corruptions[name] = make([]float64, corrupt.Severities)
		}
		o.summary.Accuracy.Last = &runfolder.Accuracy{Average: 0.5, Domains: []runfolder.DomainAccuracy{{Name: "clean", Value: 0.9}}}
		var all []outcome
		for _, a := range cifarMethods {
			config := *o.config
			config.Algorithm = a
			all = append(all, outcome{config: &config, summary: o.summary})
		}
		return all
	}
	for _, model := range zoo.Names {
		network, err := zoo.New(model, 10)
		require.NoError(t, err)
		table := newTable(run("cifar10", model, network.Name, corrupt.Paper()))
		require.Equal(t, []string{average, "clean"}, table.columns)
		if model == "lenet5" || network.H > 32 { // not in its tables of CIFAR
			require.False(t, table.published, model)
			continue
		}
		require.Len(t, table.rows, 2*len(cifarMethods), model)
		for i := range cifarMethods {
			row := table.rows[2*i]
			require.Greater(t, row.cells[0].mean, 60.0, "%s %s", model, row.method)
			require.True(t, math.IsNaN(row.cells[1].mean))
		}
		require.False(t, newTable(run("cifar10", model, network.Name, corrupt.Paper()[1:])).published)
		require.False(t, newTable(run("cifar10", model, network.Name, corrupt.Names())).published)
	}
	require.False(t, newTable(run("digits", "lenet5", "lenet5", corrupt.Paper())).published, "on the source alone")
	for _, sources := range [][]string{{"cartoon", "photo"}, {"art_painting", "cartoon", "photo"}} {
		all := run("pacs", "alexnet", "alexnet", nil)
		domains := []runfolder.Domain{{Name: "held-out", Source: true, Held: true}, {Name: "sketch"}}
		for _, name := range sources {
			domains = append(domains, runfolder.Domain{Name: name, Source: true})
		}
		for i := range all {
			all[i].config.Domains = domains
		}
		require.Equal(t, len(sources) == 3, newTable(all).published, "trained on %v", sources)
	}
	alone := run("cifar10", "wrn", "wrn-40-2", nil)
	alone[0].summary.Accuracy.Last.Alone = true
	require.False(t, newTable(alone).published, "clean images alone")
}

// Figures that other papers give have neither a deviation nor a number of runs,
// and an average of the targets that are there.
func TestPublishedFigures(t *testing.T) {
	t.Parallel()
	targets := []string{"mnist-m", "usps"}
	p := paperFigures("digits", "lenet5", targets, nil, 1)
	row := p.row(catalog.ProRandConv, p.figures[catalog.ProRandConv], append(slices.Clone(targets), average, "mnist"), targets)
	require.Equal(t, "Pro-RandConv", row.method)
	require.Equal(t, "published", row.selection)
	require.Zero(t, row.runs)
	require.InDelta(t, 82.30, row.cells[0].mean, 0)
	require.InDelta(t, (82.30+93.67)/2, row.cells[2].mean, 1e-9)
	require.True(t, math.IsNaN(row.cells[3].mean))

	require.Nil(t, p.figures[catalog.AugMix], "an average of four targets")
	p = paperFigures("digits", "lenet5", []string{"svhn", "mnist-m", "syn", "usps"}, nil, 1)
	require.InDelta(t, 72.45, p.figures[catalog.AugMix][average].mean, 0)

	all := slices.Sorted(slices.Values(corrupt.Paper()))
	p = paperFigures("cifar100", "wrn-40-2", nil, all, 1)
	require.InDelta(t, 64.11, p.figures[catalog.AugMix][average].mean, 0)
	require.InDelta(t, 44.9, p.figures[catalog.PGD][average].mean, 0)
	require.Equal(t, "published", p.row(catalog.PGD, p.figures[catalog.PGD], []string{average}, nil).selection)
	require.Nil(t, paperFigures("cifar100", "allconv", nil, all, 1).figures[catalog.AugMix])

	p = paperFigures("pacs", "alexnet", []string{"sketch"}, nil, 3)
	require.InDelta(t, 63.0, p.figures[catalog.MEADA]["sketch"].mean, 0)
	require.InDelta(t, 63.0, p.figures[catalog.MEADA][average].mean, 0)
	require.Nil(t, paperFigures("pacs", "alexnet", []string{"sketch"}, nil, 1).figures, "of one source")
	p = paperFigures("pacs", "resnet18", []string{"art_painting", "cartoon", "sketch"}, nil, 1)
	row = p.row(catalog.AdvST, p.figures[catalog.AdvST], []string{"art_painting", "cartoon", "sketch", average}, []string{"art_painting", "cartoon", "sketch"})
	require.InDelta(t, 67.06, row.cells[3].mean, 0)
	require.True(t, math.IsNaN(row.cells[0].mean))
	require.Nil(t, paperFigures("pacs", "resnet18", []string{"sketch"}, nil, 1).figures, "of one transfer")
}

// Runs stand in one table only if nothing but the method, with the settings that the preset
// has for it, and the seed tells them apart.
func TestRunsOfOneTable(t *testing.T) {
	t.Parallel()
	run := func(dataset, preset, model string, a catalog.Algorithm, change func(*runfolder.Config)) *outcome {
		p, err := catalog.FindPreset(preset)
		require.NoError(t, err)
		c := &runfolder.Config{Settings: runfolder.Settings{
			Images: catalog.Images{Dataset: dataset, Corruptions: filepath.Join("data", "C")}, Model: model, Preset: preset, Settings: p.Settings(model, a, 0),
		}}
		c.Checksums = map[string]runfolder.Checksum{"train": {Images: 9, SHA256: "t"}}
		if change != nil {
			change(c)
		}
		return &outcome{config: c, summary: &runfolder.Summary{Corruptions: map[string][]float64{"fog": nil}}}
	}
	for _, c := range [][3]string{
		{"digits", "digits", "lenet5"}, {"folder", "pictures", "resnet18"}, {"folder", "quick", "lenet5"},
		{"cifar10", "cifar10", "wrn"}, {"pacs", "pacs", "resnet18"},
	} {
		erm := run(c[0], c[1], c[2], catalog.ERM, nil)
		for _, a := range catalog.Algorithms() {
			difference, err := unlike(erm, run(c[0], c[1], c[2], a, func(c *runfolder.Config) {
				c.Seed, c.Data, c.Corruptions = 2, "elsewhere", filepath.Join("elsewhere", "C")
			}))
			require.NoError(t, err)
			require.Empty(t, difference, a)
		}
		for want, change := range map[string]func(*runfolder.Config){
			"consistency none instead of 1": func(c *runfolder.Config) { c.Consistency = 1 },
			"dataset ":                      func(c *runfolder.Config) { c.Dataset = "another" },
			"model ":                        func(c *runfolder.Config) { c.Model = "alexnet" },
			"target none instead of sketch": func(c *runfolder.Config) { c.Target = "sketch" },
			"corruptions C instead of none": func(c *runfolder.Config) { c.Corruptions = catalog.NoCorruptions },
			"holdout none instead of 0":     func(c *runfolder.Config) { c.Holdout = new(float64) },
			"resize none instead of crop":   func(c *runfolder.Config) { c.Resize = "crop" },
			"precision none instead of bf1": func(c *runfolder.Config) { c.Precision = catalog.BFloat16 },
			"test_images none instead of 5": func(c *runfolder.Config) { c.TestImages = 5 },
			"lr ":                           func(c *runfolder.Config) { c.LR *= 2 },
			"the images of train are":       func(c *runfolder.Config) { c.Checksums["train"] = runfolder.Checksum{Images: 9, SHA256: "u"} },
		} {
			for _, a := range []catalog.Algorithm{catalog.ERM, catalog.AugMix} {
				difference, err := unlike(erm, run(c[0], c[1], c[2], a, change))
				require.NoError(t, err)
				require.Contains(t, difference, want, "%s %s", c[1], a)
			}
		}
		began := func(weights, sum string) *outcome {
			return run(c[0], c[1], c[2], catalog.ERM, func(c *runfolder.Config) { c.Weights, c.WeightsSum = weights, sum })
		}
		for want, o := range map[string]*outcome{
			"": began("b", "1"), "the weights that they began with are others": began("a", "2"), "weights a instead of none": erm,
		} {
			difference, err := unlike(began("a", "1"), o)
			require.NoError(t, err)
			require.Equal(t, want, difference)
		}
		other := run(c[0], c[1], c[2], catalog.ERM, nil)
		other.summary.Corruptions["snow"] = nil
		difference, err := unlike(erm, other)
		require.NoError(t, err)
		require.Equal(t, "the corruptions tested are others", difference)
	}
}

// Runs of one method are alike each other, not only like the first run of the table.
func TestRunsOfOneMethod(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		algorithm catalog.Algorithm
		seed      uint64
		loops     int
	}{"a": {catalog.ERM, 1, 10_001}, "b": {catalog.ProRandConv, 1, 10_001}, "c": {catalog.ProRandConv, 2, 78_126}} {
		settings := publishedFor(&runfolder.Settings{Images: catalog.Images{Dataset: "digits"}, Model: "lenet5", Preset: "digits", Settings: catalog.Digits(c.algorithm)})
		settings.Seed, settings.LoopsTrain = c.seed, c.loops
		text, err := json.Marshal(runfolder.Config{Settings: *settings})
		require.NoError(t, err)
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "config.json"), text, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "summary.json"), []byte(`{"complete": true}`), 0o600))
	}
	_, _, err := readOutcomes(dir)
	require.EqualError(t, err, fmt.Sprintf("%s and %s do not belong in one table: loops_train 10001 instead of 78126", filepath.Join(dir, "b"), filepath.Join(dir, "c")))
}

// exampleConfig is the config.json of a run.
func exampleConfig(t require.TestingT, a catalog.Algorithm) []byte {
	text, err := json.Marshal(runfolder.Config{
		Settings: runfolder.Settings{Images: catalog.Images{Dataset: "digits"}, Model: "lenet5", Settings: catalog.Digits(a)},
		Domains:  []runfolder.Domain{{Name: "far", Images: 10}, {Name: "own", Images: 10, Source: true}},
	})
	require.NoError(t, err)
	return text
}

// Links to run folders are followed; what the table leaves out is said.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	result := []byte(`{"dataset": "digits", "model": "lenet5", "complete": true, "accuracy": {"last": {"far": 0.5, "average": 0.5}}}`)
	write := func(folder string, files map[string][]byte) {
		require.NoError(t, os.MkdirAll(folder, 0o700))
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
		}
	}
	run := map[string][]byte{"config.json": exampleConfig(t, catalog.ERM), "summary.json": result}
	write(elsewhere, run)
	write(filepath.Join(dir, "b"), run)
	write(filepath.Join(dir, "c"), map[string][]byte{"config.json": run["config.json"]})
	write(dir, map[string][]byte{"notes.txt": nil})
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "a")))
	require.NoError(t, os.Symlink(filepath.Join(elsewhere, "gone"), filepath.Join(dir, "d")))
	all, leftOut, err := readOutcomes(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, filepath.Join(dir, "a"), all[0].dir)
	require.Equal(t, []string{
		filepath.Join(dir, "b") + ": the algorithm and the seed are those of " + filepath.Join(dir, "a"),
		filepath.Join(dir, "c") + ": not complete",
		filepath.Join(dir, "d") + ": no such file or directory",
	}, leftOut)
}

// Tables are replaced by newer ones, but nothing else is.
func TestOtherTablesAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "config.json"), exampleConfig(t, catalog.ERM), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "summary.json"),
		[]byte(`{"dataset": "digits", "model": "lenet5", "complete": true, "accuracy": {"last": {"far": 0.5, "average": 0.5}}}`), 0o600))
	for range 2 {
		require.NoError(t, WriteTables(dir, io.Discard, io.Discard))
	}
	for name := range beginnings {
		path := filepath.Join(dir, name)
		table, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, []byte("mine\n"), 0o600))
		want := path + " is not a table of a sweep and is not overwritten: give it another name"
		require.EqualError(t, WriteTables(dir, io.Discard, io.Discard), want)
		_, err = (&Runner{Tables: true}).Sweep(t.Context(), dir, Shard{Count: 1}, nil, nil)
		require.EqualError(t, err, want)
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "mine\n", string(kept))
		require.NoError(t, os.WriteFile(path, table, 0o600))
	}
}

// FuzzOutcomes feeds what sweep --table reads of two runs.
func FuzzOutcomes(f *testing.F) {
	result := []byte(`{"dataset": "digits", "model": "lenet5", "complete": true,
		"accuracy": {"best": {"far": 0.5, "average": 0.5, "own": 1}, "last": {"far": 1e308, "average": -1e308}}}`)
	f.Add(exampleConfig(f, catalog.MEADA), result, exampleConfig(f, catalog.ERM), result)
	f.Add([]byte(`{}`), []byte(`{"complete": true}`), []byte(`{"seed": 1}`), []byte(`{"complete": true, "accuracy": {"last": null}}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, firstConfig, first, secondConfig, second []byte) {
		for i, content := range [][]byte{firstConfig, first, secondConfig, second} {
			run := filepath.Join(dir, strconv.Itoa(i/2))
			require.NoError(t, os.MkdirAll(run, 0o700))
			name := []string{"config.json", "summary.json"}[i%2]
			require.NoError(t, os.WriteFile(filepath.Join(run, name), content, 0o600))
		}
		all, leftOut, err := readOutcomes(dir)
		if err != nil {
			require.ErrorContains(t, err, dir)
			return
		}
		require.LessOrEqual(t, len(all)+len(leftOut), 2)
		table := newTable(all)
		require.NoError(t, table.markdown(io.Discard))
		require.NoError(t, table.csv(io.Discard))
		require.NoError(t, table.latex(io.Discard))
	})
}
