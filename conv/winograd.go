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

	c, k       int // channels and filters of a group
	cp, kp     int // the same, rounded up to whole lanes
	m          int // side of a tile of outputs
	down, over int // tiles of an image
	rows, cols int // of an image padded to whole tiles
	images     int // of a task
	prepared   int // images multiplied together for the weights

	// Operands of the current run.
	x, y       tensor.Tensor
	w          []float32
	bias       []float32 // rounded up to whole lanes, nil if there is none
	biasLanes  []float32 // its memory
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
// reading its filters.
const fewTiles = 28

// winogradFits says whether the shape can be computed by this algorithm and is
// worth it. It is a function of the shape alone: every instruction set and
// machine makes the same choice.
func winogradFits(s Shape) bool {
	const fewChannels, fewFilters = 16, 12
	return s.Stride == 1 && s.R == s.S && (s.R == 3 || s.R == 5) && s.PadH < s.R && s.PadW < s.S &&
		s.C/s.Groups >= fewChannels && s.K/s.Groups >= fewFilters
}

func newWinograd(e *tensor.Engine, s Shape) *winograd {
	p := &winograd{shape: s, engine: e, m: tileSide + 1 - s.R, c: s.C / s.Groups, k: s.K / s.Groups}
	p.cp, p.kp = wholeLanes(p.c), wholeLanes(p.k)
	p.down = (s.OutH() + p.m - 1) / p.m
	p.over = (s.OutW() + p.m - 1) / p.m
	p.rows = p.down*p.m + tileSide - p.m
	p.cols = p.over*p.m + tileSide - p.m
	p.images = min(s.N, (fewTiles+p.tiles()-1)/p.tiles())
	p.prepared = min(s.N, e.Threads()*max(1, 2*preparedBytes/4/(s.Groups*points*p.tiles()*(p.cp+p.kp))))
	p.biasLanes = make([]float32, s.Groups*p.kp)
	return p
}

func wholeLanes(channels int) int { return (channels + lanes - 1) / lanes * lanes }

// tiles returns the number of tiles of an image.
func (p *winograd) tiles() int { return p.down * p.over }

// filters returns the number of transformed weights of a group.
func (p *winograd) filters() int { return points * apart(p.cp*p.kp) }

// slab returns the size of 16 channels of an image, as inputs or as outputs.
func (p *winograd) slab() int {
	return max(p.rows*p.cols, p.down*p.m*p.over*p.m, p.shape.H*p.shape.W) * lanes
}

// packed returns the size of a packed tile of A, on rows that need one.
func (p *winograd) packed() int {
	if !p.engine.Kernels.PackedA {
		return 0
	}
	return depth * p.engine.Kernels.MR
}

func (p *winograd) reserve() {
	s := p.shape
	images := 2*p.slab() + p.packed() + points*(apart(p.images*p.tiles()*p.cp)+apart(p.images*p.tiles()*p.kp))
	p.engine.Reserve(s.Groups*p.filters(), max(images, s.R*s.S*max(p.cp, p.kp)))
}

func (p *winograd) reserveWeights() {
	s := p.shape
	p.engine.Reserve(s.Groups*(p.filters()+points*(apart(p.prepared*p.tiles()*p.cp)+apart(p.prepared*p.tiles()*p.kp)))+s.N*s.K,
		max(p.slab(), s.R*s.S*p.cp))
}

// blockWidth is the width of the blocks of columns in which the transformed
// filters are stored, so that a register tile reads one contiguous stretch. The
// block that begins at column j is at j*rows, the last one may be narrower.
const blockWidth = 32

// forward computes y = act(w * x + bias).
func (p *winograd) forward(y, x tensor.Tensor, w, bias []float32, relu bool) {
	p.x, p.y, p.w, p.bias, p.relu = x, y, w, nil, 0
	if relu {
		p.relu = 1
	}
	if bias != nil {
		p.bias = p.biasLanes
		for g := range p.shape.Groups {
			copy(p.bias[g*p.kp:], bias[g*p.k:][:p.k])
		}
	}
	p.engine.Run(p.shape.C, (*winogradFilters)(p))
	p.engine.Run(p.shape.Groups*((x.N+p.images-1)/p.images), (*winogradForward)(p))
}

