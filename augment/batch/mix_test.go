package batch

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// run applies an operation to a batch of n images of 3 x h x w of a round.
func run(t *testing.T, e *tensor.Engine, op augment.BatchOp, round, n, h, w int) *augment.Batch {
	t.Helper()
	f, err := op.Make(e, n, 3, h, w)
	require.NoError(t, err)
	b := values(n, 3, h, w)
	b.Draw.Round = round
	f(b)
	return b
}

// Every image is a mixture of itself and of one whose class it has as well, and
// each image is another's once.
func TestMixup(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	before := values(9, 3, 6, 5)
	mean := 0.0
	for round := range 200 {
		b := run(t, e, Mixup{Alpha: 1}, round, 9, 6, 5)
		share := b.Targets.Weight[0]
		mean += float64(share) / 200
		used := map[int]bool{}
		for n := range 9 {
			require.Equal(t, share, b.Targets.Weight[n])
			other := -1
			for m := range 9 {
				want := float64(share)*float64(before.X.Image(n)[17]) + float64(1-share)*float64(before.X.Image(m)[17])
				if math.Abs(want-float64(b.X.Image(n)[17])) < 1e-6 && !used[m] {
					other = m
				}
			}
			if share > 0.999 { // too little of the other to tell
				continue
			}
			require.GreaterOrEqual(t, other, 0)
			used[other] = true
			require.Equal(t, before.Targets.First[other], b.Targets.Second[n])
			for i, v := range b.X.Image(n) {
				require.InDelta(t, float64(share)*float64(before.X.Image(n)[i])+float64(1-share)*float64(before.X.Image(other)[i]), v, 1e-6)
			}
		}
		require.Equal(t, before.Targets.First, b.Targets.First)
	}
	require.InDelta(t, 0.5, mean, 0.07)
}

// The way back of gradients is the transpose of the way forward, but for what that adds.
func TestHiddenBackward(t *testing.T) {
	t.Parallel()
	_, _, err := AsView{Op: CutMix{Alpha: 1}}.MakeHidden(nil, 1, 3, 4, 4)
	require.EqualError(t, err, "batch: AsView.Op is batch.CutMix, which cannot act within a network")
	dot := func(a, b []float32) (sum float64) {
		for i, v := range a {
			sum += float64(v) * float64(b[i])
		}
		return sum
	}
	engines(t, func(e *tensor.Engine) {
		for name, op := range map[string]augment.HiddenOp{
			"Mixup":   Mixup{Alpha: 1},
			"as view": AsView{View: 3, Op: Mixup{Alpha: 1}},
			"Noise":   Noise{Additive: 0.5, Multiplicative: 0.9, Sparsity: 0.3},
		} {
			forward, backward, err := op.MakeHidden(e, 7, 5, 4, 3)
			require.NoError(t, err)
			for round := range 3 {
				batch := func(scale float32) *augment.Batch {
					b := values(7, 5, 4, 3)
					b.Draw.Round = round
					for n := range b.X.N {
						for i, v := range b.X.Image(n) {
							b.X.Image(n)[i] = scale*v + scale*scale*float32((n*7+i*3)%5-2)
						}
					}
					return b
				}
				added, x, dy := batch(0), batch(1), batch(-2)
				before, gradient := contents(x.X), contents(dy.X)
				forward(added)
				forward(x)
				linear := contents(x.X)
				for i, v := range contents(added.X) {
					linear[i] -= v
				}
				require.NotEqual(t, before, linear, name)
				backward(dy)
				want := dot(linear, gradient)
				require.InEpsilon(t, want, dot(before, contents(dy.X)), 1e-5, "%s, %s", e.Kernels.Name, name)
			}
		}
	})
}

