package nn

import (
	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// reluBackward returns the pass that sends the gradient of y back through the
// ReLU or ReLU6 that y went through, in place; nil if there was none.
func (u *unary) reluBackward(o *op) *pass {
	if o.act == simd.Identity || !o.needsGrad {
		return nil
	}
	gradient := u.engine.Kernels.ReLUBackward
	if o.act == simd.ReLU6 {
		gradient = u.engine.Kernels.ReLU6Backward
	}
	return newPass(u.engine, &u.y, func(n, lo, hi, _ int) {
		dy := channels(&u.dy, n, lo, hi)
		gradient(dy, dy, channels(&u.y, n, lo, hi))
	})
}

// convolution is a convolution with bias, folded batch normalisation and ReLU or
// ReLU6.
type convolution struct {
	unary
	conv         *conv.Conv
	weight, bias *Param
	w, b         []float32 // what the convolution reads
	act          simd.Activation
	fold         *fold
	mask         *pass
	train        bool
}

func (b *builder) conv(o *op) step {
	s := &convolution{weight: o.weight, bias: o.bias, w: o.weight.Data, act: o.act, train: b.Mode.trains()}
	b.unary(&s.unary, o)
	if o.planned == nil {
		o.planned = b.planConv(o)
	}
	s.conv = o.planned
	if o.bias != nil {
		s.b = o.bias.Data
	}
	if o.fold != nil {
		s.fold = newFold(b.engine, o, b.memory[b.program.floats*b.Batch+o.folded:])
		s.w, s.b = s.fold.w, s.fold.b
	}
	s.mask = s.reluBackward(o)
	return s
}

// planConv plans a convolution for the largest batch; it serves shorter ones too.
func (b *builder) planConv(o *op) *conv.Conv {
	shape := o.conv
	shape.N = b.Batch
	c := conv.New(b.engine, shape, b.program.net.Conv)
	if o.needsGrad && o.wanted[0] {
		c.PlanBackwardData()
	}
	if o.needsGrad && b.Mode.trains() {
		c.PlanBackwardWeights()
	}
	return c
}

func (s *convolution) forward() {
	if s.fold != nil {
		s.fold.run()
	}
	s.conv.Forward(s.y, s.x, s.w, s.b, s.act)
}

func (s *convolution) backward() {
	if s.mask != nil {
		s.mask.run()
	}
	switch {
	case s.train && s.fold != nil:
		s.conv.BackwardWeights(s.weight.Grad, s.fold.sums, s.x, s.dy)
		s.fold.gradients()
	case s.train:
		var db []float32
		if s.bias != nil {
			db = s.bias.Grad
		}
		s.conv.BackwardWeights(s.weight.Grad, db, s.x, s.dy)
	}
	if s.wanted {
		s.conv.BackwardData(s.dx, s.dy, s.w, s.accumulate)
	}
}

// linear is a fully connected layer with bias and ReLU, for N vectors:
//
//	y = x W^T + b    dW = dy^T x    db = sum of dy over the vectors    dx = dy W
type linear struct {
	unary
	weight, bias   *Param
	act            simd.Activation
	mask           *pass
	train          bool
	product        *tensor.Gemm
	byWeight, byIn *tensor.Gemm // of the gradients
}

func (b *builder) linear(o *op) step {
	s := &linear{weight: o.weight, bias: o.bias, act: o.act, train: b.Mode.trains()}
	b.unary(&s.unary, o)
	s.product, s.byWeight, s.byIn = b.planProducts(o)
	s.mask = s.reluBackward(o)
	return s
}

// planProducts plans those of a linear layer, the gradients' where they are wanted.
func (b *builder) planProducts(o *op) (product, byWeight, byIn *tensor.Gemm) {
	out, in := o.weight.Shape[0], o.weight.Shape[1]
	plan := tensor.NewGemm
	if b.program.net.Conv.BFloat16 {
		plan = tensor.NewBFloat16Gemm
	}
	product = plan(b.engine, b.n, out, in, false, true)
	if o.needsGrad && b.Mode.trains() {
		byWeight = plan(b.engine, out, in, b.n, true, false)
	}
	if o.needsGrad && o.wanted[0] {
		byIn = plan(b.engine, b.n, in, out, false, false)
	}
	return product, byWeight, byIn
}

func (s *linear) forward() {
	s.product.Run(s.y.Data, s.x.Data, s.weight.Data, s.y.Stride, s.x.Stride, s.x.C,
		tensor.Epilogue{ColumnBias: s.bias.Data, ReLU: s.act == simd.ReLU})
}

func (s *linear) backward() {
	if s.mask != nil {
		s.mask.run()
	}
	if s.train {
		s.byWeight.Run(s.weight.Grad, s.dy.Data, s.x.Data, s.x.C, s.dy.Stride, s.x.Stride, tensor.Epilogue{})
		copy(s.bias.Grad, s.dy.Image(0))
		for n := 1; n < s.dy.N; n++ {
			s.engine.Kernels.Add(s.bias.Grad, s.dy.Image(n))
		}
	}
	if s.wanted {
		s.byIn.Run(s.dx.Data, s.dy.Data, s.weight.Data, s.dx.Stride, s.dy.Stride, s.x.C,
			tensor.Epilogue{Accumulate: s.accumulate})
	}
}

// activation is an activation of its own.
type activation struct {
	unary
	fwd, bwd *pass
}

func (b *builder) activation(o *op) step {
	s := &activation{}
	b.unary(&s.unary, o)
	k := b.engine.Kernels
	apply, gradient, of := k.ReLU, k.ReLUBackward, &s.y
	switch o.act {
	case simd.ReLU6:
		apply, gradient = func(y, x []float32) {
			copy(y, x)
			k.Clamp(y, 0, 6)
		}, k.ReLU6Backward
	case simd.GELU:
		apply, gradient, of = k.GELU, k.GELUBackward, &s.x
	}
	s.fwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		apply(channels(&s.y, n, lo, hi), channels(&s.x, n, lo, hi))
	})
	s.bwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		gradient(channels(&s.dx, n, lo, hi), channels(&s.dy, n, lo, hi), channels(of, n, lo, hi))
	})
	s.refuseAccumulation("activation")
	return s
}

