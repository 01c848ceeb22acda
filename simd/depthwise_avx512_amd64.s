//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "bounds_amd64.h"

// Four rows of 16 results are summed up at a time, in Z0 to Z3. Each row of X that
// they meet is read once for each column of the filter, whose taps are all in
// registers, and multiplied into the sums that meet it: while the last sum has the
// first row of the filter, the first sum has a later one.

// The columns of a row of X, under the masks of what lies in the plane.
#define COLUMN0 VMOVUPS.Z (R11), K1, Z4
#define COLUMN1 VMOVUPS.Z (R11)(R12*1), K2, Z4
#define COLUMN2 VMOVUPS.Z (R11)(R12*2), K3, Z4
#define COLUMN3 VMOVUPS.Z (R11)(R13*1), K4, Z4
#define COLUMN4 VMOVUPS.Z (R11)(R12*4), K5, Z4

// ADDij adds a column times a tap each to the sums i to j.
#define ADD00(a) \
	VFMADD231PS a, Z4, Z0
#define ADD01(a, b) \
	VFMADD231PS a, Z4, Z0 \
	VFMADD231PS b, Z4, Z1
#define ADD02(a, b, c) \
	VFMADD231PS a, Z4, Z0 \
	VFMADD231PS b, Z4, Z1 \
	VFMADD231PS c, Z4, Z2
#define ADD03(a, b, c, d) \
	VFMADD231PS a, Z4, Z0 \
	VFMADD231PS b, Z4, Z1 \
	VFMADD231PS c, Z4, Z2 \
	VFMADD231PS d, Z4, Z3
#define ADD12(a, b) \
	VFMADD231PS a, Z4, Z1 \
	VFMADD231PS b, Z4, Z2
#define ADD13(a, b, c) \
	VFMADD231PS a, Z4, Z1 \
	VFMADD231PS b, Z4, Z2 \
	VFMADD231PS c, Z4, Z3
#define ADD23(a, b) \
	VFMADD231PS a, Z4, Z2 \
	VFMADD231PS b, Z4, Z3
#define ADD33(a) \
	VFMADD231PS a, Z4, Z3
// MET goes to skip unless row CX of X is in the plane.
#define MET(skip) \
	CMPQ CX, R8 \
	JCC  skip

// NEXT steps to the next row of X.
#define NEXT \
	INCQ CX      \
	ADDQ R9, R11

// INSIDE sets DX to the columns of X from 8 before column SI on, a bit each, that are in
// the plane.
#define INSIDE \
	MOVQ    xn-48(SP), AX   \
	SUBQ    SI, AX          \
	ADDQ    $8, AX          \
	MOVL    $63, BX         \
	CMPQ    AX, BX          \
	CMOVQGT BX, AX          \
	MOVQ    $-1, DX         \
	BZHIQ   AX, DX, DX      \
	XORL    BX, BX          \
	MOVL    $8, AX          \
	SUBQ    SI, AX          \
	CMOVQLT BX, AX          \
	SHRXQ   AX, DX, DX      \
	SHLXQ   AX, DX, DX

// MASK sets k to those that a column of the filter meets, from bit BX on, and steps to
// the next column.
#define MASK(k) \
	SHRXQ BX, DX, AX \
	KMOVW AX, k      \
	ADDQ  R10, BX

// BEGIN sets the masks of the strip, those of 3 columns, points R11 and CX to the first
// row of X that its results meet and begins its sums at the bias.
#define BEGIN \
	INSIDE                          \
	MOVQ         first-64(SP), BX   \
	ADDQ         $8, BX             \
	MOVQ         R12, R10           \
	SARQ         $2, R10            \
	MASK(K1)                        \
	MASK(K2)                        \
	MASK(K3)                        \
	MOVQ         at-128(SP), CX     \
	SUBQ         top-72(SP), CX     \
	MOVQ         CX, R11            \
	IMULQ        R9, R11            \
	ADDQ         x-16(SP), R11      \
	MOVQ         first-64(SP), AX   \
	ADDQ         SI, AX             \
	LEAQ         (R11)(AX*4), R11   \
	VBROADCASTSS bias-80(SP), Z0    \
	VMOVAPS      Z0, Z1             \
	VMOVAPS      Z0, Z2             \
	VMOVAPS      Z0, Z3

