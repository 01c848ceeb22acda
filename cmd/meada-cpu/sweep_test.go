package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// shortSweep are flags of a sweep over runs of a few steps.
func shortSweep(data, out string, more ...string) []string {
	return append([]string{"sweep", "--dataset", "digits", "--model", small, "--data", data, "--lr", "1e-3", "--batch-size", "16",
		"--loops-train", "4", "--loops-min", "3", "--loops-adv", "1", "--k", "1", "--test-every", "3", "--out", out}, more...)
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	shortSweep := func(data, out string, more ...string) []string { // the paper has figures of it
		return shortSweep(data, out, append([]string{"--model", "lenet5"}, more...)...)
	}
	first := succeed(t, dir, shortSweep(data, "all", "--seeds", "1", "--algorithms", "erm,me-ada", "--jobs", "2")...)
	require.Contains(t, first.err, "2 runs, 0 complete, 2 to do, 2 at a time")
	require.Contains(t, first.err, "[2/2]")
	single := succeed(t, dir, short(data, "--model", "lenet5", "--loops-train", "4", "--loops-adv", "1", "--k", "1", "--seed", "1", "--out", "single", "--json")...)
	var alone runfolder.Summary
	require.NoError(t, json.Unmarshal([]byte(single.out), &alone))
	o, err := readOutcome(filepath.Join(dir, "all", "me-ada-s1"))
	require.NoError(t, err)
	require.Equal(t, alone.Accuracy, o.summary.Accuracy, "a run of a sweep is the run itself")

	markdown, err := os.ReadFile(filepath.Join(dir, "all", "table.md"))
	require.NoError(t, err)
	require.Equal(t, string(markdown), first.out)
	require.Contains(t, first.out, "| ME-ADA | paper, best on targets | 10 | 79.10 ± 1.03 | 79.10 | – |", "its average over the targets at hand")
	require.Contains(t, first.out, "| ERM | last | 1 |")
	require.Contains(t, first.out, "mnist (source)")
	require.NotContains(t, first.out, "| ADA |")
	require.Contains(t, first.out, "These runs are not the paper's: batch_size 16 instead of 32, k 1 instead of 3, loops_adv 1 instead of 15, "+
		"loops_min 3 instead of 100, loops_train 4 instead of 10001, lr 0.001 instead of 0.0001, test_every 3 instead of 100.")

	// What is complete is not done again; what is missing is.
	again := succeed(t, dir, shortSweep(data, "all", "--seeds", "1-2", "--algorithms", "erm,me-ada", "--quiet")...)
	require.Empty(t, again.err)
	entries, err := filepath.Glob(filepath.Join(dir, "all", "*-s*", "summary.json"))
	require.NoError(t, err)
	require.Len(t, entries, 4)
	again = succeed(t, dir, shortSweep(data, "all", "--seeds", "2,1", "--algorithms", "me-ada,erm")...)
	require.Contains(t, again.err, "4 runs, 4 complete, 0 to do")
	require.Contains(t, again.out, "| ERM | last | 2 |")
	require.Equal(t, succeed(t, dir, "sweep", "--table", "all").out, again.out)

	// A run that was stopped before its first checkpoint begins again where it is.
	require.NoError(t, os.Remove(filepath.Join(dir, "all", "erm-s2", "summary.json")))
	r := succeed(t, dir, "sweep", "--table", "all")
	require.Contains(t, r.err, filepath.Join("all", "erm-s2")+": not complete")
	begun := invoke(t, dir, shortSweep(data, "all", "--seeds", "2", "--algorithms", "erm", "--lr", "0.5")...)
	require.Equal(t, exitFailed, begun.code)
	require.Contains(t, begun.err, "erm-s2: the run there has other settings, lr 0.001 instead of 0.5")
	again = succeed(t, dir, shortSweep(data, "all", "--seeds", "1-2", "--algorithms", "erm")...)
	require.Contains(t, again.err, "2 runs, 1 complete, 1 to do, 1 of them to be resumed")
	require.FileExists(t, filepath.Join(dir, "all", "erm-s2", "summary.json"))
	require.NoDirExists(t, filepath.Join(dir, "all", "erm-s2-2"))

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
	require.Len(t, entries, 3+3+1, "three runs, the three tables and the number of parts")

	t.Setenv("SLURM_ARRAY_TASK_ID", "1")
	both := invoke(t, dir, args("2")...)
	require.Equal(t, exitUsage, both.code)
	require.Contains(t, both.err, "both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set")
	t.Setenv("JOB_COMPLETION_INDEX", "")

	// Tasks of an array that is no whole one of as many parts: theirs are not known.
	for name, value := range map[string]string{"ID": "1", "MIN": "0", "MAX": "2", "COUNT": "3"} {
		t.Setenv("SLURM_ARRAY_TASK_"+name, value)
	}
	again := invoke(t, dir, shortSweep(data, "all", "--seeds", "1-3", "--algorithms", "erm")...)
	require.Equal(t, exitUsage, again.code)
	require.Contains(t, again.err, "--shard: the sweep was begun in 2 parts, and the Slurm array has 3 tasks")
}

