// The loops of a register tile, one for each height and three widths. A source defines
// FULL, PART and HALF(ROWS), one k of the rows that ROWS names: of 32 columns, of 17 to
// 31, of 16 at the most. It includes this behind gemm_avx512_amd64.h.

// ROWSn is ROW for the first n rows: ROW(addr, t, i, lo, hi) multiplies the broadcast of
// what is at addr, with t for it, into row i of the tile.

#define ROWS1(ROW) \
	ROW((SI), Z30, 0, Z0, Z1)
#define ROWS2(ROW) ROWS1(ROW) \
	ROW((SI)(R9*1), Z31, 1, Z2, Z3)
#define ROWS3(ROW) ROWS2(ROW) \
	ROW((SI)(R9*2), Z30, 2, Z4, Z5)
#define ROWS4(ROW) ROWS3(ROW) \
	ROW((SI)(R10*1), Z31, 3, Z6, Z7)
#define ROWS5(ROW) ROWS4(ROW) \
	ROW((SI)(R9*4), Z30, 4, Z8, Z9)
#define ROWS6(ROW) ROWS5(ROW) \
	ROW((SI)(R11*1), Z31, 5, Z10, Z11)
#define ROWS7(ROW) ROWS6(ROW) \
	ROW((SI)(R10*2), Z30, 6, Z12, Z13)
#define ROWS8(ROW) ROWS7(ROW) \
	ROW((SI)(R12*1), Z31, 7, Z14, Z15)
#define ROWS9(ROW) ROWS8(ROW) \
	ROW((R8), Z30, 8, Z16, Z17)
#define ROWS10(ROW) ROWS9(ROW) \
	ROW((R8)(R9*1), Z31, 9, Z18, Z19)
#define ROWS11(ROW) ROWS10(ROW) \
	ROW((R8)(R9*2), Z30, 10, Z20, Z21)
#define ROWS12(ROW) ROWS11(ROW) \
	ROW((R8)(R10*1), Z31, 11, Z22, Z23)
#define ROWS13(ROW) ROWS12(ROW) \
	ROW((R8)(R9*4), Z30, 12, Z24, Z25)
#define ROWS14(ROW) ROWS13(ROW) \
	ROW((R8)(R11*1), Z31, 13, Z26, Z27)

// FETCH fetches a line of what is read after this tile.
#define FETCH \
	PREFETCHT1 (DI) \
	ADDQ AX, DI

// FORWARD moves the cursors to the next k.
#define FORWARD \
	ADDQ R13, SI \
	ADDQ R13, R8 \
	ADDQ DX, BX

// STEP does so too; the flags are those of k left.
#define STEP \
	FORWARD \
	DECQ CX

// PREFETCHSTEP also fetches a line: high tiles have load slots left for it.
#define PREFETCHSTEP \
	FETCH \
	STEP

// OUTER moves A and B to the next row of k and reloads the count; the flags are those
// of rows left.
#define OUTER \
	ADDQ aJump-24(SP), SI \
	ADDQ aJump-24(SP), R8 \
	ADDQ bJump-32(SP), BX \
	MOVQ k-16(SP), CX     \
	DECQ left-40(SP)

// LOOP is all of k for one height of the tile: entry is where to jump to, next its
// own label. ONE is one k of it: FULL, PART or HALF.
#define LOOP(entry, next, ONE, ROWS, STEP) \
entry:                         \
	MOVQ    bRow-8(SP), DX \
	PCALIGN $64            \
next:                          \
	ONE(ROWS)              \
	STEP                   \
	JNE     next           \
	OUTER                  \
	JNE     next           \
	JMP     end

// SPARSELOOP is LOOP of 32 columns that fetches one line for every four k (SparseRows):
// each outstanding fetch takes a place that loads from the second-level cache need too.
// Counting once for four k also leaves slots to multiply-adds on CPUs that start two in a
// cycle.
#define SPARSELOOP(entry, row, fours, rest, next, rowEnd, ROWS) \
entry:                      \
	MOVQ    bRow-8(SP), DX  \
row:                        \
	SUBQ    $4, CX          \
	JLT     rest            \
	PCALIGN $64             \
fours:                      \
	FULL(ROWS)              \
	FETCH                   \
	FORWARD                 \
	FULL(ROWS)              \
	FORWARD                 \
	FULL(ROWS)              \
	FORWARD                 \
	FULL(ROWS)              \
	FORWARD                 \
	SUBQ    $4, CX          \
	JGE     fours           \
rest:                       \
	ADDQ    $4, CX          \
	JEQ     rowEnd          \
next:                       \
	FULL(ROWS)              \
	STEP                    \
	JNE     next            \
rowEnd:                     \
	OUTER                   \
	JNE     row             \
	JMP     end

