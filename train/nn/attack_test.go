package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/attack"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Batch normalisation of random shapes, means and deviations against its definition in
// float64, on every kernel set and with different numbers of threads: the output, the
// gradients and the running statistics.
//
// MEADA_SEED repeats an attack, ATTACK_TIME=10m makes it last.
func TestAttackNorms(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(attack.Seed(t), 2))
	end := time.Now().Add(attack.Duration(t, 100*time.Millisecond))
	shapes := 0
	for ; shapes == 0 || time.Now().Before(end); shapes++ {
		c, h, w := 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(20)
		n := 1 + r.IntN(9)
		if n*h*w == 1 {
			n = 2
		}
		mean, deviation := r.NormFloat64()*math.Pow(10, 2*r.Float64()-1), math.Pow(10, 2*r.Float64()-1)
		draw := func(mean, deviation float64) tensor.Tensor {
			x := tensor.New(n, c, h, w)
			for i := range x.Data {
				x.Data[i] = float32(mean + deviation*r.NormFloat64())
			}
			return x
		}
		x, dy := draw(mean, deviation), draw(0, 1)
		weight, bias := draw(1, 0.5).Data[:c], draw(0, 1).Data[:c]
		want, terms := exactNorm(x, dy, weight, bias)
		var first []float32
		for _, set := range simd.Available() {
			for _, threads := range []int{1, 2 + r.IntN(3)} {
				got := normalised(set, threads, x, dy, weight, bias)
				for i, what := range []string{"output", "gradient of the input", "of the weight", "of the bias", "running mean", "running variance"} {
					scale := 1.0
					for _, v := range want[i] {
						scale = max(scale, math.Abs(v))
					}
					for j, v := range want[i] {
						room := 2e-5 * scale
						if i < len(terms) { // of channels whose values lie close together, far from 0
							room += float32Rounding * terms[i][j]
						}
						if !(math.Abs(v-float64(got[i][j])) <= room) {
							t.Fatalf("%dx%dx%dx%d, mean %g, deviation %g, %s, %d threads: %s: element %d is %v, expected %v",
								n, c, h, w, mean, deviation, set.Name, threads, what, j, got[i][j], v)
						}
					}
				}
				all := slices.Concat(got...)
				if set.Name == "generic" {
					continue
				}
				if first == nil {
					first = all
				}
				require.True(t, slices.Equal(first, all), "%dx%dx%dx%d, %s, %d threads: other bits", n, c, h, w, set.Name, threads)
			}
		}
	}
	t.Logf("%d shapes agree", shapes)
}

// normalised returns output, gradients and running statistics of batch normalisation
// behind a convolution that changes nothing, so that its input has a gradient.
func normalised(set *simd.Kernels, threads int, x, dy tensor.Tensor, weight, bias []float32) [][]float32 {
	e := tensor.NewEngineOn(threads, set)
	defer e.Close()
	g, in := NewGraph(x.C, x.H, x.W)
	out := g.Flatten(g.BatchNorm("bn", g.Conv("same", in, Conv{Out: x.C, Kernel: 1})))
	network := g.Network("norm", out, out)
	clear(network.Params[0].Data)
	for c := range x.C {
		network.Params[0].Data[c*x.C+c] = 1
	}
	copy(network.Params[1].Data, weight)
	copy(network.Params[2].Data, bias)
	plan := Compile(e, network, x.N, Train)
	y, _ := plan.Forward(x)
	plan.Backward(tensor.View(dy.Data, x.N, x.C*x.H*x.W, 1, 1), tensor.Tensor{})
	norm := plan.current.backward[0].(*batchNorm)
	return [][]float32{
		slices.Clone(dense(y)), slices.Clone(dense(norm.dx)), norm.weight.Grad, norm.bias.Grad, norm.norm.mean.data, norm.norm.variance.data,
	}
}

// float32Rounding is what a term of a sum in float32 may be wrong by, of its size: it and
// the sum are rounded.
const float32Rounding = 1. / (1 << 23)

// exactNorm returns the same by the definition, and of outputs and gradients of the input
// and the weight how large the terms are that float32 arithmetic adds up: x and the mean,
// scaled, and what belongs to them. Where they cancel out, so do digits, PyTorch's too.
func exactNorm(x, dy tensor.Tensor, weight, bias []float32) (results, terms [][]float64) {
	size, count := x.H*x.W, float64(x.N*x.H*x.W)
	means, variances := exactMoments(&x)
	y, dx := make([]float64, len(x.Data)), make([]float64, len(x.Data))
	terms = [][]float64{make([]float64, len(x.Data)), make([]float64, len(x.Data)), make([]float64, x.C)}
	dw, db := make([]float64, x.C), make([]float64, x.C)
	each := func(f func(i, c int, z, g float64)) {
		for i, v := range x.Data {
			c := i / size % x.C
			f(i, c, (float64(v)-means[c])/math.Sqrt(variances[c]+normEpsilon), float64(dy.Data[i]))
		}
	}
	each(func(i, c int, z, g float64) {
		y[i] = z*float64(weight[c]) + float64(bias[c])
		dw[c] += g * z
		db[c] += g
	})
	each(func(i, c int, z, g float64) {
		scale := float64(weight[c]) / math.Sqrt(variances[c]+normEpsilon)
		dx[i] = scale * (g - db[c]/count - z*dw[c]/count)
		values := math.Abs(float64(x.Data[i])) + math.Abs(means[c])
		terms[0][i] = math.Abs(scale)*values + math.Abs(float64(bias[c]))
		terms[1][i] = math.Abs(scale) * (math.Abs(g) + math.Abs(db[c]/count) + math.Abs(dw[c]/count)/math.Sqrt(variances[c]+normEpsilon)*values)
	})
	running, spread := make([]float64, x.C), make([]float64, x.C)
	for c := range x.C {
		// The mean is rounded once, for all the terms: x-mean itself is exact where they are close.
		terms[2][c] = math.Abs(means[c]*db[c]) / math.Sqrt(variances[c]+normEpsilon)
		running[c] = normMomentum * means[c]
		spread[c] = 1 - normMomentum + normMomentum*variances[c]*count/(count-1)
	}
	return [][]float64{y, dx, dw, db, running, spread}, terms
}
