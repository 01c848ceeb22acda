// Package conv computes two-dimensional convolution (cross-correlation, as the
// field calls it) and pooling: forward, backward to the data, backward to the
// weights. Tensors are N x C x H x W, filters K x C/groups x R x S.
//
// Every pass is a matrix product whose operands are read from the images as they
// are packed: no im2col matrix is ever written to memory.
package conv

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Shape is the geometry of a convolution. Dilation is 1.
type Shape struct {
	N, C, H, W int // input
	K, R, S    int // K filters of R x S
	Stride     int
	PadH, PadW int // rows of padding above and below, columns left and right
	Groups     int

	// ExtraH and ExtraW are further padding, below and to the right alone:
	// TensorFlow's "same" padding is not always symmetric.
	ExtraH, ExtraW int
}

// OutH returns the height of the output.
func (s Shape) OutH() int { return (s.H+2*s.PadH+s.ExtraH-s.R)/s.Stride + 1 }

// OutW returns the width of the output.
func (s Shape) OutW() int { return (s.W+2*s.PadW+s.ExtraW-s.S)/s.Stride + 1 }

// Weights returns the number of filter weights, K * C/groups * R * S.
func (s Shape) Weights() int { return s.K * (s.C / s.Groups) * s.R * s.S }

// MultiplyAdds returns the multiply-adds of the direct algorithm, forward.
func (s Shape) MultiplyAdds() int { return s.N * s.OutH() * s.OutW() * s.Weights() }

// MultiplyAddsBy returns those of a pass by the algorithm that New takes with the
// options: the same, or the fewer ones of Winograd's products. What goes into its
// transforms is not counted.
func (s Shape) MultiplyAddsBy(o Options) int {
	if o.NoWinograd || !winogradFits(s) {
		return s.MultiplyAdds()
	}
	m := tileSide + 1 - s.R
	return s.N * winogradTiles(s.OutH(), m) * winogradTiles(s.OutW(), m) * points * s.K * s.C / s.Groups
}

// String gives the geometry, for messages.
func (s Shape) String() string {
	extra := ""
	if s.ExtraH != 0 || s.ExtraW != 0 {
		extra = fmt.Sprintf(" and %dx%d more at the end", s.ExtraH, s.ExtraW)
	}
	return fmt.Sprintf("%dx%dx%dx%d, %d filters of %dx%d, stride %d, padding %dx%d%s, groups %d",
		s.N, s.C, s.H, s.W, s.K, s.R, s.S, s.Stride, s.PadH, s.PadW, extra, s.Groups)
}

// Check panics unless the shape is possible and what it takes fits in memory.
func (s Shape) Check() {
	if s.N < 1 || s.C < 1 || s.H < 1 || s.W < 1 || s.K < 1 || s.R < 1 || s.S < 1 || s.Stride < 1 ||
		s.PadH < 0 || s.PadW < 0 || s.ExtraH < 0 || s.ExtraW < 0 || s.Groups < 1 || s.C%s.Groups != 0 || s.K%s.Groups != 0 ||
		s.H+2*s.PadH+s.ExtraH < s.R || s.W+2*s.PadW+s.ExtraW < s.S {
		panic("conv: impossible shape " + s.String())
	}
	padded := tensor.Elements(s.C, s.H+2*s.PadH, s.W+2*s.PadW)
	pixels := tensor.Elements(s.K, s.OutH(), s.OutW())
	tensor.Elements(s.N, padded)
	tensor.Elements(s.N, pixels)
	tensor.Elements(s.K, s.C/s.Groups, s.R, s.S)
	if max(padded, pixels) > math.MaxInt32 {
		panic("conv: an image too large for offsets of 32 bits: " + s.String())
	}
}

// transposed returns the convolution that takes the output's gradient to the
// input's, for stride 1 and equal padding: the filters turned around, the padding complemented.
func (s Shape) transposed() Shape {
	return Shape{N: s.N, C: s.K, H: s.OutH(), W: s.OutW(), K: s.C, R: s.R, S: s.S, Stride: 1,
		PadH: s.R - 1 - s.PadH, PadW: s.S - 1 - s.PadW, Groups: s.Groups}
}

// Conv is a convolution planned for one shape on one engine. Its methods
// allocate nothing once the plan of a pass exists; the plans of the backward
// passes are made by PlanBackwardData and PlanBackwardWeights.
type Conv struct {
	Shape
	engine *tensor.Engine
	pairs  bool

	// One of the algorithms for each pass.
	depthwise *depthwise // all three passes
	winograd  *winograd  // all three passes
	forward   *implicitGemm
	data      *implicitGemm    // backward to the data as a convolution, or
	phases    *stridedDataGrad // as a product for each phase of a stride, or
	scatter   *col2imDataGrad  // as a product whose columns are scattered
	weights   weightGradient

	bounded tensor.Tensor // the output of Winograd's current run, for ReLU6
}

// Options choose among the algorithms. The zero value is the fastest.
type Options struct {
	// NoWinograd takes the direct algorithm where Winograd's would do, whose
	// rounding errors are larger.
	NoWinograd bool
	// BFloat16 rounds the operands of the other algorithms' products to bfloat16, but for
	// those of depthwise layers and of gradients that are scattered. Sums stay float32.
	BFloat16 bool
}

// weightGradient is a backward pass to the weights.
type weightGradient interface {
	run(dw, dbias []float32, x, dy tensor.Tensor)
}

