package main

import (
	"archive/tar"
	"bytes"
	"crypto/md5"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/fetch"
)

func publishedFile(b []byte, urls ...string) fetch.File {
	return fetch.File{URLs: urls, Size: int64(len(b)), Checksum: fmt.Sprintf("md5:%x", md5.Sum(b))}
}

// fetcher returns a downloader to a new folder, and what it prints.
func fetcher(t *testing.T) (*downloader, func() string) {
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	t.Cleanup(func() { out.Close() })
	client := fetch.New()
	client.Tries, client.Pause, client.Stall = 2, time.Millisecond, time.Second
	std := streams{out, out}
	d := &downloader{std: std, dir: dir, client: client, progress: newProgress(out, false)}
	return d, func() string {
		text, err := os.ReadFile(out.Name())
		require.NoError(t, err)
		return string(text)
	}
}

func TestFetchSet(t *testing.T) {
	one, two := []byte("the first file"), []byte("and the second")
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, b := range map[string][]byte{"set/one": one, "set/two": two} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(b)), Mode: 0o644}))
		w.Write(b)
	}
	require.NoError(t, w.Close())
	var mutex sync.Mutex
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		requests = append(requests, r.URL.Path)
		switch r.URL.Path {
		case "/one":
			w.Write(one)
		case "/two":
			w.Write(two)
		case "/archive":
			w.Write(archive.Bytes())
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()

	plain := &dataSet{name: "plain", files: map[string]fetch.File{
		"sub/one": publishedFile(one, server.URL+"/gone", server.URL+"/one"), "sub/two": publishedFile(two, server.URL+"/two"),
	}}
	d, said := fetcher(t)
	require.False(t, plain.present(d.dir))
	require.NoError(t, d.fetchAll(t.Context(), []*dataSet{plain}, nil))
	require.True(t, plain.present(d.dir))
	require.Equal(t, []string{"/gone", "/one", "/two"}, requests)
	require.Contains(t, said(), "fetched   sub/two")
	require.NoError(t, verifySets(d.std, d.dir, []*dataSet{plain}))
	require.Contains(t, said(), filepath.Join("sub", "one")+": good")

	// What is there is not fetched again, wherever in the folder it lies.
	require.NoError(t, os.Rename(filepath.Join(d.dir, "sub", "two"), filepath.Join(d.dir, "two")))
	require.NoError(t, d.fetchAll(t.Context(), []*dataSet{plain}, nil))
	require.Len(t, requests, 3)
	// What is wrong is named, not replaced.
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "two"), []byte("mine"), 0o666))
	err := d.fetchAll(t.Context(), []*dataSet{plain}, nil)
	require.ErrorContains(t, err, "not the published file")
	require.Equal(t, exitData, exitCode(err))
	require.ErrorContains(t, verifySets(d.std, d.dir, []*dataSet{plain}), "1 files wrong")
	require.Contains(t, said(), "4 bytes instead of 14")

	// An archive leaves its files alone behind; those that are missing are
	// taken from it again.
	packed := &dataSet{name: "packed", archive: "set.tar", files: map[string]fetch.File{
		"set.tar": publishedFile(archive.Bytes(), server.URL+"/archive"), "set/one": publishedFile(one), "set/two": publishedFile(two),
	}}
	d, said = fetcher(t)
	for range 2 {
		requests = nil
		require.NoError(t, d.fetchAll(t.Context(), []*dataSet{packed}, nil))
		require.Equal(t, []string{"/archive"}, requests)
		require.NoFileExists(t, filepath.Join(d.dir, "set.tar"))
		require.NoError(t, verifySets(d.std, d.dir, []*dataSet{packed}))
		require.NoError(t, os.Remove(filepath.Join(d.dir, "set", "two")))
	}
	require.ErrorContains(t, verifySets(d.std, d.dir, []*dataSet{packed}), "1 files wrong or missing")
	require.Contains(t, said(), "incomplete, without set/two")
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "set.tar"), archive.Bytes(), 0o666)) // by hand
	requests = nil
	require.NoError(t, d.fetchAll(t.Context(), []*dataSet{packed}, nil))
	require.Empty(t, requests)
	require.True(t, packed.present(d.dir))
}

func TestFetchByHand(t *testing.T) {
	syn, err := selectSets([]string{"syn"})
	require.NoError(t, err)
	d, said := fetcher(t)
	require.NoError(t, d.fetchAll(t.Context(), syn, []string{"digits"}), "a benchmark does without")
	require.Contains(t, said(), d.dir+"/syn/synth_test_32x32.mat")
	err = d.fetchAll(t.Context(), syn, []string{"syn"})
	require.ErrorContains(t, err, "syn must be put there by hand")
	require.Equal(t, exitData, exitCode(err))
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "synth_test_32x32.mat"), nil, 0o666))
	require.NoError(t, d.fetchAll(t.Context(), syn, []string{"syn"}))
	require.Contains(t, said(), "is there")
}

// The command downloads through the proxy that the environment names.
func TestDataFetchUsesTheProxy(t *testing.T) {
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
	dir, data := t.TempDir(), tinyDigits(t)
	r := succeed(t, dir, "data", "list", "--data", data)
	for _, d := range dataSets {
		require.Regexp(t, `(?m)^`+d.name+` +no `, r.out)
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

// Every entry of the registry is complete and well-formed.
func TestRegistry(t *testing.T) {
	var names []string
	for i := range dataSets {
		d := &dataSets[i]
		names = append(names, d.name)
		require.NotEmpty(t, d.what)
		if d.manual != "" {
			require.Empty(t, d.files)
			require.Contains(t, d.manual, "DIR/"+strings.Split(d.places[0], "/")[0], d.name)
			continue
		}
		require.NotEmpty(t, d.wanted(), d.name)
		for path, f := range d.files {
			require.Regexp(t, regexp.MustCompile(`^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$`), f.Checksum, path)
			require.True(t, filepath.IsLocal(path))
			if d.archive != "" && path != d.archive {
				require.Empty(t, f.URLs, path)
				continue
			}
			require.Positive(t, f.Size, path)
			require.NotEmpty(t, f.URLs, path)
			for _, address := range f.URLs {
				u, err := url.Parse(address)
				require.NoError(t, err)
				require.Contains(t, []string{"http", "https"}, u.Scheme)
			}
		}
		if d.archive != "" {
			require.Contains(t, d.files, d.archive)
		}
	}
	for _, parts := range benchmarks {
		for _, part := range parts {
			require.Contains(t, names, part)
		}
	}
	for _, name := range datasets {
		if name != syntheticDigits && name != "folder" {
			_, isBenchmark := benchmarks[name]
			require.True(t, isBenchmark || slices.Contains(names, name), "there is no way to get %s", name)
		}
	}
}
