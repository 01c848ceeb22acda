package main

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/sweep"
)

// sweepSettings are what the flags of sweep decide, beside those of train.
type sweepSettings struct {
	algorithms []catalog.Algorithm
	seeds      []uint64
	out, table string
	jobs       int
	threads    int // of all jobs together
	shard      sweep.Shard
	quiet      bool

	shared []string // the flags of train that every run gets
}

func newSweep(std streams) *cobra.Command {
	s := defaultSweep()
	c := &cobra.Command{
		Use:   "sweep",
		Short: "train with several algorithms and seeds, write the paper's table",
		Long: `Trains with several algorithms and seeds and writes the paper's table: table.md,
table.csv and table.tex in the sweep's folder. The same command again skips what
is complete and resumes what was interrupted.`,
		Args: cli.NoArguments,
		Example: "meada-cpu sweep --preset digits --dataset digits --data DIR --seeds 1-10 --out runs/digits\n" +
			"meada-cpu sweep --table runs/digits",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.resolve(c.Flags()); err != nil {
				return err
			}
			return runSweep(std, s)
		},
	}
	cli.SetNotes(c, `The other flags are those of train, for every run; see "meada-cpu help train".

The table gives mean and standard deviation over the seeds for each domain, with
published figures beside them, and tests ME-ADA against the other algorithms, or
these against the first of them where it is missing, paired by seed: Student's
t-test and a bootstrap interval of the difference.`)
	s.define(c.Flags())
	return c
}

func defaultSweep() sweepSettings {
	return sweepSettings{algorithms: catalog.Paper, seeds: []uint64{1, 2, 3}, out: filepath.Join("runs", "sweep"), jobs: 1}
}

// define declares the flags of sweep: its own, and those of train that all runs
// share.
func (s *sweepSettings) define(set *pflag.FlagSet) {
	var names []string
	for _, a := range catalog.Algorithms() {
		names = append(names, string(a))
	}
	f := cli.NewFlags(set)
	cli.List(f, &s.algorithms, "algorithms", "of "+strings.Join(names, ", "), func(word string) ([]catalog.Algorithm, error) {
		if !slices.Contains(names, word) {
			return nil, errors.New("expected some of " + strings.Join(names, ","))
		}
		return []catalog.Algorithm{catalog.Algorithm(word)}, nil
	}, names...)
	cli.List(f, &s.seeds, "seeds", "such as 1-10 or 1,2,5", sweep.ParseSeeds)
	f.Text(&s.out, "out", "DIR", "folder of the run folders")
	f.Text(&s.table, "table", "DIR", "only make the table of the complete runs in DIR")
	f.Integer(&s.jobs, "jobs", 1, "runs at a time")
	f.Integer(&s.threads, "threads", 1, "workers of all runs together; by default all CPUs")
	f.Add("shard", &cli.Value{Kind: "I/N", Read: s.shard.Set},
		"only part I of N, for machines that share a folder; N alone takes I from JOB_COMPLETION_INDEX or from "+
			"a Slurm array of N tasks; a whole Slurm array from 0 or 1 needs no --shard")
	f.Switch(&s.quiet, "quiet", "no progress; each run has a log beside its folder")
	shared := pflag.NewFlagSet("train", pflag.ContinueOnError)
	new(settings).define(shared)
	f.Adopt(shared, perRunFlags...)
}

// parse sets what the arguments of sweep ask for.
func (s *sweepSettings) parse(args []string) error {
	set := pflag.NewFlagSet("sweep", pflag.ContinueOnError)
	s.define(set)
	if err := cli.Parse("sweep", set, args); err != nil {
		return err
	}
	return s.resolve(set)
}

// resolve notes which flags of train every run gets.
func (s *sweepSettings) resolve(set *pflag.FlagSet) error {
	for _, name := range slices.Sorted(maps.Keys(cli.Given(set))) {
		if s.table != "" && name != "table" {
			return cli.UsageError("sweep --table DIR takes no other flag than that, got --%s", name)
		}
	}
	s.shared = sharedFlags(set, "algorithms", "seeds", "table", "jobs", "shard")
	return nil
}

// members lists the runs of the sweep.
func (s *sweepSettings) members() []sweep.Member {
	return sweep.Members(s.out, s.algorithms, s.seeds, s.shared)
}

func runSweep(std streams, s sweepSettings) error {
	if s.table != "" {
		return sweep.WriteTables(s.table, std.out, std.err)
	}
	if err := resolveShard(&s.shard, s.out); err != nil {
		return err
	}
	runner, err := newRunner(std, "sweep", s.threads, s.quiet, s.shared)
	if err != nil {
		return err
	}
	runner.Jobs, runner.Tables = s.jobs, true
	ctx, stop := cli.Interruption()
	defer stop()
	complete, err := runner.Sweep(ctx, s.out, s.shard, s.members(), trainSettings)
	if err != nil || !complete {
		return err
	}
	return sweep.WriteTables(s.out, std.out, std.err)
}
