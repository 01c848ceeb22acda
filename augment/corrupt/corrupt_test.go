package corrupt

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
	"github.com/meada-cpu/meada-cpu/internal/resample"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

func newSuite(t testing.TB, threads, width, height int, seed uint64) *Suite {
	t.Helper()
	engine := tensor.NewEngineOn(threads, nil)
	t.Cleanup(engine.Close)
	return NewSuite(engine, width, height, seed, nil)
}

func read(t testing.TB, name string) npy.Array {
	t.Helper()
	a, err := npy.Read(filepath.Join("testdata", name+".npy"))
	require.NoError(t, err)
	return a
}

// pictures are four images of 32 x 32.
func pictures(t testing.TB) []uint8 { return read(t, "in").Bytes }

// resized returns the pictures at another size.
func resized(t testing.TB, width, height int) []uint8 {
	src := pictures(t)
	r := resample.NewResizer(resample.Bilinear, 32, 32, height, width)
	dst := make([]uint8, len(src)/1024*width*height)
	for i := range len(src) / 1024 {
		r.Plane(dst[i*width*height:][:width*height], src[i*1024:][:1024])
	}
	return dst
}

func apply(s *Suite, src []uint8, name string, severity, first int) []uint8 {
	dst := make([]uint8, len(src))
	s.Apply(dst, src, name, severity, first)
	return dst
}

// deterministic are the corruptions that need no random number.
var deterministic = strings.Fields("defocus_blur zoom_blur brightness contrast pixelate jpeg_compression gaussian_blur saturate")

// What the reference's own libraries make of the pictures: NumPy, Pillow,
// scikit-image 0.19, SciPy 1.10 and OpenCV 4.6. Where OpenCV and the zoom
// calculate in float32, a value may be cut off to the next grey level.
func TestReference(t *testing.T) {
	s := newSuite(t, 1, 32, 32, 1)
	for _, name := range deterministic {
		want := read(t, name).Bytes
		n := len(want) / Severities
		for severity := 1; severity <= Severities; severity++ {
			got := apply(s, pictures(t)[:n], name, severity, 0)
			differing := 0
			for i, v := range want[(severity-1)*n:][:n] {
				d := abs(int(got[i]) - int(v))
				require.LessOrEqual(t, d, 1, "%s %d, byte %d", name, severity, i)
				differing += d
			}
			allowed := 0
			switch name {
			case "defocus_blur", "zoom_blur":
				allowed = n / 100
			case "gaussian_blur":
				allowed = n / 1000
			}
			require.LessOrEqual(t, differing, allowed, "%s %d: %d of %d bytes differ", name, severity, differing, n)
		}
	}
}

// Whole blocks reach beyond this picture: what libjpeg repeats there matters.
func TestJPEGOfOddSize(t *testing.T) {
	in, want := read(t, "odd_in"), read(t, "odd_jpeg")
	n := len(in.Bytes)
	s := newSuite(t, 1, in.Shape[2], in.Shape[1], 1)
	require.Equal(t, want.Bytes[:n], apply(s, in.Bytes, "jpeg_compression", 1, 0))
	require.Equal(t, want.Bytes[n:], apply(s, in.Bytes, "jpeg_compression", 5, 0))
}

// The reference vectors were made by ImageMagick 6.9, called as the published
// code calls it.
func TestMotionOfImageMagick(t *testing.T) {
	w := newWorker(newSuite(t, 1, 32, 32, 1))
	in, want := read(t, "motion_in").Bytes, read(t, "motion").Bytes
	for i, c := range [][3]float64{{6, 1, -40}, {9, 2.5, 13}, {14, 12, -100}} {
		got := make([]uint8, len(in))
		w.motion(got, in, c[0], c[1], c[2])
		require.Equal(t, want[i*len(in):][:len(in)], got, "radius, sigma, angle %v", c)
	}
}

// OpenCV's edges, and its shades of the drops between them.
func TestDropsOfOpenCV(t *testing.T) {
	w := newWorker(newSuite(t, 1, 32, 32, 1))
	in, want := read(t, "drops_in").Bytes, read(t, "drops").Bytes
	const size = 32 * 32
	for i := range len(in) / size {
		got := make([]uint8, size)
		w.edges(got, in[i*size:][:size])
		require.Equal(t, want[2*i*size:][:size], got, "edges %d", i)
		w.shade(got, in[i*size:][:size])
		require.Equal(t, want[(2*i+1)*size:][:size], got, "shades %d", i)
	}
}

func TestNames(t *testing.T) {
	require.Len(t, Names(), 19)
	require.Equal(t, Names()[:15], Paper())
	require.Equal(t, "jpeg_compression", Paper()[14])
}