// New plans the forward pass and reserves its scratch memory on the engine.
func New(e *tensor.Engine, s Shape, o Options) *Conv {
	s.Check()
	c := &Conv{Shape: s, engine: e, pairs: o.BFloat16}
	if depthwiseFits(s) {
		c.depthwise = newDepthwise(e, s)
	} else if !o.NoWinograd && winogradFits(s) {
		c.winograd = newWinograd(e, s)
		c.winograd.reserve()
	} else {
		c.forward = newImplicitGemm(e, s, false, c.pairs)
	}
	return c
}

// Forward computes y = act(w * x + bias). x is N x C x H x W, y is N x K x OutH
// x OutW, w is K x C/groups x R x S, bias has K elements or is nil; act is
// simd.Identity, simd.ReLU or simd.ReLU6. x and y may hold fewer than N images.
func (c *Conv) Forward(y, x tensor.Tensor, w, bias []float32, act simd.Activation) {
	c.checkImages("conv: input", x, "conv: output", y)
	c.checkWeights("conv: weights", w, "conv: bias", bias)
	switch {
	case c.depthwise != nil:
		c.depthwise.forward(y, x, w, bias, act)
	case c.winograd != nil:
		c.winograd.forward(y, x, w, bias, act == simd.ReLU)
		if act == simd.ReLU6 {
			c.bounded = y
			c.engine.Run(y.N*c.K, relu6{c})
		}
	default:
		c.forward.run(y, x, w, bias, false, act)
	}
}

// relu6 bounds one plane of the output.
type relu6 struct{ *Conv }

func (c relu6) Do(task, _ int) {
	const most = 1 << 16 // elements of a call
	area := c.bounded.H * c.bounded.W
	plane := c.bounded.Image(task / c.K)[task%c.K*area:][:area]
	for i := 0; i < area; i += most {
		c.engine.Kernels.Clamp(plane[i:min(i+most, area)], 0, 6)
	}
}

// PlanBackwardData plans the backward pass to the data.
func (c *Conv) PlanBackwardData() {
	if c.depthwise != nil {
		c.depthwise.planBackwardData()
		return
	}
	if c.winograd != nil {
		return
	}
	// A convolution of the padded gradient spends products on the padding, and
	// few input channels leave its register tile empty. Scattering has neither
	// fault but adds up each product in memory.
	const wasteful, thin = 1.2, 8
	waste := float64(c.H*c.W) / float64(c.OutH()*c.OutW())
	t := c.transposed()
	if c.Stride == 1 && c.ExtraH == 0 && c.ExtraW == 0 && t.PadH >= 0 && t.PadW >= 0 && waste < wasteful && c.C/c.Groups >= thin {
		c.data = newImplicitGemm(c.engine, t, true, c.pairs)
	} else if c.Stride > 1 && c.C/c.Groups >= thin {
		c.phases = newStridedDataGrad(c.engine, c.Shape, c.pairs)
	} else {
		c.scatter = newCol2imDataGrad(c.engine, c.Shape)
	}
}

// BackwardData computes the gradient of the input, dx = (or, accumulating,
// dx +=) w^T * dy, shapes as in Forward.
func (c *Conv) BackwardData(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	c.checkImages("conv: input gradient", dx, "conv: output gradient", dy)
	c.checkWeights("conv: weights", w, "conv: bias", nil)
	switch {
	case c.depthwise != nil:
		c.depthwise.backwardData(dx, dy, w, accumulate)
	case c.winograd != nil:
		c.winograd.backwardData(dx, dy, w, accumulate)
	case c.data != nil:
		c.data.run(dx, dy, w, nil, accumulate, simd.Identity)
	case c.phases != nil:
		c.phases.run(dx, dy, w, accumulate)
	default:
		c.scatter.run(dx, dy, w, accumulate)
	}
}

// PlanBackwardWeights plans the backward pass to the weights.
func (c *Conv) PlanBackwardWeights() {
	if c.depthwise != nil {
		c.depthwise.planBackwardWeights()
		return
	}
	if c.winograd != nil {
		c.winograd.reserveWeights()
		return
	}
	if c.pairs {
		c.weights = newPairsWeightGrad(c.engine, c.Shape)
	} else {
		c.weights = newWeightGrad(c.engine, c.Shape)
	}
}

// BackwardWeights computes the gradients of the filters and, unless dbias is
// nil, of the bias: dw = dy * x^T, dbias = sum of dy over images and pixels.
func (c *Conv) BackwardWeights(dw, dbias []float32, x, dy tensor.Tensor) {
	c.checkImages("conv: input", x, "conv: output gradient", dy)
	c.checkWeights("conv: weights' gradient", dw, "conv: bias gradient", dbias)
	if c.depthwise != nil {
		c.depthwise.backwardWeights(dw, dbias, x, dy)
		return
	}
	if c.winograd != nil {
		c.winograd.backwardWeights(dw, dbias, x, dy)
		return
	}
	c.weights.run(dw, dbias, x, dy)
}

// checkImages panics unless the tensors are inputs and outputs of the same number
// of images, at most N.
func (c *Conv) checkImages(input string, x tensor.Tensor, output string, y tensor.Tensor) {
	n := x.N
	if n < 1 || n > c.N {
		panic(fmt.Sprintf("%s is %v, expected 1 to %d images", input, x, c.N))
	}
	x.Check(input, n, c.C, c.H, c.W)
	y.Check(output, n, c.K, c.OutH(), c.OutW())
}

// checkWeights panics unless the weights and, if there is one, the bias are all
// there.
func (c *Conv) checkWeights(weights string, w []float32, name string, bias []float32) {
	tensor.CheckVector(weights, w, c.Weights())
	if bias != nil {
		tensor.CheckVector(name, bias, c.K)
	}
}
