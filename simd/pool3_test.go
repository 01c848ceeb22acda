package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// pooled3 is 3x3 max pooling with stride 2 by its definition.
func pooled3(x []float32, planes, h, w, pad int, relu bool) (y []float32, arg []uint8) {
	for p := range planes {
		for i := -pad; i+2 < h+pad; i += 2 {
			for j := -pad; j+2 < w+pad; j += 2 {
				best, at := float32(math.Inf(-1)), uint8(0)
				for k := range 9 {
					r, q := i+k/3, j+k%3
					v := float32(math.Inf(-1))
					if r >= 0 && r < h && q >= 0 && q < w {
						v = x[(p*h+r)*w+q]
					}
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

// spread3 is the gradient of pooled3, window by window.
func spread3(dy []float32, arg []uint8, planes, h, w, pad int) []float32 {
	dx := make([]float32, planes*h*w)
	o := 0
	for p := range planes {
		for i := -pad; i+2 < h+pad; i += 2 {
			for j := -pad; j+2 < w+pad; j += 2 {
				r, q := i+int(arg[o])/3, j+int(arg[o])%3
				if arg[o] < 9 && r >= 0 && r < h && q >= 0 && q < w {
					dx[(p*h+r)*w+q] += dy[o]
				}
				o++
			}
		}
	}
	return dx
}

func TestMaxPool3(t *testing.T) {
	shapes := [][4]int{{8, 55, 55, 0}, {8, 27, 27, 0}, {8, 13, 13, 0}, {2, 4, 71, 0}, {2, 112, 112, 1}, {3, 32, 32, 0}, {2, 1, 1, 1}, {1, 3, 300, 1}}
	for w := 3; w <= 76; w++ {
		shapes = append(shapes, [4]int{1 + w%3, 3 + w%4, w, 0}, [4]int{1 + w%3, 1 + w%5, w - 2, 1})
	}
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, shape := range shapes {
			planes, h, w, pad := shape[0], shape[1], shape[2], shape[3]
			in := few(make([]float32, planes*h*w), w)
			xs, ys, args := newGuardedBuf[float32](t, len(in)), newGuardedBuf[float32](t, len(in)), newGuardedBuf[uint8](t, len(in))
			ds := newGuardedBuf[float32](t, len(in))
			for _, relu := range []bool{false, true} {
				want, wantArg := pooled3(in, planes, h, w, pad, relu)
				grad := edgy(make([]float32, len(want)), w)
				wantDX := spread3(grad, wantArg, planes, h, w, pad)
				for place := range places {
					about := fmt.Sprintf("%v, relu %v, place %d", shape, relu, place)
					x, y := xs.put(in, place), ys.put(make([]float32, len(want)), place)
					arg := args.put(make([]uint8, len(want)), place)
					k.MaxPool3(y, arg, x, h, w, pad, relu)
					requireSameNumbers(t, want, y, "%s", about)
					require.Equal(t, wantArg, arg, about)
					ys.requireCanaries(t)
					args.requireCanaries(t)

					clear(y)
					k.MaxPool3(y, nil, x, h, w, pad, relu)
					requireSameNumbers(t, want, y, "%s, without places", about)

					dy, dx := ys.put(grad, place), ds.put(in, place)
					k.MaxPool3Backward(dx, dy, arg, h, w, pad)
					requireSameNumbers(t, wantDX, dx, "%s, backward", about)
					ds.requireCanaries(t)
				}
			}
		}
	})
}

func TestMaxPool3AllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y, arg := make([]float32, 3*27*27), make([]float32, 3*13*13), make([]uint8, 3*13*13)
		requireNoAllocs(t, func() {
			k.MaxPool3(y, arg, x, 27, 27, 0, true)
			k.MaxPool3Backward(x, y, arg, 27, 27, 0)
		})
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
			name := fmt.Sprintf("isa=%s/shape=%dx%dx%dx%d", k.Name, images, planes, side, side)
			b.Run(name+"/pass=forward", func(b *testing.B) {
				b.SetBytes(int64(4*len(x) + 5*len(y)))
				for b.Loop() {
					for i := range images {
						k.MaxPool3(part(y, i, images), part(arg, i, images), part(x, i, images), side, side, 0, true)
					}
				}
			})
			b.Run(name+"/pass=backward", func(b *testing.B) {
				b.SetBytes(int64(4*len(x) + 5*len(y)))
				for b.Loop() {
					for i := range images {
						k.MaxPool3Backward(part(x, i, images), part(y, i, images), part(arg, i, images), side, side, 0)
					}
				}
			})
		}
	}
}
