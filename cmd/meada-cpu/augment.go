package main

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/imageset"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// augmentSettings are what the flags of augment decide. Those of the ascent are
// named as in train.
type augmentSettings struct {
	weights, dataset, data string
	out, format            string
	images                 int
	threads                int
	direct, quiet          bool
	catalog.Settings
}

// The formats of images.
const (
	asPNG = "png"
	asNPY = "npy"
)

func newAugment(std streams) *cobra.Command {
	s := augmentSettings{format: asPNG}
	c := &cobra.Command{
		Use:   "augment --weights FILE --out DIR",
		Short: "write adversarial images of a dataset",
		Long: `Writes adversarial images: the training images of a dataset, moved as train
moves them in a maximisation phase to where the network errs and doubts most,
for use elsewhere.`,
		Args: cli.NoArguments,
		Example: "meada-cpu augment --weights runs/first/last.safetensors --out adversarial\n" +
			"meada-cpu augment --weights last.safetensors --dataset digits --data DIR --format npy --out more",
		RunE: func(c *cobra.Command, _ []string) error { return runAugment(std, &s, c.Flags()) },
	}
	s.define(c.Flags())
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		d, err := catalog.FindDataset(s.dataset)
		if err != nil {
			d = &catalog.Datasets[0]
		}
		_ = s.usePreset(c.Flags(), d, d.Usual)
		c.Long += fmt.Sprintf("\n\nThe values in parentheses are those for the %s of %s.", d.Usual, d.Name)
		_ = cli.WriteHelp(c.OutOrStdout(), c)
	})
	return c
}

// define declares the flags of augment.
func (s *augmentSettings) define(set *pflag.FlagSet) {
	f := cli.NewFlags(set)
	f.Group("what to augment")
	f.Text(&s.weights, "weights", "FILE", "weights as train writes them")
	cli.Choice(f, &s.dataset, "dataset", "whose training images; by default what the weights were trained on", catalog.DatasetNames()...)
	f.Text(&s.data, "data", "DIR", "where the files of the dataset are")
	f.Integer(&s.images, "images", 1, "only the first N images")
	f.Group("how")
	cli.Choice(f, &s.Algorithm, "algorithm", "ada or me-ada", catalog.ADA, catalog.MEADA)
	f.Integer(&s.BatchSize, "batch-size", 1, "images of a step")
	f.Integer(&s.LoopsAdv, "loops-adv", 1, "ascent steps")
	f.Number(&s.LRMax, "lr-max", "step size of the ascent")
	f.Number(&s.Gamma, "gamma", "weight of the distance in the embedding")
	f.Number(&s.Eta, "eta", "weight of the entropy, me-ada only")
	f.Group("running")
	f.Text(&s.out, "out", "DIR", "new or empty folder to write to")
	cli.Choice(f, &s.format, "format", "png, DIR/<class>/<number>.png, or npy, DIR/images.npy of uint8, "+
		"images x height x width x channels, and DIR/labels.npy", asPNG, asNPY)
	f.Integer(&s.threads, "threads", 1, "workers, the result does not depend on it; by default all CPUs")
	f.Switch(&s.direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	f.Switch(&s.quiet, "quiet", "no progress")
}

// usePreset sets what flags do not to what train has for a network.
func (s *augmentSettings) usePreset(set *pflag.FlagSet, d *catalog.Dataset, network string) error {
	preset, err := catalog.FindPreset(d.PresetFor(network))
	if err != nil {
		return err
	}
	given := cli.Given(set)
	s.Settings = preset.Settings(network)
	return cli.Apply(set, given)
}

func runAugment(std streams, s *augmentSettings, set *pflag.FlagSet) error {
	if s.weights == "" || s.out == "" {
		return cli.UsageError("augment needs --weights FILE and --out DIR")
	}
	w, err := zoo.ReadWeights(s.weights)
	if err != nil {
		return err
	}
	network, err := w.Network()
	if err != nil {
		return err
	}
	if s.dataset == "" {
		s.dataset = w.Metadata[zoo.MetaDataset]
	}
	d, err := catalog.FindDataset(s.dataset)
	if err != nil {
		return cli.UsageError("%s does not say which dataset it belongs to, use --dataset", s.weights)
	}
	if err := s.usePreset(set, d, w.Model()); err != nil {
		return err
	}
	images := catalog.Images{Dataset: d.Name, Data: s.data, Corruptions: catalog.NoCorruptions}
	if err := images.Check(); err != nil {
		return err
	}
	data, err := images.Load(nil, network.H)
	if err != nil {
		return err
	}
	source := &data.Source
	if source.C != network.C || source.H != network.H || source.W != network.W || len(data.Classes) != network.Classes {
		return &zoo.WeightsError{Err: fmt.Errorf("%s: %s takes %dx%dx%d images of %d classes, those of %s are %dx%dx%d of %d", s.weights,
			network.Name, network.C, network.H, network.W, network.Classes, s.dataset, source.C, source.H, source.W, len(data.Classes))}
	}
	if s.images > 0 {
		source.N = min(source.N, s.images)
	}
	if err := os.MkdirAll(s.out, 0o777); err != nil {
		return err
	}
	if entries, err := os.ReadDir(s.out); err != nil || len(entries) > 0 {
		return cmp.Or(err, fmt.Errorf("%s: there is something in the folder already, nothing is overwritten", s.out))
	}

	engine, err := tensor.NewEngine(s.threads)
	if err != nil {
		return err
	}
	defer engine.Close()
	network.Conv.NoWinograd = s.direct
	plan, err := s.Config()
	if err != nil {
		return err
	}
	climb, err := train.NewAscent(engine, network, plan.Growth.Ascent, s.BatchSize)
	if err != nil {
		return err
	}
	a := imageset.Adversarial{
		Source: source, Classes: data.Classes, Network: network, Ascent: climb,
		Status: cli.NewStatus(std.err, s.quiet),
	}
	ctx, stop := cli.Interruption()
	defer stop()
	started, write := time.Now(), a.WriteNPY
	if s.format == asPNG {
		write = a.WritePNG
	}
	err = write(ctx, s.out)
	a.Status.Clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(std.out, "%s: %s images of %s, %s\n", s.out, cli.Count(source.N), s.dataset, cli.Duration(time.Since(started).Seconds()))
	_, err = fmt.Fprintf(std.out, "cross-entropy %.4f -> %.4f, entropy %.4f -> %.4f, distance %.4g\n",
		a.First.CrossEntropy, a.Last.CrossEntropy, a.First.Entropy, a.Last.Entropy, a.Last.Distance)
	return err
}
