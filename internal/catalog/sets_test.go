package catalog

import (
	"archive/tar"
	"bytes"
	"crypto/md5"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

func publishedFile(b []byte, urls ...string) fetch.File {
	return fetch.File{URLs: urls, Size: int64(len(b)), Checksum: fmt.Sprintf("md5:%x", md5.Sum(b))}
}

// fetcher returns a downloader to a new folder, and what it prints.
func fetcher(t *testing.T) (*Downloader, func() string) {
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	t.Cleanup(func() { out.Close() })
	client := fetch.New()
	client.Tries, client.Pause, client.Stall = 2, time.Millisecond, time.Second
	d := &Downloader{Dir: dir, Out: out, Client: client, Status: cli.NewStatus(out, false)}
	return d, func() string {
		text, err := os.ReadFile(out.Name())
		require.NoError(t, err)
		return string(text)
	}
}

func TestFetchSet(t *testing.T) {
	t.Parallel()
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

	plain := &Set{Name: "plain", files: map[string]fetch.File{
		"sub/one": publishedFile(one, server.URL+"/gone", server.URL+"/one"), "sub/two": publishedFile(two, server.URL+"/two"),
	}}
	d, said := fetcher(t)
	require.False(t, plain.Present(d.Dir))
	require.NoError(t, d.Fetch(t.Context(), []*Set{plain}, nil))
	require.True(t, plain.Present(d.Dir))
	require.Equal(t, []string{"/gone", "/one", "/two"}, requests)
	require.Contains(t, said(), "fetched   sub/two")
	require.NoError(t, Verify(d.Out, d.Dir, []*Set{plain}))
	require.Contains(t, said(), filepath.Join("sub", "one")+": good")

	// What is there is not fetched again, wherever in the folder it lies.
	require.NoError(t, os.Rename(filepath.Join(d.Dir, "sub", "two"), filepath.Join(d.Dir, "two")))
	require.NoError(t, d.Fetch(t.Context(), []*Set{plain}, nil))
	require.Len(t, requests, 3)
	// What is wrong is named, not replaced.
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "two"), []byte("mine"), 0o666))
	err := d.Fetch(t.Context(), []*Set{plain}, nil)
	require.ErrorContains(t, err, "not the published file")
	require.ErrorIs(t, err, dataset.ErrData)
	require.ErrorContains(t, Verify(d.Out, d.Dir, []*Set{plain}), "1 file wrong")
	require.Contains(t, said(), "4 bytes instead of 14")

	// All that is missing of a set is counted, unless nothing of it is there.
	three := &Set{Name: "three", files: map[string]fetch.File{"one": publishedFile(one), "two": publishedFile(two), "three": publishedFile(two)}}
	d, _ = fetcher(t)
	require.NoError(t, Verify(d.Out, d.Dir, []*Set{three}))
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "one"), one, 0o666))
	require.ErrorContains(t, Verify(d.Out, d.Dir, []*Set{three}), "2 files wrong or missing")

	// An archive leaves its files alone behind; those that are missing are
	// taken from it again.
	packed := &Set{Name: "packed", archive: "set.tar", files: map[string]fetch.File{
		"set.tar": publishedFile(archive.Bytes(), server.URL+"/archive"), "set/one": publishedFile(one), "set/two": publishedFile(two),
	}}
	d, said = fetcher(t)
	for range 2 {
		requests = nil
		require.NoError(t, d.Fetch(t.Context(), []*Set{packed}, nil))
		require.Equal(t, []string{"/archive"}, requests)
		require.NoFileExists(t, filepath.Join(d.Dir, "set.tar"))
		require.NoError(t, Verify(d.Out, d.Dir, []*Set{packed}))
		require.NoError(t, os.Remove(filepath.Join(d.Dir, "set", "two")))
	}
	require.ErrorContains(t, Verify(d.Out, d.Dir, []*Set{packed}), "1 file wrong or missing")
	require.Contains(t, said(), "incomplete, without set/two")
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "set.tar"), archive.Bytes(), 0o666)) // by hand
	requests = nil
	require.NoError(t, d.Fetch(t.Context(), []*Set{packed}, nil))
	require.Empty(t, requests)
	require.True(t, packed.Present(d.Dir))
	require.FileExists(t, filepath.Join(d.Dir, "set.tar"), "it is the user's")
}

