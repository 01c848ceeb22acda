package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// depth is the stretch of the inner dimension that a panel holds, of pairs of bfloat16
// half the stretch.
const depth = tensor.Depth

// implicitGemm is convolution as a matrix product: filters x taps times taps x
// pixels. It serves the forward pass and, with the roles of filters and channels
// exchanged, the backward pass to the data of a convolution of stride 1.
type implicitGemm struct {
	shape    Shape // of this product: C is what it reads, K what it writes
	backward bool  // the weights are stored as C x K/groups x R x S
	engine   *tensor.Engine
	multiplication

	layout       layout
	source       *layout      // of what it reads, where another plan has laid it out
	tiles        tensor.Tiles // of the filters of a group
	taps         []int32
	channelTaps  int  // R * S, or those of a phase
	inner        int  // taps: C/groups * R * S
	images       int  // of a task
	area         int  // pixels of an output plane
	inputInPlace bool // panels are read in the images, whole and all of one image
	planeRows    bool // the rows of a panel lie in one plane after another
	gathers      bool // the first tile of a panel packs it, where it can
	weights      int  // where the packed weights begin in shared memory
	panels       []panel
	filters      []int32 // backward: offsets of the weights of a channel, of 1x1 filters
	columns      []int32 // offsets of the rows of a panel of results
	planes       []int32 // offsets of the rows of a tile in the output

	// Operands of the current run.
	y, x       tensor.Tensor
	w, bias    []float32
	accumulate bool
	then       simd.TileMode // what follows the last product of a sum
}

// multiplication is the arithmetic of a product: the kernels of float32, or those that
// round operands to bfloat16 and take the inner dimension in pairs.
type multiplication struct {
	pairs     bool
	depth     int     // of a panel
	looseRows []int32 // offsets of the rows of a tile of filters that are yet to be paired
	gemm      func(*simd.GemmTiles)
	gather    func(dst, src *float32, offsets *int32, count, dstRow, n int)
	transpose func(dst, src *float32, rows, cols, dstRow, srcRow int)
}

func newMultiplication(k *simd.Kernels, pairs bool) multiplication {
	if pairs {
		gemm := simd.EachTile(k.GemmPairs, k.Prefetch)
		return multiplication{true, 2 * depth, distances(2*depth, k.MR), gemm, k.GatherPairs, k.TransposePairs}
	}
	return multiplication{false, depth, nil, k.GemmTiles, k.Gather, k.Transpose}
}

// steps returns the rows of packed operands for n elements of the inner dimension.
func (m *multiplication) steps(n int) int {
	if m.pairs {
		return (n + 1) / 2
	}
	return n
}

func newImplicitGemm(e *tensor.Engine, s Shape, backward, pairs bool) *implicitGemm {
	p := &implicitGemm{shape: s, backward: backward, engine: e, layout: newLayout(s)}
	p.multiplication = newMultiplication(e.Kernels, pairs)
	nr := e.Kernels.NR
	filters := s.K / s.Groups
	p.tiles = tensor.CutTiles(filters, e.Kernels.MR)
	p.layout.keepCorner(s)
	groups := p.shift(s, pairs)
	p.taps = p.layout.taps(s.R, s.S, backward)
	p.inner = len(p.taps)
	p.images = evenly(imagesPerTask(s.N, s.OutH()*s.OutW(), nr, groups...), s, e.Threads())
	p.area = s.OutH() * s.OutW()
	p.channelTaps = s.R * s.S
	p.cutPanels(&p.layout, p.images, s.OutH(), s.OutW(), groups, s.S)
	p.inputInPlace = !pairs && p.layout.inPlace && s.R*s.S == 1 && p.area%nr == 0 && !conflicts(min(p.inner, depth), p.area)
	p.planeRows = !pairs && p.layout.inPlace && s.R*s.S == 1
	p.gathers = !pairs && e.Kernels.GemmGathers
	p.columns = distances(filters, nr)
	p.planes = distances(e.Kernels.MR, p.area)
	if backward && s.R*s.S == 1 {
		p.filters = distances(min(p.inner, p.depth), filters)
	}
	e.Reserve(s.Weights(), max(p.panelSize()+p.resultsSize()+p.imageSize(), p.looseSize()))
	return p
}

