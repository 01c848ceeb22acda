package image

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

var published = AugMix{Severity: 3, Width: 3, Alpha: 1}

func newMixer(t testing.TB, a AugMix, c, h, w int) *augMixer {
	t.Helper()
	e := tensor.NewEngineOn(1, nil)
	t.Cleanup(e.Close)
	return a.mixer(e, c, h, w, func(dst []float32, src []uint8) { e.Kernels.FromUint8(dst, src, 0.5, 0.5) })
}

// Mixtures of given chains and weights have the values that Pillow and NumPy
// give.
func TestAugMixBesidePillow(t *testing.T) {
	t.Parallel()
	var mixtures []struct {
		Picture string
		Share   float64
		Weights []float64
		Chains  [][]struct {
			Operation string
			Level     float64
			Negative  bool
		}
		Values []float64
	}
	readJSON(t, "testdata/augmix.json", &mixtures)
	require.NotEmpty(t, mixtures)
	all := pictures(t)
	largest := 0.0
	for _, want := range mixtures {
		p := all[want.Picture]
		h, w := p.Shape[1], p.Shape[2]
		m := newMixer(t, published, p.Shape[0], h, w)
		got := make([]float32, len(p.Bytes))
		m.begin(got, p.Bytes, want.Share)
		for i, chain := range want.Chains {
			m.ops = m.ops[:0]
			for _, op := range chain {
				o := parseOperation(t, op.Operation)
				m.ops = append(m.ops, Fixed{o, augMixLevel(o, op.Level, h, w, op.Negative), false})
			}
			m.add(got, p.Bytes, want.Share*want.Weights[i])
		}
		for i, v := range want.Values {
			largest = max(largest, math.Abs(v-float64(got[37*i])))
		}
	}
	t.Logf("largest difference of %d mixtures: %.1e of 2", len(mixtures), largest)
	require.Less(t, largest, 1e-6)
}

// The draws have the distributions of the paper.
func TestAugMixDraws(t *testing.T) {
	t.Parallel()
	const n, size = 4000, 32
	for _, a := range []AugMix{published, {Severity: 1, Width: 4, Depth: 2, Alpha: 0.5, All: true}} {
		m := newMixer(t, a, 3, size, size)
		depths, operations := map[int]int{}, map[Operation]int{}
		var share, square, first float64
		for i := range n {
			m.draw = *rng.New(7, rng.AugMix.Sub(uint64(i)))
			x := m.drawWeights()
			share, square, first = share+x/n, square+x*x/n, first+m.weights[0]/n
			sum := 0.0
			for _, w := range m.weights {
				sum += w
			}
			require.InDelta(t, 1, sum, 1e-12)
			m.drawChain()
			depths[len(m.ops)]++
			for _, op := range m.ops {
				operations[op.Operation]++
				if low, high := op.limits(); op.Level < low || op.Level > high {
					t.Fatalf("%v at %v", op.Operation, op.Level)
				}
				if op.Operation == Rotate {
					require.LessOrEqual(t, math.Abs(op.Level), 3*a.Severity)
				}
			}
		}
		require.InDelta(t, 0.5, share, 0.02)
		require.InDelta(t, 1/(4*(2*a.Alpha+1)), square-share*share, 0.005) // of the beta distribution
		require.InDelta(t, 1/float64(a.Width), first, 0.02)
		if a.Depth == 0 {
			for depth := 1; depth <= 3; depth++ {
				require.InDelta(t, n/3, depths[depth], 150)
			}
			require.Len(t, operations, 9)
			require.Zero(t, operations[Colour])
		} else {
			require.Equal(t, map[int]int{a.Depth: n}, depths)
			require.Len(t, operations, 13)
		}
	}
}

// Nothing but the draw decides, on every kernel set, and nothing is allocated.
func TestAugMix(t *testing.T) {
	p := pictures(t)["smooth"]
	var want [][]float32
	for _, kernels := range simd.Available() {
		if kernels.Name == "generic" {
			continue
		}
		e := tensor.NewEngineOn(1, kernels)
		normalise := func(dst []float32, src []uint8) { kernels.FromUint8(dst, src, 0.5, 0.5) }
		f, err := published.Make(e, 3, 32, 32, normalise)
		require.NoError(t, err)
		out := make([]float32, len(p.Bytes))
		var got [][]float32
		for i := range 20 {
			f(out, p.Bytes, augment.Draw{Seed: 2, Image: i, View: 1 + i%2})
			got = append(got, append([]float32(nil), out...))
		}
		if want == nil {
			want = got
		}
		require.Equal(t, want, got, kernels.Name)
		n := 0
		require.Zero(t, testing.AllocsPerRun(50, func() { f(out, p.Bytes, augment.Draw{Image: n}); n++ }))
		e.Close()
	}
	if want != nil {
		require.NotEqual(t, want[0], want[1])
	}
}

func TestAugMixSettings(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	for message, a := range map[string]AugMix{
		"AugMix.Severity is 0, expected 0.1 to 10":   {Width: 3, Alpha: 1},
		"AugMix.Severity is 11":                      {Severity: 11, Width: 3, Alpha: 1},
		"AugMix.Width is 0 chains, expected 1 to 64": {Severity: 3, Alpha: 1},
		"AugMix.Depth is -1 operations":              {Severity: 3, Width: 3, Depth: -1, Alpha: 1},
		"AugMix.Alpha is 0, expected 0.001 to 1000":  {Severity: 3, Width: 3},
		"colour of images of 2 planes":               {Severity: 3, Width: 3, Alpha: 1, All: true},
	} {
		_, err := a.Make(e, 2, 8, 8, nil)
		require.ErrorContains(t, err, message)
	}
}

// The weights of an image and its chains add up to 1: nothing is made of black but black.
func TestAugMixOfBlack(t *testing.T) {
	t.Parallel()
	m := newMixer(t, AugMix{Severity: 3, Width: 3, Alpha: 1}, 3, 8, 8)
	src, dst := make([]uint8, 3*8*8), make([]float32, 3*8*8)
	m.normalise(dst, src)
	black := dst[0]
	require.NotZero(t, black)
	for i := range 50 {
		m.mix(dst, src, augment.Draw{Seed: 1, Image: i})
		for _, v := range dst {
			require.InDelta(t, black, v, 1e-6)
		}
	}
}
