package nn

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

func TestNormalisationTravels(t *testing.T) {
	for _, n := range []Normalisation{
		Identity(3),
		{Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}},
		{Mean: []float32{0.1}, Std: []float32{1e-3}},
	} {
		got, err := ParseNormalisation(n.String(), len(n.Mean))
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	require.Equal(t, "mean=0,0,0 std=1,1,1", Identity(3).String())
	for _, bad := range []string{"", "imagenet", "mean=0,0,0", "mean=0,0 std=1,1", "mean=0,0,0 std=1,1,0", "mean=0,0,0 std=1,1,-1", "mean=0,0,nan std=1,1,1", "mean=0,0,0 std=1e-45,1,1", "mean=0,0,0 std=1,1,NaN", "mean=0,0,0 std=1,1,1e-7", "mean=0,0,x std=1,1,1"} {
		_, err := ParseNormalisation(bad, 3)
		require.ErrorContains(t, err, "normalisation", bad)
	}
}

// Bytes come back as they were, or one lower where truncation takes that much,
// by each channel's own constants.
func TestNormalisationOfBytes(t *testing.T) {
	n := Normalisation{Mean: []float32{0.485, 0, 0.406}, Std: []float32{0.229, 1, 0.225}}
	image := make([]uint8, 3*256)
	for i := range image {
		image[i] = uint8(i)
	}
	for _, k := range simd.Available() {
		e := tensor.NewEngineOn(1, k)
		defer e.Close()
		x := make([]float32, len(image))
		n.FromBytes(e, x, image)
		for i, b := range image {
			require.InDelta(t, (float32(b)/255-n.Mean[i/256])/n.Std[i/256], x[i], 1e-6)
		}
		back := make([]uint8, len(image))
		n.ToBytes(e, back, x)
		for i, b := range image {
			require.True(t, back[i] == b || back[i]+1 == b, "%d became %d", b, back[i])
		}
		x[0], x[255], x[512] = -100, 100, 100
		n.ToBytes(e, back, x)
		require.Equal(t, []uint8{0, 255, 255}, []uint8{back[0], back[255], back[512]})
	}
}
