package nn

import (
	"math"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Of every batch normalisation in the published networks: what is added to the
// variance, and the share of a batch in the running statistics.
const (
	normEpsilon  = 1e-5
	normMomentum = 0.1
)

// norm is a batch normalisation's parameters and running statistics.
type norm struct {
	weight, bias   *Param
	mean, variance *buffer
	batches        *buffer
}

// reset forgets the running statistics.
func (m *norm) reset() {
	clear(m.mean.data)
	for c := range m.variance.data {
		m.variance.data[c] = 1
	}
	m.batches.count = 0
}

// running sets scale and shift to the affine map of each channel that
// normalises by the running statistics.
func (m *norm) running(scale, shift []float32) {
	for c := range scale {
		scale[c], shift[c] = m.affine(c, float64(m.mean.data[c]), float64(m.variance.data[c]))
	}
}

// affine returns scale and shift of channel c for a mean and variance.
func (m *norm) affine(c int, mean, variance float64) (scale, shift float32) {
	s := float64(m.weight.Data[c]) / math.Sqrt(variance+normEpsilon)
	return float32(s), float32(float64(m.bias.Data[c]) - float64(mean*s))
}

// follow moves the running statistics of channel c towards those of a batch of
// count elements.
func (m *norm) follow(c int, mean, variance float64, count int) {
	unbiased := variance
	if count > 1 {
		unbiased *= float64(count) / float64(count-1)
	}
	blend := func(old *float32, now float64) {
		*old = float32(float64((1-normMomentum)*float64(*old)) + float64(normMomentum*now))
	}
	blend(&m.mean.data[c], mean)
	blend(&m.variance.data[c], unbiased)
}

// moments is the statistics of a batch, by channel.
type moments struct {
	mean, variance []float64
	known          []bool // computed by a step that comes before
}

// batchMoments returns where the moments of a value's channels are kept, and
// the channels (all but the first fresh) that the step itself has to measure.
// Values that begin alike in one storage, as the layers of a DenseNet block do,
// share them.
func (b *builder) batchMoments(x Value) (m moments, fresh int) {
	nodes, n := b.program.net.nodes, &b.program.net.nodes[x]
	root, offset := b.program.values.find(x)
	all := b.moments[root]
	if all == nil || n.h != nodes[root].h || n.w != nodes[root].w {
		c := nodes[root].size() / (n.h * n.w)
		all = &moments{make([]float64, c), make([]float64, c), make([]bool, c)}
		b.moments[root] = all
	}
	lo := offset / (n.h * n.w)
	hi := lo + n.c
	m = moments{all.mean[lo:hi], all.variance[lo:hi], all.known[lo:hi]}
	for fresh < n.c && m.known[fresh] {
		fresh++
	}
	for c := range m.known {
		m.known[c] = true
	}
	return m, fresh
}

// batchNorm is batch normalisation by the statistics of the batch, and the
// activation behind it.
//
// A part handles a block of channels from beginning to end, so that elements
// that came from memory to be measured are still in the cache to be normalised.
type batchNorm struct {
	unary
	*norm
	act simd.Activation

	moments
	fresh int
	block int // channels of a part

	// One element for each channel.
	scale, shift   []float32
	centre         []float32 // what Moments subtracts, then the mean
	sum, sumSq     []float32 // of one image
	total, totalSq []float64 // of the batch
	a, b, k        []float32 // see AffineGrad in package simd

	there, back blocks
}

// normRun is about how many elements of an image a part should find in a row.
const normRun = 1024

func (b *builder) batchNorm(o *op) step {
	s := &batchNorm{norm: o.norm, act: o.act}
	b.unary(&s.unary, o)
	s.moments, s.fresh = b.batchMoments(o.in[0])
	s.block = (normRun + s.x.H*s.x.W - 1) / (s.x.H * s.x.W)
	c := s.x.C
	for _, p := range []*[]float32{&s.scale, &s.shift, &s.centre, &s.sum, &s.sumSq, &s.a, &s.b, &s.k} {
		*p = make([]float32, c)
	}
	s.total, s.totalSq = make([]float64, c), make([]float64, c)
	s.there = blocks{c, s.block, s.normalise}
	s.back = blocks{c, s.block, s.differentiate}
	return s
}

// blocks is a task whose parts handle a block of channels each.
type blocks struct {
	channels, block int
	do              func(lo, hi int)
}

func (t *blocks) run(e *tensor.Engine) { e.Run((t.channels+t.block-1)/t.block, t) }

// Do runs one part.
func (t *blocks) Do(part, _ int) {
	t.do(part*t.block, min((part+1)*t.block, t.channels))
}

func (s *batchNorm) forward() {
	s.there.run(s.engine)
	s.batches.count++
}

func (s *batchNorm) backward() { s.back.run(s.engine) }

// count returns the elements of a channel in the batch.
func (s *batchNorm) count() int { return s.x.N * s.x.H * s.x.W }

// normalise computes channels lo <= c < hi of y, and of the statistics.
func (s *batchNorm) normalise(lo, hi int) {
	if first := max(lo, s.fresh); first < hi {
		s.measure(first, hi)
	}
	for c := lo; c < hi; c++ {
		mean, variance := s.moments.mean[c], s.moments.variance[c]
		s.centre[c] = float32(mean)
		s.scale[c], s.shift[c] = s.affine(c, mean, variance)
		s.follow(c, mean, variance, s.count())
	}
	for n := range s.x.N {
		s.engine.Kernels.Affine(channels(&s.y, n, lo, hi), channels(&s.x, n, lo, hi),
			s.scale[lo:hi], s.shift[lo:hi], s.x.H*s.x.W, s.act)
	}
}

// measure computes mean and (biased) variance of channels lo <= c < hi.
func (s *batchNorm) measure(lo, hi int) {
	plane := s.x.H * s.x.W
	for c := lo; c < hi; c++ {
		s.centre[c] = channels(&s.x, 0, c, c+1)[0]
	}
	s.overImages(lo, hi, func(n int) {
		s.engine.Kernels.Moments(s.sum[lo:hi], s.sumSq[lo:hi], channels(&s.x, n, lo, hi), s.centre[lo:hi], plane)
	})
	count := float64(s.count())
	for c := lo; c < hi; c++ {
		d := s.total[c] / count
		s.moments.mean[c] = float64(s.centre[c]) + d
		s.moments.variance[c] = max(0, s.totalSq[c]/count-float64(d*d))
	}
}

// overImages adds up, in image order, what image sets sum and sumSq to.
func (s *batchNorm) overImages(lo, hi int, image func(n int)) {
	clear(s.total[lo:hi])
	clear(s.totalSq[lo:hi])
	for n := range s.x.N {
		image(n)
		for c := lo; c < hi; c++ {
			s.total[c] += float64(s.sum[c])
			s.totalSq[c] += float64(s.sumSq[c])
		}
	}
}

// differentiate computes channels lo <= c < hi of the gradients. With g the
// gradient behind the affine map, G = sum of g and X = sum of g*(x - mean),
//
//	dbias = G    dweight = X/std    dx = scale*(g - G/count - (x - mean)*X/(count*std^2))
func (s *batchNorm) differentiate(lo, hi int) {
	plane := s.x.H * s.x.W
	s.overImages(lo, hi, func(n int) {
		s.engine.Kernels.AffineReduce(s.sum[lo:hi], s.sumSq[lo:hi], channels(&s.dy, n, lo, hi), channels(&s.x, n, lo, hi),
			s.scale[lo:hi], s.shift[lo:hi], s.centre[lo:hi], plane, s.act)
	})
	count := float64(s.count())
	for c := lo; c < hi; c++ {
		variance := s.moments.variance[c] + normEpsilon
		s.bias.Grad[c] = float32(s.total[c])
		s.weight.Grad[c] = float32(s.totalSq[c] / math.Sqrt(variance))
		scale := float64(s.scale[c])
		s.a[c] = s.scale[c]
		s.b[c] = float32(-scale * s.totalSq[c] / (count * variance))
		s.k[c] = float32(-scale*s.total[c]/count - float64(float64(s.b[c])*s.moments.mean[c]))
	}
	if !s.wanted {
		return
	}
	for n := range s.x.N {
		s.engine.Kernels.AffineGrad(channels(&s.dx, n, lo, hi), channels(&s.dy, n, lo, hi), channels(&s.x, n, lo, hi),
			s.scale[lo:hi], s.shift[lo:hi], s.a[lo:hi], s.b[lo:hi], s.k[lo:hi], plane, s.act, s.accumulate)
	}
}

// affine is batch normalisation by the running statistics where it could not be
// folded into a convolution, and the activation behind it.
type affine struct {
	unary
	norm         *norm
	scale, shift []float32
	zero         []float32
	there, back  *pass
}

func (b *builder) affine(o *op) step {
	s := &affine{norm: o.norm}
	b.unary(&s.unary, o)
	c, plane := s.x.C, s.x.H*s.x.W
	s.scale, s.shift, s.zero = make([]float32, c), make([]float32, c), make([]float32, c)
	s.there = newPass(b.engine, &s.y, func(n, lo, hi int) {
		s.engine.Kernels.Affine(channels(&s.y, n, lo, hi), channels(&s.x, n, lo, hi),
			s.scale[lo:hi], s.shift[lo:hi], plane, o.act)
	})
	s.back = newPass(b.engine, &s.y, func(n, lo, hi int) {
		s.engine.Kernels.AffineGrad(channels(&s.dx, n, lo, hi), channels(&s.dy, n, lo, hi), channels(&s.x, n, lo, hi),
			s.scale[lo:hi], s.shift[lo:hi], s.scale[lo:hi], s.zero[lo:hi], s.zero[lo:hi], plane, o.act, s.accumulate)
	})
	return s
}

func (s *affine) forward() {
	s.norm.running(s.scale, s.shift)
	s.there.run()
}

func (s *affine) backward() { s.back.run() }

// fold is a convolution's filters and bias with the batch normalisation behind
// it multiplied in: normalise(w*x + b) = (scale*w)*x + (scale*b + shift).
type fold struct {
	engine       *tensor.Engine
	norm         *norm
	weight, bias *Param
	w, b         []float32 // the result
	scale, zero  []float32
}

func newFold(e *tensor.Engine, o *op) *fold {
	k := o.conv.K
	return &fold{
		engine: e, norm: o.fold, weight: o.weight, bias: o.bias,
		w: tensor.Aligned(len(o.weight.Data)), b: make([]float32, k),
		scale: make([]float32, k), zero: make([]float32, k),
	}
}

func (f *fold) run() {
	f.norm.running(f.scale, f.b)
	if f.bias != nil {
		for k, b := range f.bias.Data {
			f.b[k] += float32(b * f.scale[k])
		}
	}
	f.engine.Run(len(f.b), f)
}

// Do scales one filter.
func (f *fold) Do(k, _ int) {
	size := len(f.w) / len(f.b)
	f.engine.Kernels.Affine(f.w[k*size:][:size], f.weight.Data[k*size:][:size], f.scale[k:k+1], f.zero[k:k+1], size, simd.Identity)
}
