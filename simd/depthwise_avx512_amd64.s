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

// ADDij adds a column x times a tap each to the sums i to j.
#define ADD00(x, a) \
	VFMADD231PS a, x, Z0
#define ADD11(x, a) \
	VFMADD231PS a, x, Z1
#define ADD22(x, a) \
	VFMADD231PS a, x, Z2
#define ADD33(x, a) \
	VFMADD231PS a, x, Z3
#define ADD01(x, a, b) \
	VFMADD231PS a, x, Z0 \
	VFMADD231PS b, x, Z1
#define ADD12(x, a, b) \
	VFMADD231PS a, x, Z1 \
	VFMADD231PS b, x, Z2
#define ADD23(x, a, b) \
	VFMADD231PS a, x, Z2 \
	VFMADD231PS b, x, Z3
#define ADD02(x, a, b, c) \
	VFMADD231PS a, x, Z0 \
	VFMADD231PS b, x, Z1 \
	VFMADD231PS c, x, Z2
#define ADD13(x, a, b, c) \
	VFMADD231PS a, x, Z1 \
	VFMADD231PS b, x, Z2 \
	VFMADD231PS c, x, Z3
#define ADD03(x, a, b, c, d) \
	VFMADD231PS a, x, Z0 \
	VFMADD231PS b, x, Z1 \
	VFMADD231PS c, x, Z2 \
	VFMADD231PS d, x, Z3

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
	ADD00(Z4, Z7)
	COLUMN1
	ADD00(Z4, Z8)
	COLUMN2
	ADD00(Z4, Z9)

skip3x0:
	NEXT
	MET(skip3x1)
	COLUMN0
	ADD01(Z4, Z10, Z7)
	COLUMN1
	ADD01(Z4, Z11, Z8)
	COLUMN2
	ADD01(Z4, Z12, Z9)

skip3x1:
	NEXT
	MET(skip3x2)
	COLUMN0
	ADD02(Z4, Z13, Z10, Z7)
	COLUMN1
	ADD02(Z4, Z14, Z11, Z8)
	COLUMN2
	ADD02(Z4, Z15, Z12, Z9)

skip3x2:
	NEXT
	MET(skip3x3)
	COLUMN0
	ADD13(Z4, Z13, Z10, Z7)
	COLUMN1
	ADD13(Z4, Z14, Z11, Z8)
	COLUMN2
	ADD13(Z4, Z15, Z12, Z9)

skip3x3:
	NEXT
	MET(skip3x4)
	COLUMN0
	ADD23(Z4, Z13, Z10)
	COLUMN1
	ADD23(Z4, Z14, Z11)
	COLUMN2
	ADD23(Z4, Z15, Z12)

skip3x4:
	NEXT
	MET(skip3x5)
	COLUMN0
	ADD33(Z4, Z13)
	COLUMN1
	ADD33(Z4, Z14)
	COLUMN2
	ADD33(Z4, Z15)

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
	ADD00(Z4, Z7)
	COLUMN1
	ADD00(Z4, Z8)
	COLUMN2
	ADD00(Z4, Z9)
	COLUMN3
	ADD00(Z4, Z10)
	COLUMN4
	ADD00(Z4, Z11)

skip5x0:
	NEXT
	MET(skip5x1)
	COLUMN0
	ADD01(Z4, Z12, Z7)
	COLUMN1
	ADD01(Z4, Z13, Z8)
	COLUMN2
	ADD01(Z4, Z14, Z9)
	COLUMN3
	ADD01(Z4, Z15, Z10)
	COLUMN4
	ADD01(Z4, Z16, Z11)

skip5x1:
	NEXT
	MET(skip5x2)
	COLUMN0
	ADD02(Z4, Z17, Z12, Z7)
	COLUMN1
	ADD02(Z4, Z18, Z13, Z8)
	COLUMN2
	ADD02(Z4, Z19, Z14, Z9)
	COLUMN3
	ADD02(Z4, Z20, Z15, Z10)
	COLUMN4
	ADD02(Z4, Z21, Z16, Z11)

skip5x2:
	NEXT
	MET(skip5x3)
	COLUMN0
	ADD03(Z4, Z22, Z17, Z12, Z7)
	COLUMN1
	ADD03(Z4, Z23, Z18, Z13, Z8)
	COLUMN2
	ADD03(Z4, Z24, Z19, Z14, Z9)
	COLUMN3
	ADD03(Z4, Z25, Z20, Z15, Z10)
	COLUMN4
	ADD03(Z4, Z26, Z21, Z16, Z11)

