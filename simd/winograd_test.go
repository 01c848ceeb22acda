package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/testkit/guard"
)

// The one-dimensional transforms with every rounding spelt out: Go may fuse a
// product with an addition unless it is converted first.

func exactInput(d []float32) []float32 {
	a, b := fma32(-4, d[2], d[4]), fma32(-4, d[1], d[3])
	c, e := d[4]-d[2], d[3]-d[1]
	e += e
	return []float32{
		fma32(4, d[0], fma32(-5, d[2], d[4])), a + b, a - b, c + e, c - e, fma32(4, d[1], fma32(-5, d[3], d[5])),
	}
}

func exactInputAdjoint(t []float32) []float32 {
	p, q := t[1]+t[2], t[1]-t[2]
	r, s := t[3]+t[4], t[3]-t[4]
	return []float32{
		4 * t[0], fma32(-2, fma32(2, q, s), float32(4*t[5])), fma32(-5, t[0], -fma32(4, p, r)),
		fma32(-5, t[5], fma32(2, s, q)), (t[0] + p) + r, t[5],
	}
}

func exactOutput4(t []float32) []float32 {
	p, q := t[1]+t[2], t[1]-t[2]
	r, s := t[3]+t[4], t[3]-t[4]
	s += s
	return []float32{(t[0] + p) + r, q + s, fma32(4, r, p), fma32(4, s, q) + t[5]}
}

func exactOutput2(t []float32) []float32 {
	p, q := t[1]+t[2], t[1]-t[2]
	r, s := t[3]+t[4], t[3]-t[4]
	s += s
	return []float32{(t[0] + p) + r, (q + s) + t[5]}
}

func exactOutputAdjoint4(y []float32) []float32 {
	p, q := y[0]+y[2], y[1]+y[3]
	r, s := fma32(4, y[2], y[0]), fma32(4, y[3], y[1])
	s += s
	return []float32{y[0], p + q, p - q, r + s, r - s, y[3]}
}

func exactOutputAdjoint2(y []float32) []float32 {
	s := y[1] + y[1]
	return []float32{y[0], y[0] + y[1], y[0] - y[1], y[0] + s, y[0] - s, y[1]}
}

func exactFilter3(g []float32) []float32 {
	p, q := g[0]+g[2], g[1]
	u, v := fma32(4, g[2], g[0]), float32(2*g[1])
	return []float32{
		0.25 * g[0], winogradSixth * (p + q), winogradSixth * (p - q),
		winogradTwentyFour * (u + v), winogradTwentyFour * (u - v), g[2],
	}
}

func exactFilter5(g []float32) []float32 {
	p, q := (g[0]+g[2])+g[4], g[1]+g[3]
	u, v := fma32(16, g[4], fma32(4, g[2], g[0])), fma32(8, g[3], float32(2*g[1]))
	return []float32{
		0.25 * g[0], winogradSixth * (p + q), winogradSixth * (p - q),
		winogradTwentyFour * (u + v), winogradTwentyFour * (u - v), g[4],
	}
}

func exactFilterAdjoint3(t []float32) []float32 {
	p, q := float32(winogradSixth*(t[1]+t[2])), float32(winogradSixth*(t[1]-t[2]))
	u, v := float32(winogradTwentyFour*(t[3]+t[4])), float32(winogradTwentyFour*(t[3]-t[4]))
	return []float32{fma32(0.25, t[0], p) + u, fma32(2, v, q), fma32(4, u, p) + t[5]}
}

func exactFilterAdjoint5(t []float32) []float32 {
	p, q := float32(winogradSixth*(t[1]+t[2])), float32(winogradSixth*(t[1]-t[2]))
	u, v := float32(winogradTwentyFour*(t[3]+t[4])), float32(winogradTwentyFour*(t[3]-t[4]))
	return []float32{
		fma32(0.25, t[0], p) + u, fma32(2, v, q), fma32(4, u, p), fma32(8, v, q), fma32(16, u, p) + t[5],
	}
}

