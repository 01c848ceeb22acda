// Package nn describes networks as static graphs of operations and compiles
// them into plans that train them, maximise over their input or evaluate them.
package nn

import (
	"cmp"
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Graph collects the operations of a network: each method adds one and returns
// its result. Operations run in the order in which they were added. Names are
// those of PyTorch's modules, so that parameters get its state_dict keys.
//
// Shapes that do not fit are programmer errors and panic. So are graphs for
// which [Compile] has no plan: those in which
//
//   - the result of an operation reaches the logits by no way (in [Maximise] and
//     [TrainEmbedding]: nor the embedding);
//   - a value is read by an activation or a pooling and, later in the graph, by
//     another operation;
//   - a value takes part in two concatenations, or is read after the one in which
//     it takes part.
type Graph struct {
	// Epsilon is what the batch normalisations added from now on add to the
	// variance: 1e-5, PyTorch's default, unless changed.
	Epsilon float64

	nodes  []node
	places int // marked by Mixable
	params []*Param
	state  []entry
}

// Value is the result of an operation of a Graph: C x H x W for each image.
type Value int

// input is the Value of the images themselves.
const input Value = 0

type kind int

const (
	inputNode kind = iota
	convNode
	linearNode
	normNode
	activationNode
	maxPoolNode
	avgPoolNode
	dropoutNode
	addNode
	concatNode
	flattenNode
	mixNode
)

// node is an operation and the shape of its result.
type node struct {
	kind    kind
	in      []Value
	c, h, w int

	weight, bias *Param          // convNode, linearNode; bias may be nil
	conv         conv.Shape      // convNode, N unset
	norm         *norm           // normNode
	act          simd.Activation // activationNode
	pool         conv.PoolShape  // maxPoolNode, avgPoolNode, N unset
	rate         float64         // dropoutNode
	place        int             // mixNode
}

func (n *node) size() int { return n.c * n.h * n.w }

func (n *node) shape() string { return fmt.Sprintf("%dx%dx%d", n.c, n.h, n.w) }

// NewGraph begins a network on images of c x h x w, which are the returned Value.
func NewGraph(c, h, w int) (*Graph, Value) {
	g := &Graph{Epsilon: normEpsilon}
	return g, g.add(node{kind: inputNode, c: c, h: h, w: w})
}

func (g *Graph) add(n node) Value {
	if min(n.c, n.h, n.w) < 1 {
		panic("nn: impossible shape " + n.shape())
	}
	tensor.Elements(n.c, n.h, n.w)
	g.nodes = append(g.nodes, n)
	return Value(len(g.nodes) - 1)
}

// Conv is a convolution with square filters.
type Conv struct {
	Out     int // channels of the result
	Kernel  int // height and width of the filters
	Stride  int // 0 means 1
	Padding int
	// Same replaces Padding by TensorFlow's: as much as lets the output have 1/Stride
	// of the input's size, rounded up, an odd row or column below or to the right.
	Same    bool
	Groups  int // 0 means 1
	Bias    bool
	Weights Init
}

// Conv adds a convolution with parameters name.weight and, if asked, name.bias.
func (g *Graph) Conv(name string, x Value, s Conv) Value {
	in := &g.nodes[x]
	shape := conv.Shape{
		N: 1, C: in.c, H: in.h, W: in.w,
		K: s.Out, R: s.Kernel, S: s.Kernel,
		Stride: cmp.Or(s.Stride, 1), PadH: s.Padding, PadW: s.Padding, Groups: cmp.Or(s.Groups, 1),
	}
	if s.Same {
		shape.PadH, shape.ExtraH = same(in.h, s.Kernel, shape.Stride)
		shape.PadW, shape.ExtraW = same(in.w, s.Kernel, shape.Stride)
	}
	shape.Check()
	fanIn := in.c / shape.Groups * s.Kernel * s.Kernel
	n := node{kind: convNode, in: []Value{x}, c: s.Out, h: shape.OutH(), w: shape.OutW(), conv: shape}
	n.weight = g.param(name+".weight", s.Weights.or(fanIn), s.Out, in.c/shape.Groups, s.Kernel, s.Kernel)
	if s.Bias {
		n.bias = g.param(name+".bias", Init{}.or(fanIn), s.Out)
	}
	return g.add(n)
}

// same returns TensorFlow's padding of an axis: at both ends, and more at the end.
func same(size, window, stride int) (pad, extra int) {
	total := max(0, ((size+stride-1)/stride-1)*stride+window-size)
	return total / 2, total % 2
}

// Linear is a fully connected layer with bias.
type Linear struct {
	Out           int
	Weights, Bias Init
}

// Linear adds y = x W^T + b, with parameters name.weight (Out x C) and
// name.bias. x must be flat, C x 1 x 1.
func (g *Graph) Linear(name string, x Value, s Linear) Value {
	in := &g.nodes[x]
	if in.h != 1 || in.w != 1 {
		panic("nn: linear layer " + name + " on " + in.shape())
	}
	n := node{kind: linearNode, in: []Value{x}, c: s.Out, h: 1, w: 1}
	n.weight = g.param(name+".weight", s.Weights.or(in.c), s.Out, in.c)
	n.bias = g.param(name+".bias", s.Bias.or(in.c), s.Out)
	return g.add(n)
}

// BatchNorm adds batch normalisation over images and pixels (Ioffe and Szegedy,
// 2015) with parameters name.weight and name.bias and PyTorch's buffers.
func (g *Graph) BatchNorm(name string, x Value) Value {
	in := &g.nodes[x]
	n := &norm{
		epsilon:  g.Epsilon,
		weight:   g.param(name+".weight", Constant(1), in.c),
		bias:     g.param(name+".bias", Constant(0), in.c),
		mean:     g.buffer(name+".running_mean", in.c),
		variance: g.buffer(name+".running_var", in.c),
		batches:  g.buffer(name+".num_batches_tracked", 0),
	}
	n.reset()
	return g.add(node{kind: normNode, in: []Value{x}, c: in.c, h: in.h, w: in.w, norm: n})
}

// ReLU adds max(x, 0).
func (g *Graph) ReLU(x Value) Value { return g.activation(x, simd.ReLU) }

// ReLU6 adds min(max(x, 0), 6).
func (g *Graph) ReLU6(x Value) Value { return g.activation(x, simd.ReLU6) }

// GELU adds x*sigmoid(1.702x), the approximation that the published networks use.
func (g *Graph) GELU(x Value) Value { return g.activation(x, simd.GELU) }

func (g *Graph) activation(x Value, act simd.Activation) Value {
	in := &g.nodes[x]
	return g.add(node{kind: activationNode, in: []Value{x}, c: in.c, h: in.h, w: in.w, act: act})
}

// MaxPool adds maximum pooling with square kernels, no padding, floor mode.
func (g *Graph) MaxPool(x Value, kernel, stride int) Value {
	return g.pool(maxPoolNode, x, kernel, stride, 0)
}

// PaddedMaxPool is MaxPool with padding on all sides, which never wins.
func (g *Graph) PaddedMaxPool(x Value, kernel, stride, padding int) Value {
	return g.pool(maxPoolNode, x, kernel, stride, padding)
}

// AvgPool adds average pooling with stride = kernel, no padding, floor mode.
func (g *Graph) AvgPool(x Value, kernel int) Value {
	return g.pool(avgPoolNode, x, kernel, kernel, 0)
}

// GlobalAvgPool adds the mean of each channel, C x 1 x 1. Channels must be square.
func (g *Graph) GlobalAvgPool(x Value) Value {
	n := &g.nodes[x]
	if n.h != n.w {
		panic("nn: global average pooling of " + n.shape())
	}
	return g.AvgPool(x, n.h)
}

func (g *Graph) pool(k kind, x Value, kernel, stride, padding int) Value {
	in := &g.nodes[x]
	s := conv.PoolShape{N: 1, C: in.c, H: in.h, W: in.w, Window: kernel, Stride: stride, Pad: padding}
	s.Check()
	return g.add(node{kind: k, in: []Value{x}, c: in.c, h: s.OutH(), w: s.OutW(), pool: s})
}

// Dropout adds inverted dropout: while training each element is 0 with
// probability rate and scaled by 1/(1-rate) otherwise.
func (g *Graph) Dropout(x Value, rate float64) Value {
	in := &g.nodes[x]
	if rate < 0 || rate >= 1 {
		panic(fmt.Sprintf("nn: dropout with rate %g", rate))
	}
	return g.add(node{kind: dropoutNode, in: []Value{x}, c: in.c, h: in.h, w: in.w, rate: rate})
}

// Mixable marks x as a place where a [Mixer] may mix the images of a batch, places
// being counted from 0 on. Where plans have none ([Network.Mixing]) it costs nothing.
func (g *Graph) Mixable(x Value) Value {
	in := &g.nodes[x]
	g.places++
	return g.add(node{kind: mixNode, in: []Value{x}, c: in.c, h: in.h, w: in.w, place: g.places - 1})
}

// Add adds a + b.
func (g *Graph) Add(a, b Value) Value {
	x, y := &g.nodes[a], &g.nodes[b]
	if x.c != y.c || x.h != y.h || x.w != y.w {
		panic("nn: sum of " + x.shape() + " and " + y.shape())
	}
	return g.add(node{kind: addNode, in: []Value{a, b}, c: x.c, h: x.h, w: x.w})
}

// Concat adds the concatenation of a and b along the channels. It costs
// nothing: both are computed into their place. So a value takes part in one
// concatenation only, and all its other uses come before that one; the images,
// which are computed nowhere, take part in none.
func (g *Graph) Concat(a, b Value) Value {
	x, y := &g.nodes[a], &g.nodes[b]
	if x.h != y.h || x.w != y.w {
		panic("nn: concatenation of " + x.shape() + " and " + y.shape())
	}
	for _, v := range []Value{a, b} {
		for g.nodes[v].kind == flattenNode {
			v = g.nodes[v].in[0]
		}
		if v == input {
			panic("nn: concatenation of the images themselves")
		}
	}
	return g.add(node{kind: concatNode, in: []Value{a, b}, c: x.c + y.c, h: x.h, w: x.w})
}

// Flatten adds the view of C x H x W as one vector.
func (g *Graph) Flatten(x Value) Value {
	return g.add(node{kind: flattenNode, in: []Value{x}, c: g.nodes[x].size(), h: 1, w: 1})
}

// Shape returns the shape of one image of x.
func (g *Graph) Shape(x Value) (c, h, w int) {
	n := &g.nodes[x]
	return n.c, n.h, n.w
}

func (g *Graph) param(name string, init Init, shape ...int) *Param {
	tensor.Elements(shape...)
	p := &Param{Name: name, Shape: shape, init: init}
	g.params = append(g.params, p)
	g.state = append(g.state, entry{param: p})
	return p
}

// buffer adds a buffer of n elements, or a counter if n is 0.
func (g *Graph) buffer(name string, n int) *buffer {
	b := &buffer{name: name}
	if n > 0 {
		b.data = make([]float32, n)
	}
	g.state = append(g.state, entry{buffer: b})
	return b
}

// Init is a distribution from which a parameter starts. The zero value is
// PyTorch's default for convolutions and linear layers, uniform in
// ±1/sqrt(fan in).
type Init struct {
	distribution
	scale float64
}

type distribution int

const (
	byFanIn distribution = iota
	uniform
	normal
	constant
)

// Normal is the normal distribution of mean 0.
func Normal(deviation float64) Init { return Init{normal, deviation} }

// Constant is one value for all elements.
func Constant(value float64) Init { return Init{constant, value} }

// or replaces the zero value.
func (i Init) or(fanIn int) Init {
	if i.distribution == byFanIn {
		return Init{uniform, 1 / math.Sqrt(float64(fanIn))}
	}
	return i
}
