package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// weights is the backward pass to the weights: filters x pixels times pixels x
// taps. The images are first turned to channels-last, padded, so that for one
// row r of the filter the S*C values that a pixel meets are contiguous: a panel
// of B is then read in place, its rows stride*C elements apart. Where the
// channels fill whole panels, each block of NR channels lies on its own instead,
// which the caches like better than rows a power of two apart.
//
// A few images at a time are prepared (in parallel over images) and multiplied
// (in parallel over the panels and tiles of dw). Each element of dw stays one
// chain of multiply-adds over all images and pixels in order.
type weights struct {
	shape  Shape
	engine *tensor.Engine

	channels, filters int // of a group
	rows, cols        int // of a padded image
	tiles             tensor.Tiles
	panels            int // of a row of the filter
	block             int // channels that lie together
	images            int // prepared together
	callRows          int // output rows of one kernel call

	// Operands of the current run and its images.
	dw, dbias []float32
	x, dy     tensor.Tensor
	first, n  int
}

// preparedBytes is the size of the images prepared together: they stay in the
// second-level cache until they are multiplied.
const preparedBytes = 512 << 10

// callPixels bounds the inner dimension of one kernel call.
const callPixels = 2048

// maxTranspose bounds the columns of one Transpose call.
const maxTranspose = 2048

func newWeights(e *tensor.Engine, s Shape) *weights {
	p := &weights{shape: s, engine: e, channels: s.C / s.Groups, filters: s.K / s.Groups}
	p.rows, p.cols = s.H+2*s.PadH, s.W+2*s.PadW
	p.tiles = tensor.CutTiles(p.filters, e.Kernels.MR)
	p.panels = (s.S*p.channels + e.Kernels.NR - 1) / e.Kernels.NR
	p.block = p.channels
	if p.channels%e.Kernels.NR == 0 {
		p.block = e.Kernels.NR
	}
	p.images = min(s.N, max(e.Threads(), preparedBytes/4/(p.xSize()+p.dySize())))
	p.callRows = max(1, callPixels/s.OutW())
	e.Reserve(p.images*(p.xSize()+p.dySize())+s.Weights()+s.N*s.K, 0)
	return p
}

func (p *weights) xSize() int  { return p.shape.C * p.rows * p.cols }
func (p *weights) dySize() int { return p.shape.K * p.shape.OutH() * p.shape.OutW() }

// The parts of the shared memory: the images, channels-last by group; the output
// gradient, interleaved tile by tile; dw in the order K, R, S, C; the sums of
// dy over the pixels of each image.
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
	for g := range s.Groups {
		for t := range p.tiles.Count {
			f, m := p.tiles.Tile(t)
			f += g * p.filters
			to, from := dys[task*q.dySize()+f*area:], dy[f*area:]
			for i := 0; i < area; i += maxTranspose {
				kernels.Transpose(&to[i*m], &from[i], m, min(maxTranspose, area-i), m, area)
			}
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

func (p *weightsMultiply) Do(task, _ int) {
	s := p.shape
	kernels := p.engine.Kernels
	q := (*weights)(p)
	xs, dys, dw, _ := q.parts()
	t := task % p.tiles.Count
	task /= p.tiles.Count
	j := task % p.panels * kernels.NR
	task /= p.panels
	r, g := task%s.R, task/s.R

	inner := p.channels * s.R * s.S
	outH, outW := s.OutH(), s.OutW()
	area := outH * outW
	f, m := p.tiles.Tile(t)
	f += g * p.filters
	n := min(kernels.NR, s.S*p.channels-j)
	c := &dw[f*inner+r*s.S*p.channels+j]
	// Column j of the panels is channel j%channels of tap column j/channels.
	at := (j/p.channels*p.block + j%p.channels/p.block*p.block*p.rows*p.cols) + j%p.block
	bRow := s.Stride * p.block
	bJump := s.Stride * p.cols * p.block
	mode := simd.FromC
	if p.first == 0 {
		mode = simd.FromZero
	}
	for i := range p.n {
		x := xs[i*q.xSize()+g*p.channels*p.rows*p.cols:]
		dy := dys[i*q.dySize()+f*area:]
		for y := 0; y < outH; y += p.callRows {
			rows := min(p.callRows, outH-y)
			kernels.Gemm(c, &dy[y*outW*m], &x[(y*s.Stride+r)*p.cols*p.block+at], nil,
				inner, 1, m, bRow, bJump, m, n, outW, rows, mode, nil)
			mode = simd.FromC
		}
	}
}

// weightsFinish puts the weights of one filter in the order C, R, S and adds up
// its bias.
type weightsFinish weights

func (p *weightsFinish) Do(k, _ int) {
	s := p.shape
	_, _, dw, sums := (*weights)(p).parts()
	inner := p.channels * s.R * s.S
	p.engine.Kernels.Transpose(&p.dw[k*inner], &dw[k*inner], s.R*s.S, p.channels, s.R*s.S, p.channels)
	if p.dbias != nil {
		var sum float32
		for n := range p.x.N {
			sum += sums[n*s.K+k]
		}
		p.dbias[k] = sum
	}
}
