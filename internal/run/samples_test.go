package run

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// The pictures of a phase are of all classes, though these lie one after the other.
func TestShownFirst(t *testing.T) {
	t.Parallel()
	set := dataset.Images{N: 7 * 46}
	for i := range set.N {
		set.Labels = append(set.Labels, uint16(i/46))
	}
	order := shownFirst(&set, 16)
	shown := map[uint16]bool{}
	for _, i := range order[:16] {
		shown[set.Labels[i]] = true
	}
	require.Len(t, shown, 7)
	slices.Sort(order)
	for i := range order {
		require.Equal(t, i, order[i], "each once")
	}
	require.Len(t, order, set.N)
	require.Equal(t, []int{0, 1, 2}, shownFirst(&dataset.Images{N: 3}, 3))
}
