package export

import (
	"fmt"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/format/onnx"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/train/nn"
)

// The names of a model's input, N x C x H x W, and outputs, N x classes.
const (
	Images        = "images"
	Logits        = "logits"
	Probabilities = "probabilities"
)

// Options are what an ONNX model may have beside the network.
type Options struct {
	// Fold multiplies batch normalisations into the convolutions before them, where
	// nothing else reads these.
	Fold bool
	// Preprocess lets the model take bytes, of which it makes what the network expects.
	Preprocess bool
	// Softmax adds the output Probabilities.
	Softmax bool
}

// Graph returns a network as a graph of ONNX's operators for any number of images.
// Its constants share the network's memory unless they are folded.
func Graph(network *nn.Network, o Options) (*onnx.Graph, error) {
	operations, logits := network.Operations()
	b := &builder{
		graph:   onnx.Graph{Name: network.Name},
		names:   map[nn.Value]string{0: Images},
		vectors: map[nn.Value]bool{},
		logits:  logits,
	}
	shape := []int{network.C, network.H, network.W}
	b.graph.Inputs = []onnx.Value{{Name: Images, Type: onnx.Float32, Batch: "N", Shape: shape}}
	if o.Preprocess {
		b.graph.Inputs[0].Type = onnx.Uint8
		b.preprocess(network.Normalisation)
	}
	norms := map[nn.Value]*nn.Operation{}
	if o.Fold {
		norms = foldable(operations, logits)
	}
	folded := map[nn.Value]bool{}
	for i := range operations {
		op := &operations[i]
		if folded[op.Out] {
			continue
		}
		if norm := norms[op.Out]; norm != nil {
			b.convolution(op, norm)
			folded[norm.Out] = true
		} else if err := b.operation(op); err != nil {
			return nil, fmt.Errorf("network %s: %w", network.Name, err)
		}
	}
	b.vector(logits)
	b.graph.Outputs = []onnx.Value{{Name: Logits, Type: onnx.Float32, Batch: "N", Shape: []int{network.Classes}}}
	if o.Softmax {
		b.node("Softmax", Probabilities, Probabilities, []string{Logits}, onnx.Attribute{Name: "axis", Value: 1})
		b.graph.Outputs = append(b.graph.Outputs, onnx.Value{Name: Probabilities, Type: onnx.Float32, Batch: "N", Shape: []int{network.Classes}})
	}
	return &b.graph, nil
}

// foldable returns the batch normalisations that go into a convolution, by its result.
func foldable(operations []nn.Operation, logits nn.Value) map[nn.Value]*nn.Operation {
	uses := map[nn.Value]int{logits: 1}
	for i := range operations {
		for _, x := range operations[i].In {
			uses[x]++
		}
	}
	convolutions := map[nn.Value]bool{}
	norms := map[nn.Value]*nn.Operation{}
	for i := range operations {
		op := &operations[i]
		switch op.Layer.(type) {
		case nn.ConvLayer:
			convolutions[op.Out] = true
		case nn.NormLayer:
			if x := op.In[0]; convolutions[x] && uses[x] == 1 {
				norms[x] = op
			}
		}
	}
	return norms
}

// builder makes a graph.
type builder struct {
	graph   onnx.Graph
	names   map[nn.Value]string
	vectors map[nn.Value]bool // values of two dimensions, N x C; the others have four
	logits  nn.Value
}

// node adds a node with one result.
func (b *builder) node(operator, name, result string, inputs []string, attributes ...onnx.Attribute) {
	b.graph.Nodes = append(b.graph.Nodes, onnx.Node{
		Name: name, Operator: operator, Inputs: inputs, Outputs: []string{result}, Attributes: attributes,
	})
}

// constant adds a constant and returns its name.
func (b *builder) constant(name string, data []float32, shape ...int) string {
	b.graph.Initialisers = append(b.graph.Initialisers, onnx.Tensor{Name: name, Shape: shape, Data: data})
	return name
}

func (b *builder) param(p *nn.Param) string { return b.constant(p.Name, p.Data, p.Shape...) }

// name names the result of an operation, and reports whether it is a vector.
func (b *builder) name(v nn.Value, name string, vector bool) string {
	if vector && v == b.logits {
		name = Logits
	}
	b.names[v], b.vectors[v] = name, vector
	return name
}

// vector returns the name of a value as a vector.
func (b *builder) vector(v nn.Value) string {
	if !b.vectors[v] {
		from := b.names[v]
		name := from + "_flat"
		b.node("Flatten", name, b.name(v, name, true), []string{from}, onnx.Attribute{Name: "axis", Value: 1})
	}
	return b.names[v]
}

// preprocess makes of bytes what the network expects, in the order of operations of
// nn.Normalisation.
func (b *builder) preprocess(n nn.Normalisation) {
	x := Images
	step := func(operator, name string, constant ...string) {
		b.node(operator, name, name, append([]string{x}, constant...))
		x = name
	}
	b.node("Cast", "values", "values", []string{x}, onnx.Attribute{Name: "to", Value: int(onnx.Float32)})
	x = "values"
	step("Div", "scaled", b.constant("white", []float32{255}))
	step("Sub", "centred", b.constant("mean", n.Mean, 1, len(n.Mean), 1, 1))
	step("Div", "normalised", b.constant("std", n.Std, 1, len(n.Std), 1, 1))
	b.names[0] = x
}

// module returns the name of the module that a parameter belongs to.
func module(p *nn.Param) string { return strings.TrimSuffix(p.Name, ".weight") }

