package train

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every result is one of the 9*9*2 crops of the padded image, mirrored or not,
// and all of them occur.
func TestTransformIsACropOfThePaddedImage(t *testing.T) {
	const h, w, channels, padding = 6, 7, 2, 4
	image := make([]uint8, channels*h*w)
	for i := range image {
		image[i] = uint8(i + 1)
	}
	crop := func(top, left int, mirrored bool) string {
		out := make([]uint8, 0, len(image))
		for c := range channels {
			for y := range h {
				for x := range w {
					fromY, fromX := y+top-padding, x+left-padding
					if fromY < 0 || fromY >= h || fromX < 0 || fromX >= w {
						out = append(out, 0)
						continue
					}
					if mirrored {
						fromX = w - 1 - fromX
					}
					out = append(out, image[(c*h+fromY)*w+fromX])
				}
			}
		}
		return string(out)
	}
	seen := map[string]int{}
	for top := range 2*padding + 1 {
		for left := range 2*padding + 1 {
			for _, mirrored := range []bool{false, true} {
				seen[crop(top, left, mirrored)] = 0
			}
		}
	}
	require.Len(t, seen, 9*9*2)

	tr := newTransform(Config{Seed: 3, Flip: true, Crop: padding}, 2, h, w, channels)
	for tr.epoch = range 10 {
		for number := range 500 {
			out := string(tr.apply(image, int32(number), number%2))
			require.Contains(t, seen, out)
			seen[out]++
		}
	}
	for out, count := range seen { // 31 are expected, with a deviation of 5.5
		require.InDelta(t, 31, count, 31, "%v", []uint8(out))
		require.Positive(t, count)
	}
}

func TestTransformDependsOnNothingElse(t *testing.T) {
	c := Config{Seed: 3, Flip: true, Crop: 4}
	image := make([]uint8, 8*8)
	for i := range image {
		image[i] = uint8(i)
	}
	apply := func(c Config, epoch int, number int32) string {
		tr := newTransform(c, 1, 8, 8, 1)
		tr.epoch = epoch
		for n := range number % 3 { // whatever came before
			tr.apply(image, n, 0)
		}
		return string(tr.apply(image, number, 0))
	}
	other := c
	other.Seed = 4
	differ := [3]int{}
	for n := range int32(20) {
		one := apply(c, 5, n)
		require.Equal(t, one, apply(c, 5, n))
		for i, two := range []string{apply(c, 6, n), apply(other, 5, n), apply(c, 5, n+20)} {
			if one != two {
				differ[i]++
			}
		}
	}
	for _, n := range differ {
		require.Greater(t, n, 15)
	}
	require.Equal(t, string(image), apply(Config{}, 0, 1), "neither flips nor crops")
}