// shift lays images out without padding at the ends of rows if the stride is 2 and the
// output narrow. Then it returns the rows of the output by what they meet.
func (p *implicitGemm) shift(s Shape, pairs bool) []outputRows {
	if pairs || s.Stride != 2 || s.W%2 != 0 || s.OutW() != s.W/2 || s.OutW() >= half || s.S == 1 {
		return nil
	}
	var shifts []int
	for i := range s.S {
		shifts = append(shifts, i-s.PadW)
	}
	p.layout.shift(shifts)
	return groupRows(s.OutH(), func(y int) (first, taps int) {
		first = max(0, s.PadH-y*s.Stride)
		return first, min(s.R, s.H+s.PadH-y*s.Stride) - first
	})
}

// cutPanels cuts the pixels of a task into panels, and groups of rows, if there are any, into
// panels of their own. A row of the filter has that many taps.
func (p *implicitGemm) cutPanels(l *layout, images, outH, outW int, groups []outputRows, rowTaps int) {
	nr := p.engine.Kernels.NR
	if groups == nil {
		p.panels = l.cutPanels(images, 0, outH, outW, nr)
		return
	}
	if p.channelTaps > 0 { // a phase of a stride may have none
		p.depth = max(1, p.depth/p.channelTaps) * p.channelTaps
	}
	for _, g := range groups {
		panels := l.cutPanels(images, g.y, g.n, outW, nr)
		if n := g.taps * rowTaps; n < p.channelTaps {
			meets := &metTaps{first: g.first * rowTaps, n: n}
			for k := 0; k < len(p.taps); k += p.channelTaps {
				meets.taps = append(meets.taps, p.taps[k+meets.first:][:n]...)
			}
			for i := range panels {
				panels[i].meets = meets
			}
		}
		p.panels = append(p.panels, panels...)
	}
}

// distances returns the multiples of a distance, n of them.
func distances(n, distance int) []int32 {
	offsets := make([]int32, n)
	for i := range offsets {
		offsets[i] = int32(i * distance)
	}
	return offsets
}

// looseSize returns the size of a tile of filters before its rows are paired.
func (p *implicitGemm) looseSize() int {
	if !p.pairs {
		return 0
	}
	return p.depth * p.engine.Kernels.MR
}

// pairUp pairs the rows of a tile of filters, which lie MR apart.
func (p *implicitGemm) pairUp(dst, loose []float32, count, n int) {
	p.gather(&dst[0], &loose[0], &p.looseRows[0], count, n, n)
}

// conflicts reports whether rows that lie pitch elements apart meet in so few sets of a
// first-level cache, 64 of 8 lines, that it is better to pack them: they are read
// once for each tile of filters.
func conflicts(rows, pitch int) bool {
	const sets, ways = 64, 8
	apart := pitch / lineElements % sets
	used := 1
	for used < sets && apart*used%sets != 0 {
		used *= 2
	}
	return rows > 4*used*ways
}

func (p *implicitGemm) panelSize() int {
	if p.inputInPlace {
		return 0
	}
	return p.steps(min(p.inner, p.depth)) * p.engine.Kernels.NR
}

func (p *implicitGemm) resultsSize() int { return p.shape.K / p.shape.Groups * p.engine.Kernels.NR }

func (p *implicitGemm) imageSize() int {
	if p.layout.inPlace {
		return 0
	}
	return p.images*p.layout.size() + p.layout.spare()
}

func (p *implicitGemm) run(y, x tensor.Tensor, w, bias []float32, accumulate bool, act simd.Activation) {
	p.y, p.x, p.w, p.bias = y, x, w, bias
	p.accumulate, p.then = accumulate, 0
	switch act {
	case simd.ReLU:
		p.then = simd.ThenReLU
	case simd.ReLU6:
		p.then = simd.ThenReLU6
	}
	p.engine.Run(p.tiles.Count*p.shape.Groups, productPack{p})
	p.engine.Run((x.N+p.images-1)/p.images*p.shape.Groups, productPixels{p})
}

