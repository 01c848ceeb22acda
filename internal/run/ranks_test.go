package run

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

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
		links, _ := collective.Local(2)
		var errs [2]error
		var all sync.WaitGroup
		for rank, link := range links {
			group, err := collective.New(link)
			require.NoError(t, err)
			facts := ready
			if rank == 1 {
				facts = c.facts
			}
			all.Go(func() { errs[rank] = agree(group, facts, c.errs[rank]) })
		}
		all.Wait()
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
