//go:build !purego

#include "textflag.h"

// Pairs in the order that VSHUFPS leaves behind (see WINNER), of float32 for vectors
// of 16 and for their bytes; what makes pairs of columns from even and odd ones, the left half
// and the right, for vectors of 16 and of 8; the first two again for vectors of 8; minus infinity; places.
DATA pool3<>+0(SB)/8, $0x0705030106040200
DATA pool3<>+8(SB)/8, $0x0d0c090805040100
DATA pool3<>+16(SB)/8, $0x0f0e0b0a07060302
DATA pool3<>+24(SB)/8, $0x1303120211011000
DATA pool3<>+32(SB)/8, $0x1707160615051404
DATA pool3<>+40(SB)/8, $0x1b0b1a0a19091808
DATA pool3<>+48(SB)/8, $0x1f0f1e0e1d0d1c0c
DATA pool3<>+56(SB)/8, $0x0b030a0209010800
DATA pool3<>+64(SB)/8, $0x0f070e060d050c04
DATA pool3<>+72(SB)/8, $0x0706030205040100
DATA pool3<>+80(SB)/8, $0x0706030205040100
DATA pool3<>+88(SB)/8, $0x0000000003010200
DATA pool3<>+96(SB)/8, $0x0000000000000000
DATA pool3<>+104(SB)/4, $0xff800000
DATA pool3<>+108(SB)/4, $0x01010101
DATA pool3<>+112(SB)/4, $0x02020202
DATA pool3<>+116(SB)/4, $0x03030303
DATA pool3<>+120(SB)/4, $0x04040404
DATA pool3<>+124(SB)/4, $0x05050505
DATA pool3<>+128(SB)/4, $0x06060606
DATA pool3<>+132(SB)/4, $0x07070707
DATA pool3<>+136(SB)/4, $0x08080808
DATA pool3<>+140(SB)/4, $0x09090909
GLOBL pool3<>(SB), RODATA|NOPTR, $144

// ZERO to NINE are places, in X registers.
#define ZERO X15
#define ONE X16
#define TWO X17
#define THREE X18
#define FOUR X19
#define FIVE X20
#define SIX X21
#define SEVEN X22
#define EIGHT X23
#define NINE X24

// CONSTANTS fills them.
#define CONSTANTS \
	VPXOR        X15, X15, X15          \
	VPBROADCASTD pool3<>+108(SB), ONE   \
	VPBROADCASTD pool3<>+112(SB), TWO   \
	VPBROADCASTD pool3<>+116(SB), THREE \
	VPBROADCASTD pool3<>+120(SB), FOUR  \
	VPBROADCASTD pool3<>+124(SB), FIVE  \
	VPBROADCASTD pool3<>+128(SB), SIX   \
	VPBROADCASTD pool3<>+132(SB), SEVEN \
	VPBROADCASTD pool3<>+136(SB), EIGHT \
	VPBROADCASTD pool3<>+140(SB), NINE

// AHEAD fetches in ascending order what lies a plane ahead, two vectors for each row of a
// block: the hardware does not follow blocks that go down a plane. DX is the place; past the end
// it does no harm.
#define AHEAD(size) \
	PREFETCHT0 (DX)     \
	PREFETCHT0 size(DX) \
	ADDQ       $(2*size), DX

// LANEMASK sets the low n bits of d; n may be any number. It overwrites n.
#define LANEMASK(n, t, d) \
	MOVL    $64, t \
	CMPQ    n, t   \
	CMOVQGT t, n   \
	XORL    t, t   \
	TESTQ   n, n   \
	CMOVQLT t, n   \
	MOVQ    $-1, d \
	BZHIQ   n, d, d

// KEEP sets K6 where a wins over b, which is later in row-major order: b wins if b > a or
// b is NaN. It overwrites K7.
#define KEEP(a, b) \
	VCMPPS $0x07, b, b, K7 \ // b is a number
	VCMPPS $0x1a, a, b, K7, K6 // and not b > a

