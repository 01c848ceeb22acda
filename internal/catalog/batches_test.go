package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/objective"
	"github.com/meada-cpu/meada-cpu/train/zoo"
)

// RandConv's first view is convolved too, and the others go on from it.
func TestRandConv(t *testing.T) {
	t.Parallel()
	conv := batch.RandConv{Sides: []int{1, 3, 5, 7}, Identity: 0.5, Range: batch.Range{Mean: 0.5, Std: 0.5}}
	first := batch.AsView{View: 0, Op: conv}
	other := train.View{Batch: []augment.BatchOp{first, conv}}
	c := presetConfig(t, "digits", "lenet5", RandConv)
	require.Equal(t, train.Config{
		Seed: 1, BatchSize: 32,
		Schedule:  train.Steps{Total: 10001, TestEvery: 250},
		Optimiser: train.Adam{LR: 1e-4},
		Views:     []train.View{{Batch: []augment.BatchOp{first}}, other, other},
		Objective: objective.Config{Consistency: 5},
	}, c)
	conv.Range = batch.Range{}
	c = presetConfig(t, "cifar10", "wrn", RandConv)
	require.Equal(t, batch.AsView{View: 0, Op: conv}, c.Views[0].Batch[0])

	s := Digits(ERM)
	s.Views = ViewsRandConvMix
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, []train.View{{Batch: []augment.BatchOp{
		batch.RandConv{Sides: []int{1, 3, 5, 7}, Mix: true, Range: batch.Range{Mean: 0.5, Std: 0.5}},
	}}}, c.Views)
}

// Progressive random convolutions train on an image and one view of it.
func TestProRandConv(t *testing.T) {
	t.Parallel()
	require.Equal(t, train.Config{
		Seed: 1, BatchSize: 64,
		Schedule:  train.Steps{Total: 78126, TestEvery: 1000},
		Optimiser: train.SGD{LR: 0.01, Momentum: 0.9, Cosine: true},
		Views: []train.View{{}, {Batch: []augment.BatchOp{
			batch.ProRandConv{Most: 10, Offset: 0.2, Affine: 0.5, Range: batch.Range{Mean: 0.5, Std: 0.5}},
		}}},
		Objective: objective.Config{Views: []float64{1, 1}},
	}, presetConfig(t, "digits", "lenet5", ProRandConv))
	c := presetConfig(t, "pacs", "alexnet", ProRandConv)
	require.Equal(t, []augment.BatchOp{batch.ProRandConv{Most: 10, Offset: 0.5, Affine: 0.5}}, c.Views[1].Batch)
	require.Equal(t, train.Epochs{Total: 50, TestEvery: 1}, c.Schedule)
}

// Every view mixes the same images.
func TestMixtures(t *testing.T) {
	t.Parallel()
	mixup := batch.AsView{View: 0, Op: batch.Mixup{Alpha: 1}}
	c := presetConfig(t, "digits", "lenet5", Mixup)
	require.Equal(t, []train.View{{Batch: []augment.BatchOp{mixup}}}, c.Views)
	c = presetConfig(t, "cifar10", "wrn", CutMix)
	require.Equal(t, []augment.BatchOp{batch.AsView{View: 0, Op: batch.CutMix{Alpha: 1, Probability: 0.5}}}, c.Views[0].Batch)
	c = presetConfig(t, "cifar10", "wrn", NoisyMix)
	require.Equal(t, train.Epochs{Total: 200, TestEvery: 1}, c.Schedule)
	require.InDelta(t, 12, c.Objective.Consistency, 0)
	require.Len(t, c.Views, 3)
	for i, v := range c.Views {
		require.Equal(t, []augment.HiddenOp{mixup, batch.Noise{Additive: 0.5 * float64(i+1), Multiplicative: 0.5, Sparsity: 0.65}}, v.Hidden)
		require.Empty(t, v.Batch)
		require.Equal(t, i > 0, v.Values == image.AugMix{Severity: 3, Width: 3, Alpha: 1})
	}
	c = presetConfig(t, "cifar10", "allconv", NoisyMix) // which has no stages to mix behind
	require.Equal(t, []augment.BatchOp{mixup, batch.Noise{Additive: 1.5, Multiplicative: 0.5, Sparsity: 0.65}}, c.Views[2].Batch)
	require.Empty(t, c.Views[2].Hidden)
}

// The networks with places to mix at are those that are listed.
func TestStagedNetworks(t *testing.T) {
	t.Parallel()
	var staged []string
	for _, n := range zoo.Networks {
		if places := n.New(2).Places(); len(places) > 0 {
			require.Len(t, places, 3, n.Name)
			staged = append(staged, n.Name)
		}
	}
	require.Equal(t, staged, StagedNetworks)
}

