package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/imageset"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// augmentSettings are what the flags of augment decide. Those of the ascent are
// named as in train.
type augmentSettings struct {
	weights         string
	pictures        catalog.Images
	out, format     string
	images, threads int
	direct, quiet   bool
	catalog.Settings
}

func newAugment(std streams) *cobra.Command {
	s := augmentSettings{format: imageset.PNG}
	c := &cobra.Command{
		Use:   "augment --weights FILE|RUN --out DIR",
		Short: "write adversarial images of a dataset",
		Long: `Writes adversarial images: the training images of a dataset, moved as train
moves them in a maximisation phase to where the network errs and doubts most,
for use elsewhere. DIR/sources.csv says which image each was made of. Weights of
a run are given the images it trained on, and its settings if it was of ada or me-ada.`,
		Args: cli.NoArguments,
		Example: "meada-cpu augment --weights runs/first/last.safetensors --out adversarial\n" +
			"meada-cpu augment --weights last.safetensors --dataset digits --data DIR --format npy --out more",
		RunE: func(c *cobra.Command, _ []string) error { return runAugment(std, &s, c.Flags()) },
	}
	s.define(c.Flags())
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		d, err := catalog.FindDataset(s.pictures.Dataset)
		if err != nil {
			d = &catalog.Datasets[0]
		}
		_ = applyPreset(c.Flags(), &s.Settings, d.PresetFor(d.Usual), d.Usual, catalog.MEADA, 0)
		c.Long += fmt.Sprintf("\n\nThe values in parentheses are those for the %s of %s.", d.Usual, d.Name)
		_ = cli.WriteHelp(c.OutOrStdout(), c)
	})
	return c
}

// define declares the flags of augment.
func (s *augmentSettings) define(set *pflag.FlagSet) {
	f := cli.NewFlags(set)
	f.Group("what to augment")
	f.Text(&s.weights, "weights", "FILE", weightsHelp)
	cli.Choice(f, &s.pictures.Dataset, "dataset", "whose training images; by default what the weights were trained on", catalog.DatasetNames()...)
	f.Text(&s.pictures.Data, "data", "DIR", "where the files of the dataset are")
	declarePictures(f, &s.pictures, "that of the weights, else squash")
	f.Integer(&s.images, "images", 1, "only N images, spread over the classes")
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
		"images x height x width x channels, and DIR/labels.npy", imageset.PNG, imageset.NPY)
	f.Integer(&s.threads, "threads", 1, "workers, the result does not depend on it; by default all CPUs")
	f.Switch(&s.direct, "direct", "no Winograd convolutions: slower, smaller rounding errors")
	f.Switch(&s.quiet, "quiet", "no progress")
}

func runAugment(std streams, s *augmentSettings, set *pflag.FlagSet) error {
	if s.weights == "" || s.out == "" {
		return cli.UsageError("augment needs --weights FILE and --out DIR")
	}
	if err := cmp.Or(s.checkEta(set), imageset.CheckFolder(s.out)); err != nil {
		return err
	}
	w, err := openNamed(&s.weights, "export --format safetensors --model NAME writes a file that does")
	if err != nil {
		return err
	}
	network, err := w.Network()
	if err != nil {
		return err
	}
	d, err := completeImages(&s.pictures, w)
	if err != nil {
		return err
	}
	if err := s.moveAsTrained(set, w, d); err != nil {
		return err
	}
	seed, err := asTrained(std.err, &s.pictures, w)
	if err != nil {
		return err
	}
	status := cli.NewStatus(std.err, s.quiet)
	data, err := s.pictures.Load(catalog.Reading{Side: network.H, Seed: seed, Untested: true, Status: status})
	if err != nil {
		return err
	}
	describePictures(std, data)
	if err := w.Match(data); err != nil {
		return err
	}
	return s.write(std, network, data, status)
}

// write writes what the ascent makes of the training images.
func (s *augmentSettings) write(std streams, network *nn.Network, data *dataset.Task, status *cli.Status) error {
	engine, err := tensor.NewEngine(cli.Threads(s.threads, std.err))
	if err != nil {
		return err
	}
	defer engine.Close()
	network.Conv.NoWinograd = s.direct
	plan, err := s.Config(network.Name)
	if err != nil {
		return err
	}
	a := imageset.Adversarial{Source: &data.Source, Images: s.images, Classes: data.Classes, Network: network, Status: status}
	if err := a.Check(); err != nil {
		return &zoo.WeightsError{Err: fmt.Errorf("%s: %w", s.weights, err)}
	}
	if a.Ascent, err = train.NewAscent(engine, network, plan.Growth.Ascent, s.BatchSize, s.Seed); err != nil {
		return err
	}
	ctx, stop := cli.Interruption()
	defer stop()
	started := time.Now()
	if err := a.Write(ctx, s.out, s.format); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.out, "%s: %s of %s, %s\n%v\n", s.out, cli.Number(a.Images, "image"), s.pictures.Dataset,
		cli.Duration(time.Since(started).Seconds()), &a)
	return err
}
