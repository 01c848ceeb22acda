package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTensorBoardFile(t *testing.T) {
	dir, data := t.TempDir(), tinyDigits(t)
	succeed(t, dir, short(data, "--out", "r", "--tensorboard")...)
	paths, err := filepath.Glob(filepath.Join(dir, "r", "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	content, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	for _, tag := range []string{
		"train/loss", "train/accuracy", "maximise/entropy", "accuracy/usps", "accuracy/average",
		"images_per_second/descent", "samples/phase-1", "samples/phase-2",
	} {
		require.Contains(t, string(content), tag)
	}
	picture, err := os.ReadFile(filepath.Join(dir, "r", "samples", "phase-2.png"))
	require.NoError(t, err)
	require.Contains(t, string(content), string(picture))

	succeed(t, dir, short(data, "--out", "without")...)
	paths, err = filepath.Glob(filepath.Join(dir, "without", "events*"))
	require.NoError(t, err)
	require.Empty(t, paths)
}
