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
// steps in its own scratch memory, or a large one strip by strip, so that what one
// step leaves is in the second-level cache when the next one reads it.
type winograd struct {
	shape  Shape
	engine *tensor.Engine

	c, k               int // channels and filters of a group
	paddedC, paddedK   int // the same, rounded up to whole lanes
	m                  int // side of a tile of outputs
	tileRows, tileCols int // tiles of an image
	cols               int // of an image padded to whole tiles
	images             int // of a task
	strip              int // rows of tiles of them that are multiplied together; all unless images is 1
	set                int // images whose gradient of the weights is transformed back together
	part               int // images of a set that are multiplied together
	partStrip          int // rows of tiles of them that are multiplied together; all unless part is 1
	gradient           partials
	outputs            []tensor.PerWorker[simd.WinogradOutputs]

	// Operands of the current run.
	x, y       tensor.Tensor
	w          []float32
	bias       []float32 // rounded up to whole lanes, nil if there is none
	biasLanes  []float32 // its memory
	dw, dbias  []float32
	accumulate bool
	relu       bool
}

const (
	lanes    = simd.WinogradLanes
	tileSide = 6 // of a tile of inputs
	points   = tileSide * tileSide
)

// enoughTiles returns the number of tiles from which on a product of one point is
// worth reading its filters: more where they don't stay in the third-level cache.
func (p *winograd) enoughTiles() int {
	const large = 8 << 20 // bytes
	if 4*p.filters() > large {
		return 64
	}
	return 28
}

// winogradFits reports whether the shape can be computed by this algorithm and is
// worth it. It is a function of the shape alone: every kernel set and
// machine makes the same choice.
func winogradFits(s Shape) bool {
	const fewChannels, fewFilters = 16, 12
	return s.Stride == 1 && s.R == s.S && (s.R == 3 || s.R == 5) && s.PadH < s.R && s.PadW < s.S && s.ExtraH == 0 && s.ExtraW == 0 &&
		s.C/s.Groups >= fewChannels && s.K/s.Groups >= fewFilters
}

func newWinograd(e *tensor.Engine, s Shape) *winograd {
	p := &winograd{shape: s, engine: e, m: tileSide + 1 - s.R, c: s.C / s.Groups, k: s.K / s.Groups}
	p.paddedC, p.paddedK = wholeLanes(p.c), wholeLanes(p.k)
	p.tileRows, p.tileCols = winogradTiles(s.OutH(), p.m), winogradTiles(s.OutW(), p.m)
	p.cols = p.tileCols*p.m + p.overlap()
	p.images = evenly(min(s.N, (p.enoughTiles()+p.tiles()-1)/p.tiles()), s, e.Threads())
	strips := max(1, p.tiles()/p.enoughTiles())
	p.strip = (p.tileRows + strips - 1) / strips
	p.gradient = newPartials(e, s.N, (setTiles/2+p.tiles()-1)/p.tiles(), s.Groups*p.k*s.R*s.S*p.paddedC)
	sets := (p.gradient.chunk*p.tiles() + setTiles - 1) / setTiles
	p.set = (p.gradient.chunk + sets - 1) / sets
	p.part, p.partStrip = p.set, p.tileRows
	if n := p.tiles() / partTiles; n > 0 && p.paddedC*p.paddedK <= partWeights {
		p.part, p.partStrip = 1, (p.tileRows+n-1)/n
	}
	p.biasLanes = make([]float32, s.Groups*p.paddedK)
	p.outputs = make([]tensor.PerWorker[simd.WinogradOutputs], e.Threads())
	return p
}

// winogradTiles returns the number of tiles of m outputs along a side.
func winogradTiles(outputs, m int) int { return (outputs + m - 1) / m }

func wholeLanes(channels int) int { return (channels + lanes - 1) / lanes * lanes }

// tiles returns the number of tiles of an image.
func (p *winograd) tiles() int { return p.tileRows * p.tileCols }

// filters returns the number of transformed weights of a group.
func (p *winograd) filters() int { return points * conflictFreeStride(p.paddedC*p.paddedK) }

// planeTile returns the size of 16 channels of so many rows of tiles of an image, as inputs
// or as outputs.
func (p *winograd) planeTile(tileRows int) int { return (tileRows*p.m + p.overlap()) * p.cols * lanes }

