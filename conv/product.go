package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// depth is the stretch of the inner dimension that a panel holds: 256 x NR
// elements stay in the first-level cache.
const depth = 256

// product is convolution as a matrix product: filters x taps times taps x
// pixels. It serves the forward pass and, with the roles of filters and channels
// exchanged, the backward pass to the data of a convolution of stride 1.
type product struct {
	shape    Shape // of this product: C is what it reads, K what it writes
	backward bool  // the weights are stored as C x K/groups x R x S
	engine   *tensor.Engine

	layout  layout
	tiles   tensor.Tiles // of the filters of a group
	taps    []int32
	inner   int // taps: C/groups * R * S
	images  int // of a task
	panels  []panel
	columns []int32 // offsets of the rows of a panel of results

	// Operands of the current run.
	y, x       tensor.Tensor
	w, bias    []float32
	accumulate bool
	relu       bool
}

func newProduct(e *tensor.Engine, s Shape, backward bool) *product {
	p := &product{shape: s, backward: backward, engine: e, layout: newLayout(s)}
	nr := e.Kernels.NR
	filters := s.K / s.Groups
	p.tiles = tensor.CutTiles(filters, e.Kernels.MR)
	p.taps = p.layout.taps(s.R, s.S, backward)
	p.inner = len(p.taps)
	p.images = imagesPerTask(s.N, s.OutH()*s.OutW(), nr)
	p.panels = p.layout.cutPanels(p.images, s.OutH(), s.OutW(), nr)
	p.columns = make([]int32, filters)
	for i := range p.columns {
		p.columns[i] = int32(i * nr)
	}
	e.Reserve(s.Weights(), p.panelSize()+filters*nr+p.imageSize())
	return p
}

func (p *product) panelSize() int { return min(p.inner, depth) * p.engine.Kernels.NR }

func (p *product) imageSize() int {
	if p.layout.inPlace {
		return 0
	}
	return p.images * p.layout.size()
}

func (p *product) run(y, x tensor.Tensor, w, bias []float32, accumulate bool, act simd.Activation) {
	p.y, p.x, p.w, p.bias = y, x, w, bias
	p.accumulate, p.relu = accumulate, act == simd.ReLU
	p.engine.Run(p.tiles.Count*p.shape.Groups, (*productPack)(p))
	p.engine.Run((x.N+p.images-1)/p.images*p.shape.Groups, (*productPixels)(p))
}

// productPack interleaves the filters of one tile in shared memory. The tile of
// group g that begins at filter f, for the stretch of taps at k0, is at
// g*filters*inner + k0*filters + f*len.
type productPack product

func (p *productPack) Do(task, _ int) {
	s := p.shape
	filters := s.K / s.Groups
	group := task / p.tiles.Count
	first, rows := p.tiles.Tile(task % p.tiles.Count)
	transpose := p.engine.Kernels.Transpose
	shared := p.engine.Shared()[group*filters*p.inner:]
	if !p.backward {
		w := p.w[(group*filters+first)*p.inner:]
		for k0 := 0; k0 < p.inner; k0 += depth {
			kc := min(depth, p.inner-k0)
			transpose(&shared[k0*filters+first*kc], &w[k0], rows, kc, rows, p.inner)
		}
		return
	}
	area := s.R * s.S
	for c := range s.C / s.Groups {
		w := p.w[((group*s.C/s.Groups+c)*filters+first)*area:]
		for k := c * area; k < (c+1)*area; {
			k0 := k / depth * depth
			kc := min(depth, p.inner-k0)
			n := min((c+1)*area, k0+kc) - k
			transpose(&shared[k0*filters+first*kc+(k-k0)*rows], &w[k-c*area], rows, n, rows, area)
			k += n
		}
	}
}

// productPixels computes the output pixels of a few images.
type productPixels product

