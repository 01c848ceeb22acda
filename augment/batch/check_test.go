package batch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Every operation refuses, in the caller's goroutine, a batch with one element too few,
// of another shape than it was made for, or of more images.
func TestShortOperands(t *testing.T) {
	t.Parallel()
	const n, c, h, w = 3, 2, 6, 5
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for name, op := range map[string]augment.BatchOp{
		"RandConv":    RandConv{Sides: []int{3}},
		"ProRandConv": ProRandConv{Most: 1, Offset: 1, Affine: 1},
		"Mixup":       Mixup{Alpha: 1},
		"CutMix":      CutMix{Alpha: 1, Probability: 1},
		"Noise":       Noise{Additive: 1},
		"AsView":      AsView{View: 1, Op: Mixup{Alpha: 1}},
	} {
		f, err := op.Make(e, n, c, h, w)
		require.NoError(t, err)
		noise := name == "Noise" // takes images of any shape
		mixes := name == "Mixup" || name == "CutMix" || name == "AsView"
		for short := range 6 {
			b := &augment.Batch{X: tensor.New(n, c, h, w), Numbers: make([]int32, n), Targets: &augment.Targets{First: make([]uint16, n)}}
			refused := true
			switch short {
			case 0:
				refused = false
			case 1:
				b.X.Data = b.X.Data[:n*c*h*w-1]
			case 2:
				b.X.H, refused = h-1, !noise
			case 3:
				b.Numbers, refused = b.Numbers[:n-1], noise
			case 4:
				b.Targets.First, refused = b.Targets.First[:n-1], mixes
			case 5:
				b.X, b.Numbers, b.Targets.First = tensor.New(n+1, c, h, w), make([]int32, n+1), make([]uint16, n+1)
				refused = mixes
			}
			check := require.NotPanics
			if refused {
				check = require.Panics
			}
			check(t, func() { f(b) }, "%s, %d", name, short)
		}
	}
}
