//go:build !purego

#include "textflag.h"

// The register tile of a matrix product, up to 14 x 32. For each k one row of B
// (two vectors) is loaded, and each of the m elements of A is broadcast and
// multiplied into its row of accumulators: 28 multiply-adds for 16 loads. Every
// m from 1 to 14 has a loop of its own, so a product whose M is no multiple of
// 14 loses nothing; n <= 16 has a second set that leaves out the right half, and
// n < 32 one that reads B under masks. (Whole rows are read and written without:
// some CPUs fetch nothing ahead of a masked load, even where every lane is on.)
//
// Rows of A are addressed from two bases with the multiples 1, 2, 3, 4, 5, 7 of
// the row distance, so A need not be packed.

// ROW multiplies the broadcast of one element of A into both halves of a row.
#define ROW(addr, t, lo, hi) \
	VBROADCASTSS addr, t       \
	VFMADD231PS  Z28, t, lo    \
	VFMADD231PS  Z29, t, hi

// HALF does the same for the left half alone.
#define HALF(addr, t, lo) \
	VBROADCASTSS addr, t    \
	VFMADD231PS  Z28, t, lo

#define ROWS1 \
	ROW((SI), Z30, Z0, Z1)
#define ROWS2 ROWS1 \
	ROW((SI)(R9*1), Z31, Z2, Z3)
#define ROWS3 ROWS2 \
	ROW((SI)(R9*2), Z30, Z4, Z5)
#define ROWS4 ROWS3 \
	ROW((SI)(R10*1), Z31, Z6, Z7)
#define ROWS5 ROWS4 \
	ROW((SI)(R9*4), Z30, Z8, Z9)
#define ROWS6 ROWS5 \
	ROW((SI)(R11*1), Z31, Z10, Z11)
#define ROWS7 ROWS6 \
	ROW((SI)(R10*2), Z30, Z12, Z13)
#define ROWS8 ROWS7 \
	ROW((SI)(R12*1), Z31, Z14, Z15)
#define ROWS9 ROWS8 \
	ROW((R8), Z30, Z16, Z17)
#define ROWS10 ROWS9 \
	ROW((R8)(R9*1), Z31, Z18, Z19)
#define ROWS11 ROWS10 \
	ROW((R8)(R9*2), Z30, Z20, Z21)
#define ROWS12 ROWS11 \
	ROW((R8)(R10*1), Z31, Z22, Z23)
#define ROWS13 ROWS12 \
	ROW((R8)(R9*4), Z30, Z24, Z25)
#define ROWS14 ROWS13 \
	ROW((R8)(R11*1), Z31, Z26, Z27)

#define HALVES1 \
	HALF((SI), Z30, Z0)
#define HALVES2 HALVES1 \
	HALF((SI)(R9*1), Z31, Z2)
#define HALVES3 HALVES2 \
	HALF((SI)(R9*2), Z30, Z4)
#define HALVES4 HALVES3 \
	HALF((SI)(R10*1), Z31, Z6)
#define HALVES5 HALVES4 \
	HALF((SI)(R9*4), Z30, Z8)
#define HALVES6 HALVES5 \
	HALF((SI)(R11*1), Z31, Z10)
#define HALVES7 HALVES6 \
	HALF((SI)(R10*2), Z30, Z12)
#define HALVES8 HALVES7 \
	HALF((SI)(R12*1), Z31, Z14)
#define HALVES9 HALVES8 \
	HALF((R8), Z30, Z16)
#define HALVES10 HALVES9 \
	HALF((R8)(R9*1), Z31, Z18)
#define HALVES11 HALVES10 \
	HALF((R8)(R9*2), Z30, Z20)
#define HALVES12 HALVES11 \
	HALF((R8)(R10*1), Z31, Z22)
#define HALVES13 HALVES12 \
	HALF((R8)(R9*4), Z30, Z24)
#define HALVES14 HALVES13 \
	HALF((R8)(R11*1), Z31, Z26)

// STEP moves the cursors to the next k; the flags are those of k left.
#define STEP \
	ADDQ R13, SI \
	ADDQ R13, R8 \
	ADDQ DX, BX  \
	DECQ CX

