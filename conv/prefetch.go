package conv

import (
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// prefetcher is memory that will be used soon: the pixels that a task is going to
// write and those that its worker is likely to read next. The products in between
// ask for it a line at a time (see Prefetch in simd.GemmTile), so that it comes
// while they keep the arithmetic busy: turning planes channels-last reads and
// writes them in a pattern that hardware does not foresee.
type prefetcher struct {
	parts [2]region
	part  int // the one being fetched
	at    int // elements of its first image already fetched
	line  int // the line of each row that comes next

	sparse bool // a product fetches for every fourth row of B only
}

// region is a few images' worth of planes.
type region struct {
	data   []float32 // from the first image's planes on
	stride int       // between images
	n      int       // elements of an image
	images int

	// Of rows that are row elements apart only the first width elements count; all if
	// row is 0.
	row, width int
}

// regionOf returns n elements of each of a few images of t, from element at on,
// beginning with image first; fewer where t has fewer images.
func regionOf(t tensor.Tensor, first, images, at, n int) region {
	images = min(images, t.N-first)
	if images <= 0 {
		return region{}
	}
	return region{data: t.Data[first*t.Stride+at:], stride: t.Stride, n: n, images: images}
}

const lineElements = 16 // of a cache line

// spread makes the fetches sparse if products of so many rows of B suffice for that, but for
// what is lost where rows or columns of a product are no multiple of those of a fetch.
func (f *prefetcher) spread(rows int) {
	lines := 0
	for _, p := range f.parts {
		n := p.n
		if p.row > 0 {
			n = p.n / p.row * p.width
		}
		lines += p.images * n / lineElements
	}
	f.sparse = rows/simd.SparseRows >= lines
}

// lines gives each of the tiles, of that many rows of B, what it fetches.
func (f *prefetcher) lines(tiles *simd.GemmTiles, rows, bRow int) {
	for i := range tiles.Count {
		tiles.Lines[i] = f.next(rows, bRow)
	}
}

// next returns where a product of that many rows of B, bRow elements apart, fetches
// while it is computed; nowhere when nothing is left.
func (f *prefetcher) next(rows, bRow int) simd.Line {
	if f.sparse {
		rows /= simd.SparseRows
	}
	for f.part < len(f.parts) {
		p := &f.parts[f.part]
		if p.images == 0 {
			f.part++
			continue
		}
		row, width := bRow, bRow
		if p.row > 0 {
			row, width = p.row, p.width
		}
		next := &p.data[min(f.at+f.line*lineElements, len(p.data)-1)]
		if f.line++; f.line*lineElements >= width {
			f.line = 0
			f.at += rows * row
		}
		if f.at >= p.n {
			f.at = 0
			p.images--
			p.data = p.data[min(p.stride, len(p.data)-1):]
		}
		return simd.Line{At: next, Row: row, Sparse: f.sparse}
	}
	return simd.Line{Row: bRow}
}
