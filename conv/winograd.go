package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// winograd is a convolution of stride 1 with 3x3 or 5x5 filters by Winograd's
// minimal filtering (see simd/winograd_generic.go): 36 multiplications for a
// tile of 4x4 outputs (3x3 filters, instead of 144) or of 2x2 outputs (5x5,
// instead of 100). The backward passes are the transposes of the forward one, so
// they save as much.
//
// The 36 points of a tile are 36 matrix products over channels. Data are
// channels-last here: a tile is transformed 16 channels at a time, and the rows
// of a product are tiles. A worker takes a few whole images through all three
// steps in its own scratch memory.
type winograd struct {
	shape  Shape
	engine *tensor.Engine

	m          int // side of a tile of outputs
	down, over int // tiles of an image
	rows, cols int // of an image padded to whole tiles
	images     int // of a task
	prepared   int // images multiplied together for the weights

	// Operands of the current run.
	x, y       tensor.Tensor
	w, bias    []float32
	dw, dbias  []float32
	accumulate bool
	relu       int
	first, n   int // the images prepared
}

const (
	lanes    = simd.WinogradLanes
	tileSide = 6 // of a tile of inputs
	points   = tileSide * tileSide
)

// fewTiles is the number of tiles from which on a product of one point is worth
// its transforms' filters.
const fewTiles = 28

// winogradFits says whether the shape can be computed by this algorithm and is
// worth it. It is a function of the shape alone: every instruction set and
// machine makes the same choice.
func winogradFits(s Shape) bool {
	return s.Stride == 1 && s.Groups == 1 && s.R == s.S && (s.R == 3 || s.R == 5) &&
		s.C%lanes == 0 && s.K%lanes == 0 && s.C >= 2*lanes && s.K >= 2*lanes &&
		s.PadH < s.R && s.PadW < s.S
}

func newWinograd(e *tensor.Engine, s Shape) *winograd {
	p := &winograd{shape: s, engine: e, m: tileSide + 1 - s.R}
	p.down = (s.OutH() + p.m - 1) / p.m
	p.over = (s.OutW() + p.m - 1) / p.m
	p.rows = p.down*p.m + tileSide - p.m
	p.cols = p.over*p.m + tileSide - p.m
	p.images = min(s.N, (fewTiles+p.tiles()-1)/p.tiles())
	p.prepared = min(s.N, max(1, 2*preparedBytes/4/(points*p.tiles()*(s.C+s.K))))
	return p
}

// tiles returns the number of tiles of an image.
func (p *winograd) tiles() int { return p.down * p.over }

// filters returns the number of transformed weights.
func (p *winograd) filters() int { return points * p.shape.C * p.shape.K }

// slab returns the size of 16 channels of an image, as inputs or as outputs.
func (p *winograd) slab() int {
	return max(p.rows*p.cols, p.down*p.m*p.over*p.m, p.shape.H*p.shape.W) * lanes
}

func (p *winograd) reserve() {
	s := p.shape
	small := 2*p.slab() + s.R*s.S*max(s.C, s.K)
	p.engine.Reserve(p.filters(), small+points*p.images*p.tiles()*(s.C+s.K))
}

func (p *winograd) reserveWeights() {
	s := p.shape
	p.engine.Reserve(p.filters()+points*p.prepared*p.tiles()*(s.C+s.K)+s.N*s.K, p.slab()+s.R*s.S*s.C+points*s.C)
}

// block is the width of the panels in which the transformed filters are stored,
// so that a register tile reads one contiguous stretch.
func block(columns int) int {
	const width = 32
	if columns%width == 0 {
		return width
	}
	return lanes
}

// forward computes y = act(w * x + bias).
func (p *winograd) forward(y, x tensor.Tensor, w, bias []float32, relu bool) {
	p.x, p.y, p.w, p.bias, p.relu = x, y, w, bias, 0
	if relu {
		p.relu = 1
	}
	p.engine.Run(p.shape.C, (*winogradFilters)(p))
	p.engine.Run((x.N+p.images-1)/p.images, (*winogradForward)(p))
}

// backwardData computes dx = (or +=) w^T * dy.
func (p *winograd) backwardData(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	p.x, p.y, p.w, p.accumulate = dx, dy, w, accumulate
	p.engine.Run(p.shape.K, (*winogradFiltersT)(p))
	p.engine.Run((dy.N+p.images-1)/p.images, (*winogradBackward)(p))
}

