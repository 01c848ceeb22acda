package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
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
	if !isEmpty(s.out) {
		return fmt.Errorf("%s: there is something in the folder already, nothing is overwritten", s.out)
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
	a := ascent{source: source, network: network, ascent: climb, image: make([]uint8, network.C*network.H*network.W)}
	a.progress, a.started = cli.NewStatus(std.err, s.quiet), time.Now()
	defer a.progress.Clear()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if s.format == asPNG {
		err = a.writePNG(ctx, s.out, data.Classes)
	} else {
		err = a.writeNPY(ctx, s.out)
	}
	if err != nil {
		return err
	}
	a.progress.Clear()
	fmt.Fprintf(std.out, "%s: %s images of %s, %s\n", s.out, cli.Count(source.N), s.dataset, cli.Duration(time.Since(a.started).Seconds()))
	fmt.Fprintf(std.out, "cross-entropy %.4f -> %.4f, entropy %.4f -> %.4f, distance %.4g\n",
		a.first.CrossEntropy, a.last.CrossEntropy, a.first.Entropy, a.last.Entropy, a.last.Distance)
	return nil
}

// ascent makes adversarial images of a source, some at a time, in its order.
type ascent struct {
	source  *dataset.Images
	network *nn.Network
	ascent  *train.Ascent
	image   []uint8

	first, last augment.Means // before the first and before the last step
	progress    *cli.Status
	started     time.Time
}

// each calls keep with the bytes of each adversarial image and its number.
func (a *ascent) each(ctx context.Context, keep func(n int, image []uint8) error) error {
	for lo := 0; lo < a.source.N; {
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %d of %d images", cli.ErrInterrupted, lo, a.source.N)
		}
		x, means, err := a.ascent.Climb(a.source, lo)
		if err != nil {
			return fmt.Errorf("%w, try a smaller --lr-max", err)
		}
		hi := lo + x.N
		share := float64(x.N) / float64(a.source.N)
		addMeans(&a.first, means[0], share)
		addMeans(&a.last, means[len(means)-1], share)
		for n := range x.N {
			toBytes(a.image, x.Image(n), a.network.Normalisation)
			if err := keep(lo+n, a.image); err != nil {
				return err
			}
		}
		a.progress.Update(time.Now(), "augment", func() string {
			rate := float64(hi) / time.Since(a.started).Seconds()
			return fmt.Sprintf("images %d/%d  %.0f images/s  ETA %s", hi, a.source.N, rate, cli.Duration(float64(a.source.N-hi)/rate))
		})
		lo = hi
	}
	return nil
}

func addMeans(sum *augment.Means, m augment.Means, share float64) {
	sum.CrossEntropy += share * m.CrossEntropy
	sum.Entropy += share * m.Entropy
	sum.Distance += share * m.Distance
}

// toBytes rounds a normalised image to bytes; what is beyond black and white
// becomes these.
func toBytes(image []uint8, x []float32, n nn.Normalisation) {
	plane := len(x) / len(n.Mean)
	for i, v := range x {
		c := i / plane
		image[i] = uint8(min(max(v*n.Std[c]+n.Mean[c], 0), 1)*255 + 0.5)
	}
}

// writePNG writes out/<class>/<number>.png, which train reads back as a dataset
// of folders.
func (a *ascent) writePNG(ctx context.Context, out string, classes []string) error {
	for _, class := range classes {
		if class == "" || class != filepath.Base(class) || strings.HasPrefix(class, ".") {
			return fmt.Errorf("%q: the class cannot be the name of a folder, use --format npy", class)
		}
	}
	one := dataset.Images{N: 1, C: a.source.C, H: a.source.H, W: a.source.W}
	return a.each(ctx, func(n int, image []uint8) error {
		folder := filepath.Join(out, classes[a.source.Labels[n]])
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		one.Data = image
		return atomicfile.Write(filepath.Join(folder, fmt.Sprintf("%05d.png", n)), func(w io.Writer) error {
			return png.Encode(w, picture{&one, 0})
		})
	})
}

// writeNPY writes images.npy, N x H x W x C bytes, and labels.npy.
func (a *ascent) writeNPY(ctx context.Context, out string) error {
	s := a.source
	plane := s.H * s.W
	interleaved := make([]uint8, s.C*plane)
	err := npy.WriteBytes(filepath.Join(out, "images.npy"), []int{s.N, s.H, s.W, s.C}, func(w io.Writer) error {
		return a.each(ctx, func(_ int, image []uint8) error {
			for i, v := range image {
				interleaved[i%plane*s.C+i/plane] = v
			}
			_, err := w.Write(interleaved)
			return err
		})
	})
	if err != nil {
		return err
	}
	return npy.Write(filepath.Join(out, "labels.npy"), labelArray(s.Labels[:s.N]))
}
