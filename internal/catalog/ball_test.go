package catalog

import (
	"encoding/json"
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

// Ascents in a ball begin where the method has it, or where the flag says. What the
// method has anyway is not recorded, so that earlier records mean what they did.
func TestRandomStart(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		method Algorithm
		start  *bool
		want   bool
		record string
	}{
		{PGD, nil, true, ""}, {PGD, &yes, true, ""}, {PGD, &no, false, "false"},
		{ADA, nil, false, ""}, {ADA, &no, false, ""}, {ADA, &yes, true, "true"},
		{MEADA, nil, false, ""}, {MEADA, &yes, true, "true"},
	} {
		for _, ball := range []Ball{BallLInf, BallL2} {
			s := Digits(c.method)
			s.Ball, s.Radius, s.RandomStart = ball, 2, c.start
			require.NoError(t, s.Check(""))
			config, err := s.Config("lenet5")
			require.NoError(t, err)
			ascent := config.Growth.Ascent
			if c.method == PGD {
				ascent = config.Attack
			}
			require.Equal(t, c.want, ascent.Ball.RandomStart, "%+v", c)
			text, err := json.Marshal(s)
			require.NoError(t, err)
			record := map[string]json.RawMessage{}
			require.NoError(t, json.Unmarshal(text, &record))
			require.Equal(t, c.record, string(record["random_start"]), "%+v", c)
		}
	}

	for message, change := range map[string]func(*Settings){
		"--random-start: the ascent has no ball, expected --ball linf or l2 too": func(s *Settings) { s.Algorithm, s.RandomStart = MEADA, &yes },
		"--ball none: pgd needs one": func(s *Settings) { s.Algorithm, s.RandomStart = PGD, &no },
	} {
		s := Digits(ERM)
		change(&s)
		require.ErrorContains(t, s.Check(""), message)
	}
	for _, a := range []Algorithm{ERM, AdvST, AugMax} {
		s := Digits(a)
		s.RandomStart = &yes
		require.Contains(t, s.Unused(map[string]string{"random-start": "true"}), "--random-start")
		require.NoError(t, s.checkBall(), "it shares flags with methods that it is compared with")
	}
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
