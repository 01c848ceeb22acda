package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

var (
	// Planes by number and size: one lane short of, equal to and beyond a vector
	// of every kernel set, and those of the networks.
	normShapes = [][2]int{{0, 5}, {3, 64}, {2, 100}, {2, 256}, {1, 1024}}

	activations = map[Activation]string{Identity: "identity", ReLU: "relu", ReLU6: "relu6", GELU: "gelu"}
)

func init() {
	for n := 1; n <= 66; n++ {
		normShapes = append(normShapes, [2]int{1 + n%4, n})
	}
}

// normCase is an image of planes and its per-plane numbers.
type normCase struct {
	planes, n                    int
	x, dy, old                   []float32
	scale, shift, mean, a, b, cc []float32
}

func newNormCase(shape [2]int, fill func([]float32, int) []float32) *normCase {
	c := &normCase{planes: shape[0], n: shape[1]}
	size := c.planes * c.n
	c.x, c.dy, c.old = fill(make([]float32, size), 1), fill(make([]float32, size), 2), fill(make([]float32, size), 3)
	for i, p := range []*[]float32{&c.scale, &c.shift, &c.mean, &c.a, &c.b, &c.cc} {
		*p = fill(make([]float32, c.planes), 4+i)
	}
	if c.planes > 0 {
		c.shift[0] = 0 // so that x*scale + shift is exactly 0 where x is
	}
	return c
}

// steep is wave three times as high, so that products reach beyond 6.
func steep(s []float32, seed int) []float32 {
	for i, v := range wave(s, seed) {
		s[i] = 3 * v
	}
	return s
}

// z returns x*scale + shift, rounded once.
func (c *normCase) z() []float32 {
	z := make([]float32, len(c.x))
	for i, v := range c.x {
		z[i] = fma32(v, c.scale[i/c.n], c.shift[i/c.n])
	}
	return z
}

// act returns act(z), with the set's own GELU.
func (c *normCase) act(k *Kernels, act Activation) []float32 {
	y := c.z()
	switch act {
	case ReLU, ReLU6:
		for i, v := range y {
			if v < 0 {
				y[i] = 0
			}
			if v > 6 && act == ReLU6 {
				y[i] = 6
			}
		}
	case GELU:
		k.GELU(y, y)
	}
	return y
}

// behind returns dy*act'(z), with the set's own derivative of GELU.
func (c *normCase) behind(k *Kernels, act Activation) []float32 {
	g, z := append([]float32(nil), c.dy...), c.z()
	switch act {
	case ReLU, ReLU6:
		for i, v := range z {
			if !(v > 0) || v >= 6 && act == ReLU6 {
				g[i] = 0
			}
		}
	case GELU:
		k.GELUBackward(g, g, z)
	}
	return g
}

// inLanes adds term(i) for i < n in 16 virtual lanes.
func inLanes(n int, add func(lane *float32, i int)) float32 {
	var l [16]float32
	for i := range n {
		add(&l[i%16], i)
	}
	for width := 8; width > 0; width /= 2 {
		for j := range width {
			l[j] += l[j+width]
		}
	}
	return l[0]
}

func TestSumSumSq(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, fill := range []func([]float32, int) []float32{wave, edgy} {
			for _, shape := range normShapes {
				c := newNormCase(shape, fill)
				want, wantSq := make([]float32, c.planes), make([]float32, c.planes)
				for p := range c.planes {
					x := c.x[p*c.n : (p+1)*c.n]
					want[p] = inLanes(c.n, func(l *float32, i int) { *l += x[i] - c.shift[p] })
					wantSq[p] = inLanes(c.n, func(l *float32, i int) {
						d := x[i] - c.shift[p]
						*l = fma32(d, d, *l)
					})
				}
				xs, sums, squares := newGuardedBuf[float32](t, len(c.x)), newGuardedBuf[float32](t, c.planes), newGuardedBuf[float32](t, c.planes)
				for place := range places {
					x, sum, sumSq := xs.put(c.x, place), sums.put(c.mean, place), squares.put(c.mean, place)
					k.SumSumSq(sum, sumSq, x, c.shift, c.n)
					requireMatch(t, k, want, sum, 1e-6, "%v, place %d: sum", shape, place)
					requireMatch(t, k, wantSq, sumSq, 1e-6, "%v, place %d: sumSq", shape, place)
					sums.requireCanaries(t)
					squares.requireCanaries(t)
				}
			}
		}
	})
}

func TestScaleShift(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for act, name := range activations {
			for _, fill := range []func([]float32, int) []float32{wave, steep, edgy} {
				for _, shape := range normShapes {
					c := newNormCase(shape, fill)
					want := c.act(k, act)
					xs, ys := newGuardedBuf[float32](t, len(c.x)), newGuardedBuf[float32](t, len(c.x))
					for place := range places {
						x, y := xs.put(c.x, place), ys.put(c.old, place)
						k.ScaleShift(y, x, c.scale, c.shift, c.n, act)
						requireMatch(t, k, want, y, 1e-6, "%s, %v, place %d", name, shape, place)
						ys.requireCanaries(t)
						k.ScaleShift(x, x, c.scale, c.shift, c.n, act)
						requireMatch(t, k, want, x, 1e-6, "%s, %v, in place", name, shape)
						xs.requireCanaries(t)
					}
				}
			}
		}
	})
}

