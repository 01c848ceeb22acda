package image

import (
	"errors"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// OneOf applies one of several operations to an image, all of the same
// probability.
type OneOf []augment.ImageOp

// Make returns the operation for images of c x h x w.
func (o OneOf) Make(c, h, w int) (augment.ImageFunc, error) {
	if len(o) == 0 {
		return nil, errors.New("image: OneOf has no operation to draw")
	}
	all := make([]augment.ImageFunc, len(o))
	for i, op := range o {
		var err error
		if all[i], err = op.Make(c, h, w); err != nil {
			return nil, err
		}
	}
	return func(dst, src []uint8, d augment.Draw) {
		all[rng.New(d.Seed, rng.OneOf.Sub(d.Index())).IntN(len(all))](dst, src, d)
	}, nil
}
