package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train"
)

// sweepSettings are what the flags of sweep decide, beside those of train.
type sweepSettings struct {
	algorithms []train.Algorithm
	seeds      []uint64
	out, table string
	jobs       int
	threads    int // of all jobs together
	shard      shard
	quiet      bool

	shared []string // the flags of train that every run gets
}

// ofOneRun are the flags of train that sweep sets itself or that make no sense
// for several runs.
var ofOneRun = []string{"algorithm", "seed", "out", "threads", "quiet", "json", "http", "resume"}

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
	return sweepSettings{algorithms: train.Algorithms, seeds: []uint64{1, 2, 3}, out: filepath.Join("runs", "sweep"), jobs: 1}
}

// define declares the flags of sweep: its own, and those of train that all runs
// share.
func (s *sweepSettings) define(set *pflag.FlagSet) {
	var names []string
	for _, a := range train.Algorithms {
		names = append(names, string(a))
	}
	f := cli.NewFlags(set)
	cli.List(f, &s.algorithms, "algorithms", "of "+strings.Join(names, ", "), func(word string) ([]train.Algorithm, error) {
		if !slices.Contains(names, word) {
			return nil, errors.New("expected some of " + strings.Join(names, ","))
		}
		return []train.Algorithm{train.Algorithm(word)}, nil
	}, names...)
	cli.List(f, &s.seeds, "seeds", "such as 1-10 or 1,2,5", parseSeeds)
	f.Text(&s.out, "out", "DIR", "folder of the run folders")
	f.Text(&s.table, "table", "DIR", "only make the table of the complete runs in DIR")
	f.Integer(&s.jobs, "jobs", 1, "runs at a time")
	f.Integer(&s.threads, "threads", 1, "workers of all runs together; by default all CPUs")
	f.Add("shard", &cli.Value{Kind: "I/N", Read: s.shard.set},
		"only part I of N, for machines that share a folder; N alone takes I from SLURM_ARRAY_TASK_ID or from "+
			"JOB_COMPLETION_INDEX; a Slurm array needs no --shard")
	f.Switch(&s.quiet, "quiet", "no progress; each run has a log beside its folder")
	shared := pflag.NewFlagSet("train", pflag.ContinueOnError)
	new(settings).define(shared)
	f.Adopt(shared, ofOneRun...)
}

// maxSeeds bounds what a slip of the finger can ask for.
const maxSeeds = 10_000

// parseSeeds reads one seed, 7, or a range of them, 1-10.
func parseSeeds(word string) ([]uint64, error) {
	low, high, isRange := strings.Cut(word, "-")
	if !isRange {
		high = low
	}
	from, err := strconv.ParseUint(low, 10, 64)
	to, err2 := strconv.ParseUint(high, 10, 64)
	if err != nil || err2 != nil || to < from || to-from >= maxSeeds {
		return nil, errors.New("expected seeds such as 1,2,3 or 1-10")
	}
	var seeds []uint64
	for n := range to - from + 1 {
		seeds = append(seeds, from+n)
	}
	return seeds, nil
}

// shard is a part of a sweep: number index, from 0, of count parts.
type shard struct{ index, count int }

// set reads "2/10", or "10" for a number to be told by the environment.
func (s *shard) set(text string) error {
	part, count, numbered := strings.Cut(text, "/")
	if !numbered {
		part, count = "1", text
	}
	index, err := strconv.Atoi(part)
	n, err2 := strconv.Atoi(count)
	if err != nil || err2 != nil || index < 1 || index > n {
		return errors.New("expected I/N with I from 1 to N, or N")
	}
	*s = shard{index - 1, n}
	if !numbered {
		s.index = -1
	}
	return nil
}

// resolve completes a shard by the array variables of Slurm or Kubernetes.
func (s *shard) resolve(getenv func(string) string) error {
	if s.index >= 0 && s.count > 0 {
		return nil
	}
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	slurm, kubernetes := number("SLURM_ARRAY_TASK_ID", -1), number("JOB_COMPLETION_INDEX", -1)
	index, count := -1, s.count
	switch {
	case slurm >= 0:
		index = (slurm - number("SLURM_ARRAY_TASK_MIN", 0)) / max(1, number("SLURM_ARRAY_TASK_STEP", 1))
		if count == 0 {
			count = number("SLURM_ARRAY_TASK_COUNT", 0)
		}
	case kubernetes >= 0:
		index = kubernetes
	case s.count == 0:
		*s = shard{0, 1} // no array at all
		return nil
	}
	switch {
	case index < 0:
		return cli.UsageError("--shard %d: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX tells which of them this is, expected I/%[1]d", s.count)
	case count == 0:
		return cli.UsageError("this is number %d of an array whose size is not known, use --shard N", index)
	case index >= count:
		return cli.UsageError("--shard %d: the array's number %d is beyond it", count, index)
	}
	*s = shard{index, count}
	return nil
}

