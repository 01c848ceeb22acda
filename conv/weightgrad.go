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
// They are multiplied a stretch of pixels after another, so that panels and tiles stay
// in its caches and each tile of the gradient is seldom read and written. Small images
// whose pixels lie evenly apart are multiplied several in one call of the kernel.
//
// What meets the rows of the product is read where it is if the kernels can, which
// spares turning the larger operand: the output gradient, or where 1x1 filters are
// fewer than the channels and fill whole panels, the images.
//
// Within a chunk each element of dw is one chain of multiply-adds over images and
// pixels in order; the chunks' gradients are added in a fixed tree, see partials.
type weightGrad struct {
	weightSums

	rows, cols    int          // of a padded image, or of the pixels that filters of 1x1 meet
	stride        int          // among them
	block         int          // channels that lie together
	inPlace       bool         // what meets its rows is read in the images
	tiles         tensor.Tiles // of the product's rows
	rowTiles      []weightsTile
	columnTiles   []weightsTile
	filterRow     int     // elements of the gradient from one row of the filter to the next
	rowDistance   int     // between the product's rows in the gradient
	tileRows      []int32 // offsets of the rows of a tile there
	images        int     // prepared together
	stretchImages int     // of a stretch: whole ones, or 1 and
	stretchRows   int     // as many rows of its output
	oneCall       bool    // the kernel takes the images of a stretch in one call
	blockTiles    int     // of a block
	trimRows      bool    // products with padding above and below are left out,
	trimColumns   bool    // and with that to the left and right: each tile is of one tap
}

