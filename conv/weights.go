package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// weights is the backward pass to the weights: filters x pixels times pixels x
// taps. The images are first turned to channels-last, padded, so that for one
// row r of the filter the S*C values that a pixel meets are contiguous: an
// operand is then read in place, the values of a pixel stride*C elements after
// those of the one before. Where the channels fill several panels, each block of
// NR channels lies on its own instead, which the caches like better than pixels a
// power of two apart.
//
// Where the filters fill whole panels and the channels don't fill several, the
// taps are the rows of the product and the filters its columns: 3 channels x 5
// taps would fill half a panel, of which the kernels load as often as they multiply.
//
// A few images at a time are prepared (in parallel over images) and multiplied
// (in parallel over the panels and tiles of dw). Each element of dw stays one
// chain of multiply-adds over all images and pixels in order.
type weights struct {
	shape  Shape
	engine *tensor.Engine

	channels, filters int          // of a group
	rows, cols        int          // of a padded image
	block             int          // channels that lie together
	swap              bool         // taps are the rows of the product
	height, width     int          // of the product, for one row of the filter
	tiles             tensor.Tiles // of its rows
	panels            int          // of its columns
	images            int          // prepared together
	callRows          int          // output rows of one kernel call

	// Operands of the current run and its images.
	dw, dbias []float32
	x, dy     tensor.Tensor
	first, n  int
}

// preparedBytes is the size of the images that a worker prepares at a time: they
// stay in the second-level cache until they are multiplied.
const preparedBytes = 512 << 10

// callPixels bounds the inner dimension of one kernel call.
const callPixels = 2048

// maxTranspose bounds the columns of one Transpose call.
const maxTranspose = 2048

func newWeights(e *tensor.Engine, s Shape) *weights {
	p := &weights{shape: s, engine: e, channels: s.C / s.Groups, filters: s.K / s.Groups}
	p.rows, p.cols = s.H+2*s.PadH, s.W+2*s.PadW
	nr := e.Kernels.NR
	p.block = p.channels
	if p.channels%nr == 0 {
		p.block = nr
	}
	p.height, p.width = p.filters, s.S*p.channels
	p.swap = p.block == p.channels && p.filters%nr == 0
	if p.swap {
		p.height, p.width = p.width, p.height
	}
	p.tiles = tensor.CutTiles(p.height, e.Kernels.MR)
	p.panels = (p.width + nr - 1) / nr
	p.images = min(s.N, e.Threads()*max(1, preparedBytes/4/(p.xSize()+p.dySize())))
	p.callRows = max(1, callPixels/s.OutW())
	e.Reserve(p.images*(p.xSize()+p.dySize())+s.Weights()+s.N*s.K, p.channels*s.R*s.S)
	return p
}

func (p *weights) xSize() int  { return p.shape.C * p.rows * p.cols }
func (p *weights) dySize() int { return p.shape.K * p.shape.OutH() * p.shape.OutW() }

// The parts of the shared memory: the images, channels-last by group; the output
// gradient, interleaved tile by tile (swapped: panel by panel); dw in the order K,
// R, S, C (swapped: group, R, S, C, K); the sums of dy over the pixels of each
// image.
func (p *weights) parts() (x, dy, dw, sums []float32) {
	s := p.engine.Shared()
	cut := func(n int) []float32 {
		part := s[:n]
		s = s[n:]
		return part
	}
	return cut(p.images * p.xSize()), cut(p.images * p.dySize()), cut(p.shape.Weights()), cut(p.shape.N * p.shape.K)
}

func (p *weights) run(dw, dbias []float32, x, dy tensor.Tensor) {
	p.dw, p.dbias, p.x, p.dy = dw, dbias, x, dy
	for p.first = 0; p.first < x.N; p.first += p.n {
		p.n = min(p.images, x.N-p.first)
		p.engine.Run(p.n, (*weightsPrepare)(p))
		p.engine.Run(p.shape.Groups*p.shape.R*p.panels*p.tiles.Count, (*weightsMultiply)(p))
	}
	p.engine.Run(p.shape.K, (*weightsFinish)(p))
}

// weightsPrepare turns one image and its output gradient into the operands.
type weightsPrepare weights

func (p *weightsPrepare) Do(task, _ int) {
	s := p.shape
	kernels := p.engine.Kernels
	q := (*weights)(p)
	xs, dys, _, sums := q.parts()
	x, dy := p.x.Image(p.first+task), p.dy.Image(p.first+task)
	area := s.OutH() * s.OutW()
	plane := s.H * s.W
	blockSize := p.block * p.rows * p.cols
	for b := range s.C / p.block {
		q.channelsLast(xs[task*q.xSize()+b*blockSize:][:blockSize], x[b*p.block*plane:])
	}
	interleave := func(f, m int) {
		to, from := dys[task*q.dySize()+f*area:], dy[f*area:]
		for i := 0; i < area; i += maxTranspose {
			kernels.Transpose(&to[i*m], &from[i], m, min(maxTranspose, area-i), m, area)
		}
	}
	for g := range s.Groups {
		if p.swap {
			for j := range p.panels {
				interleave(g*p.filters+j*kernels.NR, kernels.NR)
			}
			continue
		}
		for t := range p.tiles.Count {
			f, m := p.tiles.Tile(t)
			interleave(g*p.filters+f, m)
		}
	}
	if p.dbias != nil {
		for k := range s.K {
			sums[(p.first+task)*s.K+k] = kernels.Sum(dy[k*area:][:area])
		}
	}
}

