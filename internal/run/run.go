package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/report"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// Options are what a run takes.
type Options struct {
	runfolder.Settings

	Resume string // folder of the run to go on with, "" for a new one
	Out    string // folder of a new run, "" for one below runs named by the time and the settings

	HTTP        string // address to serve the report at, "" for none
	TensorBoard bool   // write event files; a run that has some goes on with them
	MaxMemory   int64  // bytes, 0 for those available, or cli.NoLimit

	// Group is the ranks that the run is divided over, nil for this process alone.
	// Rank 0 alone writes and prints.
	Group *collective.Group

	// Neighbours is how many ranks share this machine's memory, 0 as 1.
	Neighbours int

	Command string    // that starts the run, for its record
	Quiet   bool      // no settings, no progress
	Log     io.Writer // for settings, progress and warnings
}

// run is a training run in its folder.
type run struct {
	Options
	plan    train.Config // what the settings make of their method
	engine  *tensor.Engine
	network *nn.Network
	classes []string // names
	domains []dataset.Domain
	skipped *dataset.PicturesError // pictures left out

	overflows bool // the images that phases add are in files of the run folder
	trainer   *train.Trainer
	folder    *runfolder.Folder
	events    *eventLog // nil without event files
	progress  *cli.Status
	started   time.Time // less the time of the processes before
	clock     clock
	asked     <-chan os.Signal // for the status
	tally

	beginning, weightsSum string // what the network begins with, and the checksum of the file
	sourceSum             string // of all images of the source, held out or not

	checkpoints *train.Checkpoints
	saved       time.Time     // the last one, or the start
	saving      time.Duration // what it took
	unsaved     int           // steps since then, those of phases and tests too
}

// Train trains a network as the options say, from the start or from where an
// earlier process stopped, and leaves the result in the run folder. Once ctx is
// done it finishes the step, writes a checkpoint and returns an error that wraps
// cli.ErrInterrupted.
//
// With a Group every rank calls it; those beyond 0 have no Result. An error that all
// of them know of is a *SharedError.
func Train(ctx context.Context, o Options) (*Result, error) {
	if o.Group.Rank() > 0 {
		return nil, assist(ctx, o)
	}
	live, err := o.listen()
	if err != nil {
		return nil, agree(o.Group, nil, err)
	}
	if live != nil {
		defer live.close()
	}
	r := &run{Options: o, progress: cli.NewStatus(o.Log, o.Quiet), started: time.Now(), asked: system.StatusRequests()}
	if o.Resume != "" {
		if r.folder, err = openRunFolder(o.Resume); err != nil {
			return nil, agree(o.Group, nil, err)
		}
	}
	defer func() {
		if r.folder != nil {
			r.folder.Close()
		}
	}()
	if r.engine, err = tensor.NewEngine(o.Threads); err != nil {
		return nil, agree(o.Group, nil, err)
	}
	defer r.engine.Close()
	r.Threads = r.engine.Threads()
	begin, err := r.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if r.events != nil {
		defer r.events.Close()
	}
	if live != nil {
		live.serve(r.folder.Dir)
		begin = append(begin, [2]string{"live view", live.url()})
	}
	if !o.Quiet {
		cli.Table(o.Log, begin)
	}
	if err := r.train(ctx); err != nil {
		_ = report.Write(r.folder.Dir) // what there is; the error that ended the run matters more
		return nil, advise(err)
	}
	return r.finish()
}

// prepare reads the data, makes the network, the trainer and the run folder ready,
// and returns the table that the run begins with.
func (r *run) prepare(ctx context.Context) ([][2]string, error) {
	data, memory, err := r.load(ctx)
	if (err == nil || errors.Is(err, dataset.ErrStopped)) && ctx.Err() != nil { // while pictures were decoded
		err = cli.ErrInterrupted
	}
	if err := r.meet(data, err); err != nil {
		return nil, err
	}
	beginning, err := r.begin(data)
	if err := r.divide(err); err != nil {
		return nil, err
	}
	if err := r.startEvents(); err != nil {
		return nil, err
	}
	r.clock = newClock(r.trainer, r.network, &r.plan, r.LoopsAdv, r.peak(8))
	r.clock.begin(r.Spent)
	return append(r.describe(data, beginning), [2]string{"expected", r.clock.expected()}, [2]string{"memory", memory}), nil
}

