package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
)

// PGD attacks every image of a step and has no phases.
func TestPGD(t *testing.T) {
	t.Parallel()
	c := presetConfig(t, "cifar10", "wrn", PGD)
	require.Equal(t, augment.Config{Steps: 7, LR: 2.0 / 255,
		Ball: augment.Ball{Norm: augment.LInf, Radius: 8.0 / 255, RandomStart: true}}, c.Attack)
	require.Zero(t, c.Growth)
	require.Len(t, c.Views, 1)
	c = presetConfig(t, "digits", "lenet5", PGD)
	require.Equal(t, 40, c.Attack.Steps)
	require.InDelta(t, 0.3, c.Attack.Ball.Radius, 0)
}

// The ascents of phases have balls, and PGD entropy, if asked.
func TestBallsOfAscents(t *testing.T) {
	t.Parallel()
	s := Digits(MEADA)
	s.Ball, s.Radius = BallL2, 2
	require.NoError(t, s.Check(""))
	c, err := s.Config("lenet5")
	require.NoError(t, err)
	require.Equal(t, augment.Ball{Norm: augment.L2, Radius: 2}, c.Growth.Ascent.Ball)
	p, err := FindPreset("digits")
	require.NoError(t, err)
	s = p.Settings("lenet5", PGD, 0)
	s.Eta = 3
	c, err = s.Config("lenet5")
	require.NoError(t, err)
	require.InDelta(t, 3, c.Attack.Eta, 0)

	for message, change := range map[string]func(*Settings){
		"--radius 2: the ascent has no ball":   func(s *Settings) { s.Algorithm, s.Radius = ADA, 2 },
		"--ball l2: expected its --radius too": func(s *Settings) { s.Ball = BallL2 },
		"--ball none: pgd needs one":           func(s *Settings) { s.Algorithm = PGD },
	} {
		s := Digits(ERM)
		change(&s)
		require.ErrorContains(t, s.Check(""), message)
	}
	s = Digits(ERM)
	s.Radius = 2
	require.NoError(t, s.Check(""), "it shares flags with methods that it is compared with")
	require.Contains(t, s.Unused(map[string]string{"radius": "2"}), "--radius")
	_, err = ParseBall("l3")
	require.ErrorContains(t, err, "expected none, linf, l2")
}