// tiling is where an operand's elements lie: (i, j) of tile t, lane l at
// t*tile + i*row + j*column + l.
type tiling struct{ tile, row, column, side int }

func (a tiling) at(t, i, j, l int) int { return t*a.tile + i*a.row + j*a.column + l }

func (a tiling) size(tiles int) int {
	return a.at(tiles-1, a.side-1, a.side-1, WinogradLanes-1) + 1
}

// points is an operand whose consecutive elements of a tile are point apart.
func points(side, point, tile int) tiling { return tiling{tile, side * point, point, side} }

// image is an operand whose rows are row apart.
func image(side, row, tile int) tiling { return tiling{tile, row, WinogradLanes, side} }

// transform is one of the kernels.
type transform struct {
	name       string
	in, out    int                            // sides of tiles
	imageIn    bool                           // the source is an image, or the points of a tile
	imageOut   bool                           // the same for the destination
	exact      func(line []float32) []float32 // in one dimension
	accumulate bool                           // the results are added
	relu       bool
	run        func(k *Kernels, dst, src []float32, bias *float32, tiles int, d, s tiling)
}

func (f *transform) biased() bool { return f.in == 6 && f.imageOut && !f.accumulate }

var transforms = []transform{
	{
		name: "input", in: 6, out: 6, imageIn: true, exact: exactInput,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradInput(&dst[0], &src[0], tiles, d.column, d.tile, s.row, s.tile)
		},
	},
	{
		name: "input adjoint", in: 6, out: 6, imageOut: true, exact: exactInputAdjoint, accumulate: true,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradInputAdjoint(&dst[0], &src[0], tiles, d.row, d.tile, s.column, s.tile)
		},
	},
	{
		name: "output 4", in: 6, out: 4, imageOut: true, exact: exactOutput4,
		run: runOutput(4, false),
	},
	{
		name: "output 4, relu", in: 6, out: 4, imageOut: true, exact: exactOutput4, relu: true,
		run: runOutput(4, true),
	},
	{
		name: "output 2", in: 6, out: 2, imageOut: true, exact: exactOutput2,
		run: runOutput(2, false),
	},
	{
		name: "output 2, relu", in: 6, out: 2, imageOut: true, exact: exactOutput2, relu: true,
		run: runOutput(2, true),
	},
	{
		name: "output adjoint 4", in: 4, out: 6, imageIn: true, exact: exactOutputAdjoint4,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradOutputAdjoint(&dst[0], &src[0], 4, tiles, d.column, d.tile, s.row, s.tile)
		},
	},
	{
		name: "output adjoint 2", in: 2, out: 6, imageIn: true, exact: exactOutputAdjoint2,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradOutputAdjoint(&dst[0], &src[0], 2, tiles, d.column, d.tile, s.row, s.tile)
		},
	},
	{
		name: "filter 3", in: 3, out: 6, exact: exactFilter3,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradFilter(&dst[0], &src[0], 3, tiles, d.column, d.tile, s.column, s.tile)
		},
	},
	{
		name: "filter 5", in: 5, out: 6, exact: exactFilter5,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradFilter(&dst[0], &src[0], 5, tiles, d.column, d.tile, s.column, s.tile)
		},
	},
	{
		name: "filter adjoint 3", in: 6, out: 3, exact: exactFilterAdjoint3,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradFilterAdjoint(&dst[0], &src[0], 3, tiles, d.column, d.tile, s.column, s.tile)
		},
	},
	{
		name: "filter adjoint 5", in: 6, out: 5, exact: exactFilterAdjoint5,
		run: func(k *Kernels, dst, src []float32, _ *float32, tiles int, d, s tiling) {
			k.WinogradFilterAdjoint(&dst[0], &src[0], 5, tiles, d.column, d.tile, s.column, s.tile)
		},
	},
}

