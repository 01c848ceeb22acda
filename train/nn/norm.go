package nn

import (
	"math"

	"github.com/meada-cpu/meada-cpu/internal/portable"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// PyTorch's defaults: what is added to the variance, and the share of a batch in the
// running statistics.
const (
	normEpsilon  = 1e-5
	normMomentum = 0.1
)

// norm is a batch normalisation's parameters and running statistics.
type norm struct {
	epsilon        float64
	weight, bias   *Param
	mean, variance *buffer
	batches        *buffer
	cumulative     bool // running statistics are the mean over batches, not a moving average

	collected []float32 // see Network.CollectStatistics: of each channel the mean, then the variance
	share     float64
}

// reset forgets the running statistics.
func (m *norm) reset() {
	clear(m.mean.data)
	for c := range m.variance.data {
		m.variance.data[c] = 1
	}
	m.batches.count = 0
}

// MeasureStatistics forgets the running statistics and sets them to their means over
// the batches that forward runs through a plan of mode Train, as PyTorch's momentum
// None does. Dropout and the counters of batches are as before afterwards.
func (n *Network) MeasureStatistics(forward func()) {
	dropped := n.dropout.Counter()
	var counts []int64
	for i := range n.nodes {
		if n.nodes[i].kind == normNode {
			m := n.nodes[i].norm
			counts = append(counts, m.batches.count)
			m.reset()
			m.cumulative = true
		}
	}
	forward()
	n.dropout.SetCounter(dropped)
	for i := range n.nodes {
		if n.nodes[i].kind == normNode {
			m := n.nodes[i].norm
			m.batches.count, counts = counts[0], counts[1:]
			m.cumulative = false
		}
	}
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
	s := float64(m.weight.Data[c]) / math.Sqrt(variance+m.epsilon)
	return float32(s), float32(float64(m.bias.Data[c]) - float64(mean*s))
}

// follow moves the running statistics of channel c towards those of a batch of
// count elements.
func (m *norm) follow(c int, mean, variance float64, count int) {
	unbiased := variance
	if count > 1 {
		unbiased *= float64(count) / float64(count-1)
	}
	if m.collected != nil {
		m.collected[c] = float32(m.share * mean)
		m.collected[len(m.mean.data)+c] = float32(m.share * unbiased)
		return
	}
	m.blend(c, mean, unbiased)
}

// blend moves the running statistics of channel c towards others.
func (m *norm) blend(c int, mean, variance float64) {
	momentum := normMomentum
	if m.cumulative {
		momentum = 1 / float64(m.batches.count+1)
	}
	blend := func(old *float32, now float64) {
		*old = float32(float64((1-momentum)*float64(*old)) + float64(momentum*now))
	}
	blend(&m.mean.data[c], mean)
	blend(&m.variance.data[c], variance)
}

// CollectStatistics prepares for batches that are computed in shards, each a batch of
// its own for the normalisation: from now on the running statistics follow only when
// FollowStatistics is called. A forward pass of mode Train sets the values returned to
// its statistics times the share of [Network.SetShare]; added over the shards of a
// batch they are those to follow. There are none if no statistics follow.
func (n *Network) CollectStatistics() []float32 {
	if n.FreezeBN {
		return nil
	}
	var norms []*norm
	total := 0
	for i := range n.nodes {
		if n.nodes[i].kind == normNode {
			norms = append(norms, n.nodes[i].norm)
			total += 2 * n.nodes[i].c
		}
	}
	all := make([]float32, total)
	at := 0
	for _, m := range norms {
		size := 2 * len(m.mean.data)
		m.collected = all[at:][:size:size]
		at += size
	}
	return all
}

// FollowBatches ends what [Network.CollectStatistics] began: the running statistics
// follow every batch again.
func (n *Network) FollowBatches() {
	for i := range n.nodes {
		if m := n.nodes[i].norm; m != nil {
			m.collected = nil
		}
	}
}

// SetShare sets that of the next batch in the images of all shards.
func (n *Network) SetShare(share float64) {
	for i := range n.nodes {
		if m := n.nodes[i].norm; m != nil {
			m.share = share
		}
	}
}

// FollowStatistics lets the running statistics follow what is collected.
func (n *Network) FollowStatistics() {
	for i := range n.nodes {
		m := n.nodes[i].norm
		if m == nil || m.collected == nil {
			continue
		}
		channels := len(m.mean.data)
		for c := range channels {
			m.blend(c, float64(m.collected[c]), float64(m.collected[channels+c]))
		}
		m.batches.count++
	}
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

// batchNorm is batch normalisation by the statistics of the batch or, frozen, by the
// running statistics, and the activation behind it.
//
// Each way takes two sweeps over the images, the first for sums of the batch.
// To keep the planes of a channel in the cache from the first to the second
// would take going from image to image for every few channels, and that costs
// more than it saves: the jumps are as long as an image, so the planes fall on
// the same few sets of the cache, and the hardware fetches ahead within a plane
// at best.
type batchNorm struct {
	unary
	*norm
	act simd.Activation

	moments
	fresh  int
	frozen bool

	// One element for each channel.
	scale, shift []float32
	centre       []float32 // what SumSumSq subtracts, then the mean
	a, b, k      []float32 // see simd.BatchNormGradient
	calls        []tensor.PerWorker[simd.BatchNormGradient]

	centres                 blocks
	measure, normalise      *pass
	reduce, differentiate   *pass
	updateStats, paramGrads blocks
}

func (b *builder) batchNorm(o *op) step {
	s := &batchNorm{norm: o.norm, act: o.act, frozen: b.program.net.FreezeBN}
	b.unary(&s.unary, o)
	if s.frozen {
		s.moments, s.fresh = moments{mean: make([]float64, s.x.C), variance: make([]float64, s.x.C)}, s.x.C
	} else {
		s.moments, s.fresh = b.batchMoments(o.in[0])
	}
	c, plane := s.x.C, s.x.H*s.x.W
	for _, p := range []*[]float32{&s.scale, &s.shift, &s.centre, &s.a, &s.b, &s.k} {
		*p = make([]float32, c)
	}
	b.engine.Reserve(2*s.x.N*c, 0)
	s.calls = make([]tensor.PerWorker[simd.BatchNormGradient], b.engine.Threads())

	k := b.engine.Kernels
	if s.fresh < c {
		unknown := s.x
		unknown.C -= s.fresh
		s.centres = blocks{b.engine, unknown.C, func(c int) { s.centre[s.fresh+c] = sampleCentre(&s.x, s.fresh+c) }}
		s.measure = newPass(b.engine, &unknown, func(n, lo, hi, _ int) {
			lo, hi = lo+s.fresh, hi+s.fresh
			sum, sumSq := s.sums(n)
			k.SumSumSq(sum[lo:hi], sumSq[lo:hi], channels(&s.x, n, lo, hi), s.centre[lo:hi], plane)
		})
	}
	s.updateStats = blocks{b.engine, c, s.statistics}
	s.normalise = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		k.ScaleShift(channels(&s.y, n, lo, hi), channels(&s.x, n, lo, hi), s.scale[lo:hi], s.shift[lo:hi], plane, s.act)
	})
	s.reduce = newPass(b.engine, &s.y, func(n, lo, hi, worker int) {
		sumG, sumGX := s.sums(n)
		call := &s.calls[worker].Value
		*call = simd.BatchNormGradient{
			DY: channels(&s.dy, n, lo, hi), X: channels(&s.x, n, lo, hi), Scale: s.scale[lo:hi], Shift: s.shift[lo:hi],
			Mean: s.centre[lo:hi], SumG: sumG[lo:hi], SumGX: sumGX[lo:hi], N: plane, Act: s.act,
		}
		k.BatchNormBackwardSums(call)
	})
	s.paramGrads = blocks{b.engine, c, s.gradients}
	s.differentiate = newPass(b.engine, &s.y, func(n, lo, hi, worker int) {
		call := &s.calls[worker].Value
		*call = simd.BatchNormGradient{
			DX: channels(&s.dx, n, lo, hi), DY: channels(&s.dy, n, lo, hi), X: channels(&s.x, n, lo, hi),
			Scale: s.scale[lo:hi], Shift: s.shift[lo:hi], A: s.a[lo:hi], B: s.b[lo:hi], K: s.k[lo:hi],
			N: plane, Act: s.act, Accumulate: s.accumulate,
		}
		k.BatchNormBackwardInput(call)
	})
	return s
}

