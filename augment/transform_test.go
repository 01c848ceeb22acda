package augment

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// brighter adds a parameter of an image to all its values: half of its number at
// first, and as much more as that of its batch.
type brighter struct{ at []float64 }

func (b *brighter) Make(_ *tensor.Engine, n, _, _, _ int) (Transformer, error) {
	b.at = make([]float64, n)
	return b, nil
}

func (b *brighter) Begin(n, _ int, batch, image Draw) {
	b.at[n] = float64(image.Image)/2 + float64(batch.Image)
}

func (b *brighter) Apply(n, _ int, dst, src []float32) {
	for i, v := range src {
		dst[i] = v + float32(b.at[n])
	}
}

func (b *brighter) Ascend(n, _ int, d, _, _ []float32, rate float64) bool {
	for _, g := range d {
		b.at[n] += rate * float64(g)
	}
	return b.at[n] < 1e6
}

// An ascent of parameters: its distance is from the embeddings of the images as
// they were, its values are those from 0 to 1, its steps go by the parameters'
// gradient.
func TestAscentOfParameters(t *testing.T) {
	t.Parallel()
	const count, batch = 5, 2
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	run := func(c Config, chunk int, mean, std []float32) (all [][]float32, at []float64, last []Means, first int) {
		x, labels := randomImages(count)
		first = -1
		for lo := 0; lo < count; lo += chunk {
			hi := min(lo+chunk, count)
			b := &brighter{}
			m := NewMaximiser(e, newBilinear(chunk), chunk, classes, dimension, c)
			m.Mean, m.Std = mean, std
			m.Transformer, _ = b.Make(e, chunk, 0, 0, 0)
			m.Start.Numbers = []int32{0, 1, 2, 3, 4}[lo:hi]
			last = m.Maximise(x.Images(lo, hi), labels[lo:hi], batch)
			if n := m.NonFinite(); first < 0 && n >= 0 {
				first = lo + n
			}
			at = append(at, b.at[:hi-lo]...)
		}
		for n := range count {
			all = append(all, x.Image(n))
		}
		return all, at, last, first
	}
	var none Transforms = &brighter{}
	c := Config{Steps: 4, LR: 0.02, Gamma: 0.5, Eta: 1, Transforms: none}
	images, at, means, first := run(c, 6, nil, nil)
	require.Equal(t, -1, first)
	require.Len(t, means, 4)
	require.Positive(t, means[0].Distance, "the images are transformed before the first step")
	require.Greater(t, means[3].Objective, means[0].Objective)

	clean, labels := randomImages(count)
	model := newBilinear(count)
	for n := range count {
		p := float64(n)/2 + float64(n/batch*batch)
		size := float64(min(batch, count-n/batch*batch))
		objective := func(p float64) float64 {
			x := widen(clean.Image(n))
			for i := range x {
				x[i] += p
			}
			ce, entropy, distance := model.terms(x, widen(clean.Image(n)), int(labels[n]))
			return ce + c.Eta*entropy - c.Gamma*distance
		}
		for range c.Steps {
			const h = 1e-5
			p += c.LR / size * (objective(p+h) - objective(p-h)) / (2 * h)
		}
		require.InDelta(t, p, at[n], 2e-3, "image %d", n)
		require.InDelta(t, float64(clean.Image(n)[0])+p, images[n][0], 2e-3)
	}

	twice, _, _, _ := run(c, 2, nil, nil)
	require.Equal(t, images, twice, "chunks of one batch")
	none01, atNone, _, _ := run(Config{Steps: 1, LR: 0, Transforms: none}, 6, slices.Repeat([]float32{0.5}, pixels), slices.Repeat([]float32{0.25}, pixels))
	for n := range count { // normalised: one of a value is 4 of the network's
		require.InDelta(t, float64(clean.Image(n)[0])+4*atNone[n], none01[n][0], 1e-4)
	}

	c.Tolerance = 1e9
	_, early, means, _ := run(c, 6, nil, nil)
	require.Len(t, means, 1, "the first step is also the last")
	_, one, _, _ := run(Config{Steps: 1, LR: c.LR, Gamma: c.Gamma, Eta: c.Eta, Transforms: none}, 6, nil, nil)
	require.Equal(t, one, early)

	// A batch ends with the step before which its objective has hardly changed.
	c = Config{Steps: 6, LR: 0.02, Gamma: 0.5, Eta: 1, Transforms: none}
	var objectives [3][]float64
	for b := range objectives {
		x, labels := randomImages(count)
		lo, hi := 2*b, min(2*b+2, count)
		f := &brighter{}
		m := NewMaximiser(e, newBilinear(2), 2, classes, dimension, c)
		m.Transformer, _ = f.Make(e, 2, 0, 0, 0)
		m.Start.Numbers = []int32{0, 1, 2, 3, 4}[lo:hi]
		for _, means := range m.Maximise(x.Images(lo, hi), labels[lo:hi], batch) {
			objectives[b] = append(objectives[b], means.Objective)
		}
	}
	c.Tolerance = math.Abs(objectives[0][3]-objectives[0][2]) * 1.0001
	_, early, _, _ = run(c, 6, nil, nil)
	different := false
	for b, values := range objectives {
		steps, before := 0, 0.0
		for steps < c.Steps {
			change := math.Abs(values[steps] - before)
			before = values[steps]
			if steps++; change <= c.Tolerance {
				break
			}
		}
		different = different || steps != 4
		alone := c
		alone.Steps, alone.Tolerance = steps, 0
		_, want, _, _ := run(alone, 6, nil, nil)
		for n := 2 * b; n < min(2*b+2, count); n++ {
			require.InDelta(t, want[n], early[n], 0, "image %d, %d steps", n, steps)
		}
	}
	require.True(t, different, "all end at once")
	c.LR = 1e9
	_, _, _, first = run(c, 6, nil, nil)
	require.GreaterOrEqual(t, first, 0)
}

func TestTransformsAreChecked(t *testing.T) {
	t.Parallel()
	for message, c := range map[string]Config{
		"Tolerance of the ascent is -1":    {Steps: 1, Tolerance: -1},
		"1, which needs Transforms":        {Steps: 1, Tolerance: 1},
		"has Transforms and bounds of pix": {Steps: 1, Max: 1, Transforms: &brighter{}},
	} {
		require.ErrorContains(t, c.Check(), message)
	}
}
