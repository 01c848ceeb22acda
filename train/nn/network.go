package nn

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/internal/rng"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Network is a graph of operations with its parameters. It is computed by
// plans; see Compile.
type Network struct {
	Name string
	// C, H and W are the shape of an input image.
	C, H, W int
	// Normalisation is what images get before they enter; Identity unless the
	// network asks for another.
	Normalisation Normalisation
	// Classes and Embedding are the widths of the two outputs: the logits and
	// the vector in which maximisation measures distance.
	Classes, Embedding int

	// Params lists the parameters. Values and Grads hold all of them and all
	// of their gradients, each as one block in the order of Params.
	Params        []*Param
	Values, Grads []float32

	// Conv chooses the convolutions' algorithms, for the plans made from then on; its
	// BFloat16 is for linear layers too.
	Conv conv.Options

	// FreezeBN lets plans of mode Train compiled from now on normalise by the running
	// statistics and leave them alone. Weights and biases of the normalisations still
	// learn.
	FreezeBN bool

	// Mixing lets plans of the modes that train compiled from now on have their
	// [Plan.Mixer] change what the places marked by [Graph.Mixable] have.
	Mixing bool

	dropout           *rng.Source // draws the dropped activations
	nodes             []node
	state             []entry
	logits, embedding Value
}

// Param is a parameter under its state_dict key.
type Param struct {
	Name       string
	Shape      []int
	Data, Grad []float32 // parts of Network.Values and Network.Grads

	init Init
}

// buffer is a tensor that is state but no parameter: values, or a counter if
// data is nil.
type buffer struct {
	name  string
	data  []float32
	count int64
}

// entry is an entry of the state_dict, one of the two.
type entry struct {
	param  *Param
	buffer *buffer
}

// Network ends the graph. logits and embedding are the network's outputs, both
// flat. Parameters are 0 until Init or Load.
func (g *Graph) Network(name string, logits, embedding Value) *Network {
	in, l, e := &g.nodes[input], &g.nodes[logits], &g.nodes[embedding]
	if l.size() != l.c || e.size() != e.c {
		panic("nn: outputs of " + l.shape() + " and " + e.shape() + ", not flat")
	}
	n := &Network{
		Name: name,
		C:    in.c, H: in.h, W: in.w,
		Normalisation: Identity(in.c),
		Classes:       l.c, Embedding: e.c,
		Params:  g.params,
		dropout: rng.New(0, rng.Dropout),
		nodes:   g.nodes, state: g.state,
		logits: logits, embedding: embedding,
	}
	total := 0
	for _, p := range n.Params {
		total += padded(product(p.Shape))
	}
	n.Values, n.Grads = tensor.Aligned(total), tensor.Aligned(total)
	at := 0
	for _, p := range n.Params {
		size := product(p.Shape)
		p.Data, p.Grad = n.Values[at:][:size:size], n.Grads[at:][:size:size]
		at += padded(size)
	}
	return n
}

// Places returns the shapes of an image at the places marked by [Graph.Mixable], in
// their order: channels, height and width.
func (n *Network) Places() [][3]int {
	var places [][3]int
	for i := range n.nodes {
		if node := &n.nodes[i]; node.kind == mixNode {
			places = append(places, [3]int{node.c, node.h, node.w})
		}
	}
	return places
}

// Head returns where the head's parameters, those behind the embedding, begin in
// Values and Grads: they are all that follow, those of the backbone all before.
func (n *Network) Head() int {
	head := n.headParams()
	at := 0
	for i, p := range n.Params {
		if head[p] {
			for _, q := range n.Params[i:] {
				if !head[q] {
					panic("nn: parameters of the backbone of " + n.Name + " behind those of its head")
				}
			}
			break
		}
		at += padded(len(p.Data))
	}
	return at
}

// behind reports for each value whether it comes from the embedding.
func (n *Network) behind() []bool {
	behind := make([]bool, len(n.nodes))
	for v := range n.nodes {
		for _, x := range n.nodes[v].in {
			behind[v] = behind[v] || behind[x] || x == n.embedding
		}
	}
	return behind
}

func (n *Network) headParams() map[*Param]bool {
	head := map[*Param]bool{}
	for v, behind := range n.behind() {
		for _, p := range n.nodes[v].params() {
			head[p] = behind
		}
	}
	return head
}

