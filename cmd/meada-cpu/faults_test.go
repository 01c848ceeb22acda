//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

// limited runs the program in dir with no file allowed to grow beyond so many
// blocks of 512 bytes: writes fail half-way, as those beyond a quota do.
func limited(t *testing.T, dir, blocks string, args ...string) result {
	t.Helper()
	var out, errors strings.Builder
	c := exec.Command("sh", append([]string{"-c", `trap "" XFSZ; ulimit -f "$0" && exec "$@"`, blocks, command}, args...)...)
	c.Dir, c.Stdout, c.Stderr = dir, &out, &errors
	if err := c.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errors.String()}
}

// requireNothingHalf requires that no file was left half-written under its name
// or a temporary one.
func requireNothingHalf(t *testing.T, folder string) {
	t.Helper()
	half, err := filepath.Glob(filepath.Join(folder, "*.tmp"))
	require.NoError(t, err)
	require.Empty(t, half)
}

func TestWritesThatFailHalfWay(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	folder := filepath.Join(dir, "r")
	once := func(more ...string) []string { // tested once, at the end
		return long(data, append([]string{"--algorithm", "erm", "--test-every", "1000"}, more...)...)
	}
	const limit = "128" // blocks, 64 KiB; weights are 134 KiB

	r := limited(t, dir, limit, short(data, "--algorithm", "erm", "--out", "small")...)
	require.Equal(t, exitFailed, r.code, r.err)
	require.Regexp(t, `(?m)^meada-cpu: write small/best\.safetensors\.meada-1\.tmp: file too large$`, r.err)
	require.NoFileExists(t, filepath.Join(dir, "small", "best.safetensors"))
	requireNothingHalf(t, filepath.Join(dir, "small"))

	// A run whose next checkpoint fails keeps the one before, and ends as if
	// nothing had happened once there is room.
	interrupted(t, dir, filepath.Join(folder, runfolder.CheckpointFolder, "latest.safetensors"), once("--checkpoint-every", "1")...)
	before := remains(t, folder)
	r = limited(t, dir, limit, "train", "--resume", "r", "--checkpoint-every", "1")
	require.Equal(t, exitFailed, r.code, r.err)
	require.Contains(t, r.err, ": file too large\n")
	require.Contains(t, r.err, "meada-cpu: write r/")
	requireNothingHalf(t, folder)
	requireNothingHalf(t, filepath.Join(folder, runfolder.CheckpointFolder))
	after := remains(t, folder)
	for name, content := range before {
		if strings.HasSuffix(name, ".safetensors") {
			require.True(t, content == after[name], name)
		}
	}
	succeed(t, dir, "train", "--resume", "r")
	succeed(t, dir, once("--out", "whole")...)
	requireSame(t, remains(t, filepath.Join(dir, "whole")), folder, "resumed")
}

// started begins a run that goes on for long enough and waits for its first test.
// wait returns how it ended.
func started(t *testing.T, dir string, args ...string) (wait func() result) {
	t.Helper()
	c := exec.Command(command, args...)
	c.Dir = dir
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	begin(t, c)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "test ") {
	}
	return func() result {
		var said strings.Builder
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
		}
		_ = c.Wait()
		return result{code: c.ProcessState.ExitCode(), err: said.String()}
	}
}

// What a run needs to go on, or to have a report in the end, may be gone.
func TestFilesRemovedUnderARun(t *testing.T) {
	t.Parallel()
	data := tinyDigits(t)
	for name, remove := range map[string]func(folder string) error{
		"the folder":   func(folder string) error { return os.Rename(folder, folder+"-elsewhere") },
		"the metrics":  func(folder string) error { return os.Remove(filepath.Join(folder, runfolder.MetricsFile)) },
		"the settings": func(folder string) error { return os.Remove(filepath.Join(folder, runfolder.ConfigFile)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			wait := started(t, dir, long(data, "--algorithm", "erm", "--loops-train", "500")...)
			require.NoError(t, remove(filepath.Join(dir, "r")))
			r := wait()
			require.Equal(t, exitFailed, r.code, r.err)
			require.Regexp(t, `meada-cpu: \w+ r/.*: no such file or directory\n$`, r.err)
		})
	}
}

