//go:build !purego

#include "textflag.h"

// Blocks of 16 x 16 are transposed in registers in four rounds of 16 shuffles:
// elements of row pairs, pairs of those, then twice 128-bit lanes. Masks cut the
// blocks at the edges. A matrix that fills no more than half of them goes in blocks
// of 8 x 8, but for three rows that become one, the colours of a picture: 16 columns of
// them are three vectors, of two permutations each.

// PAIRS interleaves two rows; QUADS makes of two interleaved pairs four vectors,
// each with one column in every lane.
#define PAIRS(r0, r1, lo, hi) \
	VUNPCKLPS r1, r0, lo \
	VUNPCKHPS r1, r0, hi
#define QUADS(lo0, hi0, lo1, hi1, c0, c1, c2, c3) \
	VUNPCKLPD lo1, lo0, c0 \
	VUNPCKHPD lo1, lo0, c1 \
	VUNPCKLPD hi1, hi0, c2 \
	VUNPCKHPD hi1, hi0, c3

// LANES transposes the lanes of four vectors in place.
#define LANES(v0, v1, v2, v3, t0, t1, t2, t3) \
	VSHUFF32X4 $0x88, v1, v0, t0 \
	VSHUFF32X4 $0xdd, v1, v0, t1 \
	VSHUFF32X4 $0x88, v3, v2, t2 \
	VSHUFF32X4 $0xdd, v3, v2, t3 \
	VSHUFF32X4 $0x88, t2, t0, v0 \
	VSHUFF32X4 $0x88, t3, t1, v1 \
	VSHUFF32X4 $0xdd, t2, t0, v2 \
	VSHUFF32X4 $0xdd, t3, t1, v3

// The plain forms serve whole blocks: some CPUs fetch nothing ahead of a masked
// load, even where every lane is on.
#define LOADWHOLE4(v0, v1, v2, v3) \
	VMOVUPS (AX), v0       \
	VMOVUPS (AX)(R8*1), v1 \
	VMOVUPS (AX)(R8*2), v2 \
	VMOVUPS (AX)(R9*1), v3 \
	LEAQ    (AX)(R8*4), AX
#define STOREWHOLE4(v0, v1, v2, v3) \
	VMOVUPS v0, (AX)        \
	VMOVUPS v1, (AX)(R10*1) \
	VMOVUPS v2, (AX)(R10*2) \
	VMOVUPS v3, (AX)(R11*1) \
	LEAQ    (AX)(R10*4), AX
#define LOAD4(v0, v1, v2, v3) \
	VMOVUPS.Z (AX), K1, v0       \
	VMOVUPS.Z (AX)(R8*1), K1, v1 \
	VMOVUPS.Z (AX)(R8*2), K1, v2 \
	VMOVUPS.Z (AX)(R9*1), K1, v3 \
	LEAQ      (AX)(R8*4), AX
#define STORE4(v0, v1, v2, v3) \
	VMOVUPS v0, K2, (AX)        \
	VMOVUPS v1, K2, (AX)(R10*1) \
	VMOVUPS v2, K2, (AX)(R10*2) \
	VMOVUPS v3, K2, (AX)(R11*1) \
	LEAQ    (AX)(R10*4), AX

// LOADNEXT and STORENEXT follow a first row or column where fewer than 16 are left.
#define LOADNEXT(i, v) \
	CMPQ      CX, $i       \
	JEQ       loaded       \
	ADDQ      R8, AX       \
	VMOVUPS.Z (AX), K1, v
#define STORENEXT(j, v) \
	CMPQ    BX, $j      \
	JEQ     nextRows    \
	ADDQ    R10, AX     \
	VMOVUPS v, K2, (AX)

// THREE makes of rows Z0, Z1 and Z2 a third of their columns one after the other, where
// index says which columns, and mask which elements are of row Z2.
#define THREE(index, mask, to) \
	VMOVDQA32 index, to       \
	VPERMI2PS Z1, Z0, to      \
	VPERMPS   Z2, index, mask, to