// backwardWeights computes dw = dy * x^T and dbias.
func (p *winograd) backwardWeights(dw, dbias []float32, x, dy tensor.Tensor) {
	p.x, p.y, p.dw, p.dbias = x, dy, dw, dbias
	for p.first = 0; p.first < x.N; p.first += p.n {
		p.n = min(p.prepared, x.N-p.first)
		p.engine.Run(p.n, (*winogradPrepare)(p))
		p.engine.Run(points*p.shape.C/block(p.shape.C), (*winogradMultiply)(p))
	}
	p.engine.Run(p.shape.K, (*winogradFinish)(p))
}

// winogradFilters transforms the filters of one input channel, 16 filters at a
// time, to shared[point][k/block][c][k%block].
type winogradFilters winograd

func (p *winogradFilters) Do(c, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.R * s.S
	byTap := p.engine.Scratch(worker)
	kernels.Transpose(&byTap[0], &p.w[c*area], s.K, area, s.K, s.C*area)
	width := block(s.K)
	for k := 0; k < s.K; k += width {
		kernels.WinogradFilter(&p.engine.Shared()[(k*s.C)+c*width], &byTap[k], s.R, width/lanes,
			s.C*s.K, lanes, s.K, lanes)
	}
}

// winogradFiltersT transforms one filter, 16 channels at a time, to
// shared[point][c/block][k][c%block].
type winogradFiltersT winograd

func (p *winogradFiltersT) Do(k, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.R * s.S
	byTap := p.engine.Scratch(worker)
	kernels.Transpose(&byTap[0], &p.w[k*s.C*area], s.C, area, s.C, area)
	width := block(s.C)
	for c := 0; c < s.C; c += width {
		kernels.WinogradFilter(&p.engine.Shared()[(c*s.K)+k*width], &byTap[c], s.R, width/lanes,
			s.C*s.K, lanes, s.C, lanes)
	}
}

// inputs transforms the tiles of one image, padded, to dst[point][tile][channel].
func (p *winograd) inputs(dst []float32, dstPoint int, image, slab []float32) {
	s := p.shape
	kernels := p.engine.Kernels
	plane := s.H * s.W
	for c := 0; c < s.C; c += lanes {
		p.pad(slab, image[c*plane:], s.H, s.W, s.PadH, s.PadW, p.rows, p.cols)
		for i := range p.down {
			kernels.WinogradInput(&dst[i*p.over*s.C+c], &slab[i*p.m*p.cols*lanes], p.over,
				dstPoint, s.C, p.cols*lanes, p.m*lanes)
		}
	}
}

// outputGradients transforms the tiles of one output gradient to
// dst[point][tile][filter].
func (p *winograd) outputGradients(dst []float32, dstPoint int, dy, slab []float32) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.OutH() * s.OutW()
	rows, cols := p.down*p.m, p.over*p.m
	for k := 0; k < s.K; k += lanes {
		p.pad(slab, dy[k*area:], s.OutH(), s.OutW(), 0, 0, rows, cols)
		for i := range p.down {
			kernels.WinogradOutputAdjoint(&dst[i*p.over*s.K+k], &slab[i*p.m*cols*lanes], p.m, p.over,
				dstPoint, s.K, cols*lanes, p.m*lanes)
		}
	}
}

// pad turns 16 planes of h x w channels-last, in the middle of zeros: rows x cols
// in all, the planes beginning at row top, column left.
func (p *winograd) pad(slab, planes []float32, h, w, top, left, rows, cols int) {
	transpose := p.engine.Kernels.Transpose
	if h == rows && w == cols {
		p.channelsLast(slab, planes, h*w)
		return
	}
	clear(slab[:top*cols*lanes])
	for y := range min(h, rows-top) {
		row := slab[(top+y)*cols*lanes:][:cols*lanes]
		clear(row[:left*lanes])
		n := min(w, cols-left)
		transpose(&row[left*lanes], &planes[y*w], lanes, n, lanes, h*w)
		clear(row[(left+n)*lanes:])
	}
	if top+h < rows {
		clear(slab[(top+h)*cols*lanes : rows*cols*lanes])
	}
}