// gradient returns a call of the backward kernels without places for its results.
func (c *normCase) gradient(act Activation) *BatchNormGradient {
	return &BatchNormGradient{X: c.x, DY: c.dy, Scale: c.scale, Shift: c.shift, Mean: c.mean, A: c.a, B: c.b, K: c.cc, N: c.n, Act: act}
}

func TestBatchNormBackwardSums(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for act, name := range activations {
			for _, fill := range []func([]float32, int) []float32{wave, steep, edgy} {
				for _, shape := range normShapes {
					c := newNormCase(shape, fill)
					g := c.behind(k, act)
					want, wantX := make([]float32, c.planes), make([]float32, c.planes)
					for p := range c.planes {
						x, g := c.x[p*c.n:(p+1)*c.n], g[p*c.n:(p+1)*c.n]
						want[p] = inLanes(c.n, func(l *float32, i int) { *l += g[i] })
						wantX[p] = inLanes(c.n, func(l *float32, i int) { *l = fma32(g[i], x[i]-c.mean[p], *l) })
					}
					xs, dys := newGuardedBuf[float32](t, len(c.x)), newGuardedBuf[float32](t, len(c.x))
					sums, sumsX := newGuardedBuf[float32](t, c.planes), newGuardedBuf[float32](t, c.planes)
					for place := range places {
						x, dy := xs.put(c.x, place), dys.put(c.dy, place)
						sum, sumX := sums.put(c.mean, place), sumsX.put(c.mean, place)
						call := c.gradient(act)
						call.X, call.DY, call.SumG, call.SumGX = x, dy, sum, sumX
						k.BatchNormBackwardSums(call)
						requireMatch(t, k, want, sum, 1e-5, "%s, %v, place %d: sumG", name, shape, place)
						requireMatch(t, k, wantX, sumX, 1e-5, "%s, %v, place %d: sumGX", name, shape, place)
						sums.requireCanaries(t)
						sumsX.requireCanaries(t)
					}
				}
			}
		}
	})
}

func TestBatchNormBackwardInput(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for act, name := range activations {
			for _, fill := range []func([]float32, int) []float32{wave, steep, edgy} {
				for _, shape := range normShapes {
					c := newNormCase(shape, fill)
					g := c.behind(k, act)
					want, wantSum := make([]float32, len(g)), make([]float32, len(g))
					for i, v := range g {
						p := i / c.n
						want[i] = fma32(c.a[p], v, fma32(c.b[p], c.x[i], c.cc[p]))
						wantSum[i] = want[i] + c.old[i]
					}
					xs, dys, dxs := newGuardedBuf[float32](t, len(c.x)), newGuardedBuf[float32](t, len(c.x)), newGuardedBuf[float32](t, len(c.x))
					for place := range places {
						x, dy, dx := xs.put(c.x, place), dys.put(c.dy, place), dxs.put(c.old, place)
						call := c.gradient(act)
						call.X, call.DY, call.DX, call.Accumulate = x, dy, dx, true
						k.BatchNormBackwardInput(call)
						requireMatch(t, k, wantSum, dx, 1e-6, "%s, %v, place %d, accumulating", name, shape, place)
						call.Accumulate = false
						k.BatchNormBackwardInput(call)
						requireMatch(t, k, want, dx, 1e-6, "%s, %v, place %d", name, shape, place)
						dxs.requireCanaries(t)
						call.DX = dy
						k.BatchNormBackwardInput(call)
						requireMatch(t, k, want, dy, 1e-6, "%s, %v, in place", name, shape)
						dys.requireCanaries(t)
					}
				}
			}
		}
	})
}