// Neither the threads, nor the images beside it, nor the memory of the one
// before change an image; its number and the seed do, where chance has a part.
func TestImageIsAFunctionOfItsNumberAndTheSeed(t *testing.T) {
	src := pictures(t)
	size := len(src) / 4
	one, three, other := newSuite(t, 1, 32, 32, 7), newSuite(t, 3, 32, 32, 7), newSuite(t, 1, 32, 32, 8)
	for _, name := range Names() {
		want := apply(one, src, name, 4, 10)
		require.Equal(t, want, apply(three, src, name, 4, 10), name)
		for i := 3; i >= 0; i-- {
			require.Equal(t, want[i*size:][:size], apply(one, src[i*size:][:size], name, 4, 10+i), name)
		}
		inPlace := bytes.Clone(src)
		three.Apply(inPlace, inPlace, name, 4, 10)
		require.Equal(t, want, inPlace, name)

		random := true
		for _, d := range deterministic {
			random = random && name != d
		}
		require.NotEqual(t, random, bytes.Equal(want, apply(other, src, name, 4, 10)), "%s with another seed", name)
		require.NotEqual(t, random, bytes.Equal(want, apply(one, src, name, 4, 11)), "%s of other numbers", name)
	}
}

var update = flag.Bool("update", false, "write testdata/golden.txt instead of comparing with it")

// Golden checksums hold the bytes the same on every architecture and from
// version to version: runs that trained or tested on them can be repeated.
func TestGoldenChecksums(t *testing.T) {
	var lines []string
	for _, side := range [][2]int{{32, 32}, {45, 37}, {64, 64}} {
		src := resized(t, side[0], side[1])
		s := newSuite(t, 2, side[0], side[1], 1)
		for _, name := range Names() {
			h := sha256.New()
			for severity := 1; severity <= Severities; severity++ {
				h.Write(apply(s, src, name, severity, 0))
			}
			lines = append(lines, fmt.Sprintf("%dx%d %s %x", side[1], side[0], name, h.Sum(nil)[:8]))
		}
	}
	path := filepath.Join("testdata", "golden.txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o666))
		return
	}
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	stored := bufio.NewScanner(f)
	for _, line := range lines {
		require.True(t, stored.Scan())
		require.Equal(t, stored.Text(), line)
	}
	require.False(t, stored.Scan())
}

// steady lists the severities along which the published constants do more and
// more to an image; by default all five. Rounds and blur of glass change by
// turns, elastic displacements get finer as they get stronger, motion gets
// longer but keeps its weights, frost adds no more while more of the image is
// taken away, and the others change their kind.
var steady = map[string][][]int{
	"glass_blur":        {{1, 4}, {2, 4}, {3, 5}},
	"motion_blur":       {{1, 2, 3}, {4, 5}},
	"frost":             {{1, 2, 3}},
	"elastic_transform": {},
	"spatter":           {{1, 2, 3}, {4, 5}},
	"saturate":          {{1, 2}, {3, 4, 5}},
}

func TestDamageGrowsWithSeverity(t *testing.T) {
	sides := []int{32}
	if os.Getenv("CI") != "" && !testing.Short() {
		sides = append(sides, 64)
	}
	for _, side := range sides {
		src := bytes.Repeat(resized(t, side, side), 256/side)
		s := newSuite(t, 2, side, side, 1)
		for _, name := range Names() {
			var damage [Severities + 1]float64
			for severity := 1; severity <= Severities; severity++ {
				damage[severity] = squaredDifference(src, apply(s, src, name, severity, 0))
				require.Greater(t, damage[severity], 0.5, "%s %d", name, severity)
			}
			groups, ok := steady[name]
			if !ok {
				groups = [][]int{{1, 2, 3, 4, 5}}
			}
			for _, group := range groups {
				for i := 1; i < len(group); i++ {
					require.Greater(t, damage[group[i]], damage[group[i-1]], "%s, severity %d against %d", name, group[i], group[i-1])
				}
			}
		}
	}
}

func squaredDifference(a, b []uint8) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum / float64(len(a))
}

// grey returns n images of one value.
func grey(n int, v uint8) []uint8 { return bytes.Repeat([]uint8{v}, n*3*32*32) }

