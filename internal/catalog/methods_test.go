package catalog

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/train"
)

func TestMethodsOfTheDigitsScript(t *testing.T) {
	t.Parallel()
	want := train.Config{
		Seed: 1, BatchSize: 32,
		Schedule:  train.Steps{Total: 10001, TestEvery: 100},
		Optimiser: train.Adam{LR: 1e-4},
	}
	growth := train.Growth{Phases: 3, Every: 100, Ascent: augment.Config{Steps: 15, LR: 1, Gamma: 1, Max: 1}}
	for _, a := range Paper {
		s := Digits(a)
		got, err := s.Config("lenet5")
		require.NoError(t, err)
		want.Growth = train.Growth{}
		if a != ERM {
			want.Growth = growth
		}
		if a == MEADA {
			want.Growth.Ascent.Eta = 10
		}
		require.Equal(t, want, got, a)
	}
}

func TestMethodsOfTheCIFARScript(t *testing.T) {
	t.Parallel()
	s := CIFAR(MEADA)
	got, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, train.Config{
		Seed: 1, BatchSize: 128,
		Schedule:  train.Epochs{Total: 100, TestEvery: 1},
		Optimiser: train.SGD{LR: 0.1, Momentum: 0.9, Decay: 5e-4, Cosine: true},
		Views:     []train.View{{Image: []augment.ImageOp{image.Flip{}, image.Crop{Padding: 4}}}},
		Growth: train.Growth{Phases: 2, Every: 10, Bytes: true,
			Ascent: augment.Config{Steps: 15, LR: 20, Gamma: 1, Eta: 10}},
	}, got)
	s.Flip, s.Crop = false, 0
	got, err = s.Config("lenet5")
	require.NoError(t, err)
	require.Nil(t, got.Views)
}

// A rate that falls with a power is annealed, of Adam too.
func TestPowerOfTheRate(t *testing.T) {
	t.Parallel()
	s := CIFAR(ERM)
	s.Power = 3
	c, err := s.Config("wrn")
	require.NoError(t, err)
	require.Equal(t, 3, c.Power)
	s = Digits(ERM)
	for _, power := range []int{0, 2} {
		s.Power = power
		c, err = s.Config("lenet5")
		require.NoError(t, err)
		require.Equal(t, power, c.Power)
		require.Equal(t, power > 0, c.Optimiser.(train.Adam).Cosine)
	}
	s.Cosine = true
	require.ErrorContains(t, s.Check("w"), "--power 2 and --cosine: expected one of them")
}

func TestEveryMethodIsNamedAndCited(t *testing.T) {
	t.Parallel()
	seen := map[Algorithm]bool{}
	for _, m := range Methods {
		require.NotEmpty(t, m.Title)
		require.NotEmpty(t, m.Citation)
		require.False(t, seen[m.Name], m.Name)
		seen[m.Name] = true
		found, err := FindMethod(m.Name)
		require.NoError(t, err)
		require.Equal(t, m.Title, found.Title)
	}
}

func TestSettingsThatNoRunCanHave(t *testing.T) {
	t.Parallel()
	s := Digits("sgd")
	_, err := s.Config("lenet5")
	require.ErrorContains(t, err, `unknown algorithm "sgd", expected one of erm, ada, me-ada, `)
	s = Digits(ERM)
	s.Epochs = 3
	_, err = s.Config("lenet5")
	require.ErrorContains(t, err, "3 epochs and 10001 steps")
}

// The keys of config.json.
func TestSettingsAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Digits(MEADA))
	require.NoError(t, err)
	require.JSONEq(t, `{"algorithm":"me-ada","seed":1,"batch_size":32,"lr":0.0001,"loops_train":10001,"loops_min":100,
		"loops_adv":15,"k":3,"lr_max":1,"gamma":1,"eta":10,"test_every":100}`, string(text))
}

func TestShards(t *testing.T) {
	s := Digits(ERM)
	s.Shards = 1
	require.NoError(t, s.Check(""))
	require.Zero(t, s.Shards, "the settings of runs before there were shards")
	s.Shards = 4
	require.NoError(t, s.Check(""))
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, 4, c.Shards)
	s.Shards = 3
	require.EqualError(t, s.Check(""), "--shards 3: expected a power of two")
	s.Shards = 64
	require.EqualError(t, s.Check(""), "--shards 64: expected 32 at most, the images of a step (--batch-size)")
}

// Plain training has one view of an image, and nothing within the network: what other methods
// that it is compared with make of these flags is said and left out.
func TestPlainTrainingHasOneView(t *testing.T) {
	t.Parallel()
	given := map[string]string{"consistency": "6", "all-views": "true", "manifold": "true"}
	for a, one := range map[Algorithm]bool{ERM: true, AugMix: false} {
		s := CIFAR(a)
		s.Consistency, s.AllViews, s.Manifold = 6, true, true
		if !one {
			s.Views, s.Noise = "augmix", 0.5
		}
		unused := s.Unused(given)
		require.NoError(t, s.Check(""))
		require.Equal(t, one, s.Consistency == 0 && !s.AllViews && !s.Manifold, a)
		require.Equal(t, one, slices.Equal(unused, []string{"--consistency", "--all-views", "--manifold"}), "%s: %v", a, unused)
	}
	s := CIFAR(ERM)
	s.Views, s.Consistency = "augmix", 6
	require.Empty(t, s.Unused(given))
	require.NoError(t, s.Check(""))
	require.InDelta(t, 6, s.Consistency, 0, "of the views of flags")
}

// Flags of which a method makes nothing are named, those that it has are not.
func TestUnusedFlags(t *testing.T) {
	t.Parallel()
	given := map[string]string{"lr": "1"}
	for _, name := range []string{"loops-adv", "lr-max", "gamma", "k", "loops-min", "eta"} {
		given[name] = "1"
	}
	ascent, phases := []string{"--loops-adv", "--lr-max", "--gamma"}, []string{"--k", "--loops-min"}
	for a, want := range map[Algorithm][]string{
		ERM: slices.Concat(ascent, phases, []string{"--eta"}), RandConv: slices.Concat(ascent, phases, []string{"--eta"}),
		ADA: {"--eta"}, AdvST: {}, MEADA: {}, MEAdvST: {}, PGD: phases, AugMax: phases,
	} {
		s := Settings{Algorithm: a}
		require.Equal(t, want, append([]string{}, s.Unused(given)...), a)
		require.Empty(t, s.Unused(nil), a)
	}
}
