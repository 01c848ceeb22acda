package rng

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The known answers that the authors publish with their Random123 library
// (kat_vectors, philox4x32 10).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{
			[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
			[2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		var got [4]uint32
		got[0], got[1], got[2], got[3] = philox(c.counter[0], c.counter[1], c.counter[2], c.counter[3], c.key[0], c.key[1])
		require.Equal(t, c.want, got)
	}
}

// A change of any method's arithmetic changes every run of every seed, so the
// first draws are pinned. The bits must be the same on every architecture.
func TestPinnedDraws(t *testing.T) {
	s := New(1, Init)
	require.Equal(t, uint32(0x7071c12), s.Uint32())
	require.Equal(t, uint64(0x3909104b428264b6), s.Uint64())
	require.Equal(t, uint32(0x3edb457a), math.Float32bits(s.Float32()))
	require.Equal(t, uint64(0x3fee094a10076a73), math.Float64bits(s.Float64()))
	require.Equal(t, uint64(0x3faad44dae095528), math.Float64bits(s.Uniform(-0.3, 0.7)))
	sum := 0.0
	for range 1000 {
		sum += s.Normal()
	}
	require.Equal(t, uint64(0x4036cd82bc30af4d), math.Float64bits(sum))
	require.Equal(t, 353405, s.IntN(1e6))
	require.Equal(t, []int32{0, 2, 5, 1, 3, 4}, s.Perm(6))
}

func TestCounterRestoresAnyPosition(t *testing.T) {
	for skip := range uint64(10) {
		a := New(7, Crop)
		for range skip {
			a.Uint32()
		}
		require.Equal(t, skip, a.Counter())
		b := New(7, Crop)
		b.Uint64()
		b.SetCounter(a.Counter())
		for range 9 {
			require.Equal(t, a.Uint32(), b.Uint32(), "after %d words", skip)
		}
	}
}

// Beyond 2^34 words the block number needs its second counter word.
func TestCounterBeyond32Bits(t *testing.T) {
	a, b := New(7, Dropout), New(7, Dropout)
	b.SetCounter(1 << 34)
	require.NotEqual(t, a.Uint64(), b.Uint64())
}

func TestStreamsSeedsAndSubStreamsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for _, seed := range []uint64{0, 1, 1 << 32} {
		for _, stream := range []Stream{Init, Shuffle, Crop, Flip, Dropout, Synthetic, Corrupt, Augment} {
			seen[New(seed, stream).Uint64()] = true
			for _, index := range []uint64{0, 1, 2, 1 << 40} {
				seen[New(seed, stream.Sub(index)).Uint64()] = true
			}
		}
	}
	require.Len(t, seen, 3*8*5)
	require.Panics(t, func() { Init.Sub(0).Sub(0) })
	require.Panics(t, func() { Init.Sub(1 << 56) })
}

// moments returns the mean, variance, skewness and excess kurtosis of n draws.
func moments(n int, draw func() float64) (mean, variance, skewness, kurtosis float64) {
	x := make([]float64, n)
	for i := range x {
		x[i] = draw()
		mean += x[i] / float64(n)
	}
	var m2, m3, m4 float64
	for _, v := range x {
		d := v - mean
		m2 += d * d / float64(n)
		m3 += d * d * d / float64(n)
		m4 += d * d * d * d / float64(n)
	}
	return mean, m2, m3 / math.Pow(m2, 1.5), m4/(m2*m2) - 3
}

// The bounds of the statistics tests are about 5 standard errors.
func TestUniformMoments(t *testing.T) {
	const n = 1 << 17
	se := 1 / math.Sqrt(n)
	s := New(3, Init)
	for name, draw := range map[string]func() float64{
		"Float64": s.Float64,
		"Float32": func() float64 { return float64(s.Float32()) },
		"Uniform": func() float64 { return (s.Uniform(-2, 6) + 2) / 8 },
	} {
		mean, variance, skewness, kurtosis := moments(n, func() float64 {
			x := draw()
			if x < 0 || x >= 1 {
				t.Fatalf("%s drew %v", name, x)
			}
			return x
		})
		require.InDelta(t, 0.5, mean, 1.5*se, name)
		require.InDelta(t, 1.0/12, variance, 0.4*se, name)
		require.InDelta(t, 0, skewness, 6*se, name)
		require.InDelta(t, -1.2, kurtosis, 6*se, name)
	}
}

