package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// layout is how the images of a convolution are laid out for packing: padded,
// and for a stride t split into t*t phases of pixels that are t apart, so that
// the pixels which one tap of a filter meets along an output row are contiguous.
// With neither padding nor stride it is the tensor itself, read in place.
type layout struct {
	c, h, w    int // of the tensor, one group's channels
	padH, padW int
	stride     int
	rows, cols int // of a phase
	phase      int // elements of a phase, rows * cols
	plane      int // elements of a channel, all phases
	inPlace    bool
	corner     bool // holds the first phase alone, see keepCorner

	// Where rows are short, a copy of each plane for every shift along them, as wide as the
	// image: element x is what x + shift was, or zero. So rows follow each other without
	// padding, and a panel is made of few runs.
	shifts []int

	partRows  []int32 // offsets of the rows of a phase in a plane in the order of part
	phaseRows []int32 // the same in a phase
}

func newLayout(s Shape) layout {
	l := layout{c: s.C / s.Groups, h: s.H, w: s.W, padH: s.PadH, padW: s.PadW, stride: s.Stride}
	l.rows = (s.H + 2*s.PadH + s.ExtraH + s.Stride - 1) / s.Stride
	l.cols = (s.W + 2*s.PadW + s.ExtraW + s.Stride - 1) / s.Stride
	l.phase = l.rows * l.cols
	l.plane = l.phase * s.Stride * s.Stride
	l.inPlace = s.Stride == 1 && s.PadH == 0 && s.PadW == 0 && s.ExtraH == 0 && s.ExtraW == 0
	for i := range (l.h + l.stride - 1) / l.stride {
		l.partRows = append(l.partRows, int32(i*l.w))
		l.phaseRows = append(l.phaseRows, int32(i*l.cols))
	}
	return l
}

// keepCorner leaves all phases but the first out if filters of 1x1 meet nothing else, and
// the kernels part columns by this stride.
func (l *layout) keepCorner(s Shape) {
	if every2nd(s) {
		l.corner, l.plane = true, l.phase
	}
}

// every2nd reports whether a convolution meets every second pixel of every second row, and
// no padding.
func every2nd(s Shape) bool {
	return s.R*s.S == 1 && s.Stride == 2 && s.W%2 == 0 && s.PadH == 0 && s.PadW == 0 && s.ExtraH == 0 && s.ExtraW == 0
}

// shift makes copies of each plane instead of padding its rows: for a stride of 1, and for
// a stride of 2 of an even width, whose copies are of every second column.
func (l *layout) shift(shifts []int) {
	l.shifts, l.inPlace = shifts, false
	l.padW, l.cols = 0, l.w/l.stride
	l.phase = l.rows * l.cols
	l.plane = len(shifts) * l.stride * l.phase
}

// fillShifted writes the copies of a plane.
func (l *layout) fillShifted(kernels *simd.Kernels, dst, spare, plane []float32) {
	if l.h < l.stride { // phases of padding alone
		clear(dst[:l.plane])
	}
	for y := range min(l.stride, l.h) { // rows that are a stride apart
		size := (l.h - y + l.stride - 1) / l.stride * l.cols
		first, phase := (y+l.padH)/l.stride*l.cols, (y+l.padH)%l.stride
		rows := func(i int) []float32 { // of copy i, without the padding above and below
			whole := dst[(i*l.stride+phase)*l.phase:][:l.phase]
			clear(whole[:first])
			clear(whole[first+size:])
			return whole[first:][:size]
		}
		if l.stride == 1 {
			for i, shift := range l.shifts {
				copyShifted(rows(i), plane, l.cols, shift)
			}
			continue
		}
		// Copies of even and of odd columns where they are, if there are such, serve the others.
		parts := [2][]float32{spare[:size], spare[size:][:size]}
		for i, shift := range l.shifts {
			if shift>>1 == 0 {
				parts[shift] = rows(i)
			}
		}
		kernels.Deinterleave2(&parts[0][0], &parts[1][0], &plane[y*l.w], size/l.cols, l.cols, l.cols, 2*l.w)
		for i, shift := range l.shifts {
			if shift>>1 != 0 {
				copyShifted(rows(i), parts[shift&1], l.cols, shift>>1)
			}
		}
	}
}