// backwardData computes dx = (or +=) w^T * dy.
func (p *winograd) backwardData(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	p.x, p.y, p.w, p.accumulate = dx, dy, w, accumulate
	p.engine.Run(p.shape.K, (*winogradFiltersT)(p))
	p.engine.Run(p.shape.Groups*((dy.N+p.images-1)/p.images), (*winogradBackward)(p))
}

// backwardWeights computes dw = dy * x^T and dbias.
func (p *winograd) backwardWeights(dw, dbias []float32, x, dy tensor.Tensor) {
	p.x, p.y, p.dw, p.dbias = x, dy, dw, dbias
	for p.first = 0; p.first < x.N; p.first += p.n {
		p.n = min(p.prepared, x.N-p.first)
		p.engine.Run(p.n*p.shape.Groups, (*winogradPrepare)(p))
		p.engine.Run(p.shape.Groups*points*p.blocks(), (*winogradMultiply)(p))
	}
	p.engine.Run(p.shape.K, (*winogradFinish)(p))
}

// blocks returns the blocks of columns of the transformed gradient.
func (p *winograd) blocks() int { return (p.cp + blockWidth - 1) / blockWidth }

// winogradFilters transforms what belongs to one input channel, 16 filters at a
// time, to shared[group][point][block of k][c][k].
type winogradFilters winograd

func (p *winogradFilters) Do(channel, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.R * s.S
	group, c := channel/p.c, channel%p.c
	byTap := p.engine.Scratch(worker)
	kernels.Transpose(&byTap[0], &p.w[(group*p.k*p.c+c)*area], p.k, area, p.kp, p.c*area)
	dst := p.engine.Shared()[group*(*winograd)(p).filters():]
	for k := 0; k < p.kp; k += blockWidth {
		width := min(blockWidth, p.kp-k)
		kernels.WinogradFilter(&dst[k*p.cp+c*width], &byTap[k], s.R, width/lanes, apart(p.cp*p.kp), lanes, p.kp, lanes)
	}
}

// winogradFiltersT transforms one filter, 16 channels at a time, to
// shared[group][point][block of c][k][c].
type winogradFiltersT winograd

func (p *winogradFiltersT) Do(filter, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.R * s.S
	group, k := filter/p.k, filter%p.k
	byTap := p.engine.Scratch(worker)
	kernels.Transpose(&byTap[0], &p.w[filter*p.c*area], p.c, area, p.cp, area)
	dst := p.engine.Shared()[group*(*winograd)(p).filters():]
	for c := 0; c < p.cp; c += blockWidth {
		width := min(blockWidth, p.cp-c)
		kernels.WinogradFilter(&dst[c*p.kp+k*width], &byTap[c], s.R, width/lanes, apart(p.cp*p.kp), lanes, p.cp, lanes)
	}
}

// inputs transforms the tiles of one group of an image, padded, to
// dst[point][tile][channel].
func (p *winograd) inputs(dst []float32, dstPoint int, image, slab []float32) {
	s := p.shape
	plane := s.H * s.W
	for c := 0; c < p.c; c += lanes {
		p.pad(slab, image[c*plane:], min(lanes, p.c-c), s.H, s.W, s.PadH, s.PadW, p.rows, p.cols)
		for i := range p.down {
			p.engine.Kernels.WinogradInput(&dst[i*p.over*p.cp+c], &slab[i*p.m*p.cols*lanes], p.over,
				dstPoint, p.cp, p.cols*lanes, p.m*lanes)
		}
	}
}

// outputGradients transforms the tiles of one group of an output gradient to
// dst[point][tile][filter].
func (p *winograd) outputGradients(dst []float32, dstPoint int, dy, slab []float32) {
	s := p.shape
	area := s.OutH() * s.OutW()
	rows, cols := p.down*p.m, p.over*p.m
	for k := 0; k < p.k; k += lanes {
		p.pad(slab, dy[k*area:], min(lanes, p.k-k), s.OutH(), s.OutW(), 0, 0, rows, cols)
		for i := range p.down {
			p.engine.Kernels.WinogradOutputAdjoint(&dst[i*p.over*p.kp+k], &slab[i*p.m*cols*lanes], p.m, p.over,
				dstPoint, p.kp, cols*lanes, p.m*lanes)
		}
	}
}