func (s *batchNorm) forward() {
	if s.measure != nil {
		if s.count() < 2 {
			panic("nn: batch normalisation over one value for each channel, expected more in training")
		}
		s.centres.run()
		s.measure.run()
	}
	s.updateStats.run()
	s.normalise.run()
	if !s.frozen && s.collected == nil {
		s.batches.count++
	}
}

func (s *batchNorm) backward() {
	s.reduce.run()
	s.paramGrads.run()
	if s.wanted {
		s.differentiate.run()
	}
}

// samples is how many elements of a channel are asked for its centre.
const samples = 5

// sampleCentre returns the median of a few elements of a channel. They are spread over
// the images and, in another order, over the pixels of a plane, so that neither an
// outlier nor a border nor an image unlike the others decides. Whatever is within a few
// standard deviations of the mean keeps the variance from cancelling.
func sampleCentre(x *tensor.Tensor, c int) float32 {
	var v [samples]float32
	for i := range v {
		const step = 2 // 0, 2, 4, 1, 3 of the pixels
		image := (2*i + 1) * x.N / (2 * samples)
		plane := channels(x, image, c, c+1)
		v[i] = plane[(2*(i*step%samples)+1)*len(plane)/(2*samples)]
	}
	return portable.Median5(v)
}

// sums returns where the two sums over each plane of image n go.
func (s *batchNorm) sums(n int) (first, second []float32) {
	c := s.x.C
	pair := s.engine.Shared()[2*n*c : 2*(n+1)*c]
	return pair[:c], pair[c:]
}

