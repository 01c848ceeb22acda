package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report"
	"github.com/meada-cpu/meada-cpu/internal/run"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/sweep"
)

// runComparison trains with ERM and with the method that the flags of train name, and
// shows both beside each other.
func runComparison(std streams, s *settings, set *pflag.FlagSet) error {
	switch {
	case s.Resume != "":
		return cli.UsageError("--compare and --resume %s: expected one of them; the same train --compare again resumes", s.Resume)
	case s.HTTP != "":
		return cli.UsageError("--compare and --http %s: expected one of them, the report served is that of one run", s.HTTP)
	}
	if err := refuseRanks("train --compare", ""); err != nil {
		return err
	}
	shared := sharedFlags(set) // those given; resolve adds what --config records
	if err := s.resolve(set); err != nil {
		return err
	}
	if s.Algorithm == catalog.ERM {
		return cli.UsageError("--compare: expected another --algorithm than erm, which it is compared with, and which --freeze has unless one is named")
	}
	out := cmp.Or(s.Out, filepath.Join("runs", fmt.Sprintf("compare-%s-%s-s%d", s.Dataset, s.Algorithm, s.Seed)))
	runner, err := newRunner(std, "compare", s.Threads, s.Quiet, shared)
	if err != nil {
		return err
	}
	pagePath := filepath.Join(out, comparisonFile)
	if err := report.CheckReplaced(pagePath); err != nil {
		return err
	}
	ctx, stop := cli.Interruption()
	defer stop()
	pair := sweep.Pair(out, s.Algorithm, s.Seed, shared)
	if _, err := runner.Sweep(ctx, out, sweep.Shard{Count: 1}, pair, trainSettings); err != nil {
		return err
	}
	beside, err := sweep.ReadPair(pair, trainSettings)
	if err != nil {
		return err
	}
	page, err := writeReport(pagePath, beside.Folders()...)
	if err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(std.out).Encode(beside.Summaries())
	}
	return beside.Print(std.out, page)
}

// sharedFlags returns the flags given that every run gets: not those of one run, nor
// those named.
func sharedFlags(set *pflag.FlagSet, own ...string) []string {
	own = append(own, perRunFlags...)
	var shared []string
	given := cli.Given(set)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(own, name) {
			shared = append(shared, "--"+name+"="+given[name])
		}
	}
	return shared
}

// newRunner returns what trains run after run for a command, with the flags shared.
func newRunner(std streams, name string, threads int, quiet bool, shared []string) (*sweep.Runner, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	status, maxBytes := cli.NewStatus(std.err, quiet), int64(0)
	if slices.Contains(shared, "--max-memory=none") {
		maxBytes = -1
	}
	r := &sweep.Runner{
		Name: name, Program: program, Threads: cmp.Or(cli.Threads(threads, std.err), runtime.GOMAXPROCS(0)), Logs: quiet,
		Err: std.err, Say: status.Line, Endure: func(err error) bool { return exitCode(err) == exitDiverged },
		Data: func(ctx context.Context, s *runfolder.Settings) (*runfolder.Config, error) {
			return run.DataOf(ctx, s, maxBytes, status)
		},
	}
	for _, flag := range shared {
		if name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "="); slices.Contains(processFlags, name) {
			r.Resume = append(r.Resume, flag)
		}
	}
	return r, nil
}