// of returns the shard's part of n things, as a range.
func (s shard) of(n int) (lo, hi int) {
	return s.index * n / s.count, (s.index + 1) * n / s.count
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
	own := append(slices.Clone(ofOneRun), "algorithms", "seeds", "table", "jobs", "shard")
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

// member is a run of a sweep.
type member struct {
	algorithm train.Algorithm
	seed      uint64
	dir       string
	flags     []string // of train
	begun     string   // the folder of a run to resume, "" for none
}

func (m member) String() string { return fmt.Sprintf("%s s%d", m.algorithm, m.seed) }

// members lists the runs seed by seed, so that what is done first compares.
func (s *sweepSettings) members() []member {
	var all []member
	for _, seed := range s.seeds {
		for _, a := range s.algorithms {
			m := member{algorithm: a, seed: seed, dir: filepath.Join(s.out, fmt.Sprintf("%s-s%d", a, seed))}
			m.flags = append(slices.Clone(s.shared), "--algorithm="+string(a), fmt.Sprintf("--seed=%d", seed))
			all = append(all, m)
		}
	}
	return all
}

func runSweep(std streams, s sweepSettings) error {
	if s.table != "" {
		return writeTables(std, s.table)
	}
	if err := s.shard.resolve(os.Getenv); err != nil {
		return err
	}
	all := s.members()
	lo, hi := s.shard.of(len(all))
	var missing []member
	begun := 0
	for _, m := range all[lo:hi] {
		complete, err := m.find()
		if err != nil {
			return err
		}
		if !complete {
			missing = append(missing, m)
		}
		if m.begun != "" {
			begun++
		}
	}
	if err := os.MkdirAll(s.out, 0o777); err != nil {
		return err
	}
	talk := newProgress(std.err, s.quiet)
	threads := s.threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	s.jobs = max(1, min(s.jobs, len(missing)))
	threads = max(1, threads/s.jobs)
	if s.shard.count > 1 {
		talk.line("sweep: part %d of %d, runs %d to %d of %d", s.shard.index+1, s.shard.count, lo+1, hi, len(all))
	}
	resumed := ""
	if begun > 0 {
		resumed = fmt.Sprintf(", %d of them to be resumed", begun)
	}
	talk.line("sweep: %d runs, %d complete, %d to do%s, %d at a time, threads of each: %d",
		hi-lo, hi-lo-len(missing), len(missing), resumed, s.jobs, threads)
	if err := s.runAll(missing, threads, std, talk); err != nil {
		return err
	}
	if s.shard.count > 1 {
		talk.line("sweep: once all parts are complete, meada-cpu sweep --table %s makes the table", s.out)
		return nil
	}
	return writeTables(std, s.out)
}

// find says whether the run has been done with these very settings, or else
// whether it was begun. A folder with another run's settings is an error.
func (m *member) find() (complete bool, err error) {
	var want settings
	if err := want.parse(m.flags); err != nil {
		return false, err
	}
	for dir := range attempts(m.dir) {
		o, err := readOutcome(dir)
		if err != nil {
			return false, err
		}
		var found *runfolder.Config
		if o != nil {
			found = o.config
		} else if found, err = runfolder.Unfinished(dir); err != nil {
			return false, err
		} else if found == nil {
			continue
		}
		difference, err := differs(&found.Settings, &want.Settings)
		if err != nil {
			return false, err
		}
		if difference != "" {
			return false, fmt.Errorf("%s: the run there has other settings, %s: use another --out", dir, difference)
		}
		if o != nil {
			m.begun = ""
			return true, nil
		}
		m.begun = cmp.Or(m.begun, dir)
	}
	return false, nil
}

// attempts yields the folders that a run may have been given: dir and, because
// a folder is never written to twice, dir-2, dir-3, ...
func attempts(dir string) func(func(string) bool) {
	return func(yield func(string) bool) {
		name := dir
		for n := 2; ; n++ {
			if _, err := os.Stat(name); err != nil || !yield(name) {
				return
			}
			name = fmt.Sprintf("%s-%d", dir, n)
		}
	}
}

// elsewhere are the settings that do not change the result of a run.
var elsewhere = []string{"threads", "data", "checkpoint_every"}

// differs names the first setting in which two runs differ, "" if there is none.
func differs(was, is *runfolder.Settings, except ...string) (string, error) {
	all, err := differences(was, is, except...)
	if len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// differences lists the settings in which two runs differ, such as "k 1 instead
// of 3".
func differences(was, is *runfolder.Settings, except ...string) ([]string, error) {
	var fields [2]map[string]any
	for i, s := range []*runfolder.Settings{was, is} {
		text, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &fields[i]); err != nil {
			return nil, err
		}
	}
	var all []string
	keys := maps.Clone(fields[0])
	maps.Copy(keys, fields[1])
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if slices.Contains(elsewhere, key) || slices.Contains(except, key) {
			continue
		}
		if a, b := fields[0][key], fields[1][key]; !reflect.DeepEqual(a, b) {
			all = append(all, fmt.Sprintf("%s %s instead of %s", key, orNone(a), orNone(b)))
		}
	}
	return all, nil
}

