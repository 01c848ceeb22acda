package run

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
)

// What a run leaves agrees with itself: the summary with the metrics, the weights
// with the summary.
func TestOutputs(t *testing.T) {
	t.Parallel()
	o := short(t, filepath.Join(t.TempDir(), "r"))
	result := complete(t, o)
	summary, err := runfolder.ReadSummary(o.Out)
	require.NoError(t, err)
	require.Equal(t, result.Summary.Accuracy, summary.Accuracy)
	require.Equal(t, 8, summary.Steps)
	tests, phases, largest := 0, 0, 0.0
	for line, err := range runfolder.ReadMetrics(o.Out) {
		require.NoError(t, err)
		switch line := line.(type) {
		case runfolder.Maximise:
			phases++
			require.Equal(t, phases, line.Phase)
		case runfolder.Evaluate:
			tests++
			require.Equal(t, line.Accuracy.Average > largest || tests == 1, line.Best)
			largest = max(largest, line.Accuracy.Average)
		}
	}
	require.Equal(t, []int{2, 3}, []int{phases, tests})
	require.Equal(t, largest, summary.Accuracy.Best.Average)
	for file, accuracy := range map[string]*runfolder.Accuracy{
		runfolder.LastFile: summary.Accuracy.Last, runfolder.BestFile: summary.Accuracy.Best, runfolder.ValidatedFile: summary.Accuracy.SourceValidation,
	} {
		_, metadata, err := safetensors.Read(filepath.Join(o.Out, file))
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(accuracy.Step+1), metadata["step"], file)
	}
	require.NoDirExists(t, filepath.Join(o.Out, runfolder.CheckpointFolder))
	samples, err := runfolder.ReadSamples(o.Out)
	require.NoError(t, err)
	require.Len(t, samples, 2, "of each phase")
}

// A folder that holds something is left as it is, and another is made.
func TestNewFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "r"))
	o.Algorithm = catalog.ERM
	require.NoError(t, os.Mkdir(o.Out, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(o.Out, "mine"), []byte("kept"), 0o666))
	complete(t, o)
	left, err := os.ReadDir(o.Out)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.FileExists(t, filepath.Join(dir, "r-2", runfolder.SummaryFile))
}

// Training that diverges ends with its error, no weights and no summary.
func TestDiverged(t *testing.T) {
	t.Parallel()
	o := short(t, filepath.Join(t.TempDir(), "r"))
	o.LR = 1e30
	_, err := Train(t.Context(), o)
	var diverged *train.DivergedError
	require.ErrorAs(t, err, &diverged)
	require.NoFileExists(t, filepath.Join(o.Out, runfolder.SummaryFile))
	require.NoFileExists(t, filepath.Join(o.Out, runfolder.LastFile))
}

// A run that needs more memory than it may take is refused before there is a folder.
func TestMemoryBound(t *testing.T) {
	t.Parallel()
	o := short(t, filepath.Join(t.TempDir(), "r"))
	o.MaxMemory = 1 << 20
	_, err := Train(t.Context(), o)
	require.True(t, cli.IsUsage(err), err)
	require.ErrorContains(t, err, "--max-memory none starts it all the same")
	require.NoDirExists(t, o.Out)
	o.MaxMemory, o.Log = cli.NoLimit, io.Discard
	complete(t, o)
}
