package main

import (
	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/predict"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// predictSettings are what the flags of predict decide.
type predictSettings struct {
	weights, format string
	threads         int
	direct          bool
	paths           []string
}

func newPredict(std streams) *cobra.Command {
	s := predictSettings{format: predict.Table}
	c := &cobra.Command{
		Use:   "predict --weights FILE PICTURE|FOLDER ...",
		Short: "classify pictures",
		Long: `Classifies pictures: PNG, JPEG or GIF files of any size, and those in folders and
their subfolders. The network, the size and normalisation of its images and the
names of its classes come from the file of weights.`,
		Example: "meada-cpu predict --weights runs/first/last.safetensors digit.png\n" +
			"meada-cpu predict --weights last.safetensors --format csv pictures more/cat.jpg",
		RunE: func(_ *cobra.Command, paths []string) error {
			s.paths = paths
			return runPredict(std, s)
		},
	}
	cli.SetNotes(c, `The probability is that of the class; the entropy, in nats, tells how undecided
the network is, from 0 to the logarithm of the number of classes.`)
	f := cli.NewFlags(c.Flags())
	f.Text(&s.weights, "weights", "FILE", "weights as train writes them")
	cli.Choice(f, &s.format, "format", "table, csv or jsonl, one JSON object a line", predict.Table, predict.CSV, predict.JSONL)
	f.Integer(&s.threads, "threads", 1, "workers; by default all CPUs")
	f.Switch(&s.direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	return c
}

func runPredict(std streams, s predictSettings) error {
	if s.weights == "" {
		return cli.UsageError("predict needs --weights FILE")
	}
	if len(s.paths) == 0 {
		return cli.UsageError("predict needs pictures, or folders of them")
	}
	network, classes, err := zoo.Open(s.weights)
	if err != nil {
		return err
	}
	files, err := predict.Files(s.paths)
	if err != nil {
		return err
	}
	engine, err := tensor.NewEngine(s.threads)
	if err != nil {
		return err
	}
	defer engine.Close()
	network.Conv.NoWinograd = s.direct
	return predict.Predict(engine, network, classes, files, predict.NewPrinter(std.out, s.format),
		func(err error) { complain(std.err, err) })
}
