// Package sweep trains with several algorithms and seeds, each run in a process
// of its own, and makes the paper's table of the runs.
package sweep

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective/mpi"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/system"
)

// maxSeeds bounds what a slip of the finger can ask for.
const maxSeeds = 10_000

// ParseSeeds reads one seed, 7, or a range of them, 1-10.
func ParseSeeds(word string) ([]uint64, error) {
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

// Member is a run of a sweep.
type Member struct {
	Algorithm catalog.Algorithm
	Seed      uint64
	Dir       string
	Flags     []string // of train
	Begun     string   // the folder of a run to resume, "" for none
}

func (m Member) String() string { return fmt.Sprintf("%s s%d", m.Algorithm, m.Seed) }

// Members lists the runs of a sweep in the folder dir, all with the flags shared,
// seed by seed, so that what is done first compares.
func Members(dir string, algorithms []catalog.Algorithm, seeds []uint64, shared []string) []Member {
	var all []Member
	for _, seed := range seeds {
		for _, a := range algorithms {
			all = append(all, Member{
				Algorithm: a,
				Seed:      seed,
				Dir:       filepath.Join(dir, fmt.Sprintf("%s-s%d", a, seed)),
				Flags:     append(slices.Clone(shared), "--algorithm="+string(a), fmt.Sprintf("--seed=%d", seed)),
			})
		}
	}
	return all
}

// Pair lists the runs that compare an algorithm with ERM, in folders of the algorithms'
// names in dir, both with the flags shared.
func Pair(dir string, a catalog.Algorithm, seed uint64, shared []string) []Member {
	pair := Members(dir, []catalog.Algorithm{catalog.ERM, a}, []uint64{seed}, shared)
	for i := range pair {
		pair[i].Dir = filepath.Join(dir, string(pair[i].Algorithm))
	}
	return pair
}

// Find reports whether the run has been done with the settings want, and notes its
// folder, or else notes whether it was begun. A folder with another run's settings is an
// error.
func (m *Member) Find(want *runfolder.Settings) (complete bool, err error) {
	for dir := range attempts(m.Dir) {
		var config *runfolder.Config
		o, err := readOutcome(dir)
		if err != nil {
			return false, err
		}
		if o != nil {
			config = o.config
		} else if config, err = runfolder.Unfinished(dir); err != nil {
			return false, err
		} else if config == nil {
			continue
		}
		difference, err := runfolder.FirstDifference(&config.Settings, want)
		if err != nil {
			return false, err
		}
		if difference != "" {
			return false, fmt.Errorf("%s: the run there has other settings, %s: use another --out", dir, difference)
		}
		if o != nil {
			m.Dir, m.Begun = dir, ""
			return true, nil
		}
		m.Begun = cmp.Or(m.Begun, dir)
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

// Runner trains members.
type Runner struct {
	Name    string // of the command that sweeps
	Program string // the command that has train
	Jobs    int    // runs at a time
	Threads int    // workers of all of them together
	Logs    bool   // each run writes a log of its own instead of to Err, as several jobs always do
	Err     io.Writer
	Resume  []string // flags of train for a run that is resumed

	Tables bool // sweep --table makes tables of the runs

	Say    func(format string, args ...any) // shows a line about a run that ended
	Endure func(error) bool                 // reports whether the others go on after a run failed

	Data func(context.Context, *runfolder.Settings) (*runfolder.Config, error) // reads the images that settings name: their checksums

	memory    int64 // of the machine's for each of several runs at a time, 0 if that is not known
	succeeded bool  // one run and more
}

// Sweep trains the shard's part of the members that is not complete, into the
// folder out. settings resolves flags of train. It reports whether all members are
// complete; the other shards may not be.
func (r *Runner) Sweep(ctx context.Context, out string, shard Shard, members []Member, settings Resolve) (complete bool, err error) {
	if r.Tables {
		if err := checkTables(out); err != nil {
			return false, err
		}
	}
	lo, hi := shard.Of(len(members))
	missing, begun, err := r.findMissing(ctx, members[lo:hi], settings)
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return false, err
	}
	if err := shard.note(out); err != nil {
		return false, err
	}
	r.Jobs = max(1, min(r.Jobs, len(missing)))
	r.Threads = max(1, r.Threads/r.Jobs)
	r.memory = system.AvailableMemory() / int64(r.Jobs)
	r.Logs = r.Logs || r.Jobs > 1
	if shard.Count > 1 {
		r.Say("%s: part %d of %d, runs %d to %d of %d", r.Name, shard.Index+1, shard.Count, lo+1, hi, len(members))
	}
	resumed := ""
	if begun > 0 {
		resumed = fmt.Sprintf(", %d of them to be resumed", begun)
	}
	memory := ""
	if r.Jobs > 1 && r.memory > 0 {
		memory = ", memory of each unless --max-memory is given: " + cli.Bytes(r.memory)
	}
	r.Say("%s: %d runs, %d complete, %d to do%s, %d at a time, threads of each: %d%s",
		r.Name, hi-lo, hi-lo-len(missing), len(missing), resumed, r.Jobs, r.Threads, memory)
	if err := r.run(ctx, missing); err != nil {
		if r.Tables && ctx.Err() == nil && (len(missing) < hi-lo || r.succeeded) {
			r.Say("%s: meada-cpu sweep --table %s makes the table of the runs that are complete", r.Name, cli.ShellWord(out))
		}
		return false, err
	}
	if shard.Count > 1 {
		r.Say("sweep: once all parts are complete, meada-cpu sweep --table %s makes the table", cli.ShellWord(out))
	}
	return shard.Count <= 1, nil
}

// run trains the members. It stops at the first failure that Endure does not
// take, since the others would fail as well.
func (r *Runner) run(ctx context.Context, members []Member) error {
	user := ctx
	ctx, giveUp := context.WithCancelCause(user)
	defer giveUp(nil)
	queue := make(chan Member)
	var mutex sync.Mutex // of what follows
	var failed []error
	done := 0
	var workers sync.WaitGroup
	for range r.Jobs {
		workers.Go(func() {
			for m := range queue {
				sum, err := r.train(ctx, m)
				mutex.Lock()
				if err == nil || ctx.Err() == nil {
					done++
				}
				head := fmt.Sprintf("[%d/%d] %-10s", done, len(members), m)
				switch {
				case err == nil:
					r.succeeded = true
					r.Say("%s %s, in %s", head, reached(sum), cli.Duration(sum.Seconds.Total))
				case ctx.Err() == nil:
					r.Say("%s %v", head, err)
					failed = append(failed, err)
					if !r.Endure(err) {
						giveUp(err)
					}
				}
				mutex.Unlock()
			}
		})
	}
	feed(ctx, queue, members)
	workers.Wait()
	broken := ""
	if len(failed) > 0 {
		broken = fmt.Sprintf("%d of %d runs failed, the first: ", len(failed), len(members))
	}
	switch {
	case user.Err() != nil && broken == "":
		return fmt.Errorf("%w after %d of %d runs, the same command continues", cli.ErrInterrupted, done, len(members))
	case user.Err() != nil:
		return fmt.Errorf("%w after %d of %d runs, the same command continues; %s%v", cli.ErrInterrupted, done, len(members), broken, failed[0])
	case broken != "" && done < len(members):
		return fmt.Errorf("%s%w; not finished: %d, the same command continues", broken, failed[0], len(members)-done)
	case broken != "":
		return fmt.Errorf("%s%w", broken, failed[0])
	}
	return nil
}

// feed hands out the members until the context ends.
func feed(ctx context.Context, queue chan<- Member, members []Member) {
	defer close(queue)
	for _, m := range members {
		select {
		case queue <- m:
		case <-ctx.Done():
			return
		}
	}
}

// isOfLauncher reports whether a variable of the environment says that there are ranks
// beside this process: a run of a sweep has none.
func isOfLauncher(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return slices.Contains(mpi.Variables(), name)
}

// train trains a member in a process of its own, from where an earlier one
// stopped, and returns its summary.
func (r *Runner) train(ctx context.Context, m Member) (*runfolder.Summary, error) {
	args := []string{"train", "--json", fmt.Sprintf("--threads=%d", r.Threads)}
	if m.Begun != "" {
		args = append(append(args, "--resume="+m.Begun), r.Resume...)
	} else {
		args = append(append(args, m.Flags...), "--out="+m.Dir)
	}
	limited := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--max-memory=") })
	if mebibytes := r.memory >> 20; r.Jobs > 1 && mebibytes > 0 && !limited {
		args = append(args, fmt.Sprintf("--max-memory=%dMiB", mebibytes))
	}
	var out bytes.Buffer
	c := exec.CommandContext(ctx, r.Program, args...)
	c.Stdout, c.Stderr = &out, r.Err
	c.Env = slices.DeleteFunc(os.Environ(), isOfLauncher)
	system.Interruptible(c)
	fail := func(err error) error { return fmt.Errorf("%s: %w", m, err) }
	if r.Logs {
		name := m.Dir + ".log"
		log, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return nil, fail(err)
		}
		defer log.Close()
		c.Stderr = log
		fail = func(err error) error { return fmt.Errorf("%s: %w, %s (see %s)", m, err, lastLine(name), name) }
	}
	if err := c.Run(); err != nil {
		return nil, fail(err)
	}
	sum := new(runfolder.Summary)
	if err := json.Unmarshal(out.Bytes(), sum); err != nil {
		return nil, fail(err)
	}
	if sum.Accuracy.Best == nil || sum.Accuracy.Last == nil {
		return nil, fail(errors.New("its summary has no accuracies"))
	}
	return sum, nil
}

// lastLine returns the last line of a log, which is the error of a run that
// failed.
func lastLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "meada-cpu: ")
}

