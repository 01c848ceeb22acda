package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/internal/format/little"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

func newChains(t *testing.T, o Chains, n int) *chains {
	t.Helper()
	e := tensor.NewEngineOn(1, nil)
	t.Cleanup(e.Close)
	f, err := o.Make(e, n, 3, testH, testW)
	require.NoError(t, err)
	return f.(*chains)
}

// begin draws image n's chain in a batch.
func (t *chains) begin(n, batch int) {
	d := augment.Draw{Seed: 6, Round: 2, Image: batch}
	image := d
	image.Image = n
	t.Begin(n, 0, d, image)
}

// Images of a batch have one chain of different operations, hsv first, and
// parameters of their own; every operation and length comes.
func TestChainsAreDrawnByBatch(t *testing.T) {
	t.Parallel()
	c := newChains(t, Chains{Longest: 3}, 2)
	var seen [kinds]bool
	var lengths [4]bool
	for batch := range 100 {
		c.begin(0, batch)
		c.begin(1, batch)
		a, b := c.images[0].links, c.images[1].links
		require.Len(t, b, len(a))
		lengths[len(a)] = true
		for i := range a {
			require.Equal(t, a[i].kind, b[i].kind)
			require.Equal(t, a[i].holes, b[i].holes)
			require.False(t, a[i].kind == hsv && i > 0)
			require.False(t, slices.ContainsFunc(a[:i], func(l link) bool { return l.kind == a[i].kind }))
			s := settings[a[i].kind]
			if s.parameters > 0 && !s.bits {
				require.NotEqual(t, a[i].at, b[i].at)
			}
			for j := range s.parameters {
				require.True(t, a[i].at[j] >= s.low && a[i].at[j] <= s.high)
			}
			seen[a[i].kind] = true
		}
	}
	require.NotContains(t, seen[:], false)
	require.NotContains(t, lengths[1:], false)
}

// All chains of a length that hsv begins, or is not in, have one probability. Squares lie
// within the image.
func TestChainsHaveOneProbability(t *testing.T) {
	t.Parallel()
	c := newChains(t, Chains{Longest: 3}, 1)
	var of, shifted [4]float64
	var second [kinds]float64
	for batch := range 30_000 {
		c.begin(0, batch)
		links := c.images[0].links
		of[len(links)]++
		if links[0].kind == hsv {
			shifted[len(links)]++
		} else if len(links) == 2 {
			second[links[1].kind]++
		}
		for i := range links {
			for _, at := range links[i].holes {
				require.True(t, at[0] >= 0 && at[0]+links[i].side() <= testH && at[1] >= 0 && at[1]+links[i].side() <= testW)
			}
		}
	}
	for length := 1; length <= 3; length++ {
		require.InDelta(t, 1.0/3, of[length]/30_000, 0.01)
		require.InDelta(t, 1/(13-float64(length)), shifted[length]/of[length], 0.01, "hsv in chains of %d", length)
	}
	for k := rotate; k < kinds; k++ {
		require.InDelta(t, 1.0/11, second[k]/(of[2]-shifted[2]), 0.015, names[k])
	}
}

// The gradient of a whole chain by its first operation's parameters goes through
// the others.
func TestClimb(t *testing.T) {
	t.Parallel()
	for _, bounded := range []bool{false, true} {
		c := newChains(t, Chains{Longest: 3, Bounded: bounded}, 1)
		src, d := random[float32](rng.New(7, rng.Synthetic)), random[float32](rng.New(8, rng.Synthetic))
		for i := range src {
			src[i] = 1.4*src[i] - 0.2 // some beyond the bounds
		}
		dst := make([]float32, len(src))
		value := func() (sum float64) {
			c.Apply(0, 0, dst, src)
			for i, v := range dst {
				sum += float64(d[i]) * float64(v)
			}
			return sum
		}
		l := &c.images[0].links
		*l = (*l)[:3]
		for i, k := range []kind{sharpness, contrast, invert} {
			(*l)[i] = link{operation: operation[float32]{kind: k, c: 3, h: testH, w: testW}, at: [most]float64{0.8}}
			(*l)[i].bound()
		}
		const rate = 1e-3
		for i := range *l {
			p := &(*l)[i].p[0]
			const h = 1.0 / 512
			was := *p
			*p = was + h
			above := value()
			*p = was - h
			below := value()
			*p = was
			slope := (above - below) / (2 * h)
			value()
			before := *l
			kept := slices.Clone(before)
			require.True(t, c.Ascend(0, 0, slices.Clone(d), dst, src, rate))
			require.InEpsilon(t, slope*slope*0.01, (*l)[i].squares[0], 0.1, "bounded %v, operation %d", bounded, i)
			require.InDelta(t, 0.8+math.Copysign(10*rate, slope), (*l)[i].at[0], 1e-6, "RMSprop's first step is ten times the rate")
			copy(*l, kept)
		}
	}
}

