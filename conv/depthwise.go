package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// depthwise is a convolution in which every channel has a filter of its own. It
// has no product to block: a kernel slides the filter over a plane at a time, where
// it lies or, for shapes that the kernel set does not take so, copied to the cache,
// padded and parted by the stride. Memory is read and written once, which is what its
// time goes into.
//
// The backward pass to the data is the same on the gradient, padded ones a phase of the
// stride at a time, with the filter turned around. That to the weights adds up each
// plane in 16 virtual lanes and the planes in the order of the images.
type depthwise struct {
	shape  Shape
	engine *tensor.Engine
	block  int // channels of a task
	planes []tensor.PerWorker[simd.DepthwisePlane]

	inPlace bool // whether the kernels read planes that are not padded
	most    int  // planes of a call of these
	runs    []tensor.PerWorker[simd.DepthwiseRows]

	rows, cols int     // of a phase of a padded plane
	taps       []int32 // where each tap meets it
	lines      []int32 // offsets of the rows of a plane of the input
	outLines   []int32 // of the output

	// Of the backward pass to the data.
	spans              [2][]span // rows and columns of the phases
	padRows, padCols   int       // around the gradient
	gradRows, gradCols int       // of the padded gradient
	phases             []depthwisePhase

	pitch int // distance of the gradient's rows in the backward pass to the weights

	// Operands of the current run.
	y, x, dx, dy tensor.Tensor
	w, bias      []float32
	dw, dbias    []float32
	act          simd.Activation
	accumulate   bool
}

// depthwisePhase is the pixels of the input that meet the same taps.
type depthwisePhase struct {
	rows, n int
	weights []int32 // of the taps, in the filter
	taps    []int32 // where they meet the gradient
	at      int     // its results in scratch memory
}

// Elements that a kernel may read behind a plane.
const depthwiseSlack = 16

// depthwiseFits reports whether a shape is computed by depthwise.
func depthwiseFits(s Shape) bool { return s.Groups > 1 && s.C == s.Groups && s.K == s.Groups }

// readsInPlace reports whether the kernels need no padded planes of a shape.
func readsInPlace(kernels *simd.Kernels, s Shape) bool {
	const leastRows, most = 4, 8 // see simd.DepthwiseRows
	run := rowsOf(s)
	return s.Stride <= 2 && s.R == s.S && (s.R == 3 || s.R == 5) && min(s.H, s.OutH()) >= leastRows && max(s.PadH, s.PadW) <= most &&
		(s.OutW()-1)*s.Stride < s.W+most && (s.W-1+s.PadW)/s.Stride < s.OutW()+most && kernels.DepthwiseInPlace(&run)
}

func newDepthwise(e *tensor.Engine, s Shape) *depthwise {
	// A task is enough to be worth it, and every pass has tasks for many workers.
	const taskElements, leastTasks = 64 << 10, 16
	p := &depthwise{shape: s, engine: e, planes: make([]tensor.PerWorker[simd.DepthwisePlane], e.Threads())}
	p.block = max(1, min(taskElements/(s.H*s.W), (s.C+leastTasks-1)/leastTasks))
	if readsInPlace(e.Kernels, s) {
		const multiplyAdds = 256 << 10 // of a call
		p.inPlace, p.most = true, max(1, multiplyAdds/(max(s.H*s.W, p.area())*s.R*s.S))
		p.runs = make([]tensor.PerWorker[simd.DepthwiseRows], e.Threads())
		e.Reserve(0, 0) // none, but a closed engine is refused
		return p
	}
	p.rows = (s.H + 2*s.PadH + s.ExtraH + s.Stride - 1) / s.Stride
	p.cols = (s.W + 2*s.PadW + s.ExtraW + s.Stride - 1) / s.Stride
	for r := range s.R {
		for q := range s.S {
			phase := r%s.Stride*s.Stride + q%s.Stride
			p.taps = append(p.taps, int32((phase*p.rows+r/s.Stride)*p.cols+q/s.Stride))
		}
	}
	p.lines, p.outLines = rowOffsets(s.H, s.W), rowOffsets(s.OutH(), s.OutW())
	e.Reserve(0, p.inputSize())
	return p
}

// rowsOf returns what the forward pass is to the kernels.
func rowsOf(s Shape) simd.DepthwiseRows {
	return simd.DepthwiseRows{Side: s.R, Stride: s.Stride, Rows: s.OutH(), N: s.OutW(), XRows: s.H, XN: s.W, Top: s.PadH, Left: s.PadW}
}

// rowOffsets returns the offsets of the rows of a plane.
func rowOffsets(h, w int) []int32 {
	offsets := make([]int32, h)
	for i := range offsets {
		offsets[i] = int32(i * w)
	}
	return offsets
}

