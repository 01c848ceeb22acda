//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"

// Blocks of 8 x 8 are transposed in registers in three rounds of 8 shuffles:
// elements of row pairs, pairs of those, 128-bit lanes. The last block of eight
// or more rows or columns overlaps the one before, since masked stores are slow
// on some CPUs; fewer columns are loaded under a mask, fewer rows are stored as
// two overlapping halves.

DATA ascending<>+0(SB)/8, $0x0000000100000000
DATA ascending<>+8(SB)/8, $0x0000000300000002
DATA ascending<>+16(SB)/8, $0x0000000500000004
DATA ascending<>+24(SB)/8, $0x0000000700000006
DATA ascending<>+32(SB)/8, $0x0000000900000008
DATA ascending<>+40(SB)/8, $0x0000000b0000000a
GLOBL ascending<>(SB), RODATA|NOPTR, $48

// PAIRS interleaves two rows; QUADS makes of two interleaved pairs four vectors,
// each with one column in every lane; LANES joins those of rows 0-3 and 4-7.
#define PAIRS(r0, r1, lo, hi) \
	VUNPCKLPS r1, r0, lo \
	VUNPCKHPS r1, r0, hi
#define QUADS(lo0, hi0, lo1, hi1, c0, c1, c2, c3) \
	VUNPCKLPD lo1, lo0, c0 \
	VUNPCKHPD lo1, lo0, c1 \
	VUNPCKLPD hi1, hi0, c2 \
	VUNPCKHPD hi1, hi0, c3
#define LANES(v0, v1, c0, c4) \
	VPERM2F128 $0x20, v1, v0, c0 \
	VPERM2F128 $0x31, v1, v0, c4

#define LOAD4(v0, v1, v2, v3) \
	VMOVUPS (AX), v0       \
	VMOVUPS (AX)(R8*1), v1 \
	VMOVUPS (AX)(R8*2), v2 \
	VMOVUPS (AX)(R9*1), v3 \
	LEAQ    (AX)(R8*4), AX
#define STORE4(v0, v1, v2, v3) \
	VMOVUPS v0, (AX)        \
	VMOVUPS v1, (AX)(R10*1) \
	VMOVUPS v2, (AX)(R10*2) \
	VMOVUPS v3, (AX)(R11*1) \
	LEAQ    (AX)(R10*4), AX

// LOADNEXT follows a first row where fewer than eight are left, and so do the
// STOREs a first column: of eight rows, of four to seven, two or three, and one.
#define LOADNEXT(i, v) \
	CMPQ       CX, $i       \
	JEQ        loaded       \
	ADDQ       R8, AX       \
	VMASKMOVPS (AX), Y15, v
#define STORENEXT(j) \
	CMPQ BX, $j   \
	JEQ  nextCols \
	ADDQ R10, AX
#define STORE8(v, x) \
	VMOVUPS v, (AX)
#define STORE4TO7(v, x) \
	VPERMPS v, Y0, Y1        \
	VMOVUPS x, (AX)          \
	VMOVUPS X1, (AX)(DX*4)
#define STORE2TO3(v, x) \
	VPERMPS v, Y0, Y1        \
	VMOVLPS x, (AX)          \
	VMOVLPS X1, (AX)(DX*4)
#define STORE1(v, x) \
	VMOVSS x, (AX)
#define STORESOME(STORE) \
	STORE(Y8, X8)   \
	STORENEXT(1)    \
	STORE(Y9, X9)   \
	STORENEXT(2)    \
	STORE(Y10, X10) \
	STORENEXT(3)    \
	STORE(Y11, X11) \
	STORENEXT(4)    \
	STORE(Y12, X12) \
	STORENEXT(5)    \
	STORE(Y13, X13) \
	STORENEXT(6)    \
	STORE(Y14, X14) \
	STORENEXT(7)    \
	STORE(Y15, X15)