// func transposeAVX512(dst, src *float32, rows, cols, dstRow, srcRow int)
//
// See transposeGeneric. Registers (distances in bytes):
//
//	R12, R13  src and dst of the row block     SI, DI  of the block
//	CX   rows left     BX   cols left          K2, K1  what is left, at most 16
//	R8   srcRow        R9   3 srcRow           R10  dstRow        R11  3 dstRow
//	Z0-Z15  the block, rows then columns       Z16-Z31  scratch   AX, DX  scratch
TEXT ·transposeAVX512(SB), NOSPLIT, $0-48
	MOVQ rows+16(FP), CX
	CMPQ CX, $8
	JLE  narrow
	CMPQ cols+24(FP), $8
	JLE  narrow
	MOVQ dst+0(FP), R13
	MOVQ src+8(FP), R12
	MOVQ dstRow+32(FP), R10
	SHLQ $2, R10
	LEAQ (R10)(R10*2), R11
	MOVQ srcRow+40(FP), R8
	SHLQ $2, R8
	LEAQ (R8)(R8*2), R9

rowBlock:
	MOVQ    $16, DX
	CMPQ    CX, DX
	CMOVQLT CX, DX
	MOVL    $-1, AX
	BZHIL   DX, AX, AX
	KMOVW   AX, K2
	MOVQ    R12, SI
	MOVQ    R13, DI
	MOVQ    cols+24(FP), BX

block:
	MOVQ    $16, DX
	CMPQ    BX, DX
	CMOVQLT BX, DX
	MOVL    $-1, AX
	BZHIL   DX, AX, AX
	KMOVW   AX, K1
	MOVQ    SI, AX
	CMPQ    CX, $16
	JLT     loadSome
	CMPQ    BX, $16
	JGE     loadWhole
	LOAD4(Z0, Z1, Z2, Z3)
	LOAD4(Z4, Z5, Z6, Z7)
	LOAD4(Z8, Z9, Z10, Z11)
	LOAD4(Z12, Z13, Z14, Z15)

loaded:
	PAIRS(Z0, Z1, Z16, Z17)
	PAIRS(Z2, Z3, Z18, Z19)
	PAIRS(Z4, Z5, Z20, Z21)
	PAIRS(Z6, Z7, Z22, Z23)
	PAIRS(Z8, Z9, Z24, Z25)
	PAIRS(Z10, Z11, Z26, Z27)
	PAIRS(Z12, Z13, Z28, Z29)
	PAIRS(Z14, Z15, Z30, Z31)
	QUADS(Z16, Z17, Z18, Z19, Z0, Z1, Z2, Z3)
	QUADS(Z20, Z21, Z22, Z23, Z4, Z5, Z6, Z7)
	QUADS(Z24, Z25, Z26, Z27, Z8, Z9, Z10, Z11)
	QUADS(Z28, Z29, Z30, Z31, Z12, Z13, Z14, Z15)
	LANES(Z0, Z4, Z8, Z12, Z16, Z20, Z24, Z28)
	LANES(Z1, Z5, Z9, Z13, Z17, Z21, Z25, Z29)
	LANES(Z2, Z6, Z10, Z14, Z18, Z22, Z26, Z30)
	LANES(Z3, Z7, Z11, Z15, Z19, Z23, Z27, Z31)
	MOVQ DI, AX
	CMPQ BX, $16
	JLT  storeSome
	CMPQ CX, $16
	JGE  storeWhole
	STORE4(Z0, Z1, Z2, Z3)
	STORE4(Z4, Z5, Z6, Z7)
	STORE4(Z8, Z9, Z10, Z11)
	STORE4(Z12, Z13, Z14, Z15)

stored:
	ADDQ $64, SI
	MOVQ AX, DI
	SUBQ $16, BX
	JNE  block

nextRows:
	MOVQ R8, AX
	SHLQ $4, AX
	ADDQ AX, R12
	ADDQ $64, R13
	SUBQ $16, CX
	JGT  rowBlock
	VZEROUPPER
	RET

loadWhole:
	LOADWHOLE4(Z0, Z1, Z2, Z3)
	LOADWHOLE4(Z4, Z5, Z6, Z7)
	LOADWHOLE4(Z8, Z9, Z10, Z11)
	LOADWHOLE4(Z12, Z13, Z14, Z15)
	JMP loaded

