package tensor

import (
	"fmt"
	"math"

	"github.com/meada-cpu/meada-cpu/simd"
)

// Gemm is a matrix product C = op(A) op(B) planned for one shape on one engine:
// C is M x N, op(A) is M x K, op(B) is K x N, where op transposes the stored
// matrix if TransA or TransB says so. Run allocates nothing.
//
// Each element of C is one chain of fused multiply-adds with k ascending, so the
// result depends neither on the blocking nor on the number of threads.
type Gemm struct {
	M, N, K        int
	TransA, TransB bool

	engine *Engine

	// pairs says that the product is of bfloat16 numbers, with the kernels for pairs of
	// them: everything packed has a row for each pair of rows.
	pairs bool
	gemm  func(*simd.GemmTiles)

	// The product as it is computed: rows x cols, transposed when swap is set
	// (C^T = op(B)^T op(A)^T), which turns the packing of a large transposed B
	// into that of a small A.
	rows, cols int
	swap       bool

	tiles     Tiles
	wide      bool // each row of A is read for so many panels of B that packing A may pay
	tall      bool // each panel of B is read by several tasks
	packTile  bool // A is interleaved a tile at a time
	fetchC    bool // the rows of the next tile of C are fetched ahead
	depth     int  // of the inner dimension, for one block of A
	rowBlock  int  // tiles of a task
	colBlock  int  // columns of a task, a multiple of NR
	colBlocks int  // tasks side by side
	tasks     int  // in all
	offsets   []int32
	ldOffsets int // the row distance that offsets were made for
	aOffsets  []int32
	ldA       int // the column distance that aOffsets were made for
	tileRows  []int32
	ldTile    int // the row distance that tileRows were made for

	gemmCall
}

// gemmCall is the current Run of a product: its operands, as computed (after swap),
// and how it packs them, which depends on how they lie in memory.
type gemmCall struct {
	packA    bool // A is interleaved by each task, block by block
	packB    bool // B goes through shared memory, panel by panel
	bInPlace bool // B is read where it is

	stretchDepth int // of the inner dimension, depth or less

	c, a, b       []float32
	ldc           int
	aRow, aCol    int
	bRow, bCol    int
	rowBias       []float32
	colBias       []float32
	acc, thenReLU bool
}

// Depth is the stretch of the inner dimension for a panel of B that is not packed, or
// that a convolution packs: it stays in the second-level cache.
const Depth = 512

// Block sizes, common to all kernel sets. A block of A stays in the second-level
// cache together with a panel of B, blockDepth x NR: the kernels run at their full
// rate from there. The deeper the block, the less often C is read and written, and
// the less a call of a tile costs beside its multiply-adds; where B is a single panel
// nothing of A is read twice, and rows of A are best read to their ends.
const (
	onePanel   = 4096    // of the inner dimension, where B is a single panel
	blockDepth = 1024    // of the inner dimension, where many tiles read a panel
	blockSize  = 1 << 17 // elements of a block of A
	blockRows  = 256     // of a block of A at most
	maxCols    = 2048    // columns for one block of A
)

// B is read where it is if a packed panel would not be read often enough: by so
// many tiles, where its rows alias and where they don't. So is a small B, which
// the caches hold however its rows lie.
const (
	fewTiles  = 6
	someTiles = 10
	smallB    = 1 << 15 // elements
)

// lineFloats is the number of elements of a cache line.
const lineFloats = 16

// largeC is the number of elements from which on the second-level cache holds so little
// of C that its rows are fetched ahead even if they are only written.
const largeC = 1 << 20

// unpackedRows is the height of a tile whose rows of A are not packed: where they alias,
// a set of the first-level cache must hold all of them.
const unpackedRows = 8

// aliasDepth is the depth of panels of a B in place whose rows alias: LeNet5's second fully
// connected layer to the data is quicker so than with deeper ones.
const aliasDepth = 128

// packWorth is the number of columns from which on packing A pays.
const packWorth = 96

// Aliases reports whether rows so many elements apart share a few sets of a cache,
// as those at multiples of 4 KiB do, and push each other out of it.
func Aliases(distance int) bool { return distance%1024 == 0 }