// load reads the data and makes the network, with the weights that it begins with. It
// returns what it says about memory.
func (r *run) load(ctx context.Context) (data *dataset.Task, memory string, err error) {
	if _, err := r.WeightsFile(); err != nil && r.Resume == "" { // which may do without
		return nil, "", err
	}
	if data, err = r.readImages(ctx); err != nil {
		return nil, "", err
	}
	r.classes, r.domains = data.Classes, train.Domains(data)
	if err := r.checkPatience(); err != nil {
		return nil, "", err
	}
	if r.network, err = zoo.NewSized(r.Model, r.ImageSize, len(data.Classes)); err != nil {
		return nil, "", err
	}
	if r.FreezeBN && !r.network.Normalises() {
		return nil, "", cli.UsageError("--freeze-bn: %s has no batch normalisation", r.Model)
	}
	if r.Manifold && len(r.network.Places()) == 0 {
		return nil, "", cli.UsageError("--manifold: %s has no stages to mix images behind, expected one of %s", r.Model, strings.Join(catalog.StagedNetworks, ", "))
	}
	if _, err := catalog.ParsePrecision(r.Precision.String()); err != nil {
		return nil, "", cli.UsageError("--precision %s: %v", r.Precision, err)
	}
	r.network.Conv.NoWinograd, r.network.Conv.BFloat16 = r.Direct, r.Precision == catalog.BFloat16
	r.network.FreezeBN = r.FreezeBN
	r.network.Init(r.Seed)
	if r.plan, err = r.Config(r.Model); err != nil {
		return nil, "", err
	}
	if r.ClassWeights == catalog.Balanced {
		r.plan.Objective.ClassWeights = catalog.BalancedWeights(data)
	}
	r.skipped = data.Bad
	for _, odd := range catalog.Oddities(data, &r.Settings.Settings) {
		fmt.Fprintln(r.Log, "warning:", odd)
	}
	if r.plan.Growth.Phases > 0 && len(r.plan.Outline(data.Source.N).TrainingSet) == 1 {
		fmt.Fprintln(r.Log, "warning:", r.withoutPhases(data.Source.N))
	}
	if err := r.plan.CheckBatches(r.network, data.Source.N); err != nil {
		return nil, "", cli.UsageError("--batch-size %d: %s", r.BatchSize, strings.TrimPrefix(err.Error(), "train: "))
	}
	if memory, err = r.fitMemory(data); err != nil {
		return nil, "", err
	}
	if r.Resume == "" {
		r.beginning, r.weightsSum, err = r.readWeights()
	}
	return data, memory, err
}

// withoutPhases tells why a run on n images has no maximisation phase, though its method
// has some.
func (r *run) withoutPhases(n int) string {
	if !r.InEpochs() && n <= r.BatchSize {
		return fmt.Sprintf("no phase will add anything: all batches but the last are maximised, and %s fit into one of --batch-size %d",
			cli.Number(n, "training image"), r.BatchSize)
	}
	flag, between, what := "loops-min", r.LoopsMin, "step"
	if r.InEpochs() {
		flag, between, what = "epochs-min", r.EpochsMin, "epoch"
	}
	text := fmt.Sprintf("the run is too short for a maximisation phase: the first would come after %s", cli.Number(max(1, between-1), what))
	if between > 2 {
		text += fmt.Sprintf(", earlier with a smaller --%s than %d", flag, between)
	}
	return text
}

// readImages reads the images of the run, unless there is no memory for them.
func (r *run) readImages(ctx context.Context) (*dataset.Task, error) {
	limit, whose := r.memoryLimit()
	whole := func(all *dataset.Task) { r.sourceSum = sourceChecksum(all) }
	if r.Resume != "" {
		whole = nil // it is recorded
	}
	data, err := r.Images.Load(catalog.Reading{
		Engine: r.engine, Side: sideOf(&r.Settings), Seed: r.Seed, MaxBytes: cmp.Or(max(limit, 0), -1), Status: r.progress,
		Whole: whole, Done: ctx.Done(),
	})
	if tooLarge := new(dataset.SizeError); errors.As(err, &tooLarge) {
		return nil, cli.UsageError("%v %s; --cache DIR keeps them on the disk instead, fewer or smaller pictures fit, and --max-memory none starts it all the same", tooLarge, whose)
	}
	debug.FreeOSMemory() // what decoding left would stay resident for the whole run
	return data, err
}

