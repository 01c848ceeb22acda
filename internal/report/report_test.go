package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report/svg"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// exampleClasses have names that markup would mistake.
var exampleClasses = []string{"airplane", "cat & dog", "<b>frog</b>"}

// exampleRun writes the folder of a run: two phases, three domains, tests at
// steps 10, 20, ... 100.
func exampleRun(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, runfolder.SampleFolder), 0o777))
	write(t, dir, "config.json", map[string]any{
		"algorithm": "me-ada", "dataset": "toys", "model": "lenet5", "seed": 3, "steps": 101, "loops_train": 101, "lr": 1e-4, "threads": 2,
		"version": "v1.2.3", "go": "go1.26", "system": "linux/amd64", "cpu": "Example CPU", "simd": "avx2",
		"command": "meada-cpu train --out 'a b'", "started": "2026-01-02T03:04:05Z", "config_sha256": name, "class_names": exampleClasses,
		"domains":        []runfolder.Domain{{Name: "own", Images: 50, Source: true}, {Name: "far", Images: 40}, {Name: "<i>near</i>", Images: 30}},
		"data_checksums": map[string]any{"train": map[string]any{"images": 60, "sha256": "ab"}},
		"absent_domains": []string{"lost (lost.mat)"},
	})
	var lines []any
	for step := 0; step < 101; step++ {
		x := float64(step) / 100
		if step == 30 || step == 60 {
			lines = append(lines, map[string]any{
				"type": "maximise", "step": step, "phase": step / 30, "images": 60 * step / 30, "cross_entropy": 1 + x,
				"entropy": .5, "distance": .01, "images_per_second": 500, "seconds": step,
			})
		}
		lines = append(lines, map[string]any{
			"type": "train", "step": step, "loss": 2 * math.Exp(-3*x), "accuracy": x, "lr": 1e-4, "images_per_second": 1000 + 10*math.Sin(x*50),
		})
		if step%10 == 0 && step > 0 {
			far, near := .5+.3*math.Sin(3*x), .2+.1*x // best at step 50 and thereabouts
			lines = append(lines, map[string]any{
				"type": "evaluate", "step": step, "seconds": step, "peak_rss_bytes": 100 << 20,
				"accuracy": map[string]float64{
					"own": []float64{.7, .9, .9, .8, .8, .8, .8, .8, .8, .8}[step/10-1], "far": far, "<i>near</i>": near, "average": (far + near) / 2,
				},
				"nll":  map[string]float64{"own": 1 - x/2, "far": 1.5, "<i>near</i>": 2},
				"best": step <= 60, "corruptions": map[string][]float64{"fog": {.9, .8, .7, .6, .5}, "snow": {.8, .7, .6, .5, 0}},
			})
		}
	}
	var text bytes.Buffer
	for _, line := range lines {
		require.NoError(t, json.NewEncoder(&text).Encode(line))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.jsonl"), text.Bytes(), 0o666))
	write(t, dir, "summary.json", map[string]any{
		"seconds":           map[string]any{"total": 130.0, "minimise": 60.0, "maximise": 50.0, "evaluate": 15.0},
		"images_per_second": map[string]any{"minimise": 1000, "maximise": 500}, "peak_rss_bytes": 123 << 20, "complete": true,
	})
	confusion := runfolder.Confusion{Step: 100, Width: 8, Domains: []runfolder.DomainConfusion{
		{Name: "own", Counts: []int{20, 0, 0, 5, 10, 0, 0, 0, 15}}, {Name: "far", Counts: []int{10, 0, 3, 5, 10, 0, 2, 0, 10}}, {Name: "<i>near</i>", Counts: make([]int, 9)},
	}}
	for _, d := range confusion.Domains {
		confusion.Tests = append(confusion.Tests, runfolder.DomainTest{
			Name: d.Name, Images: 40, NLL: .75, ECE: .125, Classes: runfolder.ClassScores(exampleClasses, d.Counts),
			Reliability: []runfolder.Bin{{}, {Images: 10, Confidence: .6, Accuracy: .5}, {Images: 30, Confidence: .9, Accuracy: .95}},
		})
	}
	confusion.Tests[1].Mistakes = []runfolder.Mistake{
		{Image: 7, File: "a/b/<far>.png", Label: exampleClasses[0], Predicted: exampleClasses[2], Confidence: .99},
		{Image: 9, Label: exampleClasses[1], Predicted: exampleClasses[0], Confidence: .75},
	}
	write(t, dir, runfolder.ConfusionFile, confusion)
	writePicture(t, filepath.Join(dir, runfolder.MistakesPicture), 16, 24)
	for phase := 1; phase <= 2; phase++ {
		const shown, width = 3, 8
		name := fmt.Sprintf("phase-%d", phase)
		writePicture(t, filepath.Join(dir, runfolder.SampleFolder, name+".png"), shown*width, 2*width)
		write(t, dir, filepath.Join(runfolder.SampleFolder, name+".json"), runfolder.Sample{
			Phase: phase, Step: 30 * phase, Width: width, Labels: []int{0, 1, 2, 0},
			Source:      runfolder.Predictions{Classes: []int{0, 1, 1, 0}, Entropy: []float64{0, .1, .2, .3}},
			Adversarial: runfolder.Predictions{Classes: []int{1, 1, 1, 2}, Entropy: []float64{1, .9, .8, math.Log(3)}},
		})
	}
	return dir
}

