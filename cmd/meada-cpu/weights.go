package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// openWeights reads the weights at a path. That of a run folder becomes the path
// of those that are used of it.
func openWeights(path *string) (*zoo.Weights, error) {
	var err error
	if *path, err = runfolder.WeightsFile(*path); err != nil {
		return nil, err
	}
	return zoo.ReadWeights(*path)
}

// openNamed opens weights that name their network; help says what else does.
func openNamed(path *string, help string) (*zoo.Weights, error) {
	w, err := openWeights(path)
	if err == nil {
		err = w.CheckNamed(help)
	}
	return w, err
}

// blame names the file of weights in an error about what they compute.
func blame(path string, err error) error {
	if errors.As(err, new(*zoo.WeightsError)) {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// completeImages sets what the flags leave open to what weights were trained on: the
// dataset, which it returns, its source and target if it has domains of its own, and how
// its pictures are resized.
func completeImages(i *catalog.Images, w *zoo.Weights) (*catalog.Dataset, error) {
	i.Dataset = cmp.Or(i.Dataset, w.Metadata[zoo.MetaDataset])
	d, err := catalog.FindDataset(i.Dataset)
	if err != nil {
		return nil, cli.UsageError("%s does not say which dataset it belongs to, use --dataset", w.Path)
	}
	if len(d.Domains) > 0 && i.Source == "" && i.Target == "" { // the usual source may be another
		c, err := runOf(w)
		if err != nil {
			return nil, err
		}
		if c.Dataset == d.Name {
			i.Source, i.Target = c.Source, c.Target
		}
	}
	if i.Resize == "" && d.Pictures {
		i.Resize, err = w.Resize()
	}
	return d, err
}

// asTrained makes the images those that the run trained on in whose folder weights are:
// of its domains, without those held out, which the seed has drawn. All training images
// are meant where there is no such run, or it was on other data, which told is told of. It
// checks the settings.
func asTrained(told io.Writer, i *catalog.Images, w *zoo.Weights) (seed uint64, err error) {
	i.Corruptions, i.Holdout = catalog.NoCorruptions, new(float64)
	c, err := runOf(w)
	if err != nil {
		return 0, err
	}
	same := c.Dataset == i.Dataset && sameData(c.Data, i.Data)
	if same {
		i.Source, i.Target, i.Holdout, seed = c.Source, c.Target, &c.HeldOut, c.Seed
	}
	if err := i.Check(); err != nil {
		return 0, err
	}
	if !same && c.Dataset != "" {
		fmt.Fprintf(told, "note: the run trained on %s, so all images of %s are taken, held out ones too\n",
			cmp.Or(c.Data, c.Dataset), cmp.Or(i.Data, i.Dataset))
	}
	return seed, nil
}

// holdOutAsTrained sets what flags do not of what is held out to what the run on the same
// images has, in whose folder weights are: the seed that drew them, and the domains that
// they were drawn from. It tells where more is held out than that, or by another seed.
func (s *evalSettings) holdOutAsTrained(told io.Writer, w *zoo.Weights) error {
	c, err := runOf(w)
	if err != nil || c.Dataset != s.Dataset || !sameData(c.Data, s.Data) {
		return err
	}
	if !s.seeded {
		s.seed = c.Seed
	}
	if s.Source == "" && s.Target == "" {
		s.Source, s.Target = c.Source, c.Target
	}
	if *s.Holdout > c.HeldOut || s.seed != c.Seed {
		fmt.Fprintf(told, "warning: the run held out %v of its source by seed %d: --holdout %v --seed %d measures images that it trained on\n", c.HeldOut, c.Seed, *s.Holdout, s.seed)
	}
	return nil
}

// sameData reports whether two paths are of the same data: of folders or files of the same
// name, as after a move.
func sameData(a, b string) bool {
	absoluteA, errA := filepath.Abs(a)
	absoluteB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && filepath.Base(absoluteA) == filepath.Base(absoluteB)
}

// runOf returns the config of the run in whose folder weights are, an empty one where
// there is no such run.
func runOf(w *zoo.Weights) (*runfolder.Config, error) {
	c, err := runfolder.ConfigBeside(w.Path)
	if c == nil && err == nil {
		c = new(runfolder.Config)
	}
	return c, err
}