// AHEADSTEP also fetches a line of what is read after this tile: high tiles have
// load slots left for it.
#define AHEADSTEP \
	PREFETCHT1 (DI) \
	ADDQ AX, DI      \
	STEP

// OUTER moves A and B to the next row of k and reloads the count; the flags are those
// of rows left.
#define OUTER(k, aJump, bJump, left) \
	ADDQ aJump, SI \
	ADDQ aJump, R8 \
	ADDQ bJump, BX \
	MOVQ k, CX     \
	DECQ left

// LOADROW, STOREROW (and LOADWHOLE, STOREWHOLE for n = 32), ROWBIAS and RELUROW
// serve one row of the tile.
#define LOADROW(lo, hi) \
	VMOVUPS.Z (DI), K1, lo   \
	VMOVUPS.Z 64(DI), K2, hi \
	ADDQ      CX, DI

#define LOADWHOLE(lo, hi) \
	VMOVUPS (DI), lo   \
	VMOVUPS 64(DI), hi \
	ADDQ    CX, DI

#define STOREWHOLE(lo, hi) \
	VMOVUPS lo, (DI)   \
	VMOVUPS hi, 64(DI) \
	ADDQ    CX, DI

#define ROWBIAS(off, lo, hi) \
	VBROADCASTSS off(BX), lo \
	VMOVAPS      lo, hi

#define STOREROW(lo, hi) \
	VMOVUPS lo, K1, (DI)   \
	VMOVUPS hi, K2, 64(DI) \
	ADDQ    CX, DI

#define RELUROW(lo, hi) \
	VMAXPS lo, Z28, lo \
	VMAXPS hi, Z28, hi

// func gemmAVX512(c, a, b, bias *float32, cRow, aRow, aCol, aJump, bRow, bJump, m, n, k, kOuter int, mode TileMode, ahead *float32)
//
// See gemmGeneric. Registers of the loops:
//
//	SI   a(0, l)          R8   a(8, l)          BX   b(o, q, 0)
//	R9   aRow             R10  3 aRow           R11  5 aRow          R12  7 aRow
//	R13  aCol             DX   bRow             (all distances in bytes)
//	CX   k left           DI   ahead            AX   bRow, or 0 without ahead
//	K1, K2  columns 0-15, 16-31
//	aJump and bJump in the frame become aJump - k aCol and bJump - k bRow, kOuter
//	what is left of it
//	Z0-Z27  the tile, row i in Z(2i), Z(2i+1)   Z28, Z29  row of B   Z30, Z31  broadcasts
TEXT ·gemmAVX512(SB), NOSPLIT, $0-128
	MOVQ  n+88(FP), CX
	MOVL  $-1, AX
	BZHIL CX, AX, AX
	KMOVW AX, K1
	SHRL  $16, AX
	KMOVW AX, K2

	// Begin the tile.
	MOVQ c+0(FP), DI
	MOVQ cRow+32(FP), CX
	SHLQ $2, CX
	MOVQ m+80(FP), DX
	MOVQ mode+112(FP), AX
	ANDQ $3, AX
	JEQ  fromZero
	CMPQ AX, $2
	JEQ  fromRowBias
	JGT  fromColumnBias

fromC:
	CMPQ n+88(FP), $32
	JEQ  fromWholeC
	LOADROW(Z0, Z1)
	CMPQ DX, $1
	JEQ  begun
	LOADROW(Z2, Z3)
	CMPQ DX, $2
	JEQ  begun
	LOADROW(Z4, Z5)
	CMPQ DX, $3
	JEQ  begun
	LOADROW(Z6, Z7)
	CMPQ DX, $4
	JEQ  begun
	LOADROW(Z8, Z9)
	CMPQ DX, $5
	JEQ  begun
	LOADROW(Z10, Z11)
	CMPQ DX, $6
	JEQ  begun
	LOADROW(Z12, Z13)
	CMPQ DX, $7
	JEQ  begun
	LOADROW(Z14, Z15)
	CMPQ DX, $8
	JEQ  begun
	LOADROW(Z16, Z17)
	CMPQ DX, $9
	JEQ  begun
	LOADROW(Z18, Z19)
	CMPQ DX, $10
	JEQ  begun
	LOADROW(Z20, Z21)
	CMPQ DX, $11
	JEQ  begun
	LOADROW(Z22, Z23)
	CMPQ DX, $12
	JEQ  begun
	LOADROW(Z24, Z25)
	CMPQ DX, $13
	JEQ  begun
	LOADROW(Z26, Z27)
	JMP  begun

