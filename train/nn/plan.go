package nn

import (
	"fmt"
	"slices"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Mode says what a plan is for.
type Mode int

const (
	// Train: batch statistics and dropout; Backward computes the gradients of
	// the parameters.
	Train Mode = iota
	// Maximise: running statistics, folded into convolutions where possible,
	// no dropout; Backward computes the gradient of the input.
	Maximise
	// Eval: as Maximise, forward only.
	Eval
	// TrainEmbedding: as Train, for objectives of the embedding too.
	TrainEmbedding
)

// trains reports whether Backward computes the gradients of the parameters.
func (m Mode) trains() bool { return m == Train || m == TrainEmbedding }

// takesEmbedding reports whether Backward takes a gradient by the embedding.
func (m Mode) takesEmbedding() bool { return m == Maximise || m == TrainEmbedding }

// Plan is a network compiled for a mode and batches of up to a given size. It
// reads the network's current parameters at every call and allocates nothing
// once it has seen a batch size.
type Plan struct {
	Mode  Mode
	Batch int // the largest batch

	// Progress, if it is set, is called during Backward in the modes that train, as soon
	// as the gradients from number from of Network.Grads on are there. See Stages.
	Progress func(from int)

	// Mixer, unless nil, changes what the network has at the places marked by
	// [Graph.Mixable], if Network.Mixing was set when the plan was compiled.
	Mixer Mixer

	engine  *tensor.Engine
	program *program
	memory  []float32
	stages  []int    // by backward step: from where on the gradients are there
	sized   []*sized // by batch size, built on first use
	current *sized   // the last Forward's
}

// sized is a plan for one batch size.
type sized struct {
	forward, backward []step // each in the order of running

	// What comes from outside is bound at each call.
	x, dLogits        []binding
	logits, embedding tensor.Tensor

	// The former in modes Maximise and TrainEmbedding, copied from outside, since
	// the network adds to it; the latter in mode Maximise.
	dEmbedding, dInput tensor.Tensor
}

// step is an operation with its tensors.
type step interface {
	forward()
	backward()
}

// binding is a tensor of a step that lies in one from outside.
type binding struct {
	to     *tensor.Tensor // its shape is set, its data are not
	offset int            // in an image of the outer tensor
}

// bind lets all bindings point into a tensor from outside.
func bind(bindings []binding, t tensor.Tensor) {
	for _, b := range bindings {
		b.to.Data, b.to.Stride = t.Data[b.offset:], t.Stride
	}
}

// Compile plans a network for batches of up to batch images on an engine.
func Compile(e *tensor.Engine, net *Network, batch int, mode Mode) *Plan {
	return compile(e, net, batch, mode, tensor.Aligned)
}

// CompileIn is Compile for a plan that lies in memory of at least [PlanBytes], as
// [tensor.Aligned] returns it. Plans that lie in the same memory take turns: what one of
// them returns is gone when another runs.
func CompileIn(memory []float32, e *tensor.Engine, net *Network, batch int, mode Mode) *Plan {
	return compile(e, net, batch, mode, func(n int) []float32 {
		if n > len(memory) {
			panic(fmt.Sprintf("nn: a plan of %s for up to %d images in memory of %d elements, expected %d or more", net.Name, batch, len(memory), n))
		}
		return memory[:n:n]
	})
}

// compile is Compile with memory from a function.
func compile(e *tensor.Engine, net *Network, batch int, mode Mode, memory func(n int) []float32) *Plan {
	if batch < 1 {
		panic(fmt.Sprintf("nn: plan for batches of %d", batch))
	}
	e.Reserve(0, 0)
	program := lower(net, mode)
	p := &Plan{
		Mode: mode, Batch: batch,
		engine:  e,
		program: program,
		memory:  memory(program.size(batch)),
		sized:   make([]*sized, batch+1),
	}
	p.stages = p.program.stages()
	p.size(batch)
	return p
}

// Bytes returns the memory that the plan needs for activations and gradients.
func (p *Plan) Bytes() int { return 4 * len(p.memory) }

// PlanBytes returns the [Plan.Bytes] of a plan that is not made yet.
func PlanBytes(net *Network, batch int, mode Mode) int64 {
	p := lower(net, mode)
	return 4 * (int64(p.floats)*int64(batch) + int64(p.filters))
}

// Reserve reserves on an engine, for example a [tensor.Engine.Planner], what the
// convolutions and linear layers of a plan do when it is made.
func Reserve(e *tensor.Engine, net *Network, batch int, mode Mode) {
	b := &builder{Plan: &Plan{Mode: mode, Batch: batch, engine: e, program: lower(net, mode)}, n: batch}
	for i := range b.program.ops {
		switch o := &b.program.ops[i]; o.kind {
		case convNode:
			b.planConv(o)
		case linearNode:
			b.planProducts(o)
		}
	}
}

// Forward computes the network's outputs for 1 to Batch images. They lie in the
// plan's memory: the logits and the embedding stay valid until Backward or the
// next Forward.
func (p *Plan) Forward(x tensor.Tensor) (logits, embedding tensor.Tensor) {
	net := p.program.net
	if x.N < 1 || x.N > p.Batch || !x.Is(x.N, net.C, net.H, net.W) {
		panic(fmt.Sprintf("nn: %v images for a plan of %s for up to %d of %dx%dx%d",
			x, net.Name, p.Batch, net.C, net.H, net.W))
	}
	x.Check("nn: the images", x.N, net.C, net.H, net.W)
	s := p.size(x.N)
	p.current = s
	bind(s.x, x)
	for _, step := range s.forward {
		step.forward()
	}
	return s.logits, s.embedding
}

// Backward follows a Forward with the gradients of some objective by its
// outputs, shaped as these; a zero dEmbedding is a gradient of 0. In modes Train,
// which does not use dEmbedding, and TrainEmbedding it sets Network.Grads. In mode
// Maximise it returns the objective's gradient by the input, valid until the next
// Forward.
// The images of the Forward must still be there.
func (p *Plan) Backward(dLogits, dEmbedding tensor.Tensor) (dx tensor.Tensor) {
	s := p.current
	if s == nil {
		panic("nn: Backward without a Forward")
	}
	dLogits.Check("nn: the gradient by the logits", s.logits.N, s.logits.C, 1, 1)
	bind(s.dLogits, dLogits)
	if dEmbedding.Data != nil {
		dEmbedding.Check("nn: the gradient by the embedding", s.embedding.N, s.embedding.C, 1, 1)
	}
	for n := range s.dEmbedding.N {
		if dEmbedding.Data == nil {
			clear(s.dEmbedding.Image(n))
		} else {
			copy(s.dEmbedding.Image(n), dEmbedding.Image(n))
		}
	}
	from := len(p.program.net.Grads)
	for i, step := range s.backward {
		step.backward()
		if p.Progress != nil && p.Mode.trains() && p.stages[i] < from {
			from = p.stages[i]
			p.Progress(from)
		}
	}
	return s.dInput
}

// Stages returns the numbers that Progress is called with, for a batch of any size: they
// fall, down to 0.
func (p *Plan) Stages() []int {
	return slices.DeleteFunc(slices.Compact(slices.Clone(p.stages)), func(from int) bool { return from == len(p.program.net.Grads) })
}

// size returns the plan for batches of n images.
func (p *Plan) size(n int) *sized {
	if p.sized[n] == nil {
		p.sized[n] = p.build(n)
	}
	return p.sized[n]
}

// build makes the steps for batches of n images.
func (p *Plan) build(n int) *sized {
	b := &builder{Plan: p, n: n, sized: &sized{}, moments: map[Value]*moments{}}
	prog := p.program
	for i := range prog.ops {
		o := &prog.ops[i]
		if o.kind == concatNode {
			continue
		}
		s := b.step(o)
		b.forward = append(b.forward, s)
		if o.needsGrad {
			b.backward = append(b.backward, s)
		}
	}
	slices.Reverse(b.backward)
	b.value(&b.logits, prog.net.logits)
	b.value(&b.embedding, prog.net.embedding)
	if p.Mode == Maximise {
		b.gradient(&b.dInput, input)
	}
	if p.Mode.takesEmbedding() && !prog.grads.same(prog.net.embedding, prog.net.logits) {
		b.gradient(&b.dEmbedding, prog.net.embedding)
	}
	return b.sized
}

// builder makes the steps of a plan for one batch size.
type builder struct {
	*Plan
	*sized
	n       int
	moments map[Value]*moments // of the channels of each storage
}

// value sets the tensor of a value, or has it bound to the network's input.
func (b *builder) value(to *tensor.Tensor, v Value) {
	values := &b.program.values
	if values.same(v, input) {
		_, offset := values.find(v)
		b.outside(to, v, &b.x, offset)
		return
	}
	b.inside(to, v, values)
}

// gradient sets the tensor of a value's gradient, or has it bound to the
// gradient of the logits.
func (b *builder) gradient(to *tensor.Tensor, v Value) {
	grads := &b.program.grads
	if grads.same(v, b.program.net.logits) {
		_, offset := grads.find(v)
		b.outside(to, v, &b.dLogits, offset)
		return
	}
	b.inside(to, v, grads)
}

func (b *builder) outside(to *tensor.Tensor, v Value, list *[]binding, offset int) {
	n := &b.program.net.nodes[v]
	*to = tensor.Tensor{N: b.n, C: n.c, H: n.h, W: n.w}
	*list = append(*list, binding{to, offset})
}

func (b *builder) inside(to *tensor.Tensor, v Value, p *placement) {
	n := &b.program.net.nodes[v]
	root, offset := p.find(v)
	s := p.storage[root]
	*to = tensor.Tensor{
		Data: b.memory[b.n*s.offset+offset:],
		N:    b.n, C: n.c, H: n.h, W: n.w,
		Stride: b.program.net.nodes[root].size(),
	}
}

// step makes the step of an operation.
func (b *builder) step(o *op) step {
	switch o.kind {
	case convNode:
		return b.conv(o)
	case linearNode:
		return b.linear(o)
	case normNode:
		if b.Mode.trains() {
			return b.batchNorm(o)
		}
		return b.affine(o)
	case activationNode:
		return b.activation(o)
	case maxPoolNode:
		return b.maxPool(o)
	case avgPoolNode:
		return b.avgPool(o)
	case dropoutNode:
		return b.dropout(o)
	case addNode:
		return b.sum(o)
	case mixNode:
		return b.mixture(o)
	}
	panic(fmt.Sprintf("nn: no step for operation %d", o.kind))
}

// unary is what the steps of one input have in common.
type unary struct {
	engine       *tensor.Engine
	x, y, dx, dy tensor.Tensor
	wanted       bool // the gradient of x
	accumulate   bool // it is added to what is in dx
}

func (b *builder) unary(u *unary, o *op) {
	u.engine = b.engine
	b.value(&u.x, o.in[0])
	b.value(&u.y, o.out)
	if !o.needsGrad {
		return
	}
	b.gradient(&u.dy, o.out)
	u.wanted, u.accumulate = o.wanted[0], o.accumulate[0]
	if u.wanted {
		b.gradient(&u.dx, o.in[0])
	}
}
