package main

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/run"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// evalSettings are what the flags of eval decide.
type evalSettings struct {
	catalog.Images
	weights, model string
	logits, adapt  string
	threads        int
	seed           uint64
	seeded         bool // by a flag
	direct, json   bool
}

func newEval(std streams) *cobra.Command {
	s := evalSettings{seed: 1}
	c := &cobra.Command{
		Use:   "eval --weights FILE|RUN",
		Short: "measure a trained network on a dataset's domains",
		Long:  "Measures a trained network on every domain of a dataset.",
		Args:  cli.NoArguments,
		Example: "meada-cpu eval --weights runs/first\n" +
			"meada-cpu eval --weights last.safetensors --dataset digits --data DIR --logits logits\n" +
			"meada-cpu eval --weights best.safetensors --data DIR --corruptions DIR/CIFAR-10-C",
		RunE: func(c *cobra.Command, _ []string) error {
			if s.seeded = c.Flags().Changed("seed"); s.seeded && (s.Holdout == nil || *s.Holdout == 0) {
				return cli.UsageError("--seed %d: nothing is held out by it, expected --holdout X too", s.seed)
			}
			return runEval(std, s)
		},
	}
	cli.SetNotes(c, `Dataset and network are by default those that the weights name, source and target
of PACS, and of what is held out, those of their run folder. Images are
normalised by the constants in the file, else by those of the published network:
[0,1] for lenet5, ImageNet's for alexnet and the resnets, [-1,1] for those of
CIFAR and efficientnet-lite0.`)
	f := cli.NewFlags(c.Flags())
	f.Group("what to measure")
	f.Text(&s.weights, "weights", "FILE", weightsHelp)
	declareImages(f, &s.Images, "that of the weights, else squash")
	cli.Choice(f, &s.model, "model", "for weights that do not say which network they are for", zoo.Names...)
	f.Group("tests")
	declareTests(f, &s.Images)
	cli.Choice(f, &s.adapt, "adapt", "bn: batch normalisation by the statistics of the images tested, domain by domain, without their labels", "bn")
	f.Seed(&s.seed, "seed", "that of the run, whose --holdout is to be measured; by default that of the run folder")
	f.Group("running")
	f.Text(&s.logits, "logits", "DIR", "write DIR/<domain>.npy, float32, images x classes; no file is overwritten")
	f.Integer(&s.threads, "threads", 1, "workers; by default all CPUs")
	f.Switch(&s.direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	f.Switch(&s.json, "json", `{"accuracy": {"<domain>": x, ..., "average": x}, "tests": NLL, ECE, classes and mistakes by domain, ...}`)
	return c
}

func runEval(std streams, s evalSettings) error {
	if s.weights == "" {
		return cli.UsageError("eval needs --weights FILE")
	}
	w, err := openWeights(&s.weights)
	if err != nil {
		return err
	}
	if err := s.complete(std.err, w); err != nil {
		return err
	}
	engine, err := tensor.NewEngine(cli.Threads(s.threads, std.err))
	if err != nil {
		return err
	}
	defer engine.Close()
	side, err := w.ImageSize()
	if err != nil {
		return err
	}
	data, err := s.Load(catalog.Reading{
		Engine: engine, Side: cmp.Or(side, catalog.KindOf(s.model).Side()), Seed: s.seed, TestsOnly: true, Status: cli.NewStatus(std.err, s.json),
		Whole: func(all *dataset.Task) { run.WarnTrained(std.err, w.Path, all) },
	})
	if err != nil {
		return err
	}
	if err := w.Match(data); err != nil {
		return err
	}
	describePictures(std, data)
	network, err := zoo.NewSized(s.model, side, len(data.Classes))
	if err != nil {
		return err
	}
	if s.adapt != "" && !network.Normalises() {
		return cli.UsageError("--adapt %s: %s has no batch normalisation", s.adapt, network.Name)
	}
	network.Conv.NoWinograd = s.direct
	if err := w.Apply(network); err != nil {
		return err
	}
	if len(w.Unused) > 0 {
		fmt.Fprintf(std.err, "note: %s%s\n", s.weights, run.Unused(w))
	}
	for _, a := range data.Absent {
		fmt.Fprintf(std.err, "not found: %s\n", a)
	}
	fmt.Fprintf(std.err, "corruptions: %s\n", s.DescribeCorruptions(data))
	result, err := run.Evaluate(engine, network, data, s.logits, s.adapt != "")
	if err != nil {
		return blame(s.weights, err)
	}
	if s.json {
		return json.NewEncoder(std.out).Encode(struct {
			Accuracy    *runfolder.Accuracy    `json:"accuracy"`
			Corruptions map[string][]float64   `json:"corruptions,omitempty"`
			Tests       []runfolder.DomainTest `json:"tests"`
			Dataset     string                 `json:"dataset"`
			Model       string                 `json:"model"`
			Weights     string                 `json:"weights"`
			Adapted     string                 `json:"adapted,omitempty"`
			SIMD        string                 `json:"simd"`
			Threads     int                    `json:"threads"`
		}{result.Accuracy, result.Corruptions(), result.Tests, s.Dataset, network.Name, s.weights, s.adapt, engine.InstructionSet(), engine.Threads()})
	}
	return result.Print(std.out)
}
