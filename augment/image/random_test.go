package image

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
)

// A square about every pixel occurs about equally often.
func TestCutout(t *testing.T) {
	t.Parallel()
	const h, w = 5, 7
	image := numbered(2 * h * w)
	seen := map[string]int{}
	for y := range h {
		for x := range w {
			out := append([]uint8(nil), image...)
			for i := range out {
				if dy, dx := i/w%h-y, i%w-x; dy >= -2 && dy < 2 && dx >= -2 && dx < 2 {
					out[i] = 99
				}
			}
			seen[string(out)] = 0
		}
	}
	require.Len(t, seen, h*w)
	for n := range h * w * 100 {
		out := string(apply(t, Cutout{4, 99}, image, 2, h, w, augment.Draw{Seed: 5, Image: n}))
		require.Contains(t, seen, out)
		seen[out]++
	}
	for _, count := range seen {
		require.InDelta(t, 100, count, 45)
	}
}

func TestResizedCrop(t *testing.T) {
	t.Parallel()
	const height, width = 40, 50
	var areas, wide float64
	const n = 2000
	for i := range n {
		top, left, h, w := ResizedCrop{0.2}.draw(height, width, augment.Draw{Seed: 2, Image: i})
		require.GreaterOrEqual(t, min(top, left), 0)
		require.LessOrEqual(t, top+h, height)
		require.LessOrEqual(t, left+w, width)
		area, ratio := float64(h*w)/(height*width), float64(w)/float64(h)
		require.InDelta(t, 0.6, area, 0.42)
		require.InDelta(t, 1, ratio, 0.4)
		areas += area
		if ratio > 1 {
			wide++
		}
	}
	require.InDelta(t, 0.522, areas/n, 0.02) // as torchvision: great parts are refused more often
	require.InDelta(t, 0.56, wide/n, 0.04)

	// Of an image too narrow for any part, the middle.
	top, left, h, w := ResizedCrop{1}.draw(100, 10, augment.Draw{})
	require.Equal(t, []int{43, 0, 13, 10}, []int{top, left, h, w})
	top, left, h, w = ResizedCrop{1}.draw(10, 100, augment.Draw{})
	require.Equal(t, []int{0, 43, 10, 13}, []int{top, left, h, w})
}

func TestRandomGrey(t *testing.T) {
	t.Parallel()
	image := []uint8{10, 20, 30}
	grey := 0
	for n := range 1000 {
		out := apply(t, RandomGrey{0.1}, image, 3, 1, 1, augment.Draw{Seed: 1, Image: n})
		if out[0] == out[1] {
			require.Equal(t, []uint8{18, 18, 18}, out)
			grey++
		} else {
			require.Equal(t, image, out)
		}
	}
	require.InDelta(t, 100, grey, 38) // four deviations
}

func TestJitter(t *testing.T) {
	t.Parallel()
	image := numbered(3 * 16)
	j := Jitter{Brightness: 0.4, Contrast: 2, Colour: 0.3, Hue: 0.1}
	low, high := map[Operation]float64{}, map[Operation]float64{}
	orders := map[[4]Operation]int{}
	for n := range 2400 {
		d := augment.Draw{Seed: 4, Image: n}
		want := image
		var order [4]Operation
		for i, op := range j.draw(d) {
			order[i] = op.Operation
			if n < 200 {
				want = apply(t, op, want, 3, 4, 4, d)
			}
			low[op.Operation] = min(low[op.Operation], op.Level-1)
			high[op.Operation] = max(high[op.Operation], op.Level-1)
		}
		orders[order]++
		if n < 200 {
			require.Equal(t, want, apply(t, j, image, 3, 4, 4, d))
		}
	}
	require.Len(t, orders, 24)
	for o, limits := range map[Operation][2]float64{Brightness: {-0.4, 0.4}, Contrast: {-1, 2}, Colour: {-0.3, 0.3}, Hue: {-1.1, 0}} {
		require.InDelta(t, limits[0], low[o], 0.01, o)
		require.InDelta(t, limits[1], high[o], 0.01, o)
	}
	require.Equal(t, image, apply(t, Jitter{}, image, 3, 4, 4, augment.Draw{}))
}

// Views of an image draw different numbers, unless they are common.
func TestCommon(t *testing.T) {
	t.Parallel()
	image := numbered(6)
	differ := 0
	for n := range 100 {
		first, second := augment.Draw{Image: n}, augment.Draw{Image: n, View: 1}
		one := apply(t, Flip{}, image, 1, 2, 3, first)
		require.Equal(t, one, apply(t, Common{Flip{}}, image, 1, 2, 3, second))
		if one[0] != apply(t, Flip{}, image, 1, 2, 3, second)[0] {
			differ++
		}
	}
	require.InDelta(t, 50, differ, 20)
}

func TestSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for message, op := range map[string]augment.ImageOp{
		"Cutout.Side is 0 pixels, expected 1 or more":                 Cutout{},
		"ResizedCrop.Least is 0 of the area":                          ResizedCrop{},
		"ResizedCrop.Least is 1.1 of the area":                        ResizedCrop{1.1},
		"RandomGrey.Probability is -1, expected 0 to 1":               RandomGrey{-1},
		"grey of images of 2 planes, expected 1 or 3":                 RandomGrey{0.5},
		"Jitter.Contrast is -0.1, expected 0 to 1e5":                  Jitter{Contrast: -0.1},
		"Jitter.Brightness is 1e+07, expected 0 to 1e5":               Jitter{Brightness: 1e7},
		"Jitter.Hue is 0.6, expected 0 to 0.5":                        Jitter{Hue: 0.6},
		"colour of images of 2 planes":                                Jitter{},
		"contrast of images of 2 planes":                              Fixed{Operation: Contrast, Level: 1},
		"Level of posterize is 0, expected 1 to 8":                    Fixed{Operation: Posterize},
		"Level of brightness is -1, expected 0 to 100000":             Fixed{Operation: Brightness, Level: -1},
		"operation 17 is unknown":                                     Fixed{Operation: operations},
		"Crop.Padding is -2 pixels, expected 0 or more":               Common{Crop{-2}},
		"AutoAugment.Policy is 3, expected CIFAR10, ImageNet or SVHN": AutoAugment{3},
		"RandAugment.Operations is 0, expected 1 or more":             RandAugment{0, 9},
		"PixMix.Rounds is -1 mixtures, expected 0 to 64":              PixMix{Rounds: -1},
		"PixMix.Beta is 0, expected 0.001 to 1000":                    PixMix{},
		"Leaves.Most is 2, expected 0 to 1":                           Leaves{2},
		"PixMix.Severity is 11, expected 0.1 to 10":                   PixMix{1, 3, 11},
		"Fractals.Most is 2, expected 0 to 1":                         Fractals{2},
		"RandAugment.Magnitude is 31, expected 0 to 30":               RandAugment{2, 31},
	} {
		_, err := op.Make(2, 8, 8)
		require.ErrorContains(t, err, message)
	}
}