// writePicture writes a picture whose red grows to the right and green downwards.
func writePicture(t testing.TB, path string, width, height int) {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.RGBA{uint8(10 * x), uint8(10 * y), 100, 255})
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, picture))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
}

func write(t testing.TB, dir, name string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o666))
}

func load(t *testing.T, dir string) *Run {
	t.Helper()
	r, err := Load(dir)
	require.NoError(t, err)
	return r
}

func render(t *testing.T, r *Run, refresh time.Duration) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Page(&b, refresh))
	return b.String()
}

func TestSelections(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	require.Equal(t, 100, r.last().Step)
	require.Equal(t, 30, r.validated().Step, "the last of equal ones, as train chooses")
	best := r.oracle()
	for _, other := range r.Tests {
		require.LessOrEqual(t, other.Accuracy.Average, best.Accuracy.Average)
	}
	require.Equal(t, 60, best.Step)
	r.Config.Domains[0].Source = false
	require.Nil(t, r.validated(), "no test set of the source")
	r.Tests = nil
	require.Nil(t, r.last())
	require.Nil(t, r.oracle())
}

func TestPageTellsEverything(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	page := render(t, r, time.Second)
	text := html.UnescapeString(page)
	for _, want := range []string{
		"ME-ADA on toys", "lenet5 · seed 3 · 2 January 2026, 03:04", "complete · 101 of 101 steps",
		"Last", "Source validation", "Best on targets", "recommended", "(oracle)",
		cli.Percent(r.last().Accuracy.Average), cli.Percent(r.validated().Accuracy.Average), cli.Percent(r.oracle().Accuracy.Average),
		"last.safetensors", "source-validation.safetensors", "best.safetensors", "lost (lost.mat)",
		"phase 1", "phase 2", "×", "cat & dog", "mean 0.15 nats", "turned 2 that were classified correctly into errors",
		"meada-cpu train --out 'a b'", "Example CPU", "avx2", "v1.2.3", "go1.26", "123 MiB", "2 min 10 s",
		"own · 90.00 %", "far · 75.00 %", "fog", "snow", "loops_train",
		"0.75 nats", "12.50 %", "Results by class", `title="a/b/<far>.png"`, ">image 9<", "99.00 %",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 2*3+2, strings.Count(page, "<img "), "cards of both phases and of two mistakes")
	// Accuracy, loss, training accuracy, test loss, learning rate, training set, speed, memory,
	// an entropy histogram for each phase, a reliability diagram for each domain;
	// three confusion matrices and the corruptions.
	require.Equal(t, 13, strings.Count(page, `<svg class="chart"`))
	require.Equal(t, 4, strings.Count(page, `<svg class="heat"`))
	require.NotContains(t, page, "NaN")
	require.NotContains(t, page, "ZgotmplZ", "html/template refused a value")
}