// Epilogue says what Gemm does beside the product. At most one of Accumulate,
// RowBias and ColumnBias is set; a bias is where each element's chain of
// multiply-adds begins.
type Epilogue struct {
	Accumulate bool      // C += instead of C =
	RowBias    []float32 // M elements, bias[i] goes to row i
	ColumnBias []float32 // N elements, bias[j] goes to column j
	ReLU       bool      // max(result, 0)
}

// NewGemm plans a product and reserves its scratch memory on the engine.
func NewGemm(e *Engine, m, n, k int, transA, transB bool) *Gemm {
	return newGemm(e, m, n, k, transA, transB, false)
}

// NewBFloat16Gemm is NewGemm for operands that the product rounds to bfloat16; C, what
// it begins at and all sums stay float32. Zen 4 takes about half the time. Each element
// of C takes the products of odd k before those of the even k below, and a denormal
// result for zero, on every CPU.
func NewBFloat16Gemm(e *Engine, m, n, k int, transA, transB bool) *Gemm {
	return newGemm(e, m, n, k, transA, transB, true)
}

func newGemm(e *Engine, m, n, k int, transA, transB, pairs bool) *Gemm {
	if m < 1 || n < 1 || k < 1 {
		panic(fmt.Sprintf("tensor: matrix product of %dx%d and %dx%d", m, k, k, n))
	}
	for _, sizes := range [][]int{{m, n}, {m, k}, {k, n}} {
		Elements(sizes...)
	}
	g := &Gemm{M: m, N: n, K: k, TransA: transA, TransB: transB, engine: e, pairs: pairs}
	g.gemm = e.Kernels.GemmTiles
	if pairs {
		g.gemm = simd.EachTile(e.Kernels.GemmPairs, e.Kernels.Prefetch)
	}
	g.rows, g.cols = m, n
	if transB && (transA || m <= n) {
		g.swap = true
		g.rows, g.cols = n, m
	}
	kernels := e.Kernels
	g.wide = g.cols >= packWorth
	mr := kernels.MR
	if !g.wide && g.cols > kernels.NR/2 && !kernels.PackedA && !pairs {
		mr = min(mr, unpackedRows)
	}
	g.tiles = CutTiles(g.rows, mr)
	switch {
	case g.cols <= kernels.NR:
		g.depth = onePanel
	case g.tiles.Count <= someTiles: // B may be read where it is
		g.depth = g.deep(Depth)
	default:
		g.depth = g.deep(blockDepth)
	}
	// Stretches of about equal depth, since short ones are slow.
	stretches := (k + g.depth - 1) / g.depth
	g.depth = (k + stretches*packRows - 1) / (stretches * packRows) * packRows
	// As computed, is A stored with its rows contiguous along k?
	alongK := g.swap || !transA
	g.packTile = !g.wide && (pairs || kernels.PackedA && alongK)
	g.cutTasks()
	g.tall = g.tiles.Count > g.rowBlock
	// Narrow tiles have too few multiply-adds for what fetching costs.
	writes := kernels.NR >= 2*lineFloats && g.rows*g.cols > largeC
	g.fetchC = !g.swap && (k > g.depth || writes)
	shared := 0
	if g.tall {
		shared = g.panels() * kernels.NR * g.steps(k)
	}
	g.offsets = make([]int32, min(k, g.depth))
	if pairs {
		g.aOffsets = make([]int32, min(k, g.depth))
	}
	g.tileRows = make([]int32, kernels.MR)
	e.Reserve(shared, g.panelSize()+g.tilesSize()+g.blockSize())
	return g
}

// deep returns the elements of the inner dimension whose packed operands are as large as
// those of k float32 elements.
func (g *Gemm) deep(k int) int {
	if g.pairs {
		return 2 * k
	}
	return k
}

// steps returns the rows of packed operands for k elements of the inner dimension.
func (g *Gemm) steps(k int) int {
	if g.pairs {
		return (k + 1) / 2
	}
	return k
}

// smallTask is the number of multiply-adds below which a task is not cut in two.
const smallTask = 1 << 20

