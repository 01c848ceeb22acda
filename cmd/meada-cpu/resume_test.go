package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
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

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
)

// remains returns what a run has left but for times: the content of each file,
// that of JSON without what depends on the clock, the place or the machine.
func remains(t *testing.T, folder string) map[string]any {
	t.Helper()
	left := map[string]any{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		require.NoError(t, err)
		switch name {
		case "report.html":
			left[name] = true
		case runfolder.ConfigFile, runfolder.SummaryFile:
			left[name] = timeless(readJSON(t, path))
		case runfolder.MetricsFile:
			lines := metrics(t, folder)
			for _, line := range lines {
				timeless(line)
			}
			left[name] = lines
		default:
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			left[name] = string(content)
		}
		return nil
	}))
	return left
}

func timeless(record map[string]any) map[string]any {
	for _, key := range []string{"seconds", "images_per_second", "peak_rss_bytes", "command", "started", "threads", "simd", "checkpoint_every", "config_sha256"} {
		delete(record, key)
	}
	return record
}

// requireSame requires two runs to have left the same.
func requireSame(t *testing.T, want map[string]any, folder, message string) {
	t.Helper()
	got := remains(t, folder)
	require.ElementsMatch(t, keys(want), keys(got), message)
	for name := range want {
		if w, ok := want[name].(string); ok { // may be long, or no text
			require.True(t, w == got[name], "%s: %s differs", message, name)
			continue
		}
		require.Equal(t, want[name], got[name], "%s: %s", message, name)
	}
}

func keys(m map[string]any) []string {
	var list []string
	for key := range m {
		list = append(list, key)
	}
	return list
}

// Processes that are killed at random moments, and those that resume their runs
// in turn, leave in the end what a run without interruptions does. MEADA_KILLS
// is the number of runs to kill, half of them of digits, half of CIFAR; some are
// killed several times.
func TestKilledRunsEndTheSame(t *testing.T) {
	t.Parallel()
	runs := 4
	if text := os.Getenv("MEADA_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "MEADA_KILLS")
		runs = n
	}
	cifar := tinyCIFAR(t)
	corrupted := t.TempDir()
	succeed(t, corrupted, "corrupt", "--dataset", "cifar10", "--data", cifar, "--out", corrupted, "--corruptions", "fog,contrast", "--quiet")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(5, seed))
	for name, c := range map[string]struct {
		runs int
		args []string
	}{
		"digits": {runs - runs/2, short(tinyDigits(t), "--quiet")},
		"cifar":  {runs / 2, shortCIFAR(cifar, "--quiet", "--corruptions", corrupted)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			folder := filepath.Join(dir, "r")
			begin := time.Now()
			succeed(t, dir, append(c.args, "--out", "whole")...)
			took := time.Since(begin)
			want := remains(t, filepath.Join(dir, "whole"))
			moments, kills := map[string]int{}, 0
			for killed := 0; killed < c.runs; {
				args := append(c.args, "--out", "r", "--checkpoint-every", strconv.Itoa(1+random.IntN(6)))
				begin, before := time.Now(), kills
				// Those that resume the run are killed again three times in ten.
				for runAndKill(t, dir, args, time.Duration(1.1*random.Float64()*float64(took))) {
					kills++
					moments[moment(t, folder)]++
					if exists(filepath.Join(folder, runfolder.SummaryFile)) { // complete, but for what is to be removed
						r := invoke(t, dir, "train", "--resume", "r")
						require.Equal(t, exitUsage, r.code)
						require.Contains(t, r.err, "the run is complete")
						break
					}
					if exists(filepath.Join(folder, runfolder.ConfigFile)) {
						args = []string{"train", "--quiet", "--resume", "r", "--threads", strconv.Itoa(1 + random.IntN(3))}
					}
					if random.Float64() < 0.7 {
						succeed(t, dir, args...)
						break
					}
				}
				if kills > before {
					killed++
				} else {
					took = min(took, time.Since(begin)) // the machine has become less busy
				}
				requireSame(t, want, folder, "run "+strconv.Itoa(killed))
				require.NoError(t, os.RemoveAll(folder))
			}
			t.Logf("%d of %d killed runs ended the same, %d kills: %v", c.runs, c.runs, kills, moments)
		})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// runAndKill starts the program and kills it after some time. It returns false
// if the program has ended by then, well.
func runAndKill(t *testing.T, dir string, args []string, after time.Duration) bool {
	t.Helper()
	var said strings.Builder
	c := exec.Command(command, args...)
	c.Dir, c.Stderr = dir, &said
	require.NoError(t, c.Start())
	timer := time.AfterFunc(after, func() { c.Process.Kill() })
	err := c.Wait()
	timer.Stop()
	if err != nil {
		require.False(t, c.ProcessState.Exited(), said.String())
	}
	return err != nil
}