// pad turns up to 16 planes of h x w channels-last, in the middle of zeros: rows
// x cols in all, the planes beginning at row top, column left. Lanes without a
// plane keep what they hold: nothing depends on them.
func (p *winograd) pad(slab, planes []float32, count, h, w, top, left, rows, cols int) {
	transpose := p.engine.Kernels.Transpose
	if h == rows && w == cols {
		for i := 0; i < h*w; i += maxTranspose {
			transpose(&slab[i*lanes], &planes[i], count, min(maxTranspose, h*w-i), lanes, h*w)
		}
		return
	}
	clear(slab[:top*cols*lanes])
	for y := range min(h, rows-top) {
		row := slab[(top+y)*cols*lanes:][:cols*lanes]
		clear(row[:left*lanes])
		n := min(w, cols-left)
		transpose(&row[left*lanes], &planes[y*w], count, n, lanes, h*w)
		clear(row[(left+n)*lanes:])
	}
	if top+h < rows {
		clear(slab[(top+h)*cols*lanes : rows*cols*lanes])
	}
}

// unpad writes (or adds, by way of spare) the middle of a channels-last slab to
// up to 16 planes.
func (p *winograd) unpad(planes, slab, spare []float32, count, h, w, top, left, cols int, accumulate bool) {
	kernels := p.engine.Kernels
	dst := planes
	if accumulate {
		dst = spare
	}
	if w == cols {
		for i := 0; i < h*w; i += maxTranspose {
			kernels.Transpose(&dst[i], &slab[(top*cols+i)*lanes], min(maxTranspose, h*w-i), count, h*w, lanes)
		}
	} else {
		for y := range h {
			kernels.Transpose(&dst[y*w], &slab[((top+y)*cols+left)*lanes], w, count, h*w, lanes)
		}
	}
	if accumulate {
		kernels.Add(planes[:count*h*w], spare[:count*h*w])
	}
}

// multiply computes, for every point, dst[tile][column] = src[tile][inner] *
// filters[inner][column]. The rows of dst, src and filters are innerLanes or
// columnLanes apart. Meanwhile it fetches what follows.
func (p *winograd) multiply(dst, src, filters, packed []float32, tiles, inner, innerLanes, columns, columnLanes int, follows fetch) {
	kernels := p.engine.Kernels
	cut := tensor.CutTiles(tiles, kernels.MR)
	for point := range points {
		b := filters[point*apart(innerLanes*columnLanes):]
		a, c := src[point*apart(tiles*innerLanes):], dst[point*apart(tiles*columnLanes):]
		for k0 := 0; k0 < inner; k0 += depth {
			kc := min(depth, inner-k0)
			mode := simd.FromC
			if k0 == 0 {
				mode = simd.FromZero
			}
			for begin := 0; begin < columns; begin += blockWidth {
				width := min(blockWidth, columnLanes-begin)
				for j := begin; j < min(columns, begin+width); j += kernels.NR {
					n := min(kernels.NR, columns-j, begin+width-j)
					panel := &b[begin*innerLanes+k0*width+j-begin]
					for t := range cut.Count {
						row, m := cut.Tile(t)
						tile, aRow, aCol := &a[row*innerLanes+k0], innerLanes, 1
						if kernels.PackedA {
							kernels.Transpose(&packed[0], tile, m, kc, m, innerLanes)
							tile, aRow, aCol = &packed[0], 1, m
						}
						kernels.Gemm(&c[row*columnLanes+j], tile, panel, nil,
							columnLanes, aRow, aCol, 0, width, 0, m, n, kc, 1, mode, follows.next(kc, width))
					}
				}
			}
		}
	}
}

// task returns the group of a task of the forward pass or the one to the data, and
// its first image.
func (p *winograd) task(task int) (group, first int) {
	return task % p.shape.Groups, task / p.shape.Groups * p.images
}

