package image

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/simd"
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
	for _, list := range [][]primitive{cases.Displaced, cases.Coloured, cases.Filtered} {
		require.NotEmpty(t, list)
	}
	copyOf := func(dst []float32, values []float64) {
		for i, v := range values {
			dst[i] = float32(v)
		}
	}
	// PyTorch has [x][y].
	fieldOf := func(m *primer, p primitive, coefficients []float64, n int, field []float32) {
		for i, v := range coefficients {
			m.coefficients[i%p.Cut*p.Cut+i/p.Cut] = float32(v)
		}
		m.setField(p.Cut, math.Sqrt(p.Temperature)*float64(n), field)
	}
	for _, kernels := range simd.Available() {
		e := tensor.NewEngineOn(1, kernels)
		check := func(p primitive, apply func(m *primer)) {
			m := prime.primer(e, c, h, w, halves)
			copyOf(m.chain, p.Image)
			apply(m)
			for i, v := range m.chain {
				require.InDelta(t, p.Want[i], v, 1e-5, "%s %d", kernels.Name, i)
			}
		}
		for _, p := range cases.Displaced {
			check(p, func(m *primer) {
				fieldOf(m, p, p.Across, w, m.across)
				fieldOf(m, p, p.Down, h, m.down)
				m.displace()
			})
		}
		for _, p := range cases.Coloured {
			check(p, func(m *primer) {
				copyOf(m.coefficients, p.Coefficients)
				m.recolour(p.Cut)
			})
		}
		for _, p := range cases.Filtered {
			check(p, func(m *primer) {
				copyOf(m.filter[:], p.Coefficients)
				m.convolve()
			})
		}
		e.Close()
	}
}

// All changes of colour are as exact as the tables of their sines let them be, up to
// the highest frequency.
func TestPrimeColours(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	m := prime.primer(e, 1, 1, 8, halves)
	for k := 1; k <= prime.Cut; k += 11 {
		clear(m.coefficients)
		m.coefficients[k-1] = 0.25
		for i := range 200 {
			for at := range m.chain {
				m.chain[at] = float32(8*i+at) / 1599
			}
			want := m.chain[3]
			want = min(max(want+float32(0.25*math.Sin(math.Pi*float64(k)*float64(want))), 0), 1)
			m.recolour(prime.Cut)
			require.InDelta(t, want, m.chain[3], 1e-5, "frequency %d, step %d", k, i)
		}
	}
}

// Displacements have up to Cut frequencies, and no temperature below that of the least
// that is seen, as the official code draws them.
func TestPrimeSmoothness(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	m := prime.primer(e, 1, 32, 32, halves)
	m.draw = *rng.New(7, rng.Prime)
	const draws = 40_000
	largest, second, fixed, quarter, smooth := 0, 0, 0, 0, 0
	for range draws {
		cut, temperature := m.drawSmoothness()
		low, high := temperatures(32, cut)
		require.GreaterOrEqual(t, cut, lowestCut)
		largest = max(largest, cut)
		if cut == lowestCut {
			second++
		}
		if high <= low { // beyond 2*32/pi frequencies
			require.Greater(t, cut, 20)
			require.InDelta(t, low, temperature, 0)
			fixed++
			continue
		}
		require.True(t, temperature >= low && temperature <= high)
		smooth++
		if temperature < low+(high-low)/4 {
			quarter++
		}
	}
	require.Equal(t, prime.Cut, largest)
	// The sum over most of 3 to 100 of the share of Beta(1/2, 1/2) below 1/(most-1).
	want := 0.0
	for most := 3; most <= prime.Cut; most++ {
		want += 2 / math.Pi * math.Asin(math.Sqrt(1/float64(most-1))) / float64(prime.Cut-2)
	}
	require.InDelta(t, want, float64(second)/draws, 0.01)
	require.Greater(t, fixed, draws/3)
	require.InDelta(t, 1.0/3, float64(quarter)/float64(smooth), 0.015, "the share of Beta(1/2, 1/2) below 1/4")
}

// An image depends on its own draw alone, stays in range, and is a mixture with
// the original.
func TestPrime(t *testing.T) {
	t.Parallel()
	const c, h, w = 3, 16, 16
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	f, err := prime.Make(e, c, h, w, halves)
	require.NoError(t, err)
	again, err := prime.Make(e, c, h, w, halves)
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

// Every instruction set gives the same bits, of which the sum is that of one of amd64's.
func TestPrimeSameBits(t *testing.T) {
	t.Parallel()
	const c, h, w = 3, 13, 21
	src := make([]uint8, c*h*w)
	for i := range src {
		src[i] = uint8(i * i >> 3)
	}
	var want [8][]float32
	for _, kernels := range simd.Available() {
		if kernels.Name == "generic" {
			continue
		}
		e := tensor.NewEngineOn(1, kernels)
		f, err := prime.Make(e, c, h, w, halves)
		require.NoError(t, err)
		var bits []byte
		for n := range want {
			got := make([]float32, len(src))
			f(got, src, augment.Draw{Seed: 1, Image: n})
			if want[n] == nil {
				want[n] = got
			}
			require.Equal(t, want[n], got, "%s, image %d", kernels.Name, n)
			for _, v := range got {
				bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(v))
			}
		}
		require.Equal(t, uint32(0x676e1be0), crc32.ChecksumIEEE(bits), kernels.Name)
		e.Close()
	}
}

func TestPrimeAllocatesNothing(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	f, err := prime.Make(e, 3, 12, 12, halves)
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