// The picture of a mistake is cut out of the sheet by its domain and its place.
func TestMistakesHaveTheirPictures(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	picture := r.mistakePicture(1, 1)
	require.Equal(t, image.Rect(0, 0, 8, 8), picture.Rect)
	require.Equal(t, color.NRGBA{10 * (8 + 2), 10 * (8 + 3), 100, 255}, picture.NRGBAAt(2, 3))
	require.Nil(t, r.mistakePicture(1, 2))
	require.NoError(t, os.Remove(filepath.Join(r.Dir, runfolder.MistakesPicture)))
	r = load(t, r.Dir)
	require.Nil(t, r.mistakePicture(1, 1))
	require.Contains(t, render(t, r, 0), "&lt;far&gt;.png")
}

// The two images that a phase changed most come first.
func TestSamplesByChange(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	s := &r.Samples[0]
	picture := image.NewRGBA(image.Rect(0, 0, 24, 16))
	picture.Set(8, 8, color.RGBA{0, 9, 0, 255})  // image 1
	picture.Set(23, 8, color.RGBA{5, 5, 0, 255}) // image 2
	s.picture = picture
	require.Equal(t, []int{2, 1, 0}, s.byChange())
}

// The last point of a curve stands for as many steps as the others, or nearly.
func TestLastPointIsNoBatch(t *testing.T) {
	t.Parallel()
	r := &Run{Descent: []runfolder.Minimise{{Step: 9, Loss: 3}, {Step: 19, Loss: 2}, {Step: 20, Loss: 13}}}
	loss := func(d runfolder.Minimise) float64 { return d.Loss }
	require.Equal(t, []svg.Point{{X: 9, Y: 3}, {X: 20, Y: 3}}, r.descentLine("", loss).Points)
	r.Descent[2].Step = 24
	require.Len(t, r.descentLine("", loss).Points, 3)
}

func TestHidePaths(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	r.settings = []runfolder.Setting{{Name: "data", Value: "/home/me/my pictures"}, {Name: "weights", Value: "w.safetensors"}, {Name: "command", Value: "c"}}
	r.Config.Absent = []string{"svhn (/home/me/my own, new pictures/svhn.mat)", "usps (usps.bz2)"}
	r.Config.Command = "meada-cpu train --out 'a b'"
	r.Confusion.Tests[1].Mistakes[0].File = "/home/me/my pictures/<far>.png"
	r.HidePaths()
	require.Equal(t, "meada-cpu train --out 'a b'", r.Config.Command)
	require.Equal(t, "my pictures", r.settings[0].Value)
	require.Equal(t, "w.safetensors", r.settings[1].Value)
	require.Equal(t, []string{"svhn (svhn.mat)", "usps (usps.bz2)"}, r.Config.Absent)
	require.False(t, strings.Contains(render(t, r, 0), "/home"))
	for _, command := range []string{"meada-cpu train --data=/home/me", "meada-cpu train --out '/a b/c'", `meada-cpu train --data C:\me`} {
		r.Config.Command = command
		r.HidePaths()
		require.Empty(t, r.Config.Command, command)
	}
}

// Without targets nothing is said about them.
func TestWithoutTargets(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	r.Config.Domains = r.Config.Domains[:1]
	require.True(t, r.hasAverage(), "of corruptions")
	for i := range r.Tests {
		r.Tests[i].Corruptions = nil
	}
	page := render(t, r, 0)
	for _, word := range []string{"average", "Average", "never seen", "(oracle)", "Best on targets"} {
		require.False(t, strings.Contains(page, word), word)
	}
	require.Contains(t, page, "Accuracy on the source")
}

func TestCorruptionsStandApart(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	var names []string
	for _, d := range r.domains() {
		names = append(names, d.Name)
	}
	require.Equal(t, []string{"far", "<i>near</i>", "own"}, names)
	require.Equal(t, "average of targets", r.averageName())
	view, step := r.corruptionView()
	require.Equal(t, "100", step)
	cells := regexp.MustCompile(`>([\d.]+)</text>`).FindAllStringSubmatch(string(view.Chart), -1)
	var texts []string
	for _, c := range cells {
		texts = append(texts, c[1])
	}
	require.Equal(t, strings.Fields("1 2 3 4 5 90.0 80.0 70.0 60.0 50.0 70.0 80.0 70.0 60.0 50.0 52.0"), texts,
		"by name; a cell of 0 is empty; means")

	r.Config.Domains = r.Config.Domains[:1]
	require.Equal(t, "average of corruptions", r.averageName(), "without targets")
}