// follows returns what a task writes and what the next of its worker reads, as
// tasks are handed out in turn.
func (p *winograd) follows(task int, forward bool) fetch {
	inputs := func(task int) region {
		group, first := p.task(task)
		n := p.c * p.shape.H * p.shape.W
		return regionOf(p.x, first, p.images, group*n, n)
	}
	outputs := func(task int) region {
		group, first := p.task(task)
		n := p.k * p.shape.OutH() * p.shape.OutW()
		return regionOf(p.y, first, p.images, group*n, n)
	}
	next := task + p.engine.Threads()
	if forward {
		return fetch{parts: [2]region{outputs(task), inputs(next)}}
	}
	return fetch{parts: [2]region{inputs(task), outputs(next)}}
}

// winogradForward computes the outputs of one group of a few images.
type winogradForward winograd

func (q *winogradForward) Do(task, worker int) {
	p := (*winograd)(q)
	s := p.shape
	group, first := p.task(task)
	images := min(p.images, p.x.N-first)
	tiles := images * p.tiles()
	cut := cutter(p.engine.Scratch(worker))
	slab, packed := cut.take(p.slab()), cut.take(p.packed())
	in, out := cut.take(points*apart(tiles*p.cp)), cut.take(points*apart(tiles*p.kp))
	for i := range images {
		p.inputs(in[i*p.tiles()*p.cp:], apart(tiles*p.cp), p.x.Image(first + i)[group*p.c*s.H*s.W:], slab)
	}
	p.multiply(out, in, p.engine.Shared()[group*p.filters():], packed, tiles, p.c, p.cp, p.k, p.kp, p.follows(task, true))
	area := s.OutH() * s.OutW()
	cols := p.over * p.m
	for i := range images {
		y := p.y.Image(first + i)[group*p.k*area:]
		for k := 0; k < p.k; k += lanes {
			var bias *float32
			if p.bias != nil {
				bias = &p.bias[group*p.kp+k]
			}
			for r := range p.down {
				p.engine.Kernels.WinogradOutput(&slab[r*p.m*cols*lanes], &out[(i*p.tiles()+r*p.over)*p.kp+k], bias, p.m, p.over,
					cols*lanes, p.m*lanes, apart(tiles*p.kp), p.kp, p.relu)
			}
			p.unpad(y[k*area:], slab, nil, min(lanes, p.k-k), s.OutH(), s.OutW(), 0, 0, cols, false)
		}
	}
}

// winogradBackward computes the input gradients of one group of a few images.
type winogradBackward winograd

func (q *winogradBackward) Do(task, worker int) {
	p := (*winograd)(q)
	s := p.shape
	group, first := p.task(task)
	images := min(p.images, p.y.N-first)
	tiles := images * p.tiles()
	cut := cutter(p.engine.Scratch(worker))
	slab, spare, packed := cut.take(p.slab()), cut.take(p.slab()), cut.take(p.packed())
	in, out := cut.take(points*apart(tiles*p.cp)), cut.take(points*apart(tiles*p.kp))
	for i := range images {
		p.outputGradients(out[i*p.tiles()*p.kp:], apart(tiles*p.kp), p.y.Image(first + i)[group*p.k*s.OutH()*s.OutW():], slab)
	}
	p.multiply(in, out, p.engine.Shared()[group*p.filters():], packed, tiles, p.k, p.kp, p.c, p.cp, p.follows(task, false))
	plane := s.H * s.W
	for i := range images {
		dx := p.x.Image(first + i)[group*p.c*plane:]
		for c := 0; c < p.c; c += lanes {
			clear(slab[:p.rows*p.cols*lanes])
			for r := range p.down {
				p.engine.Kernels.WinogradInputAdjoint(&slab[r*p.m*p.cols*lanes], &in[(i*p.tiles()+r*p.over)*p.cp+c], p.over,
					p.cols*lanes, p.m*lanes, apart(tiles*p.cp), p.cp)
			}
			p.unpad(dx[c*plane:], slab, spare, min(lanes, p.c-c), s.H, s.W, s.PadH, s.PadW, p.cols, p.accumulate)
		}
	}
}

// parts returns the shared memory of the backward pass to the weights, all by
// group: the transformed gradient [point][k][c], the tiles of the inputs and of
// the output gradients [point][tile][channel]; and the sums of dy over pixels.
func (p *winograd) parts() (u, in, out, sums []float32) {
	s := p.shape
	cut := cutter(p.engine.Shared())
	tiles := p.prepared * p.tiles()
	return cut.take(s.Groups * p.filters()), cut.take(s.Groups * points * apart(tiles*p.cp)), cut.take(s.Groups * points * apart(tiles*p.kp)), cut.take(s.N * s.K)
}

