package catalog

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/batch"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

func presetConfig(t *testing.T, preset, network string, a Algorithm) train.Config {
	t.Helper()
	p, err := FindPreset(preset)
	require.NoError(t, err)
	s := p.Settings(network, a, 0)
	require.NoError(t, s.checkViews())
	c, err := s.Config(network)
	require.NoError(t, err)
	return c
}

// Every method goes with every preset.
func TestMethodsOfPresets(t *testing.T) {
	t.Parallel()
	for i := range Presets {
		d, err := FindDataset(Presets[i].Dataset)
		require.NoError(t, err)
		for _, a := range Algorithms() {
			s := Presets[i].Settings(d.Usual, a, 0)
			require.NoError(t, s.Check(Pretrained), "%s %s", Presets[i].Name, a)
		}
	}
}

// The square that Cutout takes out is a share of the image.
func TestCutoutFollowsTheSide(t *testing.T) {
	t.Parallel()
	for side, want := range map[int]int{0: 112, 224: 112, 160: 80, 64: 32} {
		p, err := FindPreset("pictures")
		require.NoError(t, err)
		require.Equal(t, want, p.Settings("resnet18", Cutout, side).Cutout)
	}
}

// What the methods' authors have, by dataset.
func TestMethodsThatChangeImages(t *testing.T) {
	t.Parallel()
	moved := []augment.ImageOp{image.Flip{}, image.Crop{Padding: 4}}
	with := func(op augment.ImageOp) []train.View {
		return []train.View{{Image: append(append([]augment.ImageOp(nil), moved...), op)}}
	}
	for _, c := range []struct {
		preset, network string
		method          Algorithm
		want            []train.View
	}{
		{"cifar10", "wrn", Cutout, with(image.Cutout{Side: 16, Value: 128})},
		{"cifar100", "wrn", Cutout, with(image.Cutout{Side: 8, Value: 128})},
		{"cifar10", "wrn", AutoAugment, with(image.AutoAugment{Policy: image.CIFAR10})},
		{"cifar10", "wrn", RandAugment, with(image.RandAugment{Operations: 2, Magnitude: 9})},
		{"digits", "lenet5", Cutout, []train.View{{Image: []augment.ImageOp{image.Cutout{Side: 16, Value: 128}}}}},
		{"digits", "lenet5", AutoAugment, []train.View{{Image: []augment.ImageOp{image.AutoAugment{Policy: image.SVHN}}}}},
		{"pictures", "alexnet", AutoAugment, []train.View{{Image: []augment.ImageOp{image.Flip{}, image.AutoAugment{Policy: image.ImageNet}}}}},
	} {
		got := presetConfig(t, c.preset, c.network, c.method)
		require.Equal(t, c.want, got.Views, "%s %s", c.preset, c.method)
		require.Equal(t, objective.Config{}, got.Objective)
		require.Zero(t, got.Growth)
	}
}

// AugMix has three views, moved alike, and the consistency of its authors.
func TestAugMix(t *testing.T) {
	t.Parallel()
	moved := []augment.ImageOp{image.Common{Op: image.Flip{}}, image.Common{Op: image.Crop{Padding: 4}}}
	mixed := train.View{Image: moved, Values: image.AugMix{Severity: 3, Width: 3, Alpha: 1}}
	c := presetConfig(t, "cifar10", "wrn", AugMix)
	require.Equal(t, []train.View{{Image: moved}, mixed, mixed}, c.Views)
	require.Equal(t, objective.Config{Consistency: 12}, c.Objective)
	require.Equal(t, image.AugMix{Severity: 1, Width: 3, Alpha: 1}, presetConfig(t, "pacs", "alexnet", AugMix).Views[1].Values)

	s := CIFAR(AugMix)
	s.Views, s.Consistency = ViewsAugMix, 0
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, []train.View{{Image: []augment.ImageOp{image.Flip{}, image.Crop{Padding: 4}}, Values: mixed.Values}}, c.Views)
}

// Parts combine: phases, then, keep bytes.
func TestPartsCombine(t *testing.T) {
	t.Parallel()
	s := Digits(MEADA)
	s.Views, s.Consistency, s.Smoothing = ViewsRandAugment, 10, 0.1
	s.ResizedCrop, s.Jitter, s.Grey, s.Cutout = 0.7, 0.6, 0.1, 4
	require.NoError(t, s.checkViews())
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, objective.Config{Consistency: 10, Smoothing: 0.1}, c.Objective)
	require.Equal(t, 3, c.Growth.Phases)
	require.True(t, c.Growth.Bytes)
	require.InDelta(t, 1, c.Growth.Ascent.Max, 0)
	common := []augment.ImageOp{
		image.Common{Op: image.ResizedCrop{Least: 0.7}},
		image.Common{Op: image.Jitter{Brightness: 0.6, Contrast: 0.6, Colour: 0.6, Hue: 0.5}},
		image.Common{Op: image.RandomGrey{Probability: 0.1}},
	}
	changed := append(append([]augment.ImageOp(nil), common...),
		image.RandAugment{Operations: 2, Magnitude: 9}, image.Cutout{Side: 4, Value: 128})
	require.Equal(t, []train.View{{Image: common}, {Image: changed}, {Image: changed}}, c.Views)
	require.Equal(t, "resized crops of 0.7 of the area and more, jitter 0.6, grey with probability 0.1, randaugment, "+
		"cutout of 4 pixels, two such views beside the image, consistency 10, label smoothing 0.1", s.DescribeViews())

	plain := Digits(MEADA)
	require.Empty(t, plain.DescribeViews())
	c, err = plain.Config("lenet5")
	require.NoError(t, err)
	require.False(t, c.Growth.Bytes)
}

