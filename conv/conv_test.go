package conv

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

var shapes = []Shape{
	{N: 2, C: 3, H: 5, W: 4, K: 2, R: 1, S: 1, Stride: 1, Groups: 1},
	{N: 3, C: 2, H: 7, W: 9, K: 5, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 3, H: 6, W: 7, K: 4, R: 3, S: 5, Stride: 1, PadH: 1, PadW: 2, Groups: 1},
	{N: 2, C: 4, H: 15, W: 13, K: 6, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 2},
	{N: 2, C: 8, H: 9, W: 8, K: 4, R: 1, S: 1, Stride: 2, Groups: 1},
	{N: 2, C: 3, H: 39, W: 43, K: 5, R: 11, S: 11, Stride: 4, PadH: 2, PadW: 2, Groups: 1},
	{N: 2, C: 5, H: 6, W: 6, K: 7, R: 1, S: 1, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 6, H: 8, W: 8, K: 6, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 6},
	{N: 5, C: 16, H: 10, W: 10, K: 16, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 2},
	{N: 3, C: 3, H: 32, W: 32, K: 20, R: 5, S: 5, Stride: 1, Groups: 1},
	{N: 7, C: 20, H: 14, W: 14, K: 17, R: 5, S: 5, Stride: 1, Groups: 1},
	{N: 2, C: 33, H: 16, W: 16, K: 40, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
	{N: 2, C: 40, H: 8, W: 8, K: 12, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1},
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
	cg, kg := s.C/s.Groups, s.K/s.Groups
	for n := range images {
		for k := range s.K {
			for oy := range s.OutH() {
				for ox := range s.OutW() {
					for c := range cg {
						for i := range s.R {
							for j := range s.S {
								y, x := oy*s.Stride+i-s.PadH, ox*s.Stride+j-s.PadW
								if y < 0 || y >= s.H || x < 0 || x >= s.W {
									continue
								}
								tap(n, k, (k*s.OutH()+oy)*s.OutW()+ox, ((k/kg*cg+c)*s.H+y)*s.W+x, ((k*cg+c)*s.R+i)*s.S+j)
							}
						}
					}
				}
			}
		}
	}
}

func requireClose(t *testing.T, want []float64, got []float32, terms int, name string) {
	t.Helper()
	tolerance := 1e-7*float64(terms) + 1e-6
	for i, w := range want {
		if !(math.Abs(w-float64(got[i])) <= tolerance) {
			t.Fatalf("%s: element %d is %v, expected %v", name, i, got[i], w)
		}
	}
}

// TestConv holds all passes against the definition in float64, for whole and
// short batches, dense tensors and channel slices, on every row of kernels, and
// demands the same bits of every thread count and every assembly row.
func TestConv(t *testing.T) {
	for si, s := range shapes {
		for _, images := range []int{s.N, s.N - 1} {
			bits := map[string][]float32{}
			for _, row := range simd.Rows() {
				for _, threads := range []int{1, 3} {
					name := fmt.Sprintf("%v, %d images, %s, %d threads", s, images, row.Name, threads)
					r := rand.New(rand.NewSource(int64(si)))
					e := tensor.NewEngine(threads, row)
					c := New(e, s)
					c.PlanBackwardData()
					c.PlanBackwardWeights()
					shared := e.Shared()
					for i := range shared {
						shared[i] = float32(math.NaN())
					}
					x, y := sliced(r, images, s.C, s.H, s.W), sliced(r, images, s.K, s.OutH(), s.OutW())
					dx := sliced(r, images, s.C, s.H, s.W)
					w, bias := random(r, s.Weights()), random(r, s.K)
					var all []float32

					// Forward.
					sums := make([]float64, images*s.K*s.OutH()*s.OutW())
					outSize := s.K * s.OutH() * s.OutW()
					for n := range images {
						for i := range outSize {
							sums[n*outSize+i] = float64(bias[i/(s.OutH()*s.OutW())])
						}
					}
					visit(s, images, func(n, k, out, in, weight int) {
						sums[n*outSize+out] += float64(x.Image(n)[in]) * float64(w[weight])
					})
					before := append([]float32(nil), y.Data...)
					c.Forward(y, x, w, bias, simd.Identity)
					for n := range images {
						requireClose(t, sums[n*outSize:][:outSize], y.Image(n), s.C*s.R*s.S, name+", forward")
						all = append(all, y.Image(n)...)
					}
					for i := range y.Data {
						if i%y.Stride >= outSize {
							require.Equal(t, before[i], y.Data[i], "%s: forward wrote outside", name)
						}
					}
					c.Forward(y, x, w, bias, simd.ReLU)
					for n := range images {
						relu := make([]float64, outSize)
						for i := range relu {
							relu[i] = math.Max(0, sums[n*outSize+i])
						}
						requireClose(t, relu, y.Image(n), s.C*s.R*s.S, name+", forward with ReLU")
					}

					// Backward to the data.
					dy := y
					copy(dy.Data, random(r, len(dy.Data)))
					inSize := s.C * s.H * s.W
					for _, accumulate := range []bool{false, true} {
						want := make([]float64, images*inSize)
						for n := range images {
							for i, v := range dx.Image(n) {
								if accumulate {
									want[n*inSize+i] = float64(v)
								}
							}
						}
						visit(s, images, func(n, k, out, in, weight int) {
							want[n*inSize+in] += float64(dy.Image(n)[out]) * float64(w[weight])
						})
						before := append([]float32(nil), dx.Data...)
						c.BackwardData(dx, dy, w, accumulate)
						for n := range images {
							requireClose(t, want[n*inSize:][:inSize], dx.Image(n), s.K*s.R*s.S, fmt.Sprintf("%s, backward to the data, accumulating %v", name, accumulate))
							all = append(all, dx.Image(n)...)
						}
						for i := range dx.Data {
							if i%dx.Stride >= inSize {
								require.Equal(t, before[i], dx.Data[i], "%s: backward wrote outside", name)
							}
						}
					}

					// Backward to the weights.
					dw, dbias := random(r, s.Weights()), random(r, s.K)
					want, wantBias := make([]float64, len(dw)), make([]float64, s.K)
					visit(s, images, func(n, k, out, in, weight int) {
						want[weight] += float64(dy.Image(n)[out]) * float64(x.Image(n)[in])
					})
					for n := range images {
						for i, v := range dy.Image(n) {
							wantBias[i/(s.OutH()*s.OutW())] += float64(v)
						}
					}
					c.BackwardWeights(dw, dbias, x, dy)
					requireClose(t, want, dw, images*s.OutH()*s.OutW(), name+", backward to the weights")
					requireClose(t, wantBias, dbias, images*s.OutH()*s.OutW(), name+", bias gradient")
					all = append(append(all, dw...), dbias...)

					kind := "assembly"
					if row.Name == "generic" {
						kind = row.Name
					}
					if bits[kind] == nil {
						bits[kind] = all
					}
					require.Equal(t, bits[kind], all, name)
					require.Zero(t, testing.AllocsPerRun(1, func() {
						c.Forward(y, x, w, bias, simd.ReLU)
						c.BackwardData(dx, dy, w, false)
						c.BackwardWeights(dw, dbias, x, dy)
					}), name)
					e.Close()
				}
			}
		}
	}
}
