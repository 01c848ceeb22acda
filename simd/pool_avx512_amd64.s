//go:build !purego

#include "textflag.h"

// Indices that undo the order VSHUFPS leaves behind (see WINNERS), of pairs of
// float32 and of pairs of bytes; bytes 0..7 twice each; and patterns of places.
DATA pool<>+0(SB)/8, $0
DATA pool<>+8(SB)/8, $2
DATA pool<>+16(SB)/8, $4
DATA pool<>+24(SB)/8, $6
DATA pool<>+32(SB)/8, $1
DATA pool<>+40(SB)/8, $3
DATA pool<>+48(SB)/8, $5
DATA pool<>+56(SB)/8, $7
DATA pool<>+64(SB)/8, $0x0d0c090805040100
DATA pool<>+72(SB)/8, $0x0f0e0b0a07060302
DATA pool<>+80(SB)/8, $0x0303020201010000
DATA pool<>+88(SB)/8, $0x0707060605050404
DATA pool<>+96(SB)/8, $0x0b0b0a0a09090808
DATA pool<>+104(SB)/8, $0x0f0f0e0e0d0d0c0c
DATA pool<>+112(SB)/4, $0x01010101
DATA pool<>+116(SB)/4, $0x02020202
DATA pool<>+120(SB)/4, $0x03030303
DATA pool<>+124(SB)/4, $0x04040404
DATA pool<>+128(SB)/4, $0x01000100
DATA pool<>+132(SB)/4, $0x03020302
GLOBL pool<>(SB), RODATA|NOPTR, $136

// PICK leaves the winner of a and b in b, b being later in row-major order; the
// bits of keep say where it is a. b wins if b > a or b is NaN.
#define PICK(a, b, keep) \
	VCMPPS  $0x07, b, b, K7       \ // b is a number
	VCMPPS  $0x1a, a, b, K7, keep \ // and not b > a
	VMOVAPS a, keep, b

// WINNERS takes 32 elements of two rows in Z0, Z1 and Z2, Z3 and leaves their 16
// maxima in Z3, and in K1..K3 who won. VSHUFPS separates even and odd columns
// within 128 bits only; the maxima are put in order afterwards.
#define WINNERS \
	VSHUFPS $0x88, Z1, Z0, Z4 \
	VSHUFPS $0xdd, Z1, Z0, Z1 \
	VSHUFPS $0x88, Z3, Z2, Z5 \
	VSHUFPS $0xdd, Z3, Z2, Z3 \
	PICK(Z4, Z1, K1)          \
	PICK(Z5, Z3, K2)          \
	PICK(Z1, Z3, K3)

// PLACES turns K1..K3 into places 0..3 in X6, in the maxima's order.
#define PLACES \
	VPBLENDMB X10, X11, K1, X6 \
	VPBLENDMB X12, X13, K2, X7 \
	VPBLENDMB X6, X7, K3, X6

// RELUPLACES sets the place of maxima that ReLU takes away to 4.
#define RELUPLACES \
	VCMPPS    $0x11, Z3, Z10, K1 \ // 0 < maximum
	VPBLENDMB X6, X14, K1, X6

// AHEAD fetches what a few rows on will be read or written under a mask, since
// the hardware does not fetch ahead of such accesses. Addresses past the end do
// no harm.
#define AHEAD(row) \
	PREFETCHT0 1024(row) \
	PREFETCHT0 1088(row)

// func maxPool2AVX512(y []float32, arg []uint8, x []float32, h, w int, relu bool)
//
// A block is 16 columns of y or two rows of up to 8. Whole vectors serve for the
// last columns of a row too: what they read and write beyond belongs to the next
// row, which comes later. Only behind the last columns of y there is none; while 16
// of y are left, so are the elements of x.
//
//	DI  y     SI  arg    R8  upper row   R9  lower row
//	R10 columns of y     R11 rows of y   R12 2 rows of x in bytes, less what the
//	blocks have passed   R13 end of y, less a vector       BX  rows left of this plane
//	CX  columns left     DX  relu        AX  columns of this block, or 2 rows of x in bytes
//	K4  mask of y's last block           K5, K6  the same for x, two vectors
//	Z8  pairs in order   X9  bytes in order
//	Z10 0     X11 1      X12 2     X13 3     X14 4
TEXT ·maxPool2AVX512(SB), NOSPLIT, $0-89
	MOVQ    h+72(FP), R11
	MOVQ    w+80(FP), R10
	MOVQ    y_base+0(FP), DI
	MOVQ    y_len+8(FP), R13
	MOVQ    arg_base+24(FP), SI
	MOVQ    x_base+48(FP), R8
	LEAQ    (R8)(R10*4), R9
	MOVBLZX relu+88(FP), DX
	TESTQ   $1, R11
	CMOVQEQ R13, R11            // without odd rows all planes are one
	SHRQ    $1, R11
	LEAQ    -64(DI)(R13*4), R13
	MOVQ    R10, R12
	SHRQ    $1, R10
	SUBQ    R10, R12            // w - columns of y
	SHLQ    $3, R12             // 2 rows = 8w bytes, less 8 bytes a column of y

	VMOVUPS      pool<>+0(SB), Z8
	VMOVDQU      pool<>+64(SB), X9
	VPXOR        X10, X10, X10
	VPBROADCASTD pool<>+112(SB), X11
	VPBROADCASTD pool<>+116(SB), X12
	VPBROADCASTD pool<>+120(SB), X13
	VPBROADCASTD pool<>+124(SB), X14

	MOVQ  R10, CX
	ANDL  $15, CX
	MOVL  $-1, AX
	BZHIL CX, AX, BX
	KMOVW BX, K4
	ADDL  CX, CX
	BZHIL CX, AX, BX
	KMOVW BX, K5
	SHRL  $16, BX
	KMOVW BX, K6