// moment says what a killed process was at, as far as its folder tells.
func moment(t *testing.T, folder string) string {
	t.Helper()
	what := "before the first checkpoint"
	tensors, _, err := safetensors.Read(filepath.Join(folder, runfolder.CheckpointFolder, "latest.safetensors"))
	if err == nil {
		for i := range tensors {
			if tensors[i].Name == "state" {
				var state struct{ At struct{ Kind train.Kind } }
				require.NoError(t, json.Unmarshal(tensors[i].Bytes, &state))
				what = []string{"minimise", "maximise", "evaluate"}[state.At.Kind]
			}
		}
	}
	written, err := filepath.Glob(filepath.Join(folder, "*", "next.safetensors*"))
	require.NoError(t, err)
	if written != nil {
		what += ", writing a checkpoint"
	}
	return what
}

// interrupted starts a run of the flags in dir, interrupts it once it has left
// something at path, and returns what it says.
// A run that ends before is removed and started anew.
func interrupted(t *testing.T, dir, path string, args ...string) string {
	t.Helper()
	for range 5 {
		var said strings.Builder
		c := exec.Command(command, args...)
		c.Dir, c.Stderr = dir, &said
		begin(t, c)
		require.Eventually(t, func() bool { return exists(path) }, time.Minute, time.Millisecond)
		if err := c.Process.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			require.NoError(t, err)
		}
		if c.Wait() != nil {
			require.Equal(t, exitInterrupted, c.ProcessState.ExitCode(), said.String())
			return said.String()
		}
		run := filepath.Dir(path)
		for !exists(filepath.Join(run, runfolder.ConfigFile)) {
			require.NotEqual(t, dir, run)
			run = filepath.Dir(run)
		}
		require.NoError(t, os.RemoveAll(run))
	}
	require.Fail(t, "five runs ended before they could be interrupted")
	return ""
}

// begin starts a command that does not outlive the test.
func begin(t *testing.T, c *exec.Cmd) {
	t.Helper()
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() }) // fails if it has ended
}

// long are flags of a run that is not over before it is interrupted.
func long(data string, more ...string) []string {
	return short(data, append([]string{"--loops-train", "24", "--test-every", "1", "--out", "r"}, more...)...)
}

