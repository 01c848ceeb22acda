package simd

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// depthwiseCase is a filter of side x side on a plane of rows x n results, of
// which row i is yRow elements after the one before.
type depthwiseCase struct{ side, rows, n, yRow, stride int }

func depthwiseCases() []depthwiseCase {
	all := []depthwiseCase{{3, 14, 112, 112, 1}, {5, 6, 56, 56, 1}, {5, 7, 7, 7, 2}, {7, 3, 20, 33, 1}, {1, 5, 9, 9, 1}}
	for n := 1; n <= 35; n++ {
		all = append(all, depthwiseCase{3 + n%2*2, 1 + n%9, n, n + n%3, 1 + n%2})
	}
	return all
}

// padded returns the columns of a plane that meet the filter, with what may be read
// behind the last, and the offsets of the taps, phases of columns apart as
// Deinterleave2 leaves them.
func (c depthwiseCase) padded() (size, xRow int, offsets []int32) {
	xRow = (c.n-1+(c.side+c.stride-1)/c.stride)*c.stride + c.stride
	phase := xRow / c.stride
	for r := range c.side {
		for s := range c.side {
			at := r*xRow + s%c.stride*phase + s/c.stride
			offsets = append(offsets, int32(at))
			size = max(size, at+(c.rows-1)*xRow*c.stride+(c.n+15)/16*16)
		}
	}
	return size, xRow * c.stride, offsets
}

func TestDepthwise(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, c := range depthwiseCases() {
			size, xRow, offsets := c.padded()
			in, weights := wave(make([]float32, size), c.n), wave(make([]float32, len(offsets)), c.n+1)
			for i := range in {
				in[i] *= 4
			}
			xs, ys := newGuardedBuf[float32](t, size), newGuardedBuf[float32](t, (c.rows-1)*c.yRow+c.n)
			for n, act := range []Activation{Identity, ReLU, ReLU6} {
				side := 0
				if c.stride == 1 && (c.side == 3 || c.side == 5) && n > 0 {
					side = c.side
					slices.Reverse(offsets) // turned around, then not
				}
				bias := float32(act) / 2
				before := wave(make([]float32, (c.rows-1)*c.yRow+c.n), 5)
				want := append([]float32(nil), before...)
				for i := range c.rows {
					for j := range c.n {
						sum := bias
						for tap, o := range offsets {
							sum = fma32(weights[tap], in[int(o)+i*xRow+j], sum)
						}
						if act != Identity {
							sum = max(sum, 0)
						}
						if act == ReLU6 {
							sum = min(sum, 6)
						}
						want[i*c.yRow+j] = sum
					}
				}
				for place := range places {
					x, y := xs.put(in, place), ys.put(before, place)
					k.Depthwise(&DepthwisePlane{Y: &y[0], X: &x[0], W: &weights[0], Offsets: &offsets[0], Taps: len(offsets), Side: side,
						Rows: c.rows, N: c.n, YRow: c.yRow, XRow: xRow, Bias: bias, Act: act})
					requireMatch(t, k, want, y, 1e-5, "%+v, activation %d, place %d", c, act, place)
					ys.requireCanaries(t)
				}
			}
		}
	})
}

// Numbers that are edgeValues pass the bounds as they pass ReLU: NaN and -0 stay.
func TestDepthwiseActivationsOnPeculiarNumbers(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		n := len(edgeValues)
		x, y := make([]float32, n+16), make([]float32, n)
		copy(x, edgeValues)
		one, at := []float32{1}, []int32{0}
		for _, act := range []Activation{Identity, ReLU, ReLU6} {
			k.Depthwise(&DepthwisePlane{Y: &y[0], X: &x[0], W: &one[0], Offsets: &at[0], Taps: 1, Rows: 1, N: n,
				Bias: edgeValues[1], Act: act}) // 1*v + -0 is v
			for i, v := range edgeValues {
				requireSameNumbers(t, []float32{act.of(v)}, y[i:i+1], "%g, activation %d", v, act)
			}
		}
	})
}