// WINNER leaves the maximum of three columns of a row in win, for as many windows as fit
// a vector, whose size is given in bytes, and its place 0..2. VSHUFPS separates even
// and odd columns within 128 bits only; the maxima are put in order at the end. What
// the masks leave out is minus infinity, inf.
#define WINNER(row, size, inf, a, b, c, win, place) \
	VMOVAPS   inf, a               \
	VMOVAPS   inf, b               \
	VMOVAPS   inf, win             \
	VMOVAPS   inf, c               \
	VMOVUPS   (row), K1, a         \
	VMOVUPS   size(row), K2, b     \
	VMOVUPS   8(row), K3, win      \
	VMOVUPS   8+size(row), K4, c   \
	VSHUFPS   $0x88, c, win, win   \
	VSHUFPS   $0xdd, b, a, c       \
	VSHUFPS   $0x88, b, a, a       \
	KEEP(a, c)                     \
	VMOVAPS   a, K6, c             \
	VPBLENDMB ZERO, ONE, K6, place \
	KEEP(c, win)                   \
	VMOVAPS   c, K6, win           \
	VPBLENDMB place, TWO, K6, place

// DOWN pools the windows of a block from the top of a plane to its bottom. A row between
// two windows is searched once for both. inf, zero, order and bytes are constants.
//
//	R13 upper row of x   R9  bytes of a row   R11 y   R12 arg    BX  rows left
//	AX  1 if the last row lies in the padding         DX  see AHEAD      K0  relu      K5  lanes of y
//	top, topAt  winners of the upper row      mid, midAt  the same of the middle row
//	low, lowAt  of the lower row              a, b, c     scratch
#define DOWN(size, inf, zero, order, bytes, top, topAt, mid, midAt, low, lowAt, a, b, c, loop, below, beyond, picked, store, next) \
	VMOVAPS  inf, top                           \
	VMOVDQU8 ZERO, topAt                        \
	CMPQ     R13, R8                            \
	JLT      loop                               \ // in the padding
	WINNER(R13, size, inf, a, b, c, top, topAt) \
loop: \
	ADDQ R9, R13                                \
	AHEAD(size)                                 \
	WINNER(R13, size, inf, a, b, c, mid, midAt) \
	ADDQ R9, R13                                \
	CMPQ BX, AX                                 \
	JEQ  beyond                                 \
	AHEAD(size)                                 \
	WINNER(R13, size, inf, a, b, c, low, lowAt) \
picked: \
	VPADDB    THREE, midAt, midAt     \
	KEEP(top, mid)                    \
	VMOVAPS   top, K6, mid            \
	VPBLENDMB topAt, midAt, K6, midAt \
	VPADDB    SIX, lowAt, topAt       \
	KEEP(mid, low)                    \
	VBLENDMPS mid, low, K6, a         \
	VPBLENDMB midAt, topAt, K6, midAt \
	KORTESTW  K0, K0                  \
	JEQ       store                   \
	VCMPPS    $0x11, a, zero, K6      \ // 0 < maximum
	VPBLENDMB midAt, NINE, K6, midAt  \
	VMAXPS    a, zero, a              \
store: \
	VPERMPD  a, order, a         \
	VMOVUPS  a, K5, (R11)        \
	LEAQ     (R11)(R10*4), R11   \
	TESTQ    SI, SI              \
	JEQ      next                \
	VPSHUFB  bytes, midAt, midAt \
	VMOVDQU8 midAt, K5, (R12)    \
	ADDQ     R10, R12            \
next: \
	VMOVAPS  low, top     \
	VMOVDQU8 lowAt, topAt \
	DECQ     BX           \
	JNE      loop         \
	JMP      below        \
beyond: \
	VMOVAPS  inf, low    \
	VMOVDQU8 ZERO, lowAt \
	JMP      picked

// EDGES sets R11 to the columns of a block of x, from CX pairs of columns on, that are not padding.
// BX is the width and DX the padding. It overwrites AX and BX.
#define EDGES(inside) \
	ADDQ  DX, BX          \
	SUBQ  CX, BX          \
	SUBQ  CX, BX          \
	LANEMASK(BX, AX, R11) \
	TESTQ CX, CX          \
	JNE   inside          \
	SHRXQ DX, R11, R11    \
	SHLXQ DX, R11, R11    \
