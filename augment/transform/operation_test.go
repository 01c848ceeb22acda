package transform

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/augment/image"
	"github.com/meada-cpu/meada-cpu/internal/rng"
)

const testH, testW = 9, 11

var names = [kinds]string{"hsv", "rotate", "translate", "invert", "shear", "contrast", "sharpness", "solarize", "scale",
	"equalize", "posterize", "cutout"}

// drawn returns an operation with random parameters in the middle of their range.
func drawn[T float](k kind, source *rng.Source) *operation[T] {
	l := link{operation: operation[float32]{kind: k, c: 3, h: testH, w: testW}}
	l.draw(source, source)
	o := &operation[T]{kind: k, c: 3, h: testH, w: testW, holes: l.holes}
	for i, p := range l.p {
		o.p[i] = T(p)
	}
	return o
}

func random[T float](source *rng.Source) []T {
	x := make([]T, 3*testH*testW)
	for i := range x {
		x[i] = T(source.Uniform(0.05, 0.95))
	}
	return x
}

// Every gradient is that of finite differences in float64; posterize and equalize
// pass it through.
func TestGradients(t *testing.T) {
	t.Parallel()
	source := rng.New(3, rng.Synthetic)
	for k := range kinds {
		for range 3 {
			o, src, d := drawn[float64](k, source), random[float64](source), random[float64](source)
			out := make([]float64, len(src))
			objective := func() (sum float64) {
				o.forward(out, src)
				for i, v := range out {
					sum += d[i] * v
				}
				return sum
			}
			slope := func(at *float64) float64 {
				const h = 1e-7
				was := *at
				*at = was + h
				above := objective()
				*at = was - h
				below := objective()
				*at = was
				return (above - below) / (2 * h)
			}
			var dp [most]float64
			dsrc := make([]float64, len(src))
			o.backward(&dp, dsrc, d, src)
			var alone [most]float64
			o.backward(&alone, nil, d, src)
			require.Equal(t, dp, alone, names[k])
			if settings[k].bits || k == equalize {
				require.Equal(t, d, dsrc)
				require.Zero(t, dp)
				continue
			}
			for i := range settings[k].parameters {
				require.InDelta(t, slope(&o.p[i]), dp[i], 2e-5*max(1, math.Abs(dp[i])), "%s, parameter %d", names[k], i)
			}
			for i := 0; i < len(src) && k != hsv; i += 7 {
				require.InDelta(t, slope(&src[i]), dsrc[i], 1e-6, "%s, value %d", names[k], i)
			}
		}
	}
}

// The results are Pillow's where its operations are the same: to two roundings to
// a level, and away from the edge, beyond which it interpolates less.
func TestPillowsOperations(t *testing.T) {
	t.Parallel()
	source := rng.New(4, rng.Synthetic)
	for _, test := range []struct {
		kind   kind
		p      float64
		as     image.Fixed
		margin int
	}{
		{contrast, 1.4, image.Fixed{Operation: image.Contrast, Level: 1.4}, 0},
		{contrast, 0.3, image.Fixed{Operation: image.Contrast, Level: 0.3}, 0},
		{sharpness, 0.3, image.Fixed{Operation: image.Sharpness, Level: 0.3}, 0},
		{invert, 1, image.Fixed{Operation: image.Invert}, 0},
		{solarize, 0, image.Fixed{Operation: image.Solarize, Level: 128}, 0},
		{equalize, 0, image.Fixed{Operation: image.Equalize}, 0},
		{posterize, 3, image.Fixed{Operation: image.Posterize, Level: 3}, 0},
		{rotate, 0.05, image.Fixed{Operation: image.Rotate, Level: 18}, 3},
	} {
		bytes := make([]uint8, 3*testH*testW)
		src := make([]float32, len(bytes))
		for i := range bytes {
			bytes[i] = uint8(source.IntN(256))
			src[i] = float32(bytes[i]) / 255
		}
		f, err := test.as.Make(3, testH, testW)
		require.NoError(t, err)
		want, got := make([]uint8, len(bytes)), make([]float32, len(src))
		f(want, bytes, augment.Draw{})
		o := operation[float32]{kind: test.kind, c: 3, h: testH, w: testW, p: [most]float32{float32(test.p)}}
		o.forward(got, src)
		for i := range got {
			y, x := i/testW%testH, i%testW
			if y < test.margin || y >= testH-test.margin || x < test.margin || x >= testW-test.margin {
				continue
			}
			require.InDelta(t, float64(want[i]), math.Min(math.Max(float64(got[i])*255, 0), 255), 1.51, "%s %v", names[test.kind], test.p)
		}
	}
}

