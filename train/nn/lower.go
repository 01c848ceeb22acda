package nn

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// op is one step of a plan: a node together with what is fused into it.
type op struct {
	*node
	in   []Value
	out  Value           // the result of the last fused node
	act  simd.Activation // fused behind the node
	fold *norm           // folded into the filters of a convolution

	planned        *conv.Conv // of a convolution, once it is needed
	folded         int        // where the filters with the normalisation are, behind the values
	inPlaceOperand int        // of a sum: the input that it is added to in place, or -1

	// For the backward pass: whether there is one, and for each input whether
	// its gradient is wanted, whether it is added to what is there already, and
	// (for sums) whether it lies where the gradient of the result lies.
	needsGrad                  bool
	wanted, accumulate, shared []bool
}

// program is a network lowered for one mode: its operations in order, and where
// their results and the gradients of these live, for any batch size.
type program struct {
	net  *Network
	mode Mode
	ops  []op
	uses [][]int // the operations that read each value or a view of it

	values, grads placement
	floats        int // memory for one image
	filters       int // memory for those that normalisations are folded into
}

// size returns the memory for a batch, in elements.
func (p *program) size(batch int) int {
	return tensor.Elements(p.floats, batch) + p.filters
}

// lower fuses the nodes of a network into operations and plans their memory.
func lower(net *Network, mode Mode) *program {
	p := &program{net: net, mode: mode, values: newPlacement(net.nodes), grads: newPlacement(net.nodes)}
	p.fuse()
	p.alias()
	p.uses = make([][]int, len(net.nodes))
	for i := range p.ops {
		for _, x := range p.ops[i].in {
			p.uses[p.base(x)] = append(p.uses[p.base(x)], i)
		}
	}
	p.sumInPlace()
	if mode != Eval {
		p.planBackward()
	}
	p.planMemory()
	return p
}

// view reports whether a node's result is its input, at most in another shape.
func (p *program) view(n *node) bool {
	switch n.kind {
	case dropoutNode:
		return !p.mode.trains()
	case mixNode:
		return !p.mode.trains() || !p.net.Mixing
	}
	return n.kind == flattenNode
}

// base returns the value that x is a view of, or x.
func (p *program) base(x Value) Value {
	for p.view(&p.net.nodes[x]) {
		x = p.net.nodes[x].in[0]
	}
	return x
}

// isOutput reports whether a value leaves the network.
func (p *program) isOutput(v Value) bool { return v == p.net.logits || v == p.net.embedding }

// fuse groups the nodes into operations.
func (p *program) fuse() {
	nodes := p.net.nodes
	f := fusion{program: p, uses: make([][]Value, len(nodes)), fused: make([]bool, len(nodes))}
	for v := range nodes {
		for _, x := range nodes[v].in {
			f.uses[x] = append(f.uses[x], Value(v))
		}
	}
	for v := 1; v < len(nodes); v++ {
		if !f.fused[v] && !p.view(&nodes[v]) {
			p.ops = append(p.ops, f.operation(Value(v)))
		}
	}
}

// fusion is what fuse knows of the nodes of a program.
type fusion struct {
	*program
	uses  [][]Value // of each value
	fused []bool    // into an operation before
}

// operation returns that of a node and of those behind it that it takes in.
func (f *fusion) operation(v Value) op {
	n := &f.net.nodes[v]
	o := op{node: n, in: n.in, out: v}
	switch n.kind {
	case convNode:
		if m := f.next(o.out, normNode); m != nil && (!f.mode.trains() || f.net.FreezeBN) {
			o.fold = m.norm
			f.absorb(&o)
		}
		f.absorbActivation(&o, simd.ReLU, simd.ReLU6)
	case linearNode, addNode:
		f.absorbActivation(&o, simd.ReLU)
	case normNode:
		f.absorbActivation(&o, simd.ReLU, simd.ReLU6, simd.GELU)
	case activationNode:
		o.act = n.act
		if m := f.next(o.out, maxPoolNode); m != nil && n.act == simd.ReLU {
			o.node = m
			f.absorb(&o)
		}
	}
	return o
}

// next returns the node behind x if it is of that kind and nothing else needs x.
func (f *fusion) next(x Value, k kind) *node {
	nodes := f.net.nodes
	if len(f.uses[x]) != 1 || f.isOutput(x) || nodes[f.uses[x][0]].kind != k {
		return nil
	}
	return &nodes[f.uses[x][0]]
}

// absorb takes the node behind an operation into it.
func (f *fusion) absorb(o *op) {
	o.out = f.uses[o.out][0]
	f.fused[o.out] = true
}

