package simd

import "unsafe"

// TileMode says how Gemm begins and ends a register tile.
type TileMode int

const (
	// The value at which each element's chain of multiply-adds begins.
	FromZero       TileMode = iota
	FromC                   // c[i][j]: continues over another stretch of k
	FromRowBias             // bias[i]
	FromColumnBias          // bias[j]

	// ThenReLU is added to one of the above: a negative result becomes 0 (NaN
	// stays, so that a diverged network shows).
	ThenReLU TileMode = 4
	// ThenReLU6 is ThenReLU whose result becomes 6 if it is more.
	ThenReLU6 TileMode = ThenReLU | 8
)

// bound returns what becomes of a result.
func (m TileMode) bound(v float32) float32 {
	switch {
	case m&ThenReLU != 0 && v < 0:
		return 0
	case m&ThenReLU6 == ThenReLU6 && v > 6:
		return 6
	}
	return v
}

// GemmTile is one call of Gemm: a register tile of a matrix product,
//
//	for o < KOuter, q < K:  c[i][j] = fma(a(o, q, i), b(o, q, j), c[i][j])
//
// with i < M <= MR, j < N <= NR and
//
//	c[i][j]   at C + i*CRow + j
//	a(o,q,i)  at A + o*AJump + q*ACol + i*ARow   (ARow must be 1 when PackedA is set)
//	b(o,q,j)  at B + o*BJump + q*BRow + j
//
// so that the inner dimension may run over rows of an image (KOuter rows of K
// pixels). All distances count float32 elements. M, N, K and KOuter are at least 1.
type GemmTile struct {
	C, A, B, Bias *float32 // Bias may be nil unless Mode names it

	CRow, ARow, ACol, AJump, BRow, BJump int
	M, N, K, KOuter                      int

	Mode TileMode

	// Prefetch, if not nil, is what will be read soon: high tiles ask for one cache line
	// at each Prefetch + (o*K+q)*PrefetchRow on the way, where the instruction set gains
	// from it. If Sparse, they ask for one every SparseRows k of a row of k only, PrefetchRow
	// from the last.
	Prefetch    *float32
	PrefetchRow int
	Sparse      bool
}

// gemmGeneric computes one register tile. Nothing outside its elements is read or
// written, and C is not read unless Mode says FromC. The tile itself is only read.
func gemmGeneric(t *GemmTile) {
	at := func(p *float32, i int) *float32 {
		return (*float32)(unsafe.Add(unsafe.Pointer(p), i*4))
	}
	var acc [32]float32 // one row of the widest tile
	for i := range t.M {
		row := unsafe.Slice(at(t.C, i*t.CRow), t.N)
		switch t.Mode &^ ThenReLU6 {
		case FromZero:
			clear(acc[:t.N])
		case FromC:
			copy(acc[:t.N], row)
		case FromRowBias:
			for j := range t.N {
				acc[j] = *at(t.Bias, i)
			}
		case FromColumnBias:
			copy(acc[:t.N], unsafe.Slice(t.Bias, t.N))
		}
		for o := range t.KOuter {
			for q := range t.K {
				x := *at(t.A, o*t.AJump+q*t.ACol+i*t.ARow)
				for j, y := range unsafe.Slice(at(t.B, o*t.BJump+q*t.BRow), t.N) {
					acc[j] += x * y
				}
			}
		}
		for j, v := range acc[:t.N] {
			row[j] = t.Mode.bound(v)
		}
	}
}

// GemmTiles is one call of GemmTiles: Count register tiles of M rows, one below the other,
// that multiply the same panel of B. The embedded tile is the first one. Of each next one C
// is M rows further on, A ATile elements and Bias BiasTile. The call may change the embedded
// tile.
type GemmTiles struct {
	GemmTile
	Count, ATile, BiasTile int

	// Lines are Prefetch, PrefetchRow and Sparse of each tile, whose own are not used.
	Lines [MaxTiles]Line

	// Below is how many rows of C below the first tile are fetched, or 0: each tile asks for
	// those that the next one writes. CRows are multiples of CRow, as Prefetch takes them.
	Below int
	CRows *int32
}

// MaxTiles is the largest count of GemmTiles, and MaxTilesDepth the most rows of B that its
// tiles multiply, counted for each, unless it is a single one: assembly can't be preempted.
const (
	MaxTiles      = 8
	MaxTilesDepth = 16 << 10
)

// SparseRows is the number of rows of B for each line of sparse fetches, SparseHeight the
// height from which on a tile makes them.
const (
	SparseRows   = 4
	SparseHeight = 8
)

// MaxTranspose is the largest number of elements of one call of Transpose: assembly can't be
// preempted.
const MaxTranspose = 1 << 18