// copyShifted copies rows of that width, shifted to the left, and zeros instead of what
// would be of other rows.
func copyShifted(dst, src []float32, width, shift int) {
	if shift >= width || -shift >= width {
		clear(dst)
		return
	}
	from := width - shift
	if shift >= 0 {
		copy(dst, src[shift:])
	} else {
		copy(dst[-shift:], src)
		from, shift = 0, -shift
	}
	for y := 0; y < len(dst); y += width {
		for i := y + from; i < y+from+shift; i++ {
			dst[i] = 0
		}
	}
}

// size returns the elements of one group of an image.
func (l *layout) size() int { return l.c * l.plane }

// tap returns the offset of what tap (r, s) of channel c meets at output pixel
// (0, 0); output pixel (y, x) is y*cols + x further on.
func (l *layout) tap(c, r, s int) int {
	if l.shifts != nil { // s is the number of a shift
		return c*l.plane + (s*l.stride+r%l.stride)*l.phase + r/l.stride*l.cols
	}
	phase := r%l.stride*l.stride + s%l.stride
	return c*l.plane + phase*l.phase + r/l.stride*l.cols + s/l.stride
}

// spare returns the size of the scratch memory of fill and drain.
func (l *layout) spare() int { return 2 * l.h * l.w }

// fill writes one group of an image, c*h*w elements, in this layout.
func (l *layout) fill(kernels *simd.Kernels, dst, image, spare []float32) {
	if l.corner {
		for c := range l.c {
			kernels.Deinterleave2(&dst[c*l.plane], &spare[0], &image[c*l.h*l.w], l.rows, l.cols, l.cols, 2*l.w)
		}
		return
	}
	if l.shifts != nil {
		for c := range l.c {
			l.fillShifted(kernels, dst[c*l.plane:], spare, image[c*l.h*l.w:][:l.h*l.w])
		}
		return
	}
	clear(dst[:l.size()])
	for c := range l.c {
		plane := image[c*l.h*l.w:][:l.h*l.w]
		switch {
		case l.stride == 1:
			some := max(1, simd.MaxCall/l.w)
			for y := 0; y < l.h; y += some {
				kernels.Gather(&dst[l.row(c, y+l.padH)+l.column(0)], &plane[0], &l.partRows[y], min(some, l.h-y), l.cols, l.w)
			}
			continue
		case l.w%l.stride != 0:
			for y := range l.h {
				row := dst[l.row(c, y+l.padH):]
				for x, v := range plane[y*l.w:][:l.w] {
					row[l.column(x)] = v
				}
			}
			continue
		case l.stride == 2:
			for y := range min(2, l.h) {
				row := dst[l.row(c, y+l.padH):]
				kernels.Deinterleave2(&row[l.column(0)], &row[l.column(1)], &plane[y*l.w], (l.h-y+1)/2, l.w/2, l.cols, 2*l.w)
			}
			continue
		}
		l.part(kernels, spare, plane)
		for q := range l.stride {
			for y := range min(l.stride, l.h) {
				kernels.Gather(&dst[l.row(c, y+l.padH)+l.column(q)], &spare[(q*l.h+y)*l.w/l.stride],
					&l.partRows[0], (l.h-y+l.stride-1)/l.stride, l.cols, l.w/l.stride)
			}
		}
	}
}

// part puts the pixels of a plane, whose width is a multiple of the stride t, in
// the order of their columns' phases: columns t*i+q of all rows are at q*h*w/t.
func (l *layout) part(kernels *simd.Kernels, dst, plane []float32) {
	n := len(plane) / l.stride
	for i := 0; i < n; i += maxTranspose {
		kernels.Transpose(&dst[i], &plane[i*l.stride], min(maxTranspose, n-i), l.stride, n, l.stride)
	}
}

// unite is the inverse of part.
func (l *layout) unite(kernels *simd.Kernels, plane, src []float32) {
	n := len(plane) / l.stride
	for i := 0; i < n; i += maxTranspose {
		kernels.Transpose(&plane[i*l.stride], &src[i], l.stride, min(maxTranspose, n-i), l.stride, n)
	}
}

// row returns the offset of row y of channel c of the padded image, in phase 0
// of the columns.
func (l *layout) row(c, y int) int {
	return c*l.plane + y%l.stride*l.stride*l.phase + y/l.stride*l.cols
}

