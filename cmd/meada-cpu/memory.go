package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// fitMemory refuses a run that would take more memory than it may. It returns
// the line about it for the table that a run begins with.
func (s *settings) fitMemory(network *nn.Network, data *dataset.Task, plan train.Config) (string, error) {
	now, m := system.HeldMemory(), train.EstimateMemory(network, data, plan)
	needed := max(now+m.Total(), system.PeakMemory())
	line := "about " + cli.Bytes(needed)
	limit, whose := s.maxMemory, "allowed by --max-memory"
	if limit == 0 {
		limit, whose = system.AvailableMemory(), "available"
	}
	if limit > 0 {
		if needed > limit {
			return "", s.tooLarge(needed, limit, whose, m)
		}
		line += fmt.Sprintf(" of %s %s", cli.Bytes(limit), whose)
	}
	// What is thrown away while a run goes, the parts of corrupted test sets
	// above all, must not make of that twice as much before it is collected.
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(needed + needed/8)
	}
	return line, nil
}

// tooLarge says what a run needs too much, and what would lower it.
func (s *settings) tooLarge(needed, limit int64, whose string, m train.Memory) error {
	text := fmt.Sprintf("the run needs about %s of memory, more than the %s %s; --batch-size %d takes %s of it",
		cli.Bytes(needed), cli.Bytes(limit), whose, s.BatchSize, cli.Bytes(m.Batches))
	if m.Phases > 0 {
		text += fmt.Sprintf(", --k %d takes %s", s.K, cli.Bytes(m.Phases))
	}
	return cli.UsageError("%s; --max-memory none starts it all the same", text)
}