fromWholeC:
	LOADWHOLE(Z0, Z1)
	CMPQ DX, $1
	JEQ  begun
	LOADWHOLE(Z2, Z3)
	CMPQ DX, $2
	JEQ  begun
	LOADWHOLE(Z4, Z5)
	CMPQ DX, $3
	JEQ  begun
	LOADWHOLE(Z6, Z7)
	CMPQ DX, $4
	JEQ  begun
	LOADWHOLE(Z8, Z9)
	CMPQ DX, $5
	JEQ  begun
	LOADWHOLE(Z10, Z11)
	CMPQ DX, $6
	JEQ  begun
	LOADWHOLE(Z12, Z13)
	CMPQ DX, $7
	JEQ  begun
	LOADWHOLE(Z14, Z15)
	CMPQ DX, $8
	JEQ  begun
	LOADWHOLE(Z16, Z17)
	CMPQ DX, $9
	JEQ  begun
	LOADWHOLE(Z18, Z19)
	CMPQ DX, $10
	JEQ  begun
	LOADWHOLE(Z20, Z21)
	CMPQ DX, $11
	JEQ  begun
	LOADWHOLE(Z22, Z23)
	CMPQ DX, $12
	JEQ  begun
	LOADWHOLE(Z24, Z25)
	CMPQ DX, $13
	JEQ  begun
	LOADWHOLE(Z26, Z27)
	JMP  begun

fromRowBias:
	MOVQ bias+24(FP), BX
	ROWBIAS(0, Z0, Z1)
	CMPQ DX, $1
	JEQ  begun
	ROWBIAS(4, Z2, Z3)
	CMPQ DX, $2
	JEQ  begun
	ROWBIAS(8, Z4, Z5)
	CMPQ DX, $3
	JEQ  begun
	ROWBIAS(12, Z6, Z7)
	CMPQ DX, $4
	JEQ  begun
	ROWBIAS(16, Z8, Z9)
	CMPQ DX, $5
	JEQ  begun
	ROWBIAS(20, Z10, Z11)
	CMPQ DX, $6
	JEQ  begun
	ROWBIAS(24, Z12, Z13)
	CMPQ DX, $7
	JEQ  begun
	ROWBIAS(28, Z14, Z15)
	CMPQ DX, $8
	JEQ  begun
	ROWBIAS(32, Z16, Z17)
	CMPQ DX, $9
	JEQ  begun
	ROWBIAS(36, Z18, Z19)
	CMPQ DX, $10
	JEQ  begun
	ROWBIAS(40, Z20, Z21)
	CMPQ DX, $11
	JEQ  begun
	ROWBIAS(44, Z22, Z23)
	CMPQ DX, $12
	JEQ  begun
	ROWBIAS(48, Z24, Z25)
	CMPQ DX, $13
	JEQ  begun
	ROWBIAS(52, Z26, Z27)
	JMP  begun

fromColumnBias:
	MOVQ      bias+24(FP), BX
	VMOVUPS.Z (BX), K1, Z0
	VMOVUPS.Z 64(BX), K2, Z1
	VMOVAPS   Z0, Z2
	VMOVAPS   Z1, Z3
	VMOVAPS   Z0, Z4
	VMOVAPS   Z1, Z5
	VMOVAPS   Z0, Z6
	VMOVAPS   Z1, Z7
	VMOVAPS   Z0, Z8
	VMOVAPS   Z1, Z9
	VMOVAPS   Z0, Z10
	VMOVAPS   Z1, Z11
	VMOVAPS   Z0, Z12
	VMOVAPS   Z1, Z13
	VMOVAPS   Z0, Z14
	VMOVAPS   Z1, Z15
	VMOVAPS   Z0, Z16
	VMOVAPS   Z1, Z17
	VMOVAPS   Z0, Z18
	VMOVAPS   Z1, Z19
	VMOVAPS   Z0, Z20
	VMOVAPS   Z1, Z21
	VMOVAPS   Z0, Z22
	VMOVAPS   Z1, Z23
	VMOVAPS   Z0, Z24
	VMOVAPS   Z1, Z25
	VMOVAPS   Z0, Z26
	VMOVAPS   Z1, Z27
	JMP       begun