// On a real disk that is full, and then can't be written to at all.
func TestFullAndReadOnlyDisks(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("mounts a tmpfs of Linux")
	}
	disk, data := t.TempDir(), tinyDigits(t)
	mount := func(options string) {
		t.Helper()
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", disk).CombinedOutput(); err != nil {
			t.Skipf("a tmpfs can't be mounted, which takes root: %v: %s", err, out)
		}
	}
	mount("size=256k")
	defer func() { require.NoError(t, syscall.Unmount(disk, 0)) }()

	// There is room for the weights of one test, not for those of two.
	r := invoke(t, disk, short(data, "--algorithm", "erm", "--out", "r")...)
	require.Equal(t, exitFailed, r.code, r.err)
	require.Regexp(t, `(?m)^meada-cpu: write r/\S+\.tmp: no space left on device$`, r.err)
	requireNothingHalf(t, filepath.Join(disk, "r"))
	succeed(t, disk, "eval", "--weights", "r/best.safetensors", "--data", data)

	mount("remount,ro")
	for _, args := range [][]string{short(data, "--out", "new"), {"train", "--resume", "r"}} {
		r = invoke(t, disk, args...)
		require.Equal(t, exitFailed, r.code, r.err)
		require.Regexp(t, `^meada-cpu: \w+ \S+: read-only file system\n$`, r.err)
	}
	succeed(t, disk, "eval", "--weights", "r/best.safetensors", "--data", data)
}

// Results that can't be printed are no success.
func TestOutputThatIsFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close()
	dir, data := t.TempDir(), tinyDigits(t)
	plainPictures(t, dir, 2, "p/ant", "p/bee")
	weights := filepath.Join(dir, "r", "last.safetensors")
	for _, args := range [][]string{
		short(data, "--algorithm", "erm", "--out", "r", "--quiet"),
		{"eval", "--weights", weights, "--data", data},
		{"eval", "--weights", weights, "--data", data, "--json"},
		{"help", "train"},
		{"cpu"},
		{"data", "check", filepath.Join(dir, "p")},
		{"predict", "--weights", weights, filepath.Join("..", "..", "docs", "synthetic-digits.png")},
	} {
		var errors strings.Builder
		c := exec.Command(command, args...)
		c.Stdout, c.Stderr = full, &errors
		if args[0] == "train" {
			c.Dir = dir
		}
		require.Error(t, c.Run(), "%v", args)
		require.Equal(t, exitFailed, c.ProcessState.ExitCode(), errors.String())
		require.Contains(t, errors.String(), "meada-cpu: write /dev/stdout: no space left on device\n")
	}
	require.FileExists(t, filepath.Join(dir, "r", runfolder.SummaryFile))
}

// A run that diverges leaves the last checkpoint that was finite, from which it
// does the same again, and writes no weights.
func TestDivergenceKeepsTheCheckpoint(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	r := invoke(t, dir, short(data, "--k", "0", "--lr", "1e30", "--checkpoint-every", "1", "--out", "r", "--quiet")...)
	require.Equal(t, exitDiverged, r.code, r.err)
	require.Regexp(t, `^meada-cpu: training diverged at step \d+: .+ is NaN or infinite, try a smaller --lr\n$`, r.err)
	weights, err := filepath.Glob(filepath.Join(dir, "r", "*.safetensors"))
	require.NoError(t, err)
	require.Empty(t, weights)
	again := invoke(t, dir, "train", "--resume", "r", "--quiet")
	require.Equal(t, r, again)
	require.FileExists(t, filepath.Join(dir, "r", runfolder.CheckpointFolder, "latest.safetensors"))
}