// The weight of an image's class is the part of it that is left, all of which
// lies around one rectangle.
func TestCutMix(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	const h, w = 8, 12
	before := values(4, 3, h, w)
	mixed := 0
	for round := range 200 {
		b := run(t, e, CutMix{Alpha: 1, Probability: 0.5}, round, 4, h, w)
		if len(b.Targets.Second) == 0 {
			require.Equal(t, contents(before.X), contents(b.X))
			continue
		}
		mixed++
		for n := range 4 {
			changed, box := 0, [4]int{h, 0, w, 0}
			for i, v := range b.X.Image(n)[:h*w] {
				if v != before.X.Image(n)[i] {
					changed++
					box = [4]int{min(box[0], i/w), max(box[1], i/w+1), min(box[2], i%w), max(box[3], i%w+1)}
					for c := range 3 {
						found := false
						for m := range 4 {
							found = found || b.X.Image(n)[c*h*w+i] == before.X.Image(m)[c*h*w+i] && before.Targets.First[m] == b.Targets.Second[n]
						}
						require.True(t, found)
					}
				}
			}
			if changed > 0 {
				require.Equal(t, (box[1]-box[0])*(box[3]-box[2]), changed)
				require.InDelta(t, 1-float64(changed)/(h*w), b.Targets.Weight[n], 1e-6)
			}
		}
	}
	require.InDelta(t, 100, mixed, 35)

	// The share u of the area is uniform, sides are its root, and what lies beyond the image
	// is lost: the mean of (l - l^2/4)^2 with l^2 = u is 1/2 - 1/5 + 1/48.
	lost := 0.0
	for round := range 300 {
		b := run(t, e, CutMix{Alpha: 1, Probability: 1}, round, 1, 96, 96)
		lost += float64(1-b.Targets.Weight[0]) / 300
	}
	require.InDelta(t, 0.32, lost, 0.05)
}

// Views that mix as one mix the same images.
func TestMixedViews(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	a := run(t, e, AsView{0, Mixup{Alpha: 1}}, 3, 6, 4, 4)
	f, err := AsView{0, Mixup{Alpha: 1}}.Make(e, 6, 3, 4, 4)
	require.NoError(t, err)
	b := values(6, 3, 4, 4)
	b.Draw.Round, b.Draw.View, b.Targets = 3, 2, a.Targets
	second := append([]uint16(nil), a.Targets.Second...)
	f(b)
	require.Equal(t, second, b.Targets.Second)
	require.Equal(t, contents(a.X), contents(b.X))
}

// The noise has the strengths and the sparsity that it is said to have.
func TestNoise(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	before := values(2, 3, 64, 64)
	strength := 0.0
	const rounds = 300
	for round := range rounds {
		b := run(t, e, Noise{Additive: 0.5, Sparsity: 0.65}, round, 2, 64, 64)
		same, square, count := 0, 0.0, 0
		for i, v := range contents(b.X) {
			if d := float64(v - before.X.Image(i / (3 * 64 * 64))[i%(3*64*64)]); d == 0 {
				same++
			} else {
				square += d * d
				count++
			}
		}
		require.InDelta(t, 0.65, float64(same)/float64(same+count), 0.02)
		strength += math.Sqrt(square/float64(count)) / rounds
	}
	require.InDelta(t, 0.5*2/7, strength, 0.02) // the mean of Beta(2,5) is 2/7

	strength = 0
	for round := range rounds {
		b := run(t, e, Noise{Multiplicative: 0.5}, round, 2, 64, 64)
		largest := 0.0
		for i, v := range contents(b.X) {
			if x := float64(before.X.Image(i / (3 * 64 * 64))[i%(3*64*64)]); x > 0.1 {
				largest = max(largest, math.Abs(float64(v)/x-1))
			}
		}
		strength += largest / rounds
	}
	require.InDelta(t, 0.5*2/7, strength, 0.02)
}

// The noise and its gradient are those of a computation in float64, a value at a time.
func TestNoiseBesideFloat64(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	op := Noise{Additive: 0.5, Multiplicative: 0.75, Sparsity: 0.375}
	const n, c, h, w = 3, 3, 21, 20 // more values than a chunk
	forward, backward, err := op.MakeHidden(e, n, c, h, w)
	require.NoError(t, err)
	before, b, gradient := values(n, c, h, w), values(n, c, h, w), values(n, c, h, w)
	forward(b)
	backward(gradient)

	draw := source(before, rng.Noise)
	add := op.Additive * draw.Beta(2, 5)
	multiply := op.Multiplicative * draw.Beta(2, 5)
	for i := range n {
		d := before.Draw
		d.Image = int(before.Numbers[i])
		words := rng.New(d.Seed, rng.NoiseValues.Sub(d.Index()))
		normals := rng.New(d.Seed, rng.NoiseNormals.Sub(d.Index()))
		for j, v := range before.X.Image(i) {
			x, factor, term := float64(v), 1.0, 0.0
			word := words.Uint32()
			if word%1024 >= 384 { // of 1024, 0.375
				factor += multiply * (float64(word>>20)/2048 - 1)
			}
			if word>>10%1024 >= 384 {
				term = add * normals.FastNormal()
			}
			require.InDelta(t, x*factor+term, b.X.Image(i)[j], 1e-6, "image %d, value %d", i, j)
			require.InDelta(t, x*factor, gradient.X.Image(i)[j], 1e-6, "image %d, gradient %d", i, j)
		}
	}
}
