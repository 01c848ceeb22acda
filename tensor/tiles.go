package tensor

import "github.com/meada-cpu/meada-cpu/simd"

// Tiles cuts rows into register tiles of nearly equal height: 64 rows for a
// tile of at most 14 become 13, 13, 13, 13 and 12, since a height a little below
// the largest costs nothing while a last tile of 8 would.
type Tiles struct {
	Count int // number of tiles
	size  int // rows of the smaller tiles
	large int // the first large tiles have one row more
}

// CutTiles returns the tiles of that many rows, each at most max high.
func CutTiles(rows, max int) Tiles {
	n := (rows + max - 1) / max
	return Tiles{Count: n, size: rows / n, large: rows % n}
}

// Run returns how many tiles of [i, end) a call of GemmTiles takes: those from tile i on that
// have its height, as far as it may take so many of that depth.
func (t Tiles) Run(i, end, depth int) int {
	if i < t.large {
		end = min(end, t.large)
	}
	return min(end-i, simd.MaxTiles, max(1, simd.MaxTilesDepth/depth))
}

// Tile returns the first row of tile i and its height.
func (t Tiles) Tile(i int) (first, rows int) {
	if i < t.large {
		return i * (t.size + 1), t.size + 1
	}
	return i*t.size + t.large, t.size
}
