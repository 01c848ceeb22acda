package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// reductions are the sums over two operands (Sum reads the first alone), each
// with its term as the exact kernel sets add it and in float64.
var reductions = []struct {
	name  string
	run   func(k *Kernels, x, y []float32) float32
	add   func(lane *float32, x, y float32)
	exact func(x, y float64) float64
}{
	{
		"Sum",
		func(k *Kernels, x, _ []float32) float32 { return k.Sum(x) },
		func(lane *float32, x, _ float32) { *lane += x },
		func(x, _ float64) float64 { return x },
	},
	{
		"SqDist",
		func(k *Kernels, x, y []float32) float32 { return k.SqDist(x, y) },
		func(lane *float32, x, y float32) { *lane = fma32(x-y, x-y, *lane) },
		func(x, y float64) float64 { return (x - y) * (x - y) },
	},
}

func TestReductions(t *testing.T) {
	for _, r := range reductions {
		t.Run(r.name, func(t *testing.T) {
			forEachISA(t, func(t *testing.T, k *Kernels) {
				xs, ys := newGuardedBuf[float32](t, longest), newGuardedBuf[float32](t, longest)
				for n := range longest + 1 {
					for _, fill := range []func([]float32, int) []float32{wave, edgy} {
						inX, inY := fill(make([]float32, n), n), fill(make([]float32, n), n+1)
						magnitude := 0.0
						want := inLanes(n, func(lane *float32, i int) {
							r.add(lane, inX[i], inY[i])
							magnitude += math.Abs(r.exact(float64(inX[i]), float64(inY[i])))
						})
						for place := range places {
							got := r.run(k, xs.put(inX, place), ys.put(inY, place))
							if k.Name == "generic" && magnitude < math.MaxFloat32 {
								require.InDelta(t, want, got, 1e-6*magnitude, "n=%d, place %d", n, place)
								continue
							}
							requireSameNumbers(t, []float32{want}, []float32{got}, "n=%d, place %d", n, place)
						}
					}
				}
			})
		})
	}
}

// TestReductionsAreAccurate compares long sums with float64: 16 lanes keep the
// error at some ulp of the sum of magnitudes.
func TestReductionsAreAccurate(t *testing.T) {
	const n = 50021
	x, y := wave(make([]float32, n), 1), wave(make([]float32, n), 2)
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, r := range reductions {
			var want, magnitude float64
			for i := range x {
				term := r.exact(float64(x[i]), float64(y[i]))
				want += term
				magnitude += math.Abs(term)
			}
			require.InDelta(t, want, r.run(k, x, y), 2e-6*magnitude, r.name)
		}
	})
}

func TestReductionsAllocateNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y := make([]float32, longest), make([]float32, longest)
		for _, r := range reductions {
			requireNoAllocs(t, func() { r.run(k, x, y) })
		}
	})
}

func benchName(k *Kernels, n int) string { return fmt.Sprintf("isa=%s/n=%d", k.Name, n) }

func BenchmarkSqDist(b *testing.B) {
	for _, k := range Available() {
		for _, n := range []int{1 << 10, 1 << 14, 1 << 22} {
			x, y := wave(make([]float32, n), 1), wave(make([]float32, n), 2)
			b.Run(benchName(k, n), func(b *testing.B) {
				b.SetBytes(8 * int64(n))
				for b.Loop() {
					k.SqDist(x, y)
				}
			})
		}
	}
}