plane:
	MOVQ R11, BX

row:
	LEAQ -64(DI), AX
	CMPQ AX, R13
	JGE  done
	MOVQ R10, CX
	CMPQ CX, $8
	JLE  narrow

columns:
	MOVL $16, AX
	CMPQ CX, AX
	JGE  block
	MOVQ CX, AX
	CMPQ DI, R13
	JGT  last

block:
	VMOVUPS (R8), Z0
	VMOVUPS 64(R8), Z1
	VMOVUPS (R9), Z2
	VMOVUPS 64(R9), Z3

winners:
	WINNERS
	TESTQ SI, SI
	JEQ   value
	PLACES
	TESTL DX, DX
	JEQ   place
	RELUPLACES

place:
	VPSHUFB X9, X6, X6

value:
	TESTL  DX, DX
	JEQ    order
	VMAXPS Z3, Z10, Z3

order:
	VPERMPD Z3, Z8, Z3
	CMPQ    R10, $8
	JLE     narrowStore
	VMOVUPS Z3, (DI)
	LEAQ    (DI)(AX*4), DI
	LEAQ    (R8)(AX*8), R8
	LEAQ    (R9)(AX*8), R9
	SUBQ    AX, CX
	TESTQ   SI, SI
	JEQ     more
	VMOVDQU X6, (SI)
	ADDQ    AX, SI

more:
	TESTQ CX, CX
	JNE   columns
	JMP   next

narrow:  // two rows of y, the second in what would be the right half of a block
	CMPQ    BX, $2
	JLT     last
	CMPQ    DI, R13
	JGT     last
	LEAQ    (R12)(R10*8), AX
	VMOVUPS (R8), Z0
	VMOVUPS (R8)(AX*1), Z1
	VMOVUPS (R9), Z2
	VMOVUPS (R9)(AX*1), Z3
	JMP     winners

narrowStore:
	VMOVUPS       Y3, (DI)
	VEXTRACTF64X4 $1, Z3, (DI)(R10*4)
	LEAQ          (DI)(R10*8), DI
	LEAQ          (R8)(AX*2), R8
	LEAQ          (R9)(AX*2), R9
	TESTQ         SI, SI
	JEQ           two
	VMOVQ         X6, (SI)
	VPEXTRQ       $1, X6, (SI)(R10*1)
	LEAQ          (SI)(R10*2), SI

two:
	SUBQ $2, BX
	JMP  rows

last:  // CX columns, fewer than 16
	VMOVUPS.Z (R8), K5, Z0
	VMOVUPS.Z 64(R8), K6, Z1
	VMOVUPS.Z (R9), K5, Z2
	VMOVUPS.Z 64(R9), K6, Z3
	WINNERS
	TESTQ     SI, SI
	JEQ       lastValue
	PLACES
	TESTL     DX, DX
	JEQ       lastPlace
	RELUPLACES

lastPlace:
	VPSHUFB  X9, X6, X6
	VMOVDQU8 X6, K4, (SI)
	ADDQ     CX, SI

lastValue:
	TESTL  DX, DX
	JEQ    lastStore
	VMAXPS Z3, Z10, Z3

lastStore:
	VPERMPD Z3, Z8, Z3
	VMOVUPS Z3, K4, (DI)
	LEAQ    (DI)(CX*4), DI
	LEAQ    (R8)(CX*8), R8
	LEAQ    (R9)(CX*8), R9

next:
	ADDQ R12, R8
	ADDQ R12, R9
	DECQ BX

rows:
	TESTQ BX, BX
	JNE   row
	TESTQ $1, h+72(FP)
	JEQ   plane
	MOVQ  w+80(FP), AX   // the odd last row
	LEAQ  (R8)(AX*4), R8
	LEAQ  (R9)(AX*4), R9
	JMP   plane

