package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/imageset"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// corruptSettings are what the flags of corrupt decide.
type corruptSettings struct {
	pictures             catalog.Images
	domain               string
	out, sheet, frostDir string
	names                []string
	severities           []int
	seed                 uint64
	threads              int
	quiet                bool
}

func newCorrupt(std streams) *cobra.Command {
	s := corruptSettings{pictures: catalog.Images{Dataset: catalog.Datasets[0].Name}, names: corrupt.Names(), seed: catalog.CorruptionSeed}
	s.severities, _ = imageset.ParseSeverities("1-5")
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
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if !c.Flags().Changed("dataset") {
				if s.pictures.Dataset, err = catalog.Presets[0].DatasetOf(s.pictures.Data); err != nil {
					return err
				}
			}
			return runCorrupt(std, s)
		},
	}
	cli.SetNotes(c, `Images of PACS have 224 pixels, those of the others 32. In larger images, blurs,
flakes and drops are larger too. An interruption (ctrl-C) leaves the corruptions
that are complete; name the others with --corruptions to go on.`)
	f := cli.NewFlags(c.Flags())
	f.Group("what to corrupt")
	cli.Choice(f, &s.pictures.Dataset, "dataset", describeDatasets(), catalog.DatasetNames()...)
	f.Text(&s.pictures.Data, "data", "DIR", "where the files of the dataset are")
	declarePictures(f, &s.pictures, "squash")
	f.Text(&s.domain, "domain", "NAME", "one of its other test sets; by default the source's own, for PACS photo")
	f.Group("how")
	f.Add("corruptions", &cli.Value{
		Kind: "LIST",
		Read: func(v string) (err error) {
			s.names, err = imageset.ParseCorruptions(v)
			return err
		},
		Complete: cli.LastOfList(append([]string{"paper"}, corrupt.Names()...)),
	}, fmt.Sprintf("names with commas between, or paper for the %d that the paper averages over; by default all %d",
		len(corrupt.Paper()), len(corrupt.Names())))
	f.Add("severities", &cli.Value{
		Kind: "A-B",
		Read: func(v string) (err error) {
			s.severities, err = imageset.ParseSeverities(v)
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

func runCorrupt(std streams, s corruptSettings) error {
	if s.out == "" {
		return cli.UsageError("corrupt needs --out DIR")
	}
	if s.frostDir != "" && !slices.Contains(s.names, "frost") {
		return cli.UsageError("--frost-dir %s: expected frost among --corruptions", s.frostDir)
	}
	c := imageset.Corrupted{Names: s.names, Severities: s.severities, Sheet: s.sheet, Status: cli.NewStatus(std.err, s.quiet)}
	for _, path := range append(c.Paths(s.out), s.sheet) {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already and is not overwritten", path)
		}
	}
	var textures []corrupt.Texture
	var err error
	if s.frostDir != "" {
		var others []dataset.LeftOut
		if textures, others, err = dataset.Textures(s.frostDir); err != nil {
			return err
		}
		if leftOut := catalog.LeftOut(others, nil); leftOut != "" {
			fmt.Fprintf(std.err, "--frost-dir %s: %s\n", s.frostDir, leftOut)
		}
	}
	test, err := s.pictures.ReadTest(s.domain, c.Status)
	if err != nil {
		return err
	}
	c.Images = &test.Images
	if leftOut := catalog.LeftOut(test.LeftOut, test.Bad); leftOut != "" {
		fmt.Fprintln(std.err, leftOut)
	}
	warnClipped(std, test.Clipped)
	engine, err := tensor.NewEngine(cli.Threads(s.threads, std.err))
	if err != nil {
		return err
	}
	defer engine.Close()
	c.Suite = corrupt.NewSuite(engine, c.Images.W, c.Images.H, s.seed, textures)
	ctx, stop := cli.Interruption()
	defer stop()
	started := time.Now()
	err = c.Write(ctx, s.out)
	c.Status.Clear()
	if err != nil {
		return err
	}
	severities := fmt.Sprintf("%d severities", len(s.severities))
	if len(s.severities) == 1 {
		severities = "1 severity"
	}
	_, err = fmt.Fprintf(std.out, "%s: %s at %s of %s, %s\n", s.out, cli.Number(len(s.names), "corruption"),
		severities, cli.Number(c.Images.N, "image"), cli.Duration(time.Since(started).Seconds()))
	return err
}