// productPack interleaves the filters of one tile in shared memory. The tile of
// group g that begins at filter f, for the stretch of taps at k0, is at
// g*filters*inner + k0*filters + f*len, where inner, k0 and len count rows as packed.
type productPack struct{ *implicitGemm }

func (p productPack) Do(task, worker int) {
	s := p.shape
	filters := s.K / s.Groups
	group := task / p.tiles.Count
	first, rows := p.tiles.Tile(task % p.tiles.Count)
	shared := p.engine.Shared()[p.weights+group*filters*p.steps(p.inner):]
	area := s.R * s.S
	for k0 := 0; k0 < p.inner; k0 += p.depth {
		kc := min(p.depth, p.inner-k0)
		dst := shared[p.steps(k0)*filters+first*p.steps(kc):]
		switch {
		case !p.backward:
			p.transpose(&dst[0], &p.w[(group*filters+first)*p.inner+k0], rows, kc, rows, p.inner)
		case area == 1:
			p.gather(&dst[0], &p.w[(group*p.inner+k0)*filters+first], &p.filters[0], kc, rows, rows)
		case p.pairs:
			loose := p.engine.Scratch(worker)
			p.turn(loose, group, first, rows, k0, kc, p.engine.Kernels.MR)
			p.pairUp(dst, loose, kc, rows)
		default:
			p.turn(dst, group, first, rows, k0, kc, rows)
		}
	}
}

// turn interleaves the weights of taps [k0, k0+kc) of a tile backward: those of one
// channel and filter lie together. Rows are dstRow apart.
func (p *implicitGemm) turn(dst []float32, group, first, rows, k0, kc, dstRow int) {
	s := p.shape
	filters, area := s.K/s.Groups, s.R*s.S
	for k := k0; k < k0+kc; {
		c, tap := k/area, k%area
		n := min(area-tap, k0+kc-k)
		w := p.w[((group*s.C/s.Groups+c)*filters+first)*area+tap:]
		p.engine.Kernels.Transpose(&dst[(k-k0)*dstRow], &w[0], rows, n, dstRow, area)
		k += n
	}
}

// productPixels computes the output pixels of one group of a few images.
type productPixels struct{ *implicitGemm }

func (q productPixels) Do(task, worker int) {
	p := q.implicitGemm
	group := task % p.shape.Groups
	first := task / p.shape.Groups * p.images
	images := min(p.images, p.x.N-first)
	cut := arena(p.engine.Scratch(worker))
	packed, results := cut.take(p.panelSize()), cut.take(p.resultsSize())
	src, distance := []float32(cut), p.layout.size()
	if p.layout.inPlace {
		src, distance = p.x.Data[first*p.x.Stride+group*p.layout.size():], p.x.Stride
	} else {
		spare := cut.take(p.layout.spare())
		src = cut
		for i := range images {
			p.layout.fill(p.engine.Kernels, src[i*distance:], p.layout.group(p.x, first+i, group), spare)
		}
	}
	next := task + p.engine.Threads()
	n := p.layout.c * p.layout.h * p.layout.w
	prefetch := prefetcher{parts: [2]region{regionOf(p.x, next/p.shape.Groups*p.images, p.images, next%p.shape.Groups*n, n)}}
	if p.layout.corner {
		prefetch.parts[0].row, prefetch.parts[0].width = 2*p.layout.w, p.layout.w
	}
	if p.engine.Kernels.SparseLines {
		prefetch.spread(p.fetchingRows())
	}
	p.pixels(&imageBlock{packed, results, src, distance, group, first, images, prefetch, worker, ahead{}})
}

