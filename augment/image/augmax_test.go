package image

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// The chains are AugMix's, the weights move by the signs of their gradients, which are
// those of finite differences.
func TestAugMax(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	const c, h, w = 3, 8, 9
	f, err := AugMax{Severity: 3, Width: 3}.Make(e, 2, c, h, w)
	require.NoError(t, err)
	m := f.(*augMaxer)
	src, d, dst := make([]float32, c*h*w), make([]float32, c*h*w), make([]float32, c*h*w)
	bytes := make([]uint8, len(src))
	for i := range src {
		bytes[i] = uint8(i * i * 5)
		src[i] = float32(bytes[i]) / 255
		d[i] = float32(i%7) - 3
	}
	draw := augment.Draw{Seed: 2, Round: 3, View: 1, Image: 4}
	m.Begin(1, 0, augment.Draw{}, draw)
	x := &m.images[1]
	value := func() (sum float64) {
		x.soften()
		m.Apply(1, 0, dst, src)
		for i, v := range dst {
			sum += float64(d[i]) * float64(v)
		}
		return sum
	}
	value()
	require.Equal(t, bytes, x.bytes)
	require.NotEqual(t, x.chains[:len(src)], x.chains[len(src):2*len(src)])
	x.share = 0.15 // and so 0 after two steps down
	if share, _ := x.slope(d, src); share > 0 {
		for i := range d {
			d[i] = -d[i]
		}
	}
	still, moved := 0, 0
	for range 5 {
		slopes := []float64{}
		for _, at := range []*float64{&x.share, &x.logits[0], &x.logits[1], &x.logits[2]} {
			const h = 1e-3
			was := *at
			*at = was + h
			above := value()
			*at = was - h
			slopes = append(slopes, (above-value())/(2*h))
			*at = was
		}
		before := append([]float64{x.share}, x.logits...)
		value()
		require.True(t, m.Ascend(1, 0, d, dst, src, 0.1))
		for i, v := range append([]float64{x.share}, x.logits...) {
			want := before[i] + 0.1*sign(slopes[i])
			switch {
			case i == 0:
				want = min(max(want, 0), 1)
				require.InDelta(t, want, v, 1e-12, "the share")
			case before[0] == 0:
				still++
				require.InDelta(t, before[i], v, 0, "logit %d, of which the image has nothing", i-1)
			case slopes[i] > 1e-3 || slopes[i] < -1e-3:
				require.InDelta(t, want, v, 1e-12, "logit %d", i-1)
				if x.share == 0 {
					moved++
				}
			}
		}
	}
	require.Positive(t, still)
	require.Positive(t, moved, "in the step that ends at a share of 0")
	x.share, x.weights = 1, []float64{0, 1, 0}
	m.Apply(1, 0, dst, src)
	require.Equal(t, x.chains[len(src):2*len(src)], dst)

	again := slices.Clone(x.chains)
	m.Begin(0, 0, augment.Draw{}, draw)
	m.Apply(0, 0, dst, src)
	require.Equal(t, again, m.images[0].chains, "by the draw alone")
	require.Zero(t, testing.AllocsPerRun(10, func() {
		m.Begin(0, 0, augment.Draw{}, draw)
		m.Apply(0, 0, dst, src)
		m.Ascend(0, 0, d, dst, src, 0.1)
	}))

	_, err = AugMax{Severity: 3}.Make(e, 2, c, h, w)
	require.ErrorContains(t, err, "AugMax: image: AugMix.Width is 0 chains")
}