// FINISH applies the activation and writes the strip.
#define FINISH \
	MOVL    $-1, AX            \
	MOVQ    n-40(SP), BX       \
	SUBQ    SI, BX             \
	MOVL    $16, DX            \
	CMPQ    BX, DX             \
	CMOVQGT DX, BX             \
	BZHIL   BX, AX, AX         \
	KMOVW   AX, K6             \
	MOVQ    ystep-96(SP), R10  \
	LEAQ    (DI)(R10*2), AX    \
	VMAXPS  Z0, Z5, Z0         \
	VMAXPS  Z1, Z5, Z1         \
	VMAXPS  Z2, Z5, Z2         \
	VMAXPS  Z3, Z5, Z3         \
	VMINPS  Z0, Z6, Z0         \
	VMINPS  Z1, Z6, Z1         \
	VMINPS  Z2, Z6, Z2         \
	VMINPS  Z3, Z6, Z3         \
	VMOVUPS Z0, K6, (DI)       \
	VMOVUPS Z1, K6, (DI)(R10*1) \
	VMOVUPS Z2, K6, (AX)       \
	VMOVUPS Z3, K6, (AX)(R10*1)

// MORE goes to strip for the next one of the rows, to rows for the next four rows. The
// last four end with the plane and may overlap those before, which then writes the same
// values twice.
#define MORE(rows, strip, last) \
	ADDQ    $64, DI         \
	ADDQ    $16, SI         \
	CMPQ    SI, n-40(SP)    \
	JLT     strip           \
	MOVQ    row-56(SP), AX  \
	ADDQ    $4, AX          \
	MOVQ    rows-88(SP), BX \
	CMPQ    AX, BX          \
	JGE     last            \
	SUBQ    $4, BX          \
	CMPQ    AX, BX          \
	CMOVQGT BX, AX          \
	MOVQ    AX, row-56(SP)  \
	JMP     rows

// ROW points DI to the first result of the rows at hand. If rows run upwards it takes the
// upper ones first nevertheless, as memory is fetched ahead.
#define ROW \
	MOVQ    row-56(SP), DI   \
	MOVQ    rows-88(SP), AX  \
	SUBQ    $4, AX           \
	SUBQ    DI, AX           \
	TESTQ   R12, R12         \
	CMOVQLT AX, DI           \
	MOVQ    DI, at-128(SP)   \
	IMULQ   ystep-96(SP), DI \
	ADDQ    y-24(SP), DI     \
	XORL    SI, SI

// func depthwiseRowsAVX512(p *DepthwiseRows)
//
// Rows run downwards or, for filters turned around, upwards, columns of the filter to the
// right or to the left.
//
//	DI  y at the strip   SI  column     R8  rows of x     CX  row of x
//	R9  bytes to the next row of x      R11 x there       R12 bytes to the next column
//	R13 3 times that     AX, BX, DX, R10  scratch
//	Z0..Z3  sums         Z4  x          Z5, Z6  bounds    Z7..Z31  taps
//	K1..K5  columns that are in the plane                 K6  of the results
TEXT ·depthwiseRowsAVX512(SB), NOSPLIT, $128-8
	MOVQ         p+0(FP), DI
	MOVQ         DepthwiseRows_W(DI), AX
	MOVQ         AX, w-8(SP)
	MOVQ         DepthwiseRows_Bias(DI), AX
	MOVQ         AX, biases-120(SP)
	MOVL         $0, bias-80(SP)
	MOVQ         DepthwiseRows_Planes(DI), AX
	MOVQ         AX, planes-32(SP)
	MOVQ         DepthwiseRows_N(DI), BX
	MOVQ         BX, n-40(SP)
	MOVQ         DepthwiseRows_XN(DI), R9
	MOVQ         R9, xn-48(SP)
	MOVQ         DepthwiseRows_Rows(DI), CX
	MOVQ         CX, rows-88(SP)
	MOVQ         DepthwiseRows_XRows(DI), R8
	MOVQ         DepthwiseRows_Top(DI), DX
	MOVQ         DepthwiseRows_Left(DI), R11
	MOVQ         DepthwiseRows_X(DI), SI
	MOVQ         DepthwiseRows_Y(DI), R10
	SHLQ         $2, BX
	SHLQ         $2, R9
	MOVQ         BX, AX
	IMULQ        CX, AX
	MOVQ         AX, yplane-112(SP)
	MOVQ         R9, AX
	IMULQ        R8, AX
	MOVQ         AX, xplane-104(SP)
	MOVL         $4, R12
	NEGQ         R11
	CMPB         DepthwiseRows_Turned(DI), $0
	JEQ          straight
	ADDQ         xplane-104(SP), SI
	SUBQ         R9, SI
	ADDQ         yplane-112(SP), R10
	SUBQ         BX, R10
	NEGQ         R9
	NEGQ         BX
	NEGQ         R12
	NEGQ         R11
	ADDQ         CX, DX
	SUBQ         R8, DX

