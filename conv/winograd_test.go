package conv

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// maxErrorRatio is the promise about Winograd's rounding: its root mean square
// error is at most this multiple of the direct algorithm's, in every pass. The
// measured ratios are in README.md.
const maxErrorRatio = 16

// TestWinogradError measures the error of both algorithms against float64 on the
// layers of the paper's networks: activations behind a ReLU, He-initialised
// filters, normal gradients.
func TestWinogradError(t *testing.T) {
	layers := []Shape{
		{C: 64, H: 14, W: 14, K: 128, R: 5, S: 5},
		{C: 96, H: 32, W: 32, K: 96, R: 3, S: 3, PadH: 1, PadW: 1},
		{C: 192, H: 16, W: 16, K: 192, R: 3, S: 3, PadH: 1, PadW: 1},
		{C: 32, H: 32, W: 32, K: 32, R: 3, S: 3, PadH: 1, PadW: 1},
		{C: 64, H: 16, W: 16, K: 64, R: 3, S: 3, PadH: 1, PadW: 1},
		{C: 128, H: 8, W: 8, K: 128, R: 3, S: 3, PadH: 1, PadW: 1},
	}
	if os.Getenv("CI") == "" || testing.Short() {
		layers = layers[4:]
	}
	t.Logf("%-28s %-17s %9s %9s %6s", "layer", "pass", "direct", "Winograd", "ratio")
	for _, s := range layers {
		s.N, s.Stride, s.Groups = 1, 1, 1
		r := rand.New(rand.NewSource(1))
		normal := func(n int, sigma float64) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.NormFloat64() * sigma)
			}
			return x
		}
		x := tensor.View(normal(s.C*s.H*s.W, 1), 1, s.C, s.H, s.W)
		for i, v := range x.Data {
			x.Data[i] = max(v, 0)
		}
		w := normal(s.Weights(), math.Sqrt(2/float64(s.C*s.R*s.S)))
		dy := tensor.View(normal(s.K*s.OutH()*s.OutW(), 1), 1, s.K, s.OutH(), s.OutW())
		want := reference(s, x.Data, dy.Data, w)
		var errors [2][3]float64
		for i, direct := range []bool{true, false} {
			e := tensor.NewEngineOn(0, nil)
			c := New(e, s, Options{NoWinograd: direct})
			require.Equal(t, direct, c.winograd == nil)
			c.PlanBackwardData()
			c.PlanBackwardWeights()
			y, dx, dw := tensor.New(1, s.K, s.OutH(), s.OutW()), tensor.New(1, s.C, s.H, s.W), make([]float32, s.Weights())
			c.Forward(y, x, w, nil, simd.Identity)
			c.BackwardData(dx, dy, w, false)
			c.BackwardWeights(dw, nil, x, dy)
			for pass, got := range [][]float32{y.Data, dx.Data, dw} {
				errors[i][pass] = relativeError(want[pass], got)
			}
			e.Close()
		}
		for pass, name := range []string{"forward", "backward data", "backward weights"} {
			ratio := errors[1][pass] / errors[0][pass]
			layer := fmt.Sprintf("%d->%d, %dx%d, %dx%d", s.C, s.K, s.H, s.W, s.R, s.S)
			t.Logf("%-28s %-17s %9.1e %9.1e %6.1f", layer, name, errors[0][pass], errors[1][pass], ratio)
			require.Less(t, ratio, float64(maxErrorRatio), "%s, %s", layer, name)
		}
	}
}

// relativeError returns the root mean square error over that of the reference.
func relativeError(want []float64, got []float32) float64 {
	var difference, size float64
	for i, w := range want {
		d := float64(got[i]) - w
		difference += d * d
		size += w * w
	}
	return math.Sqrt(difference / size)
}

// reference computes y, dx and dw of one image in float64.
func reference(s Shape, x, dy, w []float32) [3][]float64 {
	y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
	for k := range s.K {
		for c := range s.C {
			for i := range s.R {
				for j := range s.S {
					at := ((k*s.C+c)*s.R+i)*s.S + j
					weight := float64(w[at])
					var sum float64
					for oy := range s.OutH() {
						iy := oy + i - s.PadH
						if iy < 0 || iy >= s.H {
							continue
						}
						for ox := max(0, s.PadW-j); ox < min(s.OutW(), s.W+s.PadW-j); ox++ {
							in, out := (c*s.H+iy)*s.W+ox+j-s.PadW, (k*s.OutH()+oy)*s.OutW()+ox
							y[out] += weight * float64(x[in])
							dx[in] += weight * float64(dy[out])
							sum += float64(x[in]) * float64(dy[out])
						}
					}
					dw[at] = sum
				}
			}
		}
	}
	return [3][]float64{y, dx, dw}
}