// fetchingRows returns the rows of B that the products of a task multiply while they fetch
// sparse lines: those of high tiles but the first, which may be packing. Products that leave
// taps out have rows too short for that, narrow ones other loops.
func (p *implicitGemm) fetchingRows() int {
	high := 0
	for t := 1; t < p.tiles.Count; t++ {
		if _, rows := p.tiles.Tile(t); rows >= simd.SparseHeight {
			high++
		}
	}
	n := 0
	for i := range p.panels {
		pixels := p.panels[i].pixels
		if last := pixels[len(pixels)-1]; p.panels[i].meets == nil && last.lane+last.n == p.engine.Kernels.NR {
			n += high * p.steps(p.inner)
		}
	}
	return n
}

// imageBlock is a group of a few images: where they lie and where their pixels go.
type imageBlock struct {
	packed, results []float32 // scratch memory for a panel and for its products
	src             []float32 // the images as laid out, and
	distance        int       // between two of them
	group           int
	first, images   int // of the output
	prefetch        prefetcher
	worker          int
	ahead           ahead
}

// pixels computes the output pixels of one group of a few images. Meanwhile it
// fetches what follows.
func (p *implicitGemm) pixels(q *imageBlock) {
	for i := range p.panels {
		panel := &p.panels[i]
		if panel.runs[0].image >= q.images { // a short task
			continue
		}
		for k0 := 0; k0 < p.inner; k0 += p.depth {
			b, bRow := q.packed, p.engine.Kernels.NR
			switch {
			case p.inputInPlace:
				r := panel.runs[0]
				b, bRow = q.src[r.image*q.distance+k0*p.area+r.offset:], p.area
			case p.gathersPanel(panel):
				p.gatherRows(q, panel, k0)
			default:
				p.pack(q, panel, k0)
			}
			p.lookAhead(q, i, k0)
			p.multiply(q, b, bRow, panel, k0)
		}
	}
}

// lookAhead notes what is read after the stretch of taps at k0 of panel i, where that
// are rows of planes far apart, which hardware does not foresee.
func (p *implicitGemm) lookAhead(q *imageBlock, i, k0 int) {
	q.ahead.rows, q.ahead.count, q.ahead.from = nil, 0, p.tiles.Count
	q.ahead.sparse = false
	if k0 += p.depth; k0 >= p.inner {
		i, k0 = i+1, 0
	}
	if i >= len(p.panels) || p.panels[i].runs[0].image >= q.images {
		return
	}
	switch {
	case p.planeRows:
		for _, r := range p.panels[i].runs {
			if r.image >= q.images {
				break
			}
			planes := q.src[r.image*q.distance+k0*p.area+r.offset:]
			q.ahead.addRow(planes, r.n, p.area%lineElements == 0 && p.engine.Kernels.NR%lineElements == 0)
		}
		q.ahead.sparse = p.engine.Kernels.SparseLines && simd.SparseRows*q.ahead.count < p.tiles.Count
	case p.source != nil && p.source.shifts != nil:
		// The filters that go by meanwhile would push what is fetched early out.
		area, kc := p.inner/p.source.c, min(p.depth, p.inner-k0)
		n := (kc + area - 1) / area * p.source.plane
		at, lines := k0/area*p.source.plane, 0
		q.ahead.planes = prefetcher{}
		for j, r := range p.panels[i].runs {
			if j < len(q.ahead.planes.parts) && r.image < q.images {
				data := q.src[r.image*q.distance+at:]
				q.ahead.planes.parts[j] = region{data: data, n: min(n, p.source.size()-at), images: 1}
				lines += n / lineElements
			}
		}
		q.ahead.from = max(0, p.tiles.Count-(lines+kc-1)/kc)
	case p.pairs && p.layout.inPlace:
		r := p.panels[i].runs[0]
		q.ahead.src, q.ahead.rows = &q.src[r.image*q.distance+r.offset], p.taps[k0:min(k0+p.depth, p.inner)]
	}
}

// ahead is what is read soon: a line of each of many planes, again and again, or rows
// that are packed, by their offsets.
type ahead struct {
	lines  [8][]float32 // from the first plane on
	count  int          // of them
	sparse bool         // a tile fetches a line of a quarter of the planes
	src    *float32
	rows   []int32

	planes prefetcher // from this tile on
	from   int
}

