package run

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// What is held out validates, and stays held out when a run is resumed.
func TestHeldOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "whole"))
	share := 0.25
	o.Holdout = &share
	whole := complete(t, o)
	config, err := runfolder.ReadConfig(o.Out)
	require.NoError(t, err)
	require.Equal(t, 0.25, config.HeldOut)
	held := config.Checksums[train.HeldOut].Images
	require.Equal(t, runfolder.Domain{Name: "held-out", Images: held, Source: true, Held: true}, config.Domains[len(config.Domains)-1])
	onHeld, ok := whole.Summary.Accuracy.SourceValidation.Of("held-out")
	require.True(t, ok)
	last, _ := whole.Summary.Accuracy.Last.Of("held-out")
	require.GreaterOrEqual(t, onHeld, last, "the test chosen is the best on what is held out")
	var out strings.Builder
	require.NoError(t, whole.Print(&out))
	require.Contains(t, out.String(), "held-out (source)")
	require.Contains(t, out.String(), "validated is the best on the held-out part of the source")

	parts := o
	parts.Out = filepath.Join(dir, "parts")
	_, err = Train(&countdown{t.Context(), 4}, parts)
	require.ErrorIs(t, err, cli.ErrInterrupted)
	parts.Resume = parts.Out
	again := complete(t, parts)
	require.Equal(t, whole.Summary.Accuracy, again.Summary.Accuracy)
	var weights [2][]byte
	for i, name := range []string{"whole", "parts"} {
		weights[i], err = os.ReadFile(filepath.Join(dir, name, runfolder.LastFile))
		require.NoError(t, err)
	}
	require.True(t, bytes.Equal(weights[0], weights[1]))
	other := 0.5
	parts.Out, parts.Resume = filepath.Join(dir, "other"), ""
	_, err = Train(&countdown{t.Context(), 4}, parts)
	require.ErrorIs(t, err, cli.ErrInterrupted)
	parts.Resume, parts.Holdout = parts.Out, &other
	_, err = Train(t.Context(), parts)
	require.ErrorContains(t, err, "holdout 0.25 instead of 0.5")
}

// Nothing is said about domains that are not there.
func TestNoConclusionsWithoutTargets(t *testing.T) {
	t.Parallel()
	domains := []dataset.Domain{{Name: "test", Source: true}, {Name: "held-out", Source: true, Held: true}}
	result := Result{Summary: &runfolder.Summary{}, domains: domains}
	a := accuracies(domains, []float64{0.5, 0.25})
	result.Summary.Accuracy.Best, result.Summary.Accuracy.Last, result.Summary.Accuracy.SourceValidation = a, a, a
	var out strings.Builder
	require.NoError(t, result.Print(&out))
	for _, word := range []string{"average", "best, %", "target", "oracle"} {
		require.NotContains(t, out.String(), word)
	}
	require.Contains(t, out.String(), "held-out (source)           25.00        25.00")
}
