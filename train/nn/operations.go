package nn

import (
	"fmt"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/simd"
)

// Operation is an operation of a network as evaluation computes it, for those who
// write networks in other forms.
type Operation struct {
	Layer   Layer
	In      []Value // the images are Value 0
	Out     Value
	C, H, W int // the shape of Out
}

// Layer is what an operation computes: a ConvLayer, LinearLayer, NormLayer,
// ActivationLayer, PoolLayer, AddLayer, ConcatLayer or FlattenLayer.
type Layer interface{ layer() }

type (
	// ConvLayer is a convolution.
	ConvLayer struct {
		Shape        conv.Shape // N is 1
		Weight, Bias *Param     // Bias may be nil
	}

	// LinearLayer is y = x W^T + b.
	LinearLayer struct{ Weight, Bias *Param }

	// NormLayer is batch normalisation by the running statistics, one element of each
	// slice a channel.
	NormLayer struct {
		Weight, Bias   *Param
		Mean, Variance []float32
		Epsilon        float64

		norm *norm
	}

	// ActivationLayer is an activation.
	ActivationLayer struct{ Activation simd.Activation }

	// PoolLayer is a maximum or average pooling.
	PoolLayer struct {
		Shape conv.PoolShape // N is 1
		Max   bool
	}

	// AddLayer is the sum of its two inputs.
	AddLayer struct{}

	// ConcatLayer is the concatenation of its two inputs along the channels.
	ConcatLayer struct{}

	// FlattenLayer is its input as one vector.
	FlattenLayer struct{}
)

func (ConvLayer) layer()       {}
func (LinearLayer) layer()     {}
func (NormLayer) layer()       {}
func (ActivationLayer) layer() {}
func (PoolLayer) layer()       {}
func (AddLayer) layer()        {}
func (ConcatLayer) layer()     {}
func (FlattenLayer) layer()    {}

// Affine returns scale and shift of each channel: the layer is scale*x + shift.
func (l NormLayer) Affine() (scale, shift []float32) {
	scale, shift = make([]float32, len(l.Mean)), make([]float32, len(l.Mean))
	l.norm.running(scale, shift)
	return scale, shift
}

// Operations returns the operations of the network in an order in which they can be
// computed, and the value that is the logits. Dropout and places for mixing, which
// evaluation skips, are left out.
func (n *Network) Operations() (list []Operation, logits Value) {
	same := make([]Value, len(n.nodes)) // each value, or that which it equals in evaluation
	for v := range n.nodes {
		node := &n.nodes[v]
		same[v] = Value(v)
		if node.kind == dropoutNode || node.kind == mixNode {
			same[v] = same[node.in[0]]
		} else if node.kind != inputNode {
			op := Operation{Layer: node.layer(), Out: Value(v), C: node.c, H: node.h, W: node.w}
			for _, x := range node.in {
				op.In = append(op.In, same[x])
			}
			list = append(list, op)
		}
	}
	return list, same[n.logits]
}

func (n *node) layer() Layer {
	switch n.kind {
	case convNode:
		return ConvLayer{n.conv, n.weight, n.bias}
	case linearNode:
		return LinearLayer{n.weight, n.bias}
	case normNode:
		return NormLayer{n.norm.weight, n.norm.bias, n.norm.mean.data, n.norm.variance.data, n.norm.epsilon, n.norm}
	case activationNode:
		return ActivationLayer{n.act}
	case maxPoolNode, avgPoolNode:
		return PoolLayer{n.pool, n.kind == maxPoolNode}
	case addNode:
		return AddLayer{}
	case concatNode:
		return ConcatLayer{}
	case flattenNode:
		return FlattenLayer{}
	}
	panic(fmt.Sprintf("nn: no layer for kind %d", n.kind))
}