// Behind solarization, equalization and posterization pixels are not out of bounds where
// they are black or white: their gradients reach the operations before.
func TestGradientsOfBlackPixels(t *testing.T) {
	t.Parallel()
	for k, want := range map[kind]bool{posterize: true, invert: false} {
		c := newChains(t, Chains{Longest: 2, Bounded: true}, 1)
		src, d := random[float32](rng.New(7, rng.Synthetic)), random[float32](rng.New(8, rng.Synthetic))
		for i := range src {
			src[i] *= 0.4 // of one bit nothing is left
			if k == invert {
				src[i] = 1
			}
		}
		dst := make([]float32, len(src))
		l := &c.images[0].links
		*l = (*l)[:2]
		(*l)[0] = link{operation: operation[float32]{kind: contrast, c: 3, h: testH, w: testW}, at: [most]float64{1.1}}
		(*l)[1] = link{operation: operation[float32]{kind: k, c: 3, h: testH, w: testW}, at: [most]float64{1}}
		for i := range *l {
			(*l)[i].bound()
		}
		c.Apply(0, 0, dst, src)
		require.Zero(t, slices.Max(dst), "all is black")
		require.True(t, c.Ascend(0, 0, d, dst, src, 1e-3))
		require.Equal(t, want, (*l)[0].squares[0] > 0, "%v", k)
	}
}

// The steps are those of torch.optim.RMSprop with maximize=True, in float64.
func TestRMSpropAsPyTorch(t *testing.T) {
	t.Parallel()
	l := link{operation: operation[float32]{kind: invert}, at: [most]float64{0.8}}
	var got []float64
	for _, g := range []float32{0.25, -1.5, 0.0625, 2, -0.75} {
		require.True(t, l.ascend(&[most]float32{g}, 0.01))
		got = append(got, l.at[0])
	}
	require.InDeltaSlice(t, []float64{0.899999960000016, 0.801347241754858, 0.805474958858469, 0.885348944423197, 0.856523121468042}, got, 1e-14)
}

// A parameter outside its range counts as the end of it, and stays.
func TestBounds(t *testing.T) {
	t.Parallel()
	l := link{operation: operation[float32]{kind: invert}, at: [most]float64{0.9}}
	require.True(t, l.ascend(&[most]float32{1}, 0.2))
	require.InDelta(t, 2.9, l.at[0], 1e-6)
	require.Equal(t, float32(1), l.p[0])
	at := l.at
	require.True(t, l.ascend(&[most]float32{5}, 0.2))
	require.Equal(t, at, l.at)
	free := link{operation: operation[float32]{kind: shear}, at: [most]float64{0.25, 0.25}}
	require.True(t, free.ascend(&[most]float32{1, -1}, 0.2))
	require.InDeltaSlice(t, []float32{2.25, -1.75, 0}, free.p[:], 1e-6)
	require.False(t, free.ascend(&[most]float32{float32(math.NaN()), 0}, 0.2))
	require.InDelta(t, 2.25, free.at[0], 1e-6)
	for _, k := range []kind{hsv, cutout} {
		free = link{operation: operation[float32]{kind: k}, at: [most]float64{0.5, 0.5, 0.5}}
		require.True(t, free.ascend(&[most]float32{1, -1, 0}, 0.2))
		require.InDeltaSlice(t, []float32{2.5, -1.5, 0.5}, free.p[:], 1e-6, names[k])
	}
}

// An ascent that diverged has values that are no numbers.
func TestEqualizeNaN(t *testing.T) {
	src, dst := make([]float32, 600), make([]float32, 600)
	for i := range src {
		src[i] = float32(i) / 600
	}
	src[7], src[8], src[9] = float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))
	equalizePlane(dst, src)
	require.Zero(t, dst[7])
	require.Equal(t, float32(1), dst[8])
	require.Zero(t, dst[9])
}

// The bits of three steps, which are the same on every architecture.
func TestBitsAndAllocations(t *testing.T) {
	c := newChains(t, Chains{Longest: 3}, 1)
	src := random[float32](rng.New(9, rng.Synthetic))
	d, dst := random[float32](rng.New(10, rng.Synthetic)), make([]float32, len(src))
	h := sha256.New()
	batch := 0
	step := func() {
		c.begin(0, batch)
		batch++
		for range 3 {
			c.Apply(0, 0, dst, src)
			c.Ascend(0, 0, d, dst, src, 0.001)
		}
		c.Apply(0, 0, dst, src)
	}
	for range 60 {
		step()
		_ = little.Write(h, dst) // a hash takes everything
	}
	require.Equal(t, "a37c63368efefecb", hex.EncodeToString(h.Sum(nil))[:16])
	require.Zero(t, testing.AllocsPerRun(60, step))
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	for _, longest := range []int{0, 13} {
		_, err := Chains{Longest: 1}.Make(nil, 1, 4, testH, testW)
		require.ErrorContains(t, err, "Chains for images of 4 channels, expected 3 at most")
		_, err = Chains{Longest: longest}.Make(nil, 1, 3, testH, testW)
		require.ErrorContains(t, err, "Chains.Longest is ")
	}
}
