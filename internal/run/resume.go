package run

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// tally is what a run has added up so far, apart from the trainer's state.
type tally struct {
	Descent runfolder.Minimise // sums since the last line of metrics
	Steps   int                // descent steps in them
	Shown   runfolder.Minimise // the last line of metrics, or what will be the first
	Ascent  runfolder.Maximise // sums over the phase in progress

	Best, Last *runfolder.Accuracy
	Corrupted  train.Robustness       // at the last test
	Tests      []runfolder.DomainTest // at the last test

	// The test with the best average over the source's own test sets, if there
	// are any: chosen without a look at the targets.
	Validated  *runfolder.Accuracy
	Validation float64 // that average
	Stale      int     // tests since then that were not better

	Spent   spent
	Elapsed float64 // seconds, in this process and those before
	PeakRSS int64   // the largest of those before

	OtherBits []string // why the result may have other bits than where the run began
}

// The notes of a checkpoint.
const (
	tallyNote   = "tally"   // a tally as JSON
	metricsNote = "metrics" // the lines of metrics.jsonl so far
)

// Where --checkpoint-every does not say when, a checkpoint follows the one
// before after a minute, or later if they take long: after so many times as long
// as one takes.
const (
	checkpointEvery = time.Minute
	checkpointShare = 50
)

// checkpointDue reports whether it is time for a checkpoint.
func (r *run) checkpointDue() bool {
	if every := r.CheckpointEvery; every > 0 {
		return r.unsaved >= every
	}
	return time.Since(r.saved) >= max(checkpointEvery, checkpointShare*r.saving)
}

// checkpoint writes all that the run needs to go on from here.
func (r *run) checkpoint() error {
	if err := r.trainer.Check(); err != nil {
		return err
	}
	begin := time.Now()
	t := r.tally
	t.Spent, t.Elapsed, t.PeakRSS = r.clock.spent, time.Since(r.started).Seconds(), r.peakMemory()
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	lines, err := r.folder.Metrics()
	if err != nil {
		return err
	}
	if err := r.checkpoints.Write(r.trainer, map[string][]byte{tallyNote: text, metricsNote: lines}); err != nil {
		return err
	}
	r.unsaved, r.saved = 0, time.Now()
	r.saving = r.saved.Sub(begin)
	return nil
}

// peakMemory returns the largest resident size so far, over all the processes
// of the run.
func (r *run) peakMemory() int64 { return max(r.PeakRSS, system.PeakMemory()) }

// resume makes the trainer and metrics.jsonl what they were at the last checkpoint,
// or at the start if there is none yet, and says which.
func (r *run) resume(data *dataset.Task) (beginning string, err error) {
	if err := r.folder.CheckConfig(); err != nil {
		return "", r.resumeError(fmt.Errorf("%w; to start over with it: %s", err, r.startOver()))
	}
	recorded, err := runfolder.ReadConfig(r.Resume)
	if err != nil {
		return "", err
	}
	if difference, err := runfolder.FirstDifference(&recorded.Settings, &r.Settings); err != nil || difference != "" {
		return "", cmp.Or(err, cli.UsageError("--resume %s: this version would train with other settings, %s", r.Resume, difference))
	}
	if err := checkData(recorded, r.Data, checksums(data)); err != nil {
		return "", err
	}
	r.checkpoints, r.saved = r.folder.Checkpoints(), time.Now()
	from, err := r.checkpoints.Read()
	if errors.Is(err, train.ErrNoCheckpoint) {
		r.continueOn(&recorded.Machine, ThisMachine(r.engine))
		return r.restart(data, recorded)
	}
	if err != nil {
		return "", r.resumeError(fmt.Errorf("no usable checkpoint: %w; to start over: %s", err, r.startOver()))
	}
	if from.Damaged != nil {
		fmt.Fprintf(r.Log, "warning: %v; going on from the checkpoint before it, to the same result\n", from.Damaged)
	}
	if r.trainer, err = train.Resume(r.engine, r.network, data, r.plan, from); err != nil {
		return "", r.resumeError(err)
	}
	if err := json.Unmarshal(from.Notes[tallyNote], &r.tally); err != nil {
		return "", r.resumeError(err)
	}
	r.continueOn(&recorded.Machine, ThisMachine(r.engine))
	if err := r.checkLeft(from); err != nil {
		return "", r.resumeError(fmt.Errorf("%w; to start over: %s", err, r.startOver()))
	}
	r.started = r.started.Add(-time.Duration(r.Elapsed * float64(time.Second)))
	return fmt.Sprintf("the checkpoint after %s", cli.Number(from.Steps(), "step")), r.folder.StartMetrics(from.Notes[metricsNote])
}