straight:
	MOVQ         SI, x-16(SP)
	MOVQ         R10, y-24(SP)
	MOVQ         BX, ystep-96(SP)
	MOVQ         R11, first-64(SP)
	MOVQ         DX, top-72(SP)
	LEAQ         (R12)(R12*2), R13
	MOVQ         DepthwiseRows_Act(DI), AX
	LEAQ         lower<>(SB), CX
	VBROADCASTSS (CX)(AX*4), Z5
	UPPER(AX, CX)
	VBROADCASTSS (CX), Z6
	MOVQ         DepthwiseRows_Side(DI), BX
	CMPQ         BX, $5
	JEQ          plane5

plane3:
	MOVQ         w-8(SP), AX
	VBROADCASTSS 0(AX), Z7
	VBROADCASTSS 4(AX), Z8
	VBROADCASTSS 8(AX), Z9
	VBROADCASTSS 12(AX), Z10
	VBROADCASTSS 16(AX), Z11
	VBROADCASTSS 20(AX), Z12
	VBROADCASTSS 24(AX), Z13
	VBROADCASTSS 28(AX), Z14
	VBROADCASTSS 32(AX), Z15
	ADDQ         $36, w-8(SP)
	MOVQ         biases-120(SP), AX
	TESTQ        AX, AX
	JEQ          unbiased3
	MOVL         (AX), BX
	MOVL         BX, bias-80(SP)
	ADDQ         $4, biases-120(SP)

unbiased3:
	MOVQ         $0, row-56(SP)

rows3:
	ROW

strip3:
	BEGIN
	MET(skip3x0)
	COLUMN0
	ADD00(Z7)
	COLUMN1
	ADD00(Z8)
	COLUMN2
	ADD00(Z9)

skip3x0:
	NEXT
	MET(skip3x1)
	COLUMN0
	ADD01(Z10, Z7)
	COLUMN1
	ADD01(Z11, Z8)
	COLUMN2
	ADD01(Z12, Z9)

skip3x1:
	NEXT
	MET(skip3x2)
	COLUMN0
	ADD02(Z13, Z10, Z7)
	COLUMN1
	ADD02(Z14, Z11, Z8)
	COLUMN2
	ADD02(Z15, Z12, Z9)

skip3x2:
	NEXT
	MET(skip3x3)
	COLUMN0
	ADD13(Z13, Z10, Z7)
	COLUMN1
	ADD13(Z14, Z11, Z8)
	COLUMN2
	ADD13(Z15, Z12, Z9)

skip3x3:
	NEXT
	MET(skip3x4)
	COLUMN0
	ADD23(Z13, Z10)
	COLUMN1
	ADD23(Z14, Z11)
	COLUMN2
	ADD23(Z15, Z12)

skip3x4:
	NEXT
	MET(skip3x5)
	COLUMN0
	ADD33(Z13)
	COLUMN1
	ADD33(Z14)
	COLUMN2
	ADD33(Z15)

skip3x5:	FINISH
	MORE(rows3, strip3, last3)

last3:
	MOVQ         xplane-104(SP), AX
	ADDQ         AX, x-16(SP)
	MOVQ         yplane-112(SP), AX
	ADDQ         AX, y-24(SP)
	DECQ         planes-32(SP)
	JNE          plane3
	VZEROUPPER
	RET

