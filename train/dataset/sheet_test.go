package dataset

import (
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContactSheet(t *testing.T) {
	t.Parallel()
	grey := &Images{N: 2, C: 1, H: 1, W: 2, Data: []uint8{1, 2, 3, 4}}
	colour := &Images{N: 1, C: 3, H: 1, W: 2, Data: []uint8{10, 11, 20, 21, 30, 31}}
	sheet := ContactSheet(1, []image.Image{grey.Picture(0), grey.Picture(1)}, []image.Image{colour.Picture(0)})
	require.Equal(t, image.Rect(0, 0, 5, 3), sheet.Bounds())
	white := color.RGBA{255, 255, 255, 255}
	for at, want := range map[image.Point]color.Color{
		{0, 0}: color.RGBA{1, 1, 1, 255}, {1, 0}: color.RGBA{2, 2, 2, 255}, {2, 0}: white, {4, 0}: color.RGBA{4, 4, 4, 255}, {0, 1}: white,
		{0, 2}: color.RGBA{10, 20, 30, 255}, {1, 2}: color.RGBA{11, 21, 31, 255}, {3, 2}: white,
	} {
		require.Equal(t, want, sheet.At(at.X, at.Y), at)
	}
	require.Equal(t, image.Rect(0, 0, 4, 1), ContactSheet(0, []image.Image{grey.Picture(0), grey.Picture(1)}).Bounds())
}

func TestInterleave(t *testing.T) {
	t.Parallel()
	planar := []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	for channels, want := range map[int][]uint8{
		1: planar, 3: {1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12}, 4: {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12},
	} {
		got, back := make([]uint8, 12), make([]uint8, 12)
		Interleave(got, planar, channels)
		require.Equal(t, want, got, channels)
		deinterleave(back, got, channels)
		require.Equal(t, planar, back, channels)
	}
}
