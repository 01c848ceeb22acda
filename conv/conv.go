// Package conv computes two-dimensional convolution (cross-correlation, as the
// field calls it) and pooling: forward, backward to the data, backward to the
// weights. Tensors are N x C x H x W, filters K x C/groups x R x S.
package conv

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Shape is the geometry of a convolution. Dilation is 1.
type Shape struct {
	N, C, H, W int // input
	K, R, S    int // filters
	Stride     int
	PadH, PadW int
	Groups     int
}

// OutH returns the height of the output.
func (s Shape) OutH() int { return (s.H+2*s.PadH-s.R)/s.Stride + 1 }

// OutW returns the width of the output.
func (s Shape) OutW() int { return (s.W+2*s.PadW-s.S)/s.Stride + 1 }

// Weights returns the number of filter weights, K * C/groups * R * S.
func (s Shape) Weights() int { return s.K * (s.C / s.Groups) * s.R * s.S }

// MultiplyAdds returns the multiply-adds of the direct algorithm, forward.
func (s Shape) MultiplyAdds() int { return s.N * s.OutH() * s.OutW() * s.Weights() }

func (s Shape) String() string {
	return fmt.Sprintf("%dx%dx%dx%d, %d filters of %dx%d, stride %d, padding %dx%d, groups %d",
		s.N, s.C, s.H, s.W, s.K, s.R, s.S, s.Stride, s.PadH, s.PadW, s.Groups)
}

func (s Shape) check() {
	if s.N < 1 || s.C < 1 || s.H < 1 || s.W < 1 || s.K < 1 || s.R < 1 || s.S < 1 || s.Stride < 1 ||
		s.PadH < 0 || s.PadW < 0 || s.Groups < 1 || s.C%s.Groups != 0 || s.K%s.Groups != 0 ||
		s.H+2*s.PadH < s.R || s.W+2*s.PadW < s.S {
		panic("conv: impossible shape " + s.String())
	}
}

// Conv is a convolution planned for one shape on one engine. Its methods
// allocate nothing.
type Conv struct {
	Shape
	engine *tensor.Engine
}

// New plans a convolution and reserves its scratch memory on the engine.
func New(e *tensor.Engine, s Shape) *Conv {
	s.check()
	return &Conv{Shape: s, engine: e}
}

// Forward computes y = act(w * x + bias). x is N x C x H x W, y is N x K x OutH
// x OutW, w is K x C/groups x R x S, bias has K elements or is nil; act is
// simd.Identity or simd.ReLU.
func (c *Conv) Forward(y, x tensor.Tensor, w, bias []float32, act simd.Activation) {
	c.each(func(n, k, oy, ox int, taps func(func(xi, wi int))) {
		var sum float32
		if bias != nil {
			sum = bias[k]
		}
		taps(func(xi, wi int) { sum += x.Data[n*x.Stride+xi] * w[wi] })
		if act == simd.ReLU && !(sum > 0) {
			sum = 0
		}
		y.Data[n*y.Stride+(k*c.OutH()+oy)*c.OutW()+ox] = sum
	})
}

// BackwardData computes the gradient of the input, dx = (or, accumulating,
// dx +=) w^T * dy, shapes as in Forward.
func (c *Conv) BackwardData(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	if !accumulate {
		for n := range dx.N {
			clear(dx.Image(n))
		}
	}
	c.each(func(n, k, oy, ox int, taps func(func(xi, wi int))) {
		g := dy.Data[n*dy.Stride+(k*c.OutH()+oy)*c.OutW()+ox]
		taps(func(xi, wi int) { dx.Data[n*dx.Stride+xi] += g * w[wi] })
	})
}

// BackwardWeights computes the gradients of the filters and, unless dbias is
// nil, of the bias: dw = dy * x^T, dbias = sum of dy over images and pixels.
func (c *Conv) BackwardWeights(dw, dbias []float32, x, dy tensor.Tensor) {
	clear(dw)
	clear(dbias)
	c.each(func(n, k, oy, ox int, taps func(func(xi, wi int))) {
		g := dy.Data[n*dy.Stride+(k*c.OutH()+oy)*c.OutW()+ox]
		if dbias != nil {
			dbias[k] += g
		}
		taps(func(xi, wi int) { dw[wi] += g * x.Data[n*x.Stride+xi] })
	})
}

// each visits every output element with the input elements and weights behind it.
func (c *Conv) each(visit func(n, k, oy, ox int, taps func(func(xi, wi int)))) {
	cg, kg := c.C/c.Groups, c.K/c.Groups
	for n := range c.N {
		for k := range c.K {
			g := k / kg
			for oy := range c.OutH() {
				for ox := range c.OutW() {
					visit(n, k, oy, ox, func(tap func(xi, wi int)) {
						for ch := range cg {
							for r := range c.R {
								for s := range c.S {
									iy, ix := oy*c.Stride+r-c.PadH, ox*c.Stride+s-c.PadW
									if iy < 0 || iy >= c.H || ix < 0 || ix >= c.W {
										continue
									}
									tap(((g*cg+ch)*c.H+iy)*c.W+ix, ((k*cg+ch)*c.R+r)*c.S+s)
								}
							}
						}
					})
				}
			}
		}
	}
}