func (p *depthwise) inputSize() int {
	return p.shape.Stride*p.shape.Stride*p.rows*p.cols + depthwiseSlack
}

func (p *depthwise) blocks() int { return (p.shape.C + p.block - 1) / p.block }

// channels returns the channels of block b.
func (p *depthwise) channels(b int) (lo, hi int) {
	return b * p.block, min((b+1)*p.block, p.shape.C)
}

// side returns the Side of a simd.DepthwisePlane.
func (p *depthwise) side() int {
	s := p.shape
	if s.Stride == 1 && s.R == s.S && (s.R == 3 || s.R == 5) {
		return s.R
	}
	return 0
}

func (p *depthwise) area() int { return p.shape.OutH() * p.shape.OutW() }

// copyRows copies a plane of h x w to rows that are dstRow apart.
func copyRows(kernels *simd.Kernels, dst, plane []float32, offsets []int32, dstRow, w int) {
	const most = 1<<16 - 1 // elements of a call
	step := max(1, most/w)
	for i := 0; i < len(offsets); i += step {
		kernels.Gather(&dst[i*dstRow], &plane[0], &offsets[i], min(step, len(offsets)-i), dstRow, w)
	}
}

// clearAround clears what is not the h x w elements, cols apart, of a plane that
// begins at row top and column left.
func clearAround(dst []float32, cols, top, left, h, w int) {
	clear(dst[:top*cols])
	for y := top; y < top+h; y++ {
		clear(dst[y*cols:][:left])
		clear(dst[y*cols+left+w : (y+1)*cols])
	}
	clear(dst[(top+h)*cols:])
}

// clearPadding clears what fill does not write.
func (p *depthwise) clearPadding(dst []float32) {
	if p.shape.Stride > 1 {
		clear(dst)
		return
	}
	clearAround(dst, p.cols, p.shape.PadH, p.shape.PadW, p.shape.H, p.shape.W)
}

// fill copies a plane of the input into its padding, columns and rows parted by the
// stride.
func (p *depthwise) fill(dst, plane []float32) {
	s, kernels := p.shape, p.engine.Kernels
	at := func(y, x int) int {
		y, x = y+s.PadH, x+s.PadW
		phase := y%s.Stride*s.Stride + x%s.Stride
		return (phase*p.rows+y/s.Stride)*p.cols + x/s.Stride
	}
	switch {
	case s.Stride == 1:
		copyRows(kernels, dst[at(0, 0):], plane, p.lines, p.cols, s.W)
	case s.Stride == 2 && s.W > 1:
		for y := range min(2, s.H) {
			kernels.Deinterleave2(&dst[at(y, 0)], &dst[at(y, 1)], &plane[y*s.W], (s.H-y+1)/2, s.W/2, p.cols, 2*s.W)
		}
		if s.W%2 != 0 {
			for y := range s.H {
				dst[at(y, s.W-1)] = plane[(y+1)*s.W-1]
			}
		}
	default:
		for y := range s.H {
			for x := range s.W {
				dst[at(y, x)] = plane[y*s.W+x]
			}
		}
	}
}

func (p *depthwise) forward(y, x tensor.Tensor, w, bias []float32, act simd.Activation) {
	p.y, p.x, p.w, p.bias, p.act = y, x, w, bias, act
	p.engine.Run(x.N*p.blocks(), depthwiseForward{p})
}

// depthwiseForward computes a block of channels of an image.
type depthwiseForward struct{ *depthwise }

func (p depthwiseForward) Do(task, worker int) {
	s := p.shape
	if p.inPlace {
		p.inRows(task, worker)
		return
	}
	x, y := p.x.Image(task/p.blocks()), p.y.Image(task/p.blocks())
	padded := p.engine.Scratch(worker)[:p.inputSize()]
	p.clearPadding(padded)
	run := &p.planes[worker].Value
	*run = simd.DepthwisePlane{X: &padded[0], Offsets: &p.taps[0], Taps: len(p.taps),
		Side: p.side(), Rows: s.OutH(), N: s.OutW(), YRow: s.OutW(), XRow: p.cols, Act: p.act}
	lo, hi := p.channels(task % p.blocks())
	for c := lo; c < hi; c++ {
		p.fill(padded, x[c*s.H*s.W:][:s.H*s.W])
		run.Y, run.W = &y[c*p.area()], &p.w[c*len(p.taps)]
		if p.bias != nil {
			run.Bias = p.bias[c]
		}
		p.engine.Kernels.Depthwise(run)
	}
}