func TestResumeAfterAnInterruption(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	dir, data := t.TempDir(), tinyDigits(t)
	weights := filepath.Join(dir, "start.safetensors")
	succeed(t, dir, short(data, "--algorithm", "erm", "--out", "before")...)
	require.NoError(t, os.Rename(filepath.Join(dir, "before", runfolder.LastFile), weights))
	folder := filepath.Join(dir, "r")
	said := interrupted(t, dir, filepath.Join(folder, "samples", "phase-1.json"), long(data, "--weights", weights)...)
	require.Contains(t, said, "to continue: meada-cpu train --resume r")
	require.FileExists(t, filepath.Join(folder, runfolder.LastFile))
	require.FileExists(t, filepath.Join(folder, "report.html"))
	require.NoFileExists(t, filepath.Join(folder, runfolder.LockFile))
	s, err := runfolder.Unfinished(folder)
	require.NoError(t, err)
	require.Equal(t, 24, s.LoopsTrain)

	// What is not needed any more may be gone, and the data may have moved. The
	// metrics are those of the checkpoint, whatever has become of the file.
	require.NoError(t, os.Remove(weights))
	require.NoError(t, os.Rename(data, data+"-moved"))
	f, err := os.OpenFile(filepath.Join(folder, runfolder.MetricsFile), os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"type":"train","st`)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	r := succeed(t, dir, "train", "--resume", "r", "--data", data+"-moved", "--json")
	require.Contains(t, r.err, "the checkpoint after ")
	require.Equal(t, readJSON(t, filepath.Join(folder, runfolder.SummaryFile))["seed"], 1.0)
	s, err = runfolder.Unfinished(folder)
	require.NoError(t, err)
	require.Nil(t, s)

	require.NoError(t, os.Rename(data+"-moved", data))
	succeed(t, dir, short(data, "--algorithm", "erm", "--out", "before-2")...)
	require.NoError(t, os.Rename(filepath.Join(dir, "before-2", runfolder.LastFile), weights))
	succeed(t, dir, long(data, "--out", "whole", "--weights", weights)...)
	want := remains(t, filepath.Join(dir, "whole"))
	want[runfolder.ConfigFile].(map[string]any)["data"] = data
	requireSame(t, want, folder, "resumed")

	seconds := readJSON(t, filepath.Join(folder, runfolder.SummaryFile))["seconds"].(map[string]any)
	sum := 0.0
	for _, name := range []string{"minimise", "maximise", "evaluate"} {
		sum += seconds[name].(float64)
	}
	require.Greater(t, seconds["total"], sum, "both processes count")
}

func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	dir, data := t.TempDir(), tinyDigits(t)
	folder := filepath.Join(dir, "r")
	checkpoint := filepath.Join(folder, runfolder.CheckpointFolder)
	interrupted(t, dir, filepath.Join(checkpoint, "previous.safetensors"), long(data, "--checkpoint-every", "2", "--threads", "1")...)
	refused := func(code int, message string, args ...string) {
		t.Helper()
		before := remains(t, folder)
		r := invoke(t, dir, append([]string{"train", "--resume", "r"}, args...)...)
		require.Equal(t, code, r.code, r.err)
		require.Contains(t, r.err, message)
		requireSame(t, before, folder, "nothing is touched")
	}
	for _, flag := range []string{"lr=0.1", "algorithm=erm", "out=q", "config=r/config.json", "weights=w", "preset=digits", "direct", "precision=bf16"} {
		name, _, _ := strings.Cut(flag, "=")
		refused(exitUsage, "--"+name+" cannot be changed when resuming (--resume r)", "--"+flag)
	}
	r := invoke(t, dir, "train", "--resume", "nowhere")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "--resume nowhere: there is no run to resume")
	require.NoDirExists(t, filepath.Join(dir, "nowhere"))

	other := tinyDigits(t)
	pixels := filepath.Join(other, "t10k-images-idx3-ubyte")
	content, err := os.ReadFile(pixels)
	require.NoError(t, err)
	content[100]++
	require.NoError(t, os.WriteFile(pixels, content, 0o666))
	refused(exitData, "the images of mnist have changed since the run began", "--data", other)

	config := filepath.Join(folder, runfolder.ConfigFile)
	settings, err := os.ReadFile(config)
	require.NoError(t, err)
	for name, edited := range map[string]string{
		"direct": strings.Replace(string(settings), `"direct": false`, `"direct": true`, 1),
		"value":  strings.Replace(string(settings), `"dataset": "`, `"dataset": "$`, 1),
		"empty":  "",
	} {
		require.NotEqual(t, string(settings), edited, name)
		require.NoError(t, os.WriteFile(config, []byte(edited), 0o666))
		r := invoke(t, dir, "train", "--resume", "r")
		require.Equal(t, exitData, r.code, name)
		require.Contains(t, r.err, "--resume r", name)
		require.Contains(t, r.err, "config.json: ", name)
	}
	require.NoError(t, os.Remove(config))
	r = invoke(t, dir, "train", "--resume", "r")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, "config.json: the file is missing")
	require.NoError(t, os.WriteFile(config, settings, 0o666))
	images := filepath.Join(checkpoint, "phase-1.images")
	require.NoError(t, os.Rename(images, images+"-away"))
	refused(exitData, "no usable checkpoint: r/checkpoint/latest.safetensors: open r/checkpoint/phase-1.images")
	require.NoError(t, os.Rename(images+"-away", images))

	// A lock is held as long as its process lives, no longer.
	held, err := runfolder.Open(folder)
	require.NoError(t, err)
	refused(exitFailed, fmt.Sprintf("r: the run folder is in use by process %d", os.Getpid()))
	held.Close()
	require.NoError(t, os.WriteFile(filepath.Join(folder, runfolder.LockFile), []byte("1\n"), 0o666)) // as a killed process leaves it
	require.Equal(t, exitData, invoke(t, dir, "train", "--resume", "r", "--data", other).code)

	// Of a damaged checkpoint the one before is used. Without a good one nothing
	// is started anew behind the user's back.
	damage := func(name string) {
		path := filepath.Join(checkpoint, name)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		content[len(content)/2] ^= 1
		require.NoError(t, os.WriteFile(path, content, 0o666))
	}
	damage("previous.safetensors")
	damage("latest.safetensors")
	refused(exitData, "no usable checkpoint: r/checkpoint/latest.safetensors: its content is damaged")
	refused(exitData, "to start over: meada-cpu train --config r/config.json")
	damage("previous.safetensors") // undoes it
	r = succeed(t, dir, "train", "--resume", "r")
	require.Contains(t, r.err, "warning: r/checkpoint/latest.safetensors: its content is damaged, it does not have its checksum; going on from the checkpoint before")
	refused(exitUsage, "--resume r: the run is complete, its result is in r/summary.json")

	succeed(t, dir, long(data, "--out", "whole", "--quiet")...)
	requireSame(t, remains(t, filepath.Join(dir, "whole")), folder, "resumed")
}

