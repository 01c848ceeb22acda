package main

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// chooseNetwork chooses network, preset and weights for a dataset. The network, and the size
// and the resizing of its images, are those which a file or a folder of weights says it is
// for, where no flag names the network.
func (s *settings) chooseNetwork(d *catalog.Dataset) (model, preset, weights string, err error) {
	path := s.Weights
	if s.Model != "" || path == "" || path == catalog.Pretrained {
		return d.Choose(s.Model, s.Preset, s.Weights)
	}
	w, err := openWeights(&path)
	if err != nil && s.Preset != "" { // which has a network: the error is of the run
		return d.Choose("", s.Preset, s.Weights)
	}
	if err == nil && s.Preset == "" {
		err = w.CheckNamed("--model NAME says it")
	}
	if err != nil {
		return "", "", "", err
	}
	if model, preset, weights, err = d.Choose(w.Model(), s.Preset, s.Weights); err != nil {
		return "", "", "", cli.UsageError("--weights %s: it is for %s, and --dataset %s takes %s", s.Weights, w.Model(), d.Name, strings.Join(d.NetworkNames(), ", "))
	}
	if s.ImageSize == 0 {
		if s.ImageSize, err = w.ImageSize(); err != nil {
			return "", "", "", err
		}
	}
	if s.Resize == "" && d.Pictures {
		s.Resize, err = w.Resize()
	}
	return model, preset, weights, err
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
func (s *evalSettings) complete(w *zoo.Weights) error {
	d, err := completeImages(&s.Images, w)
	if err != nil {
		return err
	}
	if !s.seeded {
		if s.seed, err = seedOfRun(w, &s.Images, s.seed); err != nil {
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