func TestDepthwiseWeights(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, c := range depthwiseCases() {
			c.n = (c.n + 15) / 16 * 16
			c.yRow = c.n + c.yRow%5
			size, xRow, offsets := c.padded()
			in, grad := wave(make([]float32, size), c.n), wave(make([]float32, (c.rows-1)*c.yRow+c.n), c.n+1)
			for taps := 1; taps <= 5; taps++ {
				offsets := offsets[len(offsets)-min(taps, len(offsets)):]
				want := make([]float32, len(offsets))
				for tap, o := range offsets {
					var lanes [16]float32
					for i := range c.rows {
						for j := range c.n {
							lanes[j%16] = fma32(grad[i*c.yRow+j], in[int(o)+i*xRow+j], lanes[j%16])
						}
					}
					want[tap] = fold16(&lanes)
				}
				xs, ys, ws := newGuardedBuf[float32](t, size), newGuardedBuf[float32](t, len(grad)), newGuardedBuf[float32](t, 5)
				for place := range places {
					x, y, w := xs.put(in, place), ys.put(grad, place), ws.put(make([]float32, len(want)), place)
					k.DepthwiseWeights(&DepthwisePlane{Y: &y[0], X: &x[0], W: &w[0], Offsets: &offsets[0], Taps: len(offsets),
						Rows: c.rows, N: c.n, YRow: c.yRow, XRow: xRow})
					requireMatch(t, k, want, w, 1e-5, "%+v, %d taps, place %d", c, taps, place)
					ws.requireCanaries(t)
				}
			}
		}
	})
}

func TestDepthwiseAllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y, w, offsets := make([]float32, 300), make([]float32, 64), make([]float32, 3), []int32{0, 1, 2}
		p := &DepthwisePlane{Y: &y[0], X: &x[0], W: &w[0], Offsets: &offsets[0], Taps: 3, Rows: 4, N: 16, YRow: 16, XRow: 18}
		requireNoAllocs(t, func() {
			k.Depthwise(p)
			k.DepthwiseWeights(p)
		})
	})
}

// The filters of EfficientNet-Lite0 on planes that lie padded in the cache.
func BenchmarkDepthwise(b *testing.B) {
	for _, k := range Available() {
		for _, s := range [][2]int{{3, 112}, {3, 56}, {5, 28}, {5, 14}, {3, 14}, {5, 7}} {
			side, n := s[0], s[1]
			c := depthwiseCase{side, n, n, n, 1}
			size, xRow, offsets := c.padded()
			x, y, w := make([]float32, size+16), make([]float32, n*(n+15)), make([]float32, len(offsets))
			wave(x, 1)
			wave(w, 2)
			p := &DepthwisePlane{Y: &y[0], X: &x[0], W: &w[0], Offsets: &offsets[0], Taps: len(offsets),
				Side: side, Rows: n, N: n, YRow: n, XRow: xRow, Act: ReLU6}
			b.Run(fmt.Sprintf("isa=%s/pass=forward/shape=%dx%d/filter=%d", k.Name, n, n, side), func(b *testing.B) {
				b.SetBytes(int64(8 * n * n))
				for b.Loop() {
					k.Depthwise(p)
				}
			})
			g := *p
			g.Taps, g.N = side, (n+15)/16*16
			g.YRow = g.N
			b.Run(fmt.Sprintf("isa=%s/pass=weights/shape=%dx%d/filter=%d", k.Name, n, n, side), func(b *testing.B) {
				b.SetBytes(int64(8 * n * n))
				for b.Loop() {
					for range side {
						k.DepthwiseWeights(&g)
					}
				}
			})
		}
	}
}

// depthwiseRowsCase is a filter on planes of xRows x xN, which makes planes of rows x n.
type depthwiseRowsCase struct{ side, stride, planes, rows, n, xRows, xN, top, left int }

