package image

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/rng"
)

// Sums and products are those of the publication, on values from -1 to 1 and from
// 0 to 2, to the nearest byte.
func TestPixMixtures(t *testing.T) {
	t.Parallel()
	m := &pixMixer{PixMix: PixMix{Beta: 3}}
	m.tabulate()
	draw := rng.New(7, rng.Init)
	x, y, out := make([]uint8, 256), make([]uint8, 256), make([]uint8, 256)
	for n := range 40 {
		for i := range x {
			x[i], y[i] = uint8(draw.Uint32()), uint8(draw.Uint32())
		}
		mix, want := m.add, func(a, b, x, y float64) float64 { return (a*(2*x-1) + b*(2*y-1) + 1) / 2 }
		if n%2 == 0 {
			mix, want = m.multiply, func(a, b, x, y float64) float64 { return math.Pow(2*x, a) * math.Pow(2*y, b) / 2 }
		}
		m.draw = *rng.New(uint64(n), rng.PixMix)
		a, b := m.shares()
		m.draw = *rng.New(uint64(n), rng.PixMix)
		copy(out, x)
		mix(out, y)
		for i, v := range out {
			exact := 255 * want(a, b, max(float64(x[i]), 1e-3)/255, max(float64(y[i]), 1e-3)/255)
			require.InDelta(t, max(0, min(exact, 255)), v, 0.51, "%v and %v of %d and %d", a, b, x[i], y[i])
		}
	}
}

// Shares are beta distributed: a positive pair has more of the image.
func TestPixMixShares(t *testing.T) {
	t.Parallel()
	m := &pixMixer{PixMix: PixMix{Beta: 3}, draw: *rng.New(1, rng.PixMix)}
	var sums [2][2]float64
	var counts [2]float64
	for range 4000 {
		a, b := m.shares()
		kind := 0
		if b < 0 {
			kind = 1
			require.GreaterOrEqual(t, a, 1.0)
		}
		counts[kind]++
		sums[kind][0] += a
		sums[kind][1] += b
	}
	require.InDelta(t, 2000, counts[0], 200)
	for kind, means := range [2][2]float64{{0.75, 0.25}, {1.25, -0.25}} {
		for i, mean := range means {
			require.InDelta(t, mean, sums[kind][i]/counts[kind], 0.03)
		}
	}
}