// column returns how far column x of the image is from there.
func (l *layout) column(x int) int {
	x += l.padW
	return x%l.stride*l.phase + x/l.stride
}

// drain is the inverse of fill: it writes (or, accumulating, adds to) the image
// what src holds inside the padding.
func (l *layout) drain(kernels *simd.Kernels, image, src, spare []float32, accumulate bool) {
	size := l.h * l.w
	parts, sum := spare[:size], spare[size:][:size]
	for c := range l.c {
		plane := image[c*size:][:size]
		if accumulate {
			l.drainPlane(kernels, sum, src, parts, c)
			kernels.Add(plane, sum)
		} else {
			l.drainPlane(kernels, plane, src, parts, c)
		}
	}
}

// drainPlane writes what src holds of channel c to a plane.
func (l *layout) drainPlane(kernels *simd.Kernels, to, src, parts []float32, c int) {
	switch {
	case l.stride == 1:
		for y := range l.h {
			copy(to[y*l.w:][:l.w], src[l.row(c, y+l.padH)+l.padW:])
		}
	case l.w%l.stride != 0:
		for y := range l.h {
			row := src[l.row(c, y+l.padH):]
			for x := range l.w {
				to[y*l.w+x] = row[l.column(x)]
			}
		}
	case l.stride == 2:
		for y := range min(2, l.h) {
			row := src[l.row(c, y+l.padH):]
			kernels.Interleave2(&to[y*l.w], &row[l.column(0)], &row[l.column(1)], (l.h-y+1)/2, l.w/2, 2*l.w, l.cols)
		}
	default:
		for q := range l.stride {
			for y := range min(l.stride, l.h) {
				kernels.Gather(&parts[(q*l.h+y)*l.w/l.stride], &src[l.row(c, y+l.padH)+l.column(q)],
					&l.phaseRows[0], (l.h-y+l.stride-1)/l.stride, l.w, l.w/l.stride)
			}
		}
		l.unite(kernels, to, parts)
	}
}

// run is a stretch of output pixels whose counterparts are contiguous.
type run struct {
	image  int // within the task
	offset int // of the counterpart of its first pixel, in the image's layout
	lane   int // first column of the panel
	n      int // columns
}

// panel is NR consecutive output pixels, counted through the images of a task.
type panel struct {
	runs   []run // contiguous in the layout
	pixels []run // contiguous in the output tensor; offset is the pixel
	pieces []run // of runs, as GemmGather takes them; nil if they are more or the panel is narrow
	meets  *metTaps
}

// metTaps is those of the taps of each channel that the pixels of a panel meet inside the
// image, n from the first on. All are met where it is nil.
type metTaps struct {
	first, n int
	taps     []int32 // their offsets
}

// outputRows is rows of the output, from y on, which meet the same rows of a filter inside
// the image, taps from the first on.
type outputRows struct{ y, n, first, taps int }

// groupRows cuts n rows of the output by the taps that they meet, of which inside returns
// the first and their number; nil if a row meets none.
func groupRows(n int, inside func(y int) (first, taps int)) []outputRows {
	var groups []outputRows
	for y := range n {
		first, taps := inside(y)
		last := len(groups) - 1
		switch {
		case taps <= 0:
			return nil
		case last >= 0 && groups[last].first == first && groups[last].taps == taps:
			groups[last].n++
		default:
			groups = append(groups, outputRows{y, 1, first, taps})
		}
	}
	return groups
}

// half is what a vector of the kernels with GemmGather holds, whose panels are two wide.
const half = 16

// cutPieces cuts the runs of a panel into two for each half.
func (p *panel) cutPieces() {
	pieces := make([]run, 4)
	var used [2]int
	for _, r := range p.runs {
		for r.n > 0 {
			h := r.lane / half
			n := min(r.n, (h+1)*half-r.lane)
			if used[h] == 2 {
				return
			}
			pieces[2*h+used[h]] = run{r.image, r.offset, r.lane, n}
			used[h]++
			r.offset, r.lane, r.n = r.offset+n, r.lane+n, r.n-n
		}
	}
	if used[1] > 0 {
		p.pieces = pieces
	}
}