// Line is a place that a tile fetches, see GemmTile.Prefetch.
type Line struct {
	At     *float32
	Row    int
	Sparse bool // where Kernels.SparseLines says so
}

// EachTile returns a GemmTiles that computes tile by tile.
func EachTile(gemm func(*GemmTile), prefetch func(src *float32, offsets *int32, count int)) func(*GemmTiles) {
	return func(t *GemmTiles) {
		at := func(p *float32, i int) *float32 {
			return (*float32)(unsafe.Add(unsafe.Pointer(p), i*4))
		}
		c, a, bias := t.C, t.A, t.Bias
		for i := range t.Count {
			if n := min(t.M, t.Below-i*t.M); n > 0 {
				prefetch(at(c, (i+1)*t.M*t.CRow), t.CRows, n)
			}
			t.C, t.A = at(c, i*t.M*t.CRow), at(a, i*t.ATile)
			if bias != nil {
				t.Bias = at(bias, i*t.BiasTile)
			}
			t.Prefetch, t.PrefetchRow, t.Sparse = t.Lines[i].At, t.Lines[i].Row, t.Lines[i].Sparse
			gemm(&t.GemmTile)
		}
	}
}

// GatherRows are the rows of B that GemmGather packs. Row q of the panel is made of runs,
// each from a place of its own:
//
//	b(q, Lane + j) = Src[Offsets[q] + j]    for j < N
//
// The first two runs lie in lanes 0 to 15, the others in lanes 16 to 31. A run may be
// empty, though its Src must not be nil. Offsets has K elements.
type GatherRows struct {
	Offsets *int32
	Runs    [4]GatherRun
}

// GatherRun is a part of a row, at most 16 elements.
type GatherRun struct {
	Src     *float32
	Lane, N int
}

// gemmGatherGeneric packs a panel of B, K rows of 32 elements at B, and computes the
// register tile: Gather, then Gemm. ARow and KOuter are 1, BRow is 32. Lanes that no run
// has may change, as packed.
func gemmGatherGeneric(t *GemmTile, rows *GatherRows) {
	for _, r := range rows.Runs {
		if r.N > 0 {
			to := (*float32)(unsafe.Add(unsafe.Pointer(t.B), 4*r.Lane))
			gatherGeneric(to, r.Src, rows.Offsets, t.K, t.BRow, r.N)
		}
	}
	gemmGeneric(t)
}

// transposeGeneric copies a matrix transposed:
//
//	dst[j*dstRow + i] = src[i*srcRow + j]    for i < rows, j < cols
//
// The two must not overlap. rows and cols are at least 1, and a call has MaxTranspose
// elements at the most.
func transposeGeneric(dst, src *float32, rows, cols, dstRow, srcRow int) {
	d := unsafe.Slice(dst, (cols-1)*dstRow+rows)
	s := unsafe.Slice(src, (rows-1)*srcRow+cols)
	for i := range rows {
		for j, v := range s[i*srcRow : i*srcRow+cols] {
			d[j*dstRow+i] = v
		}
	}
}

// gatherGeneric copies count runs of n elements, each from its own place:
//
//	dst[i*dstRow + j] = src[offsets[i] + j]    for i < count, j < n
//
// It is how a panel of B is packed: plain rows of a matrix (offsets = multiples
// of the row distance) or im2col on the fly (offsets = the taps of a filter,
// one call for each run of pixels that is contiguous in the image). Offsets may
// be negative. count and n are at least 1, dst and src must not overlap, and one
// call copies fewer than 65536 elements.
func gatherGeneric(dst, src *float32, offsets *int32, count, dstRow, n int) {
	for i, o := range unsafe.Slice(offsets, count) {
		to := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(dst), i*dstRow*4)), n)
		copy(to, unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(src), int(o)*4)), n))
	}
}

// scatterGeneric adds count runs of n elements, each to its own place:
//
//	dst[offsets[i] + j] += src[i*srcRow + j]    for i < count, j < n
//
// in ascending i, so that places may coincide. It is the inverse of Gather: it
// scatters a panel of products (col2im on the fly). count and n are at least 1.
func scatterGeneric(dst, src *float32, offsets *int32, count, srcRow, n int) {
	for i, o := range unsafe.Slice(offsets, count) {
		to := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(dst), int(o)*4)), n)
		from := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(src), i*srcRow*4)), n)
		for j, v := range from {
			to[j] += v
		}
	}
}

// prefetchGeneric begins to fetch the 128 bytes at src + offsets[i], i < count,
// to the cache, where the next Gather will find them: rows that are far apart
// are not covered by the hardware prefetcher. It is a hint: the places may lie
// outside any slice, and generic does nothing.
func prefetchGeneric(src *float32, offsets *int32, count int) {}