// While one process trains, another is refused. It would be told of a folder of
// its own instead if it were to begin a run.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	c := exec.Command(command, long(data, "--loops-train", "1000000", "--checkpoint-every", "1")...)
	c.Dir = dir
	require.NoError(t, c.Start())
	defer func() {
		require.NoError(t, c.Process.Kill())
		require.Error(t, c.Wait())
	}()
	require.Eventually(t, func() bool { return exists(filepath.Join(dir, "r", runfolder.CheckpointFolder)) }, time.Minute, time.Millisecond)
	r := invoke(t, dir, "train", "--resume", "r")
	require.Equal(t, exitFailed, r.code)
	require.Equal(t, fmt.Sprintf("meada-cpu: r: the run folder is in use by process %d\n", c.Process.Pid), r.err)
	succeed(t, dir, short(data, "--out", "r", "--algorithm", "erm")...)
	require.FileExists(t, filepath.Join(dir, "r-2", runfolder.SummaryFile))
}

// The first interruption waits for the end of the step, which may take long. The
// second does not. (SIGINT would not do: a shell's background jobs, such as this
// test may be part of, are started to ignore it.)
func TestSecondInterruption(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	dir, data := t.TempDir(), tinyDigits(t)
	// A phase of a single step that lasts for hours precedes descent step 2.
	c := exec.Command(command, short(data, "--loops-adv", "10000000", "--test-every", "1000", "--checkpoint-every", "2", "--out", "r")...)
	c.Dir = dir
	begin(t, c)
	require.Eventually(t, func() bool { return exists(filepath.Join(dir, "r", runfolder.CheckpointFolder, "latest.safetensors")) }, time.Minute, time.Millisecond)
	require.Error(t, interruptTwice(t, c, 200*time.Millisecond))
	require.False(t, c.ProcessState.Exited(), "ended by the signal")
	require.NoError(t, train.NewCheckpoints(filepath.Join(dir, "r", runfolder.CheckpointFolder)).Remove())
}

// interruptTwice interrupts a command, which must go on, and once more, which must end it;
// it returns how. Two signals that come before the process runs again are one to it, so
// the second is repeated.
func interruptTwice(t *testing.T, c *exec.Cmd, again time.Duration) error {
	t.Helper()
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-ended:
		t.Fatal("the first interruption ended it")
	case <-time.After(200 * time.Millisecond):
	}
	require.Eventually(t, func() bool {
		_ = c.Process.Signal(syscall.SIGTERM) // fails once it has ended
		return len(ended) == 1
	}, time.Minute, again)
	return <-ended
}

// A process killed before it could even record its settings leaves nothing that
// stands in the way.
func TestStartAfterNothing(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	folder := filepath.Join(dir, "r")
	require.NoError(t, os.Mkdir(folder, 0o777))
	for _, name := range []string{runfolder.LockFile, runfolder.ConfigFile + ".meada-1.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("1\n"), 0o666))
	}
	succeed(t, dir, short(data, "--algorithm", "erm", "--out", "r")...)
	require.FileExists(t, filepath.Join(folder, runfolder.SummaryFile))
	require.NoFileExists(t, filepath.Join(folder, runfolder.LockFile))
}

// A run that was stopped before its first checkpoint needs all it began with.
func TestResumeBeforeTheFirstCheckpoint(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, short(data, "--out", "first", "--quiet")...)
	weights := filepath.Join(dir, "first", runfolder.LastFile)
	succeed(t, dir, short(data, "--out", "whole", "--quiet", "--weights", weights)...)
	for _, keep := range []string{runfolder.ConfigFile, runfolder.MetricsFile} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "r"), 0o777))
		content, err := os.ReadFile(filepath.Join(dir, "whole", keep))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "r", keep), content, 0o666))
	}
	content, err := os.ReadFile(weights)
	require.NoError(t, err)
	content[len(content)-1] ^= 1
	require.NoError(t, os.WriteFile(weights, content, 0o666))
	r := invoke(t, dir, "train", "--resume", "r")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, weights+": the file has changed since the run began")
	content[len(content)-1] ^= 1
	require.NoError(t, os.WriteFile(weights, content, 0o666))
	r = succeed(t, dir, "train", "--resume", "r")
	require.Contains(t, strings.Join(strings.Fields(r.err), " "), weights+", there was no checkpoint yet")
	requireSame(t, remains(t, filepath.Join(dir, "whole")), filepath.Join(dir, "r"), "resumed")
}
