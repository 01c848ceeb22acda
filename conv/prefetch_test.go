package conv

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// lines returns the cache lines of the elements that a fetch asks for, counted
// from the first element of t, with products of that many rows of B.
func lines(t *testing.T, f prefetcher, of tensor.Tensor, rows, bRow int) map[int]bool {
	asked := map[int]bool{}
	for calls := 0; ; calls++ {
		require.Less(t, calls, 1000)
		next := f.next(rows, bRow)
		if next == nil {
			require.Nil(t, f.next(rows, bRow))
			return asked
		}
		at := int(uintptr(unsafe.Pointer(next))-uintptr(unsafe.Pointer(&of.Data[0]))) / 4
		require.Less(t, at, len(of.Data))
		for l := range rows {
			asked[(at+l*bRow)/lineElements] = true
		}
	}
}

// A fetch reaches every line of its regions, also where images are slices of
// larger ones.
func TestFetch(t *testing.T) {
	whole := tensor.New(5, 12, 8, 8)
	slice := whole.Channels(2, 10)
	const n = 8 * 8 * 8
	for _, shape := range [][2]int{{7, 32}, {16, 16}, {3, 64}, {40, 32}, {5, 12}} {
		rows, bRow := shape[0], shape[1]
		asked := lines(t, prefetcher{parts: [2]region{regionOf(slice, 4, 1, 0, n), regionOf(slice, 1, 2, 64, n-64)}}, slice, rows, bRow)
		for _, image := range []int{1, 2, 4} {
			for i := range n {
				if image == 4 || i >= 64 {
					require.True(t, asked[(image*slice.Stride+i)/lineElements], "%v: element %d of image %d", shape, i, image)
				}
			}
		}
	}
	require.Empty(t, lines(t, prefetcher{parts: [2]region{regionOf(slice, 5, 3, 0, n)}}, slice, 8, 32), "beyond the last image")
}
