package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTensorBoardFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "r"))
	o.TensorBoard = true
	complete(t, o)
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

	complete(t, short(t, filepath.Join(dir, "without")))
	paths, err = filepath.Glob(filepath.Join(dir, "without", "events*"))
	require.NoError(t, err)
	require.Empty(t, paths)
}
