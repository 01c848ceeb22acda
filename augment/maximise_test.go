package augment

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

const (
	pixels    = 12
	classes   = 5
	dimension = 7
)

// bilinear is a model small enough to be differentiated by hand: the embedding
// is V x, the logits are W embedding.
type bilinear struct {
	v, w                  []float64
	logits, embedding, dx tensor.Tensor
	forwards              int
}

func newBilinear(chunk int) *bilinear {
	source := rng.New(1, rng.Init)
	m := &bilinear{
		v: make([]float64, dimension*pixels), w: make([]float64, classes*dimension),
		logits:    tensor.New(chunk, classes, 1, 1),
		embedding: tensor.New(chunk, dimension, 1, 1),
		dx:        tensor.New(chunk, pixels, 1, 1),
	}
	for i := range m.v {
		m.v[i] = source.Normal()
	}
	for i := range m.w {
		m.w[i] = source.Normal()
	}
	return m
}

// times returns m x, or its transpose's product, m having cols columns.
func times(m []float64, x []float64, cols int, transposed bool) []float64 {
	rows := len(m) / cols
	y := make([]float64, rows)
	if transposed {
		y = make([]float64, cols)
	}
	for i := range rows {
		for j := range cols {
			if transposed {
				y[j] += m[i*cols+j] * x[i]
			} else {
				y[i] += m[i*cols+j] * x[j]
			}
		}
	}
	return y
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

func (m *bilinear) Forward(x tensor.Tensor) (logits, embedding tensor.Tensor) {
	m.forwards++
	for n := range x.N {
		e := times(m.v, widen(x.Image(n)), pixels, false)
		narrow(m.embedding.Image(n), e)
		narrow(m.logits.Image(n), times(m.w, e, dimension, false))
	}
	return m.logits.Images(0, x.N), m.embedding.Images(0, x.N)
}

func (m *bilinear) Backward(dLogits, dEmbedding tensor.Tensor) tensor.Tensor {
	for n := range dLogits.N {
		e := times(m.w, widen(dLogits.Image(n)), dimension, true)
		for i, v := range dEmbedding.Image(n) {
			e[i] += float64(v)
		}
		narrow(m.dx.Image(n), times(m.v, e, pixels, true))
	}
	return m.dx.Images(0, dLogits.N)
}

// terms returns cross-entropy, entropy and squared distance of one image in
// float64.
func (m *bilinear) terms(x, clean []float64, label int) (ce, entropy, distance float64) {
	e := times(m.v, x, pixels, false)
	z := times(m.w, e, dimension, false)
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v)
	}
	for _, v := range z {
		log := v - math.Log(sum)
		entropy -= math.Exp(log) * log
	}
	for i, v := range times(m.v, clean, pixels, false) {
		distance += (e[i] - v) * (e[i] - v) / dimension
	}
	return math.Log(sum) - z[label], entropy, distance
}

// ascend is the official procedure on one image of a batch, by central
// differences in float64.
func (m *bilinear) ascend(image []float32, label, batch int, c Config) []float64 {
	clean := widen(image)
	objective := func(x []float64) float64 {
		ce, entropy, distance := m.terms(x, clean, label)
		return (ce + c.Eta*entropy - c.Gamma*distance) / float64(batch)
	}
	x := widen(image)
	for range c.Steps {
		const h = 1e-5
		gradient := make([]float64, len(x))
		for i, v := range x {
			x[i] = v + h
			up := objective(x)
			x[i] = v - h
			gradient[i] = (up - objective(x)) / (2 * h)
			x[i] = v
		}
		if c.Ball.Norm != Unbounded {
			moveInBall(x, clean, gradient, c)
			continue
		}
		for i, g := range gradient {
			x[i] += c.LR * g
		}
	}
	if c.Min != c.Max {
		for i, v := range x {
			x[i] = min(max(v, float64(c.Min)), float64(c.Max))
		}
	}
	return x
}

func randomImages(count int) (tensor.Tensor, []uint16) {
	source := rng.New(2, rng.Synthetic)
	x := tensor.New(count, pixels, 1, 1)
	for i := range x.Data {
		x.Data[i] = source.Float32()
	}
	labels := make([]uint16, count)
	for i := range labels {
		labels[i] = uint16(source.IntN(classes))
	}
	return x, labels
}

// Eight images in batches of three: the last batch of two takes larger steps.
func TestMaximiseByBatches(t *testing.T) {
	const count, batch = 8, 3
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, c := range []Config{
		{Steps: 1, LR: 1, Gamma: 1, Eta: 10},
		{Steps: 6, LR: 0.2, Gamma: 3, Eta: 2},
		{Steps: 6, LR: 0.5, Gamma: 1, Eta: 0},
		{Steps: 6, LR: 0.1, Gamma: 1, Eta: 10, Min: 0, Max: 1},
	} {
		model := newBilinear(count)
		x, labels := randomImages(count)
		clean, _ := randomImages(count)
		means := NewMaximiser(e, model, count, classes, dimension, c).Maximise(x, labels, batch)

		require.Equal(t, c.Steps, model.forwards, "the clean embedding is the first step's")
		require.Len(t, means, c.Steps)
		var first Means
		for n := range count {
			size := batch
			if n >= 6 {
				size = 2
			}
			want := model.ascend(clean.Image(n), int(labels[n]), size, c)
			for i, v := range x.Image(n) {
				require.InDelta(t, want[i], v, 2e-4, "%+v, image %d", c, n)
			}
			ce, entropy, _ := model.terms(widen(clean.Image(n)), widen(clean.Image(n)), int(labels[n]))
			first.CrossEntropy += ce / count
			first.Entropy += entropy / count
		}
		require.InDelta(t, first.CrossEntropy, means[0].CrossEntropy, 1e-5)
		require.InDelta(t, first.Entropy, means[0].Entropy, 1e-5)
		require.Zero(t, means[0].Distance)
		require.InDelta(t, first.CrossEntropy+c.Eta*first.Entropy, means[0].Objective, 1e-4)
		if c.Steps > 1 {
			require.Positive(t, means[1].Distance)
			require.Greater(t, means[c.Steps-1].Objective, means[0].Objective)
		}
	}
}