// continueOn says why the run may end with other bits than where it began: by the
// machine it goes on with now, or did before.
func (r *run) continueOn(begun *runfolder.Machine, now runfolder.Machine) {
	if why := otherBits(begun, now); why != "" && !slices.Contains(r.OtherBits, why) {
		r.OtherBits = append(r.OtherBits, why)
	}
	for _, why := range r.OtherBits {
		fmt.Fprintf(r.Log, "warning: %s\n", why)
	}
}

// startOver returns the command that begins the run anew, in another folder.
func (r *run) startOver() string {
	return "meada-cpu train --config " + cli.ShellWord(filepath.Join(r.Resume, runfolder.ConfigFile))
}

// checkLeft returns an error if something is gone that the run has left by a
// checkpoint and would not write again: it would end without it.
func (r *run) checkLeft(from *train.Checkpoint) error {
	for name, written := range map[string]*runfolder.Accuracy{runfolder.BestFile: r.Best, runfolder.ValidatedFile: r.Validated} {
		if written == nil {
			continue
		}
		if _, err := zoo.ReadWeights(r.folder.Path(name)); err != nil {
			return fmt.Errorf("the weights of the test after step %d: %w", written.Step, err)
		}
	}
	for line, err := range runfolder.DecodeMetrics(bytes.NewReader(from.Notes[metricsNote])) {
		if err != nil {
			return err
		}
		if phase, ok := line.(runfolder.Maximise); ok && phase.Images > 0 {
			if err := runfolder.CheckSample(r.Resume, phase.Phase); err != nil {
				return fmt.Errorf("the images of phase %d: %w", phase.Phase, err)
			}
		}
	}
	return nil
}

// restart starts a run that was stopped before its first checkpoint.
func (r *run) restart(data *dataset.Task, recorded *runfolder.Config) (beginning string, err error) {
	beginning, checksum, err := r.readWeights()
	if err != nil {
		return "", err
	}
	if checksum != recorded.WeightsSum {
		return "", &zoo.WeightsError{Err: fmt.Errorf("%s: the file has changed since the run began", r.Weights)}
	}
	return beginning + ", there was no checkpoint yet", r.reset(data)
}

// resumeError is an error about what a run that is to be resumed has left.
func (r *run) resumeError(err error) error {
	return &dataset.Error{Path: "--resume " + r.Resume, Err: err}
}

// checkData refuses images that are not those that the run began with.
func checkData(c *runfolder.Config, path string, now map[string]runfolder.Checksum) error {
	all := maps.Clone(c.Checksums)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, is := c.Checksums[name], now[name]
		if was == is {
			continue
		}
		err := fmt.Errorf("the images of %s have changed since the run began", name)
		if was.Images != is.Images {
			err = fmt.Errorf("%w, %d instead of %d", err, is.Images, was.Images)
		}
		return &dataset.Error{Path: cmp.Or(path, c.Dataset), Err: err}
	}
	return nil
}

// generic is the one instruction set that does not give the bits of the others.
const generic = "generic"

// otherBits says why a run that goes on here may end with other bits than where
// it began, "" if there is no reason.
func otherBits(then *runfolder.Machine, now runfolder.Machine) string {
	switch {
	case (then.SIMD == generic) != (now.SIMD == generic):
		return fmt.Sprintf("begun with %s, continued with %s: the result agrees within rounding, not bit for bit", then.SIMD, now.SIMD)
	case then.Version != now.Version:
		return fmt.Sprintf("begun with version %s, continued with %s: the result may differ", then.Version, now.Version)
	}
	return ""
}
