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
}

func newLayout(s Shape) layout {
	l := layout{c: s.C / s.Groups, h: s.H, w: s.W, padH: s.PadH, padW: s.PadW, stride: s.Stride}
	l.rows = (s.H + 2*s.PadH + s.Stride - 1) / s.Stride
	l.cols = (s.W + 2*s.PadW + s.Stride - 1) / s.Stride
	l.phase = l.rows * l.cols
	l.plane = l.phase * s.Stride * s.Stride
	l.inPlace = s.Stride == 1 && s.PadH == 0 && s.PadW == 0
	return l
}

// size returns the elements of one group of an image.
func (l *layout) size() int { return l.c * l.plane }

// tap returns the offset of what tap (r, s) of channel c meets at output pixel
// (0, 0); output pixel (y, x) is y*cols + x further on.
func (l *layout) tap(c, r, s int) int {
	phase := r%l.stride*l.stride + s%l.stride
	return c*l.plane + phase*l.phase + r/l.stride*l.cols + s/l.stride
}

// fill writes one group of an image, c*h*w elements, in this layout.
func (l *layout) fill(kernels *simd.Kernels, dst, image []float32) {
	if l.stride == 1 {
		for c := range l.c {
			plane := dst[c*l.plane:][:l.plane]
			clear(plane[:l.padH*l.cols])
			for y := range l.h {
				row := plane[(y+l.padH)*l.cols:][:l.cols]
				clear(row[:l.padW])
				copy(row[l.padW:], image[(c*l.h+y)*l.w:][:l.w])
				clear(row[l.padW+l.w:])
			}
			clear(plane[(l.padH+l.h)*l.cols:])
		}
		return
	}
	clear(dst[:l.size()])
	for c := range l.c {
		for y := range l.h {
			src := image[(c*l.h+y)*l.w:][:l.w]
			row := dst[l.row(c, y+l.padH):]
			lead, groups := l.split()
			for x := range lead {
				row[l.column(x)] = src[x]
			}
			if groups > 0 {
				kernels.Transpose(&row[l.column(lead)], &src[lead], groups, l.stride, l.phase, l.stride)
			}
			for x := lead + groups*l.stride; x < l.w; x++ {
				row[l.column(x)] = src[x]
			}
		}
	}
}

// split cuts the columns of an image into a few that lead, groups of one column
// for each phase, and the rest.
func (l *layout) split() (lead, groups int) {
	lead = min(l.w, (l.stride-l.padW%l.stride)%l.stride)
	return lead, (l.w - lead) / l.stride
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
// what src holds inside the padding. spare has a row's size.
func (l *layout) drain(kernels *simd.Kernels, image, src, spare []float32, accumulate bool) {
	for c := range l.c {
		for y := range l.h {
			row := src[l.row(c, y+l.padH):]
			dst := image[(c*l.h+y)*l.w:][:l.w]
			to := dst
			if accumulate {
				to = spare[:l.w]
			}
			if l.stride == 1 {
				copy(to, row[l.padW:])
			} else {
				lead, groups := l.split()
				for x := range lead {
					to[x] = row[l.column(x)]
				}
				if groups > 0 {
					kernels.Transpose(&to[lead], &row[l.column(lead)], l.stride, groups, l.stride, l.phase)
				}
				for x := lead + groups*l.stride; x < l.w; x++ {
					to[x] = row[l.column(x)]
				}
			}
			if accumulate {
				kernels.Add(dst, to)
			}
		}
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
}

// cutPanels cuts the output pixels of that many images into panels.
func (l *layout) cutPanels(images, outH, outW, nr int) []panel {
	area := outH * outW
	panels := make([]panel, (images*area+nr-1)/nr)
	for p := range panels {
		for lane := 0; lane < nr; {
			at := p*nr + lane
			if at >= images*area {
				break
			}
			image, pixel := at/area, at%area
			n := min(nr-lane, area-pixel)
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

// imagesPerTask returns how many images go into a task: enough pixels to work
// on, and few columns of the last panel left empty.
func imagesPerTask(images, area, nr int) int {
	const enough = 256
	best, bestWaste := 1, 2.0
	for n := 1; n <= images; n++ {
		waste := float64((n*area+nr-1)/nr*nr)/float64(n*area) - 1
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