// depthwiseRowsCases are planes of every width, those of EfficientNet-Lite0 and some of
// which rows and columns of results lie beside the plane.
func depthwiseRowsCases() []depthwiseRowsCase {
	var all []depthwiseRowsCase
	for _, side := range []int{3, 5} {
		same := func(planes, rows, n int) {
			all = append(all, depthwiseRowsCase{side, 1, planes, rows, n, rows, n, side / 2, side / 2})
			for _, pad := range []int{(side - 2) / 2, side / 2} {
				all = append(all, depthwiseRowsCase{side, 2, planes, (rows + 1) / 2, (n + 1) / 2, rows, n, pad, pad})
			}
		}
		for n := 1; n <= 67; n++ {
			same(1+n%3, 8+n%5, n)
		}
		same(1, 56, 112)
		same(3, 28, 28)
		for _, planes := range []int{1, 2, 5} {
			same(planes, 7, 7)
			same(planes, 14, 14)
			half := side / 2
			all = append(all, depthwiseRowsCase{side, 2, planes, 7, 7, 14, 14, half, half - 1},
				depthwiseRowsCase{side, 2, planes, 7, 7, 14, 14, half - 1, half}, depthwiseRowsCase{side, 2, planes, 7, 7, 14, 14, 4, half})
		}
		for n := 1; n <= 67; n++ {
			all = append(all, depthwiseRowsCase{side, 1, 1 + n%3, 4 + n%7, n, 4 + n%5, n + n%4, n % 3, n % side},
				depthwiseRowsCase{side, 1, 1 + n%4, 4 + n%5, n + n%3, 1 + n%7, n, n % 5, n % 4},
				depthwiseRowsCase{side, 2, 1 + n%4, 4 + n%5, n, 5 + n%9, 2*n - n%2, n % 5, n % side},
				depthwiseRowsCase{side, 2, 1 + n%3, 4 + n%6, (n + 1) / 2, 7 + n%9, n, n % 6, n % 4})
		}
		all = append(all, depthwiseRowsCase{side, 1, 2, 5, 9, 3, 1, 8, 8}, depthwiseRowsCase{side, 1, 2, 9, 4, 9, 12, 0, 0},
			depthwiseRowsCase{side, 2, 2, 9, 5, 9, 1, 8, 8})
	}
	return all
}

// run is what the kernels are given, but for pointers.
func (c depthwiseRowsCase) run() *DepthwiseRows {
	return &DepthwiseRows{Planes: c.planes, Side: c.side, Stride: c.stride, Rows: c.rows, N: c.n, XRows: c.xRows, XN: c.xN, Top: c.top, Left: c.left}
}

// readsInPlace reports whether a set's kernels read planes in place; the generic ones can.
func (c depthwiseRowsCase) readsInPlace(k *Kernels) bool {
	return k.Name == "generic" || k.DepthwiseInPlace(c.run())
}

// backward is the case of the backward pass to the data, if that has the rows it must have.
func (c depthwiseRowsCase) backward() (_ depthwiseRowsCase, ok bool) {
	if c.stride == 2 {
		c.rows, c.n, c.xRows, c.xN = c.xRows, c.xN, c.rows, c.n
	}
	return c, c.rows >= 4
}

// results are what DepthwiseRows computes by its contract, bias nil for none.
func (c depthwiseRowsCase) results(p *DepthwiseRows, x, w, bias []float32) []float32 {
	taps, area, size := c.side*c.side, c.rows*c.n, c.xRows*c.xN
	y := make([]float32, c.planes*area)
	for at := range y {
		plane, sum := at/area, float32(0)
		if bias != nil {
			sum = bias[plane]
		}
		p.visit(at%area/c.n, at%c.n, func(tap, at int) {
			sum = fma32(w[plane*taps+tap], orZero(x[plane*size:][:size], at), sum)
		})
		y[at] = p.Act.of(sum)
	}
	return y
}

// weights are what DepthwiseRowsWeights makes of w.
func (c depthwiseRowsCase) weights(p *DepthwiseRows, y, x, w []float32) []float32 {
	taps, area, size := c.side*c.side, c.rows*c.n, c.xRows*c.xN
	sums := append([]float32(nil), w...)
	for plane := range c.planes {
		lanes := make([][16]float32, taps)
		for at := range area {
			lane := at % c.n % 16
			p.visit(at/c.n, at%c.n, func(tap, met int) {
				lanes[tap][lane] = fma32(y[plane*area+at], orZero(x[plane*size:][:size], met), lanes[tap][lane])
			})
		}
		for tap := range taps {
			sums[plane*taps+tap] += fold16(&lanes[tap])
		}
	}
	return sums
}

