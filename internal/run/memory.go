package run

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/mapped"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// fitMemory refuses a run that would take more memory than it may. It returns
// the line about it for the table that a run begins with.
func (r *run) fitMemory(data *dataset.Task) (string, error) {
	now, m := system.HeldMemory(), train.EstimateMemory(r.engine, r.network, data, r.plan)
	needed := max(now+m.Total(), system.PeakMemory())
	limit, whose := r.memoryLimit()
	inFiles := int64(0)
	if limit > 0 && needed > limit && mapped.Supported {
		overflowing := r.plan
		overflowing.Overflow = "." // the run folder, once it is there
		less := train.EstimateMemory(r.engine, r.network, data, overflowing)
		if n := max(now+less.Total(), system.PeakMemory()); n <= limit {
			r.overflows, needed, inFiles = true, n, m.Phases
		}
	}
	line := "about " + cli.Bytes(needed)
	if limit > 0 {
		if needed > limit {
			return "", r.tooLarge(needed, limit, whose, m)
		}
		line += fmt.Sprintf(" of %s %s", cli.Bytes(limit), whose)
	}
	if r.overflows {
		line += fmt.Sprintf("; the images that phases add, %s, are in files of the run folder", cli.Bytes(inFiles))
		if r.Group.Size() > 1 {
			line += ", those of ranks other than 0 in files of " + os.TempDir()
		}
	}
	// Set a limit for the garbage collector, or discarded test sets double the
	// peak, those with corruptions above all.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(needed + needed/32)
	}
	return line, nil
}

// memoryLimit returns how much memory the run may take, 0 or less for no limit, and
// who says so.
func (r *run) memoryLimit() (limit int64, whose string) {
	ranks, each := int64(max(1, r.Neighbours)), ""
	if ranks > 1 {
		each = fmt.Sprintf(" to each of %d ranks of this machine", ranks)
	}
	if r.MaxMemory < 0 {
		return r.MaxMemory, ""
	}
	if r.MaxMemory > 0 {
		return r.MaxMemory / ranks, "allowed" + each + " by --max-memory"
	}
	available, own := system.AvailableMemory(), system.HeldMemory() // the others hold as much
	own = min(own, available)
	return (available-own)/ranks + own, "available" + each
}

// tooLarge says what a run needs too much, and what would lower it.
func (r *run) tooLarge(needed, limit int64, whose string, m train.Memory) error {
	text := fmt.Sprintf("the run needs about %s of memory, more than the %s %s; --batch-size %d takes %s of it",
		cli.Bytes(needed), cli.Bytes(limit), whose, r.BatchSize, cli.Bytes(m.Batches))
	if m.Phases > 0 {
		text += fmt.Sprintf(", --k %d takes %s", r.K, cli.Bytes(m.Phases))
	}
	return cli.UsageError("%s; --max-memory none starts it all the same", text)
}
