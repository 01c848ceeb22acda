package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/run/runtest"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// onTwoRanks calls f on two ranks within this process, and returns their errors.
func onTwoRanks(t *testing.T, f func(group *collective.Group) error) (errs [2]error) {
	t.Helper()
	links, _ := collective.Local(2)
	var all sync.WaitGroup
	for rank, link := range links {
		group, err := collective.New(link)
		require.NoError(t, err)
		all.Go(func() { errs[rank] = f(group) })
	}
	all.Wait()
	return errs
}

// All ranks end with the error of the first one that has one, or with the first fact in
// which one differs, under its name.
func TestRanksAgree(t *testing.T) {
	t.Parallel()
	host, err := os.Hostname()
	require.NoError(t, err)
	ready := [][2]string{{"versions", "v1"}, {"settings, seed", "1"}, {"weights", ""}}
	for want, c := range map[string]struct {
		errs  [2]error
		facts [][2]string // of rank 1
		is    func(error) bool
	}{
		"": {facts: ready},
		"the ranks differ in their versions: rank 0 on HOST has v1, rank 1 on HOST v2": {facts: [][2]string{{"versions", "v2"}, {"settings, seed", "5"}}},
		"the ranks differ in their settings, seed: rank 0 on HOST has 1, rank 1 on HOST 5": {
			facts: [][2]string{{"versions", "v1"}, {"settings, seed", "5"}, {"weights", ""}}},
		"the ranks differ in their settings, k: rank 0 on HOST has none, rank 1 on HOST 2": {
			facts: append(ready[:3:3], [2]string{"settings, k", "2"})},
		"the ranks differ in their settings, seed: rank 0 on HOST has 1, rank 1 on HOST none": {
			facts: [][2]string{{"versions", "v1"}, {"weights", ""}}},
		"data: no such folder":               {errs: [2]error{&dataset.Error{Path: "data", Err: errors.New("no such folder")}, errors.New("disk")}, facts: ready, is: isData},
		"rank 1 on HOST: data: no such file": {errs: [2]error{nil, &dataset.Error{Path: "data", Err: errors.New("no such file")}}, facts: ready, is: isData},
		"rank 1 on HOST: --k 0: too few":     {errs: [2]error{nil, cli.UsageError("--k 0: too few")}, facts: ready, is: cli.IsUsage},
		"rank 1 on HOST: no space is left":   {errs: [2]error{nil, errors.New("no space is left")}, facts: ready},
	} {
		errs := onTwoRanks(t, func(group *collective.Group) error {
			facts := ready
			if group.Rank() == 1 {
				facts = c.facts
			}
			return agree(group, facts, c.errs[group.Rank()])
		})
		for rank, err := range errs {
			if want == "" {
				require.NoError(t, err)
				continue
			}
			require.ErrorAs(t, err, new(*SharedError), "rank %d", rank)
			if c.errs[0] == nil || rank == 0 {
				require.Equal(t, want, strings.ReplaceAll(err.Error(), " on "+host, " on HOST"))
			}
			if c.is != nil {
				require.True(t, c.is(err), "%v", err)
			}
		}
	}
}

func isData(err error) bool { return errors.Is(err, dataset.ErrData) }

// Ranks that are interrupted measure the running statistics of the average together, and
// what is saved is what one process saves.
func TestInterruptedRanks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := short(t, filepath.Join(dir, "one"))
	o.Model, o.Preset, o.Settings.Settings = runtest.WRN, "cifar10", catalog.CIFAR(catalog.ERM)
	o.BatchSize, o.Epochs, o.EMA, o.Shards, o.Threads = 16, 2, 0.9, 2, 1
	train := func(o Options) error {
		_, err := Train(&countdown{t.Context(), 1}, o)
		return err
	}
	require.ErrorIs(t, train(o), cli.ErrInterrupted)

	errs := onTwoRanks(t, func(group *collective.Group) error {
		of := o
		of.Group, of.Out = group, filepath.Join(dir, "two")
		return train(of)
	})
	for _, err := range errs {
		require.ErrorIs(t, err, cli.ErrInterrupted)
	}
	want, err := os.ReadFile(filepath.Join(dir, "one", runfolder.LastFile))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "two", runfolder.LastFile))
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
}