// The tests below leave out what a set does not read in place: all of EfficientNet-Lite0 must not be among it.
func TestDepthwiseReadsEfficientNetInPlace(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, side := range []int{3, 5} {
			for _, n := range []int{112, 56, 28, 14, 7} {
				cases := []depthwiseRowsCase{{side, 1, 1, n, n, n, n, side / 2, side / 2}}
				if n%2 == 0 {
					pad := (side - 2) / 2 // TensorFlow's
					cases = append(cases, depthwiseRowsCase{side, 2, 1, n / 2, n / 2, n, n, pad, pad})
				}
				for _, c := range cases {
					require.Equal(t, k.Name == "avx2" || k.Name == "avx512", k.DepthwiseInPlace(c.run()), "%+v", c)
				}
			}
		}
	})
}

func TestDepthwiseRows(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for i, c := range depthwiseRowsCases() {
			if !c.readsInPlace(k) {
				continue
			}
			for _, turned := range []bool{false, true} {
				act, biased := []Activation{Identity, ReLU, ReLU6}[i%3], i%2 != 0
				if turned {
					var ok bool
					if c, ok = c.backward(); !ok {
						continue
					}
					act, biased = Identity, false
				}
				in, weights := wave(make([]float32, c.planes*c.xRows*c.xN), c.n), wave(make([]float32, c.planes*c.side*c.side), c.n+1)
				for i := range in {
					in[i] *= 4
				}
				before := wave(make([]float32, c.planes*c.rows*c.n), 5)
				var biases []float32
				if biased {
					biases = wave(make([]float32, c.planes), i)
				}
				p := c.run()
				p.Turned, p.Act = turned, act
				want := c.results(p, in, weights, biases)
				xs, ys := newGuardedBuf[float32](t, len(in)), newGuardedBuf[float32](t, len(before))
				ws, bs := newGuardedBuf[float32](t, len(weights)), newGuardedBuf[float32](t, c.planes)
				for place := range places {
					x, y, w := xs.put(in, place), ys.put(before, place), ws.put(weights, place)
					p.X, p.Y, p.W = &x[0], &y[0], &w[0]
					if biased {
						p.Bias = &bs.put(biases, place)[0]
					}
					k.DepthwiseRows(p)
					requireMatch(t, k, want, y, 1e-5, "%+v, turned %v, place %d", c, turned, place)
					ys.requireCanaries(t)
				}
			}
		}
	})
}

func TestDepthwiseRowsWeights(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, c := range depthwiseRowsCases() {
			if !c.readsInPlace(k) {
				continue
			}
			in, grad := wave(make([]float32, c.planes*c.xRows*c.xN), c.n), wave(make([]float32, c.planes*c.rows*c.n), c.n+1)
			before := wave(make([]float32, c.planes*c.side*c.side), 5)
			p := c.run()
			want := c.weights(p, grad, in, before)
			xs, ys, ws := newGuardedBuf[float32](t, len(in)), newGuardedBuf[float32](t, len(grad)), newGuardedBuf[float32](t, len(before))
			for place := range places {
				x, y, w := xs.put(in, place), ys.put(grad, place), ws.put(before, place)
				p.X, p.Y, p.W = &x[0], &y[0], &w[0]
				k.DepthwiseRowsWeights(p)
				requireMatch(t, k, want, w, 1e-5, "%+v, place %d", c, place)
				ws.requireCanaries(t)
			}
		}
	})
}

// peculiar is wave with an edge value in each plane of rows of n, by turns in its corners and its middle:
// one is enough to tell which taps meet it, more would make NaN of all.
func peculiar(planes, rows, n, seed int) []float32 {
	s, size := wave(make([]float32, planes*rows*n), seed), rows*n
	for plane := range planes {
		at := []int{0, n - 1, size / 2, size - n, size - 1}[(seed+plane)%5]
		s[plane*size+at] = edgeValues[(3*seed+plane)%len(edgeValues)]
	}
	return s
}