func (f *fusion) absorbActivation(o *op, able ...simd.Activation) {
	n := f.next(o.out, activationNode)
	if n == nil || !slices.Contains(able, n.act) {
		return
	}
	// A ReLU before a maximum pooling goes there: fewer elements.
	if n.act == simd.ReLU && f.next(f.uses[o.out][0], maxPoolNode) != nil {
		return
	}
	o.act = n.act
	f.absorb(o)
}

// alias lets views lie in what they look at, and the inputs of a concatenation
// in its result.
func (p *program) alias() {
	for v := range p.net.nodes {
		n := &p.net.nodes[v]
		switch {
		case p.view(n):
			p.values.alias(Value(v), n.in[0], 0)
			p.grads.alias(Value(v), n.in[0], 0)
		case n.kind == concatNode:
			offset := 0
			for _, x := range n.in {
				p.values.alias(p.base(x), Value(v), offset)
				p.grads.alias(p.base(x), Value(v), offset)
				offset += p.net.nodes[x].size()
			}
		}
	}
}

// sumInPlace lets each sum lie where one of its inputs lies, if nothing else
// needs that one.
func (p *program) sumInPlace() {
	kept := make([]bool, len(p.net.nodes))
	kept[input], kept[p.base(p.net.logits)], kept[p.base(p.net.embedding)] = true, true, true
	for i := range p.ops {
		o := &p.ops[i]
		kept[o.out] = kept[o.out] || p.mode != Eval && p.keepsResult(o)
		switch o.kind {
		case concatNode: // what is in the result is kept, or read before this
			for _, x := range o.in {
				x = p.base(x)
				kept[o.out] = kept[o.out] || kept[x] || p.mode != Eval && len(p.uses[x]) > 1
			}
			continue
		case addNode:
		default:
			continue
		}
		o.inPlaceOperand = -1
		for j, x := range o.in {
			x = p.base(x)
			if o.inPlaceOperand < 0 && !kept[x] && len(p.uses[x]) == 1 && !p.values.aliased(x) {
				p.values.alias(x, o.out, 0)
				o.inPlaceOperand = j
			}
		}
	}
}

// planBackward decides which gradients are computed, where each is written
// first and where added to, and which can lie in the memory of another.
func (p *program) planBackward() {
	// All by base.
	needed := make([]bool, len(p.net.nodes))
	needed[input] = p.mode == Maximise
	producer := make([]int, len(p.net.nodes))
	for i := range p.ops {
		o := &p.ops[i]
		o.wanted = make([]bool, len(o.in))
		o.accumulate = make([]bool, len(o.in))
		o.shared = make([]bool, len(o.in))
		for j, x := range o.in {
			o.wanted[j] = needed[p.base(x)]
		}
		o.needsGrad = slices.Contains(o.wanted, true) || p.mode.trains() && (o.weight != nil || o.norm != nil)
		needed[o.out] = o.needsGrad
		producer[o.out] = i
	}

	written := make([]bool, len(p.net.nodes))
	written[p.base(p.net.logits)] = true
	if p.mode.takesEmbedding() {
		written[p.base(p.net.embedding)] = true
	}
	for i := len(p.ops) - 1; i >= 0; i-- {
		o := &p.ops[i]
		if !o.needsGrad {
			continue
		}
		if !written[o.out] {
			panic("nn: a value of " + p.net.Name + " does not reach the outputs")
		}
		for j, x := range o.in {
			x = p.base(x)
			if o.kind == concatNode && written[x] {
				panic("nn: an input of a concatenation in " + p.net.Name + " is used behind it")
			}
			o.accumulate[j] = written[x]
			written[x] = written[x] || o.wanted[j]
		}
		switch o.kind {
		case addNode:
			p.shareSum(o, producer)
		case normNode, activationNode, dropoutNode, mixNode:
			if p.replaceable(o, 0) {
				p.grads.alias(p.base(o.in[0]), o.out, 0)
			}
		}
	}
}

// replaceable reports whether the gradient of input j may take the place of the
// gradient of the result.
func (p *program) replaceable(o *op, j int) bool {
	return p.mergeable(o, j) && len(p.uses[p.base(o.in[j])]) == 1
}

// mergeable reports whether the gradient of input j begins with this operation and
// has no place yet, and that of the result is not the caller's.
func (p *program) mergeable(o *op, j int) bool {
	return o.wanted[j] && !o.accumulate[j] && !p.grads.aliased(p.base(o.in[j])) && !p.grads.same(o.out, p.net.logits)
}