done:
	VZEROUPPER
	RET

// SPREAD turns 16 gradients in Z0 and their places in X1 into 32 elements of two
// rows, Z4, Z5 and Z6, Z7: each gradient twice, kept where the place is its own.
#define SPREAD \
	VPUNPCKLBW X1, X1, X2  \
	VPUNPCKHBW X1, X1, X3  \
	VPERMPS    Z0, Z8, Z1  \
	VPERMPS    Z0, Z9, Z0  \
	VPCMPEQB   X2, X11, K1 \
	VPCMPEQB   X3, X11, K2 \
	VPCMPEQB   X2, X12, K3 \
	VPCMPEQB   X3, X12, K7 \
	VMOVAPS.Z  Z1, K1, Z4  \
	VMOVAPS.Z  Z0, K2, Z5  \
	VMOVAPS.Z  Z1, K3, Z6  \
	VMOVAPS.Z  Z0, K7, Z7

// func maxPool2BackwardAVX512(dx, dy []float32, arg []uint8, h, w int)
//
//	DI  upper row of dx  R9  lower row   SI  dy     R8  arg
//	R10 columns of dy    R11 rows of dy  R12 2 rows of dx in bytes, less what
//	the blocks have passed               R13 end of dy     BX  rows left
//	CX  columns left     AX  scratch     DX  w
//	K4  mask of dy's last block          K5, K6  the same for dx, two vectors
//	Z8, Z9  every index twice            Z10 0      X11 places 0, 1    X12 2, 3
TEXT ·maxPool2BackwardAVX512(SB), NOSPLIT, $0-88
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ dy_len+32(FP), R13
	LEAQ (SI)(R13*4), R13
	MOVQ arg_base+48(FP), R8
	MOVQ h+72(FP), R11
	MOVQ w+80(FP), DX
	LEAQ (DI)(DX*4), R9
	SHRQ $1, R11
	MOVQ DX, R10
	SHRQ $1, R10
	MOVQ DX, R12
	SUBQ R10, R12
	SHLQ $3, R12

	VPMOVZXBD    pool<>+80(SB), Z8
	VPMOVZXBD    pool<>+96(SB), Z9
	VPXOR        X10, X10, X10
	VPBROADCASTD pool<>+128(SB), X11
	VPBROADCASTD pool<>+132(SB), X12

	MOVQ  R10, CX
	ANDL  $15, CX
	MOVL  $-1, AX
	BZHIL CX, AX, BX
	KMOVW BX, K4
	ADDL  CX, CX
	BZHIL CX, AX, BX
	KMOVW BX, K5
	SHRL  $16, BX
	KMOVW BX, K6

plane:
	CMPQ SI, R13
	JGE  done
	MOVQ R11, BX

row:
	MOVQ R10, CX
	SUBQ $16, CX
	JLT  last

block:  // 16 columns of dy
	VMOVUPS (SI), Z0
	VMOVDQU (R8), X1
	SPREAD
	VMOVUPS Z4, (DI)
	VMOVUPS Z5, 64(DI)
	VMOVUPS Z6, (R9)
	VMOVUPS Z7, 64(R9)
	ADDQ    $64, SI
	ADDQ    $16, R8
	ADDQ    $128, DI
	ADDQ    $128, R9
	SUBQ    $16, CX
	JGE     block

last:  // 0 <= CX+16 < 16 columns
	ADDQ       $16, CX
	JEQ        next
	VMOVUPS.Z  (SI), K4, Z0
	VMOVDQU8.Z (R8), K4, X1
	PREFETCHT0 512(SI)
	PREFETCHT0 256(R8)
	AHEAD(DI)
	AHEAD(R9)
	SPREAD
	VMOVUPS    Z4, K5, (DI)
	VMOVUPS    Z5, K6, 64(DI)
	VMOVUPS    Z6, K5, (R9)
	VMOVUPS    Z7, K6, 64(R9)
	LEAQ       (SI)(CX*4), SI
	ADDQ       CX, R8
	LEAQ       (DI)(CX*8), DI
	LEAQ       (R9)(CX*8), R9

next:
	TESTQ $1, DX
	JEQ   even
	MOVL  $0, (DI) // the odd last column
	MOVL  $0, (R9)

even:
	ADDQ  R12, DI
	ADDQ  R12, R9
	DECQ  BX
	JNE   row
	TESTQ $1, h+72(FP)
	JEQ   plane
	XORL  AX, AX       // the odd last row

zero:
	MOVL $0, (DI)(AX*4)
	INCQ AX
	CMPQ AX, DX
	JLT  zero
	LEAQ (DI)(DX*4), DI
	LEAQ (R9)(DX*4), R9
	JMP  plane

done:
	VZEROUPPER
	RET
