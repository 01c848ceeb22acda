package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/augment/transform"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/objective"
)

// The settings of AdvST's authors; ME-AdvST has the entropy beside them.
func TestAdvST(t *testing.T) {
	t.Parallel()
	want := train.Config{
		Seed: 1, BatchSize: 32,
		Schedule:  train.Steps{Total: 89063, TestEvery: 1000},
		Optimiser: train.Adam{LR: 1e-4, Cosine: true},
		Objective: objective.Config{Entropy: -10, Contrast: 1},
		Growth: train.Growth{Phases: 89063, Every: 1875, Sets: 5, Ring: true, Ascent: augment.Config{
			Steps: 20, LR: 0.2, Gamma: 100, Transforms: transform.Chains{Longest: 3}, Tolerance: 0.1,
		}},
	}
	require.Equal(t, want, presetConfig(t, "digits", "lenet5", AdvST))
	want.Growth.Ascent.Eta = 10
	require.Equal(t, want, presetConfig(t, "digits", "lenet5", MEAdvST))
	require.Equal(t, train.Growth{Phases: 50, Every: 1, Sets: 3, Ring: true, Bytes: true, Ascent: augment.Config{
		Steps: 50, LR: 5, Gamma: 10, Eta: 10, Transforms: transform.Chains{Longest: 3, Bounded: true}, Tolerance: 0.1,
	}}, presetConfig(t, "pacs", "resnet18", MEAdvST).Growth)

	require.Equal(t, presetConfig(t, "pacs", "resnet18", MEAdvST), presetConfig(t, "pacs", "resnet18", AdvST), "which has the entropy there")

	for network, frozen := range map[string]bool{"resnet18": true, "alexnet": false} {
		preset, err := FindPreset("pacs")
		require.NoError(t, err)
		s := preset.Settings(network, AdvST, 0)
		require.Equal(t, frozen, s.FreezeBN, network)
	}

	s := Digits(AdvST)
	s.KeepSource = true
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.False(t, c.Growth.Ring)
	require.Equal(t, s.K, c.Growth.Sets)
	require.NoError(t, s.Check(""))
	s.Algorithm = MEADA
	require.ErrorContains(t, s.Check(""), "--keep-source: me-ada never replaces the source")
	s = Digits(AdvST)
	s.K = 0
	c, err = s.Config("lenet5")
	require.NoError(t, err)
	require.Zero(t, c.Growth, "no sets, no phases")
	s.Freeze, s.Contrast = true, 1
	require.ErrorContains(t, s.Check("w"), "--contrast 1 and --freeze")
	s.Freeze, s.Ball, s.Radius = false, BallL2, 1
	require.ErrorContains(t, s.Check(""), "--ball l2: the ascents of advst move no pixels")
}

// AugMax attacks one of the two views beside the image, by the weights of AugMix; the
// other is AugMix's.
func TestAugMax(t *testing.T) {
	t.Parallel()
	c := presetConfig(t, "cifar10", "wrn", AugMax)
	require.Equal(t, augment.Config{Steps: 5, LR: 0.1, Transforms: image.AugMax{Severity: 3, Width: 3}}, c.Attack)
	require.Len(t, c.Views, 3)
	require.Nil(t, c.Views[1].Values)
	require.Equal(t, image.AugMix{Severity: 3, Width: 3, Alpha: 1}, c.Views[2].Values)
	require.InDelta(t, 10, c.Objective.Consistency, 0)
	require.Equal(t, 256, c.BatchSize)
	s := Digits(AugMax)
	s.Consistency = 10
	require.NoError(t, s.Check(""))
	s.Freeze = true
	require.ErrorContains(t, s.Check("w"), "--freeze")
}
