package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// shortSweep are flags of a sweep over runs of a few steps.
func shortSweep(data, out string, more ...string) []string {
	return append([]string{"sweep", "--dataset", "digits", "--data", data, "--lr", "1e-3", "--batch-size", "16",
		"--loops-train", "4", "--loops-min", "3", "--loops-adv", "1", "--k", "1", "--test-every", "3", "--out", out}, more...)
}

func TestSweep(t *testing.T) {
	dir, data := t.TempDir(), tinyDigits(t)
	first := succeed(t, dir, shortSweep(data, "all", "--seeds", "1-2", "--algorithms", "erm,me-ada", "--jobs", "2")...)
	require.Contains(t, first.err, "4 runs, 0 complete, 4 to do, 2 at a time")
	require.Contains(t, first.err, "[4/4]")
	single := succeed(t, dir, short(data, "--loops-train", "4", "--loops-adv", "1", "--k", "1", "--seed", "2", "--out", "single", "--json")...)
	var alone runfolder.Summary
	require.NoError(t, json.Unmarshal([]byte(single.out), &alone))
	o, err := readOutcome(filepath.Join(dir, "all", "me-ada-s2"))
	require.NoError(t, err)
	require.Equal(t, alone.Accuracy, o.summary.Accuracy, "a run of a sweep is the run itself")

	markdown, err := os.ReadFile(filepath.Join(dir, "all", "table.md"))
	require.NoError(t, err)
	require.Equal(t, string(markdown), first.out)
	require.Contains(t, first.out, "| ME-ADA | paper, best on targets | 10 | 79.10 ± 1.03 | 79.10 | – |", "its average over the targets at hand")
	require.Contains(t, first.out, "| ERM | last | 2 |")
	require.Contains(t, first.out, "mnist (source)")
	require.NotContains(t, first.out, "| ADA |")
	require.Contains(t, first.out, "These runs are not the paper's: batch_size 16 instead of 32, k 1 instead of 3, loops_adv 1 instead of 15, "+
		"loops_min 3 instead of 100, loops_train 4 instead of 10001, lr 0.001 instead of 0.0001, test_every 3 instead of 100.")

	// What is complete is not done again; what is missing is.
	again := succeed(t, dir, shortSweep(data, "all", "--seeds", "1-3", "--algorithms", "erm,me-ada", "--quiet")...)
	require.Empty(t, again.err)
	entries, err := filepath.Glob(filepath.Join(dir, "all", "*-s*", "summary.json"))
	require.NoError(t, err)
	require.Len(t, entries, 6)
	again = succeed(t, dir, shortSweep(data, "all", "--seeds", "3,1-2", "--algorithms", "me-ada,erm")...)
	require.Contains(t, again.err, "6 runs, 6 complete, 0 to do")
	require.Equal(t, succeed(t, dir, "sweep", "--table", "all").out, again.out)

	// A run that was stopped before its first checkpoint begins again where it is.
	require.NoError(t, os.Remove(filepath.Join(dir, "all", "erm-s3", "summary.json")))
	r := succeed(t, dir, "sweep", "--table", "all")
	require.Contains(t, r.err, "not complete: "+filepath.Join("all", "erm-s3"))
	begun := invoke(t, dir, shortSweep(data, "all", "--seeds", "3", "--algorithms", "erm", "--lr", "0.5")...)
	require.Equal(t, exitFailed, begun.code)
	require.Contains(t, begun.err, "erm-s3: the run there has other settings, lr 0.001 instead of 0.5")
	again = succeed(t, dir, shortSweep(data, "all", "--seeds", "1-3", "--algorithms", "erm")...)
	require.Contains(t, again.err, "3 runs, 2 complete, 1 to do, 1 of them to be resumed")
	require.FileExists(t, filepath.Join(dir, "all", "erm-s3", "summary.json"))
	require.NoDirExists(t, filepath.Join(dir, "all", "erm-s3-2"))

	// Other settings do not pass for these.
	other := invoke(t, dir, shortSweep(data, "all", "--seeds", "1", "--lr", "0.5")...)
	require.Equal(t, exitFailed, other.code)
	require.Contains(t, other.err, "lr 0.001 instead of 0.5")
}