// The noises have the moments they are defined by. A byte is cut off, half a
// level on average, with a variance of 1/12; photons, fewer than the levels,
// fall on them unevenly.
func TestMomentsOfNoise(t *testing.T) {
	s := newSuite(t, 2, 32, 32, 3)
	const n, v = 40, 100
	x := float64(v) / 255
	for severity := 1; severity <= Severities; severity++ {
		for name, deviation := range map[string]float64{
			"gaussian_noise": [...]float64{0.04, 0.06, 0.08, 0.09, 0.10}[severity-1],
			"speckle_noise":  x * [...]float64{0.06, 0.1, 0.12, 0.16, 0.2}[severity-1],
			"shot_noise":     math.Sqrt(x / [...]float64{500, 250, 100, 75, 50}[severity-1]),
		} {
			mean, variance := moments(apply(s, grey(n, v), name, severity, 0))
			want := 255 * 255 * deviation * deviation
			se := math.Sqrt(want / (n * 3 * 1024))
			require.InDelta(t, v-0.5, mean, 5*se, "mean of %s %d", name, severity)
			require.InEpsilon(t, want+1./12, variance, 0.06, "variance of %s %d", name, severity)
		}
		amount := [...]float64{0.01, 0.02, 0.03, 0.05, 0.07}[severity-1]
		var count [256]float64
		for _, b := range apply(s, grey(n, v), "impulse_noise", severity, 0) {
			count[b] += 1. / (n * 3 * 1024)
		}
		se := math.Sqrt(amount / 2 / (n * 3 * 1024))
		require.InDelta(t, amount/2, count[0], 5*se)
		require.InDelta(t, amount/2, count[255], 5*se)
		require.InDelta(t, 1, count[0]+count[255]+count[v], 1e-9)
	}
}

func moments(data []uint8) (mean, variance float64) {
	for _, v := range data {
		mean += float64(v) / float64(len(data))
	}
	for _, v := range data {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(data))
	}
	return mean, variance
}

// Counts of photons have Poisson's probabilities, up to the ends of the table.
func TestPoissonQuantiles(t *testing.T) {
	for severity, table := range shotQuantiles() {
		for _, b := range []int{0, 1, 17, 128, 255} {
			q := table[b]
			lambda := float64(b) / 255 * photons[severity]
			require.Equal(t, q.first, q.draw(0))
			require.InDelta(t, 1, q.cumulative[len(q.cumulative)-1], 1e-12)
			before := 0.0
			for i, c := range q.cumulative {
				k := float64(q.first + i)
				gamma, _ := math.Lgamma(k + 1)
				want := math.Exp(-lambda + k*math.Log(lambda) - gamma)
				if b == 0 {
					want = map[bool]float64{true: 1}[k == 0]
				}
				require.InDelta(t, want, c-before, 1e-12, "%g photons where %g are expected", k, lambda)
				if c > before {
					require.Equal(t, q.first+i, q.draw(before))
				}
				before = c
			}
		}
	}
}

// Corruptions that move or blur leave an image of one colour as it is, up to
// rounding.
func TestFlatImagesStayFlat(t *testing.T) {
	s := newSuite(t, 1, 32, 32, 1)
	for _, name := range strings.Fields(`defocus_blur glass_blur motion_blur zoom_blur contrast elastic_transform
		pixelate jpeg_compression gaussian_blur`) {
		for _, v := range []uint8{0, 77, 255} {
			for i, b := range apply(s, grey(2, v), name, 5, 0) {
				require.InDelta(t, v, b, 1, "%s, byte %d", name, i)
			}
		}
	}
}

// Fog and snow of a larger image weigh as much as those of a small one, and are
// as uneven once the image is shrunk.
func TestLargerImagesAreDamagedAlike(t *testing.T) {
	const n = 24
	for _, name := range strings.Fields("snow frost fog spatter") {
		small, _ := moments(apply(newSuite(t, 2, 32, 32, 1), grey(n, 60), name, 4, 0))
		src := bytes.Repeat([]uint8{60}, n*3*128*128)
		large, _ := moments(apply(newSuite(t, 2, 128, 128, 1), src, name, 4, 0))
		require.InDelta(t, small, large, 0.1*math.Abs(small-60)+2, name)
	}
}

func TestFrostTextures(t *testing.T) {
	src := grey(3, 0)
	engine := tensor.NewEngineOn(1, nil)
	t.Cleanup(engine.Close)
	red := Texture{Width: 500, Height: 400, Data: make([]uint8, 3*500*400)}
	for i := range 500 * 400 {
		red.Data[i] = 200
	}
	tiny := Texture{Width: 20, Height: 5, Data: bytes.Repeat([]uint8{200}, 3*20*5)}
	for _, texture := range []Texture{red, tiny} {
		out := apply(NewSuite(engine, 32, 32, 1, []Texture{texture}), src, "frost", 5, 0)
		require.Equal(t, uint8(90), out[0])
		require.Equal(t, texture.Data[len(texture.Data)-1] == 0, out[len(out)-1] == 0)
	}
	require.Equal(t, 100, shrinkTextures([]Texture{red}, 32, 32, 1)[0].Width)
	require.Equal(t, 500, shrinkTextures([]Texture{red}, 224, 224, 7)[0].Width)

	for i, texture := range frostTextures(1) {
		mean, variance := moments(texture.Data)
		require.InDelta(t, 125, mean, 25, "texture %d", i)
		require.Greater(t, variance, 400., "texture %d", i)
	}
}

