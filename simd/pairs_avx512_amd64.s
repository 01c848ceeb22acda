//go:build !purego

#include "textflag.h"
#include "bf16_amd64.h"

// Blocks of 16 rows and 32 columns, 16 pairs, are transposed as in
// transpose_avx512_amd64.s once two vectors of a row have become one of pairs.

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

// LOADWHOLE4 and LOAD4 load rows i to i+3 of a block. The plain forms serve whole
// blocks: some CPUs fetch nothing ahead of a masked load, even where every lane is on.
#define LOADWHOLE4(i) \
	VMOVUPS (AX), Z16       \
	VMOVUPS 64(AX), Z20       \
	VMOVUPS (AX)(R8*1), Z17 \
	VMOVUPS 64(AX)(R8*1), Z21 \
	VMOVUPS (AX)(R8*2), Z18 \
	VMOVUPS 64(AX)(R8*2), Z22 \
	VMOVUPS (AX)(R9*1), Z19 \
	VMOVUPS 64(AX)(R9*1), Z23 \
	CVTNE2(16, 20, (i)) \
	CVTNE2(17, 21, ((i)+1)) \
	CVTNE2(18, 22, ((i)+2)) \
	CVTNE2(19, 23, ((i)+3)) \
	LEAQ    (AX)(R8*4), AX
#define STOREWHOLE4(v0, v1, v2, v3) \
	VMOVUPS v0, (AX)        \
	VMOVUPS v1, (AX)(R10*1) \
	VMOVUPS v2, (AX)(R10*2) \
	VMOVUPS v3, (AX)(R11*1) \
	LEAQ    (AX)(R10*4), AX
#define LOAD4(i) \
	VMOVUPS.Z (AX), K1, Z16       \
	VMOVUPS.Z 64(AX), K3, Z20       \
	VMOVUPS.Z (AX)(R8*1), K1, Z17 \
	VMOVUPS.Z 64(AX)(R8*1), K3, Z21 \
	VMOVUPS.Z (AX)(R8*2), K1, Z18 \
	VMOVUPS.Z 64(AX)(R8*2), K3, Z22 \
	VMOVUPS.Z (AX)(R9*1), K1, Z19 \
	VMOVUPS.Z 64(AX)(R9*1), K3, Z23 \
	CVTNE2(16, 20, (i)) \
	CVTNE2(17, 21, ((i)+1)) \
	CVTNE2(18, 22, ((i)+2)) \
	CVTNE2(19, 23, ((i)+3)) \
	LEAQ      (AX)(R8*4), AX
#define STORE4(v0, v1, v2, v3) \
	VMOVUPS v0, K2, (AX)        \
	VMOVUPS v1, K2, (AX)(R10*1) \
	VMOVUPS v2, K2, (AX)(R10*2) \
	VMOVUPS v3, K2, (AX)(R11*1) \
	LEAQ    (AX)(R10*4), AX

// LOADNEXT and STORENEXT follow a first row or column where fewer than 16 are left.
#define LOADNEXT(i) \
	CMPQ      CX, $i          \
	JEQ       loaded          \
	ADDQ      R8, AX          \
	VMOVUPS.Z (AX), K1, Z16   \
	VMOVUPS.Z 64(AX), K3, Z20 \
	CVTNE2(16, 20, (i))
#define STORENEXT(j, v) \
	CMPQ    BX, $j      \
	JEQ     nextRows    \
	ADDQ    R10, AX     \
	VMOVUPS v, K2, (AX)

// func transposePairsAVX512(dst, src *float32, rows, cols, dstRow, srcRow int)
//
// See transposePairsGeneric. Registers (distances in bytes):
//
//	R12, R13  src and dst of the row block     SI, DI  of the block
//	CX   rows left     BX   pairs left         K2  rows, K1, K3  columns left, at most 16
//	R8   srcRow        R9   3 srcRow           R10  dstRow        R11  3 dstRow
//	In the frame: columns left
//	Z0-Z15  the block, rows then pairs         Z16-Z31  scratch   AX, DX  scratch
TEXT ·transposePairsAVX512(SB), NOSPLIT, $8-48
	MOVQ rows+16(FP), CX
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
	MOVQ    BX, left-8(SP)
	INCQ    BX
	SHRQ    $1, BX

block:
	MOVQ    $32, DX
	CMPQ    left-8(SP), DX
	CMOVQLT left-8(SP), DX
	MOVL    $-1, AX
	BZHIL   DX, AX, AX
	KMOVW   AX, K1
	SHRL    $16, AX
	KMOVW   AX, K3
	MOVQ    SI, AX
	CMPQ    CX, $16
	JLT     loadSome
	CMPQ    DX, $32
	JGE     loadWhole
	LOAD4(0)
	LOAD4(4)
	LOAD4(8)
	LOAD4(12)

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
	ADDQ $128, SI
	MOVQ AX, DI
	SUBQ $32, left-8(SP)
	SUBQ $16, BX
	JGT  block

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
	LOADWHOLE4(0)
	LOADWHOLE4(4)
	LOADWHOLE4(8)
	LOADWHOLE4(12)
	JMP loaded

