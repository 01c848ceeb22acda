package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// pooled3 is 3x3 max pooling with stride 2 by its definition.
func pooled3(x []float32, planes, h, w int, relu bool) (y []float32, arg []uint8) {
	for p := range planes {
		for i := 0; i+2 < h; i += 2 {
			for j := 0; j+2 < w; j += 2 {
				best, at := float32(math.Inf(-1)), uint8(0)
				for k := range 9 {
					v := x[(p*h+i+k/3)*w+j+k%3]
					if v > best || math.IsNaN(float64(v)) || k == 0 {
						best, at = v, uint8(k)
					}
				}
				if relu && !(best > 0) {
					at = 9
				}
				if relu && best < 0 {
					best = 0
				}
				y, arg = append(y, best), append(arg, at)
			}
		}
	}
	return y, arg
}

func TestMaxPool3(t *testing.T) {
	shapes := [][3]int{{8, 55, 55}, {8, 27, 27}, {8, 13, 13}, {2, 4, 71}}
	for w := 3; w <= 44; w++ {
		shapes = append(shapes, [3]int{1 + w%3, 3 + w%4, w})
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, shape := range shapes {
			planes, h, w := shape[0], shape[1], shape[2]
			in := few(make([]float32, planes*h*w), w)
			xs, ys, args := newGuardedBuf[float32](t, len(in)), newGuardedBuf[float32](t, len(in)), newGuardedBuf[uint8](t, len(in))
			for _, relu := range []bool{false, true} {
				want, wantArg := pooled3(in, planes, h, w, relu)
				for place := range places {
					about := fmt.Sprintf("%v, relu %v, place %d", shape, relu, place)
					x, y := xs.put(in, place), ys.put(make([]float32, len(want)), place)
					arg := args.put(make([]uint8, len(want)), place)
					k.MaxPool3(y, arg, x, h, w, relu)
					requireSameNumbers(t, want, y, "%s", about)
					require.Equal(t, wantArg, arg, about)
					ys.requireCanaries(t)
					args.requireCanaries(t)

					clear(y)
					k.MaxPool3(y, nil, x, h, w, relu)
					requireSameNumbers(t, want, y, "%s, without places", about)
				}
			}
		}
	})
}

func TestMaxPool3AllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y, arg := make([]float32, 3*27*27), make([]float32, 3*13*13), make([]uint8, 3*13*13)
		requireNoAllocs(t, func() { k.MaxPool3(y, arg, x, 27, 27, true) })
	})
}

// The poolings of AlexNet.
func BenchmarkMaxPool3(b *testing.B) {
	for _, k := range Available() {
		for _, s := range [][2]int{{64, 55}, {192, 27}, {256, 13}} {
			const images = 32
			planes, side := s[0], s[1]
			x, y := make([]float32, images*planes*side*side), make([]float32, images*planes*(side/2)*(side/2))
			arg := make([]uint8, len(y))
			wave(x, 1)
			b.Run(fmt.Sprintf("isa=%s/shape=%dx%dx%dx%d", k.Name, images, planes, side, side), func(b *testing.B) {
				b.SetBytes(int64(4*len(x) + 5*len(y)))
				for b.Loop() {
					for i := range images {
						k.MaxPool3(part(y, i, images), part(arg, i, images), part(x, i, images), side, side, true)
					}
				}
			})
		}
	}
}
