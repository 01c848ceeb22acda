package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/report"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// run is a training run in its folder.
type run struct {
	settings settings
	plan     train.Config // what the settings make of their method
	engine   *tensor.Engine
	network  *nn.Network
	classes  []string // names
	domains  []dataset.Domain
	trainer  *train.Trainer
	folder   *runfolder.Folder
	events   *eventLog // nil without --tensorboard
	progress *cli.Status
	started  time.Time // less the time of the processes before
	clock    clock
	asked    <-chan os.Signal // for the status
	tally

	checkpoints *train.Checkpoints
	saved       time.Time     // the last one, or the start
	saving      time.Duration // what it took
	unsaved     int           // steps since then, those of phases and tests too
}

// trainLineEvery is the number of descent steps that a line of metrics sums up.
const trainLineEvery = 10

// train steps through the run. On an interruption it finishes the step.
func (r *run) train() error {
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(interrupted, stop) // the next one ends the process

	before := time.Now()
	measured := before
	for !r.trainer.Done() {
		event, err := r.trainer.Step()
		now := time.Now()
		r.clock.add(event, now.Sub(before))
		if err == nil {
			err = r.observe(event, now)
		}
		if now.Sub(measured) >= peakEvery {
			r.clock.peak, measured = max(r.clock.peak, measurePeak(r.engine, 1)), now
		}
		r.unsaved++
		stopping := interrupted.Err() != nil && !r.trainer.Done()
		if err == nil && !r.trainer.Done() && (stopping || r.checkpointDue()) {
			err = r.checkpoint()
		}
		before = time.Now() // what observing and saving took is nobody's
		if err != nil {
			r.progress.Clear()
			return err
		}
		if stopping {
			r.progress.Clear()
			if err := r.save(runfolder.LastFile, r.trainer.Steps()); err != nil {
				return err
			}
			return fmt.Errorf("%w after %d of %d steps, to continue: meada-cpu train --resume %s", cli.ErrInterrupted,
				r.trainer.Steps(), r.total(), cli.ShellWord(r.folder.Dir))
		}
		select {
		case <-r.asked:
			r.progress.Show()
		default:
		}
	}
	r.progress.Clear()
	return r.save(runfolder.LastFile, r.trainer.Steps())
}

// total returns the number of descent steps of the run.
func (r *run) total() int { return r.trainer.Outline().Steps }

// observe records and shows what a step did.
func (r *run) observe(e train.Event, now time.Time) error {
	switch e.Kind {
	case train.Minimise:
		return r.observeDescent(e, now)
	case train.Maximise:
		return r.observeAscent(e, now)
	}
	return r.observeTest(e, now)
}

func (r *run) observeDescent(e train.Event, now time.Time) error {
	r.Descent.Loss += e.Loss
	r.Descent.Accuracy += float64(e.Correct) / float64(e.Images)
	r.Steps++
	due := (e.Step+1)%trainLineEvery == 0 || e.Step+1 == r.total()
	if due || e.Step < trainLineEvery {
		r.Shown = runfolder.Minimise{Step: e.Step,
			Loss: r.Descent.Loss / float64(r.Steps), Accuracy: r.Descent.Accuracy / float64(r.Steps)}
	}
	if due {
		r.Shown.Rate = r.clock.lap(train.Minimise)
		r.Descent, r.Steps = runfolder.Minimise{}, 0
		if err := r.log(r.Shown); err != nil {
			return err
		}
	}
	r.progress.Update(now, "train", func() string {
		epoch := ""
		if r.settings.Epochs > 0 {
			epoch = fmt.Sprintf("epoch %d/%d  ", e.Round+1, r.settings.Epochs)
		}
		return fmt.Sprintf("%s%d/%d  loss %.4f  acc %.1f%%  %s", epoch, e.Step+1, r.total(),
			r.Shown.Loss, 100*r.Shown.Accuracy, r.pace(train.Minimise))
	})
	return nil
}

func (r *run) observeAscent(e train.Event, now time.Time) error {
	weight := float64(e.Images) / float64(e.Total)
	r.Ascent.CrossEntropy += weight * e.Ascent.CrossEntropy
	r.Ascent.Entropy += weight * e.Ascent.Entropy
	r.Ascent.Distance += weight * e.Ascent.Distance
	r.progress.Update(now, "maximise", func() string {
		return fmt.Sprintf("phase %d  %d/%d  cross-entropy %.4f  entropy %.4f  %s", e.Phase, e.Done, e.Total,
			e.Ascent.CrossEntropy, e.Ascent.Entropy, r.pace(train.Maximise))
	})
	if e.Done < e.Total {
		return nil
	}
	line := r.Ascent
	r.Ascent = runfolder.Maximise{}
	line.Step, line.Phase, line.Images = e.Step, e.Phase, e.Total
	line.Rate, line.Seconds = r.clock.lap(train.Maximise), now.Sub(r.started).Seconds()
	r.progress.Line("%-9s phase %d before step %d: %s images added, cross-entropy %.4f, entropy %.4f, distance %.4g", "maximise",
		e.Phase, e.Step, cli.Count(e.Total), line.CrossEntropy, line.Entropy, line.Distance)
	if err := r.sample(e.Phase, e.Step); err != nil {
		return err
	}
	return r.log(line)
}