// apply is the transform in two dimensions, columns first.
func (f *transform) apply(dst, src, bias []float32, tiles int, d, s tiling) {
	line := make([]float32, f.in)
	half := make([][]float32, f.in) // columns, transformed
	for t := range tiles {
		for l := range WinogradLanes {
			for j := range half {
				for i := range line {
					line[i] = src[s.at(t, i, j, l)]
				}
				half[j] = f.exact(line)
			}
			for i := range f.out {
				for j := range line {
					line[j] = half[j][i]
				}
				for j, v := range f.exact(line) {
					if bias != nil {
						v += bias[l]
					}
					if f.relu && v < 0 {
						v = 0
					}
					if f.accumulate {
						v += dst[d.at(t, i, j, l)]
					}
					dst[d.at(t, i, j, l)] = v
				}
			}
		}
	}
}

// tilings are places for the tiles of an operand: dense, or with odd gaps; the
// points of a tile apart or together. Dense tiles of an image begin step pixels
// after one another.
func tilings(isImage bool, side, step, tiles int) []tiling {
	const lanes = WinogradLanes
	if isImage {
		return []tiling{
			image(side, ((tiles-1)*step+side)*lanes, step*lanes),
			image(side, (side+1)*lanes*tiles+3, (side+1)*lanes-1),
		}
	}
	return []tiling{
		points(side, tiles*lanes, lanes),
		points(side, tiles*(lanes+5)+1, lanes+5),
		points(side, lanes, side*side*lanes+7),
	}
}

// TestWinograd compares every transform with the exact sequence of operations
// in the contract, operands beside guarded pages. What lies between the tiles
// must not change.
func TestWinograd(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, f := range transforms {
			step := f.out
			if f.accumulate {
				step = 2 // overlapping
			}
			for tiles := 1; tiles <= 5; tiles++ {
				for _, d := range tilings(f.imageOut, f.out, step, tiles) {
					for _, s := range tilings(f.imageIn, f.in, 2, tiles) {
						for _, side := range guard.Sides {
							f.compare(t, k, tiles, d, s, side, false)
							if k.Name != "generic" {
								f.compare(t, k, tiles, d, s, side, true)
							}
						}
					}
				}
			}
		}
	})
}

func (f *transform) compare(t *testing.T, k *Kernels, tiles int, d, s tiling, side guard.Side, edgeValues bool) {
	fill := wave
	if edgeValues {
		fill = edgy
	}
	src := fill(guard.Make[float32](t, s.size(tiles), side), tiles)
	before := fill(make([]float32, d.size(tiles)), tiles+1)
	biases := [][]float32{nil}
	if f.biased() {
		biases = append(biases, fill(guard.Make[float32](t, WinogradLanes, side), tiles+2))
	}
	for _, bias := range biases {
		dst := guard.Copy(t, before, side)
		want := append([]float32(nil), before...)
		f.apply(want, src, bias, tiles, d, s)
		var p *float32
		if bias != nil {
			p = &bias[0]
		}
		f.run(k, dst, src, p, tiles, d, s)
		requireMatch(t, k, want, dst, 1e-5, "%s, %d tiles, dst %v, src %v, guard at the %v, bias %v, edgeValues %v",
			f.name, tiles, d, s, side, bias != nil, edgeValues)
	}
}

// transformNamed returns one of transforms.
func transformNamed(t *testing.T, name string) *transform {
	for i := range transforms {
		if transforms[i].name == name {
			return &transforms[i]
		}
	}
	require.Failf(t, "no such transform", "%s", name)
	return nil
}

// transformed runs a transform from dense tiles to dense tiles.
func (f *transform) transformed(k *Kernels, src []float32, tiles int) []float32 {
	dense := func(isImage bool, side int) tiling {
		if isImage {
			return image(side, tiles*side*WinogradLanes, side*WinogradLanes)
		}
		return points(side, tiles*WinogradLanes, WinogradLanes)
	}
	dst := make([]float32, f.out*f.out*tiles*WinogradLanes)
	f.run(k, dst, src, nil, tiles, dense(f.imageOut, f.out), dense(f.imageIn, f.in))
	return dst
}

