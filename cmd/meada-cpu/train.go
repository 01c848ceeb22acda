package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/tfevents"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// settings are what the flags of train decide.
type settings struct {
	runfolder.Settings

	config, resume, out, http string
	quiet, json, tensorboard  bool
	maxMemory                 int64 // bytes, 0 for those available, or cli.NoLimit
}

// define declares the flags of train.
func (s *settings) define(set *pflag.FlagSet) {
	f := cli.NewFlags(set)
	f.Group("what to train")
	cli.Choice(f, &s.Algorithm, "algorithm", "erm, ada or me-ada", catalog.Algorithms()...)
	declareImages(f, &s.Images)
	cli.Choice(f, &s.Model, "model", "network: "+strings.Join(zoo.Names, ", "), zoo.Names...)
	f.Text(&s.Weights, "weights", "FILE", "initial weights instead of random ones; a last layer for another number of classes is left out")
	f.Text(&s.config, "config", "FILE", "the settings of a run folder's config.json; other flags win")
	cli.Choice(f, &s.Preset, "preset", strings.Join(catalog.PresetNames(), ", ")+": decides all settings below", catalog.PresetNames()...)
	f.Seed(&s.Seed, "seed", "everything random follows from it")

	f.Group("descent")
	f.Integer(&s.LoopsTrain, "loops-train", 1, "descent steps, presets quick and digits only")
	f.Integer(&s.Epochs, "epochs", 1, "passes over the training images, the other presets only")
	f.Integer(&s.MaxSteps, "max-steps", 1, "end after that many descent steps at the latest")
	f.Integer(&s.BatchSize, "batch-size", 1, "images of a step")
	f.Number(&s.LR, "lr", "learning rate of Adam; of SGD at the beginning")
	f.Number(&s.Momentum, "momentum", "of SGD, Nesterov's")
	f.Number(&s.Decay, "decay", "weight decay of SGD")
	f.Integer(&s.TestEvery, "test-every", 1, "descent steps, or epochs, between tests")

	f.Group("maximisation")
	f.Integer(&s.K, "k", 0, "phases")
	f.Integer(&s.LoopsMin, "loops-min", 1, "descent steps between phases, presets quick and digits only")
	f.Integer(&s.EpochsMin, "epochs-min", 1, "epochs between phases, the other presets only")
	f.Integer(&s.LoopsAdv, "loops-adv", 1, "ascent steps of a phase")
	f.Number(&s.LRMax, "lr-max", "step size of the ascent")
	f.Number(&s.Gamma, "gamma", "weight of the distance in the embedding")
	f.Number(&s.Eta, "eta", "weight of the entropy, me-ada only")

	f.Group("tests")
	declareTests(f, &s.Images)

	f.Group("running")
	f.Add("resume", &cli.Value{
		Kind:     "RUN",
		Read:     func(text string) error { s.resume = text; return nil },
		Show:     func() string { return s.resume },
		Complete: runFolders,
	}, "continue the run in that folder after an interruption or a crash; it keeps its settings, so that only --data "+
		"and the flags below can be given, without --direct and --out")
	f.Integer(&s.CheckpointEvery, "checkpoint-every", 1, "checkpoints every N steps, those of phases and tests counted too; by default one a minute")
	f.Integer(&s.Threads, "threads", 1, "workers, the result does not depend on it; by default all CPUs")
	f.Size(&s.maxMemory, "max-memory", "refuse a run that needs more, such as 2GB or 1500MiB, or none; by default what machine and control group have left")
	f.Switch(&s.Direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	f.Text(&s.out, "out", "DIR", "run folder; by default runs/<time>-<dataset>-<algorithm>-s<seed>")
	f.Text(&s.http, "http", "[HOST:]PORT", "serve the report while training, and /metrics for Prometheus; without HOST to this machine alone")
	f.Switch(&s.tensorboard, "tensorboard", "write event files for TensorBoard into the run folder")
	f.Switch(&s.quiet, "quiet", "no settings, no progress")
	f.Switch(&s.json, "json", "the result as one JSON object, as in summary.json")
}

// runFolders completes the folders of runs.
func runFolders(typed string) []string {
	var all []string
	for _, pattern := range []string{typed + "*", filepath.Join("runs", "*")} {
		configs, _ := filepath.Glob(filepath.Join(pattern, runfolder.ConfigFile)) // a pattern that is none matches nothing
		for _, path := range configs {
			if dir := filepath.Dir(path); strings.HasPrefix(dir, typed) && !slices.Contains(all, dir) {
				all = append(all, dir)
			}
		}
	}
	return all
}

// parse sets the settings that the arguments of train ask for.
func (s *settings) parse(args []string) error {
	set := pflag.NewFlagSet("train", pflag.ContinueOnError)
	s.define(set)
	if err := cli.Parse("train", set, args); err != nil {
		return err
	}
	return s.resolve(set)
}

// resolve completes the settings that flags have set, and refuses those that do
// not go together.
func (s *settings) resolve(set *pflag.FlagSet) error {
	if err := s.choose(set); err != nil {
		return err
	}
	preset, err := catalog.FindPreset(s.Preset)
	if err != nil {
		return err
	}
	if err := preset.Check(s.Model, cli.Given(set)); err != nil {
		return err
	}
	return s.Images.Check()
}

// choose sets what flags do not: flags win over the settings of --config, these
// over the preset. Dataset, network and preset imply each other.
func (s *settings) choose(set *pflag.FlagSet) error {
	flag, recorder := "--config", s.config
	if s.resume != "" {
		if err := s.checkResume(cli.Given(set)); err != nil {
			return err
		}
		flag, recorder = "--resume", filepath.Join(s.resume, runfolder.ConfigFile)
	}
	if recorder != "" {
		recorded, err := configFlags(flag, recorder)
		if err != nil {
			return err
		}
		maps.Copy(recorded, cli.Given(set))
		if err := cli.Apply(set, recorded); err != nil {
			return cli.UsageError("%s %s: %v", flag, recorder, err)
		}
	}
	if s.Dataset == "" {
		preset, err := catalog.FindPreset(cmp.Or(s.Preset, catalog.Presets[0].Name))
		if err != nil {
			return err
		}
		s.Dataset = preset.Dataset
	}
	d, err := catalog.FindDataset(s.Dataset)
	if err != nil {
		return err
	}
	if s.Model, err = d.ChooseNetwork(s.Model); err != nil {
		return err
	}
	if s.Preset == "" {
		s.Preset = d.PresetFor(s.Model)
	}
	given := cli.Given(set)
	preset, err := catalog.FindPreset(s.Preset)
	if err != nil {
		return err
	}
	s.Settings.Settings = preset.Settings(s.Model)
	return cli.Apply(set, given)
}

func newTrain(std streams) *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "train",
		Short: "train a network with ERM, ADA or ME-ADA",
		Args:  cli.NoArguments,
		Example: "meada-cpu train --algorithm erm --seed 2\n" +
			"meada-cpu train --dataset digits --data DIR --loops-train 2001 --test-every 500\n" +
			"meada-cpu train --preset cifar10 --data DIR --model allconv --corruptions on-the-fly --test-images 1000\n" +
			"meada-cpu train --preset pacs --data DIR --source photo --weights alexnet.safetensors\n" +
			"meada-cpu train --resume runs/20260102-030405-digits-me-ada-s1",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.resolve(c.Flags()); err != nil {
				return err
			}
			return runTrain(std, s)
		},
	}
	c.Long = trainIntroduction
	cli.SetNotes(c, trainNotes)
	s.define(c.Flags())
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		_ = s.choose(c.Flags()) // whatever else is wrong, the help shows what there is
		c.Long += fmt.Sprintf("\n\nThe values in parentheses are those of --preset %s for %s.", s.Preset, s.Model)
		_ = cli.WriteHelp(c.OutOrStdout(), c)
	})
	return c
}