func TestFetchByHand(t *testing.T) {
	t.Parallel()
	syn, err := SelectSets([]string{"syn"})
	require.NoError(t, err)
	d, said := fetcher(t)
	require.NoError(t, d.Fetch(t.Context(), syn, []string{"digits"}), "a benchmark does without")
	require.Contains(t, said(), d.Dir+"/syn/synth_test_32x32.mat")
	err = d.Fetch(t.Context(), syn, []string{"syn"})
	require.ErrorContains(t, err, "syn must be downloaded by hand")
	require.ErrorIs(t, err, dataset.ErrData)
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "synth_test_32x32.mat"), nil, 0o666))
	require.NoError(t, d.Fetch(t.Context(), syn, []string{"syn"}))
	require.Contains(t, said(), "already present")
}

// Every entry of the registry is complete and well-formed.
func TestRegistry(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range Sets {
		d := &Sets[i]
		names = append(names, d.Name)
		require.NotEmpty(t, d.What)
		if d.manual != "" {
			require.Empty(t, d.files)
			require.Contains(t, d.manual, "DIR/"+strings.Split(d.places[0], "/")[0], d.Name)
			continue
		}
		require.NotEmpty(t, d.wanted(), d.Name)
		for path, f := range d.files {
			require.Regexp(t, regexp.MustCompile(`^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}|sha256:[0-9a-f]{8})$`), f.Checksum, path)
			require.True(t, filepath.IsLocal(path))
			if d.archive != "" && path != d.archive {
				require.Empty(t, f.URLs, path)
				continue
			}
			require.Positive(t, max(f.Size, d.about), path)
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
	for i := range Datasets {
		d := &Datasets[i]
		for _, part := range d.Sets {
			require.Contains(t, names, part)
		}
		if !d.BuiltIn && !d.Own {
			require.True(t, len(d.Sets) > 0 || slices.Contains(names, d.Name), "there is no way to get %s", d.Name)
		}
	}
}

// Every dataset is complete: what it names is there.
func TestDatasets(t *testing.T) {
	t.Parallel()
	for i := range Datasets {
		d := &Datasets[i]
		found, err := FindDataset(d.Name)
		require.NoError(t, err)
		require.Same(t, d, found)
		require.NotEmpty(t, d.What)
		require.NotNil(t, d.read)
		networks := d.NetworkNames()
		require.Equal(t, d.Usual, networks[0])
		for _, n := range networks {
			chosen, err := d.ChooseNetwork(n)
			require.NoError(t, err)
			require.Equal(t, n, chosen)
			network, err := zoo.New(n, 2)
			require.NoError(t, err)
			require.Equal(t, KindOf(n).Side(), network.H, n)
		}
		require.ElementsMatch(t, slices.Compact(slices.Sorted(slices.Values(networks))), networks)
	}
	require.ElementsMatch(t, dataset.PACSDomains, pacsDomains)
	_, err := FindDataset("imagenet")
	require.ErrorContains(t, err, "synthetic-digits, digits, cifar10, cifar100, pacs, folder")
}

// A test set is the source's own unless another is named.
func TestReadTest(t *testing.T) {
	t.Parallel()
	read := func(name, data, domain string) (*dataset.TestSet, error) {
		return (&Images{Dataset: name, Data: data}).ReadTest(domain, nil)
	}
	own, err := read("synthetic-digits", "", "")
	require.NoError(t, err)
	require.Equal(t, syntheticTest, own.N)
	_, err = read("synthetic-digits", "", "svhn")
	require.EqualError(t, err, "--domain svhn: expected handwritten, textured, street, printed, lowres")
	require.True(t, cli.IsUsage(err))
	_, err = read("cifar10", "somewhere", "test")
	require.EqualError(t, err, "--domain test: cifar10 has one test set")
	_, err = read("cifar10", "", "")
	require.EqualError(t, err, "--dataset cifar10 needs --data DIR, the folder with its files; to get them: meada-cpu data fetch cifar10 --data data")
}