func (s *activation) forward()  { s.fwd.run() }
func (s *activation) backward() { s.bwd.run() }

// refuseAccumulation panics if the step would have to add to a gradient, which
// none of the published networks needs of it.
func (u *unary) refuseAccumulation(what string) {
	if u.accumulate {
		panic("nn: the input of " + what + " is used by a later operation too")
	}
}

// maxPool is a maximum pooling, through ReLU if one was fused.
type maxPool struct {
	unary
	pool *conv.MaxPool
	arg  []uint8
	relu bool
}

func (b *builder) maxPool(o *op) step {
	s := &maxPool{relu: o.act == simd.ReLU}
	b.unary(&s.unary, o)
	shape := o.pool
	shape.N = b.n
	s.pool = conv.NewMaxPool(b.engine, shape)
	if o.needsGrad {
		s.arg = make([]uint8, shape.Out())
	}
	s.refuseAccumulation("max pooling")
	return s
}

func (s *maxPool) forward()  { s.pool.Forward(s.y, s.arg, s.x, s.relu) }
func (s *maxPool) backward() { s.pool.Backward(s.dx, s.dy, s.arg) }

// avgPool is an average pooling.
type avgPool struct {
	unary
	pool *conv.AvgPool
}

func (b *builder) avgPool(o *op) step {
	s := &avgPool{}
	b.unary(&s.unary, o)
	shape := o.pool
	shape.N = b.n
	s.pool = conv.NewAvgPool(b.engine, shape)
	s.refuseAccumulation("average pooling")
	return s
}

func (s *avgPool) forward()  { s.pool.Forward(s.y, s.x) }
func (s *avgPool) backward() { s.pool.Backward(s.dx, s.dy) }

// sum adds two values, through ReLU if one was fused.
type sum struct {
	y, dy    tensor.Tensor
	terms    [2]term
	fwd, bwd *pass
}

type term struct {
	x, dx              tensor.Tensor
	wanted, accumulate bool
}

