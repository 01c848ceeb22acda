package simd

import (
	"fmt"
	"testing"
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
// behind the last, and the offsets of the taps, phases of columns apart as Split
// leaves them.
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
			for _, act := range []Activation{Identity, ReLU, ReLU6} {
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
					k.Depthwise(&DepthwisePlane{Y: &y[0], X: &x[0], W: &weights[0], Offsets: &offsets[0], Taps: len(offsets),
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
				Rows: n, N: n, YRow: n, XRow: xRow, Act: ReLU6}
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
