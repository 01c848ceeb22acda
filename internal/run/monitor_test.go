package run

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/report"
)

func TestListenIsPrivateByDefault(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "r"))
	o.Command = "meada-cpu train --data " + o.Data
	complete(t, o)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("not for all"), 0o666))
	before := contents(t, dir)
	handler := monitorHandler(filepath.Join(dir, "r"))
	ask := func(method, host, path string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, "http://127.0.0.1"+path, unread{t})
		request.Host = host
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	page := ask("GET", "127.0.0.1:8080", "/")
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "<title>ME-ADA on digits</title>")
	require.Contains(t, page.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.False(t, strings.Contains(page.Body.String(), filepath.Dir(o.Data)), "no path of this machine")
	require.Contains(t, page.Body.String(), "<td>"+filepath.Base(o.Data)+"</td>")
	written, err := os.ReadFile(filepath.Join(dir, "r", "report.html"))
	require.NoError(t, err)
	require.True(t, strings.Contains(string(written), o.Command[:20]), "the page in the folder has the command")

	metrics := ask("GET", "localhost", "/metrics").Body.String()
	for _, line := range []string{
		`meada_steps 8`, `meada_complete 1`, `meada_phases 2`, `meada_training_images 262`, `meada_goroutines `,
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
	for _, path := range []string{
		"/config.json", "/last.safetensors", "/samples/phase-1.png", "//", "/metrics/", "/metrics/../config.json", "/r",
		"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/%2e%2e%2fsecret", "/..%5csecret", "/" + url.PathEscape(dir) + "/secret",
	} {
		answer := ask("GET", "localhost", path)
		require.NotEqual(t, http.StatusOK, answer.Code, path)
		require.NotContains(t, answer.Body.String(), "not for all", path)
	}
	for _, path := range []string{"/", "/metrics"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
			require.Equal(t, http.StatusMethodNotAllowed, ask(method, "localhost", path).Code, method)
		}
		require.Equal(t, http.StatusOK, ask("HEAD", "localhost", path).Code)
		require.Equal(t, http.StatusOK, ask("GET", "localhost", path+"?dir=..&file=../secret").Code)
	}
	require.Equal(t, before, contents(t, dir), "nothing was written")

	require.NoError(t, os.Remove(filepath.Join(dir, "r", "config.json")))
	handler = monitorHandler(filepath.Join(dir, "r")) // which has no answer at hand
	failed := ask("GET", "localhost", "/")
	require.Equal(t, http.StatusInternalServerError, failed.Code)
	require.NotContains(t, failed.Body.String(), dir)
}

// unread is the body of a request that nobody must read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of a request was read")
	return 0, io.EOF
}

// contents returns the files below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	}))
	return files
}

// TestMonitorServer talks to the server itself: what it refuses, how much it
// reads, and that it waits for nobody for ever.
func TestMonitorServer(t *testing.T) {
	t.Parallel()
	m, err := listen("0")
	require.NoError(t, err)
	for name, limit := range map[string]time.Duration{
		"headers": m.server.ReadHeaderTimeout, "request": m.server.ReadTimeout, "answer": m.server.WriteTimeout, "next request": m.server.IdleTimeout,
	} {
		require.Positive(t, limit, name)
		require.LessOrEqual(t, limit, time.Minute, name)
	}
	m.server.ReadTimeout = time.Second // two of the requests below wait as long
	m.serve(t.TempDir())
	defer m.close()
	const own = "Host: 127.0.0.1\r\n"
	for request, code := range map[string]int{
		"GET / HTTP/1.1\r\n" + own:                                                 500, // the folder holds no run
		"GET http://example.com/ HTTP/1.1\r\n" + own:                               421,
		"GET / HTTP/1.0\r\n":                                                       421,
		"GET / HTTP/1.1\r\n":                                                       400,
		"GET / HTTP/1.1\r\n" + own + "Host: example.com\r\n":                       400,
		"GET / HTTP/1.1\r\n" + own + "X: " + strings.Repeat("x", 1<<16) + "\r\n":   431,
		"GET /" + strings.Repeat("x", 1<<16) + " HTTP/1.1\r\n" + own:               431,
		"POST / HTTP/1.1\r\n" + own + "Content-Length: 1000000000000\r\n":          405,
		"GET / HTTP/1.1\r\n" + own + "Content-Length: 1000000000000\r\n":           500,
		"POST / HTTP/1.1\r\n" + own + "Content-Length: 3\r\nContent-Length: 4\r\n": 400,
		"POST / HTTP/1.1\r\n" + own + "Transfer-Encoding: chunked, identity\r\n":   501,
	} {
		connection, err := net.Dial("tcp", m.listener.Addr().String())
		require.NoError(t, err)
		_, _ = io.WriteString(connection, request+"\r\n") // it may hang up before the end
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		require.NoError(t, err, "%.200q", request)
		require.Equal(t, code, answer.StatusCode, "%.200q", request)
		require.NoError(t, answer.Body.Close())
		require.NoError(t, connection.Close())
	}
}

// TestAnswersAreShared: requests that come together are answered by rendering
// once.
func TestAnswersAreShared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	renderings := 0
	a := answer{dir: dir, write: func(w io.Writer, _ *report.Run) error {
		renderings++
		fmt.Fprint(w, renderings)
		return nil
	}}
	_, err := a.current()
	require.ErrorContains(t, err, "config.json", "nothing is there yet")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte("{}"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.jsonl"), nil, 0o666))
	a.rendered = time.Now().Add(-renderEvery)
	_, err = a.current()
	require.NoError(t, err)
	a.rendered = time.Now().Add(time.Hour) // slow machines too
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if body, err := a.current(); err != nil || string(body) != "1" {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
	wait.Wait()
	a.rendered = time.Now().Add(-renderEvery)
	body, err := a.current()
	require.NoError(t, err)
	require.Equal(t, "2", string(body))
}
