package batch

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// batchCase is a batch and what PyTorch makes of it.
type batchCase struct {
	Shape   [4]int
	X, Y    []float32
	Centred bool // the operation works on 2x-1

	Side    int     // of a RandConv
	Share   float32 // of its convolution
	Weights []float32

	Times                  int       // of a ProRandConv
	Offsets, Slope, Offset []float32 // of its taps, its affine map
}

func (c *batchCase) tensor() tensor.Tensor {
	x := tensor.New(c.Shape[0], c.Shape[1], c.Shape[2], c.Shape[3])
	for n := range x.N {
		copy(x.Image(n), c.X[n*len(x.Image(0)):])
	}
	return x
}

func (c *batchCase) valueRange() Range {
	if c.Centred {
		return Range{0.5, 0.5}
	}
	return Range{}
}

func (c *batchCase) check(t *testing.T, x tensor.Tensor, kernels string) {
	t.Helper()
	for n := range x.N {
		size := len(x.Image(n))
		require.InDeltaSlice(t, c.Y[n*size:][:size], x.Image(n), 2e-5, "%s, image %d", kernels, n)
	}
}

func readCases(t *testing.T) map[string][]batchCase {
	t.Helper()
	text, err := os.ReadFile("testdata/pytorch.json")
	require.NoError(t, err)
	var all map[string][]batchCase
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// engines calls f with an engine on each kernel set, the generic one included.
func engines(t *testing.T, f func(e *tensor.Engine)) {
	t.Helper()
	for _, kernels := range simd.Available() {
		e := tensor.NewEngineOn(2, kernels)
		f(e)
		e.Close()
	}
}

// values are batches of an image, whose numbers begin at 5.
func values(n, c, h, w int) *augment.Batch {
	b := &augment.Batch{X: tensor.New(n, c, h, w), Draw: augment.Draw{Seed: 3, Round: 2, View: 1, Image: 5}}
	b.Targets = &augment.Targets{First: make([]uint16, n)}
	b.Numbers = make([]int32, n)
	r := rng.New(1, rng.Init)
	for i := range n {
		b.Numbers[i], b.Targets.First[i] = int32(5+i), uint16(i%7)
		for j := range b.X.Image(i) {
			b.X.Image(i)[j] = r.Float32()
		}
	}
	return b
}

func contents(x tensor.Tensor) []float32 {
	var all []float32
	for n := range x.N {
		all = append(all, x.Image(n)...)
	}
	return all
}

// operations are one of each kind, for every test of all.
var operations = map[string]augment.BatchOp{
	"RandConv":        RandConv{Sides: []int{1, 3, 5, 7}, Range: Range{0.5, 0.5}},
	"RandConv, mixed": RandConv{Sides: []int{7}, Mix: true},
	"ProRandConv":     ProRandConv{Most: 10, Offset: 0.2, Affine: 0.5, Range: Range{0.5, 0.5}},
	"Mixup":           Mixup{Alpha: 1},
	"CutMix":          CutMix{Alpha: 1, Probability: 1},
	"Noise":           Noise{Additive: 0.5, Multiplicative: 0.5, Sparsity: 0.65},
}

// Every instruction set and any number of threads give the same bits, another
// round, view or first image gives others.
func TestSameBits(t *testing.T) {
	t.Parallel()
	for name, op := range operations {
		var want []float32
		for _, kernels := range simd.Available() {
			if kernels.Name == "generic" && len(simd.Available()) > 1 { // which may round otherwise
				continue
			}
			for _, threads := range []int{1, 3} {
				e := tensor.NewEngineOn(threads, kernels)
				f, err := op.Make(e, 21, 3, 17, 13)
				require.NoError(t, err)
				b := values(21, 3, 17, 13)
				f(b)
				if want == nil {
					want = contents(b.X)
				}
				require.Equal(t, want, contents(b.X), "%s, %s, %d threads", name, kernels.Name, threads)
				e.Close()
			}
		}
		require.NotEqual(t, want, contents(values(21, 3, 17, 13).X), name)
		e := tensor.NewEngineOn(1, nil)
		f, err := op.Make(e, 21, 3, 17, 13)
		require.NoError(t, err)
		for _, change := range []func(d *augment.Draw){
			func(d *augment.Draw) { d.Seed++ }, func(d *augment.Draw) { d.Round++ },
			func(d *augment.Draw) { d.View++ }, func(d *augment.Draw) { d.Image++ },
		} {
			b := values(21, 3, 17, 13)
			change(&b.Draw)
			f(b)
			require.NotEqual(t, want, contents(b.X), name)
		}
		e.Close()
	}
}

// An image's result does not depend on how many others there are.
func TestShortBatches(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"RandConv", "RandConv, mixed", "ProRandConv"} {
		e := tensor.NewEngineOn(1, nil)
		f, err := operations[name].Make(e, 21, 3, 17, 13)
		require.NoError(t, err)
		all, few := values(21, 3, 17, 13), values(21, 3, 17, 13)
		few.X = few.X.Images(0, 5)
		f(all)
		f(few)
		require.Equal(t, contents(all.X.Images(0, 5)), contents(few.X), name)
		e.Close()
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for name, op := range operations {
		e := tensor.NewEngineOn(2, nil)
		f, err := op.Make(e, 20, 3, 9, 9)
		require.NoError(t, err)
		b := values(20, 3, 9, 9)
		require.Zero(t, testing.AllocsPerRun(20, func() {
			b.Draw.Round++
			f(b)
		}), name)
		e.Close()
	}
}

func TestAsView(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	op := operations["RandConv"]
	plain, err := op.Make(e, 4, 3, 9, 9)
	require.NoError(t, err)
	other, err := AsView{0, op}.Make(e, 4, 3, 9, 9)
	require.NoError(t, err)
	a, b := values(4, 3, 9, 9), values(4, 3, 9, 9)
	a.Draw.View, b.Draw.View = 0, 2
	plain(a)
	other(b)
	require.Equal(t, contents(a.X), contents(b.X))
	require.Equal(t, 2, b.Draw.View)
	_, err = AsView{0, RandConv{}}.Make(e, 4, 3, 9, 9)
	require.ErrorContains(t, err, "Sides is empty")

	again, err := Anew{op, 3}.Make(e, 4, 3, 9, 9)
	require.NoError(t, err)
	a, b = values(4, 3, 9, 9), values(4, 3, 9, 9)
	a.Draw.View, b.Draw.View = 14, 2
	plain(a)
	again(b)
	require.Equal(t, contents(a.X), contents(b.X), "as none of an image's views")
	require.Equal(t, 2, b.Draw.View)
	for _, o := range []Anew{{op, 0}, {op, 4}, {RandConv{}, 1}} {
		_, err = o.Make(e, 4, 3, 9, 9)
		require.Error(t, err)
	}
}

func TestSettingsThatNoOperationCanHave(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	for want, op := range map[string]augment.BatchOp{
		"Sides has 4 pixels":            RandConv{Sides: []int{3, 4}},
		"Identity is 1.5":               RandConv{Sides: []int{3}, Identity: 1.5},
		"Most is 0":                     ProRandConv{},
		"Offset is -1":                  ProRandConv{Most: 1, Offset: -1},
		"Affine is -1, expected 0 to 1": ProRandConv{Most: 1, Affine: -1},
		"Mixup.Alpha is 0":              Mixup{},
		"CutMix.Alpha is -1":            CutMix{Alpha: -1},
		"CutMix.Probability is 2":       CutMix{Alpha: 1, Probability: 2},
		"Noise of Additive -1":          Noise{Additive: -1},
		"Noise.Sparsity is 1.5":         Noise{Sparsity: 1.5},
	} {
		_, err := op.Make(e, 2, 3, 8, 8)
		require.ErrorContains(t, err, want)
	}
}

func TestRandConvAsPyTorch(t *testing.T) {
	t.Parallel()
	cases := readCases(t)["RandConv"]
	require.NotEmpty(t, cases)
	for _, c := range cases {
		engines(t, func(e *tensor.Engine) {
			r := &randConv{engine: e, share: c.Share, filter: newFilter(e, 7, c.Shape[1], c.Shape[2], c.Shape[3])}
			r.to, r.back = c.valueRange().lines()
			r.filter.resize(c.Side)
			copy(r.filter.weights, c.Weights)
			x := c.tensor()
			r.convolve(x)
			c.check(t, x, e.Kernels.Name)
		})
	}
}

func TestProRandConvAsPyTorch(t *testing.T) {
	t.Parallel()
	cases := readCases(t)["ProRandConv"]
	require.NotEmpty(t, cases)
	for _, c := range cases {
		engines(t, func(e *tensor.Engine) {
			p := newProRandConv(ProRandConv{Range: c.valueRange()}, e, c.Shape[1], c.Shape[2], c.Shape[3])
			p.times = c.Times
			for i := range p.weights { // PyTorch has [to][from][tap]
				to, tap, from := i/27, i/3%9, i%3
				p.weights[i] = c.Weights[(to*3+from)*9+tap]
			}
			for tap := range 9 {
				for at := range p.pixels {
					p.setTap(tap, at, float64(c.Offsets[2*tap*p.pixels+at]), float64(c.Offsets[(2*tap+1)*p.pixels+at]))
				}
			}
			copy(p.slope, c.Slope)
			copy(p.offset, c.Offset)
			x := c.tensor()
			p.apply(x)
			c.check(t, x, e.Kernels.Name)
		})
	}
}

// What is drawn has the distributions that the papers have.
func TestDistributions(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	r := &randConv{RandConv: RandConv{Sides: []int{1, 3, 5}, Identity: 0.5, Mix: true}, engine: e, filter: newFilter(e, 5, 3, 4, 4)}
	r.to, r.back = r.Range.lines()
	const draws = 2000
	same, sides, square, shares := 0, map[int]int{}, 0.0, []float32{}
	for round := range draws {
		b := values(1, 3, 4, 4)
		before := slices.Clone(b.X.Image(0))
		b.Draw.Round = round
		r.run(b)
		if slices.Equal(before, b.X.Image(0)) {
			same++
			continue
		}
		sides[r.filter.side]++
		shares = append(shares, r.share)
		for _, w := range r.filter.current() {
			square += float64(w*w) * float64(3*r.filter.side*r.filter.side) / float64(len(r.filter.current()))
		}
	}
	changed := float64(draws - same)
	require.InDelta(t, draws/2, changed, 100)
	for _, side := range []int{1, 3, 5} {
		require.InDelta(t, changed/3, sides[side], 80)
	}
	require.InDelta(t, 1, square/changed, 0.06)
	slices.Sort(shares)
	require.InDelta(t, 0.5, shares[len(shares)/2], 0.06)

	p := newProRandConv(ProRandConv{Most: 10, Offset: 0.2, Affine: 0.5}, e, 3, 4, 4)
	times, slopes := 0.0, 0.0
	var squares [3]float64 // of weights in the middle, beside it and in corners
	for round := range draws {
		b := values(1, 3, 4, 4)
		b.Draw.Round = round
		p.run(b)
		times += float64(p.times)
		for c := range 3 {
			slopes += float64(p.slope[c]*p.slope[c]) / 3
		}
		for i, w := range p.weights {
			t := i / 3 % 9
			distance := (t/3-1)*(t/3-1) + (t%3-1)*(t%3-1)
			squares[distance] += float64(w*w) * 27 / []float64{9, 36, 36}[distance]
		}
	}
	for distance, sum := range squares {
		want := 0.0 // the mean over widths from 0.01 to 1 of the squared window
		for i := range 1000 {
			width := 0.01 + 0.99*(float64(i)+0.5)/1000
			want += math.Exp(-float64(distance)/(width*width)) / 1000
		}
		require.InEpsilon(t, want, sum/draws, 0.1, "squared distance %d", distance)
	}
	require.InDelta(t, 5.5, times/draws, 0.3)
	require.InDelta(t, 0.25, slopes/draws, 0.02)
}

func BenchmarkOperations(b *testing.B) {
	for _, name := range []string{"RandConv", "ProRandConv", "Mixup", "CutMix", "Noise"} {
		b.Run(name, func(b *testing.B) {
			e := tensor.NewEngineOn(1, nil)
			defer e.Close()
			f, err := operations[name].Make(e, 32, 3, 32, 32)
			require.NoError(b, err)
			batch := values(32, 3, 32, 32)
			for b.Loop() {
				batch.Draw.Round++
				f(batch)
			}
		})
	}
}

// A plane far from 0 whose first value is an outlier is standardised as float64
// arithmetic does it.
func TestStandardiseOutlier(t *testing.T) {
	t.Parallel()
	engines(t, func(e *tensor.Engine) {
		p := newProRandConv(ProRandConv{}, e, 1, 32, 32)
		p.slope[0], p.offset[0] = 1, 0
		m := &p.memory[0].Value
		r := rand.New(rand.NewPCG(1, 2))
		sum, square := 0.0, 0.0
		for i := range m.out { // the same plane in every lane
			if i%lanes > 0 {
				m.out[i] = m.out[i-1]
				continue
			}
			if m.out[i] = float32(5 + 0.01*r.NormFloat64()); i == 0 {
				m.out[i] = 0
			}
			sum += float64(m.out[i])
		}
		mean := sum / float64(p.pixels)
		for i := 0; i < len(m.out); i += lanes {
			square += (float64(m.out[i]) - mean) * (float64(m.out[i]) - mean)
		}
		deviation := math.Sqrt(square/float64(p.pixels) + varianceFloor)
		p.standardise(m, 0)
		for i, got := range m.planes {
			want := math.Tanh((float64(m.out[i%p.pixels*lanes]) - mean) / deviation)
			require.InDelta(t, want, got, 4e-6, "%s, pixel %d", e.Kernels.Name, i)
		}
	})
}