func (r *run) observeTest(e train.Event, now time.Time) error {
	r.progress.Update(now, "test", func() string {
		return fmt.Sprintf("%s  %d/%d  %s", r.domains[e.Domain].Name, e.Done, e.Total, r.pace(train.Evaluate))
	})
	if e.Test == nil {
		return nil
	}
	t := e.Test
	r.Corrupted = robustness(r.domains, t.Severities)
	accuracy := accuracies(r.domains, t.Accuracy)
	line := runfolder.Evaluate{
		Step:        t.Step,
		Accuracy:    *accuracy,
		Corruptions: bySeverity(r.Corrupted),
		Best:        t.Improved,
		Rate:        r.clock.lap(train.Evaluate),
		PeakRSS:     r.peakMemory(),
		Seconds:     now.Sub(r.started).Seconds(),
	}
	r.Last = accuracy
	r.Last.Step = t.Step
	text := fmt.Sprintf("step %d ", t.Step)
	for i := range r.domains {
		if r.domains[i].Severities == nil {
			text += fmt.Sprintf(" %s %s ", r.domains[i].Name, cli.Percent(t.Accuracy[i]))
		}
	}
	if r.Corrupted != nil {
		text += fmt.Sprintf(" corrupted %s ", cli.Percent(r.Corrupted.Mean()))
	}
	text += " average " + cli.Percent(t.Average)
	if t.Improved {
		text += "  best so far"
		r.Best = r.Last
		if err := r.save(runfolder.BestFile, t.Step+1); err != nil {
			return err
		}
	}
	r.progress.Line("%-9s %s", "test", text)
	if err := r.validate(t); err != nil {
		return err
	}
	if err := r.folder.WriteConfusion(confusion(r.domains, t)); err != nil {
		return err
	}
	return r.log(line)
}

// validate keeps the weights if the test is the best so far by the source's own
// test sets.
func (r *run) validate(t *train.Test) error {
	mean, ok := r.Last.OnSource(domainRecords(r.domains))
	if !ok || r.Validated != nil && !runfolder.Validates(mean, r.Validation) {
		return nil
	}
	r.Validated, r.Validation = r.Last, mean
	return r.save(runfolder.ValidatedFile, t.Step+1)
}

func confusion(domains []dataset.Domain, t *train.Test) *runfolder.Confusion {
	c := &runfolder.Confusion{Step: t.Step}
	for i := range domains {
		if domains[i].Severities == nil {
			c.Domains = append(c.Domains, runfolder.DomainConfusion{Name: domains[i].Name, Counts: t.Confusion[i]})
		}
	}
	return c
}

// save writes the weights as they are after that many descent steps, unless they
// are not finite.
func (r *run) save(name string, steps int) error {
	if err := r.trainer.Check(); err != nil {
		return err
	}
	return r.network.Save(r.folder.Path(name), zoo.Metadata(r.network, r.settings.Dataset, r.classes, steps))
}

// pace tells the speed of a kind of work, its share of the multiply-add peak and
// the time the run still needs.
func (r *run) pace(k train.Kind) string {
	return fmt.Sprintf("%.0f img/s  %.0f%% peak  ETA %s", r.clock.rate(k), 100*r.clock.share(k), cli.Duration(r.clock.left()))
}

// log appends a line to metrics.jsonl, and tells TensorBoard.
func (r *run) log(line runfolder.Line) error {
	if err := r.folder.Log(line); err != nil || r.events == nil {
		return err
	}
	return r.events.log(line)
}

// finish writes and prints the result of a complete run.
func (r *run) finish(std streams) error {
	s := r.settings
	var sum runfolder.Summary
	sum.Algorithm, sum.Dataset, sum.Model = string(s.Algorithm), s.Dataset, r.network.Name
	sum.Seed, sum.Steps, sum.Threads = s.Seed, r.total(), s.Threads
	sum.SIMD = simd.Active().Name
	sum.Accuracy.Best, sum.Accuracy.SourceValidation, sum.Accuracy.Last = r.Best, r.Validated, r.Last
	sum.Corruptions = bySeverity(r.Corrupted)
	sum.Seconds.Total = time.Since(r.started).Seconds()
	sum.Seconds.Minimise = r.clock.Seconds[train.Minimise]
	sum.Seconds.Maximise = r.clock.Seconds[train.Maximise]
	sum.Seconds.Evaluate = r.clock.Seconds[train.Evaluate]
	sum.ImagesPerSecond.Minimise = r.clock.rate(train.Minimise)
	sum.ImagesPerSecond.Maximise = r.clock.rate(train.Maximise)
	sum.PeakRSS = r.peakMemory()
	sum.Complete = true
	if err := r.folder.FinishMetrics(); err != nil {
		return err
	}
	if err := r.writeFinalReport(&sum); err != nil {
		return err
	}
	// This makes the run complete, so it comes last.
	if err := r.folder.WriteSummary(&sum); err != nil {
		return err
	}
	if err := r.checkpoints.Remove(); err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(std.out).Encode(sum)
	}
	out := bufio.NewWriter(std.out)
	r.printResult(out, &sum)
	return out.Flush()
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

// printResult prints the accuracies and the times.
func (r *run) printResult(w io.Writer, sum *runfolder.Summary) {
	columns := []column{{"last, %", sum.Accuracy.Last}}
	if a := sum.Accuracy.SourceValidation; a != nil {
		columns = append(columns, column{"validated, %", a})
	}
	columns = append(columns, column{"best, %", sum.Accuracy.Best})
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
		fmt.Fprintln(w, "validated is the best on the source's own test set (training-domain validation)")
	}
	fmt.Fprintln(w, "best is the best average over the target domains, selected on the target test sets (oracle) as the official code does")
	fmt.Fprintf(w, "%s: train %s, maximise %s, test %s; peak memory %s\n",
		cli.Duration(sum.Seconds.Total), cli.Duration(sum.Seconds.Minimise), cli.Duration(sum.Seconds.Maximise), cli.Duration(sum.Seconds.Evaluate),
		cli.Bytes(sum.PeakRSS))
	fmt.Fprintf(w, "report: %s\n", r.folder.Path(runfolder.ReportFile))
}