skip5x3:
	NEXT
	MET(skip5x4)
	COLUMN0
	ADD03(Z4, Z27, Z22, Z17, Z12)
	COLUMN1
	ADD03(Z4, Z28, Z23, Z18, Z13)
	COLUMN2
	ADD03(Z4, Z29, Z24, Z19, Z14)
	COLUMN3
	ADD03(Z4, Z30, Z25, Z20, Z15)
	COLUMN4
	ADD03(Z4, Z31, Z26, Z21, Z16)

skip5x4:
	NEXT
	MET(skip5x5)
	COLUMN0
	ADD13(Z4, Z27, Z22, Z17)
	COLUMN1
	ADD13(Z4, Z28, Z23, Z18)
	COLUMN2
	ADD13(Z4, Z29, Z24, Z19)
	COLUMN3
	ADD13(Z4, Z30, Z25, Z20)
	COLUMN4
	ADD13(Z4, Z31, Z26, Z21)

skip5x5:
	NEXT
	MET(skip5x6)
	COLUMN0
	ADD23(Z4, Z27, Z22)
	COLUMN1
	ADD23(Z4, Z28, Z23)
	COLUMN2
	ADD23(Z4, Z29, Z24)
	COLUMN3
	ADD23(Z4, Z30, Z25)
	COLUMN4
	ADD23(Z4, Z31, Z26)

skip5x6:
	NEXT
	MET(skip5x7)
	COLUMN0
	ADD33(Z4, Z27)
	COLUMN1
	ADD33(Z4, Z28)
	COLUMN2
	ADD33(Z4, Z29)
	COLUMN3
	ADD33(Z4, Z30)
	COLUMN4
	ADD33(Z4, Z31)

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

// With stride 2 the columns of a row of X are parted: AT loads 32 of them from off on, EVEN
// and ODD leave every other one in Z6. FRONT and BACK put them together again.
DATA even<>+0(SB)/8, $0x0000000200000000
DATA even<>+8(SB)/8, $0x0000000600000004
DATA even<>+16(SB)/8, $0x0000000a00000008
DATA even<>+24(SB)/8, $0x0000000e0000000c
DATA even<>+32(SB)/8, $0x0000001200000010
DATA even<>+40(SB)/8, $0x0000001600000014
DATA even<>+48(SB)/8, $0x0000001a00000018
DATA even<>+56(SB)/8, $0x0000001e0000001c
GLOBL even<>(SB), RODATA|NOPTR, $64

DATA odd<>+0(SB)/8, $0x0000000300000001
DATA odd<>+8(SB)/8, $0x0000000700000005
DATA odd<>+16(SB)/8, $0x0000000b00000009
DATA odd<>+24(SB)/8, $0x0000000f0000000d
DATA odd<>+32(SB)/8, $0x0000001300000011
DATA odd<>+40(SB)/8, $0x0000001700000015
DATA odd<>+48(SB)/8, $0x0000001b00000019
DATA odd<>+56(SB)/8, $0x0000001f0000001d
GLOBL odd<>(SB), RODATA|NOPTR, $64

DATA front<>+0(SB)/8, $0x0000001000000000
DATA front<>+8(SB)/8, $0x0000001100000001
DATA front<>+16(SB)/8, $0x0000001200000002
DATA front<>+24(SB)/8, $0x0000001300000003
DATA front<>+32(SB)/8, $0x0000001400000004
DATA front<>+40(SB)/8, $0x0000001500000005
DATA front<>+48(SB)/8, $0x0000001600000006
DATA front<>+56(SB)/8, $0x0000001700000007
GLOBL front<>(SB), RODATA|NOPTR, $64

DATA back<>+0(SB)/8, $0x0000001800000008
DATA back<>+8(SB)/8, $0x0000001900000009
DATA back<>+16(SB)/8, $0x0000001a0000000a
DATA back<>+24(SB)/8, $0x0000001b0000000b
DATA back<>+32(SB)/8, $0x0000001c0000000c
DATA back<>+40(SB)/8, $0x0000001d0000000d
DATA back<>+48(SB)/8, $0x0000001e0000000e
DATA back<>+56(SB)/8, $0x0000001f0000000f
GLOBL back<>(SB), RODATA|NOPTR, $64

