package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// pairsWeightGrad is the backward pass to the weights in bfloat16: the product of
// weightGrad, filters x pixels times pixels x taps or the reverse, with pixels in pairs
// that follow each other in a row of the output. A task takes a group of a chunk of the
// batch, a stretch of pixels at a time: it packs both operands for them, for which the
// image is laid out so that what a tap meets along a row is contiguous, and multiplies.
//
// Where rows of pixels go on in each other, an image or a stretch of it is one row. The
// last pixel of a row of odd length pairs with 0.
type pairsWeightGrad struct {
	weightSums

	layout        layout
	whole         bool   // rows of pixels go on in the next ones, in the layout too
	rows, columns []band // the product's
	width         int    // elements of all rows of the product
	stretchImages int    // of a stretch: whole ones, or 1 and
	stretchRows   int    // as many rows of its output
	steps         int    // most pairs of a stretch
}

// band is a few rows or columns of the product that one tile or panel has, so far apart
// for one pair and the next.
type band struct{ first, n, width int }

// stretchOperands is the size of the packed operands of a stretch: half of what they are
// multiplied from stays in the second-level cache. A stretch has at least leastPixels, or
// tiles would be read and written too often.
const stretchOperands, leastPixels = 512 << 10, 256

func newPairsWeightGrad(e *tensor.Engine, s Shape) *pairsWeightGrad {
	p := &pairsWeightGrad{layout: newLayout(s)}
	p.weightSums = weightSums{shape: s, engine: e, channels: s.C / s.Groups, filters: s.K / s.Groups}
	mr, nr := e.Kernels.MR, e.Kernels.NR
	height, taps := p.filters, p.channels*s.R*s.S
	width := taps
	// Columns are what leaves less of the panels empty.
	unused := func(n int) int { return (nr - n%nr) % nr * 1000 / n }
	if p.swap = unused(p.filters) < unused(taps); p.swap {
		height, width = taps, p.filters
	}
	tiles := tensor.CutTiles(height, mr)
	for t := range tiles.Count {
		first, n := tiles.Tile(t)
		p.rows = append(p.rows, band{first, n, n})
	}
	for j := 0; j < width; j += nr {
		p.columns = append(p.columns, band{j, min(nr, width-j), nr})
	}
	p.width = width

	outH, outW := s.OutH(), s.OutW()
	area := outH * outW
	p.whole = p.layout.cols == outW
	p.gradient = newPartials(e, s.N, (chunkPixels+area-1)/area, s.Weights())
	pixels := max(leastPixels, min(stretchPixels, stretchOperands/2/(taps+p.filters)))
	p.stretchImages, p.stretchRows = max(1, min(p.gradient.chunk, pixels/area)), outH
	if area > pixels {
		p.stretchRows = max(1, pixels/outW)
		if outW%2 != 0 && p.stretchRows > 1 {
			p.stretchRows -= p.stretchRows % 2 // pixels pair up
		}
	}
	p.steps = p.stretchImages * p.pairsOf(p.stretchRows)
	size := p.steps * (height + len(p.columns)*nr)
	if !p.layout.inPlace {
		size += p.layout.size() + p.layout.spare()
	}
	e.Reserve(p.gradient.total()+s.N*s.K, max(size, taps))
	return p
}

// pairsOf returns the number of pairs in so many rows of output pixels.
func (p *pairsWeightGrad) pairsOf(rows int) int {
	if p.whole {
		return (rows*p.shape.OutW() + 1) / 2
	}
	return rows * ((p.shape.OutW() + 1) / 2)
}

func (p *pairsWeightGrad) run(dw, dbias []float32, x, dy tensor.Tensor) {
	p.dw, p.dbias, p.x, p.dy = dw, dbias, x, dy
	p.engine.Run(p.shape.Groups*p.gradient.cut(x.N), pairsWeightsChunk{p})
	p.gradient.sum(nil)
	p.engine.Run(p.shape.K, weightsFinish{&p.weightSums})
}

// pairsWeightsChunk computes the gradient of one group from a chunk of images.
type pairsWeightsChunk struct{ *pairsWeightGrad }