// cutTasks cuts C into the blocks of the tasks: enough to share out, but none too
// small to be worth waking a worker.
func (g *Gemm) cutTasks() {
	mr, nr := g.engine.Kernels.MR, g.engine.Kernels.NR
	rows := blockRows
	if g.cols > nr { // else no row of A is read twice
		rows = min(rows, blockSize/g.steps(g.depth))
	}
	most := max(1, rows/mr)
	blocks := (g.tiles.Count + most - 1) / most
	g.rowBlock = (g.tiles.Count + blocks - 1) / blocks // blocks of about equal height
	g.colBlock = max(nr, maxCols/nr*nr)
	fewTasks := 1
	if g.engine.Threads() > 1 {
		fewTasks = 4 * g.engine.Threads()
	}
	for {
		g.colBlocks = (g.cols + g.colBlock - 1) / g.colBlock
		g.tasks = g.colBlocks * ((g.tiles.Count + g.rowBlock - 1) / g.rowBlock)
		switch {
		case g.tasks >= fewTasks || g.rows*g.cols*g.K/g.tasks < smallTask:
			return
		case g.colBlock >= 2*nr && g.cols > nr && g.colBlock >= g.rowBlock*mr/2:
			g.colBlock = (g.colBlock/nr + 1) / 2 * nr
		case g.rowBlock > 1:
			g.rowBlock = (g.rowBlock + 1) / 2
		default:
			return
		}
	}
}

// The parts of a worker's scratch memory: a panel of B, packed tiles of A (all of
// a task or one at a time) and, when the product is computed transposed, the
// block of C^T.
func (g *Gemm) panelSize() int { return g.steps(min(g.K, g.depth)) * g.engine.Kernels.NR }

func (g *Gemm) tilesSize() int {
	switch {
	case g.wide:
		return g.steps(min(g.K, g.depth)) * min(g.rows, g.rowBlock*g.engine.Kernels.MR)
	case g.packTile:
		return g.steps(min(g.K, g.depth)) * g.engine.Kernels.MR
	}
	return 0
}

func (g *Gemm) blockSize() int {
	if !g.swap {
		return 0
	}
	return g.rowBlock * g.engine.Kernels.MR * min(g.colBlock, g.panels()*g.engine.Kernels.NR)
}

func (g *Gemm) panels() int { return (g.cols + g.engine.Kernels.NR - 1) / g.engine.Kernels.NR }

// Run computes the product. lda, ldb and ldc are the distances between the rows
// of the stored matrices, in elements.
func (g *Gemm) Run(c, a, b []float32, ldc, lda, ldb int, ep Epilogue) {
	g.check(c, a, b, ldc, lda, ldb, ep)
	g.c, g.ldc = c, ldc
	g.acc, g.thenReLU = ep.Accumulate, ep.ReLU
	stored := func(trans bool, ld int) (row, col int) {
		if trans {
			return 1, ld
		}
		return ld, 1
	}
	if g.swap {
		g.a, g.b = b, a
		g.aRow, g.aCol = stored(!g.TransB, ldb)
		g.bRow, g.bCol = stored(!g.TransA, lda)
		g.rowBias, g.colBias = ep.ColumnBias, ep.RowBias
	} else {
		g.a, g.b = a, b
		g.aRow, g.aCol = stored(g.TransA, lda)
		g.bRow, g.bCol = stored(g.TransB, ldb)
		g.rowBias, g.colBias = ep.RowBias, ep.ColumnBias
	}
	g.packA = g.wide && (g.pairs || g.engine.Kernels.PackedA || g.aCol != 1 || Aliases(g.aRow))
	g.bInPlace = !g.pairs && g.bCol == 1 && g.readInPlace(g.bRow)
	g.packB = g.tall && !g.bInPlace
	g.stretchDepth = g.depth
	if g.bInPlace && Aliases(g.bRow) {
		g.stretchDepth = min(g.depth, aliasDepth)
	}
	if max(len(g.offsets)*g.bRow, len(g.aOffsets)*g.aCol, len(g.tileRows)*ldc) > math.MaxInt32 {
		panic(fmt.Sprintf("tensor: a matrix product of %d x %d x %d whose rows are too far apart for offsets of 32 bits", g.M, g.N, g.K))
	}
	if g.bCol == 1 && g.ldOffsets != g.bRow {
		for i := range g.offsets {
			g.offsets[i] = int32(i * g.bRow)
		}
		g.ldOffsets = g.bRow
	}
	if g.aCol != 1 && g.ldA != g.aCol {
		for i := range g.aOffsets {
			g.aOffsets[i] = int32(i * g.aCol)
		}
		g.ldA = g.aCol
	}
	if g.ldTile != ldc {
		for i := range g.tileRows {
			g.tileRows[i] = int32(i * ldc)
		}
		g.ldTile = ldc
	}
	if g.packB {
		g.engine.Run((g.K+packRows-1)/packRows, gemmPackB{g})
	}
	g.engine.Run(g.tasks, gemmBlock{g})
}