func TestExpAndSinCos(t *testing.T) {
	for x := -690.0; x <= 0; x += 0.37 {
		require.InEpsilon(t, math.Exp(x), exp(x), 1e-14)
	}
	require.Equal(t, 1.0, exp(0))
	for degrees := -180.0; degrees <= 180; degrees += 7 {
		sin, cos := sinCos(degrees)
		require.InDelta(t, math.Sin(degrees*math.Pi/180), sin, 1e-14)
		require.InDelta(t, math.Cos(degrees*math.Pi/180), cos, 1e-14)
	}
}

// The map brings the corners moved back to the corners.
func TestJitterMapsCorners(t *testing.T) {
	w := newWorker(newSuite(t, 1, 45, 37, 1))
	w.random = *rng.New(5, rng.Corrupt)
	m := w.jitter(2.5)
	w.random = *rng.New(5, rng.Corrupt)
	for _, corner := range [][2]float64{{22 + 12, 18 + 12}, {22 + 12, 18 - 12}, {22 - 12, 18 - 12}} {
		x, y := m.apply(corner[0]+w.random.Uniform(-2.5, 2.5), corner[1]+w.random.Uniform(-2.5, 2.5))
		require.InDelta(t, corner[0], x, 1e-9)
		require.InDelta(t, corner[1], y, 1e-9)
	}
}

func TestProgrammerErrorsPanic(t *testing.T) {
	s := newSuite(t, 1, 32, 32, 1)
	src, dst := grey(1, 0), grey(1, 0)
	require.Panics(t, func() { s.Apply(dst, src, "sepia", 1, 0) })
	require.Panics(t, func() { s.Apply(dst, src, "fog", 0, 0) })
	require.Panics(t, func() { s.Apply(dst, src, "fog", 6, 0) })
	require.Panics(t, func() { s.Apply(dst, src[1:], "fog", 1, 0) })
	require.Panics(t, func() { s.Apply(dst[1:], src[1:], "fog", 1, 0) })
	require.Panics(t, func() { s.Apply(dst, src, "fog", 1, -1) })
	require.Panics(t, func() { newSuite(t, 1, 31, 32, 1) })
}

func TestAppliesWithoutAllocation(t *testing.T) {
	s := newSuite(t, 1, 45, 37, 1) // of several workers one may come late, and grow its memory then
	src := resized(t, 45, 37)
	dst := make([]uint8, len(src))
	for _, name := range Names() {
		for severity := 1; severity <= Severities; severity++ {
			run := func() { s.Apply(dst, src, name, severity, 0) }
			run()
			require.Zero(t, testing.AllocsPerRun(3, run), "%s %d", name, severity)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	for _, side := range []int{32, 224} {
		s := newSuite(b, 1, side, side, 1)
		src := resized(b, side, side)
		dst := make([]uint8, len(src))
		for _, name := range Names() {
			b.Run(fmt.Sprintf("%s/%d", name, side), func(b *testing.B) {
				s.Apply(dst, src, name, 1, 0)
				n := 0
				for b.Loop() {
					s.Apply(dst, src, name, n%Severities+1, 0)
					n++
				}
				b.ReportMetric(float64(4*n)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}

// Images may be much wider than high: what elastic_transform moves from far outside comes
// back by more than one reflection.
func TestElongatedImages(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, size := range [][2]int{{1000, 32}, {32, 1000}} {
		w, h := size[0], size[1]
		suite := NewSuite(e, w, h, 1, nil)
		grey := bytes.Repeat([]uint8{100}, 3*w*h)
		for n := range 40 { // with as many draws of a place
			dst := make([]uint8, len(grey))
			suite.Apply(dst, grey, "frost", 5, n)
			require.NotContains(t, dst, uint8(0))
		}
	}
	const w, h = 1000, 32
	suite := NewSuite(e, w, h, 1, nil)
	src, dst := make([]uint8, 3*w*h), make([]uint8, 3*w*h)
	for i := range src {
		src[i] = uint8(i * 7)
	}
	for severity := 1; severity <= Severities; severity++ {
		suite.Apply(dst, src, "elastic_transform", severity, 0)
		require.NotEqual(t, src, dst)
	}
	for i, want := range []int{1, 2, 1, 0, 1, 2, 1, 0, 1} { // a b c b a b c ...
		require.Equal(t, want, mirrorCentre(i-3, 3))
	}
	for i, want := range []int{1, 1, 0, 0, 1, 1, 0, 0} { // b a a b b a
		require.Equal(t, want, mirror(i-3, 2))
	}
}
