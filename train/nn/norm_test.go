package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Channels far from 0 with outliers where a careless centre would be taken from:
// mean and variance are those of float64 arithmetic, and the same bits everywhere.
func TestBatchNormOutliers(t *testing.T) {
	t.Parallel()
	const channels, mean, deviation = 3, 5, 0.01
	for _, shape := range [][3]int{{8, 32, 32}, {1, 40, 40}, {2, 7, 7}, {64, 1, 1}, {5, 1, 3}, {2, 1, 1}} {
		n, h, w := shape[0], shape[1], shape[2]
		for name, outlier := range map[string]func(image, pixel int) bool{
			"none":        func(int, int) bool { return false },
			"first pixel": func(image, pixel int) bool { return image == 0 && pixel == 0 },
			"first image": func(image, _ int) bool { return image == 0 && n > 1 },
			"corners":     func(_, pixel int) bool { return pixel == 0 && h > 1 },
			"first rows":  func(_, pixel int) bool { return pixel < w && h > 1 },
			"last pixel":  func(image, pixel int) bool { return image == n-1 && pixel == h*w-1 },
		} {
			r := rand.New(rand.NewPCG(1, 2))
			x := tensor.New(n, channels, h, w)
			for i := range n {
				for p := range x.Image(i) {
					x.Image(i)[p] = float32(mean + deviation*r.NormFloat64())
					if outlier(i, p%(h*w)) {
						x.Image(i)[p] = 0
					}
				}
			}
			means, variances := exactMoments(&x)
			var first []float64
			for _, set := range simd.Available() {
				for _, threads := range []int{1, 3} {
					what := fmt.Sprintf("%v, outliers: %s, %s, %d threads", shape, name, set.Name, threads)
					got := measured(set, threads, x)
					for c := range channels {
						require.InEpsilon(t, means[c], got.mean[c], 1e-7, "mean, %s", what)
						require.InEpsilon(t, variances[c], got.variance[c], 3e-6, "variance, %s", what)
					}
					all := slices.Concat(got.mean, got.variance)
					switch {
					case set.Name == "generic":
					case first == nil:
						first = all
					default:
						require.Equal(t, first, all, what)
					}
				}
			}
		}
	}
}

// measured returns the moments by which batch normalisation normalises x in training.
func measured(set *simd.Kernels, threads int, x tensor.Tensor) moments {
	e := tensor.NewEngineOn(threads, set)
	defer e.Close()
	g, in := NewGraph(x.C, x.H, x.W)
	out := g.Flatten(g.BatchNorm("bn", in))
	plan := Compile(e, g.Network("bn", out, out), x.N, Train)
	plan.Forward(x)
	return plan.current.forward[0].(*batchNorm).moments
}

// exactMoments returns the mean and the biased variance of each channel.
func exactMoments(x *tensor.Tensor) (means, variances []float64) {
	count := float64(x.N * x.H * x.W)
	for c := range x.C {
		each := func(f func(v float64)) {
			for i := range x.N {
				for _, v := range channels(x, i, c, c+1) {
					f(float64(v))
				}
			}
		}
		var sum, squares float64
		each(func(v float64) { sum += v })
		each(func(v float64) { squares += (v - sum/count) * (v - sum/count) })
		means, variances = append(means, sum/count), append(variances, squares/count)
	}
	return means, variances
}

func TestBatchNormNeedsTwoValues(t *testing.T) {
	t.Parallel()
	x := tensor.New(1, 3, 1, 1)
	require.PanicsWithValue(t, "nn: batch normalisation over one value for each channel, expected more in training",
		func() { measured(simd.Active(), 1, x) })
	g, in := NewGraph(3, 1, 2)
	out := g.Flatten(g.BatchNorm("bn", in))
	require.Equal(t, 1, g.Network("bn", out, out).LeastBatch())
	g, in = NewGraph(3, 1, 1)
	out = g.Flatten(g.BatchNorm("bn", in))
	net := g.Network("bn", out, out)
	require.Equal(t, 2, net.LeastBatch())
	net.FreezeBN = true
	require.Equal(t, 1, net.LeastBatch())
}

// A frozen batch normalisation gives the same gradients folded into the convolution
// before it as apart from it, as it is behind a pooling of one pixel.
func TestFoldedGradients(t *testing.T) {
	t.Parallel()
	network := func(apart bool) *Network {
		g, x := NewGraph(3, 6, 5)
		for i, c := range []Conv{{Out: 4, Kernel: 3, Padding: 1, Bias: true}, {Out: 4, Kernel: 3, Groups: 4}, {Out: 5, Kernel: 1, Bias: true}} {
			name := string(rune('a' + i))
			x = g.Conv(name, x, c)
			if apart {
				x = g.AvgPool(x, 1)
			}
			if x = g.BatchNorm(name+"n", x); i < 2 {
				x = g.ReLU6(x)
			}
		}
		out := g.Flatten(x)
		n := g.Network("folded", out, out)
		n.FreezeBN = true
		return n
	}
	forEachSet(t, func(t *testing.T, e *tensor.Engine) {
		folded, apart := network(false), network(true)
		folded.Init(1)
		random := rand.New(rand.NewPCG(4, 4))
		state := folded.State()
		for _, s := range state {
			for i := range s.Data {
				switch s.Data[i] = random.Float32() + 0.5; {
				case strings.HasSuffix(s.Name, "mean"), strings.HasSuffix(s.Name, "bias"), len(s.Shape) > 1:
					s.Data[i] -= 1
				}
			}
		}
		require.NoError(t, folded.SetState(state))
		require.NoError(t, apart.SetState(state))
		images := tensor.New(3, 3, 6, 5)
		gradient := tensor.New(3, folded.Embedding, 1, 1)
		for _, data := range [][]float32{images.Data, gradient.Data} {
			for i := range data {
				data[i] = random.Float32() - 0.5
			}
		}
		var logits [2][]float32
		for i, n := range []*Network{folded, apart} {
			p := Compile(e, n, images.N, Train)
			y, _ := p.Forward(images)
			logits[i] = dense(y)
			p.Backward(gradient, tensor.Tensor{})
		}
		require.InDeltaSlice(t, logits[1], logits[0], 1e-5)
		for i, want := range apart.Params {
			got := folded.Params[i]
			require.Equal(t, want.Name, got.Name)
			require.InDeltaSlice(t, want.Grad, got.Grad, 3e-5, want.Name)
		}
	})
}