fromZero:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15
	VPXORD Z16, Z16, Z16
	VPXORD Z17, Z17, Z17
	VPXORD Z18, Z18, Z18
	VPXORD Z19, Z19, Z19
	VPXORD Z20, Z20, Z20
	VPXORD Z21, Z21, Z21
	VPXORD Z22, Z22, Z22
	VPXORD Z23, Z23, Z23
	VPXORD Z24, Z24, Z24
	VPXORD Z25, Z25, Z25
	VPXORD Z26, Z26, Z26
	VPXORD Z27, Z27, Z27

begun:
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), BX
	MOVQ aRow+40(FP), R9
	SHLQ $2, R9
	LEAQ (R9)(R9*2), R10
	LEAQ (R9)(R9*4), R11
	LEAQ (R10)(R9*4), R12
	LEAQ (SI)(R9*8), R8
	MOVQ aCol+48(FP), R13
	SHLQ $2, R13
	MOVQ k+96(FP), CX
	MOVQ bRow+64(FP), DI
	IMULQ CX, DI
	SUBQ DI, bJump+72(FP)
	SHLQ $2, bJump+72(FP)
	MOVQ aCol+48(FP), DI
	IMULQ CX, DI
	SUBQ DI, aJump+56(FP)
	SHLQ $2, aJump+56(FP)
	CMPQ n+88(FP), $16
	JLE  halves
	CMPQ n+88(FP), $32
	JLT  parts

	// Without a place to fetch, high tiles touch the stack, again and again.
	MOVQ  ahead+120(FP), DI
	MOVQ  bRow+64(FP), AX
	SHLQ  $2, AX
	TESTQ DI, DI
	JNE   fulls
	LEAQ  c+0(FP), DI
	XORQ  AX, AX

fulls:
	CMPQ DX, $14
	JEQ  full14
	CMPQ DX, $13
	JEQ  full13
	CMPQ DX, $12
	JEQ  full12
	CMPQ DX, $11
	JEQ  full11
	CMPQ DX, $10
	JEQ  full10
	CMPQ DX, $9
	JEQ  full9
	CMPQ DX, $8
	JEQ  full8
	CMPQ DX, $4
	JGT  full5to7
	JEQ  full4
	CMPQ DX, $2
	JGT  full3
	JEQ  full2
	JMP  full1

full5to7:
	CMPQ DX, $6
	JGT  full7
	JEQ  full6
	JMP  full5

parts:
	CMPQ DX, $14
	JEQ  part14
	CMPQ DX, $13
	JEQ  part13
	CMPQ DX, $12
	JEQ  part12
	CMPQ DX, $11
	JEQ  part11
	CMPQ DX, $10
	JEQ  part10
	CMPQ DX, $9
	JEQ  part9
	CMPQ DX, $8
	JEQ  part8
	CMPQ DX, $4
	JGT  part5to7
	JEQ  part4
	CMPQ DX, $2
	JGT  part3
	JEQ  part2
	JMP  part1

part5to7:
	CMPQ DX, $6
	JGT  part7
	JEQ  part6
	JMP  part5

halves:
	CMPQ DX, $14
	JEQ  half14
	CMPQ DX, $13
	JEQ  half13
	CMPQ DX, $12
	JEQ  half12
	CMPQ DX, $11
	JEQ  half11
	CMPQ DX, $10
	JEQ  half10
	CMPQ DX, $9
	JEQ  half9
	CMPQ DX, $8
	JEQ  half8
	CMPQ DX, $4
	JGT  half5to7
	JEQ  half4
	CMPQ DX, $2
	JGT  half3
	JEQ  half2
	JMP  half1