plane5:
	MOVQ         w-8(SP), AX
	VBROADCASTSS 0(AX), Z7
	VBROADCASTSS 4(AX), Z8
	VBROADCASTSS 8(AX), Z9
	VBROADCASTSS 12(AX), Z10
	VBROADCASTSS 16(AX), Z11
	VBROADCASTSS 20(AX), Z12
	VBROADCASTSS 24(AX), Z13
	VBROADCASTSS 28(AX), Z14
	VBROADCASTSS 32(AX), Z15
	VBROADCASTSS 36(AX), Z16
	VBROADCASTSS 40(AX), Z17
	VBROADCASTSS 44(AX), Z18
	VBROADCASTSS 48(AX), Z19
	VBROADCASTSS 52(AX), Z20
	VBROADCASTSS 56(AX), Z21
	VBROADCASTSS 60(AX), Z22
	VBROADCASTSS 64(AX), Z23
	VBROADCASTSS 68(AX), Z24
	VBROADCASTSS 72(AX), Z25
	VBROADCASTSS 76(AX), Z26
	VBROADCASTSS 80(AX), Z27
	VBROADCASTSS 84(AX), Z28
	VBROADCASTSS 88(AX), Z29
	VBROADCASTSS 92(AX), Z30
	VBROADCASTSS 96(AX), Z31
	ADDQ         $100, w-8(SP)
	MOVQ         biases-120(SP), AX
	TESTQ        AX, AX
	JEQ          unbiased5
	MOVL         (AX), BX
	MOVL         BX, bias-80(SP)
	ADDQ         $4, biases-120(SP)

unbiased5:
	MOVQ         $0, row-56(SP)

rows5:
	ROW

strip5:
	BEGIN
	MASK(K4)
	MASK(K5)
	MET(skip5x0)
	COLUMN0
	ADD00(Z7)
	COLUMN1
	ADD00(Z8)
	COLUMN2
	ADD00(Z9)
	COLUMN3
	ADD00(Z10)
	COLUMN4
	ADD00(Z11)

skip5x0:
	NEXT
	MET(skip5x1)
	COLUMN0
	ADD01(Z12, Z7)
	COLUMN1
	ADD01(Z13, Z8)
	COLUMN2
	ADD01(Z14, Z9)
	COLUMN3
	ADD01(Z15, Z10)
	COLUMN4
	ADD01(Z16, Z11)

skip5x1:
	NEXT
	MET(skip5x2)
	COLUMN0
	ADD02(Z17, Z12, Z7)
	COLUMN1
	ADD02(Z18, Z13, Z8)
	COLUMN2
	ADD02(Z19, Z14, Z9)
	COLUMN3
	ADD02(Z20, Z15, Z10)
	COLUMN4
	ADD02(Z21, Z16, Z11)

skip5x2:
	NEXT
	MET(skip5x3)
	COLUMN0
	ADD03(Z22, Z17, Z12, Z7)
	COLUMN1
	ADD03(Z23, Z18, Z13, Z8)
	COLUMN2
	ADD03(Z24, Z19, Z14, Z9)
	COLUMN3
	ADD03(Z25, Z20, Z15, Z10)
	COLUMN4
	ADD03(Z26, Z21, Z16, Z11)

skip5x3:
	NEXT
	MET(skip5x4)
	COLUMN0
	ADD03(Z27, Z22, Z17, Z12)
	COLUMN1
	ADD03(Z28, Z23, Z18, Z13)
	COLUMN2
	ADD03(Z29, Z24, Z19, Z14)
	COLUMN3
	ADD03(Z30, Z25, Z20, Z15)
	COLUMN4
	ADD03(Z31, Z26, Z21, Z16)

skip5x4:
	NEXT
	MET(skip5x5)
	COLUMN0
	ADD13(Z27, Z22, Z17)
	COLUMN1
	ADD13(Z28, Z23, Z18)
	COLUMN2
	ADD13(Z29, Z24, Z19)
	COLUMN3
	ADD13(Z30, Z25, Z20)
	COLUMN4
	ADD13(Z31, Z26, Z21)

skip5x5:
	NEXT
	MET(skip5x6)
	COLUMN0
	ADD23(Z27, Z22)
	COLUMN1
	ADD23(Z28, Z23)
	COLUMN2
	ADD23(Z29, Z24)
	COLUMN3
	ADD23(Z30, Z25)
	COLUMN4
	ADD23(Z31, Z26)

