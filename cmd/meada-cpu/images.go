package main

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// weightsHelp is the help of --weights where weights are used, see
// runfolder.WeightsFile.
const weightsHelp = "weights, or a run folder: those that were best on the source, held out or its own tests, else the last"

// declareImages declares the flags for the images of a run; resize says what is usual of
// pictures.
func declareImages(f *cli.Flags, i *catalog.Images, resize string) {
	names := catalog.DatasetNames()
	cli.Choice(f, &i.Dataset, "dataset", describeDatasets(), names...)
	f.Text(&i.Data, "data", "DIR", "where the files of the dataset are")
	declareDomains(f, i)
	declarePictures(f, i, resize)
}

// declareDomains declares the flags that choose domains.
func declareDomains(f *cli.Flags, i *catalog.Images) {
	domains := func(p *string, name, help string) {
		f.Add(name, &cli.Value{
			Kind:     "LIST",
			Read:     cli.ReadText(p, "domains"),
			Show:     func() string { return *p },
			Complete: cli.LastOfList(dataset.PACSDomains),
		}, help)
	}
	domains(&i.Source, "source", "domains to train on, with commas between; of PACS photo unless --target is given, of your own pictures all")
	domains(&i.Target, "target", "domains to leave out and test on; by default all that are not trained on")
}

// declareResize declares the flag for how pictures become images.
func declareResize(f *cli.Flags, r *dataset.Resize, usual string) {
	cli.Choice(f, r, "resize", "how a picture becomes a square: squash, crop (the shorter side fits, the centre is kept) or pad (the longer "+
		"side fits, black beside it); by default "+usual, dataset.Resizes...)
}

// declarePictures declares the flags for how pictures are read.
func declarePictures(f *cli.Flags, i *catalog.Images, usual string) {
	declareResize(f, &i.Resize, usual)
	f.Switch(&i.SkipBad, "skip-bad", "go on without the pictures that cannot be read")
	f.Text(&i.Cache, "cache", "DIR", "decode pictures once, to files in DIR that are mapped into memory: for more pictures than memory holds, and quicker starts")
}

// describePictures tells what pictures in files are understood to be.
func describePictures(std streams, data *dataset.Task) {
	if understood := catalog.Understood(data); understood != "" {
		fmt.Fprintf(std.err, "pictures: %s\n", understood)
	}
	warnClipped(std, data.Clipped)
}

// warnClipped tells of pictures that lose what is above 255.
func warnClipped(std streams, n int) {
	if clipped := catalog.Clipped(n); clipped != "" {
		fmt.Fprintln(std.err, "warning:", clipped)
	}
}

func describeDatasets() string {
	var all []string
	for i := range catalog.Datasets {
		d := &catalog.Datasets[i]
		if d.BuiltIn || d.Own {
			all = append(all, fmt.Sprintf("%s (%s)", d.Name, d.What))
		} else {
			all = append(all, d.Name)
		}
	}
	return strings.Join(all, ", ")
}

// declareTests declares the flags for what is tested.
func declareTests(f *cli.Flags, i *catalog.Images) {
	f.Add("corruptions", &cli.Value{
		Kind:     "WHAT",
		Read:     cli.ReadText(&i.Corruptions, "none, on-the-fly or a folder"),
		Show:     func() string { return i.Corruptions },
		Complete: cli.Words(catalog.NoCorruptions, catalog.OnTheFly),
		OrFile:   true,
	}, "corrupted versions of the source's own test set: none, on-the-fly, or a folder as of CIFAR-10-C; by default "+
		"CIFAR-10-C or CIFAR-100-C in --data if it is there, else none")
	f.Share(&i.Holdout, "holdout", "share of the training images of each class held out for validation; by default 0.2 where the source has nothing to test or validate on")
	f.Integer(&i.TestImages, "test-images", 1, "only N images of each test set, spread evenly over it")
}
