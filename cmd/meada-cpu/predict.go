package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/predict"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// predictSettings are what the flags of predict decide.
type predictSettings struct {
	weights, model, format string
	top, threads           int
	direct                 bool
	resize                 dataset.Resize
	paths                  []string
}

func newPredict(std streams) *cobra.Command {
	s := predictSettings{format: predict.Table, top: 1}
	c := &cobra.Command{
		Use:   "predict --weights FILE|RUN PICTURE|FOLDER|- ...",
		Short: "classify pictures",
		Long: `Classifies pictures: PNG, JPEG, GIF, WebP, BMP or TIFF files of any size, those in
folders and their subfolders, and one on standard input, as "-". The network, the
size and normalisation of its images and the names of its classes come from the
weights.`,
		Example: "meada-cpu predict --weights runs/first digit.png\n" +
			"meada-cpu predict --weights last.safetensors --top 3 --format csv pictures more/cat.jpg\n" +
			"meada-cpu predict --weights runs/first - <cat.jpg",
		RunE: func(_ *cobra.Command, paths []string) error {
			s.paths = paths
			return runPredict(std, s)
		},
	}
	cli.SetNotes(c, `The probability is that of the class; the entropy, in nats, tells how undecided
the network is, from 0 to the logarithm of the number of classes. Where pictures
lie in folders named like the classes, the true class is shown, and at the end
the accuracy by class (with --format csv and json on standard error).

A line of --format json is {"file", "class", "label", "probability", "entropy"},
with "true" where the true class is known, and with --top "top", a list of
{"class", "label", "probability"}. A name that is not UTF-8 is in "file_bytes" too,
in base64.`)
	cli.SetReason(c, "cache", "it reads every picture once, a batch at a time, and keeps none; eval takes it")
	cli.SetReason(c, "skip-bad", "it always goes on without pictures that cannot be read, and names them")
	f := cli.NewFlags(c.Flags())
	f.Text(&s.weights, "weights", "FILE", weightsHelp)
	cli.Choice(f, &s.model, "model", "for weights that do not say which network they are for", zoo.Names...)
	declareResize(f, &s.resize, "that of the weights, else squash")
	f.Integer(&s.top, "top", 1, "show the N likeliest classes")
	cli.Choice(f, &s.format, "format", "table, csv or json, one object a line", predict.Table, predict.CSV, predict.JSON)
	f.Integer(&s.threads, "threads", 1, "workers; by default all CPUs")
	f.Switch(&s.direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	return c
}

// load reads the network, and lists the pictures. told is told of what is none.
func (s *predictSettings) load(told io.Writer) (*predict.Predictor, []predict.Picture, error) {
	file, err := runfolder.WeightsFile(s.weights)
	if err != nil {
		return nil, nil, err
	}
	w, err := zoo.ReadWeights(file)
	if err != nil {
		return nil, nil, err
	}
	if s.model != "" {
		err = w.Identify(s.model)
	} else {
		err = w.CheckNamed("--model NAME does")
	}
	if err != nil {
		return nil, nil, err
	}
	p := &predict.Predictor{Top: s.top, Resize: s.resize}
	if p.Resize == "" {
		if p.Resize, err = w.Resize(); err != nil {
			return nil, nil, err
		}
	}
	if p.Network, err = w.Network(); err != nil {
		return nil, nil, err
	}
	if p.Classes, err = w.ClassNames(); err != nil {
		return nil, nil, err
	}
	p.Network.Conv.NoWinograd = s.direct
	pictures, leftOut, err := predict.Pictures(s.paths, p.Classes)
	if text := catalog.LeftOut(leftOut, nil); text != "" {
		fmt.Fprintln(told, text)
	}
	return p, pictures, err
}

func runPredict(std streams, s predictSettings) error {
	if s.weights == "" {
		return cli.UsageError("predict needs --weights FILE, or a run folder")
	}
	if len(s.paths) == 0 {
		return cli.UsageError("predict needs pictures, or folders of them")
	}
	isStdin := func(path string) bool { return path == predict.Stdin }
	if at := slices.IndexFunc(s.paths, isStdin); at >= 0 && slices.ContainsFunc(s.paths[at+1:], isStdin) {
		return cli.UsageError("predict reads one picture from standard input: - was given twice")
	}
	p, pictures, err := s.load(std.err)
	if err != nil {
		return err
	}
	if p.Engine, err = tensor.NewEngine(cli.Threads(s.threads, std.err)); err != nil {
		return err
	}
	defer p.Engine.Close()
	p.Stdin = std.in
	p.Warn = func(err error) { complain(std.err, err) }
	known := slices.ContainsFunc(pictures, func(p predict.Picture) bool { return p.True != "" })
	summary, failed := p.Run(pictures, predict.NewPrinter(std.out, s.format, p.Classes, predict.Columns{True: known, Top: s.top}))
	warnClipped(std, int(p.Clipped.Load()))
	to := std.err
	if s.format == predict.Table {
		to = std.out
		if known {
			fmt.Fprintln(to)
		}
	}
	if err := summary.Print(to); failed == nil {
		return err
	}
	return blame(s.weights, failed)
}