func (p *productPixels) Do(task, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	nr := kernels.NR
	filters := s.K / s.Groups
	area := s.OutH() * s.OutW()
	group := task % s.Groups
	first := task / s.Groups * p.images
	images := min(p.images, p.x.N-first)

	scratch := p.engine.Scratch(worker)
	panelSize := min(p.inner, depth) * nr
	packed, results, src := scratch[:panelSize], scratch[panelSize:][:filters*nr], scratch[panelSize+filters*nr:]
	distance := p.layout.size()
	if p.layout.inPlace {
		distance = p.x.Stride
		src = p.x.Data[first*p.x.Stride+group*p.layout.size():]
	} else {
		for i := range images {
			p.layout.fill(src[i*distance:], p.layout.group(p.x, first+i, group))
		}
	}
	weights := p.engine.Shared()[group*filters*p.inner:]

	for i := range p.panels {
		pixels := p.panels[i].pixels
		n := min(nr, images*area-i*nr)
		if n <= 0 {
			break
		}
		// A panel that crosses into another image is computed aside.
		out := p.y.Data[(first+pixels[0].image)*p.y.Stride+group*filters*area+pixels[0].offset:]
		rowDistance := area
		aside := n > pixels[0].n
		if aside {
			out, rowDistance = results, nr
			if p.accumulate {
				p.each(pixels, n, first, group, func(y []float32, lane, n int) {
					for f := range filters {
						copy(results[f*nr+lane:][:n], y[f*area:])
					}
				})
			}
		}
		for k0 := 0; k0 < p.inner; k0 += depth {
			kc := min(depth, p.inner-k0)
			for _, r := range p.panels[i].runs {
				if m := min(r.n, n-r.lane); m > 0 {
					kernels.Gather(&packed[r.lane], &src[r.image*distance+r.offset], &p.taps[k0], kc, nr, m)
				}
			}
			mode := simd.FromC
			if k0 == 0 && !p.accumulate {
				mode = simd.FromZero
				if p.bias != nil {
					mode = simd.FromRowBias
				}
			}
			if p.relu && k0+kc == p.inner {
				mode |= simd.ThenReLU
			}
			// Planes read in place are far apart: meanwhile the next panel's pixels
			// are fetched, a few planes for each tile.
			var next *float32
			nextTap, share := 0, (kc+p.tiles.Count-1)/p.tiles.Count
			if p.layout.inPlace && i+1 < len(p.panels) {
				r := p.panels[i+1].runs[0]
				next = &src[min(r.image, images-1)*distance+r.offset]
			}
			for t := range p.tiles.Count {
				if n := min(share, kc-nextTap); next != nil && n > 0 {
					kernels.Prefetch(next, &p.taps[k0+nextTap], n)
					nextTap += n
				}
				f, rows := p.tiles.Tile(t)
				var bias *float32
				if p.bias != nil {
					bias = &p.bias[group*filters+f]
				}
				kernels.Gemm(&out[f*rowDistance], &weights[k0*filters+f*kc], &packed[0], bias,
					rowDistance, 1, rows, nr, 0, rows, n, kc, 1, mode)
			}
		}
		if aside {
			for _, r := range pixels {
				if m := min(r.n, n-r.lane); m > 0 {
					y := p.y.Data[(first+r.image)*p.y.Stride+group*filters*area+r.offset:]
					kernels.Gather(&y[0], &results[r.lane], &p.columns[0], filters, area, m)
				}
			}
		}
	}
}

// each visits the stretches of the output tensor behind the first n columns of a
// panel.
func (p *productPixels) each(pixels []run, n, first, group int, visit func(y []float32, lane, n int)) {
	filters := p.shape.K / p.shape.Groups
	area := p.shape.OutH() * p.shape.OutW()
	for _, r := range pixels {
		if m := min(r.n, n-r.lane); m > 0 {
			visit(p.y.Data[(first+r.image)*p.y.Stride+group*filters*area+r.offset:], r.lane, m)
		}
	}
}
