package svg

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTicks(t *testing.T) {
	t.Parallel()
	require.Equal(t, []float64{0, 20, 40, 60, 80, 100}, ticks(span{0, 100}, 5))
	require.Equal(t, span{0, 2.5}, widened(span{0, 2.1}))
	require.Equal(t, span{0, 1}, widened(span{0, 0}))
	require.Equal(t, span{0.5, 1}, widened(span{1, 1}), "no share is above 1")
	require.Equal(t, span{-3, -2}, widened(span{-2, -2}))
	for _, s := range []span{{0, 1e-9}, {0, 3}, {0.91, 0.97}, {-2, 5}, {0, 1e7}} {
		list := ticks(widened(s), 5)
		require.LessOrEqual(t, list[0], s.low+1e-12)
		require.GreaterOrEqual(t, list[len(list)-1], s.high*(1-1e-12))
		require.Less(t, len(list), 9)
	}
}

func TestThinningKeepsTheMean(t *testing.T) {
	t.Parallel()
	var points []Point
	sum := 0.0
	for i := range 1000 {
		points = append(points, Point{float64(i), float64(i % 7)})
		sum += float64(i % 7)
	}
	thin := thinned(points)
	require.Len(t, thin, 200, "groups of 5")
	require.InDelta(t, 2, thin[0].X, 1e-12)
	for _, p := range thin {
		sum -= 5 * p.Y
	}
	require.InDelta(t, 0, sum, 1e-9)
	require.Equal(t, points[:mostPoints], thinned(points[:mostPoints]))
}