storeWhole:
	STOREWHOLE4(Z0, Z1, Z2, Z3)
	STOREWHOLE4(Z4, Z5, Z6, Z7)
	STOREWHOLE4(Z8, Z9, Z10, Z11)
	STOREWHOLE4(Z12, Z13, Z14, Z15)
	JMP stored

loadSome: // rows the block lacks are left as they are: no store takes them
	VMOVUPS.Z (AX), K1, Z16
	VMOVUPS.Z 64(AX), K3, Z20
	CVTNE2(16, 20, 0)
	LOADNEXT(1)
	LOADNEXT(2)
	LOADNEXT(3)
	LOADNEXT(4)
	LOADNEXT(5)
	LOADNEXT(6)
	LOADNEXT(7)
	LOADNEXT(8)
	LOADNEXT(9)
	LOADNEXT(10)
	LOADNEXT(11)
	LOADNEXT(12)
	LOADNEXT(13)
	LOADNEXT(14)
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

// pairWords interleaves the words of two halves of a vector.
DATA pairWords<>+0(SB)/8, $0x0011000100100000
DATA pairWords<>+8(SB)/8, $0x0013000300120002
DATA pairWords<>+16(SB)/8, $0x0015000500140004
DATA pairWords<>+24(SB)/8, $0x0017000700160006
DATA pairWords<>+32(SB)/8, $0x0019000900180008
DATA pairWords<>+40(SB)/8, $0x001b000b001a000a
DATA pairWords<>+48(SB)/8, $0x001d000d001c000c
DATA pairWords<>+56(SB)/8, $0x001f000f001e000e
GLOBL pairWords<>(SB), RODATA|NOPTR, $64

// func gatherPairsAVX512(dst, src *float32, offsets *int32, count, dstRow, n int)
//
// See gatherPairsGeneric. Pairs of runs go in strips of 32, the last one under masks.
//
//	DI   dst of the strip    SI   src of the strip    R8   cursor in dst
//	R9   dstRow, bytes       R10  offsets             R12  cursor in offsets
//	R11  n left              CX   runs left - 2       AX, BX, DX  scratch
//	K1, K2  columns 0-15, 16-31 of the strip          Z31  pairWords
TEXT ·gatherPairsAVX512(SB), NOSPLIT, $0-48
	MOVQ   dst+0(FP), DI
	MOVQ   src+8(FP), SI
	MOVQ   offsets+16(FP), R10
	MOVQ   dstRow+32(FP), R9
	SHLQ   $2, R9
	MOVQ   n+40(FP), R11
	VMOVDQU64 pairWords<>(SB), Z31

strip:
	MOVQ  DI, R8
	MOVQ  R10, R12
	MOVQ  count+24(FP), CX
	MOVQ  $32, DX
	CMPQ  R11, DX
	CMOVQLT R11, DX
	MOVL  $-1, AX
	BZHIL DX, AX, AX
	KMOVD AX, K1
	SHRL  $16, AX
	KMOVD AX, K2
	SUBQ  $2, CX
	JLT   odd
	CMPQ  R11, $32
	JLT   runs
	PCALIGN $32

whole:
	MOVLQSX   (R12), AX
	MOVLQSX   4(R12), BX
	VMOVUPS (SI)(AX*4), Z0
	VMOVUPS 64(SI)(AX*4), Z1
	VMOVUPS (SI)(BX*4), Z2
	VMOVUPS 64(SI)(BX*4), Z3
	CVTNE2(0, 2, 4)
	CVTNE2(1, 3, 5)
	VPERMW    Z4, Z31, Z4
	VPERMW    Z5, Z31, Z5
	VMOVUPS   Z4, (R8)
	VMOVUPS   Z5, 64(R8)
	ADDQ      R9, R8
	ADDQ      $8, R12
	SUBQ      $2, CX
	JGE       whole
	JMP       odd
	PCALIGN $32

runs:
	MOVLQSX   (R12), AX
	MOVLQSX   4(R12), BX
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	VMOVUPS.Z 64(SI)(AX*4), K2, Z1
	VMOVUPS.Z (SI)(BX*4), K1, Z2
	VMOVUPS.Z 64(SI)(BX*4), K2, Z3
	CVTNE2(0, 2, 4)
	CVTNE2(1, 3, 5)
	VPERMW    Z4, Z31, Z4
	VPERMW    Z5, Z31, Z5
	VMOVUPS   Z4, K1, (R8)
	VMOVUPS   Z5, K2, 64(R8)
	ADDQ      R9, R8
	ADDQ      $8, R12
	SUBQ      $2, CX
	JGE       runs

odd: // one row left over: nothing is its partner
	CMPQ      CX, $-1
	JNE       next
	MOVLQSX   (R12), AX
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	VMOVUPS.Z 64(SI)(AX*4), K2, Z1
	VPXORD    Z2, Z2, Z2
	CVTNE2(0, 2, 4)
	CVTNE2(1, 2, 5)
	VPERMW    Z4, Z31, Z4
	VPERMW    Z5, Z31, Z5
	VMOVUPS   Z4, K1, (R8)
	VMOVUPS   Z5, K2, 64(R8)

next:
	ADDQ    $128, DI
	ADDQ    $128, SI
	SUBQ    $32, R11
	JGT     strip
	VZEROUPPER
	RET