func (c pairsWeightsChunk) Do(task, worker int) {
	p := c.pairsWeightGrad
	s := p.shape
	group, chunk := task%s.Groups, task/s.Groups
	size := p.gradient.size / s.Groups
	dw := p.gradient.of(chunk)[group*size:][:size]
	first, n := p.gradient.images(chunk, p.x.N)
	cut := arena(p.engine.Scratch(worker))
	q := pairsStretch{tile: p.engine.Tile(worker), dw: dw}
	q.a, q.b = cut.take(p.steps*size/p.width), cut.take(p.steps*len(p.columns)*p.engine.Kernels.NR)
	var laid, spare []float32
	if !p.layout.inPlace {
		laid, spare = cut.take(p.layout.size()), cut.take(p.layout.spare())
	}
	area := s.OutH() * s.OutW()
	for i := 0; i < n; i += p.stretchImages {
		images := min(p.stretchImages, n-i)
		for y := 0; y < s.OutH(); y += p.stretchRows {
			rows := min(p.stretchRows, s.OutH()-y)
			q.pairs = images * p.pairsOf(rows)
			for j := range images {
				x := p.layout.group(p.x, first+i+j, group)
				dy := p.dy.Image(first + i + j)[group*p.filters*area:]
				if y == 0 {
					p.sumPixels(dy, first+i+j, group)
				}
				if !p.layout.inPlace {
					if y == 0 {
						p.layout.fill(p.engine.Kernels, laid, x, spare)
					}
					x = laid
				}
				p.pack(&q, x[y*p.layout.cols:], dy[y*s.OutW():], j*p.pairsOf(rows), rows)
			}
			p.multiply(&q)
			q.add = true
		}
	}
}

// pairsStretch is a stretch of pixels: its packed operands, and where their product goes.
type pairsStretch struct {
	tile  *simd.GemmTile
	dw    []float32
	a, b  []float32
	pairs int
	add   bool // to what is in dw
}

// pack packs rows of output pixels, and what meets them, as the pairs from step on.
func (p *pairsWeightGrad) pack(q *pairsStretch, x, dy []float32, step, rows int) {
	taps, filters, filterBands, tapBands := q.b, q.a, p.rows, p.columns
	if p.swap {
		taps, filters, filterBands, tapBands = q.a, q.b, p.columns, p.rows
	}
	s := p.shape
	area := s.OutH() * s.OutW()
	for i := range filterBands {
		b := &filterBands[i]
		p.packRows(filters[b.first*q.pairs+step*b.width:], dy[b.first*area:], b.n, rows, b.width, area, s.OutW())
	}
	for i := range tapBands {
		b := &tapBands[i]
		// Tap t is channel t%channels of the filter's place t/channels.
		for t := b.first; t < b.first+b.n; {
			place, c := t/p.channels, t%p.channels
			n := min(p.channels-c, b.first+b.n-t)
			from := x[p.layout.tap(c, place/s.S, place%s.S):]
			p.packRows(taps[b.first*q.pairs+step*b.width+t-b.first:], from, n, rows, b.width, p.layout.plane, p.layout.cols)
			t += n
		}
	}
}

// packRows packs rows of output pixels of n planes, rowDistance apart, a pair every
// width elements.
func (p *pairsWeightGrad) packRows(dst, src []float32, n, rows, width, plane, rowDistance int) {
	transpose := p.engine.Kernels.TransposePairs
	outW := p.shape.OutW()
	if p.whole {
		for i := 0; i < rows*outW; i += maxTranspose {
			transpose(&dst[i/2*width], &src[i], n, min(maxTranspose, rows*outW-i), width, plane)
		}
		return
	}
	for y := range rows {
		transpose(&dst[y*((outW+1)/2)*width], &src[y*rowDistance], n, outW, width, plane)
	}
}

// multiply adds the share of a stretch: all panels with one block of tiles, then with
// the next.
func (p *pairsWeightGrad) multiply(q *pairsStretch) {
	kernels := p.engine.Kernels
	call := q.tile
	*call = simd.GemmTile{CRow: p.width, ARow: 1, BRow: kernels.NR, K: q.pairs, KOuter: 1, Mode: simd.FromZero}
	if q.add {
		call.Mode = simd.FromC
	}
	block := max(1, blockBytes/4/(kernels.MR*q.pairs))
	for t0 := 0; t0 < len(p.rows); t0 += block {
		rows := p.rows[t0:min(t0+block, len(p.rows))]
		for j := range p.columns {
			column := &p.columns[j]
			call.B, call.N = &q.b[column.first*q.pairs], column.n
			for t := range rows {
				row := &rows[t]
				call.C, call.M = &q.dw[row.first*p.width+column.first], row.n
				call.A, call.ACol = &q.a[row.first*q.pairs], row.width
				kernels.GemmPairs(call)
			}
		}
	}
}