// weightSums is where the gradient of the weights is added up and how it gets from there.
type weightSums struct {
	shape  Shape
	engine *tensor.Engine

	channels, filters int      // of a group
	swap              bool     // taps are the rows of the product
	gradient          partials // K, R, S, C; swapped: group, R, S, C, K

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

// stretchPixels is the inner dimension for which a tile is read and written once:
// a panel of so many pixels and a block of tiles, blockBytes, stay in the
// second-level cache.
const stretchPixels, blockBytes = 1024, 192 << 10

// placePixels is the number of pixels up to which rows of several images are better
// interleaved than read where they are, a distance apart that caches may not like, unless
// the tile is large or it is the larger operand of 1x1 filters.
const placePixels = 170

// maxTranspose bounds the columns of one Transpose call of some tens of rows.
const maxTranspose = 2048

func newWeightGrad(e *tensor.Engine, s Shape) *weightGrad {
	p := &weightGrad{weightSums: weightSums{shape: s, engine: e, channels: s.C / s.Groups, filters: s.K / s.Groups}}
	p.rows, p.cols = s.H+2*s.PadH+s.ExtraH, s.W+2*s.PadW+s.ExtraW
	p.stride = s.Stride
	if every2nd(s) {
		p.rows, p.cols, p.stride = s.OutH(), s.OutW(), 1
	}
	nr := e.Kernels.NR
	p.block = p.channels
	if p.channels%nr == 0 {
		p.block = nr
	}
	area := s.OutH() * s.OutW()
	// Each tap of a row of filters meets the images as they are.
	plain := s.R*s.S == 1 && s.Stride == 1 && p.rows == s.H && p.cols == s.W
	fewPanels := p.filters%nr == 0 && p.block == p.channels
	larger := plain && !fewPanels && p.filters > p.channels
	inPlace := !e.Kernels.PackedA && !tensor.Aliases(area) && (area > placePixels || e.Kernels.StridedB || larger)
	p.swap = fewPanels || p.filters%nr == 0 && plain && inPlace && p.filters < p.channels
	p.inPlace = inPlace && (plain || !p.swap)
	p.gradient = newPartials(e, s.N, (chunkPixels+area-1)/area, s.Weights())
	p.trimRows = s.Stride > 1 && area <= stretchPixels && paddingShare(s) > littlePadding
	p.trimColumns = p.trimRows && p.channels%32 == 0 && p.channels >= 64
	p.cutProduct()
	p.cutPixels()
	e.Reserve(p.gradient.total()+s.N*s.K, max(p.images*(p.xSize()+p.dySize())+p.partedSize(), p.channels*s.R*s.S))
	return p
}

// cutProduct cuts the product for one row of the filter into tiles.
func (p *weightGrad) cutProduct() {
	s, nr := p.shape, p.engine.Kernels.NR
	taps, area := s.S*p.channels, s.OutH()*s.OutW()
	height, width := p.filters, taps
	p.filterRow, p.rowDistance = taps, s.R*taps
	if p.swap {
		height, width = width, height
		p.filterRow, p.rowDistance = taps*p.filters, p.filters
	}
	// Tap i is channel i%channels of the filter's column i/channels.
	tapAt := func(i int) int {
		column, channel := i/p.channels, i%p.channels
		return channel/p.block*p.block*p.rows*p.cols + column*p.block + channel%p.block
	}
	// Tiles of one tap each, where they must be.
	rowTaps, columnTaps := 1, 1
	if p.trimColumns {
		rowTaps, columnTaps = 1, s.S
		if p.swap {
			rowTaps, columnTaps = columnTaps, rowTaps
		}
	}
	p.tiles = tensor.CutTiles(height/rowTaps, p.engine.Kernels.MR)
	for t := range p.tiles.Count * rowTaps {
		tap := t / p.tiles.Count
		first, n := p.tiles.Tile(t % p.tiles.Count)
		first += tap * height / rowTaps
		tile := weightsTile{n, first * p.rowDistance, first * area, tap}
		if p.swap && !p.inPlace {
			tile.at = tapAt(first)
		}
		p.rowTiles = append(p.rowTiles, tile)
	}
	for tap := range columnTaps {
		end := (tap + 1) * width / columnTaps
		for j := tap * width / columnTaps; j < end; j += nr {
			tile := weightsTile{min(nr, end-j), j, tapAt(j), tap}
			if p.swap {
				tile.at = j * area
			}
			p.columnTiles = append(p.columnTiles, tile)
		}
	}
	p.tileRows = make([]int32, p.engine.Kernels.MR)
	for i := range p.tileRows {
		p.tileRows[i] = int32(i * p.rowDistance)
	}
}

// cutPixels cuts a chunk's images into those that are prepared together, and these
// into stretches.
func (p *weightGrad) cutPixels() {
	s := p.shape
	area := s.OutH() * s.OutW()
	p.images = min(p.gradient.chunk, max(1, preparedBytes/4/(p.xSize()+p.dySize())))
	p.stretchImages, p.stretchRows = min(p.gradient.chunk, max(1, stretchPixels/area)), s.OutH()
	if area > stretchPixels {
		p.stretchRows = max(1, stretchPixels/s.OutW())
	}
	if p.stretchImages > 1 && p.stride == 1 && p.cols == s.OutW() { // an image's pixels are as far apart in the next row
		p.oneCall = true
		p.images = max(p.images, p.stretchImages)
	}
	p.stretchImages = min(p.stretchImages, p.images)
	p.images -= p.images % p.stretchImages
	p.blockTiles = max(1, blockBytes/4/(p.engine.Kernels.MR*p.stretchImages*p.stretchRows*s.OutW()))
}

// xSize and dySize return the sizes of one group of a prepared image, 0 if it is read
// in place.
func (p *weightGrad) xSize() int {
	if p.inPlace && p.swap {
		return 0
	}
	return p.channels * p.rows * p.cols
}

func (p *weightGrad) dySize() int {
	if p.inPlace && !p.swap {
		return 0
	}
	return p.filters * p.shape.OutH() * p.shape.OutW()
}

// partedSize returns the size of a block of planes of every second pixel, with as much for
// the other pixels of a plane.
func (p *weightGrad) partedSize() int {
	if !every2nd(p.shape) {
		return 0
	}
	return (p.block + 1) * p.rows * p.cols
}

// sums returns the sums of dy over the pixels of each image.
func (p *weightSums) sums() []float32 {
	return p.engine.Shared()[p.gradient.total():][:p.shape.N*p.shape.K]
}

// sumPixels adds up dy for the gradient of the bias, if wanted.
func (p *weightSums) sumPixels(dy []float32, image, group int) {
	if p.dbias == nil {
		return
	}
	area := p.shape.OutH() * p.shape.OutW()
	sums := p.sums()[image*p.shape.K+group*p.filters:]
	for k := range p.filters {
		sums[k] = p.engine.Kernels.Sum(dy[k*area:][:area])
	}
}

func (p *weightGrad) run(dw, dbias []float32, x, dy tensor.Tensor) {
	p.dw, p.dbias, p.x, p.dy = dw, dbias, x, dy
	p.engine.Run(p.shape.Groups*p.gradient.cut(x.N), weightsChunk{p})
	if !p.swap && p.shape.R*p.shape.S == 1 { // as it lies
		p.gradient.sum(dw)
		if dbias != nil {
			p.engine.Run(p.shape.K, weightsBias{&p.weightSums})
		}
		return
	}
	p.gradient.sum(nil)
	p.engine.Run(p.shape.K, weightsFinish{&p.weightSums})
}

// weightsChunk computes the gradient of one group from a chunk of images.
type weightsChunk struct{ *weightGrad }

func (c weightsChunk) Do(task, worker int) {
	p := c.weightGrad
	group := task % p.shape.Groups
	chunk := task / p.shape.Groups
	size := p.gradient.size / p.shape.Groups
	dw := p.gradient.of(chunk)[group*size:][:size]
	first, n := p.gradient.images(chunk, p.x.N)
	cut := arena(p.engine.Scratch(worker))
	q := weightsImages{tile: p.engine.Tile(worker), dw: dw, group: group}
	q.xs, q.dys, q.parted = cut.take(p.images*p.xSize()), cut.take(p.images*p.dySize()), cut.take(p.partedSize())
	for i := 0; i < n; i += p.images {
		q.first, q.images = first+i, min(p.images, n-i)
		for j := range q.images {
			p.prepare(q.xs[j*p.xSize():], q.dys[j*p.dySize():], q.parted, q.first+j, group)
		}
		q.prefetch = p.prefetch(group, first+i+q.images)
		// Rows of other lengths would leave lines out.
		if s := p.shape; p.engine.Kernels.SparseLines && s.OutW()%simd.SparseRows == 0 && !p.trimColumns {
			q.prefetch.spread(len(p.rowTiles) * len(p.columnTiles) * s.R * s.OutH() * s.OutW() * q.images)
		}
		p.multiply(&q)
	}
}

// prefetch returns the images that are prepared after those before next.
func (p *weightGrad) prefetch(group, next int) prefetcher {
	s := p.shape
	plane, area := s.H*s.W, s.OutH()*s.OutW()
	if p.images*(p.channels*plane+p.filters*area) > preparedBytes/4 { // they would push the present ones out
		return prefetcher{}
	}
	return prefetcher{parts: [2]region{
		regionOf(p.x, next, p.images, group*p.channels*plane, p.channels*plane),
		regionOf(p.dy, next, p.images, group*p.filters*area, p.filters*area),
	}}
}

// prepare turns one group of an image and its output gradient into the operands:
// the image channels-last, the output gradient interleaved tile by tile (swapped:
// panel by panel).
func (p *weightGrad) prepare(xs, dys, parted []float32, image, group int) {
	s := p.shape
	kernels := p.engine.Kernels
	area := s.OutH() * s.OutW()
	plane := s.H * s.W
	x := p.x.Image(image)[group*p.channels*plane:]
	dy := p.dy.Image(image)[group*p.filters*area:]
	for c := 0; c < p.channels && p.xSize() > 0; c += p.block {
		p.channelsLast(xs[c*p.rows*p.cols:][:p.block*p.rows*p.cols], x[c*plane:], parted)
	}
	interleave := func(f, m int) {
		to, from := dys[f*area:], dy[f*area:]
		for i := 0; i < area; i += maxTranspose {
			kernels.Transpose(&to[i*m], &from[i], m, min(maxTranspose, area-i), m, area)
		}
	}
	switch {
	case p.dySize() == 0:
	case p.swap:
		for f := 0; f < p.filters; f += kernels.NR {
			interleave(f, kernels.NR)
		}
	default:
		for t := range p.tiles.Count {
			f, m := p.tiles.Tile(t)
			interleave(f, m)
		}
	}
	p.sumPixels(dy, image, group)
}

// channelsLast turns a block of planes channels-last, inside the padding.
func (p *weightGrad) channelsLast(dst, planes, parted []float32) {
	s := p.shape
	transpose := p.engine.Kernels.Transpose
	plane := s.H * s.W
	most := min(maxTranspose, max(1, simd.MaxTranspose/p.block))
	if area := p.rows * p.cols; every2nd(s) {
		for c := range p.block {
			p.engine.Kernels.Deinterleave2(&parted[c*area], &parted[p.block*area], &planes[c*plane], p.rows, p.cols, p.cols, 2*s.W)
		}
		for i := 0; i < area; i += most {
			transpose(&dst[i*p.block], &parted[i], p.block, min(most, area-i), p.block, area)
		}
		return
	}
	if p.rows == s.H && p.cols == s.W {
		for i := 0; i < plane; i += most {
			transpose(&dst[i*p.block], &planes[i], p.block, min(most, plane-i), p.block, plane)
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

// weightsImages are a few images and where their share in the gradient of a group
// goes.
type weightsImages struct {
	tile          *simd.GemmTile
	dw            []float32
	group         int
	first, images int
	xs, dys       []float32 // as prepared
	parted        []float32 // scratch memory of channelsLast
	add           bool      // to what is in dw
	prefetch      prefetcher
}

// weightsTile is a few rows or columns of the product for the first row of the filter,
// and where they begin.
type weightsTile struct {
	n  int
	dw int // in the gradient of a group
	at int // in their operand

	tap int // the column of the filter, if all are of one
}

// operand is a side of the product: where it begins, and the distances between
// its rows or columns, between pixels, between rows of pixels and between images.
type operand struct {
	data                    []float32
	row, pixel, line, image int
}

// operands returns what meets the rows of the product and its columns. Where rows
// are interleaved, their pixels are as far apart as the tile is high.
func (p *weightGrad) operands(q *weightsImages) (rows, columns operand) {
	s, nr := p.shape, p.engine.Kernels.NR
	outW, area := s.OutW(), s.OutH()*s.OutW()
	x := operand{q.xs, 1, p.stride * p.block, p.stride * p.cols * p.block, p.xSize()}
	dy := operand{q.dys, 1, nr, outW * nr, p.dySize()}
	switch {
	case p.inPlace && p.swap:
		x = operand{p.x.Data[q.first*p.x.Stride+q.group*p.channels*area:], area, 1, outW, p.x.Stride}
	case p.inPlace:
		dy = operand{p.dy.Data[q.first*p.dy.Stride+q.group*p.filters*area:], area, 1, outW, p.dy.Stride}
	}
	if p.swap {
		return x, dy
	}
	return dy, x
}

// multiply adds the images' share, a stretch of pixels after another. Meanwhile it
// fetches what follows.
func (p *weightGrad) multiply(q *weightsImages) {
	a, b := p.operands(q)
	for image := 0; image < q.images; image += p.stretchImages {
		n := min(p.stretchImages, q.images-image)
		for y := 0; y < p.shape.OutH(); y += p.stretchRows {
			for r := range p.shape.R {
				p.multiplyStretch(q, &a, &b, weightsStretch{image, n, y, r})
			}
			q.add = true
		}
	}
}

// weightsStretch is n images from one on, or rows of it from y on, and a row of the
// filter.
type weightsStretch struct{ image, n, y, r int }

// multiplyStretch adds the share of a stretch: all panels with one block of tiles,
// then with the next.
func (p *weightGrad) multiplyStretch(q *weightsImages, a, b *operand, at weightsStretch) {
	s := p.shape
	call := q.tile
	*call = simd.GemmTile{
		CRow: p.rowDistance, ARow: a.row, ACol: a.pixel, BRow: b.pixel,
		K: s.OutW(), KOuter: min(p.stretchRows, s.OutH()-at.y),
	}
	if p.trimRows {
		at.y, call.KOuter = inside(s.H, s.OutH(), s.PadH, s.Stride, at.r)
	}
	if p.oneCall { // the rows of an image are one, what follows are the images
		call.K, call.KOuter = s.OutH()*s.OutW(), at.n
	}
	for t0 := 0; t0 < len(p.rowTiles); t0 += p.blockTiles {
		rows := p.rowTiles[t0:min(t0+p.blockTiles, len(p.rowTiles))]
		for j := range p.columnTiles {
			column := &p.columnTiles[j]
			dw := q.dw[at.r*p.filterRow+column.dw:]
			for t := range rows {
				row := &rows[t]
				if t+1 < len(rows) {
					p.engine.Kernels.Prefetch(&dw[rows[t+1].dw], &p.tileRows[0], rows[t+1].n)
				}
				call.C, call.M, call.N, call.Mode = &dw[row.dw], row.n, column.n, simd.FromC
				if !q.add {
					call.Mode = simd.FromZero
				}
				p.multiplyTile(q, a, b, at, row, column)
			}
		}
	}
}

// multiplyTile adds the products of a stretch to a tile.
func (p *weightGrad) multiplyTile(q *weightsImages, a, b *operand, at weightsStretch, row, column *weightsTile) {
	s := p.shape
	call := q.tile
	line := a.line
	if !p.swap && !p.inPlace { // interleaved
		call.ACol, line = call.M, s.OutW()*call.M
	}
	rows := row.at + at.image*a.image + at.y*line
	columns := column.at + at.image*b.image + at.y*b.line
	if p.trimColumns {
		var x int
		x, call.K = inside(s.W, s.OutW(), s.PadW, s.Stride, row.tap+column.tap)
		rows += x * call.ACol
		columns += x * call.BRow
	}
	// Where the row of the filter begins.
	if filterRow := at.r * p.cols * p.block; p.swap {
		rows += filterRow
	} else {
		columns += filterRow
	}
	calls := at.n
	call.AJump, call.BJump = line, b.line
	if p.oneCall {
		call.AJump, call.BJump, calls = a.image, b.image, 1
	}
	for range calls {
		call.A, call.B = &a.data[rows], &b.data[columns]
		line := q.prefetch.next(call.KOuter*call.K, call.BRow)
		call.Prefetch, call.PrefetchRow, call.Sparse = line.At, line.Row, line.Sparse
		p.engine.Kernels.Gemm(call)
		call.Mode = simd.FromC
		rows += a.image
		columns += b.image
	}
}

// weightsFinish puts the weights of one filter in the order C, R, S and adds up
// its bias.
type weightsFinish struct{ *weightSums }

func (p weightsFinish) Do(k, worker int) {
	s := p.shape
	dw := p.gradient.of(0)
	inner := p.channels * s.R * s.S
	row := dw[k*inner:]
	if p.swap {
		row = p.engine.Scratch(worker)
		g, f := k/p.filters, k%p.filters
		for i := range inner {
			row[i] = dw[(g*inner+i)*p.filters+f]
		}
	}
	if s.R*s.S == 1 {
		copy(p.dw[k*inner:][:inner], row)
	} else {
		p.engine.Kernels.Transpose(&p.dw[k*inner], &row[0], s.R*s.S, p.channels, s.R*s.S, p.channels)
	}
	if p.dbias != nil {
		weightsBias{p.weightSums}.Do(k, worker)
	}
}

// weightsBias adds up the bias of one filter.
type weightsBias struct{ *weightSums }

func (p weightsBias) Do(k, _ int) {
	var sum float32
	for n := range p.x.N {
		sum += p.sums()[n*p.shape.K+k]
	}
	p.dbias[k] = sum
}
