package conv

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// coarse fills a tensor with few different values, so that maxima have ties.
func coarse(t tensor.Tensor) tensor.Tensor {
	for i := range t.Data {
		t.Data[i] = float32(i*i%13-i%7) / 4
	}
	return t
}

// Every way to pool, on channel slices, against the definition.
func TestPooling(t *testing.T) {
	for _, s := range []PoolShape{
		{N: 3, C: 2, H: 8, W: 8, Window: 2, Stride: 2},
		{N: 2, C: 3, H: 7, W: 9, Window: 2, Stride: 2},
		{N: 2, C: 2, H: 9, W: 7, Window: 3, Stride: 2},
		{N: 2, C: 3, H: 13, W: 27, Window: 3, Stride: 2},
		{N: 2, C: 2, H: 7, W: 8, Window: 3, Stride: 1},
		{N: 1, C: 2, H: 6, W: 5, Window: 2, Stride: 1},
		{N: 2, C: 2, H: 8, W: 8, Window: 8, Stride: 8},
		{N: 2, C: 1, H: 10, W: 10, Window: 4, Stride: 4},
		{N: 2, C: 3, H: 14, W: 16, Window: 3, Stride: 2, Pad: 1},
		{N: 2, C: 2, H: 9, W: 5, Window: 3, Stride: 2, Pad: 1},
		{N: 2, C: 2, H: 7, W: 8, Window: 2, Stride: 2, Pad: 1},
		{N: 2, C: 2, H: 7, W: 8, Window: 4, Stride: 3, Pad: 2},
	} {
		for _, kernels := range simd.Available() {
			t.Run(fmt.Sprintf("%v/%s", s, kernels.Name), func(t *testing.T) { requirePooling(t, s, kernels, 2) })
		}
	}
}

// requirePooling holds every way to pool against the definition.
func requirePooling(t *testing.T, s PoolShape, kernels *simd.Kernels, threads int) {
	t.Helper()
	e := tensor.NewEngineOn(threads, kernels)
	defer e.Close()
	x := coarse(tensor.New(s.N, s.C+2, s.H, s.W)).Channels(1, 1+s.C)
	y := tensor.New(s.N, s.C+1, s.OutH(), s.OutW()).Channels(1, 1+s.C)
	dy := coarse(tensor.New(s.N, s.C+1, s.OutH(), s.OutW())).Channels(0, s.C)
	dx := coarse(tensor.New(s.N, s.C+3, s.H, s.W)).Channels(2, 2+s.C)
	for _, relu := range []bool{false, true} {
		p := NewMaxPool(e, s)
		arg := make([]uint8, s.Out())
		p.Forward(y, arg, x, relu)
		p.Backward(dx, dy, arg)
		s.maximum(t, x, y, dx, dy, relu)
		want := append([]float32(nil), y.Data...)
		for n := range y.N {
			for i := range y.Image(n) {
				y.Image(n)[i] = float32(math.NaN())
			}
		}
		p.Forward(y, nil, x, relu)
		require.Equal(t, want, y.Data)
	}
	if s.Window == s.Stride && s.Pad == 0 {
		p := NewAvgPool(e, s)
		p.Forward(y, x)
		p.Backward(dx, dy)
		s.average(t, x, y, dx, dy)
	}
}

// each visits the windows of every plane with the places of their elements in
// an image.
func (s PoolShape) each(visit func(n, out int, places []int)) {
	for n := range s.N {
		for out := range s.Out() / s.N {
			j, i := out%s.OutW(), out/s.OutW()%s.OutH()
			plane := out / (s.OutH() * s.OutW()) * s.H * s.W
			var places []int
			for r := range s.Window {
				for c := range s.Window {
					y, x := i*s.Stride+r-s.Pad, j*s.Stride+c-s.Pad
					if y >= 0 && y < s.H && x >= 0 && x < s.W {
						places = append(places, plane+y*s.W+x)
					}
				}
			}
			visit(n, out, places)
		}
	}
}