func (p *winograd) channelsLast(slab, planes []float32, plane int) {
	for i := 0; i < plane; i += maxTranspose {
		p.engine.Kernels.Transpose(&slab[i*lanes], &planes[i], lanes, min(maxTranspose, plane-i), lanes, plane)
	}
}

// unpad writes (or adds) the middle of a channels-last slab to 16 planes.
func (p *winograd) unpad(planes, slab, spare []float32, h, w, top, left, cols int, accumulate bool) {
	kernels := p.engine.Kernels
	dst := planes
	if accumulate {
		dst = spare
	}
	if w == cols {
		for i := 0; i < h*w; i += maxTranspose {
			kernels.Transpose(&dst[i], &slab[(top*cols+i)*lanes], min(maxTranspose, h*w-i), lanes, h*w, lanes)
		}
	} else {
		for y := range h {
			kernels.Transpose(&dst[y*w], &slab[((top+y)*cols+left)*lanes], w, lanes, h*w, lanes)
		}
	}
	if accumulate {
		kernels.Add(planes[:lanes*h*w], spare[:lanes*h*w])
	}
}

// multiply computes, for every point, dst[tile][column] = src[tile][inner] *
// filters[inner][column].
func (p *winograd) multiply(dst, src []float32, tiles, inner, columns int) {
	kernels := p.engine.Kernels
	width := block(columns)
	cut := tensor.CutTiles(tiles, kernels.MR)
	for point := range points {
		filters := p.engine.Shared()[point*inner*columns:][:inner*columns]
		a, c := src[point*tiles*inner:], dst[point*tiles*columns:]
		for j := 0; j < columns; j += width {
			for k0 := 0; k0 < inner; k0 += depth {
				kc := min(depth, inner-k0)
				mode := simd.FromC
				if k0 == 0 {
					mode = simd.FromZero
				}
				for i := 0; i < width; i += kernels.NR {
					n := min(kernels.NR, width-i)
					b := filters[j*inner+k0*width+i:]
					for t := range cut.Count {
						row, m := cut.Tile(t)
						kernels.Gemm(&c[row*columns+j+i], &a[row*inner+k0], &b[0], nil,
							columns, inner, 1, width, 0, m, n, kc, 1, mode)
					}
				}
			}
		}
	}
}

// winogradForward computes the outputs of a few images.
type winogradForward winograd

func (q *winogradForward) Do(task, worker int) {
	p := (*winograd)(q)
	s := p.shape
	kernels := p.engine.Kernels
	first := task * p.images
	images := min(p.images, p.x.N-first)
	tiles := images * p.tiles()
	cut := cutter(p.engine.Scratch(worker))
	slab := cut.take(p.slab())
	in, out := cut.take(points*tiles*s.C), cut.take(points*tiles*s.K)
	for i := range images {
		p.inputs(in[i*p.tiles()*s.C:], tiles*s.C, p.x.Image(first+i), slab)
	}
	p.multiply(out, in, tiles, s.C, s.K)
	area := s.OutH() * s.OutW()
	cols := p.over * p.m
	for i := range images {
		y := p.y.Image(first + i)
		for k := 0; k < s.K; k += lanes {
			var bias *float32
			if p.bias != nil {
				bias = &p.bias[k]
			}
			for r := range p.down {
				kernels.WinogradOutput(&slab[r*p.m*cols*lanes], &out[(i*p.tiles()+r*p.over)*s.K+k], bias, p.m, p.over,
					cols*lanes, p.m*lanes, tiles*s.K, s.K, p.relu)
			}
			p.unpad(y[k*area:], slab, nil, s.OutH(), s.OutW(), 0, 0, cols, false)
		}
	}
}

// winogradBackward computes the input gradients of a few images.
type winogradBackward winograd

func (q *winogradBackward) Do(task, worker int) {
	p := (*winograd)(q)
	s := p.shape
	kernels := p.engine.Kernels
	first := task * p.images
	images := min(p.images, p.y.N-first)
	tiles := images * p.tiles()
	cut := cutter(p.engine.Scratch(worker))
	slab, spare := cut.take(p.slab()), cut.take(p.slab())
	in, out := cut.take(points*tiles*s.C), cut.take(points*tiles*s.K)
	for i := range images {
		p.outputGradients(out[i*p.tiles()*s.K:], tiles*s.K, p.y.Image(first+i), slab)
	}
	p.multiply(in, out, tiles, s.K, s.C)
	plane := s.H * s.W
	for i := range images {
		dx := p.x.Image(first + i)
		for c := 0; c < s.C; c += lanes {
			clear(slab[:p.rows*p.cols*lanes])
			for r := range p.down {
				kernels.WinogradInputAdjoint(&slab[r*p.m*p.cols*lanes], &in[(i*p.tiles()+r*p.over)*s.C+c], p.over,
					p.cols*lanes, p.m*lanes, tiles*s.C, s.C)
			}
			p.unpad(dx[c*plane:], slab, spare, s.H, s.W, s.PadH, s.PadW, p.cols, p.accumulate)
		}
	}
}