func (b *builder) sum(o *op) step {
	s := &sum{}
	b.value(&s.y, o.out)
	if o.needsGrad {
		b.gradient(&s.dy, o.out)
	}
	for j := range s.terms {
		t := &s.terms[j]
		b.value(&t.x, o.in[j])
		if o.needsGrad && o.wanted[j] && !o.shared[j] {
			t.wanted, t.accumulate = true, o.accumulate[j]
			b.gradient(&t.dx, o.in[j])
		}
	}
	k, relu := b.engine.Kernels, o.act == simd.ReLU
	added := &s.terms[1].x
	if o.inPlaceOperand == 1 {
		added = &s.terms[0].x
	}
	s.fwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		y := channels(&s.y, n, lo, hi)
		if o.inPlaceOperand < 0 {
			copy(y, channels(&s.terms[0].x, n, lo, hi))
		}
		k.Add(y, channels(added, n, lo, hi))
		if relu {
			k.ReLU(y, y)
		}
	})
	s.bwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		dy := channels(&s.dy, n, lo, hi)
		if relu {
			k.ReLUBackward(dy, dy, channels(&s.y, n, lo, hi))
		}
		for j := range s.terms {
			switch t := &s.terms[j]; {
			case t.accumulate:
				k.Add(channels(&t.dx, n, lo, hi), dy)
			case t.wanted:
				copy(channels(&t.dx, n, lo, hi), dy)
			}
		}
	})
	return s
}

func (s *sum) forward()  { s.fwd.run() }
func (s *sum) backward() { s.bwd.run() }

// dropout zeroes elements and scales the others.
type dropout struct {
	unary
	engine    *tensor.Engine
	net       *Network
	threshold uint32 // a 16-bit draw below it drops the element
	scale     float32
	first     uint64 // counter of the stream before this step's draws
	fwd, bwd  *pass
}

// drawsPerWord is how many elements a 32-bit draw decides: the rate is rounded
// to a multiple of 2^-16. drawsPerBlock is how many a block of the source does.
const (
	drawsPerWord  = 2
	drawsPerBlock = 4 * drawsPerWord
)

func (b *builder) dropout(o *op) step {
	s := &dropout{engine: b.engine, net: b.program.net, threshold: uint32(o.rate*(1<<16) + 0.5), scale: float32(1 / (1 - o.rate))}
	b.unary(&s.unary, o)
	s.fwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) { s.apply(&s.y, &s.x, n, lo, hi) })
	s.bwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		if !s.accumulate {
			s.apply(&s.dx, &s.dy, n, lo, hi)
			return
		}
		s.apply(&s.dy, &s.dy, n, lo, hi) // nothing reads it any more
		b.engine.Kernels.Axpy(1, channels(&s.dy, n, lo, hi), channels(&s.dx, n, lo, hi))
	})
	return s
}

func (s *dropout) forward() {
	s.first = s.net.dropout.Counter()
	s.fwd.run()
	s.net.dropout.SetCounter(s.first + uint64(s.y.N*s.words()))
}

func (s *dropout) backward() { s.bwd.run() }

// words returns the draws for one image.
func (s *dropout) words() int { return wordsFor(s.y.C * s.y.H * s.y.W) }

// wordsFor returns the draws for so many elements.
func wordsFor(elements int) int { return (elements + drawsPerWord - 1) / drawsPerWord }

// apply computes channels lo <= c < hi of an image, the same elements being
// dropped forward and backward.
func (s *dropout) apply(to, from *tensor.Tensor, n, lo, hi int) {
	x, y := channels(from, n, lo, hi), channels(to, n, lo, hi)
	draw := drawsPerWord*(s.first+uint64(n*s.words())) + uint64(lo*s.y.H*s.y.W)
	head := min(len(x), int(-draw%drawsPerBlock))
	tail := len(x) - (len(x)-head)%drawsPerBlock
	seed, stream := s.net.dropout.Key()
	s.applyScalar(y[:head], x[:head], draw)
	s.engine.Kernels.Dropout(y[head:tail], x[head:tail], seed, uint64(stream), (draw+uint64(head))/drawsPerBlock, s.threshold, s.scale)
	s.applyScalar(y[tail:], x[tail:], draw+uint64(tail))
}

// applyScalar applies the draws from the given one on, one by one: those of blocks that
// begin or end elsewhere.
func (s *dropout) applyScalar(y, x []float32, draw uint64) {
	source := *s.net.dropout
	for i, v := range x {
		source.SetCounter((draw + uint64(i)) / drawsPerWord)
		y[i] = v * s.scale
		if source.Uint32()>>((draw+uint64(i))%drawsPerWord*16)&0xffff < s.threshold {
			y[i] = 0
		}
	}
}
