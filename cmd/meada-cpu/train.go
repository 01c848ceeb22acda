package main

import (
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/format/tfevents"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// settings are what the flags of train decide.
type settings struct {
	imageSettings
	Model   string `json:"model"`
	Weights string `json:"weights,omitempty"`
	Preset  string `json:"preset"`
	Threads int    `json:"threads"`
	Direct  bool   `json:"direct"`
	train.Config

	CheckpointEvery int `json:"checkpoint_every,omitempty"` // steps; 0 for by time

	config, resume, out, http string
	quiet, json, tensorboard  bool
	maxMemory                 int64 // bytes, 0 for those available, or noLimit
}

// flags defines the flags of train.
func (s *settings) flags() *flags {
	f := newFlags("train")
	choice(f, &s.Algorithm, "algorithm", train.Algorithms...)
	s.define(f)
	choice(f, &s.Model, "model", zoo.Names...)
	f.string(&s.Weights, "weights")
	choice(f, &s.Preset, "preset", presets...)
	f.seed(&s.Seed, "seed")
	f.integer(&s.LoopsTrain, "loops-train", 1)
	f.integer(&s.Epochs, "epochs", 1)
	f.integer(&s.MaxSteps, "max-steps", 1)
	f.integer(&s.BatchSize, "batch-size", 1)
	f.number(&s.LR, "lr")
	f.number(&s.Momentum, "momentum")
	f.number(&s.Decay, "decay")
	f.integer(&s.TestEvery, "test-every", 1)
	f.integer(&s.K, "k", 0)
	f.integer(&s.LoopsMin, "loops-min", 1)
	f.integer(&s.EpochsMin, "epochs-min", 1)
	f.integer(&s.LoopsAdv, "loops-adv", 1)
	f.number(&s.LRMax, "lr-max")
	f.number(&s.Gamma, "gamma")
	f.number(&s.Eta, "eta")
	f.integer(&s.Threads, "threads", 1)
	f.size(&s.maxMemory, "max-memory")
	f.bool(&s.Direct, "direct")
	f.string(&s.config, "config")
	f.string(&s.resume, "resume")
	f.integer(&s.CheckpointEvery, "checkpoint-every", 1)
	f.string(&s.out, "out")
	f.string(&s.http, "http")
	f.bool(&s.tensorboard, "tensorboard")
	f.bool(&s.quiet, "quiet")
	f.bool(&s.json, "json")
	return f
}

// parse resolves the arguments of train: flags over those of --config, these
// over the preset. Dataset, network and preset imply each other.
func (s *settings) parse(args []string) error {
	f := s.flags()
	if err := f.parse(args); err != nil {
		return err
	}
	flag, recorder := "--config", s.config
	if s.resume != "" {
		if err := s.checkResume(f.given); err != nil {
			return err
		}
		flag, recorder = "--resume", filepath.Join(s.resume, configFile)
	}
	if recorder != "" {
		recorded, err := configFlags(flag, recorder)
		if err != nil {
			return err
		}
		args = slices.Concat(recorded, args)
		if err := f.parse(args); err != nil {
			return err
		}
	}
	if s.Dataset == "" {
		s.Dataset = datasetFor(s.Preset)
	}
	var err error
	if s.Model, err = chooseModel(s.Model, s.Dataset); err != nil {
		return err
	}
	if s.Preset == "" {
		s.Preset = presetFor(s.Dataset, s.Model)
	}
	s.Config = config(s.Preset, s.Model)
	if err := f.parse(args); err != nil { // again, over the preset that the first time found
		return err
	}
	if err := s.checkKind(f.given); err != nil {
		return err
	}
	return s.imageSettings.check()
}

func runTrain(std streams, args []string) error {
	var s settings
	err := s.parse(args)
	if err == errHelp {
		return runHelp(std, []string{"train"})
	} else if err != nil {
		return err
	}
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
	started, asked := time.Now(), askedForStatus()
	r := &run{progress: newProgress(std.err, s.quiet), started: started, asked: asked}
	if s.resume != "" {
		if r.folder, err = openRunFolder(s.resume); err != nil {
			return err
		}
	}
	defer func() {
		if r.folder != nil {
			r.folder.close()
		}
	}()
	engine := tensor.NewEngine(s.Threads, nil)
	defer engine.Close()
	engine.Direct = s.Direct
	s.Threads = engine.Threads()
	data, err := s.load(engine, side(s.Model))
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what decoding left would stay resident for the whole run
	network, err := zoo.New(s.Model, len(data.Classes))
	if err != nil {
		return err
	}
	network.Init(s.Seed)
	memory, err := s.fitMemory(network, data)
	if err != nil {
		return err
	}

	r.settings, r.engine, r.network, r.classes, r.domains = s, engine, network, data.Classes, data.Domains
	beginning, err := r.begin(data, std.err)
	if err != nil {
		return err
	}
	if s.tensorboard {
		events, err := tfevents.Create(r.folder.dir, started)
		if err != nil {
			return err
		}
		r.folder.events = &eventLog{events}
	}
	r.clock = newClock(r.trainer, network, s.LoopsAdv, measurePeak(engine, 20))
	r.clock.spent = r.Spent
	if live != nil {
		live.serve(r.folder.dir)
	}
	if !s.quiet {
		rows := append(describe(s, data, network, beginning, r.folder.dir),
			[2]string{"expected", r.clock.expected()}, [2]string{"memory", memory})
		if live != nil {
			rows = append(rows, [2]string{"live view", live.url()})
		}
		table(std.err, rows)
	}
	if err := r.train(); err != nil {
		_, _ = writeReport("", r.folder.dir) // what there is; the error that ended the run matters more
		return err
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
	if r.folder, err = createRunFolder(s.out); err != nil {
		return "", err
	}
	err = r.folder.write(configFile, configRecord{
		settings:   s,
		Steps:      s.Outline(data.Source.N).Steps,
		Classes:    len(data.Classes),
		machine:    thisMachine(),
		Command:    commandLine(),
		Names:      data.Classes,
		Domains:    domainRecords(data.Domains),
		Started:    r.started.Format(time.RFC3339),
		Sets:       checksums(data),
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
	r.trainer = train.New(r.engine, r.network, data, r.settings.Config)
	r.checkpoints, r.saved = r.folder.checkpoints(), time.Now()
	return r.folder.begin(nil)
}

// readWeights reads the weights to begin with into the network, if there are
// any, says what the network then has, and returns the file's checksum.
func (r *run) readWeights() (beginning, checksum string, err error) {
	path := r.settings.Weights
	if path == "" {
		return "random weights", "", nil
	}
	w, err := readWeights(path)
	if err != nil {
		return "", "", err
	}
	newClasses, err := w.begin(r.network)
	if err != nil {
		return "", "", err
	}
	if checksum, err = fileChecksum(path); err != nil {
		return "", "", weightsError{err}
	}
	if newClasses {
		return path + ", but for its last layer, which is for other classes", checksum, nil
	}
	return path, checksum, nil
}

// describe is the table that a run begins with.
func describe(s settings, data *dataset.Task, network *nn.Network, beginning, dir string) [][2]string {
	rows := [][2]string{
		{"algorithm", string(s.Algorithm)},
		{"dataset", fmt.Sprintf("%s, %s training images", s.Dataset, grouped(data.Source.N))},
		{"domains", describeDomains(data)},
		{"corruptions", s.describeCorruptions(data)},
	}
	for _, a := range data.Absent {
		rows = append(rows, [2]string{"absent", a})
	}
	outline := s.Outline(data.Source.N)
	round, between := "step", s.LoopsMin
	descent := fmt.Sprintf("%s steps of %d images, Adam, lr %g", grouped(outline.Steps), s.BatchSize, s.LR)
	if s.Epochs > 0 {
		round, between = "epoch", s.EpochsMin
		descent = fmt.Sprintf("%d epochs, %s steps of %d images, SGD, lr %g, cosine schedule, momentum %g, decay %g",
			s.Epochs, grouped(outline.Steps), s.BatchSize, s.LR, s.Momentum, s.Decay)
	}
	if s.MaxSteps > 0 {
		descent += fmt.Sprintf(", ends after %d steps at the latest", s.MaxSteps)
	}
	rows = append(rows,
		[2]string{"network", fmt.Sprintf("%s, %s parameters", network.Name, grouped(network.NumParams()))},
		[2]string{"begins with", beginning},
		[2]string{"descent", descent},
	)
	if sizes := outline.Pool; len(sizes) > 1 {
		var pool []string
		for _, n := range sizes {
			pool = append(pool, grouped(n))
		}
		ascent := fmt.Sprintf("phases: %d, every %d %ss, %d steps, lr-max %g, gamma %g", len(sizes)-1, between, round, s.LoopsAdv, s.LRMax, s.Gamma)
		if s.Algorithm == train.MEADA {
			ascent += fmt.Sprintf(", eta %g", s.Eta)
		}
		rows = append(rows, [2]string{"maximisation", ascent}, [2]string{"training images", strings.Join(pool, " -> ")})
	}
	tests := fmt.Sprintf("every %s %ss", grouped(s.TestEvery), round)
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