func runTrain(std streams, s settings) (err error) {
	var live *monitor
	if s.http != "" {
		if live, err = listen(s.http); err != nil {
			return err
		}
		defer live.close()
		if live.public() {
			fmt.Fprintf(std.err, "warning: --http %s: everybody who reaches this machine can see the run\n", s.http)
		}
	}
	started, asked := time.Now(), system.StatusRequests()
	r := &run{progress: cli.NewStatus(std.err, s.quiet), started: started, asked: asked}
	if s.resume != "" {
		if r.folder, err = openRunFolder(s.resume); err != nil {
			return err
		}
	}
	defer func() {
		if r.folder != nil {
			r.folder.Close()
		}
	}()
	engine, err := tensor.NewEngine(s.Threads)
	if err != nil {
		return err
	}
	defer engine.Close()
	s.Threads = engine.Threads()
	data, err := s.Images.Load(engine, catalog.KindOf(s.Model).Side())
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what decoding left would stay resident for the whole run
	network, err := zoo.New(s.Model, len(data.Classes))
	if err != nil {
		return err
	}
	network.Conv.NoWinograd = s.Direct
	network.Init(s.Seed)
	plan, err := s.Config()
	if err != nil {
		return err
	}
	memory, err := s.fitMemory(network, data, plan)
	if err != nil {
		return err
	}

	r.settings, r.plan, r.engine, r.network, r.classes, r.domains = s, plan, engine, network, data.Classes, train.Domains(data)
	beginning, err := r.begin(data, std.err)
	if err != nil {
		return err
	}
	if s.tensorboard {
		events, err := tfevents.Create(r.folder.Dir, started)
		if err != nil {
			return err
		}
		r.events = &eventLog{events}
		defer r.events.Close()
	}
	r.clock = newClock(r.trainer, network, s.LoopsAdv, measurePeak(engine, 20))
	r.clock.spent = r.Spent
	if live != nil {
		live.serve(r.folder.Dir)
	}
	if !s.quiet {
		rows := append(describe(s, plan, data, network, beginning, r.folder.Dir),
			[2]string{"expected", r.clock.expected()}, [2]string{"memory", memory})
		if live != nil {
			rows = append(rows, [2]string{"live view", live.url()})
		}
		table(std.err, rows)
	}
	if err := r.train(); err != nil {
		_, _ = writeReport("", r.folder.Dir) // what there is; the error that ended the run matters more
		return advise(err)
	}
	return r.finish(std)
}

