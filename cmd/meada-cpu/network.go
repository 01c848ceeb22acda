package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// chooseNetwork chooses network, preset and weights for a dataset. The network is that
// which a file or a folder of weights says it is for, where no flag names one.
func (s *settings) chooseNetwork(d *catalog.Dataset) (model, preset, weights string, err error) {
	if s.Weights == "" || s.Weights == catalog.Pretrained || s.Weights == catalog.RandomWeights || s.config != "" || s.Resume != "" {
		return d.Choose(s.Model, s.Preset, s.Weights)
	}
	path, known := s.Weights, s.Model != "" || s.Preset != ""
	w, err := openWeights(&path)
	if err != nil && known { // the error is of the run
		return d.Choose(s.Model, s.Preset, s.Weights)
	}
	if err == nil && !known {
		err = w.CheckNamed("--model NAME says it")
	}
	if err != nil {
		return "", "", "", err
	}
	model, preset, weights, err = d.Choose(cmp.Or(s.Model, w.Model()), s.Preset, s.Weights)
	switch {
	case err != nil && s.Model == "":
		return "", "", "", cli.UsageError("--weights %s: it is for %s, and --dataset %s takes %s", s.Weights, w.Model(), d.Name, strings.Join(d.NetworkNames(), ", "))
	case err != nil || model != w.Model():
		return model, preset, weights, err
	}
	return model, preset, weights, s.followImages(w, d)
}

// followImages lets images have the size and the resizing that weights were trained with,
// where these are not the usual ones and no flag has others.
func (s *settings) followImages(w *zoo.Weights, d *catalog.Dataset) error {
	side, err := w.ImageSize()
	if err != nil {
		return err
	}
	if s.ImageSize == 0 && side != catalog.KindOf(w.Model()).Side() {
		s.ImageSize = side
	}
	resize, err := w.Resize()
	if s.Resize == "" && d.Pictures && resize != dataset.Squash {
		s.Resize = resize
	}
	return err
}

// nameChoices adds to the command what it leaves to the weights that this machine happens
// to have for own pictures, so that it does the same on others.
func (s *settings) nameChoices(given map[string]string) {
	if d, err := catalog.FindDataset(s.Dataset); err != nil || !d.Own || s.Resume != "" || s.config != "" {
		return
	}
	for _, choice := range [][2]string{{"preset", s.Preset}, {"model", s.Model}, {"weights", s.Weights}} {
		if given[choice[0]] == "" && choice[1] != "" {
			s.Command += fmt.Sprintf(" --%s=%s", choice[0], choice[1])
		}
	}
}

// complete sets what the flags leave open to what the weights say.
func (s *evalSettings) complete(told io.Writer, w *zoo.Weights) error {
	d, err := completeImages(&s.Images, w)
	if err != nil {
		return err
	}
	if s.Holdout != nil && *s.Holdout > 0 {
		if err := s.holdOutAsTrained(told, w); err != nil {
			return err
		}
	}
	if own := w.Model(); s.model == "" && own != "" {
		if s.model, err = d.ChooseNetwork(own); err != nil {
			return &zoo.WeightsError{Err: fmt.Errorf("%s: it holds %s: %w", s.weights, w.Metadata[zoo.MetaModel], err)}
		}
	} else if s.model, err = d.ChooseNetwork(s.model); err != nil {
		return err
	}
	return s.Check()
}