half5to7:
	CMPQ DX, $6
	JGT  half7
	JEQ  half6
	JMP  half5

full14:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full14k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS14
	AHEADSTEP
	JNE  full14k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full14k
	JMP  end

full13:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full13k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS13
	AHEADSTEP
	JNE  full13k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full13k
	JMP  end

full12:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full12k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS12
	AHEADSTEP
	JNE  full12k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full12k
	JMP  end

full11:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full11k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS11
	AHEADSTEP
	JNE  full11k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full11k
	JMP  end

full10:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full10k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS10
	AHEADSTEP
	JNE  full10k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full10k
	JMP  end

full9:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full9k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS9
	AHEADSTEP
	JNE  full9k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full9k
	JMP  end

full8:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full8k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS8
	AHEADSTEP
	JNE  full8k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full8k
	JMP  end

full7:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full7k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS7
	STEP
	JNE  full7k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full7k
	JMP  end

full6:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full6k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS6
	STEP
	JNE  full6k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full6k
	JMP  end

full5:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full5k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS5
	STEP
	JNE  full5k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full5k
	JMP  end

full4:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full4k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS4
	STEP
	JNE  full4k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full4k
	JMP  end

full3:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full3k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS3
	STEP
	JNE  full3k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full3k
	JMP  end

full2:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full2k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS2
	STEP
	JNE  full2k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full2k
	JMP  end

full1:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
full1k:
	VMOVUPS (BX), Z28
	VMOVUPS 64(BX), Z29
	ROWS1
	STEP
	JNE  full1k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  full1k
	JMP  end

part14:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part14k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS14
	STEP
	JNE  part14k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part14k
	JMP  end

part13:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part13k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS13
	STEP
	JNE  part13k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part13k
	JMP  end

part12:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part12k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS12
	STEP
	JNE  part12k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part12k
	JMP  end

part11:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part11k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS11
	STEP
	JNE  part11k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part11k
	JMP  end

part10:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part10k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS10
	STEP
	JNE  part10k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part10k
	JMP  end

part9:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part9k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS9
	STEP
	JNE  part9k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part9k
	JMP  end

part8:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part8k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS8
	STEP
	JNE  part8k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part8k
	JMP  end

part7:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part7k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS7
	STEP
	JNE  part7k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part7k
	JMP  end

part6:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part6k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS6
	STEP
	JNE  part6k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part6k
	JMP  end

part5:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part5k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS5
	STEP
	JNE  part5k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part5k
	JMP  end

part4:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part4k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS4
	STEP
	JNE  part4k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part4k
	JMP  end

part3:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part3k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS3
	STEP
	JNE  part3k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part3k
	JMP  end

part2:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part2k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS2
	STEP
	JNE  part2k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part2k
	JMP  end

part1:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
part1k:
	VMOVUPS.Z (BX), K1, Z28
	VMOVUPS.Z 64(BX), K2, Z29
	ROWS1
	STEP
	JNE  part1k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  part1k
	JMP  end

half14:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half14k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES14
	STEP
	JNE  half14k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half14k
	JMP  end

half13:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half13k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES13
	STEP
	JNE  half13k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half13k
	JMP  end

half12:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half12k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES12
	STEP
	JNE  half12k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half12k
	JMP  end

half11:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half11k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES11
	STEP
	JNE  half11k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half11k
	JMP  end

half10:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half10k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES10
	STEP
	JNE  half10k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half10k
	JMP  end

half9:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half9k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES9
	STEP
	JNE  half9k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half9k
	JMP  end

half8:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half8k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES8
	STEP
	JNE  half8k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half8k
	JMP  end

half7:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half7k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES7
	STEP
	JNE  half7k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half7k
	JMP  end

half6:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half6k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES6
	STEP
	JNE  half6k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half6k
	JMP  end

half5:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half5k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES5
	STEP
	JNE  half5k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half5k
	JMP  end

