package image

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
)

// randomOps are the operations that draw random numbers.
var randomOps = []augment.ImageOp{
	Flip{}, Crop{4}, Cutout{4, 128}, ResizedCrop{0.1}, RandomGrey{0.5}, Jitter{0.4, 0.4, 0.4, 0.1},
	AutoAugment{CIFAR10}, AutoAugment{ImageNet}, RandAugment{2, 9}, PixMix{4, 3, 3}, Fractals{1}, Leaves{1},
	OneOf{Flip{}, RandAugment{2, 9}},
}

// numbered returns an image whose bytes are 1, 2, 3, ...
func numbered(size int) []uint8 {
	image := make([]uint8, size)
	for i := range image {
		image[i] = uint8(i + 1)
	}
	return image
}

func apply(t *testing.T, op augment.ImageOp, image []uint8, c, h, w int, d augment.Draw) []uint8 {
	t.Helper()
	f, err := op.Make(c, h, w)
	require.NoError(t, err)
	out := make([]uint8, len(image))
	for i := range out {
		out[i] = 255 // to be overwritten
	}
	f(out, image, d)
	return out
}

// Every result is one of the 9*9 crops of the padded image, and all of them
// occur about equally often.
func TestCrop(t *testing.T) {
	t.Parallel()
	const h, w, channels, padding = 6, 7, 2, 4
	image := numbered(channels * h * w)
	seen := map[string]int{}
	for top := range 2*padding + 1 {
		for left := range 2*padding + 1 {
			out := make([]uint8, 0, len(image))
			for i := range image {
				y, x := i/w%h+top-padding, i%w+left-padding
				var v uint8
				if y >= 0 && y < h && x >= 0 && x < w {
					v = image[i/(h*w)*h*w+y*w+x]
				}
				out = append(out, v)
			}
			seen[string(out)] = 0
		}
	}
	require.Len(t, seen, 9*9)
	for round := range 10 {
		for number := range 250 {
			out := string(apply(t, Crop{padding}, image, channels, h, w, augment.Draw{Seed: 3, Round: round, Image: number}))
			require.Contains(t, seen, out)
			seen[out]++
		}
	}
	for out, count := range seen { // 31 are expected, with a deviation of 5.5
		require.InDelta(t, 31, count, 30, "%v", []uint8(out))
	}
}

// Padding beyond the image can leave nothing of it.
func TestCropOfPaddingAlone(t *testing.T) {
	t.Parallel()
	black := 0
	for n := range 50 {
		out := apply(t, Crop{9}, numbered(6), 1, 2, 3, augment.Draw{Image: n})
		sum := 0
		for _, v := range out {
			sum += int(v)
		}
		if sum == 0 {
			black++
		}
	}
	require.Greater(t, black, 10)
	require.Less(t, black, 50)
}

func TestFlip(t *testing.T) {
	t.Parallel()
	image := []uint8{1, 2, 3, 4, 5, 6}
	flipped := 0
	for n := range 400 {
		out := apply(t, Flip{}, image, 1, 2, 3, augment.Draw{Seed: 1, Image: n})
		if out[0] == 3 {
			require.Equal(t, []uint8{3, 2, 1, 6, 5, 4}, out)
			flipped++
		} else {
			require.Equal(t, image, out)
		}
	}
	require.InDelta(t, 200, flipped, 40) // four deviations
}

// Nothing but seed, round, view and image decides, and each of them does.
func TestDraws(t *testing.T) {
	t.Parallel()
	for _, op := range randomOps {
		name := fmt.Sprintf("%T", op)
		image := numbered(3 * 8 * 8)
		f, err := op.Make(3, 8, 8)
		require.NoError(t, err)
		out := make([]uint8, len(image))
		var differ [4]int
		for n := range 40 {
			d := augment.Draw{Seed: 3, Round: 5, View: 1, Image: n}
			one := string(apply(t, op, image, 3, 8, 8, d))
			f(out, image, augment.Draw{Image: n + 7}) // whatever came before
			f(out, image, d)
			require.Equal(t, one, string(out))
			for i, other := range []augment.Draw{
				{Seed: 4, Round: 5, View: 1, Image: n}, {Seed: 3, Round: 6, View: 1, Image: n},
				{Seed: 3, Round: 5, View: 2, Image: n}, {Seed: 3, Round: 5, View: 1, Image: n + 40},
			} {
				if one != string(apply(t, op, image, 3, 8, 8, other)) {
					differ[i]++
				}
			}
		}
		for _, n := range differ {
			require.Greater(t, n, 8, name)
		}
	}
}

func TestCropWithoutPaddingCopies(t *testing.T) {
	t.Parallel()
	image := numbered(12)
	require.Equal(t, image, apply(t, Crop{}, image, 1, 3, 4, augment.Draw{}))
	_, err := Crop{-1}.Make(1, 3, 4)
	require.ErrorContains(t, err, "Crop.Padding is -1")
}

func TestNothingIsAllocated(t *testing.T) {
	image, out := numbered(3*64), make([]uint8, 3*64)
	ops := randomOps
	for o := range operations {
		level := 0.5
		if o == Posterize {
			level = 4 // bits
		}
		ops = append(ops, Fixed{o, level, false}, Fixed{o, level, true})
	}
	for _, op := range ops {
		f, err := op.Make(3, 8, 8)
		require.NoError(t, err)
		n := 0
		require.Zero(t, testing.AllocsPerRun(20, func() { f(out, image, augment.Draw{Image: n}); n++ }), "%T", op)
	}
}

func TestRoundTo15(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]float64{ // Python's round(x, 15)
		0.7071067811865475: 0.707106781186547, 0.7071067811865476: 0.707106781186548, -0.7071067811865475: -0.707106781186547,
		0.5: 0.5, 1: 1, -1: -1, 0: 0, 6.123233995736766e-17: 0, 0.9998476951563913: 0.999847695156391,
	} {
		require.Equal(t, want, roundTo15(in), "%v", in)
	}
}