// overlap returns how many rows of inputs two rows of tiles share.
func (p *winograd) overlap() int { return tileSide - p.m }

// overlapSize returns the size of the rows of inputs of an image that two strips share.
func (p *winograd) overlapSize() int {
	if p.strip == p.tileRows {
		return 0
	}
	return p.overlap() * p.cols * p.paddedC
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
	tiles := p.images * p.strip * p.tileCols
	images := 2*p.planeTile(p.strip) + p.overlapSize() + p.packed() + points*(conflictFreeStride(tiles*p.paddedC)+conflictFreeStride(tiles*p.paddedK))
	p.engine.Reserve(s.Groups*p.filters(), max(images, s.R*s.S*filterRows*blockWidth))
}

func (p *winograd) reserveWeights() {
	s := p.shape
	out, in, u := p.setSizes()
	p.engine.Reserve(p.gradient.total()+s.N*s.K, p.planeTile(p.partStrip)+out+in+u+s.R*s.S*blockWidth)
}

// setSizes returns the sizes of what the gradient of the weights takes: the transformed output
// gradients of a part of a set, its inputs, those of one block of channels, and the gradients
// of blocks before they are transformed back.
func (p *winograd) setSizes() (out, in, u int) {
	tiles, width := p.part*p.partStrip*p.tileCols, min(blockWidth, p.paddedC)
	return points * conflictFreeStride(tiles*p.paddedK), points * conflictFreeStride(tiles*width), p.blockGradients() * p.blockGradient()
}

// blockGradient returns the size of the gradient of a block of channels.
func (p *winograd) blockGradient() int {
	return points * conflictFreeStride(p.paddedK*min(blockWidth, p.paddedC))
}

// blockGradients returns how many of them are kept at once: all if a set has several parts.
func (p *winograd) blockGradients() int {
	if p.part == p.set && p.partStrip == p.tileRows {
		return 1
	}
	return (p.paddedC + blockWidth - 1) / blockWidth
}

// blockWidth is the width of the blocks of columns in which the transformed
// filters are stored, so that a register tile reads one contiguous stretch. The
// block that begins at column j is at j*rows, the last one may be narrower.
const blockWidth = 32

// forward computes y = act(w * x + bias).
func (p *winograd) forward(y, x tensor.Tensor, w, bias []float32, relu bool) {
	p.x, p.y, p.w, p.bias, p.relu = x, y, w, nil, relu
	if bias != nil {
		p.bias = p.biasLanes
		for g := range p.shape.Groups {
			copy(p.bias[g*p.paddedK:], bias[g*p.k:][:p.k])
		}
	}
	p.engine.Run(p.filterTasks(p.c, p.paddedK), winogradFilters{p})
	p.engine.Run(p.shape.Groups*((x.N+p.images-1)/p.images), winogradForward{p})
}

// backwardData computes dx = (or +=) w^T * dy.
func (p *winograd) backwardData(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	p.x, p.y, p.w, p.accumulate = dx, dy, w, accumulate
	p.engine.Run(p.filterTasks(p.k, p.paddedC), winogradFiltersT{p})
	p.engine.Run(p.shape.Groups*((dy.N+p.images-1)/p.images), winogradBackward{p})
}

// backwardWeights computes dw = dy * x^T and dbias.
func (p *winograd) backwardWeights(dw, dbias []float32, x, dy tensor.Tensor) {
	p.x, p.y, p.dw, p.dbias = x, dy, dw, dbias
	p.engine.Run(p.shape.Groups*p.gradient.cut(x.N), winogradWeights{p})
	p.gradient.sum(nil)
	p.engine.Run(p.shape.K, winogradFinish{p})
}

// filterRows is how many rows of a block of transformed filters a task writes, so that each
// point has a stretch of memory and not single lines.
const filterRows = 8

// filterTasks returns the number of tasks for transformed filters of so many rows.
func (p *winograd) filterTasks(rows, paddedColumns int) int {
	return p.shape.Groups * filterRuns(rows) * ((paddedColumns + blockWidth - 1) / blockWidth)
}

func filterRuns(rows int) int { return (rows + filterRows - 1) / filterRows }

