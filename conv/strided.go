package conv

import (
	"slices"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// stridedDataGrad is the backward pass to the data of a convolution with a stride. Pixels
// of the input that are a stride apart, a phase, met the same taps, every so many
// rows and columns of the filter. So each phase is a product of its own, filters
// turned around times what the taps meet in the output gradient, and the image is
// put together from its phases. It does no product more than the forward pass and
// adds nothing up in memory.
type stridedDataGrad struct {
	shape  Shape
	engine *tensor.Engine

	layout layout // of the output gradient, padded enough for every phase
	images int    // of a task
	phases []phase
	panel  int // elements of the largest panel

	// Operands of the current run.
	dx, dy     tensor.Tensor
	w          []float32
	accumulate bool
}

// phase is the product of one phase.
type phase struct {
	implicitGemm
	rowSpan, colSpan span
	turned           map[int][]int32 // by a tile's height: offsets of the taps of packFilters filters as turned
	planesAt         int             // where its planes begin in shared memory, workers' images in turn
}

// span is a phase along one axis: pixels first, first + stride, ... meet taps tap,
// tap + stride, ..., the first of which meets output row (or column) from at the
// first pixel.
type span struct {
	first, n  int
	tap, taps int
	from      int
}

func spans(size, pad, taps, stride int) []span {
	var all []span
	for first := range min(stride, size) {
		s := span{first: first, n: (size - first + stride - 1) / stride, tap: (first + pad) % stride, from: (first + pad) / stride}
		s.taps = max(0, (taps-s.tap+stride-1)/stride)
		all = append(all, s)
	}
	return all
}

// padding returns how far the taps reach over the edges of an output of that size.
func padding(spans []span, size int) int {
	pad := 0
	for _, s := range spans {
		if s.taps > 0 {
			pad = max(pad, s.taps-1-s.from, s.from+s.n-size)
		}
	}
	return pad
}

func newStridedDataGrad(e *tensor.Engine, s Shape, pairs bool) *stridedDataGrad {
	p := &stridedDataGrad{shape: s, engine: e}
	rows, cols := spans(s.H, s.PadH, s.R, s.Stride), spans(s.W, s.PadW, s.S, s.Stride)
	p.layout = newLayout(Shape{C: s.K, H: s.OutH(), W: s.OutW(), Stride: 1,
		PadH: padding(rows, s.OutH()), PadW: padding(cols, s.OutW()), Groups: s.Groups})
	var groups []outputRows
	if shifts := shiftsOf(cols, s.OutW()); !p.layout.inPlace && s.OutW() < half && shifts != nil {
		p.layout.shift(shifts)
		if !pairs {
			groups = rows[len(rows)-1].groups(s.OutH())
		}
	}
	p.images = evenly(imagesPerTask(s.N, rows[0].n*cols[0].n, e.Kernels.NR, groups...), s, e.Threads())
	weights, shared := 0, s.Weights()
	for _, y := range rows {
		for _, x := range cols {
			f := p.newPhase(y, x, pairs)
			f.weights, f.planesAt = weights, shared
			weights += s.C * f.inner
			shared += e.Threads() * p.images * s.C * f.area
			p.panel = max(p.panel, f.panelSize())
			p.phases = append(p.phases, f)
		}
	}
	size := 0
	if !p.layout.inPlace {
		size = p.images * p.layout.size()
	}
	e.Reserve(shared, max(p.panel+s.C/s.Groups*e.Kernels.NR+s.H*s.W+size, p.phases[0].looseSize(), packFilters*e.Kernels.MR*s.R*s.S))
	return p
}

// shiftsOf returns the distinct distances along a row from pixels of a phase to what they
// meet; nil if a phase is not as wide as the output.
func shiftsOf(cols []span, outW int) []int {
	var shifts []int
	for _, x := range cols {
		if x.n != outW {
			return nil
		}
		for v := range x.taps {
			if shift := x.from - v; !slices.Contains(shifts, shift) {
				shifts = append(shifts, shift)
			}
		}
	}
	return shifts
}

func (p *stridedDataGrad) newPhase(y, x span, pairs bool) phase {
	s := p.shape
	kernels := p.engine.Kernels
	channels, filters := s.C/s.Groups, s.K/s.Groups
	f := phase{rowSpan: y, colSpan: x}
	f.shape = Shape{C: s.K, K: s.C, Groups: s.Groups}
	f.source = &p.layout
	f.engine, f.multiplication = p.engine, newMultiplication(kernels, pairs)
	f.gathers = !pairs && kernels.GemmGathers
	f.tiles = tensor.CutTiles(channels, kernels.MR)
	f.inner = filters * y.taps * x.taps
	f.area = y.n * x.n
	for k := range filters {
		for u := range y.taps {
			for v := range x.taps {
				column := p.layout.padW + x.from - v
				if p.layout.shifts != nil {
					column = slices.Index(p.layout.shifts, x.from-v)
				}
				f.taps = append(f.taps, int32(p.layout.tap(k, p.layout.padH+y.from-u, column)))
			}
		}
	}
	f.turned = map[int][]int32{}
	for t := range f.tiles.Count {
		_, rows := f.tiles.Tile(t)
		if f.turned[rows] != nil {
			continue
		}
		for i := range packFilters {
			for u := range y.taps {
				for v := range x.taps {
					f.turned[rows] = append(f.turned[rows], int32((i*s.R*s.S+(y.tap+u*s.Stride)*s.S+x.tap+v*s.Stride)*rows))
				}
			}
		}
	}
	f.channelTaps = y.taps * x.taps
	var groups []outputRows
	if !pairs && p.layout.shifts != nil {
		groups = y.groups(s.OutH())
	}
	f.cutPanels(&p.layout, p.images, y.n, x.n, groups, x.taps)
	f.columns, f.planes = distances(channels, kernels.NR), distances(kernels.MR, f.area)
	return f
}

// groups cuts the rows of a phase by the taps that they meet inside an output of that height.
func (s span) groups(size int) []outputRows {
	return groupRows(s.n, func(y int) (first, taps int) {
		first = max(0, s.from+y-size+1)
		return first, min(s.taps-1, s.from+y) - first + 1
	})
}

func (p *stridedDataGrad) run(dx, dy tensor.Tensor, w []float32, accumulate bool) {
	p.dx, p.dy, p.w, p.accumulate = dx, dy, w, accumulate
	shared := p.engine.Shared()
	for i := range p.phases {
		f := &p.phases[i]
		f.y = tensor.View(shared[f.planesAt:], p.engine.Threads()*p.images, p.shape.C, f.rowSpan.n, f.colSpan.n)
	}
	if p.phases[0].pairs {
		p.engine.Run(len(p.phases)*p.shape.Groups, phasesPairs{p})
	} else {
		filters := p.shape.K / p.shape.Groups
		p.engine.Run((filters+packFilters-1)/packFilters*p.shape.Groups, phasesPack{p})
	}
	p.engine.Run((dy.N+p.images-1)/p.images*p.shape.Groups, phasesImages{p})
}

// packFilters is how many filters phasesPack turns at a time.
const packFilters = 8

// phasesPack interleaves the weights of a few filters of a group in shared memory, as
// productPack does, those of a tile's channels tap by tap: each filter is read once, as it lies.
type phasesPack struct{ *stridedDataGrad }

func (p phasesPack) Do(task, worker int) {
	s := p.shape
	kernels := p.engine.Kernels
	channels, filters, area := s.C/s.Groups, s.K/s.Groups, s.R*s.S
	group := task % s.Groups
	first := task / s.Groups * packFilters
	n := min(packFilters, filters-first)
	turned := p.engine.Scratch(worker)
	tiles := p.phases[0].tiles
	for t := range tiles.Count {
		c, rows := tiles.Tile(t)
		for i := range n {
			w := p.w[((group*filters+first+i)*channels+c)*area:]
			kernels.Transpose(&turned[i*rows*area], &w[0], rows, area, rows, area)
		}
		for i := range p.phases {
			f := &p.phases[i]
			shared := p.engine.Shared()[f.weights+group*channels*f.inner:]
			taps := f.rowSpan.taps * f.colSpan.taps
			for k, end := first*taps, (first+n)*taps; k < end; {
				k0 := k / f.depth * f.depth
				kc := min(f.depth, f.inner-k0)
				count := min(end, k0+kc) - k
				kernels.Gather(&shared[k0*channels+c*kc+(k-k0)*rows], &turned[0], &f.turned[rows][k-first*taps], count, rows, rows)
				k += count
			}
		}
	}
}

// phasesPairs does so for one phase and group where the inner dimension goes in pairs.
type phasesPairs struct{ *stridedDataGrad }

func (p phasesPairs) Do(task, worker int) {
	s := p.shape
	f := &p.phases[task/s.Groups]
	group := task % s.Groups
	channels, filters := s.C/s.Groups, s.K/s.Groups
	shared := p.engine.Shared()[f.weights+group*channels*f.steps(f.inner):]
	taps := f.rowSpan.taps * f.colSpan.taps
	loose, distance := p.engine.Scratch(worker), p.engine.Kernels.MR
	for k0 := 0; k0 < f.inner; k0 += f.depth {
		kc := min(f.depth, f.inner-k0)
		for t := range f.tiles.Count {
			first, rows := f.tiles.Tile(t)
			for k := range kc {
				filter, u, v := group*filters+(k0+k)/taps, (k0+k)%taps/f.colSpan.taps, (k0+k)%f.colSpan.taps
				w := p.w[((filter*channels+first)*s.R+f.rowSpan.tap+u*s.Stride)*s.S+f.colSpan.tap+v*s.Stride:]
				for c := range rows {
					loose[k*distance+c] = w[c*s.R*s.S]
				}
			}
			f.pairUp(shared[f.steps(k0)*channels+first*f.steps(kc):], loose, kc, rows)
		}
	}
}

// phasesImages computes the input gradient of one group of a few images.
type phasesImages struct{ *stridedDataGrad }

func (q phasesImages) Do(task, worker int) {
	p := q.stridedDataGrad
	s := p.shape
	kernels := p.engine.Kernels
	group := task % s.Groups
	first := task / s.Groups * p.images
	images := min(p.images, p.dy.N-first)
	channels := s.C / s.Groups
	cut := arena(p.engine.Scratch(worker))
	packed, results, sum := cut.take(p.panel), cut.take(channels*kernels.NR), cut.take(s.H*s.W)
	src, distance := []float32(cut), p.layout.size()
	if p.layout.inPlace {
		src, distance = p.dy.Data[first*p.dy.Stride+group*p.layout.size():], p.dy.Stride
	} else {
		for i := range images {
			p.layout.fill(kernels, src[i*distance:], p.layout.group(p.dy, first+i, group), nil)
		}
	}
	area := s.OutH() * s.OutW()
	next := task + p.engine.Threads()
	prefetch := prefetcher{parts: [2]region{
		regionOf(p.dx, first, images, group*channels*s.H*s.W, channels*s.H*s.W),
		regionOf(p.dy, next/s.Groups*p.images, p.images, next%s.Groups*p.layout.c*area, p.layout.c*area),
	}}
	block := imageBlock{packed, results, src, distance, group, worker * p.images, images, prefetch, worker, ahead{}}
	for i := range p.phases {
		f := &p.phases[i]
		f.pixels(&block)
		for j := range images {
			if f.inner == 0 { // a stride beyond the filter's size skips pixels
				clear(f.y.Image(worker*p.images + j)[group*channels*f.area:][:channels*f.area])
			}
		}
	}
	for i := range images {
		for c := group * channels; c < (group+1)*channels; c++ {
			to := p.dx.Image(first + i)[c*s.H*s.W:][:s.H*s.W]
			if !p.accumulate {
				p.unite(to, worker*p.images+i, c)
				continue
			}
			p.unite(sum, worker*p.images+i, c)
			kernels.Add(to, sum)
		}
	}
}

// unite puts a channel of an image together from its phases.
func (p *stridedDataGrad) unite(plane []float32, image, c int) {
	s := p.shape
	t := s.Stride
	pixels := func(i int) []float32 { return p.phases[i].y.Image(image)[c*p.phases[i].area:] }
	if t == 2 && s.W%2 == 0 {
		for y := range len(p.phases) / 2 {
			rows := p.phases[2*y].rowSpan.n
			p.engine.Kernels.Interleave2(&plane[y*s.W], &pixels(2 * y)[0], &pixels(2*y + 1)[0], rows, s.W/2, 2*s.W, s.W/2)
		}
		return
	}
	for i := range p.phases {
		y, x := p.phases[i].rowSpan, p.phases[i].colSpan
		from := pixels(i)
		for i := range y.n {
			row := plane[(y.first+i*t)*s.W+x.first:]
			for j := range x.n {
				row[j*t] = from[i*x.n+j]
			}
		}
	}
}