// cutPanels cuts the output pixels of rows of that many images into panels, n rows from
// first on.
func (l *layout) cutPanels(images, first, n, outW, nr int) []panel {
	area := n * outW
	panels := make([]panel, (images*area+nr-1)/nr)
	for p := range panels {
		for lane := 0; lane < nr; {
			at := p*nr + lane
			if at >= images*area {
				break
			}
			image, pixel := at/area, first*outW+at%area
			n := min(nr-lane, area-at%area)
			panels[p].pixels = append(panels[p].pixels, run{image, pixel, lane, n})
			// Output rows are contiguous with each other only if nothing is cut off.
			for end := lane + n; lane < end; {
				y, x := pixel/outW, pixel%outW
				n := end - lane
				if l.cols != outW {
					n = min(n, outW-x)
				}
				panels[p].runs = append(panels[p].runs, run{image, y*l.cols + x, lane, n})
				lane += n
				pixel += n
			}
		}
		if nr == 2*half {
			panels[p].cutPieces()
		}
	}
	return panels
}

// taps returns the offsets of all taps in the order of the inner dimension,
// c major, then r, then s; turned around when flip is set.
func (l *layout) taps(r, s int, flip bool) []int32 {
	offsets := make([]int32, 0, l.c*r*s)
	for c := range l.c {
		for i := range r {
			for j := range s {
				if flip {
					offsets = append(offsets, int32(l.tap(c, r-1-i, s-1-j)))
				} else {
					offsets = append(offsets, int32(l.tap(c, i, j)))
				}
			}
		}
	}
	return offsets
}

// group returns the channels of group g of image n of t.
func (l *layout) group(t tensor.Tensor, n, g int) []float32 {
	size := l.c * l.h * l.w
	return t.Data[n*t.Stride+g*size:][:size]
}

// evenly returns how many images, at most n, go into a task so that the worker with
// the most tasks is not busy for longer than need be. Results don't depend on it
// where each image has sums of its own.
func evenly(n int, s Shape, threads int) int {
	busiest := func(n int) int {
		tasks := (s.N + n - 1) / n * s.Groups
		return (tasks + threads - 1) / threads * n
	}
	best := n
	for m := n - 1; m > 0 && threads > 1; m-- {
		if 26*busiest(m) < 25*busiest(best) { // larger tasks are worth a little
			best = m
		}
	}
	return best
}

// imagesPerTask returns how many images go into a task: enough pixels to work
// on, and few columns of the last panel left empty. Rows of the output may be cut into
// panels of their own.
func imagesPerTask(images, area, nr int, groups ...outputRows) int {
	const enough = 256
	rows := 0
	for _, g := range groups {
		rows += g.n
	}
	if len(groups) > 0 && nr == 2*half { // a half panel takes half the time
		nr = half
	}
	best, bestWaste := 1, 2.0
	for n := 1; n <= images; n++ {
		panels := (n*area + nr - 1) / nr
		if len(groups) > 0 {
			panels = 0
			for _, g := range groups {
				panels += (n*area*g.n/rows + nr - 1) / nr
			}
		}
		waste := float64(panels*nr)/float64(n*area) - 1
		if n*area >= enough && waste < bestWaste-0.01 || n == 1 {
			best, bestWaste = n, waste
		}
		if n*area >= enough && waste < 0.02 || n*area >= 8*enough {
			break
		}
	}
	if best*area < enough {
		return min(images, (enough+area-1)/area)
	}
	return best
}

// littlePadding is the share of products with padding up to which leaving them out is not
// worth the trouble.
const littlePadding = 0.02

// paddingShare returns the share of a convolution's products that are with padding, 0 if a
// tap meets nothing else.
func paddingShare(s Shape) float64 {
	rows, columns := 0, 0
	for r := range s.R {
		_, n := inside(s.H, s.OutH(), s.PadH, s.Stride, r)
		rows += n
		if n <= 0 {
			return 0
		}
	}
	for i := range s.S {
		_, n := inside(s.W, s.OutW(), s.PadW, s.Stride, i)
		columns += n
		if n <= 0 {
			return 0
		}
	}
	return 1 - float64(rows*columns)/float64(s.R*s.OutH()*s.S*s.OutW())
}

// inside returns the outputs along an axis, n from the first on, of which a tap meets
// the image and not its padding.
func inside(size, out, pad, stride, tap int) (first, n int) {
	first = max(0, pad-tap+stride-1) / stride
	end := max(0, size+pad-tap+stride-1) / stride
	return first, min(out, end) - first
}