func TestNormalDistribution(t *testing.T) {
	const n = 1 << 17
	se := 1 / math.Sqrt(n)
	s := New(4, Init)
	within := [4]float64{} // share of draws within 0..3 standard deviations
	mean, variance, skewness, kurtosis := moments(n, func() float64 {
		x := s.Normal()
		for k := range within {
			if math.Abs(x) < float64(k) {
				within[k] += 1.0 / n
			}
		}
		return x
	})
	require.InDelta(t, 0, mean, 5*se)
	require.InDelta(t, 1, variance, 5*math.Sqrt(2)*se)
	require.InDelta(t, 0, skewness, 5*math.Sqrt(6)*se)
	require.InDelta(t, 0, kurtosis, 5*math.Sqrt(24)*se)
	for k := range within {
		p := math.Erf(float64(k) / math.Sqrt2)
		require.InDelta(t, p, within[k], 5*math.Sqrt(p*(1-p))*se)
	}
}

// So are numbers from the ziggurat, into its tail, and successive ones are independent.
func TestFastNormalDistribution(t *testing.T) {
	t.Parallel()
	const n = 1 << 19
	se := 1 / math.Sqrt(n)
	s := New(4, Init)
	beyond := [10]float64{} // share of draws beyond 0, 0.5, ... 4.5
	covariance, last := 0.0, 0.0
	mean, variance, skewness, kurtosis := moments(n, func() float64 {
		x := s.FastNormal()
		for k := range beyond {
			if x > float64(k)/2 {
				beyond[k] += 1.0 / n
			}
		}
		covariance += x * last / n
		last = x
		return x
	})
	require.InDelta(t, 0, mean, 5*se)
	require.InDelta(t, 1, variance, 5*math.Sqrt(2)*se)
	require.InDelta(t, 0, skewness, 5*math.Sqrt(6)*se)
	require.InDelta(t, 0, kurtosis, 5*math.Sqrt(24)*se)
	require.InDelta(t, 0, covariance, 5*se)
	for k := range beyond {
		p := math.Erfc(float64(k)/2/math.Sqrt2) / 2
		require.InDelta(t, p, beyond[k], 5*math.Sqrt(p*(1-p))*se, "beyond %v", float64(k)/2)
	}
	s = New(4, Init)
	sum := 0.0
	for range 1000 {
		sum += s.FastNormal()
	}
	require.Equal(t, uint64(0xc031f7337f36e5a5), math.Float64bits(sum))
}

func TestZigguratLayersAreAlike(t *testing.T) {
	t.Parallel()
	tail := math.Sqrt(math.Pi/2) * math.Erfc(zigguratEnd/math.Sqrt2)
	require.InDelta(t, zigguratArea, zigguratEnd*zigguratHeight[1]+tail, 1e-13)
	for i := 1; i < zigguratLayers; i++ {
		require.InDelta(t, zigguratArea, zigguratWidth[i]*(zigguratHeight[i+1]-zigguratHeight[i]), 1e-11, i)
	}
}

// Chi-squared over the values of a small range; 99.99 % of the time it stays
// below df + 4 sqrt(2 df) + 11 or so.
func TestIntNIsUniform(t *testing.T) {
	s := New(6, Shuffle)
	for _, n := range []int{1, 2, 3, 10, 97} {
		const per = 2000
		count := make([]int, n)
		for range n * per {
			count[s.IntN(n)]++
		}
		chi := 0.0
		for _, c := range count {
			chi += float64(c-per) * float64(c-per) / per
		}
		require.Less(t, chi, float64(n-1)+4*math.Sqrt(2*float64(n-1))+11, "n = %d", n)
	}
	require.Panics(t, func() { s.IntN(0) })
}

