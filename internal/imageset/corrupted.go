package imageset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Corrupted writes a test set under corruptions in the layout of CIFAR-10-C.
type Corrupted struct {
	Images     *dataset.Images // of three channels
	Suite      *corrupt.Suite
	Names      []string // of the corruptions
	Severities []int
	Sheet      string // a PNG of the first image under each, "" for none
	Status     *cli.Status

	started time.Time
	done    int // images
}

// Paths returns the files of the corruptions in a folder.
func (c *Corrupted) Paths(out string) []string {
	var paths []string
	for _, name := range c.Names {
		paths = append(paths, filepath.Join(out, name+".npy"))
	}
	return paths
}

// Write writes the sheet and the folder out: the labels, and a file for each corruption.
// After an error there is no sheet, so that what is missing can be asked for again.
func (c *Corrupted) Write(ctx context.Context, out string) error {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	if c.Sheet == "" {
		return c.write(ctx, out)
	}
	if err := c.writeSheet(c.Sheet); err != nil { // first, not after hours
		return err
	}
	if err := c.write(ctx, out); err != nil {
		return errors.Join(err, os.Remove(c.Sheet))
	}
	return nil
}

func (c *Corrupted) write(ctx context.Context, out string) error {
	c.started = time.Now()
	if err := c.writeLabels(out); err != nil {
		return err
	}
	for i, path := range c.Paths(out) {
		shape := []int{len(c.Severities) * c.Images.N, c.Images.H, c.Images.W, 3}
		err := npy.WriteBytes(path, shape, func(w io.Writer) error {
			return c.writeImages(ctx, w, c.Names[i])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeLabels writes the labels, once for each severity. Labels that are there
// already, from other corruptions of the same images, must be the same.
func (c *Corrupted) writeLabels(out string) error {
	path := filepath.Join(out, "labels.npy")
	labels := npy.Labels(slices.Repeat(c.Images.Labels, len(c.Severities)))
	there, err := npy.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return npy.Write(path, labels)
	case err != nil:
		return &dataset.Error{Path: path, Err: errors.Unwrap(err)}
	}
	if was := integers(there); !slices.Equal(was, integers(labels)) {
		return c.otherLabels(path, was)
	}
	return nil
}

// otherLabels says what labels are of that are there already: of these images at another
// number of severities, or of other images.
func (c *Corrupted) otherLabels(path string, was []int64) error {
	one := integers(npy.Labels(c.Images.Labels))
	if times := len(was) / max(1, len(one)); times > 0 && slices.Equal(was, slices.Repeat(one, times)) {
		return fmt.Errorf("%s is there already: the folder has %d severities, --severities names %d", path, times, len(c.Severities))
	}
	return fmt.Errorf("%s is there already with other labels: the folder holds corruptions of other images", path)
}

// integers returns the labels of an array of bytes or integers.
func integers(a npy.Array) []int64 {
	labels := slices.Clone(a.Int64)
	for _, label := range a.Bytes {
		labels = append(labels, int64(label))
	}
	return labels
}

// corruptBatch is how many images are corrupted before they are written.
const corruptBatch = 256

// writeImages writes the images under one corruption, their channels interleaved.
func (c *Corrupted) writeImages(ctx context.Context, w io.Writer, name string) error {
	size := c.Images.H * c.Images.W
	planar := make([]uint8, min(corruptBatch, c.Images.N)*3*size)
	interleaved := make([]uint8, len(planar))
	for _, severity := range c.Severities {
		for first := 0; first < c.Images.N; first += corruptBatch {
			if ctx.Err() != nil {
				return cli.ErrInterrupted
			}
			n := min(corruptBatch, c.Images.N-first)
			src := c.Images.Block(planar, first, first+n)
			c.Suite.Apply(planar[:len(src)], src, name, severity, first)
			for i := range n {
				dataset.Interleave(interleaved[i*3*size:][:3*size], planar[i*3*size:][:3*size], 3)
			}
			if _, err := w.Write(interleaved[:len(src)]); err != nil {
				return err
			}
			c.done += n
			c.Status.Update(time.Now(), "corrupt", c.done, func() string {
				seconds := time.Since(c.started).Seconds()
				rate := float64(c.done) / seconds
				left := float64(len(c.Names)*len(c.Severities)*c.Images.N-c.done) / rate
				return fmt.Sprintf("%s, severity %d  %.0f images/s  ETA %s", name, severity, rate, cli.Duration(left))
			})
		}
	}
	return nil
}

// writeSheet draws a PNG of the first image, untouched and at every severity, a
// row for each corruption.
func (c *Corrupted) writeSheet(path string) error {
	one := func(planar []uint8) image.Image {
		set := dataset.Images{N: 1, C: 3, H: c.Images.H, W: c.Images.W, Data: planar}
		return set.Picture(0)
	}
	const gap = 2
	var rows [][]image.Image
	for _, name := range c.Names {
		row := []image.Image{one(c.Images.Image(0))}
		for _, severity := range c.Severities {
			out := make([]uint8, 3*c.Images.H*c.Images.W)
			c.Suite.Apply(out, c.Images.Image(0), name, severity, 0)
			row = append(row, one(out))
		}
		rows = append(rows, row)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, dataset.ContactSheet(gap, rows...)) })
}

// ParseCorruptions reads names separated by commas; paper stands for 15 of them.
func ParseCorruptions(list string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		switch {
		case name == "paper":
			names = append(names, corrupt.Paper()...)
		case slices.Contains(corrupt.Names(), name):
			names = append(names, name)
		default:
			return nil, fmt.Errorf("no corruption %q, there are paper (the first 15), %s", name, strings.Join(corrupt.Names(), ", "))
		}
	}
	return slices.DeleteFunc(corrupt.Names(), func(name string) bool { return !slices.Contains(names, name) }), nil
}

// ParseSeverities reads one severity or a range of them.
func ParseSeverities(text string) ([]int, error) {
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	first, err1 := strconv.Atoi(low)
	last, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || first < 1 || last > corrupt.Severities || first > last {
		return nil, fmt.Errorf("expected a severity from 1 to %d or a range of them", corrupt.Severities)
	}
	var severities []int
	for severity := first; severity <= last; severity++ {
		severities = append(severities, severity)
	}
	return severities, nil
}
