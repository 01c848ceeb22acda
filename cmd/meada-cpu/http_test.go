package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
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

func TestListenIsPrivateByDefault(t *testing.T) {
	for address, public := range map[string]bool{
		"0": false, ":0": false, "127.0.0.1:0": false, "localhost:0": false, "0.0.0.0:0": true,
	} {
		m, err := listen(address)
		require.NoError(t, err, address)
		require.Equal(t, public, m.public(), address)
		require.NoError(t, m.listener.Close())
	}
	for _, address := range []string{"127.0.0.1:0:1", "127.0.0.1:http-or-so", "99999"} {
		_, err := listen(address)
		require.ErrorContains(t, err, address)
	}
	first, err := listen("0")
	require.NoError(t, err)
	defer first.listener.Close()
	_, err = listen(first.listener.Addr().String())
	require.ErrorContains(t, err, first.listener.Addr().String(), "taken")
}

func TestMonitor(t *testing.T) {
	dir := t.TempDir()
	succeed(t, dir, short(tinyDigits(t), "--out", "r", "--quiet")...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o666))
	handler := monitorHandler(filepath.Join(dir, "r"))
	ask := func(method, host, path string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader("body"))
		request.Host = host
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	page := ask("GET", "127.0.0.1:8080", "/")
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "<title>ME-ADA on digits</title>")
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "default-src 'none'")

	metrics := ask("GET", "localhost", "/metrics").Body.String()
	for _, line := range []string{
		`meada_steps 8`, `meada_complete 1`, `meada_phases 2`, `meada_training_images 262`,
		`meada_accuracy{domain="usps",source="false"} `, `meada_images_per_second{work="descent"} `,
	} {
		require.Contains(t, metrics, "\n"+line)
	}
	for _, line := range strings.Split(strings.TrimSuffix(metrics, "\n"), "\n") {
		require.Regexp(t, `^(# (HELP|TYPE) meada_\w+ .+|meada_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [-+.e\d]+)$`, line)
	}

	own, err := os.Hostname()
	require.NoError(t, err)
	for host, code := range map[string]int{
		"127.0.0.1": 200, "[::1]:80": 200, "LOCALHOST:1": 200, "192.168.1.7:8080": 200, own: 200,
		"example.com": 421, "example.com:8080": 421, "": 421, "127.0.0.1.example.com": 421,
	} {
		require.Equal(t, code, ask("GET", host, "/").Code, host)
	}
	for _, path := range []string{"/config.json", "/last.safetensors", "/%2e%2e/secret", "/..%2fsecret", "//", "/metrics/", "/r"} {
		answer := ask("GET", "localhost", path)
		require.NotEqual(t, http.StatusOK, answer.Code, path)
		require.NotEqual(t, "secret", answer.Body.String(), path)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		require.Equal(t, http.StatusMethodNotAllowed, ask(method, "localhost", "/").Code, method)
	}
	require.Equal(t, http.StatusOK, ask("HEAD", "localhost", "/").Code)

	require.NoError(t, os.Remove(filepath.Join(dir, "r", "config.json")))
	require.Equal(t, http.StatusInternalServerError, ask("GET", "localhost", "/").Code)
}

func TestLiveView(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals to send")
	}
	dir := t.TempDir()
	c := exec.Command(command, short(tinyDigits(t), "--loops-train", "1000000", "--test-every", "2", "--out", "r", "--http", "0")...)
	c.Dir = dir
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
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