// readInPlace reports whether a B whose rows are contiguous, so far apart, is read
// where it is.
func (g *Gemm) readInPlace(distance int) bool {
	tiles := g.tiles.Count
	switch {
	case tiles <= fewTiles:
		return true
	case Aliases(distance):
		return false
	}
	return g.engine.Kernels.StridedB && distance%lineFloats == 0 || tiles <= someTiles || g.cols*g.K <= smallB
}

// check panics unless the operands of a run hold what the plan reads and writes.
func (g *Gemm) check(c, a, b []float32, ldc, lda, ldb int, ep Epilogue) {
	checkMatrix("C", c, g.M, g.N, ldc)
	if g.TransA {
		checkMatrix("A, stored transposed,", a, g.K, g.M, lda)
	} else {
		checkMatrix("A", a, g.M, g.K, lda)
	}
	if g.TransB {
		checkMatrix("B, stored transposed,", b, g.N, g.K, ldb)
	} else {
		checkMatrix("B", b, g.K, g.N, ldb)
	}
	if ep.RowBias != nil {
		CheckVector("tensor: the row bias of a matrix product", ep.RowBias, g.M)
	}
	if ep.ColumnBias != nil {
		CheckVector("tensor: the column bias of a matrix product", ep.ColumnBias, g.N)
	}
}

// packTiles interleaves the rows of tiles [t0, t1) of A, for kc elements of the
// inner dimension from k0 on: tile t is at (its first row - that of t0) * kc.
func (g *Gemm) packTiles(dst []float32, t0, t1, k0, kc int) {
	top, _ := g.tiles.Tile(t0)
	for t := t0; t < t1; t++ {
		first, rows := g.tiles.Tile(t)
		g.packTileAt(dst[(first-top)*g.steps(kc):], first, rows, k0, kc)
	}
}

// packTileAt does so for the tile of so many rows from first on.
func (g *Gemm) packTileAt(tile []float32, first, rows, k0, kc int) {
	kernels := g.engine.Kernels
	switch {
	case g.aCol == 1 && g.pairs:
		kernels.TransposePairs(&tile[0], &g.a[first*g.aRow+k0], rows, kc, rows, g.aRow)
	case g.aCol == 1:
		kernels.Transpose(&tile[0], &g.a[first*g.aRow+k0], rows, kc, rows, g.aRow)
	case g.pairs:
		kernels.GatherPairs(&tile[0], &g.a[first+k0*g.aCol], &g.aOffsets[0], kc, rows, rows)
	default:
		for k := range kc {
			copy(tile[k*rows:][:rows], g.a[first+(k0+k)*g.aCol:])
		}
	}
}

// packRows is the number of rows of B that one task packs: whole rows, since
// hardware fetches ahead along them. It divides the depth of a block.
const packRows = 16

// gemmPackB copies a few rows of B to panels in shared memory, see panel.
type gemmPackB struct{ *Gemm }

func (p gemmPackB) Do(task, _ int) {
	g := p.Gemm
	nr := g.engine.Kernels.NR
	first := task * packRows
	rows := min(packRows, g.K-first)
	k0 := first / g.depth * g.depth
	for j := 0; j < g.cols; j += nr {
		dst := g.panel(k0, j)[g.steps(first-k0)*nr:]
		g.pack(dst, first, rows, j, min(nr, g.cols-j))
	}
}

