package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// corruptSettings are what the flags of corrupt decide.
type corruptSettings struct {
	dataset, data, domain string
	out, sheet, frostDir  string
	names                 []string
	severities            []int
	seed                  uint64
	threads               int
	quiet                 bool
}

func newCorrupt(std streams) *cobra.Command {
	s := corruptSettings{dataset: catalog.Datasets[0].Name, names: corrupt.Names(), seed: catalog.CorruptionSeed}
	s.severities, _ = parseSeverities("1-5")
	c := &cobra.Command{
		Use:   "corrupt --out DIR",
		Short: "write a test set under the corruptions of CIFAR-10-C",
		Long: `Writes the corruptions of a test set in the layout of CIFAR-10-C: for each
corruption a <name>.npy, uint8 of 5N x H x W x 3, the N images at severity 1,
then 2, ... 5, and a labels.npy. The constants are the published ones. The same
seed gives the same bytes on every machine.`,
		Args: cli.NoArguments,
		Example: "meada-cpu corrupt --out digits-c\n" +
			"meada-cpu corrupt --dataset cifar10 --data DIR --corruptions paper --out cifar10-c\n" +
			"meada-cpu corrupt --out one --corruptions fog,snow --sheet one.png",
		RunE: func(*cobra.Command, []string) error { return runCorrupt(std, s) },
	}
	cli.SetNotes(c, `Images of PACS have 224 pixels, those of the others 32. In larger images, blurs,
flakes and drops are larger too. An interruption (ctrl-C) leaves the corruptions
that are complete; name the others with --corruptions to go on.`)
	f := cli.NewFlags(c.Flags())
	f.Group("what to corrupt")
	cli.Choice(f, &s.dataset, "dataset", describeDatasets(), catalog.DatasetNames()...)
	f.Text(&s.data, "data", "DIR", "where the files of the dataset are")
	f.Text(&s.domain, "domain", "NAME", "one of its other test sets; by default the source's own, for PACS photo")
	f.Group("how")
	f.Add("corruptions", &cli.Value{
		Kind: "LIST",
		Read: func(v string) (err error) {
			s.names, err = parseCorruptions(v)
			return err
		},
		Complete: cli.LastOfList(append([]string{"paper"}, corrupt.Names()...)),
	}, fmt.Sprintf("names with commas between, or paper for the %d that the paper averages over; by default all %d",
		len(corrupt.Paper()), len(corrupt.Names())))
	f.Add("severities", &cli.Value{
		Kind: "A-B",
		Read: func(v string) (err error) {
			s.severities, err = parseSeverities(v)
			return err
		},
		Show: func() string { return fmt.Sprintf("%d-%d", s.severities[0], s.severities[len(s.severities)-1]) },
	}, "which of them, fewer for other tools: eval and train need all five")
	f.Text(&s.frostDir, "frost-dir", "DIR", "cut frost from the pictures in DIR, photographs if possible, instead of drawing it")
	f.Seed(&s.seed, "seed", "everything random follows from it")
	f.Group("running")
	f.Text(&s.out, "out", "DIR", "folder to write to; no file in it is ever overwritten")
	f.Text(&s.sheet, "sheet", "FILE", "draw a PNG of the first image, a row for each corruption")
	f.Integer(&s.threads, "threads", 1, "workers, the result does not depend on it; by default all CPUs")
	f.Switch(&s.quiet, "quiet", "no progress")
	return c
}