// total adds up the sums of channel c in image order.
func (s *batchNorm) total(c int) (first, second float64) {
	sums, step := s.engine.Shared(), 2*s.x.C
	for n := range s.x.N {
		first += float64(sums[n*step+c])
		second += float64(sums[n*step+s.x.C+c])
	}
	return first, second
}

// count returns the elements of a channel in the batch.
func (s *batchNorm) count() int { return s.x.N * s.x.H * s.x.W }

// statistics computes mean and (biased) variance of channel c, unless they are
// known, and what follows from them.
func (s *batchNorm) statistics(c int) {
	if s.frozen {
		s.moments.mean[c], s.moments.variance[c] = float64(s.norm.mean.data[c]), float64(s.norm.variance.data[c])
	} else if c >= s.fresh {
		sum, sumSq := s.total(c)
		count := float64(s.count())
		d := sum / count
		s.moments.mean[c] = float64(s.centre[c]) + d
		s.moments.variance[c] = max(0, sumSq/count-float64(d*d))
	}
	mean, variance := s.moments.mean[c], s.moments.variance[c]
	s.centre[c] = float32(mean)
	s.scale[c], s.shift[c] = s.affine(c, mean, variance)
	if !s.frozen {
		s.follow(c, mean, variance, s.count())
	}
}

// gradients computes those of channel c's weight and bias, and the terms of its
// input's. With g the gradient behind the affine map, G = sum of g and
// X = sum of g*(x - mean),
//
//	dbias = G    dweight = X/std    dx = scale*(g - G/count - (x - mean)*X/(count*std^2))
//
// of which frozen statistics, on which x has no influence, leave dx = scale*g.
func (s *batchNorm) gradients(c int) {
	sumG, sumGX := s.total(c)
	count := float64(s.count())
	variance := s.moments.variance[c] + s.epsilon
	s.bias.Grad[c] = float32(sumG)
	s.weight.Grad[c] = float32(sumGX / math.Sqrt(variance))
	scale := float64(s.scale[c])
	s.a[c] = s.scale[c]
	if s.frozen {
		return // b and k stay 0
	}
	s.b[c] = float32(-scale * sumGX / (count * variance))
	s.k[c] = float32(-scale*sumG/count - float64(float64(s.b[c])*s.moments.mean[c]))
}

// blocks is a task whose parts handle a few channels each.
type blocks struct {
	engine   *tensor.Engine
	channels int
	do       func(c int)
}

// blockSize is how many channels a part has: their sums in an image are in a
// cache line or two.
const blockSize = 16

func (t *blocks) run() { t.engine.Run((t.channels+blockSize-1)/blockSize, t) }

