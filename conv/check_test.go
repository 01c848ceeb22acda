package conv

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// operands are those of all passes of a convolution.
type operands struct {
	x, y, dx, dy   tensor.Tensor
	w, bias        []float32
	dw, dbias      []float32
	shortened      int // the operand with an element too few
	shortenedNames []string
}

// one element too few, for operand number i of those it is asked for in turn.
func (o *operands) vector(name string, n int) []float32 {
	if len(o.shortenedNames) == o.shortened {
		n--
	}
	o.shortenedNames = append(o.shortenedNames, name)
	return make([]float32, n)
}

func (o *operands) tensor(name string, n, c, h, w int) tensor.Tensor {
	data := o.vector(name, n*c*h*w)
	return tensor.Tensor{Data: data, N: n, C: c, H: h, W: w, Stride: c * h * w}
}

func newOperands(s Shape, shortened int) *operands {
	o := &operands{shortened: shortened}
	o.x, o.dx = o.tensor("x", s.N, s.C, s.H, s.W), o.tensor("dx", s.N, s.C, s.H, s.W)
	o.y, o.dy = o.tensor("y", s.N, s.K, s.OutH(), s.OutW()), o.tensor("dy", s.N, s.K, s.OutH(), s.OutW())
	o.w, o.dw = o.vector("w", s.Weights()), o.vector("dw", s.Weights())
	o.bias, o.dbias = o.vector("bias", s.K), o.vector("dbias", s.K)
	return o
}

// Every pass of every algorithm refuses an operand with one element too few, in
// the caller's goroutine, before a kernel sees it.
func TestShortOperands(t *testing.T) {
	passes := []struct {
		operands []string
		run      func(c *Conv, o *operands)
	}{
		{[]string{"x", "y", "w", "bias"}, func(c *Conv, o *operands) { c.Forward(o.y, o.x, o.w, o.bias, simd.Identity) }},
		{[]string{"dx", "dy", "w"}, func(c *Conv, o *operands) { c.BackwardData(o.dx, o.dy, o.w, false) }},
		{[]string{"x", "dy", "dw", "dbias"}, func(c *Conv, o *operands) { c.BackwardWeights(o.dw, o.dbias, o.x, o.dy) }},
	}
	for _, s := range []Shape{
		{N: 2, C: 16, H: 8, W: 8, K: 16, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1}, // Winograd
		{N: 2, C: 8, H: 8, W: 8, K: 8, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 2, C: 3, H: 9, W: 9, K: 8, R: 5, S: 5, Stride: 1, Groups: 1},
		{N: 2, C: 8, H: 8, W: 8, K: 8, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
		{N: 2, C: 8, H: 8, W: 8, K: 4, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 2},
		{N: 2, C: 8, H: 8, W: 8, K: 8, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 8}, // depthwise
		{N: 2, C: 8, H: 9, W: 9, K: 8, R: 5, S: 5, Stride: 2, PadH: 2, PadW: 2, Groups: 8},
	} {
		for _, threads := range []int{1, 2} {
			e := tensor.NewEngineOn(threads, nil)
			defer e.Close()
			c := New(e, s, Options{})
			c.PlanBackwardData()
			c.PlanBackwardWeights()
			for _, pass := range passes {
				pass.run(c, newOperands(s, -1))
				for i, name := range newOperands(s, -1).shortenedNames {
					for _, used := range pass.operands {
						if used == name {
							require.Panics(t, func() { pass.run(c, newOperands(s, i)) }, "%v: %s", s, name)
						}
					}
				}
			}
			few, many := newOperands(s, -1), newOperands(s, -1)
			few.x.N = 1
			require.Panics(t, func() { passes[0].run(c, few) }, "one image in, two out")
			many.x.N, many.y.N = 3, 3
			require.Panics(t, func() { passes[0].run(c, many) }, "more images than planned")
		}
	}
}

func TestShortOperandsOfPooling(t *testing.T) {
	e := tensor.NewEngineOn(2, nil)
	defer e.Close()
	for _, s := range []PoolShape{
		{N: 2, C: 3, H: 8, W: 8, Window: 2, Stride: 2},
		{N: 2, C: 3, H: 8, W: 8, Window: 3, Stride: 3},
		{N: 2, C: 3, H: 8, W: 8, Window: 4, Stride: 4},
		{N: 2, C: 3, H: 8, W: 8, Window: 3, Stride: 2, Pad: 1},
	} {
		maximum, average := NewMaxPool(e, s), (*AvgPool)(nil)
		if s.Pad == 0 {
			average = NewAvgPool(e, s)
		}
		image := func(n int) tensor.Tensor {
			return tensor.Tensor{Data: make([]float32, s.N*s.C*s.H*s.W-n), N: s.N, C: s.C, H: s.H, W: s.W, Stride: s.C * s.H * s.W}
		}
		pooled := func(n int) tensor.Tensor {
			return tensor.Tensor{Data: make([]float32, s.Out()-n), N: s.N, C: s.C, H: s.OutH(), W: s.OutW(), Stride: s.Out() / s.N}
		}
		for short := -1; short < 3; short++ {
			n := func(i int) int {
				if i == short {
					return 1
				}
				return 0
			}
			check := require.NotPanics
			if short >= 0 {
				check = require.Panics
			}
			check(t, func() { maximum.Forward(pooled(n(0)), make([]uint8, s.Out()-n(1)), image(n(2)), true) })
			check(t, func() { maximum.Backward(image(n(2)), pooled(n(0)), make([]uint8, s.Out()-n(1))) })
			if short != 1 && average != nil {
				check(t, func() { average.Forward(pooled(n(0)), image(n(2))) })
				check(t, func() { average.Backward(image(n(2)), pooled(n(0))) })
			}
		}
	}
}

func TestImpossibleShapes(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	const large = 1 << 21
	for _, s := range []Shape{
		{N: large, C: large, H: large, W: 1, K: 1, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 1, C: 1, H: large, W: large, K: 1, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 1, C: 1, H: 8, W: 8, K: -1, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 1, C: 1, H: 8, W: 8, K: 1, R: 9, S: 1, Stride: 1, Groups: 1},
	} {
		require.Panics(t, func() { New(e, s, Options{}) }, s.String())
	}
}
