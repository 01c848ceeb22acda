package catalog

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/fetch"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Weights go to the cache, wherever data go, and are found there.
func TestPretrainedWeights(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	t.Setenv("MEADA_CACHE", cache)
	_, err := PretrainedWeights("resnet18")
	require.ErrorIs(t, err, zoo.ErrWeights)
	require.EqualError(t, err, filepath.Join(cache, "resnet18-f37072fd.pth")+": the file is not there; to get it: meada-cpu data fetch resnet18")
	require.False(t, HasPretrained("resnet18"))
	_, err = PretrainedWeights("wrn")
	require.True(t, cli.IsUsage(err))
	require.EqualError(t, err, "--weights pretrained: there are none of wrn, only of efficientnet-lite0, resnet18, resnet34, resnet50, alexnet")

	content := []byte("weights")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(content) }))
	defer server.Close()
	file := fmt.Sprintf("net-%x.pth", sha256.Sum256(content))[:len("net-00000000")] + ".pth"
	set := pretrainedSet("net", server.URL+"/", file, 1)
	require.Equal(t, fetch.File{URLs: []string{server.URL + "/" + file}, Checksum: "sha256:" + file[4:12]}, set.files[file])
	d, said := fetcher(t)
	require.NoError(t, d.Fetch(t.Context(), []*Set{&set}, []string{"net"}))
	require.Contains(t, said(), "fetched   "+file)
	require.True(t, set.Present(d.Dir))
	got, err := os.ReadFile(filepath.Join(cache, file))
	require.NoError(t, err)
	require.Equal(t, content, got)
	require.NoError(t, Verify(d.Out, d.Dir, []*Set{&set}))
	require.NoError(t, os.WriteFile(filepath.Join(cache, file), []byte("others"), 0o666))
	require.ErrorContains(t, Verify(d.Out, d.Dir, []*Set{&set}), "1 file wrong")

	path := filepath.Join(cache, "resnet18-f37072fd.pth")
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	found, err := PretrainedWeights("resnet18")
	require.NoError(t, err)
	require.Equal(t, path, found)
}

// Every network that has published weights is one of the zoo.
func TestPretrainedSets(t *testing.T) {
	t.Parallel()
	for i := range pretrainedSets {
		require.Contains(t, zoo.Names, pretrainedSets[i].Name)
	}
}
