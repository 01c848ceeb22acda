//go:build !purego

#include "textflag.h"

// Patterns of places for pairs of columns, and every index twice.
DATA pool<>+0(SB)/8, $0x0000000100000000
DATA pool<>+8(SB)/8, $0x0000000300000002
DATA pool<>+16(SB)/4, $4
DATA pool<>+20(SB)/4, $2
DATA pool<>+24(SB)/8, $0x0303020201010000
DATA pool<>+32(SB)/8, $0x0707060605050404
GLOBL pool<>(SB), RODATA|NOPTR, $40

// PICK leaves the winner of a and b in a, b being later in row-major order, and
// all ones in won where it is b: b > a or b is NaN.
#define PICK(a, b, won, t) \
	VCMPPS    $0x1e, a, b, won \
	VCMPPS    $0x03, b, b, t   \
	VORPS     t, won, won      \
	VBLENDVPS won, b, a, a

// WINNERS takes elements of two rows, u, v and s, t, and leaves their maxima in
// u and the places 0..3 as integers in place. m and n are scratch. VSHUFPS
// separates even and odd columns within 128 bits only. -won is 0 or 1.
#define WINNERS(u, v, s, t, place, m, n, zero, two) \
	VSHUFPS   $0xdd, v, u, m     \
	VSHUFPS   $0x88, v, u, u     \
	VSHUFPS   $0xdd, t, s, v     \
	VSHUFPS   $0x88, t, s, s     \
	PICK(u, m, t, n)             \
	VPSUBD    t, zero, place     \
	PICK(s, v, t, n)             \
	VPSUBD    t, two, m          \
	PICK(u, s, t, n)             \
	VBLENDVPS t, m, place, place

// RELU takes the maxima in u through ReLU; where they don't stay above 0 their
// place is 4.
#define RELU(u, place, m, zero, four) \
	VCMPPS    $0x11, u, zero, m     \ // 0 < u
	VBLENDVPS m, place, four, place \
	VMAXPS    u, zero, u

// func maxPool2AVX2(y []float32, arg []uint8, x []float32, h, w int, relu bool)
//
// It needs w >= 8. A row of y is made of vectors of 8, or of 4 if it has fewer
// than 8 elements; the last vector ends with the row and may overlap the one
// before, which then writes the same values twice.
//
//	DI  y     SI  arg    R8  upper row   R9  lower row
//	R10 columns of y     R11 rows of y   R12 bytes of 2 rows of x
//	R13 end of y         BX  rows left of this plane
//	CX  column           DX  first column of the last vector     AX  scratch
//	Y0..Y3  x, then maxima in Y0         Y4  places     Y5, Y6  scratch
//	Y13 4     Y14 2      Y15 0
TEXT ·maxPool2AVX2(SB), NOSPLIT, $0-89
	MOVQ         h+72(FP), R11
	MOVQ         w+80(FP), R12
	MOVQ         y_base+0(FP), DI
	MOVQ         y_len+8(FP), R13
	LEAQ         (DI)(R13*4), R13
	MOVQ         arg_base+24(FP), SI
	MOVQ         x_base+48(FP), R8
	LEAQ         (R8)(R12*4), R9
	SHRQ         $1, R11
	MOVQ         R12, R10
	SHRQ         $1, R10
	SHLQ         $3, R12
	VPBROADCASTD pool<>+16(SB), Y13
	VPBROADCASTD pool<>+20(SB), Y14
	VPXOR        X15, X15, X15

plane:
	CMPQ DI, R13
	JGE  done
	MOVQ R11, BX

row:
	XORL CX, CX
	MOVQ R10, DX
	SUBQ $8, DX
	JLT  narrow

block:  // 8 columns of y
	VMOVUPS (R8)(CX*8), Y0
	VMOVUPS 32(R8)(CX*8), Y1
	VMOVUPS (R9)(CX*8), Y2
	VMOVUPS 32(R9)(CX*8), Y3
	WINNERS(Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y15, Y14)
	CMPB    relu+88(FP), $0
	JEQ     store
	RELU(Y0, Y4, Y5, Y15, Y13)

store:
	VPERMPD      $0xd8, Y0, Y0
	VMOVUPS      Y0, (DI)(CX*4)
	TESTQ        SI, SI
	JEQ          step
	VPERMQ       $0xd8, Y4, Y4
	VEXTRACTI128 $1, Y4, X5
	VPACKSSDW    X5, X4, X4
	VPACKUSWB    X4, X4, X4
	VMOVQ        X4, (SI)(CX*1)

step:
	ADDQ $8, CX
	CMPQ CX, DX
	JLE  block
	CMPQ CX, R10
	JGE  next
	MOVQ DX, CX
	JMP  block

narrow:
	ADDQ $4, DX

block4:  // 4 columns of y
	VMOVUPS (R8)(CX*8), X0
	VMOVUPS 16(R8)(CX*8), X1
	VMOVUPS (R9)(CX*8), X2
	VMOVUPS 16(R9)(CX*8), X3
	WINNERS(X0, X1, X2, X3, X4, X5, X6, X15, X14)
	CMPB    relu+88(FP), $0
	JEQ     store4
	RELU(X0, X4, X5, X15, X13)

store4:
	VMOVUPS   X0, (DI)(CX*4)
	TESTQ     SI, SI
	JEQ       step4
	VPACKSSDW X4, X4, X4
	VPACKUSWB X4, X4, X4
	VMOVD     X4, (SI)(CX*1)

step4:
	ADDQ $4, CX
	CMPQ CX, DX
	JLE  block4
	CMPQ CX, R10
	JGE  next
	MOVQ DX, CX
	JMP  block4