// shareSum finds memory for the gradients of the inputs of a sum, all of which
// equal that of the result. One input that is used nowhere else takes its
// place. The other may lie there too if the operation behind the first reads
// the gradient without changing it, before anything is added for the other.
func (p *program) shareSum(o *op, producer []int) {
	share := func(j int) {
		p.grads.alias(p.base(o.in[j]), o.out, 0)
		o.shared[j] = true
	}
	alone := -1
	for j, x := range o.in {
		if !p.replaceable(o, j) {
			continue
		}
		alone = j
		k := 1 - j
		at := producer[p.base(x)]
		other := p.base(o.in[k])
		both := p.mergeable(o, k) && p.readsGradientOnly(at) && producer[other] < at
		for _, i := range p.uses[other] {
			both = both && (p.ops[i].out == o.out || i < at)
		}
		if both {
			share(j)
			share(k)
			return
		}
	}
	if alone >= 0 {
		share(alone)
	}
}

// readsGradientOnly reports whether an operation's backward pass leaves the
// gradient of its result as it is.
func (p *program) readsGradientOnly(i int) bool {
	switch o := &p.ops[i]; o.kind {
	case convNode, linearNode:
		return o.act == simd.Identity
	case maxPoolNode, avgPoolNode:
		return true
	}
	return false
}

// planMemory finds out from when to when each value and gradient is needed, and
// gives them their places. Operation i runs forward at time i and backward at
// time 2*len(ops)-1-i.
func (p *program) planMemory() {
	turn := len(p.ops)
	end := 2 * turn
	for i := range p.ops {
		o := &p.ops[i]
		if o.kind == concatNode {
			continue
		}
		p.values.touch(o.out, i)
		for _, x := range o.in {
			p.values.touch(x, i)
		}
		if !o.needsGrad {
			continue
		}
		bwd := end - 1 - i
		p.grads.touch(o.out, bwd)
		for j, x := range o.in {
			if o.wanted[j] {
				p.grads.touch(x, bwd)
			}
			if p.keepsInput(o) {
				p.values.touch(x, bwd)
			}
		}
		if p.keepsResult(o) {
			p.values.touch(o.out, bwd)
		}
	}
	p.values.touch(p.net.logits, turn)
	p.values.touch(p.net.embedding, turn)
	p.values.forget(input)
	if p.mode.takesEmbedding() {
		p.grads.touch(p.net.embedding, turn)
	}
	if p.mode == Maximise {
		p.grads.touch(input, end)
	}
	p.grads.forget(p.net.logits)
	p.floats = arrange(append(p.values.storages(), p.grads.storages()...))
	p.planFilters()
}

// planFilters finds places for the filters that normalisations are folded into. They
// are made anew in each forward pass and read at once; the backward pass reads them again.
func (p *program) planFilters() {
	for i := range p.ops {
		o := &p.ops[i]
		if o.fold == nil {
			continue
		}
		size := padded(len(o.weight.Data))
		if p.mode == Eval {
			p.filters = max(p.filters, size)
		} else {
			o.folded = p.filters
			p.filters += size
		}
	}
}

// keepsInput reports whether the backward pass of an operation reads its input.
func (p *program) keepsInput(o *op) bool {
	switch o.kind {
	case convNode, linearNode:
		return p.mode.trains()
	case normNode:
		return true
	case activationNode:
		return o.act == simd.GELU
	}
	return false
}

// keepsResult reports whether the backward pass of an operation reads its result.
func (p *program) keepsResult(o *op) bool {
	switch o.kind {
	case convNode, linearNode, addNode, activationNode:
		return o.act == simd.ReLU || o.act == simd.ReLU6
	}
	return false
}

// stages returns for each step of the backward pass from where on the gradients of the
// parameters are there after it.
func (p *program) stages() []int {
	set := map[*Param]int{} // the step that computes the gradient
	steps := 0
	for i := len(p.ops) - 1; i >= 0; i-- {
		if o := &p.ops[i]; o.needsGrad && o.kind != concatNode {
			for _, param := range o.params() {
				set[param] = steps
			}
			if o.fold != nil {
				set[o.fold.weight], set[o.fold.bias] = steps, steps
			}
			steps++
		}
	}
	from := len(p.net.Grads)
	stages := slices.Repeat([]int{from}, steps)
	last := 0
	for _, param := range slices.Backward(p.net.Params) {
		from -= padded(len(param.Data))
		last = max(last, set[param])
		if last < steps {
			stages[last] = from
		}
	}
	for i := 1; i < steps; i++ {
		stages[i] = min(stages[i], stages[i-1])
	}
	return stages
}