// Parameters that change nothing, and moves by whole pixels.
func TestGeometry(t *testing.T) {
	t.Parallel()
	src := random[float32](rng.New(5, rng.Synthetic))
	out := make([]float32, len(src))
	apply := func(k kind, p ...float32) []float32 {
		o := operation[float32]{kind: k, c: 3, h: testH, w: testW}
		copy(o.p[:], p)
		o.forward(out, src)
		return out
	}
	require.InDeltaSlice(t, src, apply(rotate, 1), 1e-5)
	require.InDeltaSlice(t, src, apply(scale, 1), 1e-5)
	require.InDeltaSlice(t, src, apply(shear, 0, 0), 1e-5)
	require.InDeltaSlice(t, src, apply(hsv, 0, 0, 0), 1e-5)
	moved := apply(translate, 2.0/testW, 1.0/testH)
	for i, v := range moved {
		y, x := i/testW%testH, i%testW
		want := float32(0)
		if y >= 1 && x >= 2 {
			want = src[i-testW-2]
		}
		require.InDelta(t, want, v, 1e-5, "what was two columns left and a line above")
	}
	half := apply(rotate, 0.5)
	for i, v := range half {
		require.InDelta(t, src[i/(testH*testW)*testH*testW+testH*testW-1-i%(testH*testW)], v, 1e-5)
	}
}

// What is turned, moved, sheared and scaled, and the gradients of that, are PyTorch's.
func TestGeometryAsPyTorch(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Operation                              string
		P, Picture, Weights, Out, DP, DPicture []float64
	}
	text, err := os.ReadFile("testdata/pytorch.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 8)
	for _, c := range cases {
		o := operation[float64]{kind: kind(slices.Index(names[:], c.Operation)), c: 1, h: 7, w: 6}
		copy(o.p[:], c.P)
		got, dsrc := make([]float64, len(c.Out)), make([]float64, len(c.Out))
		o.forward(got, c.Picture)
		require.InDeltaSlice(t, c.Out, got, 1e-9, "%s %v", c.Operation, c.P)
		var dp [most]float64
		o.backward(&dp, dsrc, c.Weights, c.Picture)
		require.InDeltaSlice(t, c.DP, dp[:len(c.DP)], 1e-8, "%s %v", c.Operation, c.P)
		require.InDeltaSlice(t, c.DPicture, dsrc, 1e-9, "%s %v", c.Operation, c.P)
	}
}

// Colours as colorsys has them: a third of the circle on, red is green.
func TestHSV(t *testing.T) {
	t.Parallel()
	o := operation[float64]{kind: hsv, c: 3, h: 1, w: 2, p: [most]float64{2 * math.Pi / 3, -0.25, 0.125}}
	out := make([]float64, 6)
	o.forward(out, []float64{0.5, 0.25, 0, 0.25, 0, 0.25})
	// Red becomes green, brighter and less saturated; grey gets a negative saturation.
	require.InDeltaSlice(t, []float64{0.15625, 0.46875, 0.625, 0.375, 0.15625, 0.46875}, out, 1e-6)

	// Hues go round and round. Values end at -10 and 10, where gradients do too.
	again := make([]float64, 6)
	for _, turns := range []float64{-7, -1, 1, 1000} {
		o.p[0] = 2*math.Pi/3 + 2*math.Pi*turns
		o.forward(again, []float64{0.5, 0.25, 0, 0.25, 0, 0.25})
		require.InDeltaSlice(t, out, again, 1e-6, "%v turns", turns)
	}
	o.p = [most]float64{0, 5, 8}
	o.forward(out, []float64{0.5, 0.25, 0, 0.25, 0, 0.25})
	require.InDeltaSlice(t, []float64{8.5, 8.25, -10, -10, -10, -10}, out, 1e-6)
	var dp [most]float64
	o.backward(&dp, nil, []float64{0, 0, 0, 0, 1, 1}, []float64{0.5, 0.25, 0, 0.25, 0, 0.25})
	require.Zero(t, dp)
	o.p[0] = 1e30
	o.forward(out, []float64{0.5, 0.25, 0, 0.25, 0, 0.25})
}

// Greys have no hue and no saturation, whatever is left of the last bits of their channels.
func TestHueOfGreys(t *testing.T) {
	t.Parallel()
	o := operation[float32]{kind: hsv, c: 3, h: 1, w: 1, p: [most]float32{1, 0, 0.5}}
	out := make([]float32, 3)
	for _, grey := range [][]float32{{0, 1.0 / (1 << 25), 0}, {1, 1, 1 - 1.0/(1<<24)}} {
		o.forward(out, grey)
		require.InDeltaSlice(t, []float32{grey[0] + 0.5, grey[0] + 0.5, grey[0] + 0.5}, out, 1e-6)
	}
}