func TestPageNeedsNothingElse(t *testing.T) {
	t.Parallel()
	page := render(t, load(t, exampleRun(t, "run")), 0)
	require.NotRegexp(t, `(?i)<script|<iframe|@import|url\(|\son\w+=`, page)
	for _, address := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		require.True(t, strings.HasPrefix(address[1], "data:"), address[1])
	}
	require.NotContains(t, page, "<b>frog</b>")
	require.NotContains(t, page, "<i>near</i>")
}

func TestPageOfARunUnderWay(t *testing.T) {
	t.Parallel()
	dir := exampleRun(t, "run")
	require.NoError(t, os.Remove(filepath.Join(dir, "summary.json")))
	require.NoError(t, os.Remove(filepath.Join(dir, runfolder.ConfusionFile)))
	page := render(t, load(t, dir), 5*time.Second)
	require.Contains(t, page, `<meta http-equiv="refresh" content="5">`)
	require.Contains(t, page, "running · 101 of 101")
	require.NotContains(t, render(t, load(t, dir), 0), "http-equiv")

	metrics := filepath.Join(dir, "metrics.jsonl")
	text, err := os.ReadFile(metrics)
	require.NoError(t, err)
	// Wherever the file ends, there is a page of what it says so far.
	for cut := 0; cut < len(text); cut += 97 {
		require.NoError(t, os.WriteFile(metrics, text[:cut], 0o666))
		r := load(t, dir)
		require.LessOrEqual(t, len(r.Descent), strings.Count(string(text[:cut]), "\n"))
		require.NotContains(t, render(t, r, 0), "NaN")
		require.NoError(t, r.Metrics(&bytes.Buffer{}))
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	t.Parallel()
	for file, content := range map[string]string{
		"config.json":                            `{"seed": "x"}`,
		"metrics.jsonl":                          "{\"type\":\"train\"}\n{\"type\":\"train\",\"loss\":[]}\n",
		"summary.json":                           `[`,
		runfolder.ConfusionFile:                  `{"step": {}}`,
		runfolder.SampleFolder + "/phase-1.json": `{"labels": [1, 2], "source": {"classes": [1]}}`,
		runfolder.SampleFolder + "/phase-2.png":  "no picture",
	} {
		dir := exampleRun(t, "run")
		path := filepath.Join(dir, filepath.FromSlash(file))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
		_, err := Load(dir)
		require.ErrorContains(t, err, path)
		require.NotContains(t, err.Error(), "\n")
	}
	dir := exampleRun(t, "run")
	write(t, dir, "config.json", map[string]any{"algorithm": "advst", "k": -5})
	_, err := Load(dir)
	require.EqualError(t, err, filepath.Join(dir, "config.json")+": k is -5, expected 0 or more")
	for _, file := range []string{"config.json", "metrics.jsonl", runfolder.SampleFolder + "/phase-1.png"} {
		dir := exampleRun(t, "run")
		path := filepath.Join(dir, filepath.FromSlash(file))
		require.NoError(t, os.Remove(path))
		_, err := Load(dir)
		require.ErrorContains(t, err, path)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestFolderWithPatternInItsName(t *testing.T) {
	t.Parallel()
	require.Len(t, load(t, exampleRun(t, "run [1]*")).Samples, 2)
}

func TestComparison(t *testing.T) {
	t.Parallel()
	a, b := load(t, exampleRun(t, "first")), load(t, exampleRun(t, "second"))
	for i := range b.Tests {
		b.Tests[i].Accuracy.Average /= 2
	}
	b.Config.Domains = b.Config.Domains[:2]
	for i, s := range b.settings {
		if s.Name == "lr" {
			b.settings[i].Value = "0.5"
		}
	}
	c := compare([]*Run{a, b})
	require.Equal(t, []difference{{"lr", []string{"0.0001", "0.5"}}}, c.Differences)
	for _, v := range c.Runs[0].Values {
		require.True(t, v.Top)
	}
	for _, v := range c.Runs[1].Values {
		require.False(t, v.Top)
	}
	require.Equal(t, []string{"far", "<i>near</i>", "own (source)"}, c.Tables[0].Columns)
	far, _ := a.validated().Accuracy.Of("far")
	require.Equal(t, cli.Percent(far), c.Tables[0].Rows[0].Values[0].Text)
	var page bytes.Buffer
	require.NoError(t, Compare(&page, []*Run{a, b}))
	for _, want := range []string{"2 runs compared", "first", "second", "lr"} {
		require.Contains(t, page.String(), want)
	}
	require.Equal(t, 10, strings.Count(page.String(), "<svg"), "and accuracy and loss by domain, and the rate")
	require.NotContains(t, page.String(), "ZgotmplZ")
	require.Equal(t, []string{"second: its average is over other domains or corruptions than that of first."}, c.Warnings)
}

// What was measured on other images is not compared.
func TestComparisonOfOtherData(t *testing.T) {
	t.Parallel()
	a, b, c := load(t, exampleRun(t, "first")), load(t, exampleRun(t, "second")), load(t, exampleRun(t, "third"))
	for r, sums := range map[*Run][2]string{a: {"near1", "far1"}, b: {"near1", "far2"}, c: {"near1", "far1"}} {
		r.Config.Checksums = map[string]runfolder.Checksum{
			"<i>near</i>": {Images: 30, SHA256: sums[0]}, "far": {Images: 40, SHA256: sums[1]}, "train": {Images: 60, SHA256: "ab"},
		}
	}
	c.Config.Checksums[runfolder.TrainingSet] = runfolder.Checksum{Images: 70, SHA256: "cd"}
	p := compare([]*Run{a, b, c})
	require.Equal(t, []string{
		"second: its images of far are others than those of first, so that neither its accuracy there nor its average compares.",
		"third: its training images are others than those of first.",
	}, p.Warnings)
	require.Equal(t, otherImages, p.Tables[0].Rows[1].Values[0].Text)
	require.NotEqual(t, otherImages, p.Tables[0].Rows[1].Values[1].Text, "near is the same")
	require.NotEqual(t, otherImages, p.Tables[0].Rows[2].Values[0].Text)
	for i, want := range []bool{false, true, false} {
		require.Equal(t, want, p.Runs[i].Values[0].Text == otherImages)
	}
	var names []string
	for _, f := range p.Figures {
		if f.Title == "Accuracy on far" || f.Title == "Average over the targets" {
			for _, l := range f.Legend {
				names = append(names, l.Name)
			}
		}
	}
	require.Equal(t, []string{"first", "third", "first", "third"}, names)
}

// A mean over corruptions compares with one over the same ones alone, not with the accuracy
// on the clean images.
func TestComparisonOfCorruptions(t *testing.T) {
	t.Parallel()
	runs := func(corruptions ...map[string][]float64) []*Run {
		var all []*Run
		for i, name := range []string{"first", "second"} {
			r := load(t, exampleRun(t, name))
			r.Config.Domains = r.Config.Domains[:1] // no targets
			for j := range r.Tests {
				r.Tests[j].Corruptions = corruptions[i]
			}
			all = append(all, r)
		}
		return all
	}
	fog := map[string][]float64{"fog": {.9, .8, .7, .6, .5}}
	snow := map[string][]float64{"snow": {.9, .8, .7, .6, .5}}
	for _, c := range [][2]map[string][]float64{{fog, nil}, {nil, fog}, {fog, snow}} {
		p := compare(runs(c[0], c[1]))
		require.Equal(t, []string{"second: its average is over other domains or corruptions than that of first."}, p.Warnings)
		require.NotEqual(t, otherImages, p.Runs[0].Values[0].Text)
		require.Equal(t, otherImages, p.Runs[1].Values[0].Text)
		require.Len(t, p.Figures[0].Legend, 1)
	}
	p := compare(runs(fog, fog))
	require.Empty(t, p.Warnings)
	require.NotEqual(t, otherImages, p.Runs[1].Values[0].Text)
	begun := runs(fog, fog)
	begun[1].Tests = nil
	require.Empty(t, compare(begun).Warnings, "what it is tested on is not known yet")

	// The averages compare with those of the first that has some.
	begun = append(runs(nil, fog), runs(snow, fog)...)
	begun[0].Tests, begun[3].Config.Corruptions = nil, catalog.OnTheFly
	begun[1].Config.Corruptions = "CIFAR-10-C"
	p = compare(begun)
	require.Equal(t, []string{"last", "source validation", "best on targets"}, p.Selections)
	require.Len(t, p.Warnings, 2)
	require.NotEqual(t, otherImages, p.Runs[1].Values[0].Text)
	require.Equal(t, otherImages, p.Runs[2].Values[0].Text, "of snow")
	require.Equal(t, otherImages, p.Runs[3].Values[0].Text, "of fog made on the fly")
}

// Accuracy on a domain that a run was trained on is not set beside that of runs that were not.
func TestComparisonOfSources(t *testing.T) {
	t.Parallel()
	a, b := load(t, exampleRun(t, "first")), load(t, exampleRun(t, "second"))
	for i := range b.Config.Domains {
		b.Config.Domains[i].Source = b.Config.Domains[i].Name == "far"
	}
	p := compare([]*Run{a, b})
	require.Equal(t, []string{"far (source of some)", "<i>near</i>", "own (source of some)"}, p.Tables[0].Columns)
	for column, source := range map[int]int{0: 1, 2: 0} {
		for row := range p.Tables[0].Rows {
			v := p.Tables[0].Rows[row].Values[column]
			require.Equal(t, row == source, strings.HasSuffix(v.Text, " (source)"), v.Text)
			require.Equal(t, row != source, v.Top)
		}
	}
}

// Runs are named by as much of their paths as tells them apart.
func TestNamesOfComparedRuns(t *testing.T) {
	t.Parallel()
	var runs []*Run
	for _, dir := range []string{"a/x/erm-s1", "b/x/erm-s1", "b/x/ada-s1", "erm-s1/."} {
		runs = append(runs, &Run{Dir: dir})
	}
	label(runs)
	var names []string
	for _, r := range runs {
		names = append(names, r.name())
	}
	require.Equal(t, []string{"a/x/erm-s1", "b/x/erm-s1", "ada-s1", "report/erm-s1"}, names)
}

// The folder of a run that is only beginning has no metrics yet.
func TestRunOnlyBeginning(t *testing.T) {
	t.Parallel()
	whole := exampleRun(t, "first")
	require.NoError(t, os.Remove(filepath.Join(whole, runfolder.MetricsFile)))
	_, err := Load(whole)
	require.ErrorIs(t, err, os.ErrNotExist)
	dir := t.TempDir()
	require.NoError(t, os.Rename(filepath.Join(whole, runfolder.ConfigFile), filepath.Join(dir, runfolder.ConfigFile)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, runfolder.LockFile), nil, 0o600))
	require.Empty(t, load(t, dir).Tests)
}

// Seeds that hold out other images of the same source compare, other sources do not.
func TestComparisonOfSeeds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sources  [2]string
		alone    bool
		same     bool
		warnings []string
	}{
		{[2]string{"s", "s"}, false, true, []string{"The runs' seeds held out different images of the same source."}},
		{[2]string{"s", "s"}, true, true, []string{"The runs' seeds held out different images of the same source."}},
		{[2]string{"s", "t"}, false, false, []string{
			"second: its images of own are others than those of first, so that its accuracy there does not compare.",
			"second: its training images are others than those of first.",
		}},
		{[2]string{"", ""}, true, false, []string{
			"second: its images of own are others than those of first, so that neither its accuracy there nor its average compares.",
			"second: its training images are others than those of first.",
		}},
	} {
		var runs []*Run
		for i, name := range []string{"first", "second"} {
			r := load(t, exampleRun(t, name))
			for j := range r.Config.Domains {
				r.Config.Domains[j].Held = r.Config.Domains[j].Name == "own"
			}
			if c.alone {
				r.Tests[0].Corruptions = nil
				r.Config.Domains = slices.DeleteFunc(r.Config.Domains, func(d runfolder.Domain) bool { return !d.Source })
			}
			r.Config.SourceSum, r.Config.HeldOut = c.sources[i], 0.2
			r.Config.Checksums = map[string]runfolder.Checksum{"own": {Images: 9, SHA256: name}, "train": {Images: 36, SHA256: name}}
			runs = append(runs, r)
		}
		p := compare(runs)
		require.Equal(t, c.warnings, p.Warnings)
		own := p.Tables[0].Rows[1].Values
		require.Equal(t, c.same, own[len(own)-1].Text != otherImages)
		require.Equal(t, !c.alone || c.same, p.Runs[1].Values[0].Text != otherImages)
		require.Equal(t, !c.alone, len(p.Selections) == 3 && p.Oracle, "best on targets")
	}
}