// channelsLast turns a block of planes channels-last, inside the padding.
func (p *weights) channelsLast(dst, planes []float32) {
	s := p.shape
	transpose := p.engine.Kernels.Transpose
	plane := s.H * s.W
	if s.PadH == 0 && s.PadW == 0 {
		for i := 0; i < plane; i += maxTranspose {
			transpose(&dst[i*p.block], &planes[i], p.block, min(maxTranspose, plane-i), p.block, plane)
		}
		return
	}
	row := p.cols * p.block
	clear(dst[:s.PadH*row])
	for y := range s.H {
		to := dst[(y+s.PadH)*row:][:row]
		clear(to[:s.PadW*p.block])
		transpose(&to[s.PadW*p.block], &planes[y*s.W], p.block, s.W, p.block, plane)
		clear(to[(s.PadW+s.W)*p.block:])
	}
	clear(dst[(s.PadH+s.H)*row:])
}

// weightsMultiply adds the prepared images' share to one tile of dw.
type weightsMultiply weights

func (p *weightsMultiply) Do(number, _ int) {
	s := p.shape
	task := number
	kernels := p.engine.Kernels
	nr := kernels.NR
	q := (*weights)(p)
	xs, dys, dw, _ := q.parts()
	i, m := p.tiles.Tile(task % p.tiles.Count)
	task /= p.tiles.Count
	j := task % p.panels * nr
	n := min(nr, p.width-j)
	task /= p.panels
	r, g := task%s.R, task/s.R

	outH, outW := s.OutH(), s.OutW()
	area := outH * outW
	taps := s.S * p.channels
	inner := s.R * taps
	// The first tap and the first filter of the tile, and the distance between the
	// rows of dy's operand. Tap j is channel j%channels of the filter's column
	// j/channels.
	tap, f, dyRow := j, i, m
	first, cRow := (g*p.filters+i)*inner+r*taps+j, inner
	if p.swap {
		tap, f, dyRow = i, j, nr
		first, cRow = (g*inner+r*taps+i)*p.filters+j, p.filters
	}
	c := &dw[first]
	at := tap/p.channels*p.block + tap%p.channels/p.block*p.block*p.rows*p.cols + tap%p.block
	xRow := s.Stride * p.block
	xJump := s.Stride * p.cols * p.block
	bRow := xRow
	if p.swap {
		bRow = dyRow
	}
	var follows fetch
	if q.xSize()+q.dySize() <= preparedBytes/4 { // or they would push the present ones out
		tasks := s.Groups * s.R * p.panels * p.tiles.Count
		follows = fetchShare(p.x, p.dy, p.first+p.n, p.images, number, tasks, min(outH, p.callRows)*outW*bRow)
	}
	mode := simd.FromC
	if p.first == 0 {
		mode = simd.FromZero
	}
	for image := range p.n {
		x := xs[image*q.xSize()+g*p.channels*p.rows*p.cols:]
		dy := dys[image*q.dySize()+(g*p.filters+f)*area:]
		for y := 0; y < outH; y += p.callRows {
			rows := min(p.callRows, outH-y)
			x, dy := &x[(y*s.Stride+r)*p.cols*p.block+at], &dy[y*outW*dyRow]
			if p.swap {
				kernels.Gemm(c, x, dy, nil, cRow, 1, xRow, xJump, dyRow, outW*dyRow, m, n, outW, rows, mode, follows.next(rows*outW, bRow))
			} else {
				kernels.Gemm(c, dy, x, nil, cRow, 1, dyRow, outW*dyRow, xRow, xJump, m, n, outW, rows, mode, follows.next(rows*outW, bRow))
			}
			mode = simd.FromC
		}
	}
}

// weightsFinish puts the weights of one filter in the order C, R, S and adds up
// its bias.
type weightsFinish weights

func (p *weightsFinish) Do(k, worker int) {
	s := p.shape
	_, _, dw, sums := (*weights)(p).parts()
	inner := p.channels * s.R * s.S
	row := dw[k*inner:]
	if p.swap {
		row = p.engine.Scratch(worker)
		g, f := k/p.filters, k%p.filters
		for i := range inner {
			row[i] = dw[(g*inner+i)*p.filters+f]
		}
	}
	p.engine.Kernels.Transpose(&p.dw[k*inner], &row[0], s.R*s.S, p.channels, s.R*s.S, p.channels)
	if p.dbias != nil {
		var sum float32
		for n := range p.x.N {
			sum += sums[n*s.K+k]
		}
		p.dbias[k] = sum
	}
}
