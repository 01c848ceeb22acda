// The register tile of a matrix product, of float32 and of pairs of bfloat16: the
// macros, then the body of the function, which a source includes behind its TEXT. Before
// that it defines
//
//	WHOLE, MASKED(ROWS)   one k of the rows that ROWS names, of 16 columns and of fewer
//	TILE_C(r), TILE_A(r), TILE_BIAS(r), TILE_PREFETCH(r), TILE_PREFETCHROW(r)
//	                      where the tile has them, with t in r
//	BEGIN, END            what is done first and last

DATA gemmMask<>+0(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+8(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+16(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+24(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+32(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+40(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+48(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+56(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+64(SB)/8, $0
DATA gemmMask<>+72(SB)/8, $0
DATA gemmMask<>+80(SB)/8, $0
DATA gemmMask<>+88(SB)/8, $0
DATA gemmMask<>+96(SB)/8, $0
DATA gemmMask<>+104(SB)/8, $0
DATA gemmMask<>+112(SB)/8, $0
DATA gemmMask<>+120(SB)/8, $0

// gemmMask is 16 lanes on, 16 lanes off: the mask of the first n of 16 columns
// begins at element 16-n.
GLOBL gemmMask<>(SB), RODATA|NOPTR, $128

// ROWSn is ROW for the first n rows: ROW(addr, t, lo, hi) multiplies the broadcast of
// what is at addr, with t for it, into a row of the tile.

#define ROWS1(ROW) \
	ROW((SI), Y14, Y0, Y1)
#define ROWS2(ROW) ROWS1(ROW) \
	ROW((SI)(R9*1), Y15, Y2, Y3)
#define ROWS3(ROW) ROWS2(ROW) \
	ROW((SI)(R9*2), Y14, Y4, Y5)
#define ROWS4(ROW) ROWS3(ROW) \
	ROW((SI)(R10*1), Y15, Y6, Y7)
#define ROWS5(ROW) ROWS4(ROW) \
	ROW((SI)(R9*4), Y14, Y8, Y9)
#define ROWS6(ROW) ROWS5(ROW) \
	ROW((SI)(R11*1), Y15, Y10, Y11)

// STEP moves the cursors to the next k; the flags are those of k left.
#define STEP \
	ADDQ R13, SI \
	ADDQ DX, BX  \
	DECQ CX

// PREFETCHSTEP also fetches a line of what is read after this tile: high tiles have
// load slots left for it.
#define PREFETCHSTEP \
	PREFETCHT1 (DI) \
	ADDQ AX, DI     \
	STEP

// OUTER moves A and B to the next row of k and reloads the count; the flags are those
// of rows left.
#define OUTER \
	ADDQ aJump-24(SP), SI \
	ADDQ bJump-32(SP), BX \
	MOVQ k-16(SP), CX     \
	DECQ left-40(SP)

// LOADB loads one row of B of fewer than 16 columns. The masks are kept in memory so
// that the tile keeps its registers.
#define LOADB \
	VMOVUPS    64(R12)(R8*4), Y12 \
	VMOVUPS    96(R12)(R8*4), Y13 \
	VMASKMOVPS (BX), Y12, Y12     \
	VMASKMOVPS 32(BX), Y13, Y13

// LOOP is all of k for one height of the tile: entry is where to jump to, next its
// own label. ONE is one k of it: WHOLE or MASKED.
#define LOOP(entry, next, ONE, ROWS, STEP) \
entry:                         \
	MOVQ    bRow-8(SP), DX \
	PCALIGN $32            \
next:                          \
	ONE(ROWS)              \
	STEP                   \
	JNE     next           \
	OUTER                  \
	JNE     next           \
	JMP     end

// HEIGHTS jumps to the loop of DX rows.
#define HEIGHTS(m1, m2, m3, m4, m5, m6) \
	CMPQ DX, $6 \
	JEQ  m6     \
	CMPQ DX, $5 \
	JEQ  m5     \
	CMPQ DX, $4 \
	JEQ  m4     \
	CMPQ DX, $2 \
	JGT  m3     \
	JEQ  m2     \
	JMP  m1

// What is done to row i of the tile before and after the loops.
#define LOADROW(i, lo, hi) \
	VMASKMOVPS (DI), Y12, lo   \
	VMASKMOVPS 32(DI), Y13, hi \
	ADDQ       CX, DI

#define STOREROW(i, lo, hi) \
	VMOVUPS lo, (DI)   \
	VMOVUPS hi, 32(DI) \
	ADDQ    CX, DI

#define STOREMASKED(i, lo, hi) \
	VMASKMOVPS lo, Y14, (DI)   \
	VMASKMOVPS hi, Y15, 32(DI) \
	ADDQ       CX, DI

#define BIASROW(i, lo, hi) \
	VBROADCASTSS 4*i(BX), lo \
	VMOVAPS      lo, hi

#define COPYROW(i, lo, hi) \
	VMOVAPS Y0, lo \
	VMOVAPS Y1, hi

#define ZEROROW(i, lo, hi) \
	VXORPS lo, lo, lo \
	VXORPS hi, hi, hi

#define RELUROW(i, lo, hi) \
	VMAXPS lo, Y12, lo \
	VMAXPS hi, Y12, hi

#define BOUNDROW(i, lo, hi) \
	VMINPS lo, Y12, lo \
	VMINPS hi, Y12, hi

// LOWERROWS does one of them to all rows but the first, ALLROWS to all of them.
#define LOWERROWS(ROW) \
	ROW(1, Y2, Y3) \
	ROW(2, Y4, Y5) \
	ROW(3, Y6, Y7) \
	ROW(4, Y8, Y9) \
	ROW(5, Y10, Y11)

#define ALLROWS(ROW) \
	ROW(0, Y0, Y1) \
	LOWERROWS(ROW)

// LADDER does one of them to the first DX rows and jumps out, unless that is all
// rows: then it falls through. RUNG is one row of it.
#define RUNG(ROW, i, lo, hi, out) \
	CMPQ DX, $i \
	JEQ  out    \
	ROW(i, lo, hi)

#define LADDER(ROW, out) \
	ROW(0, Y0, Y1)            \
	RUNG(ROW, 1, Y2, Y3, out) \
	RUNG(ROW, 2, Y4, Y5, out) \
	RUNG(ROW, 3, Y6, Y7, out) \
	RUNG(ROW, 4, Y8, Y9, out) \
	RUNG(ROW, 5, Y10, Y11, out)

// MASKS loads the masks of columns 0-7 and 8-15.
#define MASKS(n, lo, hi) \
	MOVQ    n, R8               \
	NEGQ    R8                  \
	LEAQ    gemmMask<>(SB), R12 \
	VMOVUPS 64(R12)(R8*4), lo   \
	VMOVUPS 96(R12)(R8*4), hi

	BEGIN
	MOVQ t+0(FP), R13
	MASKS(GemmTile_N(R13), Y12, Y13)

	// Begin the tile.
	MOVQ TILE_C(R13), DI
	MOVQ GemmTile_CRow(R13), CX
	SHLQ $2, CX
	MOVQ GemmTile_M(R13), DX
	MOVQ GemmTile_Mode(R13), AX
	ANDQ $3, AX
	JEQ  fromZero
	CMPQ AX, $2
	JEQ  fromRowBias
	JGT  fromColumnBias

fromC:
	LADDER(LOADROW, begun)
	JMP begun

fromRowBias:
	MOVQ TILE_BIAS(R13), BX
	LADDER(BIASROW, begun)
	JMP  begun

fromColumnBias:
	MOVQ       TILE_BIAS(R13), BX
	VMASKMOVPS (BX), Y12, Y0
	VMASKMOVPS 32(BX), Y13, Y1
	LOWERROWS(COPYROW)
	JMP        begun

fromZero:
	ALLROWS(ZEROROW)

begun:
	MOVQ  TILE_A(R13), SI
	MOVQ  GemmTile_B(R13), BX
	MOVQ  GemmTile_ARow(R13), R9
	SHLQ  $2, R9
	LEAQ  (R9)(R9*2), R10
	LEAQ  (R9)(R9*4), R11
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
	MOVQ  TILE_PREFETCH(R13), DI
	MOVQ  GemmTile_N(R13), AX
	MOVQ  GemmTile_ACol(R13), R13
	SHLQ  $2, R13
	CMPQ  AX, $16
	JLT   masked

	// Without a place to fetch, high tiles touch the stack, again and again.
	MOVQ  t+0(FP), AX
	MOVQ  TILE_PREFETCHROW(AX), AX
	SHLQ  $2, AX
	TESTQ DI, DI
	JNE   wholes
	LEAQ  t+0(FP), DI
	XORQ  AX, AX

wholes:
	HEIGHTS(whole1, whole2, whole3, whole4, whole5, whole6)

	LOOP(whole6, whole6k, WHOLE, ROWS6, PREFETCHSTEP)
	LOOP(whole5, whole5k, WHOLE, ROWS5, PREFETCHSTEP)
	LOOP(whole4, whole4k, WHOLE, ROWS4, PREFETCHSTEP)
	LOOP(whole3, whole3k, WHOLE, ROWS3, STEP)
	LOOP(whole2, whole2k, WHOLE, ROWS2, STEP)
	LOOP(whole1, whole1k, WHOLE, ROWS1, STEP)

masked:
	HEIGHTS(masked1, masked2, masked3, masked4, masked5, masked6)

	LOOP(masked6, masked6k, MASKED, ROWS6, STEP)
	LOOP(masked5, masked5k, MASKED, ROWS5, STEP)
	LOOP(masked4, masked4k, MASKED, ROWS4, STEP)
	LOOP(masked3, masked3k, MASKED, ROWS3, STEP)
	LOOP(masked2, masked2k, MASKED, ROWS2, STEP)
	LOOP(masked1, masked1k, MASKED, ROWS1, STEP)

end:
	MOVQ  t+0(FP), R13
	MOVQ  TILE_C(R13), DI
	MOVQ  GemmTile_CRow(R13), CX
	SHLQ  $2, CX
	MOVQ  GemmTile_M(R13), DX
	TESTQ $4, GemmTile_Mode(R13)
	JEQ   store

	// max(0, x) with x as the source that wins on NaN.
	VXORPS Y12, Y12, Y12
	ALLROWS(RELUROW)
	TESTQ $8, GemmTile_Mode(R13)
	JEQ   store

	// min(6, x), NaN as before.
	MOVL         $0x40c00000, AX
	VMOVD        AX, X12
	VBROADCASTSS X12, Y12
	ALLROWS(BOUNDROW)

store:
	CMPQ GemmTile_N(R13), $16
	JLT  storeMasked
	LADDER(STOREROW, done)
	JMP  done

storeMasked:
	MASKS(GemmTile_N(R13), Y14, Y15)
	LADDER(STOREMASKED, done)

done:
	END
	VZEROUPPER
	RET