half4:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half4k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES4
	STEP
	JNE  half4k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half4k
	JMP  end

half3:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half3k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES3
	STEP
	JNE  half3k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half3k
	JMP  end

half2:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half2k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES2
	STEP
	JNE  half2k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half2k
	JMP  end

half1:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $64
half1k:
	VMOVUPS.Z (BX), K1, Z28
	HALVES1
	STEP
	JNE  half1k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  half1k
	JMP  end

end:
	MOVQ  c+0(FP), DI
	MOVQ  cRow+32(FP), CX
	SHLQ  $2, CX
	MOVQ  m+80(FP), DX
	TESTQ $4, mode+112(FP)
	JEQ   store

	// max(0, x) with x as the source that wins on NaN.
	VPXORD Z28, Z28, Z28
	RELUROW(Z0, Z1)
	RELUROW(Z2, Z3)
	RELUROW(Z4, Z5)
	RELUROW(Z6, Z7)
	RELUROW(Z8, Z9)
	RELUROW(Z10, Z11)
	RELUROW(Z12, Z13)
	RELUROW(Z14, Z15)
	RELUROW(Z16, Z17)
	RELUROW(Z18, Z19)
	RELUROW(Z20, Z21)
	RELUROW(Z22, Z23)
	RELUROW(Z24, Z25)
	RELUROW(Z26, Z27)

store:
	CMPQ n+88(FP), $32
	JEQ  storeWhole
	STOREROW(Z0, Z1)
	CMPQ DX, $1
	JEQ  done
	STOREROW(Z2, Z3)
	CMPQ DX, $2
	JEQ  done
	STOREROW(Z4, Z5)
	CMPQ DX, $3
	JEQ  done
	STOREROW(Z6, Z7)
	CMPQ DX, $4
	JEQ  done
	STOREROW(Z8, Z9)
	CMPQ DX, $5
	JEQ  done
	STOREROW(Z10, Z11)
	CMPQ DX, $6
	JEQ  done
	STOREROW(Z12, Z13)
	CMPQ DX, $7
	JEQ  done
	STOREROW(Z14, Z15)
	CMPQ DX, $8
	JEQ  done
	STOREROW(Z16, Z17)
	CMPQ DX, $9
	JEQ  done
	STOREROW(Z18, Z19)
	CMPQ DX, $10
	JEQ  done
	STOREROW(Z20, Z21)
	CMPQ DX, $11
	JEQ  done
	STOREROW(Z22, Z23)
	CMPQ DX, $12
	JEQ  done
	STOREROW(Z24, Z25)
	CMPQ DX, $13
	JEQ  done
	STOREROW(Z26, Z27)
	JMP  done

storeWhole:
	STOREWHOLE(Z0, Z1)
	CMPQ DX, $1
	JEQ  done
	STOREWHOLE(Z2, Z3)
	CMPQ DX, $2
	JEQ  done
	STOREWHOLE(Z4, Z5)
	CMPQ DX, $3
	JEQ  done
	STOREWHOLE(Z6, Z7)
	CMPQ DX, $4
	JEQ  done
	STOREWHOLE(Z8, Z9)
	CMPQ DX, $5
	JEQ  done
	STOREWHOLE(Z10, Z11)
	CMPQ DX, $6
	JEQ  done
	STOREWHOLE(Z12, Z13)
	CMPQ DX, $7
	JEQ  done
	STOREWHOLE(Z14, Z15)
	CMPQ DX, $8
	JEQ  done
	STOREWHOLE(Z16, Z17)
	CMPQ DX, $9
	JEQ  done
	STOREWHOLE(Z18, Z19)
	CMPQ DX, $10
	JEQ  done
	STOREWHOLE(Z20, Z21)
	CMPQ DX, $11
	JEQ  done
	STOREWHOLE(Z22, Z23)
	CMPQ DX, $12
	JEQ  done
	STOREWHOLE(Z24, Z25)
	CMPQ DX, $13
	JEQ  done
	STOREWHOLE(Z26, Z27)

done:
	VZEROUPPER
	RET
