package conv

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/race"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

var shapes = []Shape{
	{N: 2, C: 84, H: 12, W: 9, K: 24, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 2},
	{N: 3, C: 32, H: 8, W: 8, K: 48, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 3, C: 64, H: 14, W: 14, K: 32, R: 5, S: 5, Stride: 1, Groups: 1},
	{N: 3, C: 32, H: 9, W: 7, K: 32, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 0, Groups: 1},
	{N: 2, C: 3, H: 5, W: 4, K: 2, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 3, C: 2, H: 7, W: 9, K: 5, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 3, H: 6, W: 7, K: 4, R: 3, S: 5, Stride: 1, PadH: 1, PadW: 2, Groups: 1},
	{N: 2, C: 4, H: 15, W: 13, K: 6, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 2},
	{N: 2, C: 8, H: 9, W: 8, K: 4, R: 1, S: 1, Stride: 2, Groups: 1},
	{N: 9, C: 64, H: 15, W: 14, K: 40, R: 1, S: 1, Stride: 2, Groups: 1},
	{N: 2, C: 3, H: 39, W: 43, K: 5, R: 11, S: 11, Stride: 4, PadH: 2, PadW: 2, Groups: 1},
	{N: 2, C: 5, H: 6, W: 6, K: 7, R: 1, S: 1, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 6, H: 8, W: 8, K: 6, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 6},
	{N: 5, C: 16, H: 10, W: 10, K: 16, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 2},
	{N: 3, C: 3, H: 32, W: 32, K: 20, R: 5, S: 5, Stride: 1, Groups: 1},
	{N: 7, C: 20, H: 14, W: 14, K: 17, R: 5, S: 5, Stride: 1, Groups: 1},
	{N: 2, C: 33, H: 16, W: 16, K: 40, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
	{N: 3, C: 3, H: 12, W: 11, K: 96, R: 5, S: 5, Stride: 1, Groups: 1},
	{N: 3, C: 10, H: 11, W: 8, K: 192, R: 3, S: 2, Stride: 2, PadH: 1, PadW: 1, Groups: 2},
	{N: 3, C: 14, H: 8, W: 12, K: 40, R: 1, S: 1, Stride: 1, Groups: 2},
	{N: 2, C: 530, H: 8, W: 12, K: 20, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 3, C: 20, H: 11, W: 13, K: 10, R: 4, S: 5, Stride: 3, PadH: 1, PadW: 2, Groups: 2},
	{N: 4, C: 9, H: 6, W: 6, K: 70, R: 2, S: 3, Stride: 3, PadH: 1, PadW: 0, Groups: 1},
	{N: 3, C: 16, H: 16, W: 14, K: 140, R: 5, S: 3, Stride: 2, PadH: 2, PadW: 1, Groups: 1},
	{N: 2, C: 40, H: 8, W: 8, K: 12, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 9, C: 18, H: 5, W: 4, K: 7, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 10, C: 10, H: 6, W: 3, K: 64, R: 2, S: 1, Stride: 1, Groups: 2},
	{N: 5, C: 64, H: 14, W: 14, K: 48, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
	{N: 5, C: 32, H: 7, W: 7, K: 48, R: 1, S: 1, Stride: 1, Groups: 1}, // the larger operand of the weights' pass is read in place
	{N: 2, C: 16, H: 9, W: 8, K: 180, R: 5, S: 3, Stride: 2, PadH: 2, PadW: 1, Groups: 1},
	{N: 2, C: 128, H: 10, W: 8, K: 42, R: 5, S: 4, Stride: 2, PadH: 2, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 2},
	{N: 2, C: 8, H: 8, W: 8, K: 8, R: 3, S: 1, Stride: 2, PadH: 1, Groups: 1},            // a phase of no taps
	{N: 2, C: 8, H: 7, W: 6, K: 8, R: 2, S: 2, Stride: 3, Groups: 1},                     // likewise
	{N: 2, C: 4, H: 1, W: 8, K: 4, R: 1, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},   // a row of the output is of padding
	{N: 2, C: 4, H: 1, W: 8, K: 4, R: 3, S: 3, Stride: 2, PadH: 3, PadW: 1, Groups: 1},   // likewise
	{N: 2, C: 3, H: 8, W: 2, K: 8, R: 7, S: 7, Stride: 2, PadH: 3, PadW: 3, Groups: 1},   // taps that meet no column
	{N: 2, C: 3, H: 9, W: 4, K: 8, R: 11, S: 11, Stride: 2, PadH: 5, PadW: 5, Groups: 1}, // likewise
	{N: 2, C: 2, H: 30, W: 30, K: 4, R: 23, S: 23, Stride: 2, PadH: 11, PadW: 11, Groups: 1},

	// Depthwise.
	{N: 3, C: 21, H: 7, W: 7, K: 21, R: 5, S: 5, Stride: 1, PadH: 2, PadW: 2, Groups: 21},
	{N: 2, C: 5, H: 30, W: 28, K: 5, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 5},
	{N: 2, C: 3, H: 9, W: 37, K: 3, R: 5, S: 5, Stride: 1, PadW: 4, Groups: 3},
	{N: 3, C: 37, H: 14, W: 14, K: 37, R: 5, S: 5, Stride: 1, PadH: 2, PadW: 2, Groups: 37},
	{N: 2, C: 20, H: 16, W: 18, K: 20, R: 3, S: 3, Stride: 2, ExtraH: 1, ExtraW: 1, Groups: 20},
	{N: 2, C: 19, H: 14, W: 12, K: 19, R: 5, S: 5, Stride: 2, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 19},
	{N: 3, C: 21, H: 14, W: 14, K: 21, R: 5, S: 5, Stride: 2, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 21},
	{N: 2, C: 7, H: 13, W: 44, K: 7, R: 5, S: 5, Stride: 2, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 7},
	{N: 2, C: 17, H: 102, W: 104, K: 17, R: 5, S: 5, Stride: 2, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 17}, // a task has two calls
	{N: 3, C: 5, H: 7, W: 7, K: 5, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 5},
	{N: 3, C: 5, H: 7, W: 5, K: 5, R: 5, S: 3, Stride: 2, PadH: 2, PadW: 1, Groups: 5},
	{N: 2, C: 4, H: 11, W: 40, K: 4, R: 7, S: 7, Stride: 3, PadH: 3, PadW: 3, Groups: 4},
	{N: 2, C: 3, H: 6, W: 5, K: 3, R: 2, S: 2, Stride: 3, ExtraH: 2, Groups: 3},
	{N: 2, C: 3, H: 4, W: 1, K: 3, R: 1, S: 1, Stride: 2, Groups: 3},

	// Padding that is not symmetric.
	{N: 2, C: 3, H: 16, W: 14, K: 10, R: 3, S: 3, Stride: 2, ExtraH: 1, ExtraW: 1, Groups: 1},
	{N: 2, C: 16, H: 10, W: 8, K: 12, R: 5, S: 5, Stride: 2, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 1},
	{N: 2, C: 18, H: 9, W: 8, K: 12, R: 4, S: 4, Stride: 1, PadH: 1, PadW: 1, ExtraH: 1, ExtraW: 1, Groups: 1},
	{N: 2, C: 18, H: 9, W: 8, K: 12, R: 1, S: 1, Stride: 1, ExtraW: 1, Groups: 1},
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
	return x
}

// sliced returns a tensor that is a channel slice of a larger one.
func sliced(r *rand.Rand, n, c, h, w int) tensor.Tensor {
	return tensor.View(random(r, n*(c+3)*h*w), n, c+3, h, w).Channels(2, 2+c)
}

// visit calls tap for every product of the convolution.
func visit(s Shape, images int, tap func(n, k, out, in, weight int)) {
	cg, kg, outH, outW := s.C/s.Groups, s.K/s.Groups, s.OutH(), s.OutW()
	for n := range images {
		for k := range s.K {
			for oy := range outH {
				for ox := range outW {
					for c := range cg {
						for i := range s.R {
							for j := range s.S {
								y, x := oy*s.Stride+i-s.PadH, ox*s.Stride+j-s.PadW
								if y < 0 || y >= s.H || x < 0 || x >= s.W {
									continue
								}
								tap(n, k, (k*outH+oy)*outW+ox, ((k/kg*cg+c)*s.H+y)*s.W+x, ((k*cg+c)*s.R+i)*s.S+j)
							}
						}
					}
				}
			}
		}
	}
}

// requireClose allows the rounding of that many terms, and for Winograd's
// algorithm the multiple of it that TestWinogradError states.
func requireClose(t *testing.T, want []float64, got []float32, terms int, winograd bool, name string) {
	t.Helper()
	tolerance := 2e-7*float64(terms) + 2e-6
	if winograd {
		tolerance *= 10
	}
	for i, w := range want {
		if !(math.Abs(w-float64(got[i])) <= tolerance) {
			t.Fatalf("%s: element %d is %v, expected %v", name, i, got[i], w)
		}
	}
}

// expected holds the results of all passes in float64, and their operands.
type expected struct {
	x, dy, dx       tensor.Tensor // dx is what the accumulating pass adds to
	w, bias         []float32
	y, grad, dw, db []float64
}

func expect(s Shape, images int, r *rand.Rand, bfloat16 bool) expected {
	e := expected{
		x: sliced(r, images, s.C, s.H, s.W), dy: sliced(r, images, s.K, s.OutH(), s.OutW()), dx: sliced(r, images, s.C, s.H, s.W),
		w: random(r, s.Weights()), bias: random(r, s.K),
	}
	if bfloat16 {
		for _, x := range [][]float32{e.x.Data, e.dy.Data, e.w} {
			round(x)
		}
	}
	area := s.OutH() * s.OutW()
	outSize, inSize := s.K*area, s.C*s.H*s.W
	e.y, e.grad = make([]float64, images*outSize), make([]float64, images*inSize)
	e.dw, e.db = make([]float64, s.Weights()), make([]float64, s.K)
	for n := range images {
		for i, g := range e.dy.Image(n) {
			e.y[n*outSize+i] = float64(e.bias[i/area])
			e.db[i/area] += float64(g)
		}
	}
	visit(s, images, func(n, k, out, in, weight int) {
		x, w, dy := float64(e.x.Image(n)[in]), float64(e.w[weight]), float64(e.dy.Image(n)[out])
		e.y[n*outSize+out] += x * w
		e.grad[n*inSize+in] += dy * w
		e.dw[weight] += dy * x
	})
	return e
}

// round rounds x to bfloat16, to nearest and ties to even.
func round(x []float32) {
	for i, v := range x {
		bits := math.Float32bits(v)
		x[i] = math.Float32frombits((bits + 0x7fff + bits>>16&1) &^ 0xffff)
	}
}

// clone returns a copy of t with the same stride.
func clone(t tensor.Tensor) tensor.Tensor {
	t.Data = append([]float32(nil), t.Data...)
	return t
}

// images returns the elements of the images one after the other, and demands
// that those between the images are as they were before.
func images(t *testing.T, got, before tensor.Tensor, name string) []float32 {
	t.Helper()
	var all []float32
	size := got.C * got.H * got.W
	for n := range got.N {
		all = append(all, got.Image(n)...)
	}
	for i := range got.Data {
		if i%got.Stride >= size && got.Data[i] != before.Data[i] {
			t.Fatalf("%s wrote outside", name)
		}
	}
	return all
}

// TestConv holds all passes against the definition in float64, for whole and
// short batches of channel slices, on every kernel set, and demands the same
// bits of every thread count and every assembly kernel set; with -short the best set is
// enough. The race detector, which sees nothing of assembly, watches the generic one on
// three threads and short batches.
func TestConv(t *testing.T) {
	sets, threadCounts := simd.Available(), []int{1, 3}
	switch {
	case race.Enabled:
		sets, threadCounts = sets[len(sets)-1:], threadCounts[1:]
		require.Equal(t, "generic", sets[0].Name)
	case testing.Short():
		sets = sets[:1]
	}
	for si, s := range shapes {
		for _, count := range []int{s.N - 1, s.N} {
			if count < s.N || !race.Enabled {
				requireConv(t, s, count, rand.New(rand.NewSource(int64(si))), Options{}, sets, threadCounts)
			}
		}
	}
}

// Strided layers leave out what meets padding alone, on every kernel set alike: an infinite
// gradient at the corner reaches the taps that meet the image there, and no other.
func TestWeightsLeaveOutPadding(t *testing.T) {
	for _, kernels := range simd.Available() {
		for _, s := range []Shape{
			{N: 3, C: 64, H: 6, W: 8, K: 48, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
			{N: 2, C: 64, H: 5, W: 7, K: 41, R: 5, S: 3, Stride: 2, PadH: 2, PadW: 1, Groups: 1},
			{N: 2, C: 10, H: 8, W: 6, K: 7, R: 3, S: 2, Stride: 2, PadH: 1, Groups: 1},
		} {
			engine := tensor.NewEngineOn(2, kernels)
			c := New(engine, s, Options{})
			c.PlanBackwardWeights()
			x, dy := tensor.New(s.N, s.C, s.H, s.W), tensor.New(s.N, s.K, s.OutH(), s.OutW())
			for i := range x.Data {
				x.Data[i] = 1
			}
			for i := range dy.Data {
				dy.Data[i] = 1
				if i%(s.OutH()*s.OutW()) == 0 {
					dy.Data[i] = float32(math.Inf(1))
				}
			}
			dw := make([]float32, s.Weights())
			c.BackwardWeights(dw, nil, x, dy)
			for i, v := range dw {
				row, column := i/s.S%s.R, i%s.S
				meets := row >= s.PadH && column >= s.PadW
				require.Equal(t, meets, math.IsInf(float64(v), 1), "%s, %v: tap %d, %d is %v", kernels.Name, s, row, column, v)
				require.False(t, math.IsNaN(float64(v)), "%s, %v: tap %d, %d", kernels.Name, s, row, column)
			}
			engine.Close()
		}
	}
}

// Forward and backward to the data it is rows of padding that are left out: infinite weights
// for what is above the image reach all rows of the output but the first, and those for what is
// below the gradient no pixel of the last row, but all others of its phase.
func TestNarrowLayersLeaveOutPadding(t *testing.T) {
	s := Shape{N: 3, C: 10, H: 6, W: 8, K: 7, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1}
	for _, kernels := range simd.Available() {
		engine := tensor.NewEngineOn(2, kernels)
		c := New(engine, s, Options{})
		c.PlanBackwardData()
		dx, dy := tensor.New(s.N, s.C, s.H, s.W), tensor.New(s.N, s.K, s.OutH(), s.OutW())
		for i := range dy.Data {
			dy.Data[i] = 1
		}
		w := make([]float32, s.Weights())
		for i := range w {
			w[i] = 1
			if i/s.S%s.R == 0 {
				w[i] = float32(math.Inf(1))
			}
		}
		c.BackwardData(dx, dy, w, false)
		for i, v := range dx.Data {
			y := i / s.W % s.H
			infinite := y%2 == 1 && y < s.H-1
			require.Equal(t, infinite, math.IsInf(float64(v), 1) || math.IsNaN(float64(v)), "%s: row %d: %v", kernels.Name, y, v)
		}
		for i := range dx.Data {
			dx.Data[i] = 1
		}
		c.Forward(dy, dx, w, nil, simd.Identity)
		for i, v := range dy.Data {
			y := i / s.OutW() % s.OutH()
			require.Equal(t, y > 0, math.IsInf(float64(v), 1) || math.IsNaN(float64(v)), "%s: output row %d: %v", kernels.Name, y, v)
		}
		engine.Close()
	}
}

// TestBFloat16 does so for products of bfloat16, without Winograd's algorithm too.
func TestBFloat16(t *testing.T) {
	sets, threadCounts := simd.Available(), []int{1, 3}
	switch {
	case race.Enabled:
		sets, threadCounts = sets[len(sets)-1:], threadCounts[1:]
	case testing.Short():
		sets = sets[:min(2, len(sets))]
	}
	for si, s := range append(shapes, deepShapes...) {
		for _, o := range []Options{{BFloat16: true}, {BFloat16: true, NoWinograd: true}} {
			if o.NoWinograd && !winogradFits(s) {
				continue
			}
			sets := sets
			if s.MultiplyAdds() > 1<<20 { // the generic kernels are slow
				sets = slices.DeleteFunc(slices.Clone(sets), func(k *simd.Kernels) bool { return k.Name == "generic" })
			}
			requireConv(t, s, s.N-si%2, rand.New(rand.NewSource(int64(si))), o, sets, threadCounts)
		}
	}
}

// TestBFloat16Rounds checks that the passes round their operands, and nothing else.
func TestBFloat16Rounds(t *testing.T) {
	for _, s := range []Shape{
		{N: 4, C: 12, H: 9, W: 9, K: 40, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 4, C: 16, H: 9, W: 8, K: 10, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 2},
	} {
		var results [2][]float32
		for i := range results {
			e := expect(s, s.N, rand.New(rand.NewSource(1)), i == 1)
			engine := tensor.NewEngineOn(1, nil)
			c := New(engine, s, Options{BFloat16: true})
			c.PlanBackwardData()
			c.PlanBackwardWeights()
			y, dx := tensor.New(s.N, s.K, s.OutH(), s.OutW()), clone(e.dx)
			dw := make([]float32, s.Weights())
			c.Forward(y, e.x, e.w, e.bias, simd.Identity)
			c.BackwardData(dx, e.dy, e.w, true)
			c.BackwardWeights(dw, nil, e.x, e.dy)
			results[i] = slices.Concat(y.Data, dx.Data, dw)
			engine.Close()
		}
		require.Equal(t, results[0], results[1], "%v", s)
	}
}

// deepShapes have products that are cut along the inner dimension where it counts pairs,
// and stretches of images.
var deepShapes = []Shape{
	{N: 2, C: 1030, H: 4, W: 3, K: 20, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 2, C: 121, H: 5, W: 6, K: 1030, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 120, H: 5, W: 5, K: 10, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 10, H: 6, W: 5, K: 120, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 33, C: 8, H: 7, W: 7, K: 33, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 2, C: 9, H: 37, W: 39, K: 12, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 2, C: 4, H: 71, W: 70, K: 34, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
}

// requireConv holds all passes over count images against the definition.
func requireConv(t *testing.T, s Shape, count int, r *rand.Rand, o Options, sets []*simd.Kernels, threadCounts []int) {
	t.Helper()
	e := expect(s, count, r, o.BFloat16)
	bits := map[string][]float32{}
	for _, kernels := range sets {
		for _, threads := range threadCounts {
			name := fmt.Sprintf("%v, %d images, %s, %d threads", s, count, kernels.Name, threads)
			engine := tensor.NewEngineOn(threads, kernels)
			c := New(engine, s, o)
			c.PlanBackwardData()
			c.PlanBackwardWeights()
			shared := engine.Shared()
			for i := range shared {
				shared[i] = float32(math.NaN())
			}
			for worker := range threads {
				for i := range engine.Scratch(worker) {
					engine.Scratch(worker)[i] = float32(math.NaN())
				}
			}
			winograd := c.winograd != nil
			taps := s.R * s.S

			y := clone(e.dy)
			c.Forward(y, e.x, e.w, e.bias, simd.Identity)
			forward := images(t, y, e.dy, name)
			requireClose(t, e.y, forward, s.C*taps, winograd, name+", forward")
			c.Forward(y, e.x, e.w, e.bias, simd.ReLU)
			for i, v := range images(t, y, e.dy, name) {
				require.Equal(t, max(0, forward[i]), v, name+", ReLU")
			}
			steep := make([]float32, len(e.w))
			for i, v := range e.w {
				steep[i] = 16 * v
			}
			c.Forward(y, e.x, steep, e.bias, simd.Identity)
			unbounded := images(t, y, e.dy, name)
			c.Forward(y, e.x, steep, e.bias, simd.ReLU6)
			for i, v := range images(t, y, e.dy, name) {
				require.Equal(t, min(max(0, unbounded[i]), 6), v, name+", ReLU6")
			}

			dx := clone(e.dx)
			c.BackwardData(dx, e.dy, e.w, false)
			grad := images(t, dx, e.dx, name)
			requireClose(t, e.grad, grad, s.K*taps, winograd, name+", backward to the data")
			dx = clone(e.dx)
			c.BackwardData(dx, e.dy, e.w, true)
			added := images(t, dx, e.dx, name)
			sum := make([]float64, len(added))
			for i, v := range images(t, e.dx, e.dx, name) {
				sum[i] = float64(v) + e.grad[i]
			}
			requireClose(t, sum, added, s.K*taps, winograd, name+", backward to the data, accumulating")

			dw, db := make([]float32, s.Weights()), make([]float32, s.K)
			c.BackwardWeights(dw, db, e.x, e.dy)
			pixels := count * s.OutH() * s.OutW()
			requireClose(t, e.dw, dw, pixels, winograd, name+", backward to the weights")
			requireClose(t, e.db, db, pixels, false, name+", bias gradient")

			kind := "assembly"
			if kernels.Name == "generic" {
				kind = kernels.Name
			}
			all := slices.Concat(forward, grad, added, dw, db)
			if bits[kind] == nil {
				bits[kind] = all
			}
			require.True(t, slices.Equal(bits[kind], all), "%s: other bits than the first kernel set or thread count", name)
			if kernels.Name != "generic" && threads > 1 && count < s.N {
				require.Zero(t, testing.AllocsPerRun(3, func() {
					c.Forward(y, e.x, e.w, e.bias, simd.ReLU)
					c.BackwardData(dx, e.dy, e.w, false)
					c.BackwardWeights(dw, db, e.x, e.dy)
				}), name)
			}
			engine.Close()
		}
	}
}

func TestMultiplyAddsBy(t *testing.T) {
	for _, c := range []struct {
		shape          Shape
		direct, chosen int
	}{
		{Shape{N: 2, C: 64, H: 14, W: 14, K: 128, R: 5, S: 5, Stride: 1, Groups: 1}, // 5x5 tiles of 2x2 outputs
			2 * 10 * 10 * 128 * 64 * 25, 2 * 5 * 5 * 36 * 128 * 64},
		{Shape{N: 1, C: 64, H: 7, W: 9, K: 32, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 2}, // 2x3 tiles of 4x4
			7 * 9 * 32 * 32 * 9, 2 * 3 * 36 * 32 * 32},
		{Shape{N: 1, C: 64, H: 8, W: 8, K: 32, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
			4 * 4 * 32 * 64 * 9, 4 * 4 * 32 * 64 * 9},
		{Shape{N: 1, C: 32, H: 8, W: 8, K: 32, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 32}, // depthwise
			8 * 8 * 32 * 9, 8 * 8 * 32 * 9},
	} {
		require.Equal(t, c.direct, c.shape.MultiplyAdds(), c.shape)
		require.Equal(t, c.chosen, c.shape.MultiplyAddsBy(Options{}), c.shape)
		require.Equal(t, c.direct, c.shape.MultiplyAddsBy(Options{NoWinograd: true}), c.shape)
	}
}