storeWhole:
	STOREWHOLE4(Z0, Z1, Z2, Z3)
	STOREWHOLE4(Z4, Z5, Z6, Z7)
	STOREWHOLE4(Z8, Z9, Z10, Z11)
	STOREWHOLE4(Z12, Z13, Z14, Z15)
	JMP stored

loadSome: // rows the block lacks are left as they are: no store takes them
	VMOVUPS.Z (AX), K1, Z0
	LOADNEXT(1, Z1)
	LOADNEXT(2, Z2)
	LOADNEXT(3, Z3)
	LOADNEXT(4, Z4)
	LOADNEXT(5, Z5)
	LOADNEXT(6, Z6)
	LOADNEXT(7, Z7)
	LOADNEXT(8, Z8)
	LOADNEXT(9, Z9)
	LOADNEXT(10, Z10)
	LOADNEXT(11, Z11)
	LOADNEXT(12, Z12)
	LOADNEXT(13, Z13)
	LOADNEXT(14, Z14)
	JMP loaded

storeSome:
	VMOVUPS Z0, K2, (AX)
	STORENEXT(1, Z1)
	STORENEXT(2, Z2)
	STORENEXT(3, Z3)
	STORENEXT(4, Z4)
	STORENEXT(5, Z5)
	STORENEXT(6, Z6)
	STORENEXT(7, Z7)
	STORENEXT(8, Z8)
	STORENEXT(9, Z9)
	STORENEXT(10, Z10)
	STORENEXT(11, Z11)
	STORENEXT(12, Z12)
	STORENEXT(13, Z13)
	STORENEXT(14, Z14)
	JMP nextRows

narrow:
	CMPQ      CX, $3
	JNE       narrower
	CMPQ      dstRow+32(FP), CX
	JNE       narrower
	MOVQ      dst+0(FP), DI
	MOVQ      src+8(FP), SI
	MOVQ      srcRow+40(FP), R8
	SHLQ      $2, R8
	MOVQ      cols+24(FP), BX
	VMOVDQU32 ·threeColumns+0(SB), Z16
	VMOVDQU32 ·threeColumns+64(SB), Z17
	VMOVDQU32 ·threeColumns+128(SB), Z18
	MOVL      $0x4924, AX
	KMOVW     AX, K3
	MOVL      $0x2492, AX
	KMOVW     AX, K4
	MOVL      $0x9249, AX
	KMOVW     AX, K5
	SUBQ      $16, BX
	JLT       lastThree

three: // 16 columns of three rows; BX: columns left but for these
	VMOVUPS (SI), Z0
	VMOVUPS (SI)(R8*1), Z1
	VMOVUPS (SI)(R8*2), Z2
	THREE(Z16, K3, Z3)
	THREE(Z17, K4, Z4)
	THREE(Z18, K5, Z5)
	VMOVUPS Z3, (DI)
	VMOVUPS Z4, 64(DI)
	VMOVUPS Z5, 128(DI)
	ADDQ    $64, SI
	ADDQ    $192, DI
	SUBQ    $16, BX
	JGE     three

lastThree:
	ADDQ      $16, BX
	JEQ       allThree
	MOVL      $-1, AX
	BZHIL     BX, AX, AX
	KMOVW     AX, K1
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (SI)(R8*1), K1, Z1
	VMOVUPS.Z (SI)(R8*2), K1, Z2
	THREE(Z16, K3, Z3)
	THREE(Z17, K4, Z4)
	THREE(Z18, K5, Z5)
	LEAQ      (BX)(BX*2), DX
	MOVQ      $-1, AX
	BZHIQ     DX, AX, AX
	KMOVW     AX, K1
	SHRQ      $16, AX
	KMOVW     AX, K2
	SHRQ      $16, AX
	KMOVW     AX, K6
	VMOVUPS   Z3, K1, (DI)
	VMOVUPS   Z4, K2, 64(DI)
	VMOVUPS   Z5, K6, 128(DI)

allThree:
	VZEROUPPER
	RET

narrower:
	JMP ·transposeAVX2(SB)