// begin makes the trainer and the run folder ready, or those of the run that is
// to be resumed, and says what the training begins with.
func (r *run) begin(data *dataset.Task, warnings io.Writer) (beginning string, err error) {
	if r.folder != nil {
		return r.goOn(data, warnings)
	}
	beginning, weightsSum, err := r.readWeights()
	if err != nil {
		return "", err
	}
	s := r.settings
	if s.out == "" {
		s.out = filepath.Join("runs", fmt.Sprintf("%s-%s-%s-s%d",
			r.started.Format("20060102-150405"), s.Dataset, s.Algorithm, s.Seed))
	}
	if r.folder, err = runfolder.Create(s.out); err != nil {
		return "", err
	}
	err = r.folder.WriteConfig(&runfolder.Config{
		Settings:   s.Settings,
		Steps:      r.plan.Outline(data.Source.N).Steps,
		Classes:    len(data.Classes),
		Machine:    thisMachine(),
		Command:    commandLine(),
		ClassNames: data.Classes,
		Domains:    domainRecords(train.Domains(data)),
		Started:    r.started.Format(time.RFC3339),
		Checksums:  checksums(data),
		Absent:     data.Absent,
		WeightsSum: weightsSum,
	})
	if err != nil {
		return "", err
	}
	return beginning, r.atTheStart(data)
}

// atTheStart makes the trainer begin with the network as it is, and metrics.jsonl
// without a line.
func (r *run) atTheStart(data *dataset.Task) error {
	var err error
	if r.trainer, err = train.New(r.engine, r.network, data, r.plan); err != nil {
		return err
	}
	r.checkpoints, r.saved = r.folder.Checkpoints(), time.Now()
	return r.folder.StartMetrics(nil)
}