// An image in strips gives the same bits as in one piece, and so does a set of images for the
// weights, however their tiles are cut.
func TestStrips(t *testing.T) {
	t.Parallel()
	for _, kernels := range simd.Available() {
		for _, s := range []Shape{
			{N: 3, C: 20, H: 32, W: 33, K: 40, R: 3, S: 3, PadH: 1, PadW: 1, Groups: 1}, // two strips by itself
			{N: 2, C: 64, H: 29, W: 24, K: 24, R: 3, S: 3, PadW: 2, Groups: 2},
			{N: 2, C: 17, H: 22, W: 12, K: 18, R: 3, S: 3, PadH: 2, Groups: 1},
			{N: 2, C: 16, H: 13, W: 17, K: 33, R: 5, S: 5, PadH: 4, PadW: 4, Groups: 1},
			{N: 2, C: 18, H: 16, W: 14, K: 12, R: 5, S: 5, Groups: 1},
			{N: 19, C: 70, H: 10, W: 9, K: 30, R: 3, S: 3, PadH: 1, PadW: 1, Groups: 1},  // sets of several images
			{N: 17, C: 33, H: 29, W: 57, K: 12, R: 3, S: 3, PadH: 1, PadW: 1, Groups: 1}, // chunks of several sets
		} {
			s.Stride = 1
			r := rand.New(rand.NewSource(1))
			x, dy := sliced(r, s.N, s.C, s.H, s.W), sliced(r, s.N, s.K, s.OutH(), s.OutW())
			w, bias, begin := random(r, s.Weights()), random(r, s.K), random(r, s.N*s.C*s.H*s.W)
			whole := winogradTiles(s.OutH(), tileSide+1-s.R)
			var want [5][]float32
			for _, cut := range []struct{ rows, part int }{{whole, 5}, {whole, 2}, {whole, 1}, {1, 1}, {2, 1}, {3, 1}} {
				e := tensor.NewEngineOn(2, kernels) // with no more memory than this cut reserves
				p := newWinograd(e, s)
				p.images, p.strip = 1, cut.rows
				p.part, p.partStrip = min(cut.part, p.set), cut.rows
				p.reserve()
				p.reserveWeights()
				y, dw, dbias := tensor.New(s.N, s.K, s.OutH(), s.OutW()), make([]float32, s.Weights()), make([]float32, s.K)
				dx, added := tensor.New(s.N, s.C, s.H, s.W), tensor.View(slices.Clone(begin), s.N, s.C, s.H, s.W)
				p.forward(y, x, w, bias, true)
				p.backwardData(dx, dy, w, false)
				p.backwardData(added, dy, w, true)
				p.backwardWeights(dw, dbias, x, dy)
				for i, got := range [][]float32{y.Data, dx.Data, added.Data, dw, dbias} {
					if want[i] == nil {
						want[i] = got
					}
					require.Equal(t, want[i], got, "%s, %v, %+v, %d", kernels.Name, s, cut, i)
				}
				e.Close()
			}
		}
	}
}

// The gradient of the weights of layers whose chunks have several sets and whose sets have
// several parts is that of the direct algorithm.
func TestParts(t *testing.T) {
	e := tensor.NewEngineOn(0, nil)
	defer e.Close()
	for _, s := range []Shape{
		{N: 17, C: 33, H: 29, W: 57, K: 12}, // strips of an image
		{N: 33, C: 16, H: 29, W: 29, K: 12}, // images
	} {
		s.R, s.S, s.Stride, s.PadH, s.PadW, s.Groups = 3, 3, 1, 1, 1, 1
		r := rand.New(rand.NewSource(1))
		x, dy := sliced(r, s.N, s.C, s.H, s.W), sliced(r, s.N, s.K, s.OutH(), s.OutW())
		want := make([]float64, s.Weights())
		for n := range s.N {
			for i, v := range reference(s, x.Image(n), dy.Image(n), make([]float32, s.Weights()))[2] {
				want[i] += v
			}
		}
		c := New(e, s, Options{})
		p := c.winograd
		require.Greater(t, p.gradient.chunk, p.set)
		require.True(t, p.partStrip < p.tileRows || p.part < p.set)
		c.PlanBackwardWeights()
		dw := make([]float32, s.Weights())
		c.BackwardWeights(dw, nil, x, dy)
		require.Less(t, relativeError(want, dw), 1e-5, "%v", s)
	}
}

// The forward pass alone has memory for what its filters take, which is more than tiny images
// do.
func TestForwardAlone(t *testing.T) {
	s := Shape{N: 1, C: 16, H: 5, W: 5, K: 32, R: 5, S: 5, Stride: 1, Groups: 1}
	r := rand.New(rand.NewSource(1))
	x, w := tensor.View(random(r, s.C*s.H*s.W), 1, s.C, s.H, s.W), random(r, s.Weights())
	want := reference(s, x.Data, make([]float32, s.K), w)[0]
	for _, kernels := range simd.Available() {
		e := tensor.NewEngineOn(1, kernels)
		y := tensor.New(1, s.K, s.OutH(), s.OutW())
		New(e, s, Options{}).Forward(y, x, w, nil, simd.Identity)
		require.Less(t, relativeError(want, y.Data), 1e-5, kernels.Name)
		e.Close()
	}
}
