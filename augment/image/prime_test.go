package image

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

var prime = Prime{Width: 3, Depth: 3, Cut: 100, Colour: 0.01, Filter: 4}

// halves normalises to (v - 0.5)/0.5.
func halves(dst []float32, src []uint8) {
	for i, b := range src {
		dst[i] = float32(b)/127.5 - 1
	}
}

// The primitives give what PyTorch gives.
func TestPrimeAsPyTorch(t *testing.T) {
	t.Parallel()
	const c, h, w = 3, 11, 9
	type primitive struct {
		Cut                                     int
		Temperature                             float64
		Image, Across, Down, Coefficients, Want []float64
	}
	var cases struct{ Displaced, Coloured, Filtered []primitive }
	readJSON(t, "testdata/prime.json", &cases)
	check := func(p primitive, apply func(m *primer)) {
		m := prime.primer(c, h, w, halves)
		for i, v := range p.Image {
			m.chain[i] = float32(v)
		}
		apply(m)
		for i, v := range m.chain {
			require.InDelta(t, p.Want[i], v, 1e-5, i)
		}
	}
	for _, p := range cases.Displaced {
		check(p, func(m *primer) {
			copy(m.coefficients, p.Across)
			m.setField(p.Cut, math.Sqrt(p.Temperature)*w, m.across)
			copy(m.coefficients, p.Down)
			m.setField(p.Cut, math.Sqrt(p.Temperature)*h, m.down)
			m.displace()
		})
	}
	for _, p := range cases.Coloured {
		check(p, func(m *primer) {
			copy(m.coefficients, p.Coefficients)
			m.recolour(p.Cut)
		})
	}
	for _, p := range cases.Filtered {
		check(p, func(m *primer) {
			for i, v := range p.Coefficients {
				m.filter[i] = float32(v)
			}
			m.convolve()
		})
	}
}

// An image depends on its own draw alone, stays in range, and is a mixture with
// the original.
func TestPrime(t *testing.T) {
	t.Parallel()
	const c, h, w = 3, 16, 16
	f, err := prime.Make(nil, c, h, w, halves)
	require.NoError(t, err)
	again, err := prime.Make(nil, c, h, w, halves)
	require.NoError(t, err)
	src := make([]uint8, c*h*w)
	r := rng.New(5, rng.Init)
	for i := range src {
		src[i] = uint8(r.Uint32())
	}
	seen := map[float32]bool{}
	a, b := make([]float32, c*h*w), make([]float32, c*h*w)
	for n := range 60 {
		f(a, src, augment.Draw{Seed: 1, Round: 3, View: 1, Image: n})
		seen[a[5]] = true
		for _, v := range a {
			require.LessOrEqual(t, math.Abs(float64(v)), 1+1e-5)
		}
		again(b, src, augment.Draw{Seed: 1, Round: 3, View: 1, Image: n})
		require.Equal(t, a, b)
	}
	require.Greater(t, len(seen), 55)
}

func TestPrimeAllocatesNothing(t *testing.T) {
	f, err := prime.Make(nil, 3, 12, 12, halves)
	require.NoError(t, err)
	src, dst, d := make([]uint8, 3*12*12), make([]float32, 3*12*12), augment.Draw{}
	require.Zero(t, testing.AllocsPerRun(20, func() {
		d.Image++
		f(dst, src, d)
	}))
}

func TestPrimeThatThereIsNot(t *testing.T) {
	t.Parallel()
	for message, p := range map[string]Prime{
		"Width is 0 chains":       {},
		"Depth is 0 primitives":   {Width: 1},
		"Cut is 2 frequencies":    {Width: 1, Depth: 1, Cut: 2},
		"Colour 2 and Filter 0":   {Width: 1, Depth: 1, Cut: 3, Colour: 2},
		"Colour 0 and Filter 101": {Width: 1, Depth: 1, Cut: 3, Filter: 101},
	} {
		_, err := p.Make(tensor.NewEngineOn(1, nil), 3, 8, 8, halves)
		require.ErrorContains(t, err, message)
	}
}

func BenchmarkPrime(b *testing.B) {
	f, err := prime.Make(nil, 3, 32, 32, halves)
	require.NoError(b, err)
	src, dst, d := make([]uint8, 3*32*32), make([]float32, 3*32*32), augment.Draw{}
	for b.Loop() {
		d.Image++
		f(dst, src, d)
	}
}
