package catalog

import (
	"cmp"

	"github.com/meada-cpu/meada-cpu/internal/cli"
)

// Ball names the ball in which an ascent keeps an image.
type Ball string

// The balls, "" for none.
const (
	BallLInf Ball = "linf"
	BallL2   Ball = "l2"
)

// BallNames lists what [ParseBall] takes.
var BallNames = []string{none, string(BallLInf), string(BallL2)}

// ParseBall reads the name of a ball, or none.
func ParseBall(name string) (Ball, error) {
	return parseWord[Ball](name, BallNames)
}

// String returns what [ParseBall] takes.
func (b Ball) String() string { return cmp.Or(string(b), none) }

// ascends reports whether the method has ascents.
func (s *Settings) ascends() bool {
	m, err := FindMethod(s.Algorithm)
	return err != nil || m.config != nil
}

// movesPixels reports whether its ascents are of pixels: others make nothing of a ball.
func (s *Settings) movesPixels() bool { return s.ascends() && !s.Transforms() && s.Algorithm != AugMax }

// StartsAtRandom reports whether ascents in a ball begin anywhere in it, and not at the
// image: PGD's do, as published, unless RandomStart has it otherwise.
func (s *Settings) StartsAtRandom() bool {
	if s.RandomStart != nil {
		return *s.RandomStart
	}
	return s.Algorithm == PGD
}

// checkBall refuses balls that no run can have, by the names of their flags. A start that
// is the method's own is not recorded, as in runs from before the flag.
func (s *Settings) checkBall() error {
	if s.StartsAtRandom() == (s.Algorithm == PGD) {
		s.RandomStart = nil
	}
	switch {
	case s.Ball == "" && s.Radius != 0 && s.movesPixels():
		return cli.UsageError("--radius %v: the ascent has no ball, expected --ball linf or l2 too", s.Radius)
	case s.Ball == "" && s.RandomStart != nil && *s.RandomStart && s.movesPixels():
		return cli.UsageError("--random-start: the ascent has no ball, expected --ball linf or l2 too")
	case s.Ball != "" && !(s.Radius > 0):
		return cli.UsageError("--ball %s: expected its --radius too, more than 0", s.Ball)
	case s.Algorithm == PGD && s.Ball == "":
		return cli.UsageError("--ball none: pgd needs one, expected linf or l2")
	case s.Ball != "" && s.ascends() && !s.movesPixels():
		return cli.UsageError("--ball %s: the ascents of %s move no pixels, expected none", s.Ball, s.Algorithm)
	case (s.Algorithm == PGD || s.Algorithm == AugMax) && s.Freeze:
		return cli.UsageError("--freeze: the head learns from images as they are, without %s's attacks", s.Algorithm)
	}
	return nil
}
