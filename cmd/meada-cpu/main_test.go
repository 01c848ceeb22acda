package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
)

// command is the path of the program: this test binary under its name.
var command string

func TestMain(m *testing.M) {
	runtest.AddNetworks()
	testscript.Main(tests{m}, map[string]func(){"meada-cpu": main})
}

// tests are run once the program is in PATH.
type tests struct{ *testing.M }

func (t tests) Run() int {
	var err error
	if command, err = exec.LookPath("meada-cpu"); err != nil {
		panic(err)
	}
	if err := os.Setenv("MEADA_CACHE", filepath.Join(filepath.Dir(command), "cache")); err != nil { // none of the user's weights
		panic(err)
	}
	// Tests run beside each other: more threads a process would wait for processors.
	if err := os.Setenv("GOMAXPROCS", cmp.Or(os.Getenv("GOMAXPROCS"), "1")); err != nil {
		panic(err)
	}
	return t.M.Run()
}

// The small networks of tests.
const (
	small    = runtest.LeNet
	smallWRN = runtest.WRN
)

// result is what a run of the program left.
type result struct {
	code     int
	out, err string
}

// invoke runs the program in dir.
func invoke(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return invokeWith(t, dir, nil, args...)
}

// invokeWith is invoke with more variables in the environment.
func invokeWith(t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	var out, errors bytes.Buffer
	c := exec.Command(command, args...)
	c.Dir, c.Stdout, c.Stderr, c.Env = dir, &out, &errors, append(os.Environ(), env...)
	if err := c.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errors.String()}
}

// succeed runs the program in dir and requires exit code 0.
func succeed(t *testing.T, dir string, args ...string) result {
	t.Helper()
	r := invoke(t, dir, args...)
	require.Zero(t, r.code, r.err)
	return r
}

func tinyDigits(t *testing.T) string { return runtest.Digits(t) }

// short are flags for a run of a few steps with two phases and three tests.
func short(data string, more ...string) []string {
	return append([]string{"train", "--dataset", "digits", "--model", small, "--data", data, "--lr", "1e-3", "--batch-size", "16",
		"--loops-train", "8", "--loops-min", "3", "--loops-adv", "2", "--k", "2", "--test-every", "3"}, more...)
}

func readJSON(t *testing.T, path string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, json.Unmarshal(text, &v), path)
	return v
}

func TestTrainLeavesARunFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := succeed(t, dir, short(tinyDigits(t), "--seed", "7")...)
	runs, err := filepath.Glob(filepath.Join(dir, "runs", "*-digits-me-ada-s7"))
	require.NoError(t, err)
	require.Len(t, runs, 1)
	folder := runs[0]

	var names []string
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{
		"best.safetensors", "config.json", "confusion.json", "last.safetensors", "metrics.jsonl", "report.html", "samples",
		"source-validation.safetensors", "summary.json",
	}, names)

	s := readJSON(t, filepath.Join(folder, "summary.json"))
	require.Equal(t, true, s["complete"])
	require.Equal(t, "me-ada", s["algorithm"])
	require.Equal(t, "digits", s["dataset"])
	require.EqualValues(t, 8, s["steps"])
	require.EqualValues(t, 7, s["seed"])
	require.Positive(t, s["peak_rss_bytes"])
	for _, key := range []string{"total", "minimise", "maximise", "evaluate"} {
		require.Positive(t, s["seconds"].(map[string]any)[key], key)
	}
	for _, key := range []string{"minimise", "maximise"} {
		require.Positive(t, s["images_per_second"].(map[string]any)[key], key)
	}
	for _, which := range []string{"best", "source_validation", "last"} {
		a := s["accuracy"].(map[string]any)[which].(map[string]any)
		require.Len(t, a, 4, "mnist, usps, average, step")
		require.Equal(t, a["usps"], a["average"], "mnist is the source")
		require.Contains(t, a, "mnist")
	}
	last := s["accuracy"].(map[string]any)["last"].(map[string]any)
	require.EqualValues(t, 7, last["step"])

	c := readJSON(t, filepath.Join(folder, "config.json"))
	require.EqualValues(t, 16, c["batch_size"])
	require.EqualValues(t, 15, c["data_checksums"].(map[string]any)["usps"].(map[string]any)["images"])
	for _, key := range []string{"version", "cpu", "simd", "threads", "lr_max", "eta"} {
		require.Contains(t, c, key)
	}

	types := map[string]int{}
	for _, line := range metrics(t, folder) {
		types[line["type"].(string)]++
	}
	require.Equal(t, map[string]int{"train": 1, "maximise": 2, "evaluate": 3}, types)

	_, metadata, err := safetensors.Read(filepath.Join(folder, "last.safetensors"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"format": "pt", "model": small, "classes": "10", "dataset": "digits", "image_size": "32", "step": "8",
		"class_names":   `["0","1","2","3","4","5","6","7","8","9"]`,
		"normalisation": "mean=0,0,0 std=1,1,1",
	}, metadata)

	require.Contains(t, r.out, "usps")
	require.Contains(t, r.out, filepath.Base(folder))
	require.Contains(t, r.err, "svhn", "absent domains are named")
	require.Regexp(t, `\nexpected +a few seconds, at 50% of the peak measured now, \d+ GFLOP/s\n`, r.err)
	require.NotContains(t, r.err, "\x1b", "no control codes into a pipe")
}