// addRow adds the cache lines of the first n elements of planes as far as there is room.
// Unless aligned, they may reach into one more than they fill.
func (a *ahead) addRow(planes []float32, n int, aligned bool) {
	add := func(i int) {
		if a.count < len(a.lines) {
			a.lines[a.count] = planes[i:]
			a.count++
		}
	}
	for i := 0; i < n; i += lineElements {
		add(i)
	}
	if !aligned {
		add(n - 1)
	}
}

// line returns what tile t of so many rows fetches of planes that lie so far apart.
func (a *ahead) line(t, rows, distance int) simd.Line {
	if !a.sparse {
		if t >= a.count {
			return simd.Line{}
		}
		return simd.Line{At: &a.lines[t][0], Row: distance}
	}
	t-- // the first one may be packing
	i, from := t/simd.SparseRows, t%simd.SparseRows*(rows/simd.SparseRows)*distance
	if t < 0 || i >= a.count || from >= len(a.lines[i]) {
		return simd.Line{}
	}
	return simd.Line{At: &a.lines[i][from], Row: distance, Sparse: true}
}

// fetch begins to fetch part t of n of them.
func (a *ahead) fetch(kernels *simd.Kernels, t, n int) {
	rows := a.rows[t*len(a.rows)/n : (t+1)*len(a.rows)/n]
	if len(rows) > 0 {
		kernels.Prefetch(a.src, &rows[0], len(rows))
	}
}

// gathersPanel reports whether the first tile of a panel packs it.
func (p *implicitGemm) gathersPanel(panel *panel) bool {
	return !p.inputInPlace && p.gathers && panel.pieces != nil && (panel.meets == nil || panel.meets.n == 1)
}

// met returns what a panel meets of the stretch of taps at k0.
func (p *implicitGemm) met(panel *panel, k0 int) []int32 {
	k1 := min(k0+p.depth, p.inner)
	if panel.meets == nil {
		return p.taps[k0:k1]
	}
	return panel.meets.taps[k0/p.channelTaps*panel.meets.n : k1/p.channelTaps*panel.meets.n]
}

// pack packs the stretch of taps at k0 of a panel.
func (p *implicitGemm) pack(q *imageBlock, panel *panel, k0 int) {
	taps := p.met(panel, k0)
	for _, r := range panel.runs {
		if r.image >= q.images {
			break
		}
		p.gather(&q.packed[r.lane], &q.src[r.image*q.distance+r.offset], &taps[0], len(taps), p.engine.Kernels.NR, r.n)
	}
}

// gatherRows says what the first tile of a panel packs for the stretch of taps at k0.
func (p *implicitGemm) gatherRows(q *imageBlock, panel *panel, k0 int) {
	rows := p.engine.GatherRows(q.worker)
	rows.Offsets = &p.met(panel, k0)[0]
	for i, r := range panel.pieces {
		if r.image >= q.images { // of a short task
			r.image, r.offset, r.n = 0, 0, 0
		}
		rows.Runs[i] = simd.GatherRun{Src: &q.src[r.image*q.distance+r.offset], Lane: r.lane, N: r.n}
	}
}