// HeadNetwork returns the layers behind the embedding as a network, whose images are
// embeddings, Embedding x 1 x 1. It shares its parameters and the stream of dropped
// activations with n, which must have been initialised. Layers behind the embedding
// that need more than that, or normalise batches, panic.
func (n *Network) HeadNetwork() *Network {
	h := &Network{
		Name: n.Name, C: n.Embedding, H: 1, W: 1,
		Normalisation: Identity(n.Embedding),
		Classes:       n.Classes, Embedding: n.Embedding,
		Values: n.Values[n.Head():], Grads: n.Grads[n.Head():],
		Conv: n.Conv, dropout: n.dropout,
		nodes: []node{{kind: inputNode, c: n.Embedding, h: 1, w: 1}},
	}
	place := map[Value]Value{n.embedding: input}
	for v, behind := range n.behind() {
		if !behind {
			continue
		}
		node := n.nodes[v]
		in := make([]Value, len(node.in))
		for i, x := range node.in {
			at, ok := place[x]
			if !ok || node.kind == normNode {
				panic("nn: the head of " + n.Name + " is no network of its own")
			}
			in[i] = at
		}
		node.in = in
		place[Value(v)] = Value(len(h.nodes))
		h.nodes = append(h.nodes, node)
	}
	head := n.headParams()
	for _, e := range n.state {
		if head[e.param] {
			h.Params, h.state = append(h.Params, e.param), append(h.state, e)
		}
	}
	h.logits = place[n.logits]
	return h
}

// params returns the parameters of an operation.
func (n *node) params() []*Param {
	var list []*Param
	for _, p := range []*Param{n.weight, n.bias} {
		if p != nil {
			list = append(list, p)
		}
	}
	if n.norm != nil {
		list = append(list, n.norm.weight, n.norm.bias)
	}
	return list
}

// padded rounds a size up to whole cache lines.
func padded(n int) int { return (n + 15) &^ 15 }

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Normalises reports whether the network has batch normalisations.
func (n *Network) Normalises() bool {
	return slices.ContainsFunc(n.nodes, func(n node) bool { return n.kind == normNode })
}

// NumParams returns the number of parameters.
func (n *Network) NumParams() int {
	total := 0
	for _, p := range n.Params {
		total += len(p.Data)
	}
	return total
}

// MultiplyAdds returns the multiply-adds of the products that the convolutions, by the
// algorithms that Conv leads to, and the linear layers spend on one image: forward and,
// except in Eval, backward, with the gradients that the mode needs alone.
func (n *Network) MultiplyAdds(mode Mode) int {
	total := 0
	p := lower(n, mode)
	for i := range p.ops {
		o := &p.ops[i]
		products := 0
		switch o.kind {
		case convNode:
			products = o.conv.MultiplyAddsBy(n.Conv)
		case linearNode:
			products = o.weight.Shape[0] * o.weight.Shape[1]
		}
		total += products
		if !o.needsGrad {
			continue
		}
		if mode.trains() {
			total += products // of the weights
		}
		if o.wanted[0] {
			total += products
		}
	}
	return total
}

// Init draws new parameters from the seed, resets the buffers, and starts the
// seed's stream of dropped activations.
func (n *Network) Init(seed uint64) {
	source := rng.New(seed, rng.Init)
	for _, p := range n.Params {
		for i := range p.Data {
			switch p.init.distribution {
			case uniform:
				p.Data[i] = float32(source.Uniform(-p.init.scale, p.init.scale))
			case normal:
				p.Data[i] = float32(float64(p.init.scale * source.Normal()))
			case constant:
				p.Data[i] = float32(p.init.scale)
			}
		}
	}
	for i := range n.nodes {
		if m := n.nodes[i].norm; m != nil {
			m.reset()
		}
	}
	n.dropout = rng.New(seed, rng.Dropout)
}

// DropoutCounter returns the position in the stream of dropped activations,
// which a run that goes on later has to restore.
func (n *Network) DropoutCounter() uint64 { return n.dropout.Counter() }

// SetDropoutCounter sets what DropoutCounter returns.
func (n *Network) SetDropoutCounter(counter uint64) { n.dropout.SetCounter(counter) }

// DropoutDraws returns how many draws of the stream of dropped activations an image
// takes in mode Train.
func (n *Network) DropoutDraws() uint64 {
	draws := 0
	for i := range n.nodes {
		if node := &n.nodes[i]; node.kind == dropoutNode {
			draws += wordsFor(node.size())
		}
	}
	return uint64(draws)
}

// LeastBatch returns the fewest images that a batch of mode Train may have: two if
// the network normalises single values over the batch, whose variance would be 0.
func (n *Network) LeastBatch() int {
	for i := range n.nodes {
		if node := &n.nodes[i]; node.kind == normNode && node.h*node.w == 1 && !n.FreezeBN {
			return 2
		}
	}
	return 1
}