skip5x6:
	NEXT
	MET(skip5x7)
	COLUMN0
	ADD33(Z27)
	COLUMN1
	ADD33(Z28)
	COLUMN2
	ADD33(Z29)
	COLUMN3
	ADD33(Z30)
	COLUMN4
	ADD33(Z31)

skip5x7:	FINISH
	MORE(rows5, strip5, last5)

last5:
	MOVQ         xplane-104(SP), AX
	ADDQ         AX, x-16(SP)
	MOVQ         yplane-112(SP), AX
	ADDQ         AX, y-24(SP)
	DECQ         planes-32(SP)
	JNE          plane5
	VZEROUPPER
	RET

// WMASK sets k to what a column of the filter meets, bits BX and up of DX, and steps to the
// next column.
#define WMASK(k) \
	SHRXQ BX, DX, AX \
	KMOVW AX, k      \
	INCQ  BX

// WMASKS sets the masks of 3 columns of the filter and, K6, of the gradients from column SI on.
#define WMASKS \
	MOVL    $-1, AX       \
	MOVQ    n-40(SP), BX  \
	SUBQ    SI, BX        \
	MOVL    $16, DX       \
	CMPQ    BX, DX        \
	CMOVQGT DX, BX        \
	BZHIL   BX, AX, AX    \
	KMOVW   AX, K6        \
	INSIDE                \
	MOVL    $8, BX        \
	SUBQ    left-64(SP), BX \
	WMASK(K1)             \
	WMASK(K2)             \
	WMASK(K3)

// GROUP leaves sums of 4 lanes each of a, b, c and d in the quarters of a.
#define GROUP(a, b, c, d, t) \
	VSHUFF64X2 $0x44, b, a, t \
	VSHUFF64X2 $0xee, b, a, a \
	VADDPS     t, a, a        \
	VSHUFF64X2 $0x44, d, c, t \
	VSHUFF64X2 $0xee, d, c, c \
	VADDPS     t, c, c        \
	VSHUFF64X2 $0x88, c, a, t \
	VSHUFF64X2 $0xdd, c, a, a \
	VADDPS     t, a, a

// UNITE leaves the sums of the quarters of a, b, c and d, first those of the first
// quarters, in a.
#define UNITE(a, b, c, d, t) \
	VUNPCKLPD b, a, t        \
	VUNPCKHPD b, a, a        \
	VADDPS    t, a, a        \
	VUNPCKLPD d, c, t        \
	VUNPCKHPD d, c, c        \
	VADDPS    t, c, c        \
	VSHUFPS   $0x88, c, a, t \
	VSHUFPS   $0xdd, c, a, a \
	VADDPS    t, a, a

// FOLD9 leaves the sums of nine taps' lanes, folded 16-8-4-2-1, in a.
#define FOLD9(a, b, c, d, e, f, g, h, i, t) \
	GROUP(a, e, i, i, t) \
	GROUP(b, f, f, f, t) \
	GROUP(c, g, g, g, t) \
	GROUP(d, h, h, h, t) \
	UNITE(a, b, c, d, t)

#define ROW30 \
	VFMADD231PS Z0, Z5, K6, Z7 \
	VFMADD231PS Z1, Z5, K6, Z8 \
	VFMADD231PS Z2, Z5, K6, Z9
#define ROW31 \
	VFMADD231PS Z0, Z5, K6, Z10 \
	VFMADD231PS Z1, Z5, K6, Z11 \
	VFMADD231PS Z2, Z5, K6, Z12
#define ROW32 \
	VFMADD231PS Z0, Z5, K6, Z13 \
	VFMADD231PS Z1, Z5, K6, Z14 \
	VFMADD231PS Z2, Z5, K6, Z15
#define ROW50 \
	VFMADD231PS Z0, Z5, K6, Z7 \
	VFMADD231PS Z1, Z5, K6, Z8 \
	VFMADD231PS Z2, Z5, K6, Z9 \
	VFMADD231PS Z3, Z5, K6, Z10 \
	VFMADD231PS Z4, Z5, K6, Z11
#define ROW51 \
	VFMADD231PS Z0, Z5, K6, Z12 \
	VFMADD231PS Z1, Z5, K6, Z13 \
	VFMADD231PS Z2, Z5, K6, Z14 \
	VFMADD231PS Z3, Z5, K6, Z15 \
	VFMADD231PS Z4, Z5, K6, Z16