inside:

// func maxPool3AVX512(y []float32, arg []uint8, x []float32, h, w, pad int, relu bool)
//
// A plane is cut into blocks of 16 columns of y, or 8 where no more are left, and each
// is done from the top to the bottom. y_base keeps AHEAD's place between blocks, y_len the end of y.
//
//	DI  y of the plane   SI  arg of the plane, or 0    R8  x of the plane
//	R9  bytes of a row   R10 columns of y              CX  first column of the block
//	AX, BX, DX, R11 to R13  scratch, and see DOWN
//	K1, K2  columns of x, two vectors      K3, K4  the same two columns on     K5  columns of y
//	Z15 0   Z25 minus infinity   Z26, Y27  order   X28, X29  order of bytes    X16..X24 places
TEXT ·maxPool3AVX512(SB), NOSPLIT, $0-97
	MOVQ         y_base+0(FP), DI
	MOVQ         y_len+8(FP), AX
	LEAQ         (DI)(AX*4), AX
	MOVQ         AX, y_len+8(FP)
	MOVQ         arg_base+24(FP), SI
	MOVQ         x_base+48(FP), R8
	MOVQ         w+80(FP), R9
	MOVQ         pad+88(FP), AX
	LEAQ         -1(R9)(AX*2), R10
	SHRQ         $1, R10
	SHLQ         $2, R9
	CONSTANTS
	VBROADCASTSS pool3<>+104(SB), Z25
	VPMOVZXBQ    pool3<>+0(SB), Z26
	VPMOVZXBQ    pool3<>+88(SB), Y27
	VMOVDQU8     pool3<>+8(SB), X28
	VMOVDQU8     pool3<>+72(SB), X29
	MOVBLZX      relu+96(FP), DX
	KMOVW        DX, K0

plane:
	CMPQ  DI, y_len+8(FP)
	JGE   done
	XORL  CX, CX
	MOVQ  h+72(FP), AX
	IMULQ R9, AX
	ADDQ  R8, AX
	MOVQ  AX, y_base+0(FP)

block:
	MOVQ  w+80(FP), BX
	MOVQ  pad+88(FP), DX
	EDGES(edged)
	MOVQ  R10, BX
	SUBQ  CX, BX
	LANEMASK(BX, AX, R12)
	KMOVW R12, K5
	KMOVW R11, K1
	MOVQ  R11, R12
	SHRQ  $2, R12
	KMOVW R12, K3
	MOVQ  DX, AX
	IMULQ R9, AX
	LEAQ  (AX)(DX*4), AX
	LEAQ  (R8)(CX*8), R13
	SUBQ  AX, R13
	MOVQ  h+72(FP), AX
	LEAQ  -1(AX)(DX*2), BX
	SHRQ  $1, BX
	ANDQ  DX, AX // with padding an odd height has the last row there
	MOVQ  y_base+0(FP), DX
	MOVQ  R10, R12
	SUBQ  CX, R12
	CMPQ  R12, $8
	JLE   narrow
	SHRQ  $16, R11
	KMOVW R11, K2
	SHRQ  $2, R11
	KMOVW R11, K4
	LEAQ  (DI)(CX*4), R11
	LEAQ  (SI)(CX*1), R12
	DOWN(64, Z25, Z15, Z26, X28, Z0, X8, Z1, X9, Z2, X10, Z3, Z4, Z5, loop, below, beyond, picked, store, next)

narrow:
	SHRQ  $8, R11
	KMOVW R11, K2
	SHRQ  $2, R11
	KMOVW R11, K4
	LEAQ  (DI)(CX*4), R11
	LEAQ  (SI)(CX*1), R12
	DOWN(32, Y25, Y15, Y27, X29, Y0, X8, Y1, X9, Y2, X10, Y3, Y4, Y5, loop8, below, beyond8, picked8, store8, next8)