// winogradPrepare transforms one group of an image and its output gradient.
type winogradPrepare winograd

func (q *winogradPrepare) Do(task, worker int) {
	p := (*winograd)(q)
	s := p.shape
	group, image := task%s.Groups, task/s.Groups
	area := s.OutH() * s.OutW()
	_, in, out, sums := p.parts()
	slab := p.engine.Scratch(worker)[:p.slab()]
	tiles := p.n * p.tiles()
	x, dy := p.x.Image(p.first + image)[group*p.c*s.H*s.W:], p.y.Image(p.first + image)[group*p.k*area:]
	p.inputs(in[group*points*apart(tiles*p.cp)+image*p.tiles()*p.cp:], apart(tiles*p.cp), x, slab)
	p.outputGradients(out[group*points*apart(tiles*p.kp)+image*p.tiles()*p.kp:], apart(tiles*p.kp), dy, slab)
	if p.dbias != nil {
		for k := range p.k {
			sums[(p.first+image)*s.K+group*p.k+k] = p.engine.Kernels.Sum(dy[k*area:][:area])
		}
	}
}

// winogradMultiply adds the prepared images' share to a block of columns of one
// point of the transformed gradient: [k][c] += [tile][k]^T [tile][c].
type winogradMultiply winograd

func (q *winogradMultiply) Do(task, _ int) {
	p := (*winograd)(q)
	kernels := p.engine.Kernels
	u, in, out, _ := p.parts()
	tiles := p.n * p.tiles()
	begin := task % p.blocks() * blockWidth
	point := task / p.blocks() // of all groups
	a, b, dst := out[point*apart(tiles*p.kp):], in[point*apart(tiles*p.cp):], u[point*apart(p.kp*p.cp):]
	cut := tensor.CutTiles(p.k, kernels.MR)
	follows := fetchShare(p.x, p.y, p.first+p.n, p.prepared, task, p.shape.Groups*points*p.blocks(), min(depth, tiles)*p.cp)
	for t0 := 0; t0 < tiles; t0 += depth {
		count := min(depth, tiles-t0)
		mode := simd.FromC
		if p.first == 0 && t0 == 0 {
			mode = simd.FromZero
		}
		for c := begin; c < min(p.c, begin+blockWidth); c += kernels.NR {
			n := min(kernels.NR, p.c-c, begin+blockWidth-c)
			for t := range cut.Count {
				k, m := cut.Tile(t)
				kernels.Gemm(&dst[k*p.cp+c], &a[t0*p.kp+k], &b[t0*p.cp+c], nil,
					p.cp, 1, p.kp, 0, p.cp, 0, m, n, count, 1, mode, follows.next(count, p.cp))
			}
		}
	}
}

// winogradFinish transforms the gradient of one filter back and adds up its bias.
type winogradFinish winograd

func (q *winogradFinish) Do(filter, worker int) {
	p := (*winograd)(q)
	s := p.shape
	kernels := p.engine.Kernels
	u, _, _, sums := p.parts()
	byTap := p.engine.Scratch(worker)
	area := s.R * s.S
	group, k := filter/p.k, filter%p.k
	kernels.WinogradFilterAdjoint(&byTap[0], &u[group*p.filters()+k*p.cp], s.R, p.cp/lanes, p.cp, lanes, apart(p.kp*p.cp), lanes)
	kernels.Transpose(&p.dw[filter*p.c*area], &byTap[0], area, p.c, area, p.cp)
	if p.dbias != nil {
		var sum float32
		for n := range p.x.N {
			sum += sums[n*s.K+filter]
		}
		p.dbias[filter] = sum
	}
}

// cutter hands out consecutive parts of scratch memory.
type cutter []float32

func (c *cutter) take(n int) []float32 {
	part := (*c)[:n]
	*c = (*c)[n:]
	return part
}

// apart returns the distance of two points that lie at least n elements (whole
// lanes) from each other: an odd number of cache lines, for the 36 points of a tile
// are written at once, and a distance of whole pages would put them all in the same
// set of the cache, which holds fewer.
func apart(n int) int { return n | lanes }