// TestWinogradIsCorrelation: a tile of inputs and a filter, transformed,
// multiplied point by point and transformed back, are the direct correlation.
func TestWinogradIsCorrelation(t *testing.T) {
	const lanes = WinogradLanes
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, r := range []int{3, 5} {
			m := 7 - r
			inputs := wave(make([]float32, 36*lanes), 1)
			filter := wave(make([]float32, r*r*lanes), 2)
			product := transformNamed(t, "input").transformed(k, inputs, 1)
			for i, g := range transformNamed(t, fmt.Sprint("filter ", r)).transformed(k, filter, 1) {
				product[i] *= g
			}
			got := transformNamed(t, fmt.Sprint("output ", m)).transformed(k, product, 1)
			want := make([]float32, m*m*lanes)
			for l := range lanes {
				for y := range m {
					for x := range m {
						var sum float64
						for i := range r {
							for j := range r {
								sum += float64(filter[(i*r+j)*lanes+l]) * float64(inputs[((y+i)*6+x+j)*lanes+l])
							}
						}
						want[(y*m+x)*lanes+l] = float32(sum)
					}
				}
			}
			requireClose(t, want, got, 3e-6, "filters of side %d", r)
		}
	})
}

// TestWinogradAdjoints: <Tx, y> = <x, T'y> for each transform T and its adjoint.
func TestWinogradAdjoints(t *testing.T) {
	const tiles = 3
	dot := func(x, y []float32) (sum, size float64) {
		require.Len(t, y, len(x))
		for i, v := range x {
			sum += float64(v) * float64(y[i])
			size += math.Abs(float64(v) * float64(y[i]))
		}
		return sum, size
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for name, adjoint := range map[string]string{
			"input": "input adjoint", "output 4": "output adjoint 4", "output 2": "output adjoint 2",
			"filter 3": "filter adjoint 3", "filter 5": "filter adjoint 5",
		} {
			f := transformNamed(t, name)
			x := wave(make([]float32, f.in*f.in*tiles*WinogradLanes), 1)
			y := wave(make([]float32, f.out*f.out*tiles*WinogradLanes), 2)
			left, size := dot(f.transformed(k, x, tiles), y)
			right, _ := dot(x, transformNamed(t, adjoint).transformed(k, y, tiles))
			require.InDelta(t, left, right, 1e-6*size, name)
		}
	})
}

// runOutput returns calls of WinogradOutput, all in one struct.
func runOutput(m int, relu bool) func(k *Kernels, dst, src []float32, bias *float32, tiles int, d, s tiling) {
	call := new(WinogradOutputs)
	return func(k *Kernels, dst, src []float32, bias *float32, tiles int, d, s tiling) {
		*call = WinogradOutputs{Dst: &dst[0], Src: &src[0], Bias: bias, M: m, Tiles: tiles,
			DstRow: d.row, DstTile: d.tile, SrcPoint: s.column, SrcTile: s.tile, ReLU: relu}
		k.WinogradOutput(call)
	}
}

func TestWinogradAllocatesNothing(t *testing.T) {
	const tiles = 2
	forEachISA(t, func(t *testing.T, k *Kernels) {
		dst, src := make([]float32, 36*tiles*WinogradLanes), make([]float32, 36*tiles*WinogradLanes)
		for _, f := range transforms {
			d, s := tilings(f.imageOut, f.out, f.out, tiles)[0], tilings(f.imageIn, f.in, f.in, tiles)[0]
			requireNoAllocs(t, func() { f.run(k, dst, src, nil, tiles, d, s) })
		}
	})
}

// BenchmarkWinograd transforms a row of 8 tiles from and to the nearest cache.
func BenchmarkWinograd(b *testing.B) {
	const tiles = 8
	for _, k := range Available() {
		for _, f := range transforms {
			d, s := tilings(f.imageOut, f.out, min(f.out, 4), tiles)[0], tilings(f.imageIn, f.in, min(f.in, 4), tiles)[0]
			dst, src := make([]float32, d.size(tiles)), wave(make([]float32, s.size(tiles)), 1)
			b.Run("isa="+k.Name+"/op="+f.name, func(b *testing.B) {
				for b.Loop() {
					f.run(k, dst, src, nil, tiles, d, s)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tiles), "ns/tile")
			})
		}
	}
}