// Three quarters of 2^63 is where a biased modulo would show: a quarter of the
// range would be drawn twice as often.
func TestIntNIsUnbiasedForLargeRanges(t *testing.T) {
	const n, draws = 3 << 61, 30000
	s := New(6, Shuffle)
	below := 0
	for range draws {
		if s.IntN(n) < 1<<61 {
			below++
		}
	}
	require.InDelta(t, draws/3, below, 5*math.Sqrt(draws*2.0/9))
}

// All 24 orders of four elements are equally likely.
func TestPermIsUniform(t *testing.T) {
	const per = 1000
	s := New(8, Shuffle)
	count := map[[4]int32]int{}
	for range 24 * per {
		p := s.Perm(4)
		count[[4]int32(p)]++
		slices.Sort(p)
		require.Equal(t, []int32{0, 1, 2, 3}, p)
	}
	require.Len(t, count, 24)
	chi := 0.0
	for _, c := range count {
		chi += float64(c-per) * float64(c-per) / per
	}
	require.Less(t, chi, 23+4*math.Sqrt(46)+11)
}

func TestDrawingAllocatesNothing(t *testing.T) {
	s := New(9, Dropout)
	p := s.Perm(100)
	swap := func(i, j int) { p[i], p[j] = p[j], p[i] }
	require.Zero(t, testing.AllocsPerRun(10, func() {
		s.Float32()
		s.Normal()
		s.IntN(10)
		s.Shuffle(len(p), swap)
		s.SetCounter(s.Counter() + 3)
	}))
}

func BenchmarkFloat32(b *testing.B) {
	s := New(1, Init)
	for b.Loop() {
		s.Float32()
	}
	b.SetBytes(4)
}

// The gamma distribution of shape k has mean and variance k and skewness
// 2/sqrt(k).
func TestGamma(t *testing.T) {
	for _, shape := range []float64{0.3, 1, 2.5, 40} {
		s := New(3, Augment)
		mean, variance, skewness, _ := moments(200_000, func() float64 { return s.Gamma(shape) })
		require.InEpsilon(t, shape, mean, 0.02)
		require.InEpsilon(t, shape, variance, 0.03)
		require.InEpsilon(t, 2/math.Sqrt(shape), skewness, 0.08)
	}
}

// The beta distribution has mean a/(a+b) and variance ab/((a+b)^2 (a+b+1)).
func TestBeta(t *testing.T) {
	for _, p := range [][2]float64{{1, 1}, {0.2, 0.2}, {2, 5}} {
		a, b := p[0], p[1]
		s := New(4, Augment)
		mean, variance, _, _ := moments(200_000, func() float64 { return s.Beta(a, b) })
		require.InDelta(t, a/(a+b), mean, 0.005)
		require.InEpsilon(t, a*b/((a+b)*(a+b)*(a+b+1)), variance, 0.02)
	}
}

// Many numbers at a time are those that one at a time would be, from every place in a
// block on, and leave the source at the same place.
func drawsMany[T any](t *testing.T, length int, one func(*Source) T, many func(*Source, []T)) {
	for n := range 40 {
		for skipped := range 9 {
			a, b := New(uint64(n), Noise), New(uint64(n), Noise)
			a.SetCounter(uint64(skipped))
			b.SetCounter(uint64(skipped))
			want, got := make([]T, length*n), make([]T, length*n)
			for i := range want {
				want[i] = one(a)
			}
			many(b, got)
			require.Equal(t, want, got)
			require.Equal(t, a.Counter(), b.Counter())
			require.Equal(t, a.Uint32(), b.Uint32())
		}
	}
}

func TestUint32s(t *testing.T) { drawsMany(t, 1, (*Source).Uint32, (*Source).Uint32s) }

func TestFastNormals(t *testing.T) { drawsMany(t, 50, (*Source).FastNormal, (*Source).FastNormals) }
