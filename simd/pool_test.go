package simd

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// pooled is 2x2 max pooling by its definition, one window at a time.
func pooled(x []float32, planes, h, w int, relu bool) (y []float32, arg []uint8) {
	for p := range planes {
		for i := 0; i+1 < h; i += 2 {
			for j := 0; j+1 < w; j += 2 {
				best, at := float32(math.Inf(-1)), uint8(0)
				for k := range 4 {
					v := x[(p*h+i+k/2)*w+j+k%2]
					if v > best || math.IsNaN(float64(v)) || k == 0 {
						best, at = v, uint8(k)
					}
				}
				if relu && !(best > 0) {
					at = 4
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

var poolShapes = func() [][3]int {
	shapes := [][3]int{{64, 28, 28}, {16, 10, 10}, {8, 32, 32}, {3, 7, 9}, {2, 3, 70}, {2, 5, 67}}
	for w := 2; w <= 40; w++ {
		shapes = append(shapes, [3]int{1 + w%3, 2 + w%4, w})
	}
	return shapes
}()

// few fills s with few different values, so that windows have equal maxima, and
// with NaN, infinities and zeros of both signs.
func few(s []float32, seed int) []float32 {
	wave(s, seed)
	for i, v := range s {
		s[i] = float32(math.Round(float64(v * 2)))
		if u := int(math.Abs(float64(v)) * 1e6); u%11 == 0 {
			s[i] = edgeValues[u/11%len(edgeValues)]
		}
	}
	return s
}

func TestMaxPool2(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		for _, shape := range poolShapes {
			planes, h, w := shape[0], shape[1], shape[2]
			in := few(make([]float32, planes*h*w), w)
			xs, ys := newGuardedBuf[float32](t, len(in)), newGuardedBuf[float32](t, len(in))
			args, ds := newGuardedBuf[uint8](t, len(in)), newGuardedBuf[float32](t, len(in))
			for _, relu := range []bool{false, true} {
				want, wantArg := pooled(in, planes, h, w, relu)
				grad := edgy(make([]float32, len(want)), w)
				wantDX := make([]float32, len(in))
				for o, at := range wantArg {
					if at < 4 {
						p, i, j := o/(h/2*(w/2)), o/(w/2)%(h/2), o%(w/2)
						wantDX[(p*h+2*i+int(at)/2)*w+2*j+int(at)%2] = grad[o]
					}
				}
				for place := range places {
					about := fmt.Sprintf("%v, relu %v, place %d", shape, relu, place)
					x, y := xs.put(in, place), ys.put(make([]float32, len(want)), place)
					arg := args.put(make([]uint8, len(want)), place)
					k.MaxPool2(y, arg, x, h, w, relu)
					requireSameNumbers(t, want, y, "%s", about)
					require.Equal(t, wantArg, arg, about)
					ys.requireCanaries(t)
					args.requireCanaries(t)

					clear(y)
					k.MaxPool2(y, nil, x, h, w, relu)
					requireSameNumbers(t, want, y, "%s, without places", about)

					dy, dx := ys.put(grad, place), ds.put(in, place)
					k.MaxPool2Backward(dx, dy, arg, h, w)
					requireSameNumbers(t, wantDX, dx, "%s, backward", about)
					ds.requireCanaries(t)
				}
			}
		}
	})
}

func TestMaxPool2AllocatesNothing(t *testing.T) {
	forEachISA(t, func(t *testing.T, k *Kernels) {
		x, y, arg := make([]float32, 3*28*28), make([]float32, 3*14*14), make([]uint8, 3*14*14)
		requireNoAllocs(t, func() {
			k.MaxPool2(y, arg, x, 28, 28, true)
			k.MaxPool2Backward(x, y, arg, 28, 28)
		})
	})
}

func BenchmarkMaxPool2(b *testing.B) {
	for _, k := range Available() {
		for _, s := range [][3]int{{64, 28, 28}, {128, 10, 10}, {96, 32, 32}, {192, 16, 16}} {
			planes, h, w := s[0], s[1], s[2]
			const images = 32
			x, y := make([]float32, images*planes*h*w), make([]float32, images*planes*h*w/4)
			arg := make([]uint8, len(y))
			wave(x, 1)
			name := fmt.Sprintf("isa=%s/shape=%dx%dx%dx%d", k.Name, images, planes, h, w)
			b.Run(name+"/pass=forward", func(b *testing.B) {
				b.SetBytes(int64(4*len(x) + 5*len(y)))
				for b.Loop() {
					for i := range images {
						k.MaxPool2(part(y, i, images), part(arg, i, images), part(x, i, images), h, w, true)
					}
				}
			})
			b.Run(name+"/pass=backward", func(b *testing.B) {
				b.SetBytes(int64(4*len(x) + 5*len(y)))
				for b.Loop() {
					for i := range images {
						k.MaxPool2Backward(part(x, i, images), part(y, i, images), part(arg, i, images), h, w)
					}
				}
			})
		}
	}
}

// part returns the i-th of n equal parts of s.
func part[T any](s []T, i, n int) []T {
	size := len(s) / n
	return s[i*size : (i+1)*size]
}