// filterTask returns what a task transforms of filters of so many rows and columns.
func (p *winograd) filterTask(task, rows, columns, paddedColumns int) filterBlock {
	runs, blocks := filterRuns(rows), (paddedColumns+blockWidth-1)/blockWidth
	row, column := task%runs*filterRows, task/runs%blocks*blockWidth
	return filterBlock{task / runs / blocks, row, min(filterRows, rows-row), column, min(blockWidth, columns-column), min(blockWidth, paddedColumns-column)}
}

// filterBlock is a part of a block of transformed filters of a group.
type filterBlock struct{ group, row, rows, column, columns, width int }

// winogradFilters transforms the filters of a block, some channels of them, to
// shared[group][point][block of k][c][k].
type winogradFilters struct{ *winograd }

func (p winogradFilters) Do(task, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.R * s.S
	b := p.filterTask(task, p.c, p.k, p.paddedK)
	byTap := p.engine.Scratch(worker) // [c][tap][k]
	kernels.Transpose(&byTap[0], &p.w[((b.group*p.k+b.column)*p.c+b.row)*area], b.columns, b.rows*area, b.width, p.c*area)
	dst := p.engine.Shared()[b.group*p.filters()+b.column*p.paddedC+b.row*b.width:]
	for c := range b.rows {
		kernels.WinogradFilter(&dst[c*b.width], &byTap[c*area*b.width], s.R, b.width/lanes, conflictFreeStride(p.paddedC*p.paddedK), lanes, b.width, lanes)
	}
}

// winogradFiltersT transforms some filters, a block of channels of them, to
// shared[group][point][block of c][k][c].
type winogradFiltersT struct{ *winograd }

func (p winogradFiltersT) Do(task, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.R * s.S
	b := p.filterTask(task, p.k, p.c, p.paddedC)
	byTap := p.engine.Scratch(worker) // [tap][c]
	dst := p.engine.Shared()[b.group*p.filters()+b.column*p.paddedK+b.row*b.width:]
	for k := range b.rows {
		kernels.Transpose(&byTap[0], &p.w[((b.group*p.k+b.row+k)*p.c+b.column)*area], b.columns, area, b.width, area)
		kernels.WinogradFilter(&dst[k*b.width], &byTap[0], s.R, b.width/lanes, conflictFreeStride(p.paddedC*p.paddedK), lanes, b.width, lanes)
	}
}

// inputs transforms the tiles of the channels [from, to) of a strip of one group of an
// image, padded, to dst[point][tile][channel], tiles dstTile apart.
func (p *winograd) inputs(dst []float32, dstPoint, dstTile int, image []float32, from, to int, at strip, planeTile []float32) {
	s := p.shape
	plane := s.H * s.W
	frame := p.input(at)
	for c := from; c < to; c += lanes {
		p.pad(planeTile, image[c*plane:], min(lanes, p.c-c), frame)
		for i := range at.rows() {
			p.engine.Kernels.WinogradInput(&dst[i*p.tileCols*dstTile+c-from], &planeTile[i*p.m*p.cols*lanes], p.tileCols,
				dstPoint, dstTile, p.cols*lanes, p.m*lanes)
		}
	}
}

// outputGradients transforms the tiles of a strip of one group of an output gradient to
// dst[point][tile][filter].
func (p *winograd) outputGradients(dst []float32, dstPoint int, dy []float32, at strip, planeTile []float32) {
	s := p.shape
	area := s.OutH() * s.OutW()
	cols := p.tileCols * p.m
	frame := p.output(at)
	for k := 0; k < p.k; k += lanes {
		p.pad(planeTile, dy[k*area:], min(lanes, p.k-k), frame)
		for i := range at.rows() {
			p.engine.Kernels.WinogradOutputAdjoint(&dst[i*p.tileCols*p.paddedK+k], &planeTile[i*p.m*cols*lanes], p.m, p.tileCols,
				dstPoint, p.paddedK, cols*lanes, p.m*lanes)
		}
	}
}

// strip is rows [from, to) of tiles of an image.
type strip struct{ from, to int }

func (s strip) rows() int { return s.to - s.from }

// stripAt returns the strip that begins with a row of tiles and has as many as given.
func (p *winograd) stripAt(from, rows int) strip { return strip{from, min(from+rows, p.tileRows)} }