// maximum checks a maximum pooling.
func (s PoolShape) maximum(t *testing.T, x, y, dx, dy tensor.Tensor, relu bool) {
	t.Helper()
	want := tensor.New(s.N, s.C, s.H, s.W)
	s.each(func(n, out int, places []int) {
		best := places[0]
		for _, p := range places {
			if x.Image(n)[p] > x.Image(n)[best] {
				best = p
			}
		}
		v := x.Image(n)[best]
		if !relu || v > 0 {
			want.Image(n)[best] += dy.Image(n)[out]
		}
		if relu {
			v = max(v, 0)
		}
		require.Equal(t, v, y.Image(n)[out])
	})
	for n := range s.N {
		require.Equal(t, want.Image(n), dx.Image(n))
	}
}

// average checks an average pooling.
func (s PoolShape) average(t *testing.T, x, y, dx, dy tensor.Tensor) {
	t.Helper()
	want := tensor.New(s.N, s.C, s.H, s.W)
	size := float64(s.Window * s.Window)
	s.each(func(n, out int, places []int) {
		sum := 0.0
		for _, p := range places {
			sum += float64(x.Image(n)[p])
			want.Image(n)[p] = float32(float64(dy.Image(n)[out]) / size)
		}
		require.InDelta(t, sum/size, y.Image(n)[out], 1e-5)
	})
	for n := range s.N {
		require.InDeltaSlice(t, want.Image(n), dx.Image(n), 1e-6)
	}
}

// Where all that a window covers is minus infinity the first place wins, which may
// lie in the padding: its gradient is lost, not written elsewhere.
func TestMaximumOfNothing(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	s := PoolShape{N: 1, C: 2, H: 4, W: 4, Window: 3, Stride: 2, Pad: 1}
	x, y, dx := tensor.New(1, 2, 4, 4), tensor.New(1, 2, 2, 2), tensor.New(1, 2, 4, 4)
	for i := range x.Data {
		x.Data[i] = float32(math.Inf(-1))
	}
	arg := make([]uint8, s.Out())
	p := NewMaxPool(e, s)
	p.Forward(y, arg, x, false)
	p.Backward(dx, tensor.View([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 1, 2, 2, 2), arg)
	require.Equal(t, []float32{0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, dx.Data[:16])
}

// NaN wins every window that has one, so that a diverged network shows.
func TestMaximumOfNaN(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	for _, window := range []int{2, 3} {
		for at := range window * window {
			s := PoolShape{N: 1, C: 1, H: window, W: window, Window: window, Stride: window}
			x, y := tensor.New(1, 1, window, window), tensor.New(1, 1, 1, 1)
			x.Data[at] = float32(math.NaN())
			arg := make([]uint8, 1)
			NewMaxPool(e, s).Forward(y, arg, x, true)
			require.True(t, math.IsNaN(float64(y.Data[0])))
			require.Equal(t, uint8(window*window), arg[0])
		}
	}
}

func TestImpossiblePooling(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	require.Panics(t, func() { NewMaxPool(e, PoolShape{N: 1, C: 1, H: 2, W: 2, Window: 3, Stride: 1}) })
	require.Panics(t, func() { NewMaxPool(e, PoolShape{N: 1, C: 1, H: 20, W: 20, Window: 16, Stride: 1}) })
	require.Panics(t, func() { NewMaxPool(e, PoolShape{N: 1, C: 1, H: 9, W: 9, Window: 3, Stride: 2, Pad: 2}) })
	require.Panics(t, func() { NewAvgPool(e, PoolShape{N: 1, C: 1, H: 4, W: 4, Window: 3, Stride: 2}) })
	require.Panics(t, func() { NewAvgPool(e, PoolShape{N: 1, C: 1, H: 4, W: 4, Window: 2, Stride: 2, Pad: 1}) })
}
