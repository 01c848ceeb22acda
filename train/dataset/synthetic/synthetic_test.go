package synthetic

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// named returns all sets of a benchmark, the training images as "training".
func named(b dataset.Task) map[string]dataset.Images {
	sets := map[string]dataset.Images{"training": b.Source}
	for _, d := range b.Domains {
		sets[d.Name] = d.Images
	}
	return sets
}

// The pictures are part of every result that is reported on them: they must
// not change from one architecture, Go version or release to the next.
func TestPicturesAreTheSameEverywhere(t *testing.T) {
	want := map[string]string{
		"training":    "c09b622f53dab91d",
		"handwritten": "e4d844e38316d704",
		"textured":    "376204251099c6fd",
		"street":      "0bc824cd274c7ded",
		"printed":     "f6aead59f1331a3d",
		"lowres":      "ad42cb722e678978",
	}
	got := map[string]string{}
	for name, images := range named(Digits(1, 400, 400)) {
		sum := sha256.Sum256(images.Data)
		got[name] = hex.EncodeToString(sum[:8])
	}
	require.Equal(t, want, got)
}

func TestSetsHaveTheSizesAndLabelsAskedFor(t *testing.T) {
	b := Digits(1, 30, 20)
	require.Len(t, b.Classes, 10)
	require.Empty(t, b.Absent)
	sources := 0
	for _, d := range b.Domains {
		if d.Source {
			sources++
		}
	}
	require.Equal(t, 1, sources)
	for name, images := range named(b) {
		n := 20
		if name == "training" {
			n = 30
		}
		require.Equal(t, []int{n, 3, 32, 32}, []int{images.N, images.C, images.H, images.W}, name)
		require.Len(t, images.Data, n*3*32*32, name)
		require.Len(t, images.Labels, n, name)
		for i, label := range images.Labels {
			require.EqualValues(t, i%10, label, name)
		}
	}
}

// An image depends on its own number alone: neither on how many are drawn nor
// on how many processors draw.
func TestAnImageDependsOnItsNumberAlone(t *testing.T) {
	all := named(Digits(5, 60, 60))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, few := range named(Digits(5, 23, 17)) {
		require.Equal(t, all[name].Data[:len(few.Data)], few.Data, name)
		if name != "training" {
			one, ok := DigitsTest(5, name, 17)
			require.True(t, ok)
			require.Equal(t, few, one, name)
		}
	}
	own, ok := DigitsTest(5, "", 17)
	require.True(t, ok)
	require.Equal(t, all["handwritten"].Data[:len(own.Data)], own.Data)
	_, ok = DigitsTest(5, "svhn", 17)
	require.False(t, ok)
}

func TestNoTwoImagesAreEqual(t *testing.T) {
	seen := map[string]string{}
	for _, seed := range []uint64{1, 2} {
		for name, images := range named(Digits(seed, 200, 200)) {
			for i := range images.N {
				picture := string(images.Image(i))
				require.Empty(t, seen[picture], "%s, image %d", name, i)
				seen[picture] = name
			}
		}
	}
}

// The shift: handwriting and its low-resolution kind are grey on black, the
// other domains coloured, and darker or lighter in other places.
func TestDomainsDifferAsTheyShould(t *testing.T) {
	for name, images := range named(Digits(1, 200, 200)) {
		grey, black := 0, 0
		for i := range images.N {
			p := images.Image(i)
			for j := range 32 * 32 {
				r, g, b := p[j], p[j+1024], p[j+2048]
				if r == g && g == b {
					grey++
					if r == 0 {
						black++
					}
				}
			}
		}
		total := images.N * 32 * 32
		switch name {
		case "training", "handwritten", "lowres":
			require.Equal(t, total, grey, name)
			require.Greater(t, black, total/3, name)
		default:
			require.Less(t, grey, total/10, name)
		}
	}
}

// A person knows the digits by their shapes, and so does the nearest of the ten
// mean training images, well enough to catch glyphs under the wrong label.
func TestDigitsResembleTheirClass(t *testing.T) {
	b := Digits(1, 1000, 500)
	var mean [classes][side * side]float64
	for i := range b.Source.N {
		for j, v := range b.Source.Image(i)[:side*side] {
			mean[b.Source.Labels[i]][j] += float64(v) / float64(b.Source.N/classes)
		}
	}
	held := b.Domains[0]
	correct := [classes]int{}
	for i := range held.N {
		nearest, least := 0, math.Inf(1)
		for class := range mean {
			distance := 0.0
			for j, v := range held.Image(i)[:side*side] {
				distance += (float64(v) - mean[class][j]) * (float64(v) - mean[class][j])
			}
			if distance < least {
				nearest, least = class, distance
			}
		}
		if nearest == i%classes {
			correct[nearest]++
		}
	}
	for digit, n := range correct {
		require.Greater(t, n, held.N/classes/2, "digit %d", digit)
	}
}

func TestGlyphsStayInTheirBox(t *testing.T) {
	check := func(digit int, g glyph) {
		for _, s := range g {
			for _, p := range s.flatten(nil) {
				require.True(t, p.x >= -5 && p.x <= 65 && p.y >= -5 && p.y <= 105, "digit %d: %v", digit, p)
			}
		}
	}
	for digit := range classes {
		for _, g := range written[digit] {
			check(digit, g)
		}
		for _, g := range typeset[digit] {
			check(digit, g)
		}
	}
}

// A broad horizontal line with flat ends: inside, on the rim, beyond the end.
func TestPenDistances(t *testing.T) {
	ink := newField(32)
	ink.fill(far)
	p := pen{place: affine{xx: 1, yy: 1}, vertical: 1, horizontal: 2, flat: true, reach: 3}
	p.draw(ink, glyph{line(8, 16.5, 20, 16.5)})
	at := func(x, y int) float64 { return ink.at[y*32+x] }
	require.InDelta(t, -2, at(14, 16), 1e-12, "on the line")
	require.InDelta(t, 0, at(14, 18), 1e-12, "on the upper rim")
	require.InDelta(t, 1, at(14, 13), 1e-12, "above")
	require.InDelta(t, 1.5, at(21, 16), 1e-12, "beyond the flat end")
	require.Equal(t, far, at(14, 28), "out of reach")

	ink.fill(far)
	p.flat = false
	p.draw(ink, glyph{line(8, 16.5, 20, 16.5)})
	require.InDelta(t, -0.5, at(21, 16), 1e-12, "in the round end")
}

func BenchmarkDigits(b *testing.B) {
	for b.Loop() {
		Digits(1, 100, 100)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/600, "µs/image")
}