func metrics(t *testing.T, folder string) []map[string]any {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "metrics.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	var lines []map[string]any
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var line map[string]any
		require.NoError(t, json.Unmarshal(scan.Bytes(), &line))
		lines = append(lines, line)
	}
	return lines
}

func TestTrainIsReproducible(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	run := func(name string, threads int, flags ...string) ([]byte, []map[string]any) {
		r := invokeWith(t, dir, []string{"GOMAXPROCS=3"}, short(data, append(flags, "--out", name, "--quiet")...)...)
		require.Zero(t, r.code, r.err)
		require.EqualValues(t, threads, readJSON(t, filepath.Join(dir, name, "summary.json"))["threads"])
		bytes, err := os.ReadFile(filepath.Join(dir, name, "last.safetensors"))
		require.NoError(t, err)
		lines := metrics(t, filepath.Join(dir, name))
		for _, line := range lines {
			for _, key := range []string{"seconds", "images_per_second", "peak_rss_bytes"} {
				delete(line, key)
			}
		}
		return bytes, lines
	}
	weights, lines := run("one", 1, "--threads", "1")
	for _, threads := range []int{2, 3} {
		name := fmt.Sprint(threads)
		w, l := run(name, threads, "--threads", name)
		require.True(t, bytes.Equal(weights, w), "last.safetensors with %d threads", threads)
		require.Equal(t, lines, l, "metrics.jsonl with %d threads", threads)
	}
	other, _ := run("other", 3, "--seed", "2")
	require.False(t, bytes.Equal(weights, other), "another seed")
}

func TestEvalAgreesWithTrain(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, short(data, "--out", "r")...)
	weights := filepath.Join("r", "last.safetensors")
	r := invokeWith(t, dir, []string{"GOMAXPROCS=1"}, "eval", "--weights", weights, "--data", data, "--json", "--logits", "logits", "--threads=9")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.err, "note: --threads 9 is more than the 1 CPU that this process may use: as many workers are started\n")
	var printed struct {
		Accuracy map[string]float64
		Threads  int
	}
	require.NoError(t, json.Unmarshal([]byte(r.out), &printed))
	require.Equal(t, 1, printed.Threads)
	last := readJSON(t, filepath.Join(dir, "r", "summary.json"))["accuracy"].(map[string]any)["last"].(map[string]any)
	delete(last, "step")
	require.Len(t, printed.Accuracy, len(last))
	for name, x := range printed.Accuracy {
		require.Equal(t, last[name], x, name)
	}
	for name, n := range map[string]int{"mnist": 20, "usps": 15} {
		logits, err := npy.Read(filepath.Join(dir, "logits", name+".npy"))
		require.NoError(t, err)
		require.Equal(t, []int{n, 10}, logits.Shape)
		correct := 0
		for i := range n {
			row, best := logits.Float32[10*i:][:10], 0
			for c := range row {
				if row[c] > row[best] {
					best = c
				}
			}
			if best == i%10 {
				correct++
			}
		}
		require.Equal(t, last[name], float64(correct)/float64(n), name)
	}

	r = invoke(t, dir, "eval", "--weights", weights, "--data", data, "--adapt", "bn")
	require.Equal(t, result{exitUsage, "", "meada-cpu: --adapt bn: lenet-small has no batch normalisation\n"}, r)
	r = succeed(t, dir, "eval", "--weights", weights, "--dataset", "digits", "--data", data)
	require.Contains(t, r.out, "mnist (source)")
}

