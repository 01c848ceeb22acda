package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// chunk is the number of output pixels whose products are scattered together.
// It is common to all kernel sets, because it decides in which order the
// products that meet in one input pixel are added. 96 is a multiple of every NR.
const chunk = 96

// maxScatterRows bounds the rows of products held before they are scattered.
const maxScatterRows = 512

// col2imDataGrad is the backward pass to the data as w^T * dy, taps x filters times
// filters x pixels, whose rows are added to the places that their tap met
// (col2im, a chunk of pixels at a time). It does no product more than the
// forward pass, whatever the stride and the padding.
type col2imDataGrad struct {
	shape  Shape
	engine *tensor.Engine

	layout layout // of the input gradient
	groups int    // of taps, each scattered on its own
	rows   int    // taps of a group: channels x R x (S / groups)
	tiles  tensor.Tiles
	taps   []int32 // in the order s, r, c: neighbours in it never overlap
	planes []int32 // offsets of the filters in dy
	images int     // of a task
	chunks []panel

	// Operands of the current run.
	dx, dy     tensor.Tensor
	w          []float32
	accumulate bool
}

func newCol2imDataGrad(e *tensor.Engine, s Shape) *col2imDataGrad {
	p := &col2imDataGrad{shape: s, engine: e, layout: newLayout(s)}
	channels, filters := s.C/s.Groups, s.K/s.Groups
	perGroup := s.S
	for perGroup > 1 && (perGroup*s.R*channels > maxScatterRows || s.S%perGroup != 0) {
		perGroup--
	}
	p.groups = s.S / perGroup
	p.rows = perGroup * s.R * channels
	p.tiles = tensor.CutTiles(p.rows, e.Kernels.MR)
	for j := range s.S {
		for i := range s.R {
			for c := range channels {
				p.taps = append(p.taps, int32(p.layout.tap(c, i, j)))
			}
		}
	}
	area := s.OutH() * s.OutW()
	for k := range filters {
		p.planes = append(p.planes, int32(k*area))
	}
	p.images = imagesPerTask(s.N, area, chunk)
	p.chunks = p.layout.cutPanels(p.images, 0, s.OutH(), s.OutW(), chunk)
	e.Reserve(s.Weights(), filters*e.Kernels.NR+p.productsSize()+p.imageSize())
	return p
}

// productsSize is the size of the products of a chunk, which also serve as the
// spare memory of layout.drain.
func (p *col2imDataGrad) productsSize() int { return max(p.rows*chunk, p.layout.spare()) }

func (p *col2imDataGrad) imageSize() int {
	if p.layout.inPlace {
		return 0
	}
	return p.images * p.layout.size()
}

func (p *col2imDataGrad) run(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	p.dx, p.dy, p.w, p.accumulate = dx, dy, w, accumulate
	p.engine.Run(p.shape.K, scatterPack{p})
	p.engine.Run((dy.N+p.images-1)/p.images*p.shape.Groups, scatterImages{p})
}

// scatterPack writes the weights of one filter in the order of taps.
type scatterPack struct{ *col2imDataGrad }

func (p scatterPack) Do(filter, _ int) {
	s := p.shape
	channels := s.C / s.Groups
	inner := channels * s.R * s.S
	w := p.w[filter*inner:][:inner]
	dst := p.engine.Shared()[filter*inner:][:inner]
	for j := range s.S {
		for i := range s.R {
			for c := range channels {
				dst[(j*s.R+i)*channels+c] = w[(c*s.R+i)*s.S+j]
			}
		}
	}
}

// pack gathers the output gradients of the pixels [j, j+cols) of a chunk, all filters of
// a group, from the images from first on.
func (p *col2imDataGrad) pack(packed []float32, chunk *panel, first, group, j, cols int) {
	kernels := p.engine.Kernels
	filters := len(p.planes)
	for _, r := range chunk.pixels {
		lo, hi := max(r.lane, j), min(r.lane+r.n, j+cols)
		if lo < hi {
			dy := p.dy.Data[(first+r.image)*p.dy.Stride+group*filters*p.shape.OutH()*p.shape.OutW()+r.offset+lo-r.lane:]
			kernels.Gather(&packed[lo-j], &dy[0], &p.planes[0], filters, kernels.NR, hi-lo)
		}
	}
}

// scatterImages computes the input gradient of a few images.
type scatterImages struct{ *col2imDataGrad }

func (p scatterImages) Do(task, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	nr := kernels.NR
	filters := s.K / s.Groups
	inner := len(p.taps)
	area := s.OutH() * s.OutW()
	group := task % s.Groups
	first := task / s.Groups * p.images
	images := min(p.images, p.dy.N-first)
	weights := p.engine.Shared()[group*filters*inner:]
	tile := p.engine.Tiles(worker)
	tile.Below, tile.Lines = 0, [simd.MaxTiles]simd.Line{}

	scratch := arena(p.engine.Scratch(worker))
	packed, products, dst := scratch.take(filters*nr), scratch.take(p.productsSize()), []float32(scratch)
	distance := p.layout.size()
	if p.layout.inPlace {
		distance = p.dx.Stride
		dst = p.dx.Data[first*p.dx.Stride+group*p.layout.size():]
		if !p.accumulate {
			for i := range images {
				clear(p.layout.group(p.dx, first+i, group))
			}
		}
	} else {
		clear(dst[:images*distance])
	}

	for i := range p.chunks {
		n := min(chunk, images*area-i*chunk)
		if n <= 0 {
			break
		}
		for g := range p.groups {
			for j := 0; j < n; j += nr {
				cols := min(nr, n-j)
				p.pack(packed, &p.chunks[i], first, group, j, cols)
				tile.GemmTile = simd.GemmTile{B: &packed[0], CRow: chunk, ARow: 1, ACol: inner, BRow: nr, N: cols, K: filters, KOuter: 1}
				for t := 0; t < p.tiles.Count; t += tile.Count {
					row, rows := p.tiles.Tile(t)
					tile.C, tile.A, tile.M = &products[row*chunk+j], &weights[g*p.rows+row], rows
					tile.Count, tile.ATile = p.tiles.Run(t, p.tiles.Count, filters), rows
					kernels.GemmTiles(tile)
				}
			}
			for _, r := range p.chunks[i].runs {
				if m := min(r.n, n-r.lane); m > 0 {
					kernels.Scatter(&dst[r.image*distance+r.offset], &products[r.lane], &p.taps[g*p.rows], p.rows, chunk, m)
				}
			}
		}
	}
	if !p.layout.inPlace {
		for i := range images {
			p.layout.drain(kernels, p.layout.group(p.dx, first+i, group), dst[i*distance:], products, p.accumulate)
		}
	}
}
