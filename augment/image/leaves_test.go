package image

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Values lie between what black and white become, in proportion, and none change
// where the pictures have no share. Of half of the images black and white become the
// same leaves.
func TestLeaves(t *testing.T) {
	t.Parallel()
	const h, w, size = 24, 40, 3 * 24 * 40
	image, black, white := make([]uint8, size), make([]uint8, size), make([]uint8, size)
	for i := range image {
		image[i], white[i] = uint8(i), 255
	}
	require.Equal(t, image, apply(t, Leaves{}, image, 3, h, w, augment.Draw{}))
	same := 0
	for n := range 40 {
		d := augment.Draw{Seed: 2, Image: n}
		low, high := apply(t, Leaves{1}, black, 3, h, w, d), apply(t, Leaves{1}, white, 3, h, w, d)
		for i, v := range apply(t, Leaves{1}, image, 3, h, w, d) {
			l, g := float64(low[i]), float64(high[i])
			require.InDelta(t, l+(g-l)*float64(image[i])/255, v, 1.01)
		}
		// Edges of both are in the same places, or are not.
		both, either := 0.0, 0.0
		for i := range h*w - 1 {
			a, b := edge(low, i, h*w), edge(high, i, h*w)
			if a && b {
				both++
			}
			if a || b {
				either++
			}
		}
		if both > either/2 {
			same++
		}
	}
	require.InDelta(t, 20, same, 10)
}

// edge reports whether a pixel differs from the next by more than a tenth of the
// picture's range.
func edge(picture []uint8, i, plane int) bool {
	low, high, most := picture[0], picture[0], 0.0
	for _, v := range picture {
		low, high = min(low, v), max(high, v)
	}
	for p := i; p < len(picture)-1; p += plane {
		most = max(most, math.Abs(float64(picture[p])-float64(picture[p+1])))
	}
	return most > float64(high-low)/10
}

// A leaf covers the pixels of its ellipse or rectangle, whichever way it is
// turned, and none outside the picture.
func TestLeafCovers(t *testing.T) {
	t.Parallel()
	const h, w = 90, 100
	l := newLeaves(h, w)
	for n := range 16 {
		clear(l.of)
		turn := float64(n) * math.Pi / 16
		f := newLeaf(50, 45, int(100*math.Cos(turn)), int(100*math.Sin(turn)), 30, 12, n%2 == 0)
		l.lay(&f, 7)
		area, far := 0.0, 0.0
		for i, v := range l.of {
			if v == 7 {
				area++
				far = max(far, math.Hypot(float64(i%w-50), float64(i/w-45)))
			}
		}
		want, reach := 4*30*12.0, math.Hypot(30, 12)
		if f.ellipse {
			want, reach = math.Pi*30*12, 30
		}
		require.InEpsilon(t, want, area, 0.05, "turned by %d degrees", n*180/16)
		require.InDelta(t, reach, far, 1.5)
	}
	corner := newLeaf(0, h-1, 1, 1, 50, 50, false)
	l.lay(&corner, 9)
	require.Equal(t, uint8(9), l.of[(h-1)*w])
	require.NotEqual(t, uint8(9), l.of[w-1])
}

// Of radii one in four is at least twice the least, one in 16 four times, and none more
// than the most.
func TestLongRadius(t *testing.T) {
	t.Parallel()
	draw := rng.New(4, rng.Leaves)
	const count = 20_000
	var twice, fourTimes, most int
	for range count {
		r := longRadius(draw, 2, 16)
		require.True(t, r >= 2 && r <= 16, "%v", r)
		switch {
		case r == 16:
			most++
			fallthrough
		case r > 8:
			fourTimes++
			fallthrough
		case r > 4:
			twice++
		}
	}
	require.InDelta(t, 1./4, float64(twice)/count, 0.01)
	require.InDelta(t, 1./16, float64(fourTimes)/count, 0.006)
	require.InDelta(t, 1./64, float64(most)/count, 0.004)
}

// Leaves are of all sizes: many small ones beside a few that are large, and every picture
// has several.
func TestStrew(t *testing.T) {
	t.Parallel()
	l := newLeaves(32, 32)
	draw := rng.New(3, rng.Leaves)
	var small, large int
	for range 200 {
		l.strew(draw)
		var areas [mostLeaves]int
		for _, leaf := range l.of {
			areas[leaf]++
		}
		seen := 0
		for _, area := range areas {
			switch {
			case area == 0:
				continue
			case area < 16:
				small++
			case area > 128:
				large++
			}
			seen++
		}
		require.Greater(t, seen, 2)
	}
	require.Greater(t, large, 100)
	require.Greater(t, small, 4*large)
}
