package run

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// A SharedError is one that every rank of a run has: rank 0 tells of it, and all end by
// themselves.
type SharedError struct{ Err error }

func (e *SharedError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *SharedError) Unwrap() error { return e.Err }

// What a rank tells the others before a step. The largest number counts.
const (
	goOn        byte = iota
	stop             // after the step
	completed        // there is no step
	interrupted      // there is no step in this process
)

// finding is what a rank tells the others at the start.
type finding struct {
	Host  string
	Error string      // "" if it is ready
	Data  bool        // the error is of data
	Usage bool        // the error is of settings
	Ended bool        // the error is an interruption
	Facts [][2]string // name and value, which all ranks must have in common
}

// Agree returns an error, the same on all ranks, if one of them has one.
func Agree(g *collective.Group, err error) error { return agree(g, nil, err) }

// agree returns an error, the same on all ranks, if one of them has one or their facts
// differ.
func agree(g *collective.Group, facts [][2]string, err error) error {
	if g.Size() == 1 {
		return err
	}
	own := finding{Facts: facts}
	own.Host, _ = os.Hostname() // "" is as good
	if err != nil {
		own.Ended = errors.Is(err, cli.ErrInterrupted)
		own.Error, own.Data, own.Usage = err.Error(), errors.Is(err, dataset.ErrData) || errors.Is(err, zoo.ErrWeights), cli.IsUsage(err)
	}
	text, failed := json.Marshal(own)
	if failed != nil {
		return failed
	}
	texts, failed := g.Texts(string(text))
	if failed != nil {
		return failed
	}
	all := make([]finding, len(texts))
	for rank, text := range texts {
		if err := json.Unmarshal([]byte(text), &all[rank]); err != nil {
			return err
		}
	}
	if all[0].Error != "" && g.Rank() == 0 {
		return &SharedError{err} // with its kind
	}
	if err := compare(all); err != nil {
		return &SharedError{err}
	}
	return nil
}

// compare returns the first error of a rank or, if there is none, the first fact in
// which one differs from rank 0.
func compare(all []finding) error {
	for rank, f := range all {
		text := fmt.Sprintf("rank %d on %s: %s", rank, f.Host, f.Error)
		switch {
		case f.Error == "":
		case f.Ended:
			return fmt.Errorf("rank %d on %s: %w", rank, f.Host, cli.ErrInterrupted)
		case f.Data:
			return fmt.Errorf("%s%w", text, errData)
		case f.Usage:
			return cli.UsageError("%s", text)
		default:
			return errors.New(text)
		}
	}
	for rank, f := range all {
		for _, fact := range slices.Concat(all[0].Facts, f.Facts) {
			if first, other := all[0].fact(fact[0]), f.fact(fact[0]); first != other {
				return fmt.Errorf("the ranks differ in their %s: rank 0 on %s has %s, rank %d on %s %s",
					fact[0], all[0].Host, first, rank, f.Host, other)
			}
		}
	}
	return nil
}

// fact returns what the rank has found.
func (f *finding) fact(name string) string {
	for _, fact := range f.Facts {
		if fact[0] == name {
			return cmp.Or(fact[1], "none")
		}
	}
	return "none"
}

// errData marks an error as one of data and adds nothing to its text.
var errData error = dataError{}

type dataError struct{}

func (dataError) Error() string        { return "" }
func (dataError) Is(target error) bool { return target == dataset.ErrData }

// meet lets the ranks agree that each has loaded the same.
func (r *run) meet(data *dataset.Task, err error) error {
	if r.Group.Size() == 1 || err != nil {
		return agree(r.Group, nil, err)
	}
	if r.Resume == "" && max(1, r.Shards)%r.Group.Size() != 0 {
		return agree(r.Group, nil, cli.UsageError("--shards %d: expected a multiple of the %d ranks", max(1, r.Shards), r.Group.Size()))
	}
	facts, err := r.facts(data)
	return agree(r.Group, facts, err)
}

// facts returns what all ranks must have in common before the training.
func (r *run) facts(data *dataset.Task) ([][2]string, error) {
	version, err := build()
	if err != nil {
		return nil, err
	}
	kernels := "assembly"
	if r.engine.InstructionSet() == generic {
		kernels = generic + " on " + runtime.GOARCH
	}
	facts := [][2]string{{"versions", version}, {"kernel sets", kernels}}
	text, err := r.Settings.Text()
	if err != nil {
		return nil, err
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		facts = append(facts, [2]string{"settings, " + name, string(settings[name])})
	}
	sums, err := json.Marshal(checksums(data))
	return append(facts, [2]string{"data", digest(sums)}, [2]string{"weights", r.weightsSum}), err
}

// build returns the version of the program, and where that names none the checksum of
// its file.
func build() (string, error) {
	version := cli.Version()
	if version != "(devel)" && !strings.HasSuffix(version, "+dirty") {
		return version, nil
	}
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	program, err := os.ReadFile(name)
	return version + " " + digest(program), err
}

// divide lets the ranks agree that each stands at the same point, and divides the
// training.
func (r *run) divide(err error) error {
	if r.Group.Size() == 1 {
		return err
	}
	if err == nil {
		err = r.trainer.Divide(r.Group)
	}
	if err != nil {
		return agree(r.Group, nil, err)
	}
	sum, err := r.trainer.Sum()
	return agree(r.Group, [][2]string{{"checkpoints", sum}}, err)
}

// digest returns the beginning of a checksum.
func digest(text []byte) string { return fmt.Sprintf("%x", sha256.Sum256(text))[:16] }

// shared marks an error that all ranks have.
func (r *run) shared(err error) error {
	if r.Group.Size() > 1 && (errors.As(err, new(*train.DivergedError)) || errors.Is(err, cli.ErrInterrupted)) {
		return &SharedError{err}
	}
	return err
}

// assist is Train on a rank beyond 0.
func assist(ctx context.Context, o Options) error {
	o.Quiet, o.Log = true, io.Discard
	r := &run{Options: o, progress: cli.NewStatus(o.Log, true)}
	var err error
	if r.engine, err = tensor.NewEngine(o.Threads); err != nil {
		return agree(o.Group, nil, err)
	}
	defer r.engine.Close()
	data, _, err := r.load(ctx)
	if err := r.meet(data, err); err != nil {
		return err
	}
	if err := r.divide(r.join(data)); err != nil {
		return err
	}
	for {
		own := goOn
		if ctx.Err() != nil {
			own = stop
		}
		switch all, err := r.Group.Largest(own); {
		case err != nil:
			return err
		case all == completed:
			return nil
		case all == interrupted:
			if err := r.trainer.ShowAverage(); err != nil { // with rank 0, which saves it
				return r.shared(err)
			}
			return r.shared(cli.ErrInterrupted)
		}
		if _, err := r.trainer.Step(); err != nil {
			return r.shared(err)
		}
	}
}

// join makes the trainer ready where rank 0 makes the run folder ready too.
func (r *run) join(data *dataset.Task) error {
	if r.overflows { // each rank has its own
		r.plan.Overflow = os.TempDir()
	}
	var err error
	if r.Resume != "" {
		from, err := train.NewCheckpoints(runfolder.CheckpointsOf(r.Resume)).Read()
		if !errors.Is(err, train.ErrNoCheckpoint) {
			if err == nil {
				r.trainer, err = train.Resume(r.engine, r.network, data, r.plan, from)
			}
			if err != nil {
				return r.resumeError(err)
			}
			return nil
		}
		if _, _, err := r.readWeights(); err != nil {
			return err
		}
	}
	r.trainer, err = train.New(r.engine, r.network, data, r.plan)
	return err
}