// frame is rows x cols of numbers with planes of h x w in them, from row top and column left
// on, and zeros beside these. A negative top leaves out their first rows.
type frame struct{ h, w, top, left, rows, cols int }

// input and output return the frames of a strip of an image padded to whole tiles.
func (p *winograd) input(s strip) frame {
	return frame{p.shape.H, p.shape.W, p.shape.PadH - s.from*p.m, p.shape.PadW, s.rows()*p.m + p.overlap(), p.cols}
}

func (p *winograd) output(s strip) frame {
	return frame{p.shape.OutH(), p.shape.OutW(), -s.from * p.m, 0, s.rows() * p.m, p.tileCols * p.m}
}

// inside returns the rows of the planes that lie in the frame.
func (f frame) inside() (from, to int) {
	from = max(0, -f.top)
	return from, max(from, min(f.h, f.rows-f.top))
}

// pad turns up to 16 planes channels-last, in a frame of zeros. Lanes without a
// plane keep what they hold: nothing depends on them.
func (p *winograd) pad(planeTile, planes []float32, count int, f frame) {
	transpose := p.engine.Kernels.Transpose
	from, to := f.inside()
	clear(planeTile[:(from+f.top)*f.cols*lanes])
	clear(planeTile[(to+f.top)*f.cols*lanes : f.rows*f.cols*lanes])
	if f.w == f.cols {
		at := (from + f.top) * f.w
		for i := from * f.w; i < to*f.w; i += maxTranspose {
			n := min(maxTranspose, to*f.w-i)
			transpose(&planeTile[at*lanes], &planes[i], count, n, lanes, f.h*f.w)
			at += n
		}
		return
	}
	n := min(f.w, f.cols-f.left)
	for y := from; y < to; y++ {
		row := planeTile[(f.top+y)*f.cols*lanes:][:f.cols*lanes]
		clear(row[:f.left*lanes])
		transpose(&row[f.left*lanes], &planes[y*f.w], count, n, lanes, f.h*f.w)
		clear(row[(f.left+n)*lanes:])
	}
}

// unpad writes (or adds, by way of spare) what a channels-last planeTile has of up to 16
// planes.
func (p *winograd) unpad(planes, planeTile, spare []float32, count int, f frame, accumulate bool) {
	kernels := p.engine.Kernels
	from, to := f.inside()
	rows, n, plane := to-from, (to-from)*f.w, f.h*f.w
	dst, dstRow := planes[from*f.w:], plane
	if accumulate {
		dst, dstRow = spare, n
	}
	if f.w == f.cols {
		for i := 0; i < n; i += maxTranspose {
			kernels.Transpose(&dst[i], &planeTile[((f.top+from)*f.cols+i)*lanes], min(maxTranspose, n-i), count, dstRow, lanes)
		}
	} else {
		for y := range rows {
			kernels.Transpose(&dst[y*f.w], &planeTile[((f.top+from+y)*f.cols+f.left)*lanes], f.w, count, dstRow, lanes)
		}
	}
	if accumulate {
		for i := range count {
			kernels.Add(planes[i*plane+from*f.w:][:n], spare[i*n:][:n])
		}
	}
}

// pointProducts are the products of all points, dst[tile][column] = src[tile][inner]
// * filters[inner][column]: the rows of dst, src and filters are innerLanes or
// columnLanes apart.
type pointProducts struct {
	dst, src, filters    []float32
	packed               []float32 // scratch memory for a tile of src
	tile                 *simd.GemmTiles
	tiles                int
	inner, innerLanes    int
	columns, columnLanes int
}

