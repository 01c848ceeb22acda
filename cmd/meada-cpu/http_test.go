package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLiveView(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	dir := t.TempDir()
	c := exec.Command(command, short(tinyDigits(t), "--loops-train", "1000000", "--test-every", "2", "--out", "r", "--http", "0")...)
	c.Dir = dir
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	begin(t, c)
	lines := bufio.NewReader(stderr)
	url := ""
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if found := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(line); found != "" {
			url = found
		}
		if strings.HasPrefix(line, "test ") {
			break
		}
	}
	answer, err := http.Get(url)
	require.NoError(t, err)
	page, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), `http-equiv="refresh"`)
	require.Contains(t, string(page), "running")
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	_, err = io.Copy(io.Discard, lines)
	require.NoError(t, err)
	require.Error(t, c.Wait())

	text, err := os.ReadFile(filepath.Join(dir, "r", "report.html"))
	require.NoError(t, err)
	require.NotContains(t, string(text), `http-equiv="refresh"`)
	require.Contains(t, string(text), "not complete")
}