#define AT(off, k, l) \
	VMOVUPS.Z off(R11), k, Z4    \
	VMOVUPS.Z 64+off(R11), l, Z5
#define PICK(which, to) \
	VMOVUPS   which<>(SB), to \
	VPERMI2PS Z5, Z4, to

// INSIDE2 is INSIDE from 8 before column 2*SI on.
#define INSIDE2 \
	LEAQ    (SI)(SI*1), DX  \
	MOVQ    xn-48(SP), AX   \
	SUBQ    DX, AX          \
	ADDQ    $8, AX          \
	MOVL    $63, BX         \
	CMPQ    AX, BX          \
	CMOVQGT BX, AX          \
	XORL    BX, BX          \
	NEGQ    DX              \
	ADDQ    $8, DX          \
	CMOVQLT BX, DX          \
	MOVQ    $-1, BX         \
	BZHIQ   AX, BX, BX      \
	SHRXQ   DX, BX, BX      \
	SHLXQ   DX, BX, DX

// MASK2 sets k and l to those that 32 columns meet, from bit BX on, and steps on by two.
#define MASK2(k, l) \
	SHRXQ BX, DX, AX \
	KMOVW AX, k      \
	SHRL  $16, AX    \
	KMOVW AX, l      \
	ADDQ  $2, BX

// BEGIN2 is BEGIN for stride 2, with the masks of 4 columns.
#define BEGIN2 \
	INSIDE2                           \
	MOVL         $8, BX               \
	SUBQ         left-64(SP), BX      \
	MASK2(K1, K2)                     \
	MASK2(K3, K4)                     \
	MOVQ         row-56(SP), CX       \
	ADDQ         CX, CX               \
	SUBQ         top-72(SP), CX       \
	MOVQ         CX, R11              \
	IMULQ        R9, R11              \
	ADDQ         x-16(SP), R11        \
	LEAQ         (SI)(SI*1), AX       \
	SUBQ         left-64(SP), AX      \
	LEAQ         (R11)(AX*4), R11     \
	VBROADCASTSS bias-80(SP), Z0      \
	VMOVAPS      Z0, Z1               \
	VMOVAPS      Z0, Z2               \
	VMOVAPS      Z0, Z3

// PLAIN points DI to the first result of the rows at hand, which run downwards.
#define PLAIN \
	MOVQ  row-56(SP), DI   \
	IMULQ ystep-96(SP), DI \
	ADDQ  y-24(SP), DI     \
	XORL  SI, SI

// func depthwiseRows2AVX512(p *DepthwiseRows)
//
//	DI  y at the strip   SI  column     R8  rows of x     CX  row of x
//	R9  bytes of a row of x             R11 x there       AX, BX, DX, R10  scratch
//	Z0..Z3  sums         Z4, Z5  32 columns of x          Z6  every other one
//	Z7..Z31  taps        K1..K5, K7  columns that are in the plane           K6  of the results
TEXT ·depthwiseRows2AVX512(SB), NOSPLIT, $144-8
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
	MOVQ         DepthwiseRows_Top(DI), AX
	MOVQ         AX, top-72(SP)
	MOVQ         DepthwiseRows_Left(DI), AX
	MOVQ         AX, left-64(SP)
	MOVQ         DepthwiseRows_X(DI), AX
	MOVQ         AX, x-16(SP)
	MOVQ         DepthwiseRows_Y(DI), AX
	MOVQ         AX, y-24(SP)
	SHLQ         $2, BX
	SHLQ         $2, R9
	MOVQ         BX, ystep-96(SP)
	IMULQ        CX, BX
	MOVQ         BX, yplane-112(SP)
	MOVQ         R9, AX
	IMULQ        R8, AX
	MOVQ         AX, xplane-104(SP)
	MOVQ         DepthwiseRows_Act(DI), AX
	LEAQ         lower<>(SB), CX
	MOVL         (CX)(AX*4), BX
	MOVL         BX, low-128(SP)
	UPPER(AX, CX)
	MOVL         (CX), BX
	MOVL         BX, high-136(SP)
	CMPQ         DepthwiseRows_Side(DI), $5
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
	PLAIN