func TestManyClasses(t *testing.T) {
	t.Parallel()
	r := load(t, exampleRun(t, "run"))
	r.Config.ClassNames = nil
	counts := make([]int, 100*100)
	for i := range 100 {
		r.Config.ClassNames = append(r.Config.ClassNames, fmt.Sprint("class ", i))
		counts[i*100+i], counts[i*100+(i+1)%100] = 9, 1
	}
	r.Confusion.Domains = []runfolder.DomainConfusion{{Name: "far", Counts: counts}}
	counts[7*100+3] = 3
	view, ok := r.confusionView("far")
	require.True(t, ok)
	require.Equal(t, "far · 89.73 %", view.Title)
	require.Empty(t, view.Confusion)
	require.Len(t, view.Confusions, mostConfusions)
	require.Equal(t, confusionRow{"class 7", "class 3", "3", "23.08 %"}, view.Confusions[0])
	require.Equal(t, confusionRow{"class 0", "class 1", "1", "10.00 %"}, view.Confusions[1])
	_, ok = r.confusionView("own")
	require.False(t, ok)
	r.Confusion.Domains[0] = runfolder.DomainConfusion{Name: "far", Pairs: [][3]int{{7, 7, 9}, {7, 3, 3}}}
	view, ok = r.confusionView("far")
	require.True(t, ok)
	require.Equal(t, "far · 75.00 %", view.Title)
	require.Equal(t, []confusionRow{{"class 7", "class 3", "3", "25.00 %"}}, view.Confusions)
	r.Confusion.Domains[0].Pairs[1][0] = 100
	_, ok = r.confusionView("far")
	require.False(t, ok, "no such class")
	scores := make([]runfolder.ClassScore, 300)
	for i := range scores {
		scores[i] = runfolder.ClassScore{Images: i % 2, F1: float64(300 - i)}
	}
	shown := shownClasses(scores)
	require.Len(t, shown, 150, "those that have images")
	require.Equal(t, 1.0, shown[0].F1)
	require.NotContains(t, render(t, r, 0), "NaN")
}

// What trains at a phase's end is what the method keeps of earlier ones.
func TestTrainingImages(t *testing.T) {
	t.Parallel()
	r := &Run{Config: &runfolder.Config{}, Phases: make([]runfolder.Maximise, 4)}
	for i := range r.Phases {
		r.Phases[i].Images = 96
	}
	r.Config.Checksums = map[string]runfolder.Checksum{runfolder.TrainingSet: {Images: 100}}
	sizes := func() (all []int) {
		for phases := range len(r.Phases) + 1 {
			all = append(all, r.trainingImages(phases))
		}
		return all
	}
	r.Config.Algorithm, r.Config.K = catalog.MEADA, 2
	require.Equal(t, []int{100, 196, 292, 388, 484}, sizes())
	r.Config.Algorithm = catalog.AdvST
	require.Equal(t, []int{100, 196, 292, 288, 288}, sizes())
	r.Config.KeepSource = true
	require.Equal(t, []int{100, 196, 292, 292, 292}, sizes())
}
