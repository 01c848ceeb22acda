package conv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvenly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ images, n, groups, threads, want int }{
		{32, 11, 1, 1, 11},
		{32, 11, 1, 2, 8}, // 4 tasks instead of 3
		{32, 3, 1, 2, 2},  // 16 instead of 11
		{128, 7, 1, 2, 6}, // 22 instead of 19
		{32, 16, 1, 2, 16},
		{32, 16, 1, 16, 2},
		{32, 16, 8, 2, 16}, // groups make tasks enough
		{5, 5, 1, 64, 1},
		{1, 1, 1, 64, 1},
	} {
		require.Equal(t, c.want, evenly(c.n, Shape{N: c.images, Groups: c.groups}, c.threads), "%+v", c)
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows, side int
		want       bool
	}{
		{256, 32, true}, {64, 64, true}, {32, 64, false}, // one set
		{256, 16, true}, {128, 16, false}, // four
		{256, 8, false}, {256, 56, false}, // sixteen
		{16, 112, false},
	} {
		require.Equal(t, c.want, conflicts(c.rows, c.side*c.side), "%+v", c)
	}
}