func orNone(v any) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(v)
}

// runAll trains the members, several at a time. A run that diverges does not
// stop the others; one that cannot start does, since they could not either.
func (s *sweepSettings) runAll(members []member, threads int, std streams, talk *progress) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)

	queue := make(chan member)
	var mutex sync.Mutex // of what follows
	var failed []error
	done := 0
	var workers sync.WaitGroup
	for range s.jobs {
		workers.Go(func() {
			for m := range queue {
				sum, err := s.runOne(ctx, m, threads, std)
				mutex.Lock()
				if err == nil || ctx.Err() == nil {
					done++
				}
				head := fmt.Sprintf("[%d/%d] %-10s", done, len(members), m)
				switch {
				case err == nil:
					talk.line("%s average %s best, %s last, in %s", head, percent(sum.Accuracy.Best.Average),
						percent(sum.Accuracy.Last.Average), brief(sum.Seconds.Total))
				case ctx.Err() == nil:
					talk.line("%s %v", head, err)
					failed = append(failed, err)
					if code := exitCode(err); code != exitDiverged {
						giveUp(err)
					}
				}
				mutex.Unlock()
			}
		})
	}
feed:
	for _, m := range members {
		select {
		case queue <- m:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	switch cause := context.Cause(ctx); {
	case len(failed) > 0:
		return fmt.Errorf("%d of %d runs failed, the first: %w", len(failed), len(members), failed[0])
	case cause != nil:
		return fmt.Errorf("%w after %d of %d runs, the same command continues", errInterrupted, done, len(members))
	}
	return nil
}

// runOne trains a member in a process of its own, from where an earlier one
// stopped, and returns its summary. A single job talks to the terminal, side by
// side each has a log.
func (s *sweepSettings) runOne(ctx context.Context, m member, threads int, std streams) (runfolder.Summary, error) {
	program, err := os.Executable()
	if err != nil {
		return runfolder.Summary{}, err
	}
	args := []string{"train", "--json", fmt.Sprintf("--threads=%d", threads)}
	if m.begun != "" {
		args = append(args, "--resume="+m.begun)
		for _, flag := range s.shared {
			if name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "="); slices.Contains(ofProcess, name) {
				args = append(args, flag)
			}
		}
	} else {
		args = append(append(args, m.flags...), "--out="+m.dir)
	}
	var out bytes.Buffer
	var sum runfolder.Summary
	c := exec.CommandContext(ctx, program, args...)
	c.Stdout = &out
	system.Interruptible(c)
	fail := func(err error) (runfolder.Summary, error) { return runfolder.Summary{}, fmt.Errorf("%s: %w", m, err) }
	if s.jobs > 1 || s.quiet {
		name := m.dir + ".log"
		log, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return fail(err)
		}
		defer log.Close()
		c.Stderr = log
		fail = func(err error) (runfolder.Summary, error) {
			return runfolder.Summary{}, fmt.Errorf("%s: %w, %s (see %s)", m, err, lastWords(name), name)
		}
	} else {
		c.Stderr = std.err
	}
	if err := c.Run(); err != nil {
		return fail(err)
	}
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		return fail(err)
	}
	if sum.Accuracy.Best == nil || sum.Accuracy.Last == nil {
		return fail(errors.New("its summary has no accuracies"))
	}
	return sum, nil
}

// lastWords returns the last line of a log, which is the error of a run that
// failed.
func lastWords(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "meada-cpu: ")
}
