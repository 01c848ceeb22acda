package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// sourceOf returns n images of 1 x 1 x 2 bytes, {i, 255-i}, with labels i mod 10.
func sourceOf(n int) *dataset.Images {
	s := &dataset.Images{N: n, C: 1, H: 1, W: 2}
	for i := range n {
		s.Data = append(s.Data, uint8(i), uint8(255-i))
		s.Labels = append(s.Labels, uint16(i%10))
	}
	return s
}

func reverse(order []int32) {
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
}

func TestTrainingSetReshufflesInTheMiddleOfABatch(t *testing.T) {
	p := newTrainingSet(sourceOf(5), reverse)
	batch := make([]int32, 3)
	p.draw(batch)
	require.Equal(t, []int32{4, 3, 2}, batch)
	p.draw(batch)
	require.Equal(t, []int32{1, 0, 0}, batch, "permuted back where the set ended")
	p.draw(batch)
	require.Equal(t, []int32{1, 2, 3}, batch)
}

func TestTrainingSetGrows(t *testing.T) {
	source := sourceOf(5)
	source.Labels = append(source.Labels, 77) // of an image that is not in the set
	p := newTrainingSet(source, reverse)
	first := tensor.New(3, 1, 1, 2)
	for i := range first.Data {
		first.Data[i] = float32(i)
	}
	p.grow(block{n: 3, values: first}, slices.Clone(p.order[:3]), &Growth{})
	require.Equal(t, 8, p.len())
	require.Equal(t, []uint16{0, 1, 2, 3, 4, 4, 3, 2}, p.labels, "labels of the images they were made from")
	require.Equal(t, []int32{7, 6, 5, 0, 1, 2, 3, 4}, p.order, "appended, then permuted")

	p.grow(block{n: 1, bytes: []uint8{0, 9}}, slices.Clone(p.order[:1]), &Growth{})
	require.Equal(t, uint16(2), p.labels[8], "made from image 7")

	bytes, _ := p.pixels(2)
	require.Equal(t, []uint8{2, 253}, bytes)
	_, values := p.pixels(6)
	require.Equal(t, []float32{2, 3}, values)
	bytes, _ = p.pixels(8)
	require.Equal(t, []uint8{0, 9}, bytes)
	require.Same(t, &first.Data[0], &p.added[0].values.Data[0], "nothing is copied")
}

func TestShufflerFollowsTheSeed(t *testing.T) {
	orders := make([][]int32, 3)
	for i, seed := range []uint64{7, 7, 8} {
		orders[i] = newTrainingSet(sourceOf(200), shuffler(rng.New(seed, rng.Shuffle))).order
	}
	require.Equal(t, orders[0], orders[1])
	require.NotEqual(t, orders[0], orders[2])
	require.ElementsMatch(t, orders[0], orders[2])
}

func TestOrderOfAnEpochDependsOnNothingBefore(t *testing.T) {
	p := newTrainingSet(sourceOf(200), inOrder)
	p.arrange(epochShuffler(7, 3))
	third := slices.Clone(p.order)
	p.arrange(epochShuffler(7, 4))
	require.NotEqual(t, third, p.order)
	p.arrange(epochShuffler(7, 3))
	require.Equal(t, third, p.order)
	p.arrange(inOrder)
	require.IsIncreasing(t, p.order)
	require.ElementsMatch(t, third, p.order)
}