below:
	MOVQ  DX, y_base+0(FP)
	ADDQ  $16, CX
	CMPQ  CX, R10
	JLT   block
	MOVQ  h+72(FP), AX
	MOVQ  pad+88(FP), DX
	LEAQ  -1(AX)(DX*2), BX
	SHRQ  $1, BX
	IMULQ R10, BX
	LEAQ  (DI)(BX*4), DI
	IMULQ R9, AX
	ADDQ  AX, R8
	TESTQ SI, SI
	JEQ   plane
	ADDQ  BX, SI
	JMP   plane

done:
	VZEROUPPER
	RET

// FROM adds the gradients v whose places are place to sum, FIRST begins a sum, which is
// never -0. They overwrite k.
#define FROM(at, place, v, sum, k) \
	VPCMPEQB place, at, k \
	VADDPS   v, sum, k, sum

#define FIRST(at, place, v, zero, sum, k) \
	VPCMPEQB place, at, k \
	VADDPS.Z v, zero, k, sum

// PUT writes a row of dx from its even and its odd columns, which it overwrites.
#define PUT(size, even, odd, t, left, right) \
	VMOVAPS   even, t          \
	VPERMT2PS odd, left, t     \
	VPERMT2PS odd, right, even \
	VMOVUPS   t, K3, (R11)     \
	VMOVUPS   even, K4, size(R11)

// GATHER gathers the gradients of a block from the top of a plane to its bottom. An even
// row is met by two rows of windows, an even column by two of their columns: those at
// hand and those before.
//
//	R11 row of dx   R9  bytes of a row   R12 dy   R13 arg   BX  rows of dx left   AX  rows of dy left
//	DX  see AHEAD
//	K1, K2  windows at hand and before   K3, K4  columns of dx, two vectors
//	v, at       gradients of a row of windows and their places      u, by    those one column before
//	v0, at0, u0, by0   the same of the row above     even, odd, t   scratch
#define GATHER(size, zero, left, right, v, at, u, by, v0, at0, u0, by0, even, odd, t, loop, below, beyond, gathered, lower) \
	VMOVAPS zero, v0 \
	VMOVAPS zero, u0 \
loop: \
	TESTQ      AX, AX            \
	JEQ        beyond            \
	VMOVUPS.Z  (R12), K1, v      \
	VMOVUPS.Z  -4(R12), K2, u    \
	VMOVDQU8.Z (R13), K1, at     \
	VMOVDQU8.Z -1(R13), K2, by   \
	LEAQ       (R12)(R10*4), R12 \
	ADDQ       R10, R13          \
	DECQ       AX                \
gathered: \
	CMPQ R11, DI                          \
	JLT  lower                            \ // in the padding
	AHEAD(size)                           \
	FIRST(by0, EIGHT, u0, zero, even, K5) \
	FIRST(at0, SEVEN, v0, zero, odd, K6)  \
	FROM(at0, SIX, v0, even, K5)          \
	FROM(at, ONE, v, odd, K6)             \
	FROM(by, TWO, u, even, K5)            \
	FROM(at, ZERO, v, even, K6)           \
	PUT(size, even, odd, t, left, right)  \
lower: \
	DECQ     BX                          \
	JEQ      below                       \
	ADDQ     R9, R11                     \
	AHEAD(size)                          \
	FIRST(by, FIVE, u, zero, even, K5)   \
	FIRST(at, FOUR, v, zero, odd, K6)    \
	FROM(at, THREE, v, even, K5)         \
	PUT(size, even, odd, t, left, right) \
	ADDQ     R9, R11                     \
	VMOVAPS  v, v0                       \
	VMOVAPS  u, u0                       \
	VMOVDQU8 at, at0                     \
	VMOVDQU8 by, by0                     \
	DECQ     BX                          \
	JNE      loop                        \
	JMP      below                       \
beyond: \
	VMOVAPS zero, v \
	VMOVAPS zero, u \
	JMP     gathered

