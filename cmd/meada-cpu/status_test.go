//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A run tells how it goes whenever it is asked, even a quiet one, and goes on.
func TestStatusWhenAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := exec.Command(command, short(tinyDigits(t), "--k", "0", "--loops-train", "1000000", "--test-every", "1000000",
		"--quiet", "--out", "r")...)
	c.Dir = dir
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	begin(t, c)
	begun := func() bool {
		info, err := os.Stat(filepath.Join(dir, "r", "metrics.jsonl"))
		return err == nil && info.Size() > 0
	}
	require.Eventually(t, begun, time.Minute, 10*time.Millisecond)
	lines := bufio.NewReader(stderr)
	for range 2 {
		require.NoError(t, c.Process.Signal(syscall.SIGUSR1))
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		require.Regexp(t, `^train     \d+/1000000  loss \d\.\d{4}  acc \d+\.\d%  \d+ img/s  \d+% peak  ETA [\w ]+\n$`, line)
	}
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "meada-cpu: interrupted after")
	require.Error(t, c.Wait())
	require.Equal(t, exitInterrupted, c.ProcessState.ExitCode())
}