// func transposeAVX2(dst, src *float32, rows, cols, dstRow, srcRow int)
//
// See transposeGeneric. Registers (distances in bytes):
//
//	R12, R13  src and dst of the row block     SI, DI  of the block
//	CX   rows left     BX   cols left          AX, DX  scratch
//	R8   srcRow        R9   3 srcRow           R10  dstRow        R11  3 dstRow
//	Y0-Y7  the rows of the block               Y8-Y15  its columns
TEXT ·transposeAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), R13
	MOVQ src+8(FP), R12
	MOVQ rows+16(FP), CX
	MOVQ dstRow+32(FP), R10
	SHLQ $2, R10
	LEAQ (R10)(R10*2), R11
	MOVQ srcRow+40(FP), R8
	SHLQ $2, R8
	LEAQ (R8)(R8*2), R9

rowBlock:
	MOVQ R12, SI
	MOVQ R13, DI
	MOVQ cols+24(FP), BX

block:
	MOVQ SI, AX
	CMPQ CX, $8
	JLT  loadSome
	CMPQ BX, $8
	JLT  loadSome
	LOAD4(Y0, Y1, Y2, Y3)
	LOAD4(Y4, Y5, Y6, Y7)

loaded:
	PAIRS(Y0, Y1, Y8, Y9)
	PAIRS(Y2, Y3, Y10, Y11)
	PAIRS(Y4, Y5, Y12, Y13)
	PAIRS(Y6, Y7, Y14, Y15)
	QUADS(Y8, Y9, Y10, Y11, Y0, Y1, Y2, Y3)
	QUADS(Y12, Y13, Y14, Y15, Y4, Y5, Y6, Y7)
	LANES(Y0, Y4, Y8, Y12)
	LANES(Y1, Y5, Y9, Y13)
	LANES(Y2, Y6, Y10, Y14)
	LANES(Y3, Y7, Y11, Y15)
	MOVQ DI, AX
	CMPQ CX, $8
	JLT  storeRows
	CMPQ BX, $8
	JLT  storeCols
	STORE4(Y8, Y9, Y10, Y11)
	STORE4(Y12, Y13, Y14, Y15)

nextCols:
	SUBQ  $8, BX
	JLE   nextRows
	ADDQ  $32, SI
	LEAQ  (DI)(R10*8), DI
	CMPQ  BX, $8
	JGE   block
	MOVQ  $8, AX            // back by 8-BX columns
	SUBQ  BX, AX
	MOVQ  $8, BX
	LEAQ  (AX*4), DX
	SUBQ  DX, SI
	IMULQ R10, AX
	SUBQ  AX, DI
	JMP   block

nextRows:
	SUBQ  $8, CX
	JLE   done
	LEAQ  (R12)(R8*8), R12
	ADDQ  $32, R13
	CMPQ  CX, $8
	JGE   rowBlock
	MOVQ  $8, AX            // back by 8-CX rows
	SUBQ  CX, AX
	MOVQ  $8, CX
	LEAQ  (AX*4), DX
	SUBQ  DX, R13
	IMULQ R8, AX
	SUBQ  AX, R12
	JMP   rowBlock

done:
	VZEROUPPER
	RET

loadSome: // at most eight of each; rows the block lacks are left as they are
	MOVQ       $8, DX
	CMPQ       BX, DX
	CMOVQLT    BX, DX
	TAILMASK(DX, AX, Y15)
	MOVQ       SI, AX
	VMASKMOVPS (AX), Y15, Y0
	LOADNEXT(1, Y1)
	LOADNEXT(2, Y2)
	LOADNEXT(3, Y3)
	LOADNEXT(4, Y4)
	LOADNEXT(5, Y5)
	LOADNEXT(6, Y6)
	LOADNEXT(7, Y7)
	JMP loaded

storeCols: // eight rows, fewer columns
	STORESOME(STORE8)
	JMP nextCols

storeRows: // fewer rows: DX is where the second half begins
	MOVQ    CX, DX
	SUBQ    $4, DX
	JLT     storeRows3
	LEAQ    ascending<>(SB), AX
	VMOVUPS (AX)(DX*4), Y0
	MOVQ    DI, AX
	STORESOME(STORE4TO7)
	JMP     nextCols

storeRows3:
	ADDQ    $2, DX
	JLT     storeRow
	LEAQ    ascending<>(SB), AX
	VMOVUPS (AX)(DX*4), Y0
	MOVQ    DI, AX
	STORESOME(STORE2TO3)
	JMP     nextCols

storeRow:
	STORESOME(STORE1)
	JMP nextCols