func (p depthwiseForward) inRows(task, worker int) {
	s, taps, n := p.shape, p.shape.R*p.shape.S, task/p.blocks()
	run := &p.runs[worker].Value
	*run = rowsOf(s)
	run.Act = p.act
	lo, hi := p.channels(task % p.blocks())
	for c := lo; c < hi; c += p.most {
		run.Planes = min(p.most, hi-c)
		run.Y, run.X, run.W = &p.y.Image(n)[c*p.area()], &p.x.Image(n)[c*s.H*s.W], &p.w[c*taps]
		if p.bias != nil {
			run.Bias = &p.bias[c]
		}
		p.engine.Kernels.DepthwiseRows(run)
	}
}

func (p *depthwise) planBackwardData() {
	s := p.shape
	if p.inPlace {
		p.engine.Reserve(0, s.H*s.W)
		return
	}
	p.spans = [2][]span{spans(s.H, s.PadH, s.R, s.Stride), spans(s.W, s.PadW, s.S, s.Stride)}
	p.padRows, p.padCols = padding(p.spans[0], s.OutH()), padding(p.spans[1], s.OutW())
	p.gradRows, p.gradCols = s.OutH()+2*p.padRows, s.OutW()+2*p.padCols
	at := 0
	for _, y := range p.spans[0] {
		for _, x := range p.spans[1] {
			f := depthwisePhase{rows: y.n, n: x.n, at: at}
			for u := range y.taps {
				for v := range x.taps {
					f.weights = append(f.weights, int32((y.tap+u*s.Stride)*s.S+x.tap+v*s.Stride))
					f.taps = append(f.taps, int32((p.padRows+y.from-u)*p.gradCols+p.padCols+x.from-v))
				}
			}
			at += y.n * x.n
			p.phases = append(p.phases, f)
		}
	}
	p.engine.Reserve(0, p.gradSize()+2*s.H*s.W+s.R*s.S)
}

func (p *depthwise) gradSize() int { return p.gradRows*p.gradCols + depthwiseSlack }

func (p *depthwise) backwardData(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	p.dx, p.dy, p.w, p.accumulate = dx, dy, w, accumulate
	p.engine.Run(dy.N*p.blocks(), depthwiseData{p})
}

// depthwiseData computes the input gradient of a block of channels of an image.
type depthwiseData struct{ *depthwise }

func (p depthwiseData) Do(task, worker int) {
	s, kernels := p.shape, p.engine.Kernels
	if p.inPlace {
		p.inRows(task, worker)
		return
	}
	dx, dy := p.dx.Image(task/p.blocks()), p.dy.Image(task/p.blocks())
	size := s.H * s.W
	cut := arena(p.engine.Scratch(worker))
	padded, parts, sum, weights := cut.take(p.gradSize()), cut.take(size), cut.take(size), cut.take(len(p.taps))
	clearAround(padded, p.gradCols, p.padRows, p.padCols, s.OutH(), s.OutW())
	run := &p.planes[worker].Value
	*run = simd.DepthwisePlane{X: &padded[0], W: &weights[0], Side: p.side(), XRow: p.gradCols}
	lo, hi := p.channels(task % p.blocks())
	for c := lo; c < hi; c++ {
		copyRows(kernels, padded[p.padRows*p.gradCols+p.padCols:], dy[c*p.area():], p.outLines, p.gradCols, s.OutW())
		plane := dx[c*size:][:size]
		to := plane
		if p.accumulate {
			to = sum
		}
		results := parts
		if s.Stride == 1 {
			results = to
		}
		for i := range p.phases {
			f := &p.phases[i]
			if len(f.taps) == 0 { // a stride beyond the filter's size skips pixels
				clear(results[f.at:][:f.rows*f.n])
				continue
			}
			for k, at := range f.weights {
				weights[k] = p.w[c*len(p.taps)+int(at)]
			}
			run.Y, run.YRow = &results[f.at], f.n
			run.Offsets, run.Taps, run.Rows, run.N = &f.taps[0], len(f.taps), f.rows, f.n
			kernels.Depthwise(run)
		}
		if s.Stride > 1 {
			p.unite(to, parts)
		}
		if p.accumulate {
			kernels.Add(plane, sum)
		}
	}
}

func (p depthwiseData) inRows(task, worker int) {
	s, kernels, n := p.shape, p.engine.Kernels, task/p.blocks()
	size, taps, most := s.H*s.W, s.R*s.S, p.most
	var sum []float32
	if p.accumulate {
		sum, most = p.engine.Scratch(worker)[:size], 1
	}
	run := &p.runs[worker].Value
	*run = simd.DepthwiseRows{Side: s.R, Stride: s.Stride, Rows: s.H, N: s.W, XRows: s.OutH(), XN: s.OutW(), Top: s.PadH, Left: s.PadW, Turned: true}
	lo, hi := p.channels(task % p.blocks())
	for c := lo; c < hi; c += most {
		dx := p.dx.Image(n)[c*size:]
		run.Planes = min(most, hi-c)
		run.Y, run.X, run.W = &dx[0], &p.dy.Image(n)[c*p.area()], &p.w[c*taps]
		if p.accumulate {
			run.Y = &sum[0]
		}
		kernels.DepthwiseRows(run)
		if p.accumulate {
			kernels.Add(dx[:size], sum)
		}
	}
}

