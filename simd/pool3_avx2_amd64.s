//go:build !purego

#include "textflag.h"

DATA pool3<>+0(SB)/4, $1
GLOBL pool3<>(SB), RODATA|NOPTR, $4

// COLUMNS reads the columns 2j, 2j+1 and 2j+2 of a row into a, b and c, as many
// j as fit a vector, whose size is given in bytes. VSHUFPS separates even and odd
// columns within 128 bits only. d is scratch.
#define COLUMNS(row, size, a, b, c, d) \
	VMOVUPS (row)(CX*8), a       \
	VMOVUPS size(row)(CX*8), d   \
	VSHUFPS $0xdd, d, a, b       \
	VSHUFPS $0x88, d, a, a       \
	VMOVUPS 4(row)(CX*8), c      \
	VMOVUPS 4+size(row)(CX*8), d \
	VSHUFPS $0xdd, d, c, c

// PICK lets v, at the next place, win where it is above the best or NaN.
#define PICK(v, best, at, place, one, m, n) \
	VPADDD    one, place, place   \
	VCMPPS    $0x1e, best, v, m   \
	VCMPPS    $0x03, v, v, n      \
	VORPS     n, m, m             \
	VBLENDVPS m, v, best, best    \
	VBLENDVPS m, place, at, at

// WINNERS leaves the maxima of a vector of windows in best, their places 0..8 as
// integers in at, and 9 in place.
#define WINNERS(size, best, at, place, one, a, b, c, m, n) \
	VXORPS at, at, at                    \
	VXORPS place, place, place           \
	COLUMNS(R8, size, best, b, c, m)     \
	PICK(b, best, at, place, one, m, n)  \
	PICK(c, best, at, place, one, m, n)  \
	COLUMNS(R9, size, a, b, c, m)        \
	PICK(a, best, at, place, one, m, n)  \
	PICK(b, best, at, place, one, m, n)  \
	PICK(c, best, at, place, one, m, n)  \
	COLUMNS(R10, size, a, b, c, m)       \
	PICK(a, best, at, place, one, m, n)  \
	PICK(b, best, at, place, one, m, n)  \
	PICK(c, best, at, place, one, m, n)  \
	VPADDD one, place, place

// RELU takes the maxima through ReLU; where they don't stay above 0 their place
// is nine.
#define RELU(best, at, nine, zero, m) \
	VCMPPS    $0x11, best, zero, m \ // 0 < best
	VBLENDVPS m, at, nine, at      \
	VMAXPS    best, zero, best

// func maxPool3AVX2(y []float32, arg []uint8, x []float32, h, w int, relu bool)
//
// It needs w >= 9. A row of y is made of vectors of 8, or of 4 if it has fewer
// than 8 elements; the last vector ends with the row and may overlap the one
// before, which then writes the same values twice.
//
//	DI  y     SI  arg    R8, R9, R10  rows of x      R11 columns of y
//	R12 bytes of 2 rows of x          R13 end of y   BX  rows left of this plane
//	CX  column           DX  first column of the last vector     AX  scratch
//	Y0  maxima           Y1  places   Y2  place of the pick at hand
//	Y3..Y7 scratch       Y14 1        Y15 0
TEXT ·maxPool3AVX2(SB), NOSPLIT, $0-89
	MOVQ         w+80(FP), R11
	MOVQ         y_base+0(FP), DI
	MOVQ         y_len+8(FP), R13
	LEAQ         (DI)(R13*4), R13
	MOVQ         arg_base+24(FP), SI
	MOVQ         x_base+48(FP), R8
	LEAQ         (R8)(R11*4), R9
	LEAQ         (R9)(R11*4), R10
	MOVQ         R11, R12
	SHLQ         $3, R12
	DECQ         R11
	SHRQ         $1, R11
	VPBROADCASTD pool3<>+0(SB), Y14
	VXORPS       X15, X15, X15

plane:
	CMPQ DI, R13
	JGE  done
	MOVQ h+72(FP), BX
	DECQ BX
	SHRQ $1, BX

row:
	XORL CX, CX
	MOVQ R11, DX
	SUBQ $8, DX
	JLT  narrow

block:  // 8 columns of y
	WINNERS(32, Y0, Y1, Y2, Y14, Y3, Y4, Y5, Y6, Y7)
	CMPB relu+88(FP), $0
	JEQ  store
	RELU(Y0, Y1, Y2, Y15, Y3)

store:
	VPERMPD      $0xd8, Y0, Y0
	VMOVUPS      Y0, (DI)(CX*4)
	TESTQ        SI, SI
	JEQ          step
	VPERMQ       $0xd8, Y1, Y1
	VEXTRACTI128 $1, Y1, X2
	VPACKSSDW    X2, X1, X1
	VPACKUSWB    X1, X1, X1
	VMOVQ        X1, (SI)(CX*1)

step:
	ADDQ $8, CX
	CMPQ CX, DX
	JLE  block
	CMPQ CX, R11
	JGE  next
	MOVQ DX, CX
	JMP  block

narrow:
	ADDQ $4, DX

block4:  // 4 columns of y
	WINNERS(16, X0, X1, X2, X14, X3, X4, X5, X6, X7)
	CMPB relu+88(FP), $0
	JEQ  store4
	RELU(X0, X1, X2, X15, X3)

store4:
	VMOVUPS   X0, (DI)(CX*4)
	TESTQ     SI, SI
	JEQ       step4
	VPACKSSDW X1, X1, X1
	VPACKUSWB X1, X1, X1
	VMOVD     X1, (SI)(CX*1)

step4:
	ADDQ $4, CX
	CMPQ CX, DX
	JLE  block4
	CMPQ CX, R11
	JGE  next
	MOVQ DX, CX
	JMP  block4

next:
	LEAQ  (DI)(R11*4), DI
	ADDQ  R12, R8
	ADDQ  R12, R9
	ADDQ  R12, R10
	TESTQ SI, SI
	JEQ   rowDone
	ADDQ  R11, SI

rowDone:
	DECQ  BX
	JNE   row
	MOVQ  R9, R8         // the last row that a window covers is 1 row on,
	TESTQ $1, h+72(FP)   // an even h has another
	JNE   nextPlane
	MOVQ  R10, R8

nextPlane:
	MOVQ R12, AX
	SHRQ $1, AX
	LEAQ (R8)(AX*1), R9
	LEAQ (R9)(AX*1), R10
	JMP  plane

done:
	VZEROUPPER
	RET