// Do runs one part.
func (t *blocks) Do(part, _ int) {
	for c := part * blockSize; c < min((part+1)*blockSize, t.channels); c++ {
		t.do(c)
	}
}

// affine is batch normalisation by the running statistics where it could not be
// folded into a convolution, and the activation behind it.
type affine struct {
	unary
	norm         *norm
	scale, shift []float32
	zero         []float32
	fwd, bwd     *pass
}

func (b *builder) affine(o *op) step {
	s := &affine{norm: o.norm}
	b.unary(&s.unary, o)
	c, plane := s.x.C, s.x.H*s.x.W
	s.scale, s.shift, s.zero = make([]float32, c), make([]float32, c), make([]float32, c)
	s.fwd = newPass(b.engine, &s.y, func(n, lo, hi, _ int) {
		s.engine.Kernels.ScaleShift(channels(&s.y, n, lo, hi), channels(&s.x, n, lo, hi),
			s.scale[lo:hi], s.shift[lo:hi], plane, o.act)
	})
	calls := make([]tensor.PerWorker[simd.BatchNormGradient], b.engine.Threads())
	s.bwd = newPass(b.engine, &s.y, func(n, lo, hi, worker int) {
		call := &calls[worker].Value
		*call = simd.BatchNormGradient{
			DX: channels(&s.dx, n, lo, hi), DY: channels(&s.dy, n, lo, hi), X: channels(&s.x, n, lo, hi),
			Scale: s.scale[lo:hi], Shift: s.shift[lo:hi], A: s.scale[lo:hi], B: s.zero[lo:hi], K: s.zero[lo:hi],
			N: plane, Act: o.act, Accumulate: s.accumulate,
		}
		s.engine.Kernels.BatchNormBackwardInput(call)
	})
	return s
}

func (s *affine) forward() {
	s.norm.running(s.scale, s.shift)
	s.fwd.run()
}

func (s *affine) backward() { s.bwd.run() }

// fold is a convolution's filters and bias with the batch normalisation behind
// it multiplied in: normalise(w*x + b) = (scale*w)*x + (scale*b + shift).
type fold struct {
	engine        *tensor.Engine
	norm          *norm
	weight, bias  *Param
	w, b          []float32 // the result
	scale, zero   []float32
	sums          []float32 // of the gradient behind the normalisation, by filter
	differentiate blocks
}

// newFold makes the one of an operation with the filters in memory.
func newFold(e *tensor.Engine, o *op, memory []float32) *fold {
	k := o.conv.K
	f := &fold{
		engine: e, norm: o.fold, weight: o.weight, bias: o.bias,
		w: memory[:len(o.weight.Data)], b: make([]float32, k),
		scale: make([]float32, k), zero: make([]float32, k), sums: make([]float32, k),
	}
	f.differentiate = blocks{e, k, f.gradient}
	return f
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
	f.engine.Kernels.ScaleShift(f.w[k*size:][:size], f.weight.Data[k*size:][:size], f.scale[k:k+1], f.zero[k:k+1], size, simd.Identity)
}

// gradients turns the gradients of the folded filters and the sums of the gradient
// behind the normalisation into those of all parameters.
func (f *fold) gradients() { f.differentiate.run() }

// gradient computes those of filter k. With g the gradient behind the normalisation, G
// its sum and D = sum of g*x that of the folded filter,
//
//	dbias = G    dw = scale*D    db = scale*G    dweight = (w.D + (b - mean)*G)/std
//
// because the sum of g*(w*x) is w.D: the convolution's own result is not needed.
func (f *fold) gradient(k int) {
	size := len(f.w) / len(f.b)
	d, w := f.weight.Grad[k*size:][:size], f.weight.Data[k*size:][:size]
	sum, offset, scale := float64(f.sums[k]), -float64(f.norm.mean.data[k]), f.scale[k]
	if f.bias != nil {
		offset += float64(f.bias.Data[k])
		f.bias.Grad[k] = scale * f.sums[k]
	}
	dot := float64(offset * sum)
	for i, v := range d {
		dot += float64(w[i]) * float64(v) // exact, so that it is the same fused or not
		d[i] = scale * v
	}
	f.norm.bias.Grad[k] = f.sums[k]
	f.norm.weight.Grad[k] = float32(dot / math.Sqrt(float64(f.norm.variance.data[k])+f.norm.epsilon))
}
