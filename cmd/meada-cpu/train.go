package main

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/internal/tfevents"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// settings are what the flags of train decide.
type settings struct {
	Dataset string `json:"dataset"`
	Data    string `json:"data,omitempty"`
	Weights string `json:"weights,omitempty"`
	Preset  string `json:"preset"`
	Threads int    `json:"threads"`
	Direct  bool   `json:"direct"`
	train.Config

	out, http                string
	quiet, json, tensorboard bool
}

// The presets by name.
const (
	quick      = "quick"
	digitsLike = "digits"
)

var presets = map[string]train.Config{
	digitsLike: train.Digits(train.MEADA),
	quick:      quickConfig(),
}

// quickConfig is the paper's procedure cut to a few minutes on two cores, for a
// source of a few thousand images.
func quickConfig() train.Config {
	c := train.Digits(train.MEADA)
	c.LR = 3e-4
	c.LoopsTrain = 801
	c.K = 2
	c.TestEvery = 200
	return c
}

// flags defines the flags of train.
func (s *settings) flags() *flags {
	f := newFlags("train")
	choice(f, &s.Algorithm, "algorithm", train.Algorithms...)
	choice(f, &s.Dataset, "dataset", datasets...)
	f.string(&s.Data, "data")
	f.string(&s.Weights, "weights")
	choice(f, &s.Preset, "preset", quick, digitsLike)
	f.seed(&s.Seed, "seed")
	f.integer(&s.LoopsTrain, "loops-train", 1)
	f.integer(&s.BatchSize, "batch-size", 1)
	f.number(&s.LR, "lr")
	f.integer(&s.TestEvery, "test-every", 1)
	f.integer(&s.K, "k", 0)
	f.integer(&s.LoopsMin, "loops-min", 1)
	f.integer(&s.LoopsAdv, "loops-adv", 1)
	f.number(&s.LRMax, "lr-max")
	f.number(&s.Gamma, "gamma")
	f.number(&s.Eta, "eta")
	f.integer(&s.Threads, "threads", 1)
	f.bool(&s.Direct, "direct")
	f.string(&s.out, "out")
	f.string(&s.http, "http")
	f.bool(&s.tensorboard, "tensorboard")
	f.bool(&s.quiet, "quiet")
	f.bool(&s.json, "json")
	return f
}

// parse resolves the arguments of train: flags over the preset, the preset
// over the defaults.
func (s *settings) parse(args []string) error {
	s.Dataset = syntheticDigits
	f := s.flags()
	if err := f.parse(args); err != nil {
		return err
	}
	if s.Preset == "" {
		s.Preset = quick
		if s.Dataset == digits {
			s.Preset = digitsLike
		}
	}
	s.Config = presets[s.Preset]
	return f.parse(args) // again, over the preset that the first time found
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
	started := time.Now()
	data, err := loadData(s.Dataset, s.Data)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what decoding left would stay resident for the whole run
	network := zoo.LeNet5(len(data.Classes))
	network.Init(s.Seed)
	if s.Weights != "" {
		w, err := readWeights(s.Weights)
		if err != nil {
			return err
		}
		if err := w.apply(network); err != nil {
			return err
		}
	}
	engine := tensor.NewEngine(s.Threads, nil)
	defer engine.Close()
	engine.Direct = s.Direct
	s.Threads = engine.Threads()

	if s.out == "" {
		s.out = filepath.Join("runs", fmt.Sprintf("%s-%s-%s-s%d",
			started.Format("20060102-150405"), s.Dataset, s.Algorithm, s.Seed))
	}
	folder, err := createRunFolder(s.out)
	if err != nil {
		return err
	}
	defer folder.metrics.Close()
	if s.tensorboard {
		events, err := tfevents.Create(folder.dir, started)
		if err != nil {
			return err
		}
		defer events.Close()
		folder.events = &eventLog{events}
	}
	err = folder.write("config.json", configRecord{
		settings: s,
		Model:    network.Name,
		Classes:  len(data.Classes),
		machine:  thisMachine(),
		Command:  commandLine(),
		Names:    data.Classes,
		Domains:  domainRecords(data.Domains),
		Started:  started.Format(time.RFC3339),
		Sets:     checksums(data),
		Absent:   data.Absent,
	})
	if err != nil {
		return err
	}

	r := &run{
		settings: s,
		network:  network,
		classes:  data.Classes,
		domains:  data.Domains,
		folder:   folder,
		progress: newProgress(std.err, s.quiet),
		started:  started,
	}
	if live != nil {
		live.serve(folder.dir)
	}
	if !s.quiet {
		table(std.err, describe(s, data, network, folder.dir))
		if live != nil {
			table(std.err, [][2]string{{"live view", live.url()}})
		}
	}
	r.trainer = train.New(engine, network, data, s.Config)
	if err := r.train(); err != nil {
		_, _ = writeReport("", folder.dir) // what there is; the error that ended the run matters more
		return err
	}
	return r.finish(std)
}

// describe is the table that a run begins with.
func describe(s settings, data *dataset.Benchmark, network *nn.Network, dir string) [][2]string {
	rows := [][2]string{
		{"algorithm", string(s.Algorithm)},
		{"dataset", fmt.Sprintf("%s, %s training images", s.Dataset, grouped(data.Source.N))},
		{"domains", describeDomains(data)},
	}
	for _, a := range data.Absent {
		rows = append(rows, [2]string{"absent", a})
	}
	rows = append(rows,
		[2]string{"network", fmt.Sprintf("%s, %s parameters", network.Name, grouped(network.NumParams()))},
		[2]string{"descent", fmt.Sprintf("%s steps of %d images, Adam, lr %g", grouped(s.LoopsTrain), s.BatchSize, s.LR)},
	)
	if sizes := s.Outline(data.Source.N).Pool; len(sizes) > 1 {
		var pool []string
		for _, n := range sizes {
			pool = append(pool, grouped(n))
		}
		ascent := fmt.Sprintf("%d phases every %d steps, %d steps, lr-max %g, gamma %g", len(sizes)-1, s.LoopsMin, s.LoopsAdv, s.LRMax, s.Gamma)
		if s.Algorithm == train.MEADA {
			ascent += fmt.Sprintf(", eta %g", s.Eta)
		}
		rows = append(rows, [2]string{"maximisation", ascent}, [2]string{"training images", strings.Join(pool, " -> ")})
	}
	m := thisMachine()
	return append(rows,
		[2]string{"tests", fmt.Sprintf("every %s steps", grouped(s.TestEvery))},
		[2]string{"machine", fmt.Sprintf("%s, %s, %d threads", m.CPU, m.SIMD, s.Threads)},
		[2]string{"seed", fmt.Sprint(s.Seed)},
		[2]string{"run folder", dir},
	)
}