func TestTrainFromWeights(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, short(data, "--out", "a")...)
	start := filepath.Join("a", "last.safetensors")
	succeed(t, dir, short(data, "--out", "b", "--weights", start, "--lr", "0", "--algorithm", "erm")...)
	a, _, err := safetensors.Read(filepath.Join(dir, start))
	require.NoError(t, err)
	b, _, err := safetensors.Read(filepath.Join(dir, "b", "last.safetensors"))
	require.NoError(t, err)
	require.Equal(t, a, b, "a rate of 0 changes nothing")
}

// Weights of another network, and of no known dataset.
func TestWeightsRefused(t *testing.T) {
	t.Parallel()
	good := tinyDigits(t)
	work := t.TempDir()
	succeed(t, work, short(good, "--out", "good")...)
	weights := filepath.Join("good", "last.safetensors")
	other := filepath.Join(work, "other.safetensors")
	require.NoError(t, safetensors.Write(other, []safetensors.Tensor{{Name: "conv1.weight", Shape: []int{1}, Data: []float32{1}}}, nil))
	tensors, _, err := safetensors.Read(filepath.Join(work, weights))
	require.NoError(t, err)
	foreign := filepath.Join(work, "foreign.safetensors")
	require.NoError(t, safetensors.Write(foreign, tensors, map[string]string{"model": "wrn-40-2"}))

	for name, c := range map[string]struct {
		args    []string
		code    int
		message []string
	}{
		"other network":   {[]string{"eval", "--weights", other, "--dataset", "digits", "--data", good}, exitData, []string{other, "conv1.weight"}},
		"named other":     {[]string{"eval", "--weights", foreign, "--dataset", "digits", "--data", good}, exitData, []string{foreign, "wrn-40-2"}},
		"dataset unknown": {[]string{"eval", "--weights", other}, exitUsage, []string{other, "--dataset"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := invoke(t, work, c.args...)
			require.Equal(t, c.code, r.code, r.err)
			require.Empty(t, r.out)
			require.Equal(t, 1, strings.Count(r.err, "\n"), r.err)
			for _, m := range c.message {
				require.Contains(t, r.err, m)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, c := range everyCommand(newRoot(streams{nil, io.Discard, io.Discard})) {
		words := strings.Fields(c.CommandPath())[1:]
		text := help(t, append([]string{"help"}, words...)...)
		require.Contains(t, text, "usage: "+c.CommandPath())
		require.Equal(t, text, help(t, append(words, "--help")...))
		for line := range strings.Lines(text) {
			require.Regexp(t, `^(.{0,80}|  meada-cpu .*)\n$`, line)
		}
	}
	require.Contains(t, help(t, "version"), runtime.GOOS+"/"+runtime.GOARCH)
	require.Equal(t, help(t, "version"), help(t, "--version"))
}

// help returns what a command prints that succeeds.
func help(t *testing.T, args ...string) string {
	t.Helper()
	var out, errors bytes.Buffer
	require.Zero(t, meada(args, &out, &errors), errors.String())
	return out.String()
}

// Every flag that a command takes is in its help text, or in that of train.
func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	for _, c := range everyCommand(newRoot(streams{nil, io.Discard, io.Discard})) {
		text := help(t, append([]string{"help"}, strings.Fields(c.CommandPath())[1:]...)...)
		if c.Name() == "sweep" {
			text += help(t, "help", "train") // to which it refers
		}
		for _, flag := range cli.Names(c.Flags()) {
			require.Regexp(t, `\n  --`+flag+`\s`, text, c.Name())
		}
	}
}

// The help shows the values that flags have where they are not given.
func TestHelpShowsThePreset(t *testing.T) {
	t.Parallel()
	for line, values := range map[string][]string{
		"train --help":                                   {"synthetic", "lenet5", "801", "0.001", "randconv", "randaugment+randconv"},
		"train --help --preset quick":                    {"quick", "lenet5", "1601", "0.0006", "me-ada"},
		"train --help --preset digits":                   {"digits", "lenet5", "10001", "0.0001"},
		"train --dataset cifar100 --help":                {"cifar100", "wrn", "0.1", "0.0005", "0.9", "20"},
		"train --preset cifar10 --model densenet --help": {"cifar10", "densenet", "200", "0.0001"},
		"train --algorithm erm --lr 7 --loops-adv 9 -h":  {"erm", "7", "9", "801"},
		"augment --dataset pacs --help":                  {"32", "50"},
		"sweep --help":                                   {"erm,ada,me-ada", "1,2,3"},
		"corrupt --help":                                 {"1-5"},
	} {
		text := help(t, strings.Fields(line)...)
		for _, v := range values {
			require.Contains(t, text, "("+v+")", line)
		}
	}
	require.NotContains(t, help(t, "train", "--help"), "(200)\n  --max-steps", "epochs are not of this preset")
}

func TestManPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	help(t, "man", dir)
	for name, texts := range map[string][]string{
		"meada-cpu.1":            {".TH MEADA", "TRAIN AND USE NETWORKS", "NOTES"},
		"meada-cpu-train.1":      {"\\fB\\-\\-loops\\-train N\\fR\n", "(801)", ".SH MAXIMISATION"},
		"meada-cpu-data-fetch.1": {"meada\\-cpu data fetch [NAME ...]"},
	} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		for _, text := range texts {
			require.Contains(t, string(page), text, name)
		}
	}
	require.NoFileExists(t, filepath.Join(dir, "meada-cpu-man.1"))
}

func TestInterruptionFinishesTheStep(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	dir := t.TempDir()
	c := exec.Command(command, short(tinyDigits(t), "--loops-train", "1000000", "--test-every", "2", "--out", "r")...)
	c.Dir = dir
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	begin(t, c)
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if strings.HasPrefix(line, "test ") {
			break
		}
	}
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.Error(t, c.Wait())
	require.Equal(t, exitInterrupted, c.ProcessState.ExitCode())
	require.Contains(t, string(rest), "meada-cpu: interrupted after")
	_, metadata, err := safetensors.Read(filepath.Join(dir, "r", "last.safetensors"))
	require.NoError(t, err)
	require.Contains(t, metadata, "step")
	require.NotEmpty(t, metrics(t, filepath.Join(dir, "r")))
	require.NoFileExists(t, filepath.Join(dir, "r", "summary.json"))
}

// The default run, cut short and tested on fewer images.
func TestSyntheticDigits(t *testing.T) {
	if os.Getenv("CI") == "" || testing.Short() {
		t.Skip("12,000 pictures to draw, 60 steps")
	}
	t.Parallel()
	dir := t.TempDir()
	succeed(t, dir, "train", "--model", small, "--algorithm", "erm", "--loops-train", "60", "--test-images", "100", "--out", "r")
	last := readJSON(t, filepath.Join(dir, "r", "summary.json"))["accuracy"].(map[string]any)["last"].(map[string]any)
	require.Greater(t, last["handwritten"], 0.5)
	require.Greater(t, last["handwritten"], last["average"])
}
