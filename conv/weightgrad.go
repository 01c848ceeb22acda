package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// weightGrad is the backward pass to the weights: filters x pixels times pixels x
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
// A task takes the images of a chunk of the batch, a few at a time, through both
// steps in its worker's own memory, so that a worker multiplies what it prepared.
// Small images whose pixels lie evenly apart are multiplied several in one call of
// the kernel.
// Within a chunk each element of dw is one chain of multiply-adds over images and
// pixels in order; the chunks' gradients are added in a fixed tree, see partials.
type weightGrad struct {
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
	callImages        int          // of one kernel call: whole ones, or 1 and
	callRows          int          // as many rows of its output
	gradient          partials     // K, R, S, C; swapped: group, R, S, C, K

	// Operands of the current run.
	dw, dbias []float32
	x, dy     tensor.Tensor
}

// preparedBytes is the size of the images that a worker prepares at a time: they
// stay in the second-level cache until they are multiplied.
const preparedBytes = 256 << 10

// chunkPixels is the number of pixels from which on a chunk's products are worth a
// gradient of their own.
const chunkPixels = 1024

// callPixels bounds the inner dimension of one kernel call, enoughPixels is from
// which on it is worth reading and writing the tile.
const callPixels, enoughPixels = 2048, 256

// maxTranspose bounds the columns of one Transpose call.
const maxTranspose = 2048

func newWeightGrad(e *tensor.Engine, s Shape) *weightGrad {
	p := &weightGrad{shape: s, engine: e, channels: s.C / s.Groups, filters: s.K / s.Groups}
	p.rows, p.cols = s.H+2*s.PadH+s.ExtraH, s.W+2*s.PadW+s.ExtraW
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
	area := s.OutH() * s.OutW()
	p.gradient = newPartials(e, s.N, (chunkPixels+area-1)/area, s.Weights())
	p.images = min(p.gradient.chunk, max(1, preparedBytes/4/(p.xSize()+p.dySize())))
	p.callImages, p.callRows = 1, max(1, callPixels/s.OutW())
	if s.Stride == 1 && p.cols == s.OutW() { // an image's pixels are as far apart in the next row
		p.callImages = min(p.gradient.chunk, max(1, enoughPixels/area))
		p.images = max(p.images, p.callImages)
	}
	e.Reserve(p.gradient.total()+s.N*s.K, max(p.images*(p.xSize()+p.dySize()), p.channels*s.R*s.S))
	return p
}

// xSize and dySize return the sizes of one group of a prepared image.
func (p *weightGrad) xSize() int  { return p.channels * p.rows * p.cols }
func (p *weightGrad) dySize() int { return p.filters * p.shape.OutH() * p.shape.OutW() }

// sums returns the sums of dy over the pixels of each image.
func (p *weightGrad) sums() []float32 {
	return p.engine.Shared()[p.gradient.total():][:p.shape.N*p.shape.K]
}

func (p *weightGrad) run(dw, dbias []float32, x, dy tensor.Tensor) {
	p.dw, p.dbias, p.x, p.dy = dw, dbias, x, dy
	p.engine.Run(p.shape.Groups*p.gradient.cut(x.N), weightsChunk{p})
	p.gradient.sum()
	p.engine.Run(p.shape.K, weightsFinish{p})
}

// weightsChunk computes the gradient of one group from a chunk of images.
type weightsChunk struct{ *weightGrad }

func (q weightsChunk) Do(task, worker int) {
	p := q.weightGrad
	group := task % p.shape.Groups
	chunk := task / p.shape.Groups
	size := p.gradient.size / p.shape.Groups
	dw := p.gradient.of(chunk)[group*size:][:size]
	first, n := p.gradient.images(chunk, p.x.N)
	cut := arena(p.engine.Scratch(worker))
	xs, dys := cut.take(p.images*p.xSize()), cut.take(p.images*p.dySize())
	for i := 0; i < n; i += p.images {
		images := min(p.images, n-i)
		for j := range images {
			p.prepare(xs[j*p.xSize():][:p.xSize()], dys[j*p.dySize():][:p.dySize()], first+i+j, group)
		}
		prefetch := p.prefetch(group, first+i+images)
		p.multiply(p.engine.Tile(worker), dw, xs, dys, images, i > 0, &prefetch)
	}
}

// prefetch returns the images that are prepared after those before next.
func (p *weightGrad) prefetch(group, next int) prefetcher {
	if p.images*(p.xSize()+p.dySize()) > preparedBytes/4 { // they would push the present ones out
		return prefetcher{}
	}
	s := p.shape
	plane, area := s.H*s.W, s.OutH()*s.OutW()
	return prefetcher{parts: [2]region{
		regionOf(p.x, next, p.images, group*p.channels*plane, p.channels*plane),
		regionOf(p.dy, next, p.images, group*p.filters*area, p.filters*area),
	}}
}