// readWeights reads the weights to begin with into the network, if there are
// any, says what the network then has, and returns the file's checksum.
func (r *run) readWeights() (beginning, checksum string, err error) {
	path := r.settings.Weights
	if path == "" {
		return "random weights", "", nil
	}
	w, err := zoo.ReadWeights(path)
	if err != nil {
		return "", "", err
	}
	newClasses, err := w.Begin(r.network)
	if err != nil {
		return "", "", err
	}
	if checksum, err = fileChecksum(path); err != nil {
		return "", "", &zoo.WeightsError{Err: err}
	}
	beginning = path
	if newClasses {
		beginning += ", but for its last layer, which is for other classes"
	}
	return beginning + unused(w), checksum, nil
}

// unused tells how many tensors of a file of weights a network had no use for.
func unused(w *zoo.Weights) string {
	if len(w.Unused) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s of its tensors were not needed, such as %.80q", cli.Count(len(w.Unused)), w.Unused[0])
}

// describe is the table that a run begins with.
func describe(s settings, plan train.Config, data *dataset.Task, network *nn.Network, beginning, dir string) [][2]string {
	rows := [][2]string{
		{"algorithm", string(s.Algorithm)},
		{"dataset", fmt.Sprintf("%s, %s training images", s.Dataset, cli.Count(data.Source.N))},
		{"domains", describeDomains(data)},
		{"corruptions", s.Images.DescribeCorruptions(data)},
	}
	for _, a := range data.Absent {
		rows = append(rows, [2]string{"absent", a})
	}
	outline := plan.Outline(data.Source.N)
	round, between := "step", s.LoopsMin
	descent := fmt.Sprintf("%s steps of %d images, Adam, lr %g", cli.Count(outline.Steps), s.BatchSize, s.LR)
	if s.Epochs > 0 {
		round, between = "epoch", s.EpochsMin
		descent = fmt.Sprintf("%d epochs, %s steps of %d images, SGD, lr %g, cosine schedule, momentum %g, decay %g",
			s.Epochs, cli.Count(outline.Steps), s.BatchSize, s.LR, s.Momentum, s.Decay)
	}
	if s.MaxSteps > 0 {
		descent += fmt.Sprintf(", ends after %d steps at the latest", s.MaxSteps)
	}
	rows = append(rows,
		[2]string{"network", fmt.Sprintf("%s, %s parameters", network.Name, cli.Count(network.NumParams()))},
		[2]string{"begins with", beginning},
		[2]string{"descent", descent},
	)
	if sizes := outline.TrainingSet; len(sizes) > 1 {
		var pool []string
		for _, n := range sizes {
			pool = append(pool, cli.Count(n))
		}
		ascent := fmt.Sprintf("phases: %d, every %d %ss, %d steps, lr-max %g, gamma %g", len(sizes)-1, between, round, s.LoopsAdv, s.LRMax, s.Gamma)
		if s.Algorithm == catalog.MEADA {
			ascent += fmt.Sprintf(", eta %g", s.Eta)
		}
		rows = append(rows, [2]string{"maximisation", ascent}, [2]string{"training images", strings.Join(pool, " -> ")})
	}
	tests := fmt.Sprintf("every %s %ss", cli.Count(s.TestEvery), round)
	if s.TestEvery == 1 {
		tests = "every " + round
	}
	m := thisMachine()
	return append(rows,
		[2]string{"tests", tests},
		[2]string{"machine", fmt.Sprintf("%s, %s, %d threads", m.CPU, m.SIMD, s.Threads)},
		[2]string{"seed", fmt.Sprint(s.Seed)},
		[2]string{"run folder", dir},
	)
}

// advise adds to the error of a run that diverged which flag may help.
func advise(err error) error {
	var diverged *train.DivergedError
	switch {
	case !errors.As(err, &diverged):
		return err
	case diverged.Phase > 0:
		return fmt.Errorf("%w, try a smaller --lr-max", err)
	}
	return fmt.Errorf("%w, try a smaller --lr", err)
}