// panel returns the packed panel of B that begins at row k0, a multiple of
// depth, and column j, a multiple of NR.
func (g *Gemm) panel(k0, j int) []float32 {
	width := g.panels() * g.engine.Kernels.NR
	kc := min(g.depth, g.K-k0)
	return g.engine.Shared()[g.steps(k0)*width+j*g.steps(kc):]
}

// pack copies rows x n elements of B, from row k and column j on.
func (g *Gemm) pack(dst []float32, k, rows, j, n int) {
	kernels := g.engine.Kernels
	nr := kernels.NR
	switch {
	case g.bCol == 1 && g.pairs:
		kernels.GatherPairs(&dst[0], &g.b[k*g.bRow+j], &g.offsets[0], rows, nr, n)
	case g.bCol == 1:
		kernels.Gather(&dst[0], &g.b[k*g.bRow+j], &g.offsets[0], rows, nr, n)
	case g.pairs:
		kernels.TransposePairs(&dst[0], &g.b[k+j*g.bCol], n, rows, nr, g.bCol)
	default:
		kernels.Transpose(&dst[0], &g.b[k+j*g.bCol], n, rows, nr, g.bCol)
	}
}

// gemmBlock computes the block of C that is task's.
type gemmBlock struct{ *Gemm }

func (g gemmBlock) Do(task, worker int) {
	kernels := g.engine.Kernels
	b := g.block(task, worker)
	columns := simd.MaxTranspose / b.rows // that are transposed at once
	if g.swap && g.acc {
		for j := b.j0; j < b.j1; j += columns {
			kernels.Transpose(&b.c[j-b.j0], &g.c[j*g.ldc+b.top], min(columns, b.j1-j), b.rows, b.ldc, g.ldc)
		}
	}
	for k0 := 0; k0 < g.K; k0 += g.stretchDepth {
		g.stretch(&b, k0, min(g.stretchDepth, g.K-k0))
	}
	if g.swap {
		for j := b.j0; j < b.j1; j += columns {
			kernels.Transpose(&g.c[j*g.ldc+b.top], &b.c[j-b.j0], b.rows, min(columns, b.j1-j), g.ldc, b.ldc)
		}
	}
}

// block is a task's part of C: tiles [t0, t1), which begin at row top, and columns
// [j0, j1).
type block struct {
	t0, t1, j0, j1 int
	top, rows      int
	panel, packed  []float32 // a panel of B and packed tiles of A, in scratch memory
	tile           *simd.GemmTiles

	// Where the products go: C itself or, computed transposed, scratch memory. It
	// begins at this row and column.
	c        []float32
	ldc      int
	row, col int
}

// at returns where element i, j of the product is in c.
func (b *block) at(i, j int) int { return (i-b.row)*b.ldc + j - b.col }

func (g *Gemm) block(task, worker int) block {
	scratch := g.engine.Scratch(worker)
	b := block{tile: g.engine.Tiles(worker), c: g.c, ldc: g.ldc, t0: task / g.colBlocks * g.rowBlock, j0: task % g.colBlocks * g.colBlock}
	b.t1, b.j1 = min(b.t0+g.rowBlock, g.tiles.Count), min(b.j0+g.colBlock, g.cols)
	b.top, _ = g.tiles.Tile(b.t0)
	last, n := g.tiles.Tile(b.t1 - 1)
	b.rows = last + n - b.top
	b.panel = scratch[:g.panelSize()]
	b.packed = scratch[g.panelSize():][:g.tilesSize()]
	if g.swap {
		b.c, b.ldc = scratch[g.panelSize()+g.tilesSize():], b.j1-b.j0
		b.row, b.col = b.top, b.j0
	}
	return b
}