// prepare turns one group of an image and its output gradient into the operands:
// the image channels-last, the output gradient interleaved tile by tile (swapped:
// panel by panel).
func (p *weightGrad) prepare(xs, dys []float32, image, group int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.OutH() * s.OutW()
	plane := s.H * s.W
	x := p.x.Image(image)[group*p.channels*plane:]
	dy := p.dy.Image(image)[group*p.filters*area:]
	for c := 0; c < p.channels; c += p.block {
		p.channelsLast(xs[c*p.rows*p.cols:][:p.block*p.rows*p.cols], x[c*plane:])
	}
	interleave := func(f, m int) {
		to, from := dys[f*area:], dy[f*area:]
		for i := 0; i < area; i += maxTranspose {
			kernels.Transpose(&to[i*m], &from[i], m, min(maxTranspose, area-i), m, area)
		}
	}
	if p.swap {
		for j := range p.panels {
			interleave(j*kernels.NR, kernels.NR)
		}
	} else {
		for t := range p.tiles.Count {
			f, m := p.tiles.Tile(t)
			interleave(f, m)
		}
	}
	if p.dbias != nil {
		sums := p.sums()[image*s.K+group*p.filters:]
		for k := range p.filters {
			sums[k] = kernels.Sum(dy[k*area:][:area])
		}
	}
}

// channelsLast turns a block of planes channels-last, inside the padding.
func (p *weightGrad) channelsLast(dst, planes []float32) {
	s := p.shape
	transpose := p.engine.Kernels.Transpose
	plane := s.H * s.W
	if p.rows == s.H && p.cols == s.W {
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

// multiply computes the prepared images' share in the gradient of a group, or adds
// it. Meanwhile it fetches what follows.
func (p *weightGrad) multiply(call *simd.GemmTile, dw, xs, dys []float32, images int, add bool, prefetch *prefetcher) {
	for r := range p.shape.R {
		for j := range p.panels {
			for t := range p.tiles.Count {
				tile := p.tile(r, j, t)
				for image := 0; image < images; image += p.callImages {
					tile.mode = simd.FromC
					if image == 0 && !add {
						tile.mode = simd.FromZero
					}
					p.multiplyTile(call, &tile, dw, xs[image*p.xSize():], dys[image*p.dySize():], min(p.callImages, images-image), prefetch)
				}
			}
		}
	}
}

// weightsTile is a register tile of the product for row r of the filter: m x n
// elements of dw and where their operands begin.
type weightsTile struct {
	m, n   int
	dw     int // the first element, and
	dwRow  int // the distance between rows
	x      int // in a prepared image, for the first output pixel
	dy     int // in a prepared output gradient, and
	dyWide int // the distance between pixels
	mode   simd.TileMode
}

// tile returns tile t of panel j for row r of the filter. Tap i of a row is channel
// i%channels of the filter's column i/channels.
func (p *weightGrad) tile(r, j, t int) weightsTile {
	s := p.shape
	nr := p.engine.Kernels.NR
	taps := s.S * p.channels
	row, m := p.tiles.Tile(t)
	column := j * nr
	tile := weightsTile{m: m, n: min(nr, p.width-column)}
	tap, filter := column, row
	if p.swap {
		tap, filter = row, column
		tile.dw, tile.dwRow, tile.dyWide = (r*taps+tap)*p.filters+filter, p.filters, nr
	} else {
		tile.dw, tile.dwRow, tile.dyWide = (filter*s.R+r)*taps+tap, s.R*taps, m
	}
	tile.dy = filter * s.OutH() * s.OutW()
	at, channel := tap/p.channels, tap%p.channels
	block := channel / p.block
	tile.x = block*p.block*p.rows*p.cols + (r*p.cols+at)*p.block + channel%p.block
	return tile
}

// multiplyTile adds the products of one image, or a call's images, to a tile.
func (p *weightGrad) multiplyTile(call *simd.GemmTile, tile *weightsTile, dw, x, dy []float32, images int, prefetch *prefetcher) {
	s := p.shape
	outH, outW := s.OutH(), s.OutW()
	xWide, xJump := s.Stride*p.block, s.Stride*p.cols*p.block // between pixels, between rows
	dyWide, dyJump := tile.dyWide, outW*tile.dyWide
	rows := p.callRows
	if images > 1 { // the rows of an image are one, what follows are the images
		rows, outH, outW = images, images, outH*outW
		xJump, dyJump = p.xSize(), p.dySize()
	}
	*call = simd.GemmTile{C: &dw[tile.dw], CRow: tile.dwRow, ARow: 1, M: tile.m, N: tile.n, K: outW, Mode: tile.mode}
	if p.swap {
		call.ACol, call.AJump, call.BRow, call.BJump = xWide, xJump, dyWide, dyJump
	} else {
		call.ACol, call.AJump, call.BRow, call.BJump = dyWide, dyJump, xWide, xJump
	}
	for y := 0; y < outH; y += rows {
		call.KOuter = min(rows, outH-y)
		call.A, call.B = &dy[y*dyJump+tile.dy], &x[y*xJump+tile.x]
		if p.swap {
			call.A, call.B = call.B, call.A
		}
		call.Prefetch = prefetch.next(call.KOuter*outW, call.BRow)
		p.engine.Kernels.Gemm(call)
		call.Mode = simd.FromC
	}
}

// weightsFinish puts the weights of one filter in the order C, R, S and adds up
// its bias.
type weightsFinish struct{ *weightGrad }

func (p weightsFinish) Do(k, worker int) {
	s := p.shape
	dw, sums := p.gradient.of(0), p.sums()
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