// unite puts a plane together from its phases.
func (p *depthwise) unite(plane, parts []float32) {
	s := p.shape
	width := len(p.spans[1])
	for i := range p.phases {
		f := &p.phases[i]
		y, x := p.spans[0][i/width].first, p.spans[1][i%width].first
		switch {
		case s.Stride == 2 && s.W%2 == 0:
			if x == 0 {
				p.engine.Kernels.Interleave2(&plane[y*s.W], &parts[f.at], &parts[p.phases[i+1].at], f.rows, f.n, 2*s.W, f.n)
			}
		default:
			for r := range f.rows {
				row := plane[(y+r*s.Stride)*s.W+x:]
				for j, v := range parts[f.at+r*f.n:][:f.n] {
					row[j*s.Stride] = v
				}
			}
		}
	}
}

func (p *depthwise) planBackwardWeights() {
	if p.inPlace {
		return
	}
	const lanes = 16
	p.pitch = (p.shape.OutW() + lanes - 1) / lanes * lanes
	p.engine.Reserve(0, p.inputSize()+p.shape.OutH()*p.pitch+p.shape.S)
}

func (p *depthwise) backwardWeights(dw, dbias []float32, x, dy tensor.Tensor) {
	p.dw, p.dbias, p.x, p.dy = dw, dbias, x, dy
	p.engine.Run(p.blocks(), depthwiseWeights{p})
}

// depthwiseWeights computes the weights' gradients of a block of channels.
type depthwiseWeights struct{ *depthwise }

func (p depthwiseWeights) Do(block, worker int) {
	s, kernels := p.shape, p.engine.Kernels
	if p.inPlace {
		p.inRows(block, worker)
		return
	}
	cut := arena(p.engine.Scratch(worker))
	padded, grad, sums := cut.take(p.inputSize()), cut.take(s.OutH()*p.pitch), cut.take(s.S)
	p.clearPadding(padded)
	clear(grad)
	run := &p.planes[worker].Value
	*run = simd.DepthwisePlane{X: &padded[0], W: &sums[0], Rows: s.OutH(), N: p.pitch, YRow: p.pitch, XRow: p.cols}
	lo, hi := p.channels(block)
	for c := lo; c < hi; c++ {
		dw := p.dw[c*len(p.taps):][:len(p.taps)]
		clear(dw)
		if p.dbias != nil {
			p.dbias[c] = 0
		}
		for n := range p.x.N {
			dy := p.dy.Image(n)[c*p.area():][:p.area()]
			p.fill(padded, p.x.Image(n)[c*s.H*s.W:][:s.H*s.W])
			run.Y = &dy[0]
			if p.pitch != s.OutW() {
				copyRows(kernels, grad, dy, p.outLines, p.pitch, s.OutW())
				run.Y = &grad[0]
			}
			p.addTaps(run, dw, sums)
			if p.dbias != nil {
				p.dbias[c] += kernels.Sum(dy)
			}
		}
	}
}

func (p depthwiseWeights) inRows(block, worker int) {
	s, taps := p.shape, p.shape.R*p.shape.S
	lo, hi := p.channels(block)
	clear(p.dw[lo*taps : hi*taps])
	if p.dbias != nil {
		clear(p.dbias[lo:hi])
	}
	run := &p.runs[worker].Value
	*run = rowsOf(s)
	for n := range p.x.N {
		x, dy := p.x.Image(n), p.dy.Image(n)
		for c := lo; c < hi; c += p.most {
			run.Planes = min(p.most, hi-c)
			run.Y, run.X, run.W = &dy[c*p.area()], &x[c*s.H*s.W], &p.dw[c*taps]
			p.engine.Kernels.DepthwiseRowsWeights(run)
		}
		if p.dbias != nil {
			for c := lo; c < hi; c++ {
				p.dbias[c] += p.engine.Kernels.Sum(dy[c*p.area():][:p.area()])
			}
		}
	}
}

// addTaps adds a plane's share to the gradients of its weights, a few of a row of
// the filter at a time.
func (p *depthwise) addTaps(run *simd.DepthwisePlane, dw, sums []float32) {
	const most = 5
	s := p.shape
	for first := 0; first < s.S; first += most {
		run.Taps = min(most, s.S-first)
		for r := range s.R {
			run.Offsets = &p.taps[r*s.S+first]
			p.engine.Kernels.DepthwiseWeights(run)
			for t, v := range sums[:run.Taps] {
				dw[r*s.S+first+t] += v
			}
		}
	}
}
