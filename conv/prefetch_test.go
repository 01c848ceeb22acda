package conv

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// lines returns the cache lines of the elements that a fetch asks for, counted
// from the first element of t, with products of that many rows of B, most of them at most.
func lines(t *testing.T, f prefetcher, of tensor.Tensor, rows, bRow, most int) map[int]bool {
	asked := map[int]bool{}
	for calls := 0; ; calls++ {
		require.LessOrEqual(t, calls, most)
		line := f.next(rows, bRow)
		if line.At == nil {
			require.Nil(t, f.next(rows, bRow).At)
			return asked
		}
		require.Equal(t, f.sparse, line.Sparse)
		at := int(uintptr(unsafe.Pointer(line.At))-uintptr(unsafe.Pointer(&of.Data[0]))) / 4
		require.Less(t, at, len(of.Data))
		for l := range fetched(line, rows) {
			asked[(at+l*line.Row)/lineElements] = true
		}
	}
}

// fetched is the number of lines that a product of so many rows of B asks for.
func fetched(line simd.Line, rows int) int {
	if line.Sparse {
		return rows / simd.SparseRows
	}
	return rows
}

// A fetch reaches every line of its regions, also where images are slices of
// larger ones.
func TestFetch(t *testing.T) {
	whole := tensor.New(5, 12, 8, 8)
	slice := whole.Channels(2, 10)
	const n = 8 * 8 * 8
	for _, shape := range [][2]int{{7, 32}, {16, 16}, {3, 64}, {40, 32}, {5, 12}} {
		rows, bRow := shape[0], shape[1]
		f := prefetcher{parts: [2]region{regionOf(slice, 4, 1, 0, n), regionOf(slice, 1, 2, 64, n-64)}}
		all := (n + 2*(n-64)) / lineElements
		f.spread(simd.SparseRows*all - 1)
		require.False(t, f.sparse)
		for range 2 {
			most := 1000
			if rows%simd.SparseRows == 0 && bRow%lineElements == 0 { // then what spread asks for suffices, but for images' ends
				most = all/fetched(simd.Line{Sparse: f.sparse}, rows) + 3*bRow/lineElements
			}
			asked := lines(t, f, slice, rows, bRow, most)
			for _, image := range []int{1, 2, 4} {
				for i := range n {
					if image == 4 || i >= 64 {
						require.True(t, asked[(image*slice.Stride+i)/lineElements], "%v: element %d of image %d, sparse %v", shape, i, image, f.sparse)
					}
				}
			}
			if rows < simd.SparseRows {
				break
			}
			f.spread(simd.SparseRows * all)
			require.True(t, f.sparse)
		}
	}
	require.Empty(t, lines(t, prefetcher{parts: [2]region{regionOf(slice, 5, 3, 0, n)}}, slice, 8, 32, 0), "beyond the last image")
}

// Of an image's rows a fetch may ask for every second one, and for nothing else.
func TestFetchRows(t *testing.T) {
	const w, n = 48, 8 * 6 * 48
	whole := tensor.New(3, 8, 6, w)
	for _, rows := range []int{1, 5, 7, 40} {
		part := regionOf(whole, 1, 2, 0, n)
		part.row, part.width = 2*w, w
		asked := lines(t, prefetcher{parts: [2]region{part}}, whole, rows, 32, 1000)
		for i := range 2 * n {
			line := (whole.Stride + i) / lineElements
			require.Equal(t, i/w%2 == 0, asked[line], "%d rows: element %d", rows, i)
		}
	}
}

// While a panel of a 1x1 layer is multiplied, tiles fetch what the next one reads.
func TestLookAhead(t *testing.T) {
	for _, s := range []Shape{
		{N: 5, C: 40, H: 14, W: 14, K: 140, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 3, C: 1100, H: 7, W: 7, K: 140, R: 1, S: 1, Stride: 1, Groups: 1},
		{N: 2, C: 60, H: 32, W: 32, K: 140, R: 1, S: 1, Stride: 1, Groups: 2},
	} {
		e := tensor.NewEngineOn(1, nil)
		p := newImplicitGemm(e, s, false, false)
		x := tensor.New(s.N, s.C, s.H, s.W)
		q := &imageBlock{src: x.Data, distance: x.Stride, images: min(p.images, s.N)}
		pixels := q.images * p.area
		nr := e.Kernels.NR
		panels := (pixels + nr - 1) / nr
		at := func(x *float32) int { return int(uintptr(unsafe.Pointer(x))-uintptr(unsafe.Pointer(&q.src[0]))) / 4 }
		for i := range panels {
			for k0 := 0; k0 < p.inner; k0 += p.depth {
				p.lookAhead(q, i, k0)
				asked := map[int]bool{}
				rows := min(p.depth, p.inner-k0)
				for n := range p.tiles.Count {
					line := q.ahead.line(n, rows, p.area)
					require.Equal(t, line.At != nil && q.ahead.sparse, line.Sparse)
					for l := range fetched(line, rows) {
						if line.At != nil {
							asked[(at(line.At)+l*p.area)/lineElements] = true
						}
					}
				}
				next, k := i, k0+p.depth
				if k >= p.inner {
					next, k = i+1, 0
				}
				for row := range min(rows, p.inner-k) {
					if q.ahead.sparse && row >= rows/simd.SparseRows*simd.SparseRows {
						continue
					}
					for pixel := next * nr; pixel < min((next+1)*nr, pixels); pixel++ {
						element := pixel/p.area*x.Stride + (k+row)*p.area + pixel%p.area
						require.True(t, asked[element/lineElements], "%v: panel %d, tap %d: pixel %d of row %d of the next", s, i, k0, pixel, row)
					}
				}
				require.Equal(t, next == panels, q.ahead.count == 0, "%v: panel %d, tap %d", s, i, k0)
			}
		}
		e.Close()
	}
}