// parseCorruptions reads names separated by commas; paper stands for 15 of them.
func parseCorruptions(list string) ([]string, error) {
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

// parseSeverities reads one severity or a range of them.
func parseSeverities(text string) ([]int, error) {
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

func runCorrupt(std streams, s corruptSettings) error {
	if s.out == "" {
		return cli.UsageError("corrupt needs --out DIR")
	}
	for _, path := range append(s.paths(), s.sheet) {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already and is not overwritten", path)
		}
	}
	var textures []corrupt.Texture
	if s.frostDir != "" {
		var err error
		if textures, err = dataset.Textures(s.frostDir); err != nil {
			return err
		}
	}
	d, err := catalog.FindDataset(s.dataset)
	if err != nil {
		return err
	}
	images, err := d.ReadTest(s.data, s.domain)
	if err != nil {
		return err
	}
	engine, err := tensor.NewEngine(s.threads)
	if err != nil {
		return err
	}
	defer engine.Close()
	c := corruptor{
		corruptSettings: s,
		images:          images,
		suite:           corrupt.NewSuite(engine, images.W, images.H, s.seed, textures),
		progress:        cli.NewStatus(std.err, s.quiet),
		started:         time.Now(),
	}
	defer c.progress.Clear()
	if err := c.write(); err != nil {
		return err
	}
	c.progress.Clear()
	fmt.Fprintf(std.out, "%s: %d corruptions at %d severities of %s images, %s\n", s.out,
		len(s.names), len(s.severities), cli.Count(images.N), cli.Duration(time.Since(c.started).Seconds()))
	return nil
}

// paths are the files of the corruptions.
func (s *corruptSettings) paths() []string {
	var paths []string
	for _, name := range s.names {
		paths = append(paths, filepath.Join(s.out, name+".npy"))
	}
	return paths
}

// corruptor writes a folder of corrupted images.
type corruptor struct {
	corruptSettings
	images   *dataset.Images
	suite    *corrupt.Suite
	progress *cli.Status
	started  time.Time
	done     int // images
}

func (c *corruptor) write() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := os.MkdirAll(c.out, 0o777); err != nil {
		return err
	}
	if err := c.writeLabels(); err != nil {
		return err
	}
	for i, path := range c.paths() {
		shape := []int{len(c.severities) * c.images.N, c.images.H, c.images.W, 3}
		err := npy.WriteBytes(path, shape, func(w io.Writer) error {
			return c.writeImages(ctx, w, c.names[i])
		})
		if err != nil {
			return err
		}
	}
	if c.sheet == "" {
		return nil
	}
	return atomicfile.Write(c.sheet, func(w io.Writer) error { return png.Encode(w, c.contactSheet()) })
}

// writeLabels writes the labels, once for each severity. Labels that are there
// already, from other corruptions of the same images, must be the same.
func (c *corruptor) writeLabels() error {
	path := filepath.Join(c.out, "labels.npy")
	labels := labelArray(slices.Repeat(c.images.Labels, len(c.severities)))
	there, err := npy.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return npy.Write(path, labels)
	case err != nil:
		return &dataset.Error{Path: path, Err: errors.Unwrap(err)}
	case !slices.Equal(there.Bytes, labels.Bytes) || !slices.Equal(there.Int64, labels.Int64):
		return fmt.Errorf("%s is there already with other labels: the folder holds corruptions of other images", path)
	}
	return nil
}

// corruptBatch is how many images are corrupted before they are written.
const corruptBatch = 256

// writeImages writes the images under one corruption, their channels interleaved.
func (c *corruptor) writeImages(ctx context.Context, w io.Writer, name string) error {
	size := c.images.H * c.images.W
	planar := make([]uint8, min(corruptBatch, c.images.N)*3*size)
	interleaved := make([]uint8, len(planar))
	for _, severity := range c.severities {
		for first := 0; first < c.images.N; first += corruptBatch {
			if ctx.Err() != nil {
				return cli.ErrInterrupted
			}
			n := min(corruptBatch, c.images.N-first)
			src := c.images.Data[first*3*size:][:n*3*size]
			c.suite.Apply(planar[:len(src)], src, name, severity, first)
			for i := range n {
				from, to := planar[i*3*size:][:3*size], interleaved[i*3*size:][:3*size]
				for p := range size {
					to[3*p], to[3*p+1], to[3*p+2] = from[p], from[size+p], from[2*size+p]
				}
			}
			if _, err := w.Write(interleaved[:len(src)]); err != nil {
				return err
			}
			c.done += n
			c.progress.Update(time.Now(), "corrupt", func() string {
				seconds := time.Since(c.started).Seconds()
				rate := float64(c.done) / seconds
				left := float64(len(c.names)*len(c.severities)*c.images.N-c.done) / rate
				return fmt.Sprintf("%s, severity %d  %.0f images/s  ETA %s", name, severity, rate, cli.Duration(left))
			})
		}
	}
	return nil
}

// contactSheet shows the first image, untouched and at every severity, a row for
// each corruption.
func (c *corruptor) contactSheet() image.Image {
	const gap = 2
	w, h := c.images.W, c.images.H
	sheet := image.NewRGBA(image.Rect(0, 0, (1+len(c.severities))*(w+gap)-gap, len(c.names)*(h+gap)-gap))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	place := func(planar []uint8, row, column int) {
		for p := range h * w {
			sheet.SetRGBA(column*(w+gap)+p%w, row*(h+gap)+p/w, color.RGBA{planar[p], planar[h*w+p], planar[2*h*w+p], 255})
		}
	}
	out := make([]uint8, 3*h*w)
	for row, name := range c.names {
		place(c.images.Image(0), row, 0)
		for i, severity := range c.severities {
			c.suite.Apply(out, c.images.Image(0), name, severity, 0)
			place(out, row, i+1)
		}
	}
	return sheet
}