// func maxPool3BackwardAVX512(dx, dy []float32, arg []uint8, h, w, pad int)
//
// A plane is cut into blocks of 32 columns of dx, or 16 where no more are left. The columns
// are those of the padded plane. dx_base keeps AHEAD's place between blocks, dx_len the end of dx.
//
//	DI  dx of the plane  SI  dy of the plane     R8  arg of the plane
//	R9  bytes of a row   R10 columns of dy       CX  half the first column of the block
//	AX, BX, DX, R11 to R13  scratch, and see GATHER
//	Z15 0   Z25, Z26, Y27, Y28  left and right half of pairs   X16..X23 places
TEXT ·maxPool3BackwardAVX512(SB), NOSPLIT, $0-96
	MOVQ      dx_base+0(FP), DI
	MOVQ      dx_len+8(FP), AX
	LEAQ      (DI)(AX*4), AX
	MOVQ      AX, dx_len+8(FP)
	MOVQ      dy_base+24(FP), SI
	MOVQ      arg_base+48(FP), R8
	MOVQ      w+80(FP), R9
	MOVQ      pad+88(FP), AX
	LEAQ      -1(R9)(AX*2), R10
	SHRQ      $1, R10
	SHLQ      $2, R9
	CONSTANTS
	VPMOVZXBD pool3<>+24(SB), Z25
	VPMOVZXBD pool3<>+40(SB), Z26
	VPMOVZXBD pool3<>+56(SB), Y27
	VPMOVZXBD pool3<>+64(SB), Y28

plane:
	CMPQ  DI, dx_len+8(FP)
	JGE   done
	XORL  CX, CX
	MOVQ  h+72(FP), AX
	IMULQ R9, AX
	ADDQ  DI, AX
	MOVQ  AX, dx_base+0(FP)

block:
	MOVQ  R10, BX
	SUBQ  CX, BX
	LANEMASK(BX, AX, R12)
	KMOVW R12, K1
	MOVQ  R10, BX
	SUBQ  CX, BX
	INCQ  BX
	LANEMASK(BX, AX, R12)
	TESTQ CX, CX
	JNE   before
	ANDQ  $~1, R12

before:
	KMOVW R12, K2
	MOVQ  w+80(FP), BX
	MOVQ  pad+88(FP), DX
	EDGES(edged)
	KMOVW R11, K3
	MOVQ  R11, BX
	LEAQ  (SI)(CX*4), R12
	LEAQ  (R8)(CX*1), R13
	MOVQ  DX, AX
	IMULQ R9, AX
	LEAQ  (AX)(DX*4), AX
	LEAQ  (DI)(CX*8), R11
	SUBQ  AX, R11
	SHRQ  $16, BX
	JEQ   narrow
	KMOVW BX, K4
	MOVQ  h+72(FP), AX
	LEAQ  (AX)(DX*1), BX
	LEAQ  -1(AX)(DX*2), AX
	SHRQ  $1, AX
	MOVQ  dx_base+0(FP), DX
	GATHER(64, Z15, Z25, Z26, Z0, X8, Z1, X9, Z2, X10, Z3, X11, Z4, Z5, Z6, loop, below, beyond, gathered, lower)

narrow:
	KSHIFTRW $8, K3, K4
	MOVQ     h+72(FP), AX
	LEAQ     (AX)(DX*1), BX
	LEAQ     -1(AX)(DX*2), AX
	SHRQ     $1, AX
	MOVQ     dx_base+0(FP), DX
	GATHER(32, Y15, Y27, Y28, Y0, X8, Y1, X9, Y2, X10, Y3, X11, Y4, Y5, Y6, loop8, below, beyond8, gathered8, lower8)

below:
	MOVQ  DX, dx_base+0(FP)
	ADDQ  $16, CX
	MOVQ  w+80(FP), BX
	MOVQ  pad+88(FP), DX
	ADDQ  DX, BX
	LEAQ  (CX)(CX*1), AX
	CMPQ  AX, BX
	JLT   block
	MOVQ  h+72(FP), AX
	LEAQ  -1(AX)(DX*2), BX
	SHRQ  $1, BX
	IMULQ R10, BX
	LEAQ  (SI)(BX*4), SI
	ADDQ  BX, R8
	IMULQ R9, AX
	ADDQ  AX, DI
	JMP   plane

done:
	VZEROUPPER
	RET