func TestSweepShards(t *testing.T) {
	dir, data := t.TempDir(), tinyDigits(t)
	args := func(shard string) []string {
		return shortSweep(data, "all", "--seeds", "1-3", "--algorithms", "erm", "--shard", shard)
	}
	r := succeed(t, dir, args("2/2")...)
	require.Empty(t, r.out, "one part makes no table")
	require.Contains(t, r.err, "2 runs, 0 complete")
	t.Setenv("JOB_COMPLETION_INDEX", "0")
	r = succeed(t, dir, args("2")...)
	require.Contains(t, r.err, "part 1 of 2")
	require.Contains(t, r.err, "1 runs, 0 complete")
	require.Contains(t, succeed(t, dir, "sweep", "--table", "all").out, "| ERM | last | 3 |")
	entries, err := os.ReadDir(filepath.Join(dir, "all"))
	require.NoError(t, err)
	require.Len(t, entries, 3+3, "three runs and the three tables")
}

func TestShard(t *testing.T) {
	for text, want := range map[string]shard{"1/1": {0, 1}, "2/10": {1, 10}, "10/10": {9, 10}, "10": {-1, 10}} {
		var s shard
		require.NoError(t, s.set(text), text)
		require.Equal(t, want, s, text)
	}
	for _, text := range []string{"", "0/3", "4/3", "1/0", "x/3", "1/x", "0", "-1", "1/2/3"} {
		require.Error(t, new(shard).set(text), text)
	}
	for name, c := range map[string]struct {
		given shard
		env   map[string]string
		want  shard
		err   string
	}{
		"alone":             {want: shard{0, 1}},
		"given":             {given: shard{2, 4}, env: map[string]string{"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "9"}, want: shard{2, 4}},
		"slurm":             {env: map[string]string{"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "10"}, want: shard{3, 10}},
		"slurm from 1":      {env: map[string]string{"SLURM_ARRAY_TASK_ID": "10", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "10"}, want: shard{9, 10}},
		"slurm in steps":    {env: map[string]string{"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_MIN": "2", "SLURM_ARRAY_TASK_STEP": "4", "SLURM_ARRAY_TASK_COUNT": "4"}, want: shard{3, 4}},
		"kubernetes":        {given: shard{-1, 5}, env: map[string]string{"JOB_COMPLETION_INDEX": "4"}, want: shard{4, 5}},
		"of unknown size":   {env: map[string]string{"JOB_COMPLETION_INDEX": "4"}, err: "use --shard N"},
		"of unknown number": {given: shard{-1, 5}, err: "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX"},
		"beyond":            {given: shard{-1, 3}, env: map[string]string{"JOB_COMPLETION_INDEX": "3"}, err: "beyond"},
	} {
		s := c.given
		err := s.resolve(func(name string) string { return c.env[name] })
		if c.err != "" {
			require.ErrorContains(t, err, c.err, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, s, name)
	}
	// Every run belongs to exactly one part.
	for runs := range 40 {
		for count := 1; count < 12; count++ {
			next := 0
			for i := range count {
				lo, hi := shard{i, count}.of(runs)
				require.Equal(t, next, lo)
				require.LessOrEqual(t, hi-lo, runs/count+1)
				next = hi
			}
			require.Equal(t, runs, next)
		}
	}
}

func TestSweepBadInput(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o777))
	for name, c := range map[string]struct {
		args    []string
		code    int
		message string
	}{
		"algorithm":       {[]string{"--algorithms", "erm,sgd"}, exitUsage, "erm,ada,me-ada"},
		"twice":           {[]string{"--algorithms", "erm,erm"}, exitUsage, "duplicate value erm"},
		"seeds backwards": {[]string{"--seeds", "5-1"}, exitUsage, "1-10"},
		"seeds twice":     {[]string{"--seeds", "1-3,2"}, exitUsage, "duplicate value 2"},
		"too many seeds":  {[]string{"--seeds", "0-18446744073709551615"}, exitUsage, "1-10"},
		"no seeds":        {[]string{"--seeds", ""}, exitUsage, "1-10"},
		"seed of train":   {[]string{"--seed", "1"}, exitUsage, "unknown flag --seed"},
		"value of train":  {[]string{"--k", "x"}, exitUsage, "whole number"},
		"table and more":  {[]string{"--table", "empty", "--k", "3"}, exitUsage, "--k"},
		"no folder":       {[]string{"--table", "gone"}, exitData, "gone"},
		"empty folder":    {[]string{"--table", "empty"}, exitData, "empty"},
		"no data":         {[]string{"--dataset", "digits", "--data", "gone", "--quiet"}, exitData, "gone: "},
	} {
		r := invoke(t, dir, append([]string{"sweep"}, c.args...)...)
		require.Equal(t, c.code, r.code, "%s: %s", name, r.err)
		require.Contains(t, r.err, c.message, name)
		require.Empty(t, r.out, name)
	}
}

// The same command again resumes what was interrupted, be it by a signal to the
// sweep alone (as a batch system sends it), which reaches its runs, or because a
// run was killed.
func TestSweepInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	data := tinyDigits(t)
	args := shortSweep(data, "all", "--loops-train", "100", "--test-every", "25", "--checkpoint-every", "10",
		"--seeds", "1-2", "--algorithms", "erm")
	whole := t.TempDir()
	succeed(t, whole, append(args, "--quiet", "--checkpoint-every", "1000")...)
	for name, c := range map[string]struct {
		interrupt func(t *testing.T, dir string, sweep *os.Process)
		code      int
		message   string
	}{
		"interrupted": {func(t *testing.T, _ string, sweep *os.Process) {
			require.NoError(t, sweep.Signal(syscall.SIGTERM))
		}, exitInterrupted, "interrupted after 0 of 2 runs, the same command continues"},
		"killed": {func(t *testing.T, dir string, _ *os.Process) {
			text, err := os.ReadFile(filepath.Join(dir, "all", "erm-s1", runfolder.LockFile))
			require.NoError(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			require.NoError(t, err)
			run, err := os.FindProcess(pid)
			require.NoError(t, err)
			require.NoError(t, run.Kill())
		}, exitFailed, "1 of 2 runs failed, the first: erm s1: signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			sweep := exec.Command(command, args...)
			sweep.Dir = dir
			stderr, err := sweep.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, sweep.Start())
			var said strings.Builder
			for lines := bufio.NewScanner(stderr); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "test ") && !strings.Contains(said.String(), "\ntest ") {
					c.interrupt(t, dir, sweep.Process)
				}
				fmt.Fprintln(&said, lines.Text())
			}
			require.Error(t, sweep.Wait())
			require.Equal(t, c.code, sweep.ProcessState.ExitCode(), said.String())
			require.Contains(t, said.String(), c.message)
			require.NoDirExists(t, filepath.Join(dir, "all", "erm-s2"))

			again := succeed(t, dir, args...)
			require.Contains(t, again.err, "2 runs, 0 complete, 2 to do, 1 of them to be resumed")
			require.Contains(t, again.err, "the checkpoint after ")
			for _, run := range []string{"erm-s1", "erm-s2"} {
				requireSame(t, remains(t, filepath.Join(whole, "all", run)), filepath.Join(dir, "all", run), run)
			}
		})
	}
}

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
	table := newSweepTable(sweepOf(map[string][]float64{
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

	// Runs with the published settings need no note, others do.
	one := runfolder.Settings{Images: runfolder.Images{Dataset: digits}, Model: "lenet5", Config: train.Digits(train.ERM)}
	notes := len(table.notes)
	require.NoError(t, table.noteDepartures(&one))
	require.Len(t, table.notes, notes)
	one.TestImages = 100
	require.NoError(t, table.noteDepartures(&one))
	require.Equal(t, "These runs are not the paper's: test_images 100 instead of none.", table.notes[notes])

	// One seed has no deviation and no test; a difference may be chance.
	table = newSweepTable(sweepOf(map[string][]float64{"erm": {50}, "me-ada": {58}}))
	require.Empty(t, table.comparisons)
	b.Reset()
	require.NoError(t, table.markdown(&b))
	require.Contains(t, b.String(), "| ME-ADA | best on targets | 1 | – | – | – | – | 58.00 | 99.00 |")
	table = newSweepTable(sweepOf(map[string][]float64{"erm": {50, 60}, "me-ada": {58, 55}}))
	require.Equal(t, "not significant", table.comparisons[0].verdict())
}

// The paper's figures stand only beside what compares with them.
func TestPaperFigures(t *testing.T) {
	targets := corrupt.Paper()
	for _, model := range zoo.Names {
		network, err := zoo.New(model, 10)
		require.NoError(t, err)
		p := paperFigures(cifar10, network.Name, targets)
		if model == "lenet5" || network.H > 32 { // not in its tables of CIFAR
			require.Nil(t, p.figures)
			continue
		}
		for _, a := range train.Algorithms {
			row := p.row(a, p.figures[a], append(slices.Clone(targets), average, "clean"), targets)
			require.Greater(t, row.cells[len(targets)].mean, 60.0, "%s %s", model, a)
			require.True(t, math.IsNaN(row.cells[0].mean))
		}
		require.Nil(t, paperFigures(cifar10, network.Name, nil).figures, "clean images alone")
		require.Nil(t, paperFigures(digits, network.Name, targets).figures)
	}
}