// trainLineEvery is the number of descent steps that a line of metrics sums up.
const trainLineEvery = 10

// train steps through the run. Once ctx is done it finishes the step.
func (r *run) train(ctx context.Context) error {
	before := time.Now()
	measured := before
	for !r.complete() {
		asked, err := r.Group.Largest(goOn)
		if err != nil {
			return err
		}
		event, err := r.trainer.Step()
		err = r.shared(err) // what is found below only this rank knows of
		now := time.Now()
		r.clock.add(event, now.Sub(before))
		if err == nil {
			err = r.observe(event, now)
		}
		if now.Sub(measured) >= peakEvery {
			r.clock.peak, measured = max(r.clock.peak, r.peak(1)), now
		}
		r.unsaved++
		stopping := (ctx.Err() != nil || asked == stop) && !r.complete()
		if err == nil && !r.complete() && (stopping || r.checkpointDue()) {
			err = r.checkpoint()
		}
		before = time.Now() // exclude logging and checkpoint time
		if err != nil {
			r.progress.Clear()
			return err
		}
		if stopping {
			r.progress.Clear()
			if _, err := r.Group.Largest(interrupted); err != nil {
				return err
			}
			if err := r.trainer.ShowAverage(); err != nil {
				return err
			}
			if err := r.save(runfolder.LastFile, r.trainer.Steps()); err != nil {
				return err
			}
			return r.shared(fmt.Errorf("%w after %d of %d steps, to continue: meada-cpu train --resume %s", cli.ErrInterrupted,
				r.trainer.Steps(), r.total(), cli.ShellWord(r.folder.Dir)))
		}
		select {
		case <-r.asked:
			r.progress.Show()
		default:
		}
	}
	r.progress.Clear()
	if _, err := r.Group.Largest(completed); err != nil {
		return err
	}
	return r.save(runfolder.LastFile, r.trainer.Steps())
}

// impatient reports whether the last tests have brought nothing for as long as the run
// has patience.
func (r *run) impatient() bool { return r.Patience > 0 && r.Stale >= r.Patience }

// complete reports whether the run has come to its end.
func (r *run) complete() bool { return r.trainer.Done() || r.impatient() }

// checkPatience refuses patience without images to validate on, and before there is what
// is tested.
func (r *run) checkPatience() error {
	if r.Patience > 0 && r.SWA > 0 {
		return cli.UsageError("--patience %d and --swa %v: the run may end before the mean begins, expected --ema instead of --swa", r.Patience, r.SWA)
	}
	if r.Patience == 0 || slices.ContainsFunc(r.domains, func(d dataset.Domain) bool { return d.Source }) {
		return nil
	}
	return cli.UsageError("--patience %d: there is nothing of the source to validate on, use --holdout 0.2", r.Patience)
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
		r.Shown.LR, r.Shown.Rate = e.LR, r.clock.lap(train.Minimise)
		r.Descent, r.Steps = runfolder.Minimise{}, 0
		if err := r.log(r.Shown); err != nil {
			return err
		}
	}
	r.progress.Update(now, "train", e.Step+1, func() string {
		epoch := ""
		if r.Epochs > 0 {
			epoch = fmt.Sprintf("epoch %d/%d  ", e.Round+1, r.Epochs)
		}
		return fmt.Sprintf("%s%d/%d  loss %.4f  acc %.1f%%  %s", epoch, e.Step+1, r.total(),
			r.Shown.Loss, 100*r.Shown.Accuracy, r.pace(train.Minimise))
	})
	return nil
}

