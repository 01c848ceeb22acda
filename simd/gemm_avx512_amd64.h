// The register tile of a matrix product, of float32 and of pairs of bfloat16: the
// macros, then the body of the function. A source defines FULL, PART and HALF(ROWS),
// one k of the rows that ROWS names: of 32 columns, of 17 to 31, of 16 at the most; and
// BEGIN and END, what is done first and last. It includes this behind its TEXT.

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

// STEP moves the cursors to the next k; the flags are those of k left.
#define STEP \
	ADDQ R13, SI \
	ADDQ R13, R8 \
	ADDQ DX, BX  \
	DECQ CX

// PREFETCHSTEP also fetches a line of what is read after this tile: high tiles have
// load slots left for it.
#define PREFETCHSTEP \
	PREFETCHT1 (DI) \
	ADDQ AX, DI      \
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

// HEIGHTS jumps to the loop of DX rows.
#define HEIGHTS(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m5to7) \
	CMPQ DX, $14 \
	JEQ  m14     \
	CMPQ DX, $13 \
	JEQ  m13     \
	CMPQ DX, $12 \
	JEQ  m12     \
	CMPQ DX, $11 \
	JEQ  m11     \
	CMPQ DX, $10 \
	JEQ  m10     \
	CMPQ DX, $9  \
	JEQ  m9      \
	CMPQ DX, $8  \
	JEQ  m8      \
	CMPQ DX, $4  \
	JGT  m5to7   \
	JEQ  m4      \
	CMPQ DX, $2  \
	JGT  m3      \
	JEQ  m2      \
	JMP  m1      \
m5to7:               \
	CMPQ DX, $6  \
	JGT  m7      \
	JEQ  m6      \
	JMP  m5

// What is done to row i of the tile before and after the loops; the whole rows are
// those of n = 32.
#define LOADROW(i, lo, hi) \
	VMOVUPS.Z (DI), K1, lo   \
	VMOVUPS.Z 64(DI), K2, hi \
	ADDQ      CX, DI

#define LOADWHOLE(i, lo, hi) \
	VMOVUPS (DI), lo   \
	VMOVUPS 64(DI), hi \
	ADDQ    CX, DI

#define STOREROW(i, lo, hi) \
	VMOVUPS lo, K1, (DI)   \
	VMOVUPS hi, K2, 64(DI) \
	ADDQ    CX, DI

#define STOREWHOLE(i, lo, hi) \
	VMOVUPS lo, (DI)   \
	VMOVUPS hi, 64(DI) \
	ADDQ    CX, DI

#define BIASROW(i, lo, hi) \
	VBROADCASTSS 4*i(BX), lo \
	VMOVAPS      lo, hi

#define COPYROW(i, lo, hi) \
	VMOVAPS Z0, lo \
	VMOVAPS Z1, hi

#define ZEROROW(i, lo, hi) \
	VPXORD lo, lo, lo \
	VPXORD hi, hi, hi

#define RELUROW(i, lo, hi) \
	VMAXPS lo, Z28, lo \
	VMAXPS hi, Z28, hi

// LOWERROWS does one of them to all rows but the first, ALLROWS to all of them.
#define LOWERROWS(ROW) \
	ROW(1, Z2, Z3)    \
	ROW(2, Z4, Z5)    \
	ROW(3, Z6, Z7)    \
	ROW(4, Z8, Z9)    \
	ROW(5, Z10, Z11)  \
	ROW(6, Z12, Z13)  \
	ROW(7, Z14, Z15)  \
	ROW(8, Z16, Z17)  \
	ROW(9, Z18, Z19)  \
	ROW(10, Z20, Z21) \
	ROW(11, Z22, Z23) \
	ROW(12, Z24, Z25) \
	ROW(13, Z26, Z27)

#define ALLROWS(ROW) \
	ROW(0, Z0, Z1) \
	LOWERROWS(ROW)

// LADDER does one of them to the first DX rows and jumps out, unless that is all
// rows: then it falls through. RUNG is one row of it.
#define RUNG(ROW, i, lo, hi, out) \
	CMPQ DX, $i \
	JEQ  out    \
	ROW(i, lo, hi)

#define LADDER(ROW, out) \
	ROW(0, Z0, Z1)               \
	RUNG(ROW, 1, Z2, Z3, out)    \
	RUNG(ROW, 2, Z4, Z5, out)    \
	RUNG(ROW, 3, Z6, Z7, out)    \
	RUNG(ROW, 4, Z8, Z9, out)    \
	RUNG(ROW, 5, Z10, Z11, out)  \
	RUNG(ROW, 6, Z12, Z13, out)  \
	RUNG(ROW, 7, Z14, Z15, out)  \
	RUNG(ROW, 8, Z16, Z17, out)  \
	RUNG(ROW, 9, Z18, Z19, out)  \
	RUNG(ROW, 10, Z20, Z21, out) \
	RUNG(ROW, 11, Z22, Z23, out) \
	RUNG(ROW, 12, Z24, Z25, out) \
	RUNG(ROW, 13, Z26, Z27, out)

	BEGIN
	MOVQ  t+0(FP), R13
	MOVQ  GemmTile_N(R13), CX
	MOVL  $-1, AX
	BZHIL CX, AX, AX
	KMOVW AX, K1
	SHRL  $16, AX
	KMOVW AX, K2

	// Begin the tile.
	MOVQ GemmTile_C(R13), DI
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
	CMPQ GemmTile_N(R13), $32
	JEQ  fromWholeC
	LADDER(LOADROW, begun)
	JMP  begun

fromWholeC:
	LADDER(LOADWHOLE, begun)
	JMP  begun

fromRowBias:
	MOVQ GemmTile_Bias(R13), BX
	LADDER(BIASROW, begun)
	JMP  begun

fromColumnBias:
	MOVQ      GemmTile_Bias(R13), BX
	VMOVUPS.Z (BX), K1, Z0
	VMOVUPS.Z 64(BX), K2, Z1
	LOWERROWS(COPYROW)
	JMP       begun

fromZero:
	ALLROWS(ZEROROW)

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

	// Without a place to fetch, high tiles touch the stack, again and again.
	MOVQ  bRow-8(SP), AX
	TESTQ DI, DI
	JNE   fulls
	LEAQ  t+0(FP), DI
	XORQ  AX, AX

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

end:
	MOVQ  t+0(FP), R13
	MOVQ  GemmTile_C(R13), DI
	MOVQ  GemmTile_CRow(R13), CX
	SHLQ  $2, CX
	MOVQ  GemmTile_M(R13), DX
	TESTQ $4, GemmTile_Mode(R13)
	JEQ   store

	// max(0, x) with x as the source that wins on NaN.
	VPXORD Z28, Z28, Z28
	ALLROWS(RELUROW)

store:
	CMPQ GemmTile_N(R13), $32
	JEQ  storeWhole
	LADDER(STOREROW, done)
	JMP  done

storeWhole:
	LADDER(STOREWHOLE, done)

done:
	END
	VZEROUPPER
	RET
