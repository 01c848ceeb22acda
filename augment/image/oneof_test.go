package image

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
)

// Each operation has its share of the images, and does what it does alone.
func TestOneOf(t *testing.T) {
	t.Parallel()
	const images = 900
	ops := OneOf{Fixed{Invert, 0, false}, RandAugment{2, 9}, Cutout{4, 128}}
	image := numbered(3 * 8 * 8)
	var counts [3]int
	for i := range images {
		d := augment.Draw{Seed: 5, Image: i}
		got, matches := apply(t, ops, image, 3, 8, 8, d), 0
		for k, op := range ops {
			if string(got) == string(apply(t, op, image, 3, 8, 8, d)) {
				counts[k]++
				matches++
			}
		}
		require.Positive(t, matches, "image %d is not what one of the operations gives", i)
	}
	for k, n := range counts {
		require.InDelta(t, images/3, n, 75, "operation %d", k) // five deviations
	}
	for _, o := range []OneOf{{}, {Cutout{4, 128}, PixMix{}}} {
		_, err := o.Make(3, 8, 8)
		require.Error(t, err)
	}
}
