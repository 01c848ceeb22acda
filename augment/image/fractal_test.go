package image

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Values lie between what black and white become, in proportion, and none change
// where fractals have no share.
func TestFractals(t *testing.T) {
	t.Parallel()
	const size = 3 * 16 * 16
	image, black, white := make([]uint8, size), make([]uint8, size), make([]uint8, size)
	for i := range image {
		image[i], white[i] = uint8(i), 255
	}
	require.Equal(t, image, apply(t, Fractals{}, image, 3, 16, 16, augment.Draw{}))
	darkest, brightest := 255.0, 0.0
	for n := range 20 {
		d := augment.Draw{Seed: 2, Image: n}
		low, high := apply(t, Fractals{1}, black, 3, 16, 16, d), apply(t, Fractals{1}, white, 3, 16, 16, d)
		for i, v := range apply(t, Fractals{1}, image, 3, 16, 16, d) {
			l, h := float64(low[i]), float64(high[i])
			require.InDelta(t, l+(h-l)*float64(image[i])/255, v, 1.01)
			darkest, brightest = min(darkest, h), max(brightest, l)
		}
	}
	require.Less(t, darkest, 40.0)
	require.Greater(t, brightest, 215.0)
}

// Heights go from 0 to 255, their neighbours are near, and planes differ in
// colour alone.
func TestFractal(t *testing.T) {
	t.Parallel()
	const h, w = 24, 20
	f := newFractal(h, w)
	require.Equal(t, 32, f.side)
	draw := rng.New(3, rng.PixMix)
	dst := make([]uint8, 3*h*w)
	near, far := 0.0, 0.0
	for range 50 {
		f.paint(dst, draw)
		low, high := int32(255), int32(0)
		for i, v := range f.height {
			low, high = min(low, v), max(high, v)
			near += math.Abs(float64(v - f.at(i%32+1, i/32)))
			far += math.Abs(float64(v - f.at(i%32+13, i/32+7)))
		}
		require.Equal(t, [2]int32{0, 255}, [2]int32{low, high})
		colours := map[int32][3]uint8{}
		for i := range h * w {
			height := f.height[i/w*32+i%w]
			colour := [3]uint8{dst[i], dst[h*w+i], dst[2*h*w+i]}
			if seen, ok := colours[height]; ok {
				require.Equal(t, seen, colour)
			}
			colours[height] = colour
		}
		require.Greater(t, len(colours), 20)
	}
	require.Less(t, near, far/2)
}
