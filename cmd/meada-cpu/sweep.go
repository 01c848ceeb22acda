package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
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

// perRunFlags are the flags of train that sweep sets itself or that make no sense
// for several runs.
var perRunFlags = []string{"algorithm", "seed", "out", "threads", "quiet", "json", "http", "resume"}

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
the paper's figures beside them, and tests ME-ADA against the other algorithms,
paired by seed: Student's t-test and a bootstrap interval of the difference.`)
	s.define(c.Flags())
	return c
}

func defaultSweep() sweepSettings {
	return sweepSettings{algorithms: catalog.Algorithms(), seeds: []uint64{1, 2, 3}, out: filepath.Join("runs", "sweep"), jobs: 1}
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
	own := append(slices.Clone(perRunFlags), "algorithms", "seeds", "table", "jobs", "shard")
	given := cli.Given(set)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if s.table != "" && name != "table" {
			return cli.UsageError("sweep --table DIR takes no other flag than that, got --%s", name)
		}
		if !slices.Contains(own, name) {
			s.shared = append(s.shared, "--"+name+"="+given[name])
		}
	}
	return nil
}

// members lists the runs of the sweep.
func (s *sweepSettings) members() []sweep.Member {
	return sweep.Members(s.out, s.algorithms, s.seeds, s.shared)
}

func runSweep(std streams, s sweepSettings) error {
	if s.table != "" {
		return sweep.WriteTables(s.table, std.out, std.err, published)
	}
	if err := s.shard.Resolve(os.Getenv); err != nil {
		return cli.UsageError("--shard: %v", err)
	}
	all := s.members()
	lo, hi := s.shard.Of(len(all))
	missing, err := findMissing(all[lo:hi])
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.out, 0o777); err != nil {
		return err
	}
	runner, err := s.runner(std, len(missing))
	if err != nil {
		return err
	}
	if s.shard.Count > 1 {
		runner.Say("sweep: part %d of %d, runs %d to %d of %d", s.shard.Index+1, s.shard.Count, lo+1, hi, len(all))
	}
	resumed := ""
	if n := begun(missing); n > 0 {
		resumed = fmt.Sprintf(", %d of them to be resumed", n)
	}
	runner.Say("sweep: %d runs, %d complete, %d to do%s, %d at a time, threads of each: %d",
		hi-lo, hi-lo-len(missing), len(missing), resumed, runner.Jobs, runner.Threads)
	ctx, stop := cli.Interruption()
	defer stop()
	if err := runner.Run(ctx, missing); err != nil {
		return err
	}
	if s.shard.Count > 1 {
		runner.Say("sweep: once all parts are complete, meada-cpu sweep --table %s makes the table", s.out)
		return nil
	}
	return sweep.WriteTables(s.out, std.out, std.err, published)
}

// findMissing returns the runs that are not complete.
func findMissing(all []sweep.Member) ([]sweep.Member, error) {
	var missing []sweep.Member
	for _, m := range all {
		var want settings
		if err := want.parse(m.Flags); err != nil {
			return nil, err
		}
		complete, err := m.Find(&want.Settings)
		if err != nil {
			return nil, err
		}
		if !complete {
			missing = append(missing, m)
		}
	}
	return missing, nil
}

// begun returns how many of the runs were begun.
func begun(members []sweep.Member) int {
	n := 0
	for _, m := range members {
		if m.Begun != "" {
			n++
		}
	}
	return n
}

// runner returns what trains that many runs.
func (s *sweepSettings) runner(std streams, runs int) (*sweep.Runner, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	jobs := max(1, min(s.jobs, runs))
	r := &sweep.Runner{
		Program: program,
		Jobs:    jobs,
		Threads: max(1, cmp.Or(s.threads, runtime.GOMAXPROCS(0))/jobs),
		Logs:    jobs > 1 || s.quiet,
		Err:     std.err,
		Say:     cli.NewStatus(std.err, s.quiet).Line,
		Endure:  func(err error) bool { return exitCode(err) == exitDiverged },
	}
	for _, flag := range s.shared {
		if name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "="); slices.Contains(processFlags, name) {
			r.Resume = append(r.Resume, flag)
		}
	}
	return r, nil
}

// published returns the published settings for the dataset and the network of
// some settings.
func published(s *runfolder.Settings) *runfolder.Settings {
	official := *s
	if d, err := catalog.FindDataset(s.Dataset); err == nil {
		if preset, err := catalog.FindPreset(d.Preset); err == nil {
			official.Settings = preset.Settings(s.Model)
		}
	}
	official.Weights, official.TestImages = "", 0
	return &official
}