strip3:
	BEGIN2
	MET(skip3x0)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD00(Z6, Z7)
	PICK(odd, Z6)
	ADD00(Z6, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD00(Z6, Z9)

skip3x0:
	NEXT
	MET(skip3x1)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD00(Z6, Z10)
	PICK(odd, Z6)
	ADD00(Z6, Z11)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD00(Z6, Z12)

skip3x1:
	NEXT
	MET(skip3x2)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD01(Z6, Z13, Z7)
	PICK(odd, Z6)
	ADD01(Z6, Z14, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD01(Z6, Z15, Z9)

skip3x2:
	NEXT
	MET(skip3x3)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD11(Z6, Z10)
	PICK(odd, Z6)
	ADD11(Z6, Z11)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD11(Z6, Z12)

skip3x3:
	NEXT
	MET(skip3x4)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD12(Z6, Z13, Z7)
	PICK(odd, Z6)
	ADD12(Z6, Z14, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD12(Z6, Z15, Z9)

skip3x4:
	NEXT
	MET(skip3x5)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD22(Z6, Z10)
	PICK(odd, Z6)
	ADD22(Z6, Z11)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD22(Z6, Z12)

skip3x5:
	NEXT
	MET(skip3x6)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD23(Z6, Z13, Z7)
	PICK(odd, Z6)
	ADD23(Z6, Z14, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD23(Z6, Z15, Z9)

skip3x6:
	NEXT
	MET(skip3x7)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD33(Z6, Z10)
	PICK(odd, Z6)
	ADD33(Z6, Z11)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD33(Z6, Z12)

skip3x7:
	NEXT
	MET(skip3x8)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD33(Z6, Z13)
	PICK(odd, Z6)
	ADD33(Z6, Z14)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD33(Z6, Z15)

skip3x8:
	VBROADCASTSS low-128(SP), Z5
	VBROADCASTSS high-136(SP), Z6
	FINISH
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
	PLAIN

strip5:
	BEGIN2
	MASK2(K5, K7)
	MET(skip5x0)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD00(Z6, Z7)
	PICK(odd, Z6)
	ADD00(Z6, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD00(Z6, Z9)
	PICK(odd, Z6)
	ADD00(Z6, Z10)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD00(Z6, Z11)

skip5x0:
	NEXT
	MET(skip5x1)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD00(Z6, Z12)
	PICK(odd, Z6)
	ADD00(Z6, Z13)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD00(Z6, Z14)
	PICK(odd, Z6)
	ADD00(Z6, Z15)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD00(Z6, Z16)

skip5x1:
	NEXT
	MET(skip5x2)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD01(Z6, Z17, Z7)
	PICK(odd, Z6)
	ADD01(Z6, Z18, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD01(Z6, Z19, Z9)
	PICK(odd, Z6)
	ADD01(Z6, Z20, Z10)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD01(Z6, Z21, Z11)

skip5x2:
	NEXT
	MET(skip5x3)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD01(Z6, Z22, Z12)
	PICK(odd, Z6)
	ADD01(Z6, Z23, Z13)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD01(Z6, Z24, Z14)
	PICK(odd, Z6)
	ADD01(Z6, Z25, Z15)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD01(Z6, Z26, Z16)

skip5x3:
	NEXT
	MET(skip5x4)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD02(Z6, Z27, Z17, Z7)
	PICK(odd, Z6)
	ADD02(Z6, Z28, Z18, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD02(Z6, Z29, Z19, Z9)
	PICK(odd, Z6)
	ADD02(Z6, Z30, Z20, Z10)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD02(Z6, Z31, Z21, Z11)

skip5x4:
	NEXT
	MET(skip5x5)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD12(Z6, Z22, Z12)
	PICK(odd, Z6)
	ADD12(Z6, Z23, Z13)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD12(Z6, Z24, Z14)
	PICK(odd, Z6)
	ADD12(Z6, Z25, Z15)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD12(Z6, Z26, Z16)

skip5x5:
	NEXT
	MET(skip5x6)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD13(Z6, Z27, Z17, Z7)
	PICK(odd, Z6)
	ADD13(Z6, Z28, Z18, Z8)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD13(Z6, Z29, Z19, Z9)
	PICK(odd, Z6)
	ADD13(Z6, Z30, Z20, Z10)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD13(Z6, Z31, Z21, Z11)

skip5x6:
	NEXT
	MET(skip5x7)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD23(Z6, Z22, Z12)
	PICK(odd, Z6)
	ADD23(Z6, Z23, Z13)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD23(Z6, Z24, Z14)
	PICK(odd, Z6)
	ADD23(Z6, Z25, Z15)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD23(Z6, Z26, Z16)

skip5x7:
	NEXT
	MET(skip5x8)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD23(Z6, Z27, Z17)
	PICK(odd, Z6)
	ADD23(Z6, Z28, Z18)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD23(Z6, Z29, Z19)
	PICK(odd, Z6)
	ADD23(Z6, Z30, Z20)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD23(Z6, Z31, Z21)

skip5x8:
	NEXT
	MET(skip5x9)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD33(Z6, Z22)
	PICK(odd, Z6)
	ADD33(Z6, Z23)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD33(Z6, Z24)
	PICK(odd, Z6)
	ADD33(Z6, Z25)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD33(Z6, Z26)

skip5x9:
	NEXT
	MET(skip5x10)
	AT(0, K1, K2)
	PICK(even, Z6)
	ADD33(Z6, Z27)
	PICK(odd, Z6)
	ADD33(Z6, Z28)
	AT(8, K3, K4)
	PICK(even, Z6)
	ADD33(Z6, Z29)
	PICK(odd, Z6)
	ADD33(Z6, Z30)
	AT(16, K5, K7)
	PICK(even, Z6)
	ADD33(Z6, Z31)

skip5x10:
	VBROADCASTSS low-128(SP), Z5
	VBROADCASTSS high-136(SP), Z6
	FINISH
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

// TWO writes a row of 32 results, the even ones a, the odd ones b, at to.
#define TWO(a, b, to, far) \
	VMOVUPS   front<>(SB), Z5 \
	VPERMI2PS b, a, Z5        \
	VMOVUPS   back<>(SB), Z6  \
	VPERMI2PS b, a, Z6        \
	VMOVUPS   Z5, K6, to      \
	VMOVUPS   Z6, K7, far

// GRADIENT begins the results that meet row R13 of the gradient first, from its column SI
// on: the masks of 2 of its columns and, K6 and K7, of 32 results, sums and pointers.
#define GRADIENT \
	INSIDE                            \
	MOVL         $8, BX               \
	SHRXQ        BX, DX, AX           \
	KMOVW        AX, K1               \
	DECQ         BX                   \
	SHRXQ        BX, DX, AX           \
	KMOVW        AX, K2               \
	DECQ         BX                   \
	SHRXQ        BX, DX, AX           \
	KMOVW        AX, K3               \
	LEAQ         (SI)(SI*1), R12      \
	SUBQ         left-64(SP), R12     \
	MOVQ         n-40(SP), AX         \
	SUBQ         R12, AX              \
	MOVL         $32, BX              \
	CMPQ         AX, BX               \
	CMOVQGT      BX, AX               \
	MOVQ         $-1, BX              \
	BZHIQ        AX, BX, BX           \
	MOVQ         R12, AX              \
	SHRQ         $63, AX              \
	SUBQ         AX, BX               \
	KMOVW        BX, K6               \
	SHRQ         $16, BX              \
	KMOVW        BX, K7               \
	MOVQ         R13, CX              \
	MOVQ         CX, R11              \
	IMULQ        R9, R11              \
	ADDQ         x-16(SP), R11        \
	LEAQ         (R11)(SI*4), R11     \
	VPXORD       Z0, Z0, Z0           \
	VPXORD       Z1, Z1, Z1           \
	VPXORD       Z2, Z2, Z2           \
	VPXORD       Z3, Z3, Z3

// UPPERS adds a column times two taps to the sums of the upper row of results, LOWERS
// the lower ones.
#define UPPERS(a, b) \
	VFMADD231PS a, Z4, Z0 \
	VFMADD231PS b, Z4, Z1
#define LOWERS(a, b) \
	VFMADD231PS a, Z4, Z2 \
	VFMADD231PS b, Z4, Z3

// func depthwiseRows2TurnedAVX512(p *DepthwiseRows)
//
// Two rows of 32 results meet the same rows of the gradient x: those that the even rows of
// the filter meet and, below, the odd ones, likewise with columns.
//
//	DI  y at the strip   SI  column of x        R8  rows of x      R13, CX  row of x
//	R9  bytes of a row of x     R10 of y        R11 x there        R12 column of y
//	AX, BX, DX  scratch
//	Z0, Z1  sums of even and odd columns        Z2, Z3  of the row below
//	Z4  x                Z5, Z6  scratch        Z7..Z31  taps
//	K1..K3  columns that are in the plane       K6, K7  of the results
TEXT ·depthwiseRows2TurnedAVX512(SB), NOSPLIT, $128-8
	MOVQ  p+0(FP), DI
	MOVQ  DepthwiseRows_W(DI), AX
	MOVQ  AX, w-8(SP)
	MOVQ  DepthwiseRows_Planes(DI), AX
	MOVQ  AX, planes-32(SP)
	MOVQ  DepthwiseRows_N(DI), R10
	MOVQ  R10, n-40(SP)
	MOVQ  DepthwiseRows_XN(DI), R9
	MOVQ  R9, xn-48(SP)
	MOVQ  DepthwiseRows_Rows(DI), CX
	MOVQ  CX, rows-88(SP)
	MOVQ  DepthwiseRows_XRows(DI), R8
	MOVQ  DepthwiseRows_Top(DI), AX
	MOVQ  AX, top-72(SP)
	MOVQ  DepthwiseRows_Left(DI), AX
	MOVQ  AX, left-64(SP)
	MOVQ  DepthwiseRows_X(DI), AX
	MOVQ  AX, x-16(SP)
	MOVQ  DepthwiseRows_Y(DI), AX
	MOVQ  AX, y-24(SP)
	SHLQ  $2, R10
	SHLQ  $2, R9
	MOVQ  R10, AX
	IMULQ CX, AX
	MOVQ  AX, yplane-112(SP)
	MOVQ  R9, AX
	IMULQ R8, AX
	MOVQ  AX, xplane-104(SP)
	CMPQ  DepthwiseRows_Side(DI), $5
	JEQ   plane5

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
	MOVQ         top-72(SP), R13
	SHRQ         $1, R13

rows3:
	MOVQ         left-64(SP), SI
	SHRQ         $1, SI

strip3:
	GRADIENT
	MET(skip3x0)
	VMOVUPS.Z (R11), K1, Z4
	UPPERS(Z7, Z8)
	LOWERS(Z10, Z11)
	VMOVUPS.Z -4(R11), K2, Z4
	VFMADD231PS Z9, Z4, Z0
	VFMADD231PS Z12, Z4, Z2

skip3x0:
	DECQ CX
	SUBQ R9, R11
	MET(skip3x1)
	VMOVUPS.Z (R11), K1, Z4
	UPPERS(Z13, Z14)
	VMOVUPS.Z -4(R11), K2, Z4
	VFMADD231PS Z15, Z4, Z0

skip3x1:
	LEAQ         (R13)(R13*1), CX
	SUBQ         top-72(SP), CX
	MOVQ         CX, DI
	IMULQ        R10, DI
	LEAQ         (DI)(R12*4), DI
	ADDQ         y-24(SP), DI
	CMPQ         CX, rows-88(SP)
	JCC          lower3
	TWO(Z0, Z1, (DI), 64(DI))

lower3:
	INCQ         CX
	CMPQ         CX, rows-88(SP)
	JCC          next3
	TWO(Z2, Z3, (DI)(R10*1), 64(DI)(R10*1))

next3:
	ADDQ         $16, SI
	ADDQ         $32, R12
	CMPQ         R12, n-40(SP)
	JLT          strip3
	INCQ         R13
	INCQ         CX
	CMPQ         CX, rows-88(SP)
	JLT          rows3
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
	MOVQ         top-72(SP), R13
	SHRQ         $1, R13

rows5:
	MOVQ         left-64(SP), SI
	SHRQ         $1, SI

strip5:
	GRADIENT
	MET(skip5x0)
	VMOVUPS.Z (R11), K1, Z4
	UPPERS(Z7, Z8)
	LOWERS(Z12, Z13)
	VMOVUPS.Z -4(R11), K2, Z4
	UPPERS(Z9, Z10)
	LOWERS(Z14, Z15)
	VMOVUPS.Z -8(R11), K3, Z4
	VFMADD231PS Z11, Z4, Z0
	VFMADD231PS Z16, Z4, Z2

skip5x0:
	DECQ CX
	SUBQ R9, R11
	MET(skip5x1)
	VMOVUPS.Z (R11), K1, Z4
	UPPERS(Z17, Z18)
	LOWERS(Z22, Z23)
	VMOVUPS.Z -4(R11), K2, Z4
	UPPERS(Z19, Z20)
	LOWERS(Z24, Z25)
	VMOVUPS.Z -8(R11), K3, Z4
	VFMADD231PS Z21, Z4, Z0
	VFMADD231PS Z26, Z4, Z2

skip5x1:
	DECQ CX
	SUBQ R9, R11
	MET(skip5x2)
	VMOVUPS.Z (R11), K1, Z4
	UPPERS(Z27, Z28)
	VMOVUPS.Z -4(R11), K2, Z4
	UPPERS(Z29, Z30)
	VMOVUPS.Z -8(R11), K3, Z4
	VFMADD231PS Z31, Z4, Z0

skip5x2:
	LEAQ         (R13)(R13*1), CX
	SUBQ         top-72(SP), CX
	MOVQ         CX, DI
	IMULQ        R10, DI
	LEAQ         (DI)(R12*4), DI
	ADDQ         y-24(SP), DI
	CMPQ         CX, rows-88(SP)
	JCC          lower5
	TWO(Z0, Z1, (DI), 64(DI))

lower5:
	INCQ         CX
	CMPQ         CX, rows-88(SP)
	JCC          next5
	TWO(Z2, Z3, (DI)(R10*1), 64(DI)(R10*1))

next5:
	ADDQ         $16, SI
	ADDQ         $32, R12
	CMPQ         R12, n-40(SP)
	JLT          strip5
	INCQ         R13
	INCQ         CX
	CMPQ         CX, rows-88(SP)
	JLT          rows5
	MOVQ         xplane-104(SP), AX
	ADDQ         AX, x-16(SP)
	MOVQ         yplane-112(SP), AX
	ADDQ         AX, y-24(SP)
	DECQ         planes-32(SP)
	JNE          plane5
	VZEROUPPER
	RET

// func depthwiseRows2WeightsAVX512(p *DepthwiseRows)
//
//	SI  column           R8  rows of the gradient      R9  rows of x left
//	R10 bytes of a row of the gradient                 R11 x     R12 w
//	R13 twice the row of the gradient that the upper row of the filter meets, or one more
//	CX, DX  a row of the gradient  AX, BX, DI  scratch
//	Z0..Z4  x            Z5  gradient, before that x   Z6  x     Z7..Z31  sums
//	K1..K5, K7  columns that are in the plane          K6  of the gradient
TEXT ·depthwiseRows2WeightsAVX512(SB), NOSPLIT, $96-8
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
	MOVQ  DepthwiseRows_Top(R13), AX
	MOVQ  AX, top-56(SP)
	MOVQ  DepthwiseRows_X(R13), R11
	SHLQ  $2, BX
	SUBQ  BX, R11
	MOVQ  R11, x-8(SP)
	MOVQ  DepthwiseRows_Y(R13), AX
	MOVQ  AX, y-24(SP)
	SHLQ  $2, R9
	MOVQ  R9, xstep-88(SP)
	SHLQ  $2, R10
	MOVQ  R10, AX
	IMULQ R8, AX
	MOVQ  AX, yplane-80(SP)
	CMPQ  DepthwiseRows_Side(R13), $5
	JEQ   plane5

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
	MOVQ top-56(SP), R13
	MOVQ xrows-16(SP), R9

row3:
	XORL SI, SI

strip3:
	MOVL    $-1, AX
	MOVQ    n-40(SP), BX
	SUBQ    SI, BX
	MOVL    $16, DX
	CMPQ    BX, DX
	CMOVQGT DX, BX
	BZHIL   BX, AX, AX
	KMOVW   AX, K6
	INSIDE2
	MOVL    $8, BX
	SUBQ    left-64(SP), BX
	MASK2(K1, K2)
	MASK2(K3, K4)
	MOVQ x-8(SP), R11
	LEAQ (R11)(SI*8), R11
	VMOVUPS.Z (R11), K1, Z5
	VMOVUPS.Z 64(R11), K2, Z6
	VMOVUPS even<>(SB), Z0
	VPERMI2PS Z6, Z5, Z0
	VMOVUPS odd<>(SB), Z1
	VPERMI2PS Z6, Z5, Z1
	VMOVUPS.Z 8(R11), K3, Z5
	VMOVUPS.Z 72(R11), K4, Z6
	VMOVUPS even<>(SB), Z2
	VPERMI2PS Z6, Z5, Z2
	MOVQ  R13, CX
	SARQ  $1, CX
	MOVQ  CX, DX
	IMULQ R10, DX
	ADDQ  y-24(SP), DX
	LEAQ  (DX)(SI*4), DX
	TESTQ $1, R13
	JNE   odd3
	MEETS(skip3x0)
	ROW30

skip3x0:
	ABOVE
	MEETS(skip3x2)
	ROW32

skip3x2:
	JMP next3

odd3:
	MEETS(skip3x1)
	ROW31

skip3x1:

next3:
	ADDQ $16, SI
	CMPQ SI, n-40(SP)
	JLT  strip3
	MOVQ xstep-88(SP), AX
	ADDQ AX, x-8(SP)
	INCQ R13
	DECQ R9
	JNE  row3
	MOVL  $0x1ff, AX
	KMOVW AX, K7
	FOLD9(Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z6)
	VMOVUPS.Z (R12), K7, Z6
	VADDPS Z6, Z7, Z7
	VMOVUPS Z7, K7, (R12)
	ADDQ $36, R12
	MOVQ yplane-80(SP), AX
	ADDQ AX, y-24(SP)
	DECQ planes-32(SP)
	JNE  plane3
	VZEROUPPER
	RET

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
	MOVQ top-56(SP), R13
	MOVQ xrows-16(SP), R9

row5:
	XORL SI, SI

strip5:
	MOVL    $-1, AX
	MOVQ    n-40(SP), BX
	SUBQ    SI, BX
	MOVL    $16, DX
	CMPQ    BX, DX
	CMOVQGT DX, BX
	BZHIL   BX, AX, AX
	KMOVW   AX, K6
	INSIDE2
	MOVL    $8, BX
	SUBQ    left-64(SP), BX
	MASK2(K1, K2)
	MASK2(K3, K4)
	MASK2(K5, K7)
	MOVQ x-8(SP), R11
	LEAQ (R11)(SI*8), R11
	VMOVUPS.Z (R11), K1, Z5
	VMOVUPS.Z 64(R11), K2, Z6
	VMOVUPS even<>(SB), Z0
	VPERMI2PS Z6, Z5, Z0
	VMOVUPS odd<>(SB), Z1
	VPERMI2PS Z6, Z5, Z1
	VMOVUPS.Z 8(R11), K3, Z5
	VMOVUPS.Z 72(R11), K4, Z6
	VMOVUPS even<>(SB), Z2
	VPERMI2PS Z6, Z5, Z2
	VMOVUPS odd<>(SB), Z3
	VPERMI2PS Z6, Z5, Z3
	VMOVUPS.Z 16(R11), K5, Z5
	VMOVUPS.Z 80(R11), K7, Z6
	VMOVUPS even<>(SB), Z4
	VPERMI2PS Z6, Z5, Z4
	MOVQ  R13, CX
	SARQ  $1, CX
	MOVQ  CX, DX
	IMULQ R10, DX
	ADDQ  y-24(SP), DX
	LEAQ  (DX)(SI*4), DX
	TESTQ $1, R13
	JNE   odd5
	MEETS(skip5x0)
	ROW50

skip5x0:
	ABOVE
	MEETS(skip5x2)
	ROW52

skip5x2:
	ABOVE
	MEETS(skip5x4)
	ROW54

skip5x4:
	JMP next5

odd5:
	MEETS(skip5x1)
	ROW51

skip5x1:
	ABOVE
	MEETS(skip5x3)
	ROW53

skip5x3:

next5:
	ADDQ $16, SI
	CMPQ SI, n-40(SP)
	JLT  strip5
	MOVQ xstep-88(SP), AX
	ADDQ AX, x-8(SP)
	INCQ R13
	DECQ R9
	JNE  row5
	MOVL  $0x1ff, AX
	KMOVW AX, K7
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
	MOVQ yplane-80(SP), AX
	ADDQ AX, y-24(SP)
	DECQ planes-32(SP)
	JNE  plane5
	VZEROUPPER
	RET