// TestBatchNormMatchesPyTorch puts a whole training-mode batch normalisation
// together from the kernels: forward, running statistics, all gradients.
func TestBatchNormMatchesPyTorch(t *testing.T) {
	tensors, _, err := safetensors.Read("testdata/bn_train.safetensors")
	require.NoError(t, err)
	v := map[string][]float32{}
	var images, channels, n int
	for _, x := range tensors {
		v[x.Name] = x.Data
		if x.Name == "x" {
			images, channels, n = x.Shape[0], x.Shape[1], x.Shape[2]*x.Shape[3]
		}
	}
	const epsilon, momentum = 1e-5, 0.1
	count := float64(images * n)
	forEachISA(t, func(t *testing.T, k *Kernels) {
		// total adds what f leaves for each image in its two results.
		total := func(f func(image int, s, q []float32)) (s, q []float64) {
			s, q = make([]float64, channels), make([]float64, channels)
			ds, dq := make([]float32, channels), make([]float32, channels)
			for i := range images {
				f(i, ds, dq)
				for c := range channels {
					s[c] += float64(ds[c])
					q[c] += float64(dq[c])
				}
			}
			return s, q
		}
		vector := func() []float32 { return make([]float32, channels) }

		s, q := total(func(i int, s, q []float32) { k.SumSumSq(s, q, part(v["x"], i, images), v["running_mean"], n) })
		mean, scale, shift, runningMean, runningVar := vector(), vector(), vector(), vector(), vector()
		variance := make([]float64, channels)
		for c := range channels {
			m := s[c] / count
			variance[c] = q[c]/count - m*m
			m += float64(v["running_mean"][c])
			mean[c] = float32(m)
			scale[c] = float32(float64(v["w"][c]) / math.Sqrt(variance[c]+epsilon))
			shift[c] = float32(float64(v["b"][c]) - m*float64(scale[c]))
			runningMean[c] = float32((1-momentum)*float64(v["running_mean"][c]) + momentum*m)
			runningVar[c] = float32((1-momentum)*float64(v["running_var"][c]) + momentum*variance[c]*count/(count-1))
		}
		requireClose(t, v["running_mean_after"], runningMean, parity, "running mean")
		requireClose(t, v["running_var_after"], runningVar, parity, "running variance")
		y, dx := make([]float32, len(v["x"])), make([]float32, len(v["x"]))
		for i := range images {
			k.ScaleShift(part(y, i, images), part(v["x"], i, images), scale, shift, n, Identity)
		}
		requireClose(t, v["y"], y, parity, "y")

		sumG, sumGX := total(func(i int, s, q []float32) {
			k.BatchNormBackwardSums(&BatchNormGradient{SumG: s, SumGX: q, DY: part(v["gy"], i, images), X: part(v["x"], i, images),
				Scale: scale, Shift: shift, Mean: mean, N: n})
		})
		b, constant, gw, gb := vector(), vector(), vector(), vector()
		for c := range channels {
			gb[c] = float32(sumG[c])
			gw[c] = float32(sumGX[c] / math.Sqrt(variance[c]+epsilon))
			b[c] = float32(-float64(scale[c]) * sumGX[c] / (count * (variance[c] + epsilon)))
			constant[c] = float32(-float64(scale[c])*sumG[c]/count - float64(b[c])*float64(mean[c]))
		}
		requireClose(t, v["g_w"], gw, parity, "weight gradient")
		requireClose(t, v["g_b"], gb, parity, "bias gradient")
		for i := range images {
			k.BatchNormBackwardInput(&BatchNormGradient{DX: part(dx, i, images), DY: part(v["gy"], i, images), X: part(v["x"], i, images),
				Scale: scale, Shift: shift, A: scale, B: b, K: constant, N: n})
		}
		requireClose(t, v["g_x"], dx, parity, "input gradient")
	})
}

func TestNormAllocatesNothing(t *testing.T) {
	c := newNormCase([2]int{3, 49}, wave)
	sum, sumSq := make([]float32, c.planes), make([]float32, c.planes)
	call := c.gradient(GELU)
	call.DX, call.SumG, call.SumGX, call.Accumulate = c.old, sum, sumSq, true
	forEachISA(t, func(t *testing.T, k *Kernels) {
		requireNoAllocs(t, func() {
			k.SumSumSq(sum, sumSq, c.x, c.shift, c.n)
			k.ScaleShift(c.old, c.x, c.scale, c.shift, c.n, GELU)
			k.BatchNormBackwardSums(call)
			k.BatchNormBackwardInput(call)
		})
	})
}

func BenchmarkNorm(b *testing.B) {
	const images = 64
	for _, k := range Available() {
		for _, s := range [][2]int{{96, 1024}, {192, 256}, {192, 64}} {
			c := newNormCase([2]int{images * s[0], s[1]}, wave)
			planes, n := s[0], s[1]
			sum, sumSq := make([]float32, planes), make([]float32, planes)
			for _, act := range []Activation{ReLU, GELU} {
				name := func(op string) string {
					return fmt.Sprintf("isa=%s/op=%s/act=%s/shape=%dx%dx%d", k.Name, op, activations[act], images, planes, n)
				}
				b.Run(name("forward"), func(b *testing.B) {
					b.SetBytes(int64(4 * 3 * len(c.x)))
					for b.Loop() {
						for i := range images {
							k.SumSumSq(sum, sumSq, part(c.x, i, images), c.shift[:planes], n)
						}
						for i := range images {
							k.ScaleShift(part(c.old, i, images), part(c.x, i, images), c.scale[:planes], c.shift[:planes], n, act)
						}
					}
				})
				call := c.gradient(act)
				call.Scale, call.Shift, call.SumG, call.SumGX = c.scale[:planes], c.shift[:planes], sum, sumSq
				b.Run(name("backward"), func(b *testing.B) {
					b.SetBytes(int64(4 * 5 * len(c.x)))
					for b.Loop() {
						for i := range images {
							call.DY, call.X = part(c.dy, i, images), part(c.x, i, images)
							k.BatchNormBackwardSums(call)
						}
						for i := range images {
							call.DX, call.DY, call.X = part(c.old, i, images), part(c.dy, i, images), part(c.x, i, images)
							k.BatchNormBackwardInput(call)
						}
					}
				})
			}
		}
	}
}