begun:
	MOVQ  GemmTile_A(R13), SI
	MOVQ  GemmTile_B(R13), BX
	MOVQ  GemmTile_ARow(R13), R9
	SHLQ  $2, R9
	LEAQ  (R9)(R9*2), R10
	LEAQ  (R9)(R9*4), R11
	LEAQ  (R10)(R9*4), R12
	LEAQ  (SI)(R9*8), R8
	MOVQ  GemmTile_KOuter(R13), AX
	MOVQ  AX, left-40(SP)
	MOVQ  GemmTile_K(R13), CX
	MOVQ  CX, k-16(SP)
	MOVQ  GemmTile_BRow(R13), AX
	SHLQ  $2, AX
	MOVQ  AX, bRow-8(SP)
	IMULQ CX, AX
	MOVQ  GemmTile_BJump(R13), DI
	SHLQ  $2, DI
	SUBQ  AX, DI
	MOVQ  DI, bJump-32(SP)
	MOVQ  GemmTile_ACol(R13), AX
	SHLQ  $2, AX
	IMULQ CX, AX
	MOVQ  GemmTile_AJump(R13), DI
	SHLQ  $2, DI
	SUBQ  AX, DI
	MOVQ  DI, aJump-24(SP)
	MOVQ  GemmTile_Prefetch(R13), DI
	MOVQ  GemmTile_N(R13), AX
	MOVQ  GemmTile_ACol(R13), R13
	SHLQ  $2, R13
	CMPQ  AX, $16
	JLE   halves
	CMPQ  AX, $32
	JLT   parts

	// Without a place to fetch, high tiles touch the stack, now and then.
	TESTQ DI, DI
	JEQ   nothing
	MOVQ  t+0(FP), AX
	CMPB  GemmTile_Sparse(AX), $0
	MOVQ  GemmTile_PrefetchRow(AX), AX
	LEAQ  (AX*4), AX
	JNE   sparse
	JMP   fulls

nothing:
	LEAQ  t+0(FP), DI
	XORQ  AX, AX

sparse:
	HEIGHTS(full1, full2, full3, full4, full5, full6, full7, sparse8, sparse9, sparse10, sparse11, sparse12, sparse13, sparse14, sparse5to7)

fulls:
	HEIGHTS(full1, full2, full3, full4, full5, full6, full7, full8, full9, full10, full11, full12, full13, full14, full5to7)

parts:
	HEIGHTS(part1, part2, part3, part4, part5, part6, part7, part8, part9, part10, part11, part12, part13, part14, part5to7)

halves:
	HEIGHTS(half1, half2, half3, half4, half5, half6, half7, half8, half9, half10, half11, half12, half13, half14, half5to7)

	LOOP(full14, full14k, FULL, ROWS14, PREFETCHSTEP)
	LOOP(full13, full13k, FULL, ROWS13, PREFETCHSTEP)
	LOOP(full12, full12k, FULL, ROWS12, PREFETCHSTEP)
	LOOP(full11, full11k, FULL, ROWS11, PREFETCHSTEP)
	LOOP(full10, full10k, FULL, ROWS10, PREFETCHSTEP)
	LOOP(full9, full9k, FULL, ROWS9, PREFETCHSTEP)
	LOOP(full8, full8k, FULL, ROWS8, PREFETCHSTEP)
	LOOP(full7, full7k, FULL, ROWS7, STEP)
	LOOP(full6, full6k, FULL, ROWS6, STEP)
	LOOP(full5, full5k, FULL, ROWS5, STEP)
	LOOP(full4, full4k, FULL, ROWS4, STEP)
	LOOP(full3, full3k, FULL, ROWS3, STEP)
	LOOP(full2, full2k, FULL, ROWS2, STEP)
	LOOP(full1, full1k, FULL, ROWS1, STEP)

	SPARSELOOP(sparse14, sparse14row, sparse14fours, sparse14rest, sparse14k, sparse14end, ROWS14)
	SPARSELOOP(sparse13, sparse13row, sparse13fours, sparse13rest, sparse13k, sparse13end, ROWS13)
	SPARSELOOP(sparse12, sparse12row, sparse12fours, sparse12rest, sparse12k, sparse12end, ROWS12)
	SPARSELOOP(sparse11, sparse11row, sparse11fours, sparse11rest, sparse11k, sparse11end, ROWS11)
	SPARSELOOP(sparse10, sparse10row, sparse10fours, sparse10rest, sparse10k, sparse10end, ROWS10)
	SPARSELOOP(sparse9, sparse9row, sparse9fours, sparse9rest, sparse9k, sparse9end, ROWS9)
	SPARSELOOP(sparse8, sparse8row, sparse8fours, sparse8rest, sparse8k, sparse8end, ROWS8)

	LOOP(part14, part14k, PART, ROWS14, STEP)
	LOOP(part13, part13k, PART, ROWS13, STEP)
	LOOP(part12, part12k, PART, ROWS12, STEP)
	LOOP(part11, part11k, PART, ROWS11, STEP)
	LOOP(part10, part10k, PART, ROWS10, STEP)
	LOOP(part9, part9k, PART, ROWS9, STEP)
	LOOP(part8, part8k, PART, ROWS8, STEP)
	LOOP(part7, part7k, PART, ROWS7, STEP)
	LOOP(part6, part6k, PART, ROWS6, STEP)
	LOOP(part5, part5k, PART, ROWS5, STEP)
	LOOP(part4, part4k, PART, ROWS4, STEP)
	LOOP(part3, part3k, PART, ROWS3, STEP)
	LOOP(part2, part2k, PART, ROWS2, STEP)
	LOOP(part1, part1k, PART, ROWS1, STEP)

	LOOP(half14, half14k, HALF, ROWS14, STEP)
	LOOP(half13, half13k, HALF, ROWS13, STEP)
	LOOP(half12, half12k, HALF, ROWS12, STEP)
	LOOP(half11, half11k, HALF, ROWS11, STEP)
	LOOP(half10, half10k, HALF, ROWS10, STEP)
	LOOP(half9, half9k, HALF, ROWS9, STEP)
	LOOP(half8, half8k, HALF, ROWS8, STEP)
	LOOP(half7, half7k, HALF, ROWS7, STEP)
	LOOP(half6, half6k, HALF, ROWS6, STEP)
	LOOP(half5, half5k, HALF, ROWS5, STEP)
	LOOP(half4, half4k, HALF, ROWS4, STEP)
	LOOP(half3, half3k, HALF, ROWS3, STEP)
	LOOP(half2, half2k, HALF, ROWS2, STEP)
	LOOP(half1, half1k, HALF, ROWS1, STEP)