next:
	LEAQ  (DI)(R10*4), DI
	ADDQ  R12, R8
	ADDQ  R12, R9
	TESTQ SI, SI
	JEQ   rowDone
	ADDQ  R10, SI

rowDone:
	DECQ  BX
	JNE   row
	TESTQ $1, h+72(FP)
	JEQ   plane
	MOVQ  R12, AX      // the odd last row
	SHRQ  $1, AX
	ADDQ  AX, R8
	ADDQ  AX, R9
	JMP   plane

done:
	VZEROUPPER
	RET

// SPREAD turns gradients, each twice, in lo and hi, and their places in p and q,
// into elements of two rows, u, v and lo, hi: a gradient stays where the place
// is its own.
#define SPREAD(lo, hi, p, q, u, v, upper, lower) \
	VPCMPEQD p, upper, u \
	VPCMPEQD q, upper, v \
	VPCMPEQD p, lower, p \
	VPCMPEQD q, lower, q \
	VANDPS   lo, u, u    \
	VANDPS   hi, v, v    \
	VANDPS   lo, p, lo   \
	VANDPS   hi, q, hi

// func maxPool2BackwardAVX2(dx, dy []float32, arg []uint8, h, w int)
//
// It needs w >= 8, and cuts rows as maxPool2AVX2 does.
//
//	DI  upper row of dx  R9  lower row   SI  dy     R8  arg
//	R10 columns of dy    R11 rows of dy  R12 bytes of 2 rows of dx
//	R13 end of dy        BX  rows left of this plane
//	CX  column           DX  first column of the last vector     AX  scratch
//	Y0, Y1  dy, each twice     Y2, Y3  places     Y4, Y5  upper row
//	Y12, Y13  every index twice     Y14 places 0, 1     Y15 2, 3
TEXT ·maxPool2BackwardAVX2(SB), NOSPLIT, $0-88
	MOVQ         dx_base+0(FP), DI
	MOVQ         dy_base+24(FP), SI
	MOVQ         dy_len+32(FP), R13
	LEAQ         (SI)(R13*4), R13
	MOVQ         arg_base+48(FP), R8
	MOVQ         h+72(FP), R11
	MOVQ         w+80(FP), R12
	LEAQ         (DI)(R12*4), R9
	SHRQ         $1, R11
	MOVQ         R12, R10
	SHRQ         $1, R10
	SHLQ         $3, R12
	VPMOVZXBD    pool<>+24(SB), Y12
	VPMOVZXBD    pool<>+32(SB), Y13
	VPBROADCASTQ pool<>+0(SB), Y14
	VPBROADCASTQ pool<>+8(SB), Y15

plane:
	CMPQ SI, R13
	JGE  done
	MOVQ R11, BX

row:
	XORL CX, CX
	MOVQ R10, DX
	SUBQ $8, DX
	JLT  narrow

block:  // 8 columns of dy
	VMOVUPS    (SI)(CX*4), Y1
	VPERMPS    Y1, Y12, Y0
	VPERMPS    Y1, Y13, Y1
	VMOVQ      (R8)(CX*1), X2
	VPUNPCKLBW X2, X2, X2
	VPSRLDQ    $8, X2, X3
	VPMOVZXBD  X2, Y2
	VPMOVZXBD  X3, Y3
	SPREAD(Y0, Y1, Y2, Y3, Y4, Y5, Y14, Y15)
	VMOVUPS    Y4, (DI)(CX*8)
	VMOVUPS    Y5, 32(DI)(CX*8)
	VMOVUPS    Y0, (R9)(CX*8)
	VMOVUPS    Y1, 32(R9)(CX*8)
	ADDQ       $8, CX
	CMPQ       CX, DX
	JLE        block
	CMPQ       CX, R10
	JGE        next
	MOVQ       DX, CX
	JMP        block

narrow:
	ADDQ $4, DX

block4:  // 4 columns of dy
	VMOVUPS    (SI)(CX*4), X1
	VUNPCKLPS  X1, X1, X0
	VUNPCKHPS  X1, X1, X1
	VMOVD      (R8)(CX*1), X2
	VPUNPCKLBW X2, X2, X2
	VPSRLDQ    $4, X2, X3
	VPMOVZXBD  X2, X2
	VPMOVZXBD  X3, X3
	SPREAD(X0, X1, X2, X3, X4, X5, X14, X15)
	VMOVUPS    X4, (DI)(CX*8)
	VMOVUPS    X5, 16(DI)(CX*8)
	VMOVUPS    X0, (R9)(CX*8)
	VMOVUPS    X1, 16(R9)(CX*8)
	ADDQ       $4, CX
	CMPQ       CX, DX
	JLE        block4
	CMPQ       CX, R10
	JGE        next
	MOVQ       DX, CX
	JMP        block4

next:
	TESTQ $8, R12
	JEQ   even
	MOVL  $0, (DI)(R10*8) // the odd last column
	MOVL  $0, (R9)(R10*8)

even:
	LEAQ  (SI)(R10*4), SI
	ADDQ  R10, R8
	ADDQ  R12, DI
	ADDQ  R12, R9
	DECQ  BX
	JNE   row
	TESTQ $1, h+72(FP)
	JEQ   plane
	MOVQ  R12, AX         // the odd last row
	SHRQ  $1, AX
	ADDQ  AX, R9

zero:
	MOVL $0, (DI)
	ADDQ $4, DI
	SUBQ $4, AX
	JNE  zero
	JMP  plane

done:
	VZEROUPPER
	RET
