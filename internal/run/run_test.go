package run

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

func TestMain(m *testing.M) {
	runtest.AddNetworks()
	os.Exit(m.Run())
}

// short are the options of a run of a few steps with two phases and three tests.
func short(t *testing.T, out string) Options {
	t.Helper()
	s := catalog.Digits(catalog.MEADA)
	s.LR, s.BatchSize, s.LoopsTrain, s.LoopsMin, s.LoopsAdv, s.K, s.TestEvery = 1e-3, 16, 8, 3, 2, 2, 3
	return Options{
		Settings: runfolder.Settings{
			Images: catalog.Images{Dataset: "digits", Data: runtest.Digits(t), Corruptions: catalog.NoCorruptions},
			Model:  runtest.LeNet, Preset: "digits", Settings: s,
		},
		Out: out, Quiet: true, Log: io.Discard,
	}
}

// complete trains to the end.
func complete(t *testing.T, o Options) *Result {
	t.Helper()
	result, err := Train(t.Context(), o)
	require.NoError(t, err)
	return result
}

// countdown is a context that ends after a run has looked at it some times: before the
// first step, then after each.
type countdown struct {
	context.Context
	looks int // until it is done
}

func (c *countdown) Err() error {
	if c.looks--; c.looks < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is interrupted after any number of steps, and resumed each time, on
// another number of threads, leaves the same weights and metrics.
func TestInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := short(t, filepath.Join(dir, "whole"))
	want := complete(t, whole)
	o := whole
	o.Out = filepath.Join(dir, "parts")
	resumed := 0
	for {
		_, err := Train(&countdown{t.Context(), 1}, o)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, cli.ErrInterrupted)
		require.ErrorContains(t, err, "--resume "+filepath.Join(dir, "parts"))
		resumed++
		o.Resume, o.Threads = filepath.Join(dir, "parts"), 1+resumed%3
		require.Less(t, resumed, 50)
	}
	require.Greater(t, resumed, 3)
	for _, name := range []string{runfolder.BestFile, runfolder.ValidatedFile, runfolder.LastFile, runfolder.ConfusionFile, runfolder.MistakesPicture} {
		first, err := os.ReadFile(filepath.Join(dir, "whole", name))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join(dir, "parts", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(first, again), name)
	}
	summary, err := runfolder.ReadSummary(filepath.Join(dir, "parts"))
	require.NoError(t, err)
	require.Equal(t, want.Summary.Accuracy, summary.Accuracy)
	_, err = Train(t.Context(), o)
	require.True(t, cli.IsUsage(err))
	require.ErrorContains(t, err, "the run is complete")
}

func TestResultText(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	o := short(t, filepath.Join(t.TempDir(), "r"))
	o.Quiet, o.Log = false, &log
	var out strings.Builder
	require.NoError(t, complete(t, o).Print(&out))
	require.Regexp(t, `(?s)^ +last, % validated, %      best, %\nusps +[\d.]+ +[\d.]+ +[\d.]+\naverage .*mnist \(source\) .*after step +7 `, out.String())
	require.Contains(t, out.String(), "selected on the target test sets (oracle)")
	require.Regexp(t, `(?m)^initial weights  random$`, log.String())
	require.Regexp(t, `(?m)^not found +svhn`, log.String())
}

func TestWhenCheckpointsAreDue(t *testing.T) {
	t.Parallel()
	due := func(every, unsaved int, since, saving time.Duration) bool {
		r := run{unsaved: unsaved, saved: time.Now().Add(-since), saving: saving}
		r.CheckpointEvery = every
		return r.checkpointDue()
	}
	require.False(t, due(0, 1000, 30*time.Second, 0))
	require.True(t, due(0, 1, 61*time.Second, time.Second), "once a minute")
	require.False(t, due(0, 1000, 61*time.Second, 2*time.Second), "and no more than a fiftieth of the time")
	require.True(t, due(0, 1000, 101*time.Second, 2*time.Second))
	require.False(t, due(3, 2, time.Hour, 0))
	require.True(t, due(3, 3, 0, time.Hour))
}

// A run that learns nothing ends after as many tests as it has patience, interrupted or
// not, and says so.
func TestPatience(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "whole"))
	o.LR, o.LRMax, o.Patience = 1e-30, 0, 1
	result := complete(t, o)
	require.True(t, result.Summary.Stopped)
	require.Equal(t, 7, result.Summary.Steps, "the second test follows step 6 of 0 to 7")
	require.Equal(t, 6, result.Summary.Accuracy.Last.Step)
	var out strings.Builder
	require.NoError(t, result.Print(&out))
	require.Contains(t, out.String(), "stopped early after 7 steps: 1 test without a better one on the source's own test set")
	page, err := os.ReadFile(result.Report)
	require.NoError(t, err)
	require.Contains(t, string(page), "complete · 7 of 8 steps")

	parts := o
	parts.Out = filepath.Join(dir, "parts")
	for range 50 {
		if result, err = Train(&countdown{t.Context(), 1}, parts); err == nil {
			break
		}
		require.ErrorIs(t, err, cli.ErrInterrupted)
		parts.Resume = parts.Out
	}
	require.NoError(t, err)
	require.True(t, result.Summary.Stopped)
	require.Equal(t, 7, result.Summary.Steps)

	o.Out, o.Patience = filepath.Join(dir, "patient"), 3
	require.False(t, complete(t, o).Summary.Stopped)
}

func TestPatienceNeedsImages(t *testing.T) {
	t.Parallel()
	r := run{domains: []dataset.Domain{{Name: "far"}}}
	require.NoError(t, r.checkPatience())
	r.Patience = 2
	require.ErrorContains(t, r.checkPatience(), "--patience 2: there is nothing of the source to validate on")
	r.domains = append(r.domains, dataset.Domain{Name: "own", Source: true})
	require.NoError(t, r.checkPatience())
}

// A run that goes on with kernels or a version that may give other bits says so.
func TestOtherBits(t *testing.T) {
	t.Parallel()
	machine := func(simd, version string) runfolder.Machine { return runfolder.Machine{SIMD: simd, Version: version} }
	for _, c := range []struct {
		then, now runfolder.Machine
		why       string
	}{
		{machine("avx2", "1"), machine("avx2", "1"), ""},
		{machine("avx2", "1"), machine("avx512", "1"), ""},
		{machine("neon", "1"), machine("avx2", "1"), ""},
		{machine("generic", "1"), machine("generic", "1"), ""},
		{machine("avx2", "1"), machine("generic", "1"), "begun with avx2, continued with generic: the result agrees within rounding, not bit for bit"},
		{machine("generic", "1"), machine("neon", "2"), "begun with generic, continued with neon: the result agrees within rounding, not bit for bit"},
		{machine("avx2", "1"), machine("avx512", "2"), "begun with version 1, continued with 2: the result may differ"},
	} {
		require.Equal(t, c.why, otherBits(&c.then, c.now))
	}

	// It says so again where it goes on as it began.
	begun, log, before := machine("avx2", "1"), new(bytes.Buffer), tally{}
	for _, version := range []string{"1", "2", "2", "1"} {
		r := run{Options: Options{Log: log}, tally: before}
		r.continueOn(&begun, machine("avx2", version))
		text, err := json.Marshal(r.tally) // as a checkpoint keeps it
		require.NoError(t, err)
		before = tally{}
		require.NoError(t, json.Unmarshal(text, &before))
	}
	require.Equal(t, strings.Repeat("warning: begun with version 1, continued with 2: the result may differ\n", 3), log.String())
}