// A pod of an Indexed Job that is started anew, and a requeued task of a Slurm array, go
// on with their own part and touch no other; one whose part is not known does nothing.
func TestRestartedTasks(t *testing.T) {
	if os.Getenv("CI") == "" || testing.Short() {
		t.Skip("a dozen sweeps")
	}
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	all := filepath.Join(dir, "all")
	sweep := func(env []string, more ...string) result {
		return invokeWith(t, dir, env, shortSweep(data, "all", append([]string{"--seeds", "1-3", "--algorithms", "erm", "--loops-train", "2", "--loops-min", "1", "--test-every", "2"}, more...)...)...)
	}
	pod := func(index string) []string { return []string{"JOB_COMPLETION_INDEX=" + index} }
	task := func(id, last string) []string {
		return []string{"SLURM_ARRAY_TASK_ID=" + id, "SLURM_ARRAY_TASK_MIN=0", "SLURM_ARRAY_TASK_MAX=" + last, "SLURM_ARRAY_TASK_COUNT=3", "SLURM_RESTART_COUNT=1"}
	}
	for _, index := range []string{"0", "1", "2"} {
		require.Zero(t, sweep(pod(index), "--shard", "3").code)
	}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		own  string // the run that is not complete and is its part
		code int
		says string
	}{
		{"pod, stopped", pod("1"), []string{"--shard", "3"}, "erm-s2", 0, "1 to do, 1 of them to be resumed"},
		{"pod, another's stopped", pod("0"), []string{"--shard", "3"}, "", 0, "1 runs, 1 complete, 0 to do"},
		{"pod, no number of parts", pod("1"), nil, "", exitUsage, "an Indexed Job whose size is not known"},
		{"pod, beyond", pod("3"), []string{"--shard", "3"}, "", exitUsage, "expected one below 3"},
		{"task, requeued", task("2", "2"), nil, "erm-s3", 0, "1 to do, 1 of them to be resumed"},
		{"task, array with holes", task("2", "5"), nil, "", exitUsage, "which part is that of task 2 is not known"},
	} {
		stopped := cmp.Or(c.own, "erm-s3") // what it may not complete, if nothing is its own
		summary := filepath.Join(all, stopped, runfolder.SummaryFile)
		content, err := os.ReadFile(summary)
		require.NoError(t, err)
		require.NoError(t, os.Remove(summary))
		before := runtest.Files(t, all)
		r := sweep(c.env, c.args...)
		require.Equal(t, c.code, r.code, "%s: %s", c.name, r.err)
		require.Contains(t, r.err, c.says, c.name)
		after := runtest.Files(t, all)
		if c.own != "" {
			require.FileExists(t, summary, c.name)
			own := func(name string, _ []byte) bool { return strings.HasPrefix(filepath.ToSlash(name), c.own+"/") }
			maps.DeleteFunc(before, own)
			maps.DeleteFunc(after, own)
		}
		require.Equal(t, before, after, c.name)
		if c.own == "" {
			require.NoError(t, os.WriteFile(summary, content, 0o666))
		}
	}
}

// The same command again resumes what was interrupted, be it by a signal to the
// sweep alone (as a batch system sends it), which reaches its runs, or because a
// run was killed.
func TestSweepInterrupted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	data := tinyDigits(t)
	args := shortSweep(data, "all", "--loops-train", "150", "--test-every", "25", "--checkpoint-every", "10",
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

// The second interruption does not wait for the end of the runs' steps, which may take
// long, and leaves no process behind.
func TestSecondInterruptionOfRuns(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	data := tinyDigits(t)
	// A phase of a single step that lasts for hours precedes descent step 2.
	long := []string{"--loops-adv", "10000000", "--test-every", "1000", "--checkpoint-every", "2"}
	for folder, args := range map[string][]string{
		filepath.Join("all", "me-ada-s1"): shortSweep(data, "all", append(long, "--seeds", "1", "--algorithms", "me-ada")...),
		filepath.Join("all", "me-ada"):    short(data, append(long, "--compare", "--out", "all")...),
	} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			folder := filepath.Join(dir, folder)
			c := exec.Command(command, args...)
			c.Dir = dir
			begin(t, c)
			require.Eventually(t, func() bool { return exists(filepath.Join(folder, runfolder.CheckpointFolder, "latest.safetensors")) }, time.Minute, time.Millisecond)
			text, err := os.ReadFile(filepath.Join(folder, runfolder.LockFile))
			require.NoError(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			require.NoError(t, err)
			run, err := os.FindProcess(pid)
			require.NoError(t, err)
			t.Cleanup(func() { _ = run.Kill() }) // fails if it has ended, as it should have
			require.Error(t, interruptTwice(t, c, time.Second))
			require.Equal(t, exitInterrupted, c.ProcessState.ExitCode())
			require.ErrorIs(t, run.Signal(syscall.Signal(0)), os.ErrProcessDone)
		})
	}
}

// outcome is what a complete run left.
type outcome struct {
	config  *runfolder.Config
	summary *runfolder.Summary
}

func readOutcome(dir string) (outcome, error) {
	config, err := runfolder.ReadConfig(dir)
	if err != nil {
		return outcome{}, err
	}
	summary, err := runfolder.ReadSummary(dir)
	return outcome{config, summary}, err
}