// Taps beside a plane are multiplied with 0, which makes NaN of what is not finite, but those of rows beside it
// are left out; zeros have their signs.
func TestDepthwiseRowsOnPeculiarNumbers(t *testing.T) {
	const inX, inW, inBias, inY, zeros = 1, 2, 4, 8, 16
	forEachISA(t, func(t *testing.T, k *Kernels) {
		trials := []int{inX, inW, inBias, inY, zeros, inX | inW | inBias | inY}
		if k.Name == "generic" {
			trials = trials[:len(trials)-1] // products round to infinity that a fused multiply-add brings back
		}
		seed := 0
		for i, c := range depthwiseRowsCases() {
			if !c.readsInPlace(k) || c.n > 44 {
				continue
			}
			for _, trial := range trials {
				// operand returns one with edge values if the trial has them there.
				operand := func(which, planes, rows, n int) []float32 {
					seed++
					if trial&which != 0 {
						return peculiar(planes, rows, n, seed)
					}
					return wave(make([]float32, planes*rows*n), seed)
				}
				for _, turned := range []bool{false, true} {
					c, act := c, []Activation{Identity, ReLU, ReLU6}[i%3]
					if turned {
						var ok bool
						if c, ok = c.backward(); !ok {
							continue
						}
						act = Identity
					}
					x, w := operand(inX, c.planes, c.xRows, c.xN), operand(inW, c.planes, c.side, c.side)
					bias, y := operand(inBias, c.planes, 1, 1), operand(0, c.planes, c.rows, c.n)
					if trial == zeros {
						for _, s := range [][]float32{x, bias} {
							for i := range s {
								s[i] = edgeValues[1-i%3/2] // -0 and some 0
							}
						}
					}
					p := c.run()
					p.Turned, p.Act, p.X, p.Y, p.W = turned, act, &x[0], &y[0], &w[0]
					if turned {
						bias = nil
					} else {
						p.Bias = &bias[0]
					}
					want := c.results(p, x, w, bias)
					k.DepthwiseRows(p)
					requireMatch(t, k, want, y, 1e-5, "%+v, turned %v, trial %d", c, turned, trial)
				}
				x, y, w := operand(inX, c.planes, c.xRows, c.xN), operand(inY, c.planes, c.rows, c.n), operand(inW, c.planes, c.side, c.side)
				p := c.run()
				p.X, p.Y, p.W = &x[0], &y[0], &w[0]
				want := c.weights(p, y, x, w)
				k.DepthwiseRowsWeights(p)
				requireMatch(t, k, want, w, 1e-5, "%+v, weights, trial %d", c, trial)
			}
		}
	})
}

// The filters of EfficientNet-Lite0 with stride 1, on planes in the cache.
func BenchmarkDepthwiseRows(b *testing.B) {
	for _, k := range Available() {
		for _, s := range [][2]int{{3, 112}, {3, 56}, {5, 28}, {3, 14}, {5, 14}, {3, 7}, {5, 7}} {
			side, n := s[0], s[1]
			planes := 1 + 3000/(n*n)
			x, y, w := make([]float32, planes*n*n), make([]float32, planes*n*n), make([]float32, planes*side*side)
			wave(x, 1)
			wave(w, 2)
			p := &DepthwiseRows{Y: &y[0], X: &x[0], W: &w[0], Planes: planes, Side: side, Stride: 1,
				Rows: n, N: n, XRows: n, XN: n, Top: side / 2, Left: side / 2, Act: ReLU6}
			if !k.DepthwiseInPlace(p) {
				continue
			}
			b.Run(fmt.Sprintf("isa=%s/pass=forward/shape=%dx%d/filter=%d", k.Name, n, n, side), func(b *testing.B) {
				b.SetBytes(int64(8 * n * n * planes))
				for b.Loop() {
					k.DepthwiseRows(p)
				}
			})
			b.Run(fmt.Sprintf("isa=%s/pass=weights/shape=%dx%d/filter=%d", k.Name, n, n, side), func(b *testing.B) {
				b.SetBytes(int64(8 * n * n * planes))
				for b.Loop() {
					k.DepthwiseRowsWeights(p)
				}
			})
		}
	}
}