func (r *run) observeAscent(e train.Event, now time.Time) error {
	weight := float64(e.Images) / float64(e.Total)
	r.Ascent.CrossEntropy += float64(weight * e.Ascent.CrossEntropy)
	r.Ascent.Entropy += float64(weight * e.Ascent.Entropy)
	r.Ascent.Distance += float64(weight * e.Ascent.Distance)
	r.progress.Update(now, "maximise", e.Done, func() string {
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
	r.progress.Update(now, "test", e.Done, func() string {
		return fmt.Sprintf("%s  %d/%d  %s", r.domains[e.Domain].Name, e.Done, e.Total, r.pace(train.Evaluate))
	})
	if e.Test == nil {
		return nil
	}
	t := e.Test
	r.Corrupted = robustness(r.domains, t.Severities)
	accuracy := accuracies(r.domains, t.Accuracy)
	r.Tests = domainTests(r.classes, r.domains, t)
	line := runfolder.Evaluate{
		Step:        t.Step,
		Accuracy:    *accuracy,
		NLL:         losses(r.Tests),
		Corruptions: bySeverity(r.Corrupted),
		Best:        t.Improved,
		Rate:        r.clock.lap(train.Evaluate),
		PeakRSS:     r.peakMemory(),
		Seconds:     now.Sub(r.started).Seconds(),
	}
	r.Last = accuracy
	r.Last.Step = t.Step
	if t.Improved {
		r.Best = r.Last
		if err := r.save(runfolder.BestFile, t.Step+1); err != nil {
			return err
		}
	}
	r.progress.Columns("test", r.describeTest(t)...)
	if err := r.validate(t); err != nil {
		return err
	}
	if err := r.recordTest(t); err != nil {
		return err
	}
	return r.log(line)
}

// describeTest tells the accuracy on each domain, column by column.
func (r *run) describeTest(t *train.Test) []string {
	columns := []string{fmt.Sprintf("step %d", t.Step)}
	for i := range r.domains {
		if r.domains[i].Severities == nil {
			columns = append(columns, r.domains[i].Name+" "+cli.Percent(t.Accuracy[i]))
		}
	}
	if r.Corrupted != nil {
		columns = append(columns, "corrupted "+cli.Percent(r.Corrupted.Mean()))
	}
	if train.HasTargets(r.domains) {
		columns = append(columns, "average "+cli.Percent(t.Average))
	}
	if t.Improved {
		columns = append(columns, "best so far")
	}
	return columns
}

// validate keeps the weights if the test is the best so far by the source's own
// test sets.
func (r *run) validate(t *train.Test) error {
	mean, ok := r.Last.OnSource(domainRecords(r.domains))
	r.Stale++
	if r.Validated == nil || mean > r.Validation {
		r.Stale = 0
	}
	if !ok || r.Validated != nil && !runfolder.Validates(mean, r.Validation) {
		return nil
	}
	r.Validated, r.Validation = r.Last, mean
	return r.save(runfolder.ValidatedFile, t.Step+1)
}

func confusion(domains []dataset.Domain, classes int, t *train.Test) *runfolder.Confusion {
	c := &runfolder.Confusion{Step: t.Step}
	for i := range domains {
		if domains[i].Severities == nil {
			d := domainConfusion(t, i, classes)
			d.Name = domains[i].Name
			c.Domains = append(c.Domains, d)
		}
	}
	return c
}

// domainConfusion returns the counts of a domain.
func domainConfusion(t *train.Test, domain, classes int) runfolder.DomainConfusion {
	if counts := t.Confusion[domain]; counts != nil {
		return runfolder.DomainConfusion{Counts: counts}
	}
	return runfolder.DomainConfusion{Pairs: triples(t.Pairs[domain], classes)}
}

// triples returns counts by label*classes+predicted as label, predicted class and count.
func triples(pairs map[int]int, classes int) [][3]int {
	all := [][3]int{}
	for _, at := range slices.Sorted(maps.Keys(pairs)) {
		all = append(all, [3]int{at / classes, at % classes, pairs[at]})
	}
	return all
}

// save writes the weights as they are after that many descent steps, unless they
// are not finite.
func (r *run) save(name string, steps int) error {
	if err := r.trainer.Check(); err != nil {
		return err
	}
	metadata := zoo.Metadata(r.network, r.Dataset, r.classes, steps)
	if r.Resize != "" {
		metadata[zoo.MetaResize] = string(r.Resize)
	}
	return r.network.Save(r.folder.Path(name), metadata)
}

// pace tells the speed of a kind of work, its share of the multiply-add peak and
// the time the run still needs.
func (r *run) pace(k train.Kind) string {
	rate, _ := r.clock.pace(k)
	return fmt.Sprintf("%.0f img/s  %.0f%% peak  ETA %s", rate, 100*r.clock.share(k), cli.Duration(r.clock.left()))
}

// log appends a line to metrics.jsonl, and tells TensorBoard.
func (r *run) log(line runfolder.Line) error {
	if err := r.folder.Log(line); err != nil || r.events == nil {
		return err
	}
	return r.events.log(line)
}