// multiply adds the stretch of taps at k0 to all filters of a panel, whose rows
// are bRow apart in b. Meanwhile it fetches what follows.
func (p *implicitGemm) multiply(q *imageBlock, b []float32, bRow int, panel *panel, k0 int) {
	kernels := p.engine.Kernels
	filters := p.shape.K / p.shape.Groups
	// The last panel of a short task has fewer images' pixels.
	pixels := panel.pixels
	for pixels[len(pixels)-1].image >= q.images {
		pixels = pixels[:len(pixels)-1]
	}
	last := pixels[len(pixels)-1]
	n := last.lane + last.n
	kc := min(p.depth, p.inner-k0)
	steps := p.steps(kc)
	// A panel that crosses into another image is computed aside.
	out, rowDistance := p.output(pixels[0], q.first, q.group), p.area
	aside := len(pixels) > 1
	if aside {
		out, rowDistance = q.results, kernels.NR
		if k0 == 0 && p.accumulate {
			p.collect(q, pixels)
		}
	}
	weights := p.engine.Shared()[p.weights+(q.group*p.steps(p.inner)+p.steps(k0))*filters:]
	tile := p.engine.Tiles(q.worker)
	gather := p.gathersPanel(panel)
	// Of the weights of each channel some may be left out.
	from, step, jump, inner, outer := 0, 1, 0, steps, 1
	if panel.meets != nil {
		from, jump, inner, outer = panel.meets.first, p.channelTaps, panel.meets.n, kc/p.channelTaps
		if inner == 1 {
			step, jump, inner, outer = p.channelTaps, 0, outer, 1
		}
	}
	tile.GemmTile = simd.GemmTile{B: &b[0], CRow: rowDistance, ARow: 1, BRow: bRow, BJump: inner * bRow, N: n, K: inner, KOuter: outer, Mode: p.mode(k0, kc)}
	tile.CRows = &p.planes[0]
	for t := 0; t < p.tiles.Count; t += tile.Count {
		f, rows := p.tiles.Tile(t)
		tile.Count = p.tiles.Run(t, p.tiles.Count, steps)
		gathers := gather && t == 0
		if gathers || len(q.ahead.rows) > 0 { // which each tile fetches a part of
			tile.Count = 1
		}
		for i := range tile.Count {
			var line simd.Line
			switch {
			case q.ahead.count > 0:
				line = q.ahead.line(t+i, steps, p.area)
			case t+i >= q.ahead.from:
				line = q.ahead.planes.next(steps, bRow)
			case p.planeRows, q.prefetch.sparse && (gathers || panel.meets != nil): // see fetchingRows
			default:
				line = q.prefetch.next(steps, bRow)
			}
			tile.Lines[i] = line
		}
		if len(q.ahead.rows) > 0 {
			q.ahead.fetch(kernels, t, p.tiles.Count)
		}
		tile.Below = 0
		if !aside {
			tile.Below = filters - f - rows
		}
		if p.bias != nil {
			tile.Bias, tile.BiasTile = &p.bias[q.group*filters+f], rows
		}
		tile.C, tile.A, tile.M = &out[f*rowDistance], &weights[f*steps+from*rows], rows
		tile.ACol, tile.AJump, tile.ATile = step*rows, jump*rows, steps*rows
		if gathers {
			tile.Prefetch, tile.PrefetchRow = tile.Lines[0].At, tile.Lines[0].Row
			if below := min(rows, tile.Below); below > 0 {
				kernels.Prefetch(&out[(f+rows)*rowDistance], &p.planes[0], below)
			}
			kernels.GemmGather(&tile.GemmTile, p.engine.GatherRows(q.worker))
		} else {
			p.gemm(tile)
		}
	}
	if aside && k0+kc == p.inner {
		for _, r := range pixels {
			kernels.Gather(&p.output(r, q.first, q.group)[0], &q.results[r.lane], &p.columns[0], filters, p.area, r.n)
		}
	}
}

// mode returns where the products of a stretch begin and what follows them.
func (p *implicitGemm) mode(k0, kc int) simd.TileMode {
	mode := simd.FromC
	switch {
	case k0 > 0 || p.accumulate:
	case p.bias != nil:
		mode = simd.FromRowBias
	default:
		mode = simd.FromZero
	}
	if k0+kc == p.inner {
		mode |= p.then
	}
	return mode
}

// collect copies the outputs of pixels to the results of a panel.
func (p *implicitGemm) collect(q *imageBlock, pixels []run) {
	nr := p.engine.Kernels.NR
	for _, r := range pixels {
		y := p.output(r, q.first, q.group)
		for f := range p.shape.K / p.shape.Groups {
			copy(q.results[f*nr+r.lane:][:r.n], y[f*p.area:])
		}
	}
}

// output returns the output tensor from the first pixel of a run on.
func (p *implicitGemm) output(r run, first, group int) []float32 {
	filters := p.shape.K / p.shape.Groups
	return p.y.Data[(first+r.image)*p.y.Stride+group*filters*p.area+r.offset:]
}
