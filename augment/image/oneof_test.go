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

// An operation anew draws numbers that no view of the image draws.
func TestAnew(t *testing.T) {
	t.Parallel()
	op, image := RandAugment{2, 9}, numbered(3*8*8)
	different := 0
	for i := range 100 {
		d := augment.Draw{Seed: 5, View: 2, Image: i}
		got := apply(t, Anew{op, 3}, image, 3, 8, 8, d)
		if string(got) != string(apply(t, op, image, 3, 8, 8, d)) {
			different++
		}
		d.View = 14
		require.Equal(t, apply(t, op, image, 3, 8, 8, d), got)
	}
	require.Greater(t, different, 80)
	for _, o := range []Anew{{op, 0}, {op, 4}, {Cutout{}, 1}} {
		_, err := o.Make(3, 8, 8)
		require.Error(t, err)
	}
}