// parts returns the shared memory of the backward pass to the weights: the
// transformed gradient [point][k][c], the tiles of the inputs and of the output
// gradients [point][tile][channel], and the sums of dy over the pixels.
func (p *winograd) parts() (u, in, out, sums []float32) {
	s := p.shape
	cut := cutter(p.engine.Shared())
	tiles := p.prepared * p.tiles()
	return cut.take(p.filters()), cut.take(points * tiles * s.C), cut.take(points * tiles * s.K), cut.take(s.N * s.K)
}

// winogradPrepare transforms one image and its output gradient.
type winogradPrepare winograd

func (q *winogradPrepare) Do(task, worker int) {
	p := (*winograd)(q)
	s := p.shape
	_, in, out, sums := p.parts()
	cut := cutter(p.engine.Scratch(worker))
	slab := cut.take(p.slab())
	tiles := p.n * p.tiles()
	dy := p.y.Image(p.first + task)
	p.inputs(in[task*p.tiles()*s.C:], tiles*s.C, p.x.Image(p.first+task), slab)
	p.outputGradients(out[task*p.tiles()*s.K:], tiles*s.K, dy, slab)
	if p.dbias != nil {
		area := s.OutH() * s.OutW()
		for k := range s.K {
			sums[(p.first+task)*s.K+k] = p.engine.Kernels.Sum(dy[k*area:][:area])
		}
	}
}

// winogradMultiply adds the prepared images' share to one point's panel of the
// transformed gradient: [k][c] += [tile][k]^T [tile][c].
type winogradMultiply winograd

func (q *winogradMultiply) Do(task, _ int) {
	p := (*winograd)(q)
	s := p.shape
	kernels := p.engine.Kernels
	u, in, out, _ := p.parts()
	width := block(s.C)
	point, c := task/(s.C/width), task%(s.C/width)*width
	tiles := p.n * p.tiles()
	a, b, dst := out[point*tiles*s.K:], in[point*tiles*s.C:], u[point*s.K*s.C:]
	cut := tensor.CutTiles(s.K, kernels.MR)
	for t0 := 0; t0 < tiles; t0 += depth {
		count := min(depth, tiles-t0)
		mode := simd.FromC
		if p.first == 0 && t0 == 0 {
			mode = simd.FromZero
		}
		for i := 0; i < width; i += kernels.NR {
			n := min(kernels.NR, width-i)
			for t := range cut.Count {
				k, m := cut.Tile(t)
				kernels.Gemm(&dst[k*s.C+c+i], &a[t0*s.K+k], &b[t0*s.C+c+i], nil,
					s.C, 1, s.K, s.C, 0, m, n, count, 1, mode)
			}
		}
	}
}

// winogradFinish transforms the gradient of one filter back and adds up its bias.
type winogradFinish winograd

func (q *winogradFinish) Do(k, worker int) {
	p := (*winograd)(q)
	s := p.shape
	kernels := p.engine.Kernels
	u, _, _, sums := p.parts()
	cut := cutter(p.engine.Scratch(worker))
	area := s.R * s.S
	byTap := cut.take(area * s.C)
	kernels.WinogradFilterAdjoint(&byTap[0], &u[k*s.C], s.R, s.C/lanes, s.C, lanes, s.K*s.C, lanes)
	kernels.Transpose(&p.dw[k*s.C*area], &byTap[0], area, s.C, area, s.C)
	if p.dbias != nil {
		var sum float32
		for n := range p.x.N {
			sum += sums[n*s.K+k]
		}
		p.dbias[k] = sum
	}
}

// cutter hands out consecutive parts of scratch memory.
type cutter []float32

func (c *cutter) take(n int) []float32 {
	part := (*c)[:n]
	*c = (*c)[n:]
	return part
}
