package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run on mapped pictures ends with the bits of one on pictures in memory, and every
// command that reads a data set of pictures takes --cache.
func TestCachedPictures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plainPictures(t, dir, 10, "own/train/dog", "own/train/horse", "own/test/dog", "own/test/horse")
	run := []string{"train", "--data", "own", "--model", small, "--loops-train", "6", "--k", "1", "--loops-min", "3", "--loops-adv", "1", "--test-every", "6"}
	succeed(t, dir, append(run, "--out", "a", "--max-memory", "none")...)
	succeed(t, dir, append(run, "--out", "b", "--cache", "cache")...)
	last := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(dir, name, "last.safetensors"))
		require.NoError(t, err)
		return content
	}
	require.Equal(t, last("a"), last("b"))
	require.Equal(t, succeed(t, dir, "eval", "--weights", "a", "--data", "own").out,
		succeed(t, dir, "eval", "--weights", "a", "--data", "own", "--cache", "cache").out)
	succeed(t, dir, "augment", "--weights", "a", "--data", "own", "--cache", "cache", "--out", "adversarial", "--images", "4")
	succeed(t, dir, "corrupt", "--data", "own", "--dataset", "folder", "--cache", "cache", "--out", "corrupted", "--corruptions", "fog", "--severities", "1")
	files, err := filepath.Glob(filepath.Join(dir, "cache", "*.pictures"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	refused := invoke(t, dir, "train", "--dataset", "synthetic-digits", "--cache", "cache")
	require.Equal(t, exitUsage, refused.code)
	require.Contains(t, refused.err, "--cache are for pictures in files")
}
