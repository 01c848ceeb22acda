package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Figures worked out by hand: of two classes, logits 0 and log(p/(1-p)) give the
// second the probability p.
func TestQuality(t *testing.T) {
	t.Parallel()
	logits := tensor.New(5, 2, 1, 1)
	labels := []uint16{1, 0, 1, 0, 1}
	for i, p := range []float64{0.9, 0.95, 0.2, 0.62, 0.92} { // right, wrong, wrong, wrong, right
		logits.Image(i)[1] = float32(math.Log(p / (1 - p)))
	}
	var q Quality
	q.Add(logits, labels, 100)
	require.Equal(t, 5, q.Images)
	require.InDelta(t, -(math.Log(.9)+math.Log(.05)+math.Log(.2)+math.Log(.38)+math.Log(.92))/5, q.NLL(), 1e-6)
	// Bins of 1/15: 0.9 and 0.92 lie in bin 13, 0.95 in 14, 0.8 (of class 0) in 12, 0.62 in 9.
	for bin, want := range map[int]ConfidenceBin{13: {2, 2, 1.82}, 14: {1, 0, .95}, 12: {1, 0, .8}, 9: {1, 0, .62}, 0: {}} {
		got := q.Bins[bin]
		require.InDelta(t, want.Confidence, got.Confidence, 1e-6)
		got.Confidence = want.Confidence
		require.Equal(t, want, got, "bin %d", bin)
	}
	require.InDelta(t, (.18+.95+.8+.62)/5, q.ECE(), 1e-6)
	require.Len(t, q.Mistakes, 3)
	for i, want := range []Mistake{{101, 0, 1, .95}, {102, 1, 0, .8}, {103, 0, 1, .62}} {
		require.InDelta(t, want.Confidence, q.Mistakes[i].Confidence, 1e-6)
		want.Confidence = q.Mistakes[i].Confidence
		require.Equal(t, want, q.Mistakes[i])
	}

	q.reset()
	require.Equal(t, Quality{Mistakes: []Mistake{}}, q)
	require.Zero(t, q.NLL())
	require.Zero(t, q.ECE())
}

// The loss of a probability that is 0 as a number is what it is by its logits.
func TestQualityOfExtremeLogits(t *testing.T) {
	t.Parallel()
	logits := tensor.New(1, 2, 1, 1)
	logits.Image(0)[1] = 2000
	var q Quality
	q.Add(logits, []uint16{0}, 0)
	require.Equal(t, 2000.0, q.NLL())
	require.Equal(t, []Mistake{{0, 0, 1, 1}}, q.Mistakes)
	logits.Image(0)[1] = float32(math.NaN())
	logits.Image(0)[0] = float32(math.Inf(1))
	q.Add(logits, []uint16{0}, 0)
	require.False(t, finite(q.Loss))
}

// The most confident mistakes are kept, the first of equal ones.
func TestMistakes(t *testing.T) {
	logits := tensor.New(40, 2, 1, 1)
	labels := make([]uint16, 40)
	for i := range labels {
		logits.Image(i)[1] = float32(1 + i%20)
	}
	q := Quality{Mistakes: make([]Mistake, 0, MostMistakes+1)}
	require.Zero(t, testing.AllocsPerRun(5, func() {
		q.reset()
		q.Add(logits, labels, 0)
	}))
	var images []int
	for _, m := range q.Mistakes {
		images = append(images, m.Image)
	}
	require.Equal(t, []int{19, 39, 18, 38, 17, 37, 16, 36, 15, 35, 14, 34}, images)
}
