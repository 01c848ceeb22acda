package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// augmentSettings are what the flags of augment decide. Those of the ascent are
// named as in train.
type augmentSettings struct {
	weights, dataset, data string
	out, format            string
	images                 int
	threads                int
	direct, quiet          bool
	train.Config
}

// The formats of images.
const (
	asPNG = "png"
	asNPY = "npy"
)

func (s *augmentSettings) flags() *flags {
	f := newFlags("augment")
	f.string(&s.weights, "weights")
	choice(f, &s.dataset, "dataset", datasets...)
	f.string(&s.data, "data")
	f.integer(&s.images, "images", 1)
	choice(f, &s.Algorithm, "algorithm", train.ADA, train.MEADA)
	f.integer(&s.BatchSize, "batch-size", 1)
	f.integer(&s.LoopsAdv, "loops-adv", 1)
	f.number(&s.LRMax, "lr-max")
	f.number(&s.Gamma, "gamma")
	f.number(&s.Eta, "eta")
	f.string(&s.out, "out")
	choice(f, &s.format, "format", asPNG, asNPY)
	f.integer(&s.threads, "threads", 1)
	f.bool(&s.direct, "direct")
	f.bool(&s.quiet, "quiet")
	return f
}

func runAugment(std streams, args []string) error {
	s := augmentSettings{format: asPNG}
	if err := s.flags().parse(args); err == errHelp {
		return runHelp(std, []string{"augment"})
	} else if err != nil {
		return err
	}
	if s.weights == "" || s.out == "" {
		return usageError("augment needs --weights FILE and --out DIR")
	}
	w, err := readWeights(s.weights)
	if err != nil {
		return err
	}
	network, err := w.network()
	if err != nil {
		return err
	}
	if s.dataset == "" {
		if s.dataset = w.metadata[metaDataset]; !slices.Contains(datasets, s.dataset) {
			return usageError("%s does not say which dataset it belongs to, use --dataset", s.weights)
		}
	}
	s.Config = config(presetFor(s.dataset, w.model()), w.model())
	if err := s.flags().parse(args); err != nil { // again, over the preset
		return err
	}
	data, err := loadData(s.dataset, s.data, network.H)
	if err != nil {
		return err
	}
	source := &data.Source
	if source.C != network.C || source.H != network.H || source.W != network.W || len(data.Classes) != network.Classes {
		return weightsError{fmt.Errorf("%s: %s takes %dx%dx%d images of %d classes, those of %s are %dx%dx%d of %d", s.weights,
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

	engine := tensor.NewEngine(s.threads, nil)
	defer engine.Close()
	engine.Direct = s.direct
	a := newAscent(engine, network, source, s.Config)
	a.progress, a.started = newProgress(std.err, s.quiet), time.Now()
	defer a.progress.clear()
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
	a.progress.clear()
	fmt.Fprintf(std.out, "%s: %s images of %s, %s\n", s.out, grouped(source.N), s.dataset, brief(time.Since(a.started).Seconds()))
	fmt.Fprintf(std.out, "cross-entropy %.4f -> %.4f, entropy %.4f -> %.4f, distance %.4g\n",
		a.first.CrossEntropy, a.last.CrossEntropy, a.first.Entropy, a.last.Entropy, a.last.Distance)
	return nil
}

// ascent makes adversarial images of a source, some at a time, in its order.
type ascent struct {
	source    *dataset.Images
	network   *nn.Network
	engine    *tensor.Engine
	maximiser *augment.Maximiser
	batch     int
	x         tensor.Tensor
	image     []uint8

	first, last augment.Means // before the first and before the last step
	progress    *progress
	started     time.Time
}

// ascentChunk is about how many images climb at a time.
const ascentChunk = 64

// newAscent prepares the ascent. The digits script bounds the values of images;
// the CIFAR script leaves that to their conversion to bytes.
func newAscent(engine *tensor.Engine, network *nn.Network, source *dataset.Images, c train.Config) *ascent {
	chunk := max(1, ascentChunk/c.BatchSize) * c.BatchSize
	config := augment.Config{Steps: c.LoopsAdv, LR: c.LRMax, Gamma: c.Gamma}
	if c.Epochs == 0 {
		config.Max = 1
	}
	if c.Algorithm == train.MEADA {
		config.Eta = c.Eta
	}
	return &ascent{
		source: source, network: network, engine: engine, batch: c.BatchSize,
		maximiser: augment.NewMaximiser(engine, nn.Compile(engine, network, chunk, nn.Maximise), chunk,
			network.Classes, network.Embedding, config),
		x:     tensor.New(chunk, network.C, network.H, network.W),
		image: make([]uint8, network.C*network.H*network.W),
	}
}

// each calls keep with the bytes of each adversarial image and its number.
func (a *ascent) each(ctx context.Context, keep func(n int, image []uint8) error) error {
	for lo := 0; lo < a.source.N; lo += a.x.N {
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %d of %d images", errInterrupted, lo, a.source.N)
		}
		hi := min(lo+a.x.N, a.source.N)
		x := a.x.Images(0, hi-lo)
		for n := range x.N {
			a.network.Normalisation.FromBytes(a.engine.Kernels, x.Image(n), a.source.Image(lo+n))
		}
		means := a.maximiser.Maximise(x, a.source.Labels[lo:hi], a.batch)
		if n := a.maximiser.NonFinite(); n >= 0 {
			return fmt.Errorf("image %d is NaN or infinite after the ascent, try a smaller --lr-max", lo+n)
		}
		share := float64(x.N) / float64(a.source.N)
		addMeans(&a.first, means[0], share)
		addMeans(&a.last, means[len(means)-1], share)
		for n := range x.N {
			toBytes(a.image, x.Image(n), a.network.Normalisation)
			if err := keep(lo+n, a.image); err != nil {
				return err
			}
		}
		a.progress.update(time.Now(), "augment", func() string {
			rate := float64(hi) / time.Since(a.started).Seconds()
			return fmt.Sprintf("images %d/%d  %.0f images/s  ETA %s", hi, a.source.N, rate, brief(float64(a.source.N-hi)/rate))
		})
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

const augmentUsage = `usage: meada-cpu augment --weights FILE --out DIR [flags]

Writes adversarial images: the training images of a dataset, moved as train
moves them in a maximisation phase to where the network errs and doubts most,
for use elsewhere.

what to augment
  --weights FILE      weights as train writes them
  --dataset NAME      whose training images (what the weights were trained on)
  --data DIR          where the files of the dataset are
  --images N          only the first N images

how; the values shown are those of train for LeNet5, then the other networks
  --algorithm NAME    ada or me-ada (me-ada)
  --batch-size N      images of a step (32; 128, for PACS 32)
  --loops-adv N       ascent steps (15)
  --lr-max X          step size of the ascent (1; 20)
  --gamma X           weight of the distance in the embedding (1)
  --eta X             weight of the entropy, me-ada only (10)

running
  --out DIR           new or empty folder to write to
  --format NAME       png, DIR/<class>/<number>.png, or npy, DIR/images.npy of
                      uint8, images x height x width x channels, and
                      DIR/labels.npy (png)
  --threads N         workers, the result does not depend on it (all CPUs)
  --direct            no Winograd convolutions: slower, smaller rounding errors
  --quiet             no progress

examples:
  meada-cpu augment --weights runs/first/last.safetensors --out adversarial
  meada-cpu augment --weights last.safetensors --dataset digits --data DIR --format npy --out more
`