func TestFractals(t *testing.T) {
	t.Parallel()
	s := Digits(ERM)
	s.Views = ViewsPixMix + "+" + ViewsFractals
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, []train.View{{Image: []augment.ImageOp{image.PixMix{Rounds: 4, Beta: 3, Severity: 3}, image.Fractals{Most: 1}}}}, c.Views)
	s.Views, err = ParseViews("pixmix,fractals+randconv")
	require.NoError(t, err)
	c, err = s.Config("lenet5")
	require.NoError(t, err)
	require.Len(t, c.Views[0].Batch, 1)
	require.Equal(t, []augment.ImageOp{image.OneOf{image.PixMix{Rounds: 4, Beta: 3, Severity: 3}, image.Fractals{Most: 1}}}, c.Views[0].Image)
	c = presetConfig(t, "digits-best", "lenet5", "")
	require.Len(t, c.Views, 3)
	crop := image.Common{Op: image.ResizedCrop{Least: 0.7}}
	require.Equal(t, []augment.ImageOp{crop}, c.Views[0].Image)
	for _, v := range c.Views[1:] {
		require.Equal(t, []augment.ImageOp{crop, image.OneOf{
			image.RandAugment{Operations: 2, Magnitude: 9}, image.PixMix{Rounds: 4, Beta: 3, Severity: 3}, image.Leaves{Most: 1},
		}}, v.Image)
	}
	require.InDelta(t, 5, c.Objective.Consistency, 0)
	require.InDelta(t, 2, c.Objective.Contrast, 0)
}

func TestPrime(t *testing.T) {
	t.Parallel()
	c := presetConfig(t, "cifar10", "wrn", Prime)
	require.Len(t, c.Views, 3)
	require.Nil(t, c.Views[0].Values)
	require.Equal(t, image.Prime{Width: 3, Depth: 3, Cut: 100, Colour: 0.01, Filter: 4}, c.Views[2].Values)
	require.InDelta(t, 12, c.Objective.Consistency, 0)
	require.Equal(t, train.SGD{LR: 0.2, Momentum: 0.9, Decay: 5e-4, Cosine: true}, c.Optimiser)
	require.Equal(t, [2]float64{0.25, 0.5}, [2]float64{c.OneCycle, c.Clip})
	require.Zero(t, presetConfig(t, "digits", "lenet5", Prime).OneCycle)
}

func TestViewsOneAfterTheOther(t *testing.T) {
	t.Parallel()
	v, err := ParseViews("randaugment+augmix+randconv")
	require.NoError(t, err)
	s := Digits(MEADA)
	s.Views, s.Consistency, s.AllViews, s.EMA, s.Cosine = v, 5, true, 0.999, true
	require.NoError(t, s.checkViews())
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.True(t, c.Growth.Bytes)
	require.Equal(t, objective.Config{Consistency: 5, Views: []float64{1, 1, 1}}, c.Objective)
	require.Equal(t, train.EMA{Decay: 0.999}, c.Averaging)
	require.Equal(t, train.Adam{LR: 1e-4, Cosine: true}, c.Optimiser)
	require.Empty(t, c.Views[0].Image)
	require.Len(t, c.Views[0].Batch, 1)
	require.Equal(t, []augment.ImageOp{image.RandAugment{Operations: 2, Magnitude: 9}}, c.Views[1].Image)
	require.NotNil(t, c.Views[1].Values)
	require.Len(t, c.Views[1].Batch, 2)
	require.Equal(t, "randaugment+augmix+randconv, two such views beside the image, consistency 5, the cross-entropy of all", s.DescribeViews())

	s.Views = ViewsRandConv // phases keep values where nothing changes bytes
	c, err = s.Config("lenet5")
	require.NoError(t, err)
	require.False(t, c.Growth.Bytes)

	for names, message := range map[string]string{
		"randconv+randaugment": "randaugment cannot follow the views before it",
		"augmix+augmix":        "augmix cannot follow the views before it",
		"randconv+":            "expected none, augmix",
		"randconv+none":        "expected none, augmix",
	} {
		_, err := ParseViews(names)
		require.ErrorContains(t, err, message)
	}
	s.EMA, s.SWA = 0, 0.75
	c, err = s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, train.SWA{From: 7500, Every: 1}, c.Averaging)
	s.MaxSteps = 100
	c, err = s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, train.SWA{From: 75, Every: 1}, c.Averaging, "of the steps that the run has")
	s = CIFAR(ERM)
	s.SWA = 0.999
	c, err = s.Config("wrn")
	require.NoError(t, err)
	require.Equal(t, train.SWA{From: 99, Every: 1}, c.Averaging, "there is a mean at the end of the run")

	_, err = ParseMix("mixip")
	require.ErrorContains(t, err, "expected none, mixup, cutmix")
}

func TestCheckViewsOfBatches(t *testing.T) {
	t.Parallel()
	for message, change := range map[string]func(*Settings){
		"--contrast 1 and --mix cutmix":                func(s *Settings) { s.Contrast, s.Mix = 1, MixCut },
		"--manifold: nothing acts within the network":  func(s *Settings) { s.Manifold, s.Mix = true, MixCut },
		"--ema 1: expected a number":                   func(s *Settings) { s.EMA = 1 },
		"--swa 1: expected a share":                    func(s *Settings) { s.SWA = 1 },
		"--swa 0.5 and --max-steps 9: the run may end": func(s *Settings) { s.EMA, s.SWA, s.MaxSteps, s.Epochs = 0, 0.5, 9, 3 },
		"--ema 0.9 and --swa 0.5: expected one":        func(s *Settings) { s.EMA, s.SWA = 0.9, 0.5 },
		"--all-views: all views of an image would be":  func(s *Settings) { s.AllViews = true },
	} {
		s := CIFAR(ERM)
		change(&s)
		require.ErrorContains(t, s.checkViews(), message)
	}
}