#define ROW52 \
	VFMADD231PS Z0, Z5, K6, Z17 \
	VFMADD231PS Z1, Z5, K6, Z18 \
	VFMADD231PS Z2, Z5, K6, Z19 \
	VFMADD231PS Z3, Z5, K6, Z20 \
	VFMADD231PS Z4, Z5, K6, Z21
#define ROW53 \
	VFMADD231PS Z0, Z5, K6, Z22 \
	VFMADD231PS Z1, Z5, K6, Z23 \
	VFMADD231PS Z2, Z5, K6, Z24 \
	VFMADD231PS Z3, Z5, K6, Z25 \
	VFMADD231PS Z4, Z5, K6, Z26
#define ROW54 \
	VFMADD231PS Z0, Z5, K6, Z27 \
	VFMADD231PS Z1, Z5, K6, Z28 \
	VFMADD231PS Z2, Z5, K6, Z29 \
	VFMADD231PS Z3, Z5, K6, Z30 \
	VFMADD231PS Z4, Z5, K6, Z31

// MEETS goes to skip unless row CX of the gradient is in its plane, otherwise loads it.
#define MEETS(skip) \
	CMPQ      CX, R8        \
	JCC       skip          \
	VMOVUPS.Z (DX), K6, Z5

// ABOVE steps to the row of the gradient above.
#define ABOVE \
	DECQ CX      \
	SUBQ R10, DX

// func depthwiseRowsWeightsAVX512(p *DepthwiseRows)
//
//	DI  gradient that the upper row of the filter meets     SI  column
//	R8  rows of the gradient       R9  rows of x left       R10 bytes of a row of the gradient
//	R11 x                R12 w     R13 row of the gradient  CX, DX  the same for another row
//	AX, BX  scratch      Z0..Z4  x         Z5  gradient     Z6  scratch      Z7..Z31  sums
//	K1..K5  columns that are in the plane                   K6  of the gradient
//	K7  the last 9 taps
TEXT ·depthwiseRowsWeightsAVX512(SB), NOSPLIT, $96-8
	MOVQ  p+0(FP), R13
	MOVQ  DepthwiseRows_W(R13), R12
	MOVQ  DepthwiseRows_Planes(R13), AX
	MOVQ  AX, planes-32(SP)
	MOVQ  DepthwiseRows_N(R13), R10
	MOVQ  R10, n-40(SP)
	MOVQ  DepthwiseRows_XN(R13), R9
	MOVQ  R9, xn-48(SP)
	MOVQ  DepthwiseRows_Rows(R13), R8
	MOVQ  DepthwiseRows_XRows(R13), AX
	MOVQ  AX, xrows-16(SP)
	MOVQ  DepthwiseRows_Left(R13), BX
	MOVQ  BX, left-64(SP)
	MOVQ  DepthwiseRows_X(R13), R11
	MOVQ  DepthwiseRows_Y(R13), DI
	SHLQ  $2, R9
	SHLQ  $2, R10
	IMULQ R9, AX
	MOVQ  AX, xplane-72(SP)
	MOVQ  R10, AX
	IMULQ R8, AX
	MOVQ  AX, yplane-80(SP)

	// From behind the last strip of a row to the next row.
	MOVQ  n-40(SP), SI
	ADDQ  $15, SI
	ANDQ  $-16, SI
	SHLQ  $2, SI
	SUBQ  SI, R9
	MOVQ  R9, xnext-88(SP)
	MOVQ  R10, AX
	SUBQ  SI, AX
	MOVQ  AX, ynext-96(SP)

	// To where the first tap of the upper row meets the plane.
	SHLQ  $2, BX
	SUBQ  BX, R11
	MOVQ  DepthwiseRows_Top(R13), AX
	MOVQ  AX, top-56(SP)
	IMULQ R10, AX
	ADDQ  AX, DI
	MOVQ  R11, x-8(SP)
	MOVQ  DI, y-24(SP)
	MOVL  $0x1ff, AX
	KMOVW AX, K7
	XORL  SI, SI
	MOVQ  DepthwiseRows_Side(R13), CX
	WMASKS
	CMPQ  CX, $5
	JEQ   five