// Resolve returns the settings that flags of train ask for.
type Resolve func(flags []string) (*runfolder.Settings, error)

// findMissing returns the members that are not complete, and how many of them were
// begun.
func (r *Runner) findMissing(ctx context.Context, all []Member, settings Resolve) (missing []Member, begun int, err error) {
	var data *runfolder.Config // of the images wanted, read when they are first needed
	for _, m := range all {
		want, err := settings(m.Flags)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", m.Algorithm, err)
		}
		complete, err := m.Find(want)
		if err != nil {
			return nil, 0, err
		}
		if complete {
			if err := r.checkData(ctx, &m, want, &data); err != nil {
				return nil, 0, err
			}
			if err := checkWeights(m.Dir, want); err != nil {
				return nil, 0, err
			}
			continue
		}
		missing = append(missing, m)
		if m.Begun != "" {
			if err := checkWeights(m.Begun, want); err != nil {
				return nil, 0, err
			}
			begun++
		}
	}
	return missing, begun, nil
}

// checkData refuses a complete run on other data than those wanted. Under another path they
// may be the same, as after a move to another machine, and under the same one they may not:
// people change their own pictures. Checksums tell. Other datasets stay as they were
// published, but under a path relative to another folder. A run that is resumed checks
// its data itself.
func (r *Runner) checkData(ctx context.Context, m *Member, want *runfolder.Settings, data **runfolder.Config) error {
	config, err := runfolder.ReadConfig(m.Dir)
	if err != nil {
		return err
	}
	elsewhere := want.Data != "" && !filepath.IsAbs(want.Data) && filepath.IsAbs(m.Dir)
	d, err := catalog.FindDataset(want.Dataset)
	if err != nil || config.Data == want.Data && !elsewhere && !d.Own {
		return err
	}
	if *data == nil {
		if *data, err = r.Data(ctx, want); err != nil {
			return err
		}
	}
	if name := runfolder.OtherImages(config, *data); name != "" {
		return fmt.Errorf("%s: the run there is of the data in %s, and those in %s have other images of %s now: use another --out", m.Dir, config.Data, want.Data, name)
	}
	return nil
}

// checkWeights refuses a run that began with other weights than the file that is wanted
// holds now: the others would begin with these. A file that is gone stays the matter of
// runs that need it.
func checkWeights(dir string, want *runfolder.Settings) error {
	config, err := runfolder.ReadConfig(dir)
	if err != nil || config.WeightsSum == "" {
		return err
	}
	path, err := want.WeightsFile()
	if path == "" || err != nil {
		return nil
	}
	sum, err := runfolder.FileChecksum(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case sum != config.WeightsSum:
		return fmt.Errorf("%s: the run there began with other weights than %s holds now: use another --out", dir, path)
	}
	return nil
}