func TestMaximiseFewerThanAChunk(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	model := newBilinear(6)
	m := NewMaximiser(e, model, 6, classes, dimension, Config{Steps: 3, LR: 0.1, Gamma: 1, Eta: 1})
	x, labels := randomImages(6)
	rest, _ := randomImages(6)
	m.Maximise(x, labels, 2)
	m.Maximise(rest.Images(0, 4), labels[:4], 2)
	require.Equal(t, x.Data[:4*pixels], rest.Data[:4*pixels])
	require.Panics(t, func() { m.Maximise(x, labels[:5], 2) })
}

func TestNonFinite(t *testing.T) {
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	const count = 5
	ascend := func(c Config, spoil func(x tensor.Tensor)) (tensor.Tensor, int) {
		m := NewMaximiser(e, newBilinear(count), count, classes, dimension, c)
		x, labels := randomImages(count)
		spoil(x)
		m.Maximise(x, labels, count)
		return x, m.NonFinite()
	}
	usual := Config{Steps: 2, LR: 0.1, Gamma: 1, Eta: 1, Max: 1}
	_, first := ascend(usual, func(tensor.Tensor) {})
	require.Equal(t, -1, first)
	_, first = ascend(usual, func(x tensor.Tensor) { x.Image(3)[pixels-1] = float32(math.NaN()) })
	require.Equal(t, 3, first)
	steep := Config{Steps: 1, LR: 1e30, Gamma: 1, Eta: 1e30, Max: 1}
	x, first := ascend(steep, func(tensor.Tensor) {})
	require.Equal(t, 0, first)
	require.True(t, tensor.Finite(e, x.Data), "the bounds hide it")
}

// Images are bounded by black and white, whatever the network's values of these are.
func TestBounds(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	const n, classes, width = 1, 4, 5
	model := &lacking{missing(false, n, classes, 1, 1), missing(false, n, width, 1, 1), missing(false, n, 2, 1, 4)}
	for _, c := range []struct {
		mean, std []float32
		want      []float32
	}{
		{nil, nil, []float32{0, 0, 1, 1, 0, 0, 1, 1}},
		{[]float32{0, 0}, []float32{1, 1}, []float32{0, 0, 1, 1, 0, 0, 1, 1}},
		{[]float32{0.5, 0.25}, []float32{0.5, 0.25}, []float32{-1, -0.5, 1, 1, -1, -0.5, 1, 3}},
	} {
		m := NewMaximiser(e, model, n, classes, width, Config{Steps: 1, LR: 1, Max: 1})
		m.Mean, m.Std = c.mean, c.std
		x := tensor.View([]float32{-2, -0.5, 1, 4, -2, -0.5, 1, 4}, n, 2, 1, 4)
		m.Maximise(x, []uint16{0}, 1)
		require.Equal(t, c.want, x.Data)
	}
}

// The ascent of a mixed image is that of both its classes, by their shares.
func TestMaximiseMixedLabels(t *testing.T) {
	t.Parallel()
	const count = 5
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	clean, first := randomImages(count)
	second := make([]uint16, count)
	weight := make([]float32, count)
	for i := range second {
		second[i], weight[i] = (first[i]+uint16(i))%classes, float32(i)/(count-1)
	}
	ascend := func(labels, second []uint16, weight []float32) (tensor.Tensor, Means) {
		x := tensor.New(count, pixels, 1, 1)
		copy(x.Data, clean.Data)
		m := NewMaximiser(e, newBilinear(count), count, classes, dimension, Config{Steps: 1, LR: 0.5, Gamma: 1})
		m.Second, m.Weight = second, weight
		return x, m.Maximise(x, labels, count)[0]
	}
	mixed, _ := ascend(first, second, weight)
	one, _ := ascend(first, nil, nil)
	other, _ := ascend(second, nil, nil)
	for i := range count {
		for j := range pixels {
			w := float64(weight[i])
			require.InDelta(t, w*float64(one.Image(i)[j])+(1-w)*float64(other.Image(i)[j]), mixed.Image(i)[j], 1e-5)
		}
	}
	half := []float32{0.5, 0.5, 0.5, 0.5, 0.5}
	_, means := ascend(first, second, half)
	_, ones := ascend(first, nil, nil)
	_, others := ascend(second, nil, nil)
	require.InDelta(t, (ones.CrossEntropy+others.CrossEntropy)/2, means.CrossEntropy, 1e-5)
	require.Panics(t, func() { ascend(first, second, half[:4]) })
	require.Panics(t, func() { ascend(first, []uint16{0, 1, classes, 2, 3}, half) })
}
