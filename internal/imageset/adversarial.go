// Package imageset writes sets of images for use elsewhere: adversarial ones, and
// test sets under corruptions.
package imageset

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// Adversarial makes adversarial images of a source, a batch at a time, in its order,
// and writes them.
type Adversarial struct {
	Source  *dataset.Images
	Images  int      // how many of them, spread over the classes; 0 for all
	Classes []string // names
	Network *nn.Network
	Ascent  *train.Ascent
	Status  *cli.Status

	numbers     []int         // of the images of Source in the training set
	first, last augment.Means // before the first and before the last step of the ascent
}

// The formats of adversarial images.
const (
	PNG = "png" // <class>/<number>.png, which train reads back as a dataset of folders
	NPY = "npy" // images.npy, N x H x W x C bytes, and labels.npy
)

// Check reports what the network does not take of the source.
func (a *Adversarial) Check() error {
	s, n := a.Source, a.Network
	if s.C == n.C && s.H == n.H && s.W == n.W && len(a.Classes) == n.Classes {
		return nil
	}
	return fmt.Errorf("%s takes %dx%dx%d images of %d classes, those of the dataset are %dx%dx%d of %d",
		n.Name, n.C, n.H, n.W, n.Classes, s.C, s.H, s.W, len(a.Classes))
}

// CheckFolder refuses a folder for images that is not empty.
func CheckFolder(out string) error {
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && len(entries) > 0:
		return fmt.Errorf("%s: there is something in the folder already, nothing is overwritten", out)
	}
	return err
}

// Write writes the images in one of the formats into a folder that is new or
// empty.
func (a *Adversarial) Write(ctx context.Context, out, format string) error {
	err := os.MkdirAll(out, 0o777)
	if err = cmp.Or(err, CheckFolder(out)); err != nil {
		return err
	}
	a.numbers = a.Source.Spread(cmp.Or(a.Images, a.Source.N))
	if a.Images = len(a.numbers); a.Images < a.Source.N {
		some := a.Source.Pick(a.numbers)
		a.Source = &some
	}
	defer a.Status.Clear()
	if format == PNG {
		err = a.writeFolders(ctx, out)
	} else {
		err = a.writeNPY(ctx, out)
	}
	if err != nil {
		return err
	}
	return a.writeSources(filepath.Join(out, SourcesFile), format)
}

// SourcesFile says what each image was made of.
const SourcesFile = "sources.csv"

// writeSources writes a line for each image: its path, empty where the images are one
// array, its label, and the number of its source in the training set with its file, if
// it is one.
func (a *Adversarial) writeSources(path, format string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		lines := csv.NewWriter(w)
		if err := lines.Write([]string{"path", "label", "source_number", "source_file"}); err != nil {
			return err
		}
		for n, number := range a.numbers {
			label := a.Classes[a.Source.Labels[n]]
			line := []string{"", label, strconv.Itoa(number), ""}
			if format == PNG {
				line[0] = label + "/" + a.name(n)
			}
			if a.Source.Files != nil {
				line[3] = a.Source.Files[n]
			}
			if err := lines.Write(line); err != nil {
				return err
			}
		}
		lines.Flush()
		return lines.Error()
	})
}

// name returns the name of an image's file: the number of its source.
func (a *Adversarial) name(n int) string { return fmt.Sprintf("%05d.png", a.numbers[n]) }

// String tells what the ascent has changed.
func (a *Adversarial) String() string {
	return fmt.Sprintf("cross-entropy %.4f -> %.4f, entropy %.4f -> %.4f, distance %.4g",
		a.first.CrossEntropy, a.last.CrossEntropy, a.first.Entropy, a.last.Entropy, a.last.Distance)
}

// each calls keep with the bytes of each adversarial image and its number.
func (a *Adversarial) each(ctx context.Context, keep func(n int, image []uint8) error) error {
	started, image := time.Now(), make([]uint8, a.Network.C*a.Network.H*a.Network.W)
	for lo := 0; lo < a.Source.N; {
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %d of %d images", cli.ErrInterrupted, lo, a.Source.N)
		}
		x, means, err := a.Ascent.Ascend(a.Source, lo)
		if err != nil {
			return fmt.Errorf("%w, try a smaller --lr-max", err)
		}
		hi := lo + x.N
		share := float64(x.N) / float64(a.Source.N)
		addMeans(&a.first, means[0], share)
		addMeans(&a.last, means[len(means)-1], share)
		for n := range x.N {
			toBytes(image, x.Image(n), a.Network.Normalisation)
			if err := keep(lo+n, image); err != nil {
				return err
			}
		}
		a.Status.Update(time.Now(), "augment", hi, func() string {
			rate := float64(hi) / time.Since(started).Seconds()
			return fmt.Sprintf("images %d/%d  %.0f images/s  ETA %s", hi, a.Source.N, rate, cli.Duration(float64(a.Source.N-hi)/rate))
		})
		lo = hi
	}
	return nil
}

func addMeans(sum *augment.Means, m augment.Means, share float64) {
	sum.CrossEntropy += float64(share * m.CrossEntropy)
	sum.Entropy += float64(share * m.Entropy)
	sum.Distance += float64(share * m.Distance)
}

// toBytes rounds a normalised image to bytes; what is beyond black and white
// becomes these. The training set of a run truncates, as the published code does.
func toBytes(image []uint8, x []float32, n nn.Normalisation) {
	plane := len(x) / len(n.Mean)
	for i, v := range x {
		c := i / plane
		image[i] = uint8(float32(min(max(float32(v*n.Std[c])+n.Mean[c], 0), 1)*255) + 0.5)
	}
}

// unfinished is where the folders of classes are until all images are written: a part of
// them would be taken for the whole.
const unfinished = ".unfinished"

// writeFolders writes the images as PNG files in a folder for each class.
func (a *Adversarial) writeFolders(ctx context.Context, out string) error {
	hidden := filepath.Join(out, unfinished)
	if err := a.writePNG(ctx, hidden); err != nil {
		return errors.Join(err, os.RemoveAll(hidden))
	}
	folders, err := os.ReadDir(hidden)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := os.Rename(filepath.Join(hidden, folder.Name()), filepath.Join(out, folder.Name())); err != nil {
			return err
		}
	}
	return os.Remove(hidden)
}

func (a *Adversarial) writePNG(ctx context.Context, out string) error {
	for _, class := range a.Classes {
		if class == "" || class != filepath.Base(class) || strings.HasPrefix(class, ".") {
			return fmt.Errorf("%q: the class cannot be the name of a folder, use --format npy", class)
		}
	}
	one := dataset.Images{N: 1, C: a.Source.C, H: a.Source.H, W: a.Source.W}
	return a.each(ctx, func(n int, image []uint8) error {
		folder := filepath.Join(out, a.Classes[a.Source.Labels[n]])
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		one.Data = image
		return atomicfile.Write(filepath.Join(folder, a.name(n)), func(w io.Writer) error {
			return png.Encode(w, one.Picture(0))
		})
	})
}

func (a *Adversarial) writeNPY(ctx context.Context, out string) error {
	s := a.Source
	interleaved := make([]uint8, s.C*s.H*s.W)
	err := npy.WriteBytes(filepath.Join(out, "images.npy"), []int{s.N, s.H, s.W, s.C}, func(w io.Writer) error {
		return a.each(ctx, func(_ int, image []uint8) error {
			dataset.Interleave(interleaved, image, s.C)
			_, err := w.Write(interleaved)
			return err
		})
	})
	if err != nil {
		return err
	}
	return npy.Write(filepath.Join(out, "labels.npy"), npy.Labels(s.Labels[:s.N]))
}