plane3:
	VPXORD Z7, Z7, Z7
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15
	MOVQ x-8(SP), R11
	MOVQ y-24(SP), DI
	MOVQ top-56(SP), R13
	MOVQ xrows-16(SP), R9

row3:
	XORL SI, SI

strip3:
	CMPQ n-40(SP), $16
	JLE  masked3
	WMASKS

masked3:
	VMOVUPS.Z (R11), K1, Z0
	VMOVUPS.Z 4(R11), K2, Z1
	VMOVUPS.Z 8(R11), K3, Z2
	MOVQ R13, CX
	MOVQ DI, DX
	MEETS(skip3x0)
	ROW30

skip3x0:
	ABOVE
	MEETS(skip3x1)
	ROW31

skip3x1:
	ABOVE
	MEETS(skip3x2)
	ROW32

skip3x2:
	ADDQ $64, R11
	ADDQ $64, DI
	ADDQ $16, SI
	CMPQ SI, n-40(SP)
	JLT  strip3
	ADDQ xnext-88(SP), R11
	ADDQ ynext-96(SP), DI
	INCQ R13
	DECQ R9
	JNE  row3
	FOLD9(Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z6)
	VMOVUPS.Z (R12), K7, Z6
	VADDPS Z6, Z7, Z7
	VMOVUPS Z7, K7, (R12)
	ADDQ $36, R12
	MOVQ xplane-72(SP), AX
	ADDQ AX, x-8(SP)
	MOVQ yplane-80(SP), AX
	ADDQ AX, y-24(SP)
	DECQ planes-32(SP)
	JNE  plane3
	VZEROUPPER
	RET

five:
	WMASK(K4)
	WMASK(K5)

plane5:
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
	VPXORD Z28, Z28, Z28
	VPXORD Z29, Z29, Z29
	VPXORD Z30, Z30, Z30
	VPXORD Z31, Z31, Z31
	MOVQ x-8(SP), R11
	MOVQ y-24(SP), DI
	MOVQ top-56(SP), R13
	MOVQ xrows-16(SP), R9

row5:
	XORL SI, SI

strip5:
	CMPQ n-40(SP), $16
	JLE  masked5
	WMASKS
	WMASK(K4)
	WMASK(K5)

masked5:
	VMOVUPS.Z (R11), K1, Z0
	VMOVUPS.Z 4(R11), K2, Z1
	VMOVUPS.Z 8(R11), K3, Z2
	VMOVUPS.Z 12(R11), K4, Z3
	VMOVUPS.Z 16(R11), K5, Z4
	MOVQ R13, CX
	MOVQ DI, DX
	MEETS(skip5x0)
	ROW50

skip5x0:
	ABOVE
	MEETS(skip5x1)
	ROW51

skip5x1:
	ABOVE
	MEETS(skip5x2)
	ROW52

skip5x2:
	ABOVE
	MEETS(skip5x3)
	ROW53

skip5x3:
	ABOVE
	MEETS(skip5x4)
	ROW54

skip5x4:
	ADDQ $64, R11
	ADDQ $64, DI
	ADDQ $16, SI
	CMPQ SI, n-40(SP)
	JLT  strip5
	ADDQ xnext-88(SP), R11
	ADDQ ynext-96(SP), DI
	INCQ R13
	DECQ R9
	JNE  row5
	GROUP(Z7, Z11, Z15, Z19, Z6)
	GROUP(Z8, Z12, Z16, Z20, Z6)
	GROUP(Z9, Z13, Z17, Z21, Z6)
	GROUP(Z10, Z14, Z18, Z22, Z6)
	UNITE(Z7, Z8, Z9, Z10, Z6)
	VADDPS (R12), Z7, Z7
	VMOVUPS Z7, (R12)
	FOLD9(Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31, Z6)
	VMOVUPS.Z 64(R12), K7, Z6
	VADDPS Z6, Z23, Z23
	VMOVUPS Z23, K7, 64(R12)
	ADDQ $100, R12
	MOVQ xplane-72(SP), AX
	ADDQ AX, x-8(SP)
	MOVQ yplane-80(SP), AX
	ADDQ AX, y-24(SP)
	DECQ planes-32(SP)
	JNE  plane5
	VZEROUPPER
	RET