// operation adds the nodes of an operation.
func (b *builder) operation(op *nn.Operation) error {
	for _, other := range op.In[1:] { // of a sum or concatenation: both the one or both the other
		if b.vectors[other] != b.vectors[op.In[0]] {
			b.vector(op.In[0])
			b.vector(other)
		}
	}
	x, vector := b.names[op.In[0]], b.vectors[op.In[0]]
	// add adds a node named by its operator and its place.
	add := func(operator string, inputs []string, attributes ...onnx.Attribute) {
		name := fmt.Sprintf("%s_%d", operator, op.Out)
		b.node(operator, name, b.name(op.Out, name, vector), inputs, attributes...)
	}
	switch l := op.Layer.(type) {
	case nn.ConvLayer:
		b.convolution(op, nil)
	case nn.PoolLayer:
		b.pooling(l, x, add)
	case nn.LinearLayer:
		x = b.vector(op.In[0])
		name := module(l.Weight)
		b.node("Gemm", name, b.name(op.Out, name, true), []string{x, b.param(l.Weight), b.param(l.Bias)}, onnx.Attribute{Name: "transB", Value: 1})
	case nn.NormLayer:
		name := module(l.Weight)
		inputs := []string{x, b.param(l.Weight), b.param(l.Bias),
			b.constant(name+".running_mean", l.Mean, len(l.Mean)), b.constant(name+".running_var", l.Variance, len(l.Variance))}
		b.node("BatchNormalization", name, b.name(op.Out, name, vector), inputs, onnx.Attribute{Name: "epsilon", Value: float32(l.Epsilon)})
	case nn.ActivationLayer:
		return b.activation(l.Activation, x, add)
	case nn.AddLayer:
		add("Add", []string{x, b.names[op.In[1]]})
	case nn.ConcatLayer:
		add("Concat", []string{x, b.names[op.In[1]]}, onnx.Attribute{Name: "axis", Value: 1})
	case nn.FlattenLayer:
		vector = true
		add("Flatten", []string{x}, onnx.Attribute{Name: "axis", Value: 1})
	default:
		return fmt.Errorf("ONNX has no operator for a %T", l)
	}
	return nil
}

// convolution adds a convolution, with the batch normalisation behind it multiplied in
// unless norm is nil.
func (b *builder) convolution(op, norm *nn.Operation) {
	l, out := op.Layer.(nn.ConvLayer), op.Out
	name := module(l.Weight)
	inputs := []string{b.names[op.In[0]]}
	if norm != nil {
		w, bias := fold(l, norm.Layer.(nn.NormLayer))
		inputs = append(inputs, b.constant(name+".weight", w, l.Weight.Shape...), b.constant(name+".bias", bias, len(bias)))
		out = norm.Out
	} else {
		inputs = append(inputs, b.param(l.Weight))
		if l.Bias != nil {
			inputs = append(inputs, b.param(l.Bias))
		}
	}
	s := l.Shape
	b.node("Conv", name, b.name(out, name, false), inputs,
		onnx.Attribute{Name: "group", Value: s.Groups},
		onnx.Attribute{Name: "kernel_shape", Value: []int{s.R, s.S}},
		onnx.Attribute{Name: "pads", Value: []int{s.PadH, s.PadW, s.PadH + s.ExtraH, s.PadW + s.ExtraW}},
		onnx.Attribute{Name: "strides", Value: []int{s.Stride, s.Stride}})
}

// fold returns the filters and the bias of a convolution and the batch normalisation
// behind it: normalise(w*x + b) = (scale*w)*x + (scale*b + shift).
func fold(l nn.ConvLayer, norm nn.NormLayer) (w, bias []float32) {
	scale, bias := norm.Affine()
	w = make([]float32, len(l.Weight.Data))
	size := len(w) / len(scale)
	for k, s := range scale {
		for i, v := range l.Weight.Data[k*size:][:size] {
			w[k*size+i] = s * v
		}
		if l.Bias != nil {
			bias[k] += s * l.Bias.Data[k]
		}
	}
	return w, bias
}

// gelu is the factor in x*sigmoid(gelu*x).
const gelu = 1.702

func (b *builder) activation(a simd.Activation, x string, add func(string, []string, ...onnx.Attribute)) error {
	switch a {
	case simd.ReLU:
		add("Relu", []string{x})
	case simd.ReLU6:
		add("Clip", []string{x, b.shared("zero", 0), b.shared("six", 6)})
	case simd.GELU:
		scaled, gate := x+"_scaled", x+"_gate"
		b.node("Mul", scaled, scaled, []string{x, b.shared("gelu", gelu)})
		b.node("Sigmoid", gate, gate, []string{scaled})
		add("Mul", []string{x, gate})
	default:
		return fmt.Errorf("ONNX has no operator for activation %d", a)
	}
	return nil
}

// shared returns the name of a scalar, which is added once.
func (b *builder) shared(name string, value float32) string {
	for i := range b.graph.Initialisers {
		if b.graph.Initialisers[i].Name == name {
			return name
		}
	}
	return b.constant(name, []float32{value})
}

func (b *builder) pooling(l nn.PoolLayer, x string, add func(string, []string, ...onnx.Attribute)) {
	s := l.Shape
	if !l.Max && s.Window == s.H && s.Window == s.W && s.Pad == 0 {
		add("GlobalAveragePool", []string{x})
		return
	}
	operator := "AveragePool"
	if l.Max {
		operator = "MaxPool"
	}
	add(operator, []string{x},
		onnx.Attribute{Name: "kernel_shape", Value: []int{s.Window, s.Window}},
		onnx.Attribute{Name: "pads", Value: []int{s.Pad, s.Pad, s.Pad, s.Pad}},
		onnx.Attribute{Name: "strides", Value: []int{s.Stride, s.Stride}})
}