// multiply computes the products. Meanwhile it fetches what follows.
func (p *winograd) multiply(q *pointProducts, prefetch prefetcher) {
	kernels, tile := p.engine.Kernels, q.tile
	tile.Below = 0
	cut := tensor.CutTiles(q.tiles, kernels.MR)
	if kernels.SparseLines {
		prefetch.spread(points * cut.Count * (q.columns / kernels.NR) * q.inner)
	}
	for point := range points {
		b := q.filters[point*conflictFreeStride(q.innerLanes*q.columnLanes):]
		a, c := q.src[point*conflictFreeStride(q.tiles*q.innerLanes):], q.dst[point*conflictFreeStride(q.tiles*q.columnLanes):]
		for k0 := 0; k0 < q.inner; k0 += depth {
			kc := min(depth, q.inner-k0)
			mode := simd.FromC
			if k0 == 0 {
				mode = simd.FromZero
			}
			for begin := 0; begin < q.columns; begin += blockWidth {
				width := min(blockWidth, q.columnLanes-begin)
				for j := begin; j < min(q.columns, begin+width); j += kernels.NR {
					n := min(kernels.NR, q.columns-j, begin+width-j)
					tile.GemmTile = simd.GemmTile{B: &b[begin*q.innerLanes+k0*width+j-begin], CRow: q.columnLanes, BRow: width,
						N: n, K: kc, KOuter: 1, Mode: mode}
					for t := 0; t < cut.Count; t += tile.Count {
						row, m := cut.Tile(t)
						tile.Count, tile.ATile = cut.Run(t, cut.Count, kc), m*q.innerLanes
						tile.A, tile.ARow, tile.ACol = &a[row*q.innerLanes+k0], q.innerLanes, 1
						if kernels.PackedA {
							kernels.Transpose(&q.packed[0], tile.A, m, kc, m, q.innerLanes)
							tile.A, tile.ARow, tile.ACol, tile.Count = &q.packed[0], 1, m, 1
						}
						tile.C, tile.M = &c[row*q.columnLanes+j], m
						prefetch.lines(tile, kc, width)
						kernels.GemmTiles(tile)
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

// prefetch returns what a task writes for a strip of its images and what it reads next, or
// the next task of its worker, as tasks are handed out in turn.
func (p *winograd) prefetch(task int, at strip, forward bool) prefetcher {
	inputs := func(task int, at strip) region {
		group, first := p.task(task)
		return p.region(p.x, first, p.images, group*p.c, p.c, p.input(at))
	}
	outputs := func(task int, at strip) region {
		group, first := p.task(task)
		return p.region(p.y, first, p.images, group*p.k, p.k, p.output(at))
	}
	following, next := task, p.stripAt(at.to, p.strip)
	if at.to == p.tileRows {
		following, next = task+p.engine.Threads(), p.stripAt(0, p.strip)
	}
	if forward {
		return prefetcher{parts: [2]region{outputs(task, at), inputs(following, next)}}
	}
	return prefetcher{parts: [2]region{inputs(task, at), outputs(following, next)}}
}

// region returns what a frame has of planes of a few images.
func (p *winograd) region(t tensor.Tensor, first, images, plane, planes int, f frame) region {
	from, to := f.inside()
	area := f.h * f.w
	if to-from == f.h {
		return regionOf(t, first, images, plane*area, planes*area)
	}
	r := regionOf(t, first, images, plane*area+from*f.w, planes*area-from*f.w)
	r.row, r.width = area, (to-from)*f.w
	return r
}

// winogradForward computes the outputs of one group of a few images.
type winogradForward struct{ *winograd }

func (q winogradForward) Do(task, worker int) {
	p := q.winograd
	for r := 0; r < p.tileRows; r += p.strip {
		p.forwardStrip(task, worker, p.stripAt(r, p.strip))
	}
}

// forwardStrip computes the outputs of a strip.
func (p *winograd) forwardStrip(task, worker int, at strip) {
	s := p.shape
	group, first := p.task(task)
	images := min(p.images, p.x.N-first)
	each := at.rows() * p.tileCols
	tiles := images * each
	cut := arena(p.engine.Scratch(worker))
	planeTile, packed := cut.take(p.planeTile(p.strip)), cut.take(p.packed())
	in, out := cut.take(points*conflictFreeStride(tiles*p.paddedC)), cut.take(points*conflictFreeStride(tiles*p.paddedK))
	for i := range images {
		p.inputs(in[i*each*p.paddedC:], conflictFreeStride(tiles*p.paddedC), p.paddedC, p.x.Image(first + i)[group*p.c*s.H*s.W:], 0, p.c, at, planeTile)
	}
	p.multiply(&pointProducts{
		dst: out, src: in, filters: p.engine.Shared()[group*p.filters():], packed: packed, tile: p.engine.Tiles(worker), tiles: tiles,
		inner: p.c, innerLanes: p.paddedC, columns: p.k, columnLanes: p.paddedK,
	}, p.prefetch(task, at, true))
	area := s.OutH() * s.OutW()
	cols := p.tileCols * p.m
	call := &p.outputs[worker].Value
	*call = simd.WinogradOutputs{M: p.m, Tiles: p.tileCols, DstRow: cols * lanes, DstTile: p.m * lanes,
		SrcPoint: conflictFreeStride(tiles * p.paddedK), SrcTile: p.paddedK, ReLU: p.relu}
	for i := range images {
		y := p.y.Image(first + i)[group*p.k*area:]
		for k := 0; k < p.k; k += lanes {
			if p.bias != nil {
				call.Bias = &p.bias[group*p.paddedK+k]
			}
			for r := range at.rows() {
				call.Dst, call.Src = &planeTile[r*p.m*cols*lanes], &out[(i*each+r*p.tileCols)*p.paddedK+k]
				p.engine.Kernels.WinogradOutput(call)
			}
			p.unpad(y[k*area:], planeTile, nil, min(lanes, p.k-k), p.output(at), false)
		}
	}
}

// winogradBackward computes the input gradients of one group of a few images.
type winogradBackward struct{ *winograd }

func (q winogradBackward) Do(task, worker int) {
	p := q.winograd
	for r := 0; r < p.tileRows; r += p.strip {
		p.backwardStrip(task, worker, p.stripAt(r, p.strip))
	}
}

// backwardStrip computes the input gradients of a strip, to which the one above has added
// its share of the rows of inputs that both have.
func (p *winograd) backwardStrip(task, worker int, at strip) {
	s := p.shape
	group, first := p.task(task)
	images := min(p.images, p.y.N-first)
	each := at.rows() * p.tileCols
	tiles := images * each
	cut := arena(p.engine.Scratch(worker))
	both := cut.take(p.overlapSize()) // [block of channels][row][column][channel]
	planeTile, spare, packed := cut.take(p.planeTile(p.strip)), cut.take(p.planeTile(p.strip)), cut.take(p.packed())
	in, out := cut.take(points*conflictFreeStride(tiles*p.paddedC)), cut.take(points*conflictFreeStride(tiles*p.paddedK))
	for i := range images {
		p.outputGradients(out[i*each*p.paddedK:], conflictFreeStride(tiles*p.paddedK), p.y.Image(first + i)[group*p.k*s.OutH()*s.OutW():], at, planeTile)
	}
	p.multiply(&pointProducts{
		dst: in, src: out, filters: p.engine.Shared()[group*p.filters():], packed: packed, tile: p.engine.Tiles(worker), tiles: tiles,
		inner: p.k, innerLanes: p.paddedK, columns: p.c, columnLanes: p.paddedC,
	}, p.prefetch(task, at, false))
	plane := s.H * s.W
	frame := p.input(at)
	size, overlap := frame.rows*p.cols*lanes, p.overlap()*p.cols*lanes
	for i := range images {
		dx := p.x.Image(first + i)[group*p.c*plane:]
		for c := 0; c < p.c; c += lanes {
			begun := 0
			if at.from > 0 {
				begun = copy(planeTile, both[c/lanes*overlap:][:overlap])
			}
			clear(planeTile[begun:size])
			for r := range at.rows() {
				p.engine.Kernels.WinogradInputAdjoint(&planeTile[r*p.m*p.cols*lanes], &in[(i*each+r*p.tileCols)*p.paddedC+c], p.tileCols,
					p.cols*lanes, p.m*lanes, conflictFreeStride(tiles*p.paddedC), p.paddedC)
			}
			done := frame
			if at.to < p.tileRows {
				copy(both[c/lanes*overlap:], planeTile[size-overlap:size])
				done.rows -= p.overlap()
			}
			p.unpad(dx[c*plane:], planeTile, spare, min(lanes, p.c-c), done, p.accumulate)
		}
	}
}

const (
	// setTiles is the number of tiles from which on the product of one point is worth
	// adding its gradient to memory.
	setTiles = 128

	// partTiles is the number of tiles of an image from which on it is worth reading the
	// transformed gradient and writing it again, where that has up to partWeights filters
	// times channels: then it stays in the second-level cache with the tiles.
	partTiles   = 56
	partWeights = 64 * 64
)

// sums returns the sums of dy over the pixels of each image.
func (p *winograd) sums() []float32 {
	return p.engine.Shared()[p.gradient.total():][:p.shape.N*p.shape.K]
}

// winogradWeights computes the gradient of one group from a chunk of images, a set
// of them at a time: [block of channels][filter][tap][channel].
type winogradWeights struct{ *winograd }

func (q winogradWeights) Do(task, worker int) {
	p := q.winograd
	group := task % p.shape.Groups
	chunk := task / p.shape.Groups
	size := p.gradient.size / p.shape.Groups
	dst := p.gradient.of(chunk)[group*size:][:size]
	first, n := p.gradient.images(chunk, p.x.N)
	for i := 0; i < n; i += p.set {
		p.weightsOfSet(dst, group, first+i, min(p.set, n-i), i > 0, worker)
	}
}

// setPart is a strip of a few images of a set.
type setPart struct {
	first, n int // images
	at       strip
}

// weightsOfSet computes the share of n images in the gradient of a group, or adds
// it.
func (p *winograd) weightsOfSet(dst []float32, group, first, n int, add bool, worker int) {
	s := p.shape
	cut := arena(p.engine.Scratch(worker))
	outSize, inSize, uSize := p.setSizes()
	planeTile, out, in, gradients := cut.take(p.planeTile(p.partStrip)), cut.take(outSize), cut.take(inSize), cut.take(uSize)
	end := first + n
	for part, begins := (setPart{first, min(p.part, n), p.stripAt(0, p.partStrip)}), true; part.n > 0; begins = false {
		next := p.nextPart(part, end)
		tiles := part.n * part.at.rows() * p.tileCols
		p.outputGradientsOf(part, group, out, planeTile)
		for c := 0; c < p.paddedC; c += blockWidth {
			width := min(blockWidth, p.paddedC-c)
			p.inputsOf(part, group, in, c, width, planeTile)
			u := gradients[c/blockWidth%p.blockGradients()*p.blockGradient():]
			prefetch := p.prefetchBlock(group, part, next, c+width)
			p.multiplyBlock(p.engine.Tiles(worker), u, out, in, tiles, c, begins, &prefetch)
			if next.n == 0 {
				p.tapsOfBlock(dst[c*p.k*s.R*s.S:], u, cut, width, add)
			}
		}
		part = next
	}
}

// nextPart returns the part that comes after one in a set whose images end before end, one of
// no images after the last.
func (p *winograd) nextPart(part setPart, end int) setPart {
	if part.at.to < p.tileRows {
		return setPart{part.first, part.n, p.stripAt(part.at.to, p.partStrip)}
	}
	first := part.first + part.n
	return setPart{first, min(p.part, end-first), p.stripAt(0, p.partStrip)}
}

// outputGradientsOf transforms the output gradients of a part of a set. It adds up each image
// for the gradient of the bias.
func (p *winograd) outputGradientsOf(part setPart, group int, out, planeTile []float32) {
	s := p.shape
	area := s.OutH() * s.OutW()
	each := part.at.rows() * p.tileCols
	for i := range part.n {
		dy := p.y.Image(part.first + i)[group*p.k*area:][:p.k*area]
		p.outputGradients(out[i*each*p.paddedK:], conflictFreeStride(part.n*each*p.paddedK), dy, part.at, planeTile)
		if p.dbias != nil && part.at.from == 0 {
			sums := p.sums()[(part.first+i)*s.K+group*p.k:]
			for k := range p.k {
				sums[k] = p.engine.Kernels.Sum(dy[k*area:][:area])
			}
		}
	}
}

// inputsOf transforms the inputs of a part of a set, of a block of channels.
func (p *winograd) inputsOf(part setPart, group int, in []float32, c, width int, planeTile []float32) {
	s := p.shape
	each := part.at.rows() * p.tileCols
	for i := range part.n {
		x := p.x.Image(part.first + i)[group*p.c*s.H*s.W:]
		p.inputs(in[i*each*width:], conflictFreeStride(part.n*each*width), width, x, c, min(p.c, c+width), part.at, planeTile)
	}
}

// multiplyBlock computes, for every point, u[filter][channel] = out[tile][filter]^T
// in[tile][channel] for a block of channels, or adds it unless u begins with it. Meanwhile it
// fetches what follows.
func (p *winograd) multiplyBlock(tile *simd.GemmTiles, u, out, in []float32, tiles, first int, begins bool, prefetch *prefetcher) {
	kernels := p.engine.Kernels
	tile.Below = 0
	cut := tensor.CutTiles(p.k, kernels.MR)
	width, channels := min(blockWidth, p.paddedC-first), min(blockWidth, p.c-first)
	if kernels.SparseLines {
		prefetch.spread(points * cut.Count * (channels / kernels.NR) * tiles)
	}
	for point := range points {
		a, b, dst := out[point*conflictFreeStride(tiles*p.paddedK):], in[point*conflictFreeStride(tiles*width):], u[point*conflictFreeStride(p.paddedK*width):]
		for t0 := 0; t0 < tiles; t0 += depth {
			count := min(depth, tiles-t0)
			mode := simd.FromC
			if begins && t0 == 0 {
				mode = simd.FromZero
			}
			for c := 0; c < channels; c += kernels.NR {
				tile.GemmTile = simd.GemmTile{B: &b[t0*width+c], CRow: width, ARow: 1, ACol: p.paddedK, BRow: width,
					N: min(kernels.NR, channels-c), K: count, KOuter: 1, Mode: mode}
				for t := 0; t < cut.Count; t += tile.Count {
					k, m := cut.Tile(t)
					tile.C, tile.A, tile.M = &dst[k*width+c], &a[t0*p.paddedK+k], m
					tile.Count, tile.ATile = cut.Run(t, cut.Count, count), m
					prefetch.lines(tile, count, width)
					kernels.GemmTiles(tile)
				}
			}
		}
	}
}

// tapsOfBlock transforms the gradient of a block of channels back and stores it, or
// adds it: [filter][tap][channel].
func (p *winograd) tapsOfBlock(dst, u, spare []float32, width int, add bool) {
	s := p.shape
	kernels := p.engine.Kernels
	size := s.R * s.S * width
	for k := range p.k {
		to := dst[k*size:][:size]
		if add {
			to = spare[:size]
		}
		kernels.WinogradFilterAdjoint(&to[0], &u[k*width], s.R, width/lanes, width, lanes, conflictFreeStride(p.paddedK*width), lanes)
		if add {
			kernels.Add(dst[k*size:][:size], to)
		}
	}
}

// prefetchBlock returns what a worker reads after a block of channels of a part of a set: the
// block from channel c on, or after the last one what the next part begins with.
func (p *winograd) prefetchBlock(group int, part, next setPart, c int) prefetcher {
	inputs := func(part setPart, c int) region {
		return p.region(p.x, part.first, part.n, group*p.c+c, min(blockWidth, p.c-c), p.input(part.at))
	}
	if c < p.c {
		return prefetcher{parts: [2]region{inputs(part, c)}}
	}
	if next.n == 0 {
		next.n = p.part // of the next set
	}
	return prefetcher{parts: [2]region{p.region(p.y, next.first, next.n, group*p.k, p.k, p.output(next.at)), inputs(next, 0)}}
}

// winogradFinish puts the gradient of one filter in order and adds up its bias.
type winogradFinish struct{ *winograd }

func (q winogradFinish) Do(filter, _ int) {
	p := q.winograd
	s := p.shape
	area := s.R * s.S
	group, k := filter/p.k, filter%p.k
	u := p.gradient.of(0)[group*p.gradient.size/s.Groups:]
	for c := 0; c < p.c; c += blockWidth {
		width := min(blockWidth, p.paddedC-c)
		p.engine.Kernels.Transpose(&p.dw[(filter*p.c+c)*area], &u[(c*p.k+k*width)*area], area, min(width, p.c-c), area, width)
	}
	if p.dbias != nil {
		sums := p.sums()
		var sum float32
		for n := range p.x.N {
			sum += sums[n*s.K+filter]
		}
		p.dbias[filter] = sum
	}
}

// arena hands out consecutive parts of scratch memory.
type arena []float32

func (c *arena) take(n int) []float32 {
	part := (*c)[:n]
	*c = (*c)[n:]
	return part
}

// conflictFreeStride returns the distance of two points that lie at least n elements (whole
// lanes) from each other: an odd number of cache lines, for the 36 points of a tile
// are written at once, and a distance of whole pages would put them all in the same
// set of the cache, which holds fewer.
func conflictFreeStride(n int) int { return n | lanes }
