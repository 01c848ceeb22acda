package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRelabel(t *testing.T) {
	t.Parallel()
	images := func(labels ...uint16) Images { return Images{Labels: labels, N: len(labels)} }
	task := func() *Task {
		shared := images(0, 1, 2)
		return &Task{
			Classes: []string{"ant", "bee", "cat"}, Source: images(2, 0, 1), Held: images(1),
			Domains: []Domain{{Images: shared}, {Images: shared},
				{Severities: []func(Blocks) (Images, error){func(Blocks) (Images, error) { return images(1, 1, 0), nil }}}},
		}
	}
	one := task()
	require.NoError(t, one.Relabel([]string{"ant", "bee", "cat"}))
	require.Equal(t, []uint16{2, 0, 1}, one.Source.Labels)
	require.NoError(t, one.Relabel([]string{"dog", "cat", "ant", "bee"}))
	require.Equal(t, []string{"dog", "cat", "ant", "bee"}, one.Classes)
	require.Equal(t, []uint16{1, 2, 3}, one.Source.Labels)
	require.Equal(t, []uint16{3}, one.Held.Labels)
	require.Equal(t, []uint16{2, 3, 1}, one.Domains[0].Labels)
	require.Equal(t, []uint16{2, 3, 1}, one.Domains[1].Labels, "which shares them with the other")
	part, err := one.Domains[2].Part(0, Blocks{})
	require.NoError(t, err)
	require.Equal(t, []uint16{3, 3, 2}, part.Labels)
	require.EqualError(t, task().Relabel([]string{"bee", "cat", "dog"}),
		"the classes of the data are ant, bee, cat, those of the weights bee, cat, dog")
}
