package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/safetensors"
)

// exactAdam is one element of a step with every rounding spelt out.
func exactAdam(p, g, m, v float32, s *AdamStep) (float32, float32, float32) {
	d := fma32(s.WeightDecay, p, g)
	m = fma32(s.Gain1, d, float32(m*s.Beta1))
	v = fma32(float32(s.Gain2*d), d, float32(v*s.Beta2))
	root := float32(math.Sqrt(float64(v)))
	denominator := float32(root/s.Correction) + s.Epsilon
	return p - float32(float32(s.StepSize*m)/denominator), m, v
}

// exactSGD is the same for SGD.
func exactSGD(p, g, buf float32, s *SGDStep) (float32, float32) {
	d := fma32(s.WeightDecay, p, g)
	buf = fma32(s.Momentum, buf, d)
	direction := buf
	if s.Nesterov {
		direction = fma32(s.Momentum, buf, d)
	}
	return fma32(-s.LR, direction, p), buf
}

func TestAdam(t *testing.T) {
	steps := []AdamStep{
		NewAdamStep(1e-4, 0.9, 0.999, 1e-8, 0, 1),
		NewAdamStep(1e-3, 0.9, 0.999, 1e-8, 1e-2, 1000),
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		var shelves [4]*guardedBuf[float32]
		for i := range shelves {
			shelves[i] = newGuardedBuf[float32](t, longest)
		}
		for n := range longest + 1 {
			var in, want [4][]float32 // p, g, m, v
			for i := range in {
				in[i] = edgy(make([]float32, n), n+5*i)
				want[i] = append([]float32(nil), in[i]...)
			}
			for i, s := range steps {
				for j := range n {
					want[0][j], want[2][j], want[3][j] = exactAdam(in[0][j], in[1][j], in[2][j], in[3][j], &s)
				}
				for place := range places {
					var got [4][]float32
					for i, s := range shelves {
						got[i] = s.put(in[i], place)
					}
					k.Adam(got[0], got[1], got[2], got[3], &s)
					for array := range got {
						requireMatch(t, k, want[array], got[array], 1e-6, "n=%d, place %d, step %d, array %d", n, place, i, array)
						shelves[array].requireCanaries(t)
					}
				}
			}
		}
	})
}

func TestSGD(t *testing.T) {
	steps := []SGDStep{
		{LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true},
		{LR: 0.3, Momentum: 0.5},
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		var shelves [3]*guardedBuf[float32]
		for i := range shelves {
			shelves[i] = newGuardedBuf[float32](t, longest)
		}
		for n := range longest + 1 {
			var in, want [3][]float32 // p, g, buf
			for i := range in {
				in[i] = edgy(make([]float32, n), n+5*i)
				want[i] = append([]float32(nil), in[i]...)
			}
			for i, s := range steps {
				for j := range n {
					want[0][j], want[2][j] = exactSGD(in[0][j], in[1][j], in[2][j], &s)
				}
				for place := range places {
					var got [3][]float32
					for i, s := range shelves {
						got[i] = s.put(in[i], place)
					}
					k.SGD(got[0], got[1], got[2], &s)
					for array := range got {
						requireMatch(t, k, want[array], got[array], 1e-6, "n=%d, place %d, step %d, array %d", n, place, i, array)
						shelves[array].requireCanaries(t)
					}
				}
			}
		}
	})
}

// trajectory is a parity vector: the parameters before ten steps, the gradients
// of each and the parameters after each.
func trajectory(t *testing.T, name string) (p0 []float32, g, p [10][]float32) {
	tensors, _, err := safetensors.Read("testdata/" + name + ".safetensors")
	require.NoError(t, err)
	found := map[string][]float32{}
	for _, x := range tensors {
		found[x.Name] = x.Data
	}
	require.Len(t, found["p"], 10*len(found["p0"]))
	for i := range g {
		g[i], p[i] = part(found["g"], i, 10), part(found["p"], i, 10)
	}
	return found["p0"], g, p
}

// Tolerance for single operations, of the reference vectors.
const parity = 5e-6

func TestAdamMatchesPyTorch(t *testing.T) {
	for name, c := range map[string]struct{ lr, weightDecay float64 }{
		"opt_adam":    {1e-4, 0},
		"opt_adam_wd": {1e-3, 1e-2},
	} {
		forEachISA(t, func(t *testing.T, k *Kernels) {
			p, g, want := trajectory(t, name)
			m, v := make([]float32, len(p)), make([]float32, len(p))
			for i := range want {
				s := NewAdamStep(c.lr, 0.9, 0.999, 1e-8, c.weightDecay, i+1)
				k.Adam(p, g[i], m, v, &s)
				requireClose(t, want[i], p, parity, "%s, step %d", name, i+1)
			}
		})
	}
}

func TestSGDMatchesPyTorch(t *testing.T) {
	for name, s := range map[string]SGDStep{
		"opt_sgd_plain":       {LR: 0.3},
		"opt_sgd_momentum":    {LR: 0.1, Momentum: 0.9},
		"opt_sgd_nesterov_wd": {LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true},
	} {
		forEachISA(t, func(t *testing.T, k *Kernels) {
			p, g, want := trajectory(t, name)
			buf := make([]float32, len(p))
			for i := range want {
				k.SGD(p, g[i], buf, &s)
				requireClose(t, want[i], p, parity, "%s, step %d", name, i+1)
			}
		})
	}
}

func TestOptimisersAllocateNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		a, adam, sgd := make([]float32, 4*longest), NewAdamStep(1e-4, 0.9, 0.999, 1e-8, 0, 1), SGDStep{LR: 1}
		requireNoAllocs(t, func() {
			k.Adam(part(a, 0, 4), part(a, 1, 4), part(a, 2, 4), part(a, 3, 4), &adam)
			k.SGD(part(a, 0, 4), part(a, 1, 4), part(a, 2, 4), &sgd)
		})
	})
}

// BenchmarkOptimiser steps through arrays that no cache holds, in the pieces
// that callers cut.
func BenchmarkOptimiser(b *testing.B) {
	const piece = 16 << 10
	for _, k := range Available() {
		for _, n := range []int{4500 << 10, 2200 << 10} {
			p, g, m, v := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			wave(p, 1)
			wave(g, 2)
			adam := NewAdamStep(1e-4, 0.9, 0.999, 1e-8, 0, 1)
			sgd := SGDStep{LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true}
			b.Run(fmt.Sprintf("isa=%s/op=adam/n=%d", k.Name, n), func(b *testing.B) {
				b.SetBytes(28 * int64(n))
				for b.Loop() {
					for i := 0; i < n; i += piece {
						j := min(i+piece, n)
						k.Adam(p[i:j], g[i:j], m[i:j], v[i:j], &adam)
					}
				}
			})
			b.Run(fmt.Sprintf("isa=%s/op=sgd/n=%d", k.Name, n), func(b *testing.B) {
				b.SetBytes(20 * int64(n))
				for b.Loop() {
					for i := 0; i < n; i += piece {
						j := min(i+piece, n)
						k.SGD(p[i:j], g[i:j], m[i:j], &sgd)
					}
				}
			})
		}
	}
}
