package main

import (
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/safetensors"
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
		case configFile, summaryFile:
			left[name] = timeless(readJSON(t, path))
		case metricsFile:
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
	for _, key := range []string{"seconds", "images_per_second", "peak_rss_bytes", "command", "started", "threads", "checkpoint_every"} {
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
	runs := 4
	if text := os.Getenv("MEADA_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "MEADA_KILLS")
		runs = n
	}
	random := rand.New(rand.NewPCG(5, uint64(time.Now().UnixNano())))
	for name, c := range map[string]struct {
		runs int
		args []string
	}{
		"digits": {runs - runs/2, short(tinyDigits(t), "--quiet")},
		"cifar":  {runs / 2, shortCIFAR(tinyCIFAR(t), "--quiet", "--corruptions", "on-the-fly", "--model", "allconv")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			begin := time.Now()
			succeed(t, dir, append(c.args, "--out", "whole")...)
			took := time.Since(begin)
			want := remains(t, filepath.Join(dir, "whole"))
			moments, kills := map[string]int{}, 0
			for i := range c.runs {
				folder := filepath.Join(dir, "r")
				args := append(c.args, "--out", "r", "--checkpoint-every", strconv.Itoa(1+random.IntN(6)))
				// The first process of a run is killed, unless it is done before;
				// those that resume it are killed again three times in ten.
				for runAndKill(t, dir, args, time.Duration(1.2*random.Float64()*float64(took))) {
					kills++
					moments[moment(t, folder)]++
					if exists(filepath.Join(folder, summaryFile)) {
						break
					}
					if exists(filepath.Join(folder, configFile)) {
						args = []string{"train", "--quiet", "--resume", "r", "--threads", strconv.Itoa(1 + random.IntN(3))}
					}
					if random.Float64() < 0.7 {
						succeed(t, dir, args...)
						break
					}
				}
				requireSame(t, want, folder, "run "+strconv.Itoa(i))
				require.NoError(t, os.RemoveAll(folder))
			}
			t.Logf("%d of %d runs that were killed ended the same, %d kills: %v", c.runs, c.runs, kills, moments)
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
	tensors, _, err := safetensors.Read(filepath.Join(folder, checkpointFolder, "latest.safetensors"))
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
