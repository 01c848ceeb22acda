package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
)

// The command downloads through the proxy that the environment names.
func TestDataFetchUsesTheProxy(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		asked = append(asked, r.URL.String())
		fmt.Fprint(w, "<html>please log in</html>")
	}))
	defer proxy.Close()
	dir := t.TempDir()
	c := exec.Command(command, "data", "fetch", "svhn", "--data", "d", "--quiet")
	c.Dir = dir
	c.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
	out, err := c.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, exitData, c.ProcessState.ExitCode())
	require.Equal(t, []string{"http://ufldl.stanford.edu/housenumbers/test_32x32.mat"}, asked)
	require.Contains(t, string(out), "the server announces 26 bytes instead of 64275384")
	entries, err := os.ReadDir(filepath.Join(dir, "d", "svhn"))
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestDataCommand(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), tinyDigits(t)
	r := succeed(t, dir, "data", "list", "--data", data)
	for _, d := range catalog.Sets {
		require.Regexp(t, `(?m)^`+d.Name+` +no `, r.out)
	}
	require.Regexp(t, `(?m)^cifar10-c +no +2918\.5 MB`, r.out)
	require.Regexp(t, `(?m)^svhn +absent`, succeed(t, dir, "data", "verify", "--data", data).out)

	broken := filepath.Join(dir, "svhn", "test_32x32.mat")
	require.NoError(t, os.MkdirAll(filepath.Dir(broken), 0o777))
	require.NoError(t, os.WriteFile(broken, []byte("half a fi"), 0o666))
	r = invoke(t, dir, "data", "verify", "digits", "--data", ".")
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.out, "9 bytes instead of 64275384")

	for message, args := range map[string][]string{
		"fetch, list, verify":               {"data"},
		`unknown data "get"`:                {"data", "get"},
		`unknown data set "imagenet"`:       {"data", "fetch", "imagenet"},
		"needs the names of what to fetch":  {"data", "fetch"},
		"unknown flag --force":              {"data", "fetch", "mnist", "--force"},
		"data fetch digits --data data":     {"train", "--dataset", "digits"},
		"data fetch digits --data '/no it'": {"train", "--dataset", "digits", "--data", "/no it"},
	} {
		r := invoke(t, dir, args...)
		require.NotZero(t, r.code, message)
		require.Contains(t, r.err, message)
	}
	r = invoke(t, dir, "train", "--dataset", "digits", "--data", dir)
	require.Equal(t, exitData, r.code)
	require.Contains(t, r.err, "to get it: meada-cpu data fetch digits --data "+dir)
}
