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
