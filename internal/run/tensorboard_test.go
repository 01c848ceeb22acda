package run

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
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

// The file of a resumed run is written without the flag too, and has all that the run
// has logged, after the mark that makes readers forget the file before. That is gone, but
// not what others have put there.
func TestTensorBoardOfAResumedRun(t *testing.T) {
	t.Parallel()
	o := short(t, filepath.Join(t.TempDir(), "r"))
	o.TensorBoard = true
	_, err := Train(&countdown{t.Context(), 14}, o)
	require.ErrorIs(t, err, cli.ErrInterrupted)
	o.Resume, o.TensorBoard = o.Out, false
	paths, err := filepath.Glob(filepath.Join(o.Out, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	before := paths[0]
	others := filepath.Join(o.Out, "events.out.tfevents.1700000000.host.1.0") // as PyTorch names them
	require.NoError(t, os.WriteFile(others, []byte("x"), 0o666))
	complete(t, o)
	require.NoFileExists(t, before)
	require.FileExists(t, others)
	paths, err = filepath.Glob(filepath.Join(o.Out, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, paths, 2)
	content, err := os.ReadFile(paths[1])
	require.NoError(t, err)
	require.Contains(t, string(content[:100]), "\x3a\x02\x08\x01", "a session log that starts")
	require.Equal(t, 3, bytes.Count(content, []byte("accuracy/usps")), "all three tests")
	for _, tag := range []string{"samples/phase-1", "samples/phase-2", "loss/usps", "train/learning_rate"} {
		require.Contains(t, string(content), tag)
	}
	lines, err := os.ReadFile(filepath.Join(o.Out, "metrics.jsonl"))
	require.NoError(t, err)
	require.Equal(t, bytes.Count(lines, []byte(`"type":"train"`)), bytes.Count(content, []byte("train/loss")))
}