// stretch adds kc elements of the inner dimension from k0 on to a block.
func (g *Gemm) stretch(b *block, k0, kc int) {
	if g.packA {
		g.packTiles(b.packed, b.t0, b.t1, k0, kc)
	}
	nr := g.engine.Kernels.NR
	for j := b.j0; j < b.j1; j += nr {
		panel, bRow := b.panel, nr
		switch {
		case g.packB:
			panel = g.panel(k0, j)
		case g.bInPlace:
			panel, bRow = g.b[k0*g.bRow+j:], g.bRow
		default:
			g.pack(panel, k0, kc, j, min(nr, b.j1-j))
		}
		g.multiplyPanel(b, k0, kc, j, panel, bRow)
	}
}

// multiplyPanel adds the products of a block's tiles with the panel of B at row k0
// and column j, whose rows are bRow apart.
func (g *Gemm) multiplyPanel(b *block, k0, kc, j int, panel []float32, bRow int) {
	nr := g.engine.Kernels.NR
	mode, steps := g.mode(k0, kc), g.steps(kc)
	tile := b.tile
	tile.GemmTile = simd.GemmTile{B: &panel[0], CRow: b.ldc, BRow: bRow, N: min(nr, b.j1-j), K: steps, KOuter: 1, Mode: mode}
	tile.CRows = &g.tileRows[0]
	// The first tiles also fetch the next panel, each a line of all rows or, where there are
	// enough tiles for that, of a quarter of them.
	next, lines := g.next(k0, j, b.j0, b.j1), nr/lineFloats
	part, parts := steps, 1
	if g.engine.Kernels.SparseLines && simd.SparseRows*lines <= b.t1-b.t0 {
		part, parts = steps/simd.SparseRows, simd.SparseRows
	}
	for t := b.t0; t < b.t1; t += tile.Count {
		first, m := g.tiles.Tile(t)
		tile.Count = g.tiles.Run(t, b.t1, steps)
		switch {
		case g.packA:
			tile.A, tile.ARow, tile.ACol, tile.ATile = &b.packed[(first-b.top)*steps], 1, m, m*steps
		case g.packTile:
			g.packTileAt(b.packed, first, m, k0, kc)
			tile.A, tile.ARow, tile.ACol, tile.Count = &b.packed[0], 1, m, 1
		default:
			tile.A, tile.ARow, tile.ACol, tile.ATile = &g.a[first*g.aRow+k0*g.aCol], g.aRow, g.aCol, m*g.aRow
		}
		for i := range tile.Count {
			n := t + i - b.t0
			tile.Lines[i] = simd.Line{Row: bRow, Sparse: parts > 1}
			if at := n/parts*lineFloats + n%parts*part*bRow; n < lines*parts && at < len(next) {
				tile.Lines[i].At = &next[at]
			}
		}
		tile.Below = 0
		if g.fetchC {
			tile.Below = b.top + b.rows - first - m
		}
		switch mode &^ simd.ThenReLU6 {
		case simd.FromRowBias:
			tile.Bias, tile.BiasTile = &g.rowBias[first], m
		case simd.FromColumnBias:
			tile.Bias, tile.BiasTile = &g.colBias[j], 0
		}
		tile.C, tile.M = &b.c[b.at(first, j)], m
		g.gemm(tile)
	}
}

// mode returns where the products of a stretch begin and whether ReLU follows.
func (g *Gemm) mode(k0, kc int) simd.TileMode {
	mode := simd.FromC
	if k0 == 0 && !g.acc {
		switch {
		case g.rowBias != nil:
			mode = simd.FromRowBias
		case g.colBias != nil:
			mode = simd.FromColumnBias
		default:
			mode = simd.FromZero
		}
	}
	if g.thenReLU && k0+kc == g.K {
		mode |= simd.ThenReLU
	}
	return mode
}

// next returns B from the panel on that follows the one at row k0 and column j in
// the block of columns [j0, j1), or nil if there is none or if B is read across.
func (g *Gemm) next(k0, j, j0, j1 int) []float32 {
	if j += g.engine.Kernels.NR; j >= j1 {
		j = j0
		k0 += g.stretchDepth
	}
	switch {
	case k0 >= g.K:
		return nil
	case g.packB:
		return g.panel(k0, j)
	case g.bInPlace:
		return g.b[k0*g.bRow+j:]
	}
	return nil
}
