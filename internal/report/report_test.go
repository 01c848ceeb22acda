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
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
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
		"command": "meada-cpu train --out 'a b'", "started": "2026-01-02T03:04:05Z", "class_names": exampleClasses,
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
			"type": "train", "step": step, "loss": 2 * math.Exp(-3*x), "accuracy": x, "images_per_second": 1000 + 10*math.Sin(x*50),
		})
		if step%10 == 0 && step > 0 {
			far, near := .5+.3*math.Sin(3*x), .2+.1*x // best at step 50 and thereabouts
			lines = append(lines, map[string]any{
				"type": "evaluate", "step": step, "seconds": step, "peak_rss_bytes": 100 << 20,
				"accuracy": map[string]float64{
					"own": []float64{.7, .9, .9, .8, .8, .8, .8, .8, .8, .8}[step/10-1], "far": far, "<i>near</i>": near, "average": (far + near) / 2,
				},
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
	write(t, dir, runfolder.ConfusionFile, runfolder.Confusion{Step: 100, Domains: []runfolder.DomainConfusion{
		{Name: "own", Counts: []int{20, 0, 0, 5, 10, 0, 0, 0, 15}}, {Name: "far", Counts: []int{10, 0, 3, 5, 10, 0, 2, 0, 10}}, {Name: "<i>near</i>", Counts: make([]int, 9)},
	}})
	for phase := 1; phase <= 2; phase++ {
		const shown, width = 3, 8
		picture := image.NewRGBA(image.Rect(0, 0, shown*width, 2*width))
		for y := range 2 * width {
			for x := range shown * width {
				picture.Set(x, y, color.RGBA{uint8(10 * x), uint8(10 * y), uint8(100 * phase), 255})
			}
		}
		var b bytes.Buffer
		require.NoError(t, png.Encode(&b, picture))
		name := fmt.Sprintf("phase-%d", phase)
		require.NoError(t, os.WriteFile(filepath.Join(dir, runfolder.SampleFolder, name+".png"), b.Bytes(), 0o666))
		write(t, dir, filepath.Join(runfolder.SampleFolder, name+".json"), runfolder.Sample{
			Phase: phase, Step: 30 * phase, Width: width, Labels: []int{0, 1, 2, 0},
			Source:      runfolder.Predictions{Classes: []int{0, 1, 1, 0}, Entropy: []float64{0, .1, .2, .3}},
			Adversarial: runfolder.Predictions{Classes: []int{1, 1, 1, 2}, Entropy: []float64{1, .9, .8, math.Log(3)}},
		})
	}
	return dir
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
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 2*3, strings.Count(page, "<img "), "cards of both phases")
	// Accuracy, loss, training accuracy, pool, speed, memory, an entropy
	// histogram for each phase; three confusion matrices and the corruptions.
	require.Equal(t, 8, strings.Count(page, `<svg class="chart"`))
	require.Equal(t, 4, strings.Count(page, `<svg class="heat"`))
	require.NotContains(t, page, "NaN")
	require.NotContains(t, page, "ZgotmplZ", "html/template refused a value")
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
	require.Equal(t, 3, strings.Count(page.String(), "<svg"))
	require.NotContains(t, page.String(), "ZgotmplZ")
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
	view, ok := r.confusionView("far")
	require.True(t, ok)
	require.Equal(t, "far · 90.00 %", view.Title)
	require.Equal(t, 200, strings.Count(string(view.Chart), `class="cell"`), "empty cells are not drawn")
	_, ok = r.confusionView("own")
	require.False(t, ok)
	require.NotContains(t, render(t, r, 0), "NaN")
}
