package run

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Result is what a complete run has come to.
type Result struct {
	Summary   *runfolder.Summary
	Corrupted train.Robustness // at the last test
	Report    string           // path of the page about the run

	patience int
	domains  []dataset.Domain
}

// finish completes the run folder.
func (r *run) finish() (*Result, error) {
	sum := r.summary()
	if err := r.folder.FinishMetrics(); err != nil {
		return nil, err
	}
	if err := r.writeFinalReport(sum); err != nil {
		return nil, err
	}
	// This makes the run complete, so it comes last.
	if err := r.folder.WriteSummary(sum); err != nil {
		return nil, err
	}
	if err := r.checkpoints.Remove(); err != nil {
		return nil, err
	}
	return &Result{sum, r.Corrupted, r.folder.Path(runfolder.ReportFile), r.Patience, r.domains}, nil
}

func (r *run) summary() *runfolder.Summary {
	sum := &runfolder.Summary{
		Algorithm: string(r.Algorithm), Dataset: r.Dataset, Model: r.network.Name,
		Seed: r.Seed, Steps: r.trainer.Steps(), Stopped: !r.trainer.Done(), Threads: r.Threads,
		SIMD:        r.engine.InstructionSet(),
		Corruptions: bySeverity(r.Corrupted),
		Tests:       r.Tests,
		PeakRSS:     r.peakMemory(),
		Complete:    true,
	}
	if r.skipped != nil {
		sum.Skipped = &runfolder.Skipped{Count: len(r.skipped.Files)}
		for _, err := range r.skipped.Files {
			sum.Skipped.Pictures = append(sum.Skipped.Pictures, err.Error())
		}
	}
	sum.Accuracy.Best, sum.Accuracy.SourceValidation, sum.Accuracy.Last = r.Best, r.Validated, r.Last
	sum.Seconds.Total = time.Since(r.started).Seconds()
	sum.Seconds.Minimise = r.clock.Seconds[train.Minimise]
	sum.Seconds.Maximise = r.clock.Seconds[train.Maximise]
	sum.Seconds.Evaluate = r.clock.Seconds[train.Evaluate]
	sum.ImagesPerSecond.Minimise = r.clock.rate(train.Minimise)
	sum.ImagesPerSecond.Maximise = r.clock.rate(train.Maximise)
	return sum
}

// writeFinalReport writes the page about the run as if its summary were there
// already.
func (r *run) writeFinalReport(sum *runfolder.Summary) error {
	page, err := report.Load(r.folder.Dir)
	if err != nil {
		return err
	}
	page.Summary = sum
	return page.WriteFile(r.folder.Path(runfolder.ReportFile))
}

// validatedOn says which images tests are chosen by.
func validatedOn(domains []dataset.Domain) string {
	if slices.ContainsFunc(domains, func(d dataset.Domain) bool { return d.Held }) {
		return "the held-out part of the source"
	}
	return "the source's own test set"
}

// Print prints the accuracies and the times.
func (r *Result) Print(out io.Writer) error {
	w := bufio.NewWriter(out)
	sum := r.Summary
	columns := []column{{"last, %", sum.Accuracy.Last}}
	if a := sum.Accuracy.SourceValidation; a != nil {
		columns = append(columns, column{"validated, %", a})
	}
	chosen := train.HasTargets(r.domains)
	if chosen {
		columns = append(columns, column{"best, %", sum.Accuracy.Best})
	}
	printAccuracies(w, r.domains, columns...)
	fmt.Fprintf(w, "%-20s", "after step")
	for _, c := range columns {
		fmt.Fprintf(w, " %12d", c.accuracy.Step)
	}
	fmt.Fprint(w, "\n\n")
	if r.Corrupted != nil {
		printRobustness(w, r.Corrupted)
		fmt.Fprintln(w, "corruptions are those at the last test")
		fmt.Fprintln(w)
	}
	if sum.Accuracy.SourceValidation != nil {
		fmt.Fprintf(w, "validated is the best on %s (training-domain validation)\n", validatedOn(r.domains))
		if len(r.domains) == 1 {
			fmt.Fprintln(w, "these are the images that it is shown on, so that it is too high by some; last is not")
		}
	}
	if chosen {
		fmt.Fprintln(w, "best is the best average over the target domains, selected on the target test sets (oracle) as the official code does")
	}
	fmt.Fprintf(w, "%s: train %s, maximise %s, test %s; peak memory %s\n",
		cli.Duration(sum.Seconds.Total), cli.Duration(sum.Seconds.Minimise), cli.Duration(sum.Seconds.Maximise), cli.Duration(sum.Seconds.Evaluate),
		cli.Bytes(sum.PeakRSS))
	if sum.Stopped {
		fmt.Fprintf(w, "stopped early after %s: %s without a better one on %s\n", cli.Number(sum.Steps, "step"), cli.Number(r.patience, "test"), validatedOn(r.domains))
	}
	fmt.Fprintf(w, "report: %s\n", r.Report)
	return w.Flush()
}