func TestParseViews(t *testing.T) {
	t.Parallel()
	for _, name := range ViewNames {
		v, err := ParseViews(name)
		require.NoError(t, err)
		require.Equal(t, name, v.String())
		var view train.View
		v.add(&view, "lenet5")
		require.Equal(t, name == none, view.Image == nil && view.Values == nil && view.Batch == nil, name)
	}
	_, err := ParseViews("augmx")
	require.ErrorContains(t, err, "expected none, augmix, ")
	require.ErrorContains(t, err, "augmix?")
}

// Views that draw from one stream do not draw the same numbers.
func TestViewsAnew(t *testing.T) {
	t.Parallel()
	of := func(names string) (view train.View) {
		v, err := ParseViews(names)
		require.NoError(t, err)
		v.add(&view, "wrn")
		return view
	}
	rand, auto := image.RandAugment{Operations: 2, Magnitude: 9}, image.AutoAugment{Policy: image.CIFAR10}
	pix, leaves := image.PixMix{Rounds: 4, Beta: 3, Severity: 3}, image.Leaves{Most: 1}
	require.Equal(t, []augment.ImageOp{auto, pix, image.Anew{Op: rand, Time: 1}, image.Anew{Op: rand, Time: 2}},
		of("autoaugment+pixmix+randaugment+randaugment").Image)
	require.Equal(t, []augment.ImageOp{image.OneOf{pix, auto}, leaves, image.Anew{Op: image.OneOf{image.Fractals{Most: 1}, leaves}, Time: 1}},
		of("pixmix,autoaugment+leaves+fractals,leaves").Image)
	require.Equal(t, []augment.ImageOp{image.OneOf{rand, pix, leaves}}, of("randaugment,pixmix,leaves+randconv").Image)
	twice := of("randconv+randconv-mix+pro-randconv").Batch
	require.Equal(t, []augment.BatchOp{
		ViewsRandConv.batchOp("wrn"), batch.Anew{Op: ViewsRandConvMix.batchOp("wrn"), Time: 1}, ViewsProRandConv.batchOp("wrn"),
	}, twice)
}

func TestCheckViews(t *testing.T) {
	t.Parallel()
	for message, change := range map[string]func(*Settings){
		"--resized-crop 1.5: expected a part of the area":  func(s *Settings) { s.ResizedCrop = 1.5 },
		"--grey 2: expected a probability, 0 to 1":         func(s *Settings) { s.Grey = 2 },
		"--label-smoothing 1: expected a probability":      func(s *Settings) { s.Smoothing = 1 },
		"--consistency 12: all views of an image would be": func(s *Settings) { s.Consistency = 12 },
	} {
		s := CIFAR(ERM)
		require.NoError(t, s.checkViews())
		change(&s)
		require.ErrorContains(t, s.checkViews(), message)
	}
}

// Descent steps raise the entropy of the predictions, or lower it.
func TestEntropyOfEitherSign(t *testing.T) {
	t.Parallel()
	for weight, told := range map[float64]string{0.5: "entropy raised with weight 0.5", -0.5: "entropy lowered with weight 0.5", 0: ""} {
		s := CIFAR(ERM)
		s.Flip, s.Crop, s.EtaMin = false, 0, weight
		c, err := s.Config("wrn")
		require.NoError(t, err)
		require.Equal(t, -weight, c.Objective.Entropy)
		require.False(t, math.Signbit(c.Objective.Entropy) && weight == 0)
		require.Equal(t, told, s.DescribeViews())
	}
}

// Our own presets test the average of the weights, published ones do not.
func TestPresetsAverage(t *testing.T) {
	t.Parallel()
	own := map[string]train.EMA{
		"synthetic": {Decay: 0.99}, "quick": {Decay: 0.99}, "digits-best": {Decay: 0.99}, "pictures": {Decay: 0.9},
	}
	published := map[string]string{"digits": "lenet5", "cifar10": "wrn", "cifar100": "wrn", "pacs": "resnet18"}
	require.Len(t, Presets, len(own)+len(published))
	for preset, average := range own {
		network := "lenet5"
		if preset == "pictures" {
			network = "resnet18"
		}
		require.Equal(t, average, presetConfig(t, preset, network, "").Averaging, preset)
	}
	for preset, network := range published {
		require.Nil(t, presetConfig(t, preset, network, "").Averaging, preset)
	}
}
