//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// 16 lanes are four vectors: a tile is transformed four times. V0 to V23 hold its
// columns, transformed, V31 and V30 the constants; what is read and what is written
// passes through V24 to V29. Operands of macros are numbers of registers.

DATA winograd<>+0(SB)/4, $16.0
DATA winograd<>+4(SB)/4, $0.25
DATA winograd<>+8(SB)/4, $0xbe2aaaab // -1/6
DATA winograd<>+12(SB)/4, $0x3d2aaaab // 1/24
DATA winograd<>+16(SB)/4, $2.0
DATA winograd<>+20(SB)/4, $4.0
DATA winograd<>+24(SB)/4, $5.0
DATA winograd<>+28(SB)/4, $8.0
DATA winograd<>+32(SB)/8, $0x8000000080000000 // no bias: x + -0 is x, whatever x is
DATA winograd<>+40(SB)/8, $0x8000000080000000
DATA winograd<>+48(SB)/8, $0x8000000080000000
DATA winograd<>+56(SB)/8, $0x8000000080000000
DATA winograd<>+64(SB)/8, $0x8000000080000000
DATA winograd<>+72(SB)/8, $0x8000000080000000
DATA winograd<>+80(SB)/8, $0x8000000080000000
DATA winograd<>+88(SB)/8, $0x8000000080000000
GLOBL winograd<>(SB), RODATA|NOPTR, $96

// The constants: 16, 1/4, -1/6 and 1/24; 2, 4, 5 and 8.
#define CONST0 30
#define CONST1 31

// What is read and written passes through X0 to X5. SCRATCH takes the place of
// CONST0 where its constants are not needed. The tile's columns keep their numbers.
#define X0 24
#define X1 25
#define X2 26
#define X3 27
#define X4 28
#define X5 29
#define SCRATCH 30

// d += c n, d -= c n and d = c n for a constant c.
#define ADD16(n, d) FMLALANE(CONST0, 0, n, d)
#define ADDQUARTER(n, d) FMLALANE(CONST0, 1, n, d)
#define ADD2(n, d) FMLALANE(CONST1, 0, n, d)
#define SUB2(n, d) FMLSLANE(CONST1, 0, n, d)
#define ADD4(n, d) FMLALANE(CONST1, 1, n, d)
#define SUB4(n, d) FMLSLANE(CONST1, 1, n, d)
#define SUB5(n, d) FMLSLANE(CONST1, 2, n, d)
#define ADD8(n, d) FMLALANE(CONST1, 3, n, d)
#define QUARTER(n, d) FMULLANE(CONST0, 1, n, d)
#define SIXTH(n, d) FMULLANE(CONST0, 2, n, d)
#define TWENTYFOURTH(n, d) FMULLANE(CONST0, 3, n, d)
#define TIMES4(n, d) FMULLANE(CONST1, 1, n, d)

#define MOVE(n, d) ORR16B(n, n, d)

// POINTSIN and POINTSOUT move V24 to V29 from and to six points from R6 on, R5
// apart.
#define POINTSIN \
	VLD1.P (R6)(R5), [V24.S4] \
	VLD1.P (R6)(R5), [V25.S4] \
	VLD1.P (R6)(R5), [V26.S4] \
	VLD1.P (R6)(R5), [V27.S4] \
	VLD1.P (R6)(R5), [V28.S4] \
	VLD1.P (R6)(R5), [V29.S4]

#define POINTSOUT \
	VST1.P [V24.S4], (R6)(R5) \
	VST1.P [V25.S4], (R6)(R5) \
	VST1.P [V26.S4], (R6)(R5) \
	VST1.P [V27.S4], (R6)(R5) \
	VST1.P [V28.S4], (R6)(R5) \
	VST1.P [V29.S4], (R6)(R5)

// COLUMNIN reads the column of points at R7 and moves R7 on to the next, R14
// further.
#define COLUMNIN \
	MOVD R7, R6      \
	ADD  R14, R7, R7 \
	POINTSIN

// INPUT0, INPUT1234 and INPUT5 are the rows of B^T for the column of the image at
// distance off.
#define INPUT0(off, e) \
	FMOVQ off(R8), F24  \
	FMOVQ off(R10), F25 \
	FMOVQ off(R12), F26 \
	MOVE(X2, e)         \
	SUB5(X1, e)         \
	ADD4(X0, e)

#define INPUT5(off, e) \
	FMOVQ off(R9), F24  \
	FMOVQ off(R11), F25 \
	FMOVQ off(R13), F26 \
	MOVE(X2, e)         \
	SUB5(X1, e)         \
	ADD4(X0, e)

#define INPUT1234(off, e1, e2, e3, e4) \
	FMOVQ off(R9), F24                     \
	FMOVQ off(R10), F25                    \
	FMOVQ off(R11), F26                    \
	FMOVQ off(R12), F27                    \
	MIDDLE(X0, X1, X2, X3, e1, e2, e3, e4)

// MIDDLE is rows 1 to 4 of B^T. d3 and d4 are clobbered.
#define MIDDLE(d1, d2, d3, d4, e1, e2, e3, e4) \
	FSUB4S(d2, d4, e3)                \
	FSUB4S(d1, d3, SCRATCH)           \
	FADD4S(SCRATCH, SCRATCH, SCRATCH) \
	FSUB4S(SCRATCH, e3, e4)           \
	FADD4S(SCRATCH, e3, e3)           \
	SUB4(d2, d4)                      \
	SUB4(d1, d3)                      \
	FADD4S(d3, d4, e1)                \
	FSUB4S(d3, d4, e2)

// INPUTROW transforms a row and writes its six points.
#define INPUTROW(d0, d1, d2, d3, d4, d5) \
	MOVE(d4, X0)                           \
	SUB5(d2, X0)                           \
	ADD4(d0, X0)                           \
	MOVE(d5, X5)                           \
	SUB5(d3, X5)                           \
	ADD4(d1, X5)                           \
	MIDDLE(d1, d2, d3, d4, X1, X2, X3, X4) \
	POINTSOUT

// func winogradInputNEON(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int)
//
// See winogradInputGeneric. Registers (distances in bytes):
//
//	R0, R1   dst and src of the tile     R2  tiles left      R3  quarter of the lanes
//	R4, R15  dstTile and srcTile         R5  dstPoint        R6  cursor of dst
//	R8-R13   rows of src                 R14 srcRow
//	V30      scratch
TEXT ·winogradInputNEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD tiles+16(FP), R2
	MOVD dstPoint+24(FP), R5
	MOVD dstTile+32(FP), R4
	MOVD srcRow+40(FP), R14
	MOVD srcTile+48(FP), R15
	LSL  $2, R5, R5
	LSL  $2, R4, R4
	LSL  $2, R14, R14
	LSL  $2, R15, R15
	MOVD $winograd<>(SB), R6
	VLD1 (R6), [V30.S4, V31.S4]

tile:
	MOVD $0, R3

quarter:
	ADD  R3, R0, R6
	ADD  R3, R1, R8
	ADD  R14, R8, R9
	ADD  R14, R9, R10
	ADD  R14, R10, R11
	ADD  R14, R11, R12
	ADD  R14, R12, R13
	INPUT0(0, 0)
	INPUT0(64, 1)
	INPUT0(128, 2)
	INPUT0(192, 3)
	INPUT0(256, 4)
	INPUT0(320, 5)
	INPUTROW(0, 1, 2, 3, 4, 5)
	INPUT1234(0, 0, 6, 12, 18)
	INPUT1234(64, 1, 7, 13, 19)
	INPUT1234(128, 2, 8, 14, 20)
	INPUT1234(192, 3, 9, 15, 21)
	INPUT1234(256, 4, 10, 16, 22)
	INPUT1234(320, 5, 11, 17, 23)
	INPUTROW(0, 1, 2, 3, 4, 5)
	INPUTROW(6, 7, 8, 9, 10, 11)
	INPUTROW(12, 13, 14, 15, 16, 17)
	INPUTROW(18, 19, 20, 21, 22, 23)
	INPUT5(0, 0)
	INPUT5(64, 1)
	INPUT5(128, 2)
	INPUT5(192, 3)
	INPUT5(256, 4)
	INPUT5(320, 5)
	INPUTROW(0, 1, 2, 3, 4, 5)
	ADD  $16, R3, R3
	CMP  $64, R3
	BNE  quarter
	ADD  R4, R0, R0
	ADD  R15, R1, R1
	SUBS $1, R2, R2
	BNE  tile
	RET

// ADJOINT1234 is rows 1 to 4 of B for the next column of points.
#define ADJOINT1234(e1, e2, e3, e4) \
	COLUMNIN           \
	FADD4S(X2, X1, e2) \ // p
	FSUB4S(X2, X1, e3) \ // q
	FADD4S(X4, X3, X1) \ // r
	FSUB4S(X4, X3, X2) \ // s
	FADD4S(e2, X0, e4) \
	FADD4S(X1, e4, e4) \
	ADD4(e2, X1)       \
	FNEG4S(X1, e2)     \
	SUB5(X0, e2)       \
	MOVE(X2, X3)       \
	ADD2(e3, X3)       \ // 2q + s
	TIMES4(X5, e1)     \
	SUB2(X3, e1)       \
	ADD2(X2, e3)       \
	SUB5(X5, e3)

// ADDTO adds v to the image at distance off.
#define ADDTO(v, off) \
	FMOVQ off(R8), F30          \
	FADD4S(v, SCRATCH, SCRATCH) \
	FMOVQ F30, off(R8)

// ADJOINTROW transforms a row, adds it to the image and moves on to the next row.
#define ADJOINTROW(t0, t1, t2, t3, t4, t5) \
	FADD4S(t2, t1, X1) \ // p
	FSUB4S(t2, t1, X2) \ // q
	FADD4S(t4, t3, X3) \ // r
	FSUB4S(t4, t3, X4) \ // s
	FADD4S(X1, t0, X0) \
	FADD4S(X3, X0, X0) \
	ADDTO(X0, 256)     \
	ADD4(X1, X3)       \
	FNEG4S(X3, X3)     \
	SUB5(t0, X3)       \
	ADDTO(X3, 128)     \
	MOVE(X4, X5)       \
	ADD2(X2, X5)       \
	TIMES4(t5, X1)     \
	SUB2(X5, X1)       \
	ADDTO(X1, 64)      \
	ADD2(X4, X2)       \
	SUB5(t5, X2)       \
	ADDTO(X2, 192)     \
	TIMES4(t0, X0)     \
	ADDTO(X0, 0)       \
	ADDTO(t5, 320)     \
	ADD R16, R8, R8

// func winogradInputAdjointNEON(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int)
//
// See winogradInputAdjointGeneric. Registers (distances in bytes):
//
//	R0, R1   dst and src of the tile     R2  tiles left      R3  quarter of the lanes
//	R4, R15  dstTile and srcTile         R5  6 srcPoint      R6  cursor of src
//	R7  column of src    R8  row of dst  R14 srcPoint        R16 dstRow
//	V30      scratch
TEXT ·winogradInputAdjointNEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD tiles+16(FP), R2
	MOVD dstRow+24(FP), R16
	MOVD dstTile+32(FP), R4
	MOVD srcPoint+40(FP), R14
	MOVD srcTile+48(FP), R15
	LSL  $2, R16, R16
	LSL  $2, R4, R4
	LSL  $2, R14, R14
	LSL  $2, R15, R15
	ADD  R14<<1, R14, R5
	LSL  $1, R5, R5
	MOVD $winograd<>(SB), R6
	VLD1 (R6), [V30.S4, V31.S4]

tile:
	MOVD $0, R3

quarter:
	ADD    R3, R0, R8
	ADD    R3, R1, R7
	MOVD   R7, R6
	VLD1.P (R6)(R14), [V0.S4]
	VLD1.P (R6)(R14), [V1.S4]
	VLD1.P (R6)(R14), [V2.S4]
	VLD1.P (R6)(R14), [V3.S4]
	VLD1.P (R6)(R14), [V4.S4]
	VLD1.P (R6)(R14), [V5.S4]
	TIMES4(0, 0)
	TIMES4(1, 1)
	TIMES4(2, 2)
	TIMES4(3, 3)
	TIMES4(4, 4)
	TIMES4(5, 5)
	ADJOINTROW(0, 1, 2, 3, 4, 5)
	ADJOINT1234(0, 6, 12, 18)
	ADJOINT1234(1, 7, 13, 19)
	ADJOINT1234(2, 8, 14, 20)
	ADJOINT1234(3, 9, 15, 21)
	ADJOINT1234(4, 10, 16, 22)
	ADJOINT1234(5, 11, 17, 23)
	ADJOINTROW(0, 1, 2, 3, 4, 5)
	ADJOINTROW(6, 7, 8, 9, 10, 11)
	ADJOINTROW(12, 13, 14, 15, 16, 17)
	ADJOINTROW(18, 19, 20, 21, 22, 23)
	ADD    R5<<2, R7, R6      // R7 is at the second row
	VLD1.P (R6)(R14), [V0.S4]
	VLD1.P (R6)(R14), [V1.S4]
	VLD1.P (R6)(R14), [V2.S4]
	VLD1.P (R6)(R14), [V3.S4]
	VLD1.P (R6)(R14), [V4.S4]
	VLD1.P (R6)(R14), [V5.S4]
	ADJOINTROW(0, 1, 2, 3, 4, 5)
	ADD    $16, R3, R3
	CMP    $64, R3
	BNE    quarter
	ADD    R4, R0, R0
	ADD    R15, R1, R1
	SUBS   $1, R2, R2
	BNE    tile
	RET

// OUTPUT4 is the rows of A^T, m = 4, for the next column of points, OUTPUT2 those
// for m = 2.
#define OUTPUT4(e0, e1, e2, e3) \
	COLUMNIN           \
	FADD4S(X2, X1, e2) \ // p
	FSUB4S(X2, X1, e3) \ // q
	FADD4S(X4, X3, X1) \ // r
	FSUB4S(X4, X3, X2) \
	FADD4S(X2, X2, X2) \ // s
	FADD4S(e2, X0, e0) \
	FADD4S(X1, e0, e0) \
	FADD4S(X2, e3, e1) \
	ADD4(X1, e2)       \
	ADD4(X2, e3)       \
	FADD4S(X5, e3, e3)

#define OUTPUT2(e0, e1) \
	COLUMNIN                             \
	BOTH(X0, X1, X2, X3, X4, X5, e0, e1)

// BOTH is the rows of A^T, m = 2.
#define BOTH(t0, t1, t2, t3, t4, t5, e0, e1) \
	FADD4S(t2, t1, e0)      \ // p
	FSUB4S(t2, t1, e1)      \ // q
	FADD4S(t4, t3, SCRATCH) \ // r
	FSUB4S(t4, t3, t3)      \
	FADD4S(t3, t3, t3)      \ // s
	FADD4S(e0, t0, e0)      \
	FADD4S(SCRATCH, e0, e0) \
	FADD4S(t3, e1, e1)      \
	FADD4S(t5, e1, e1)

// FINISH writes output v, in register f, with the bias (V30) and, where that lies
// below the limit (V28), 0 instead.
#define BIAS 30
#define LIMIT 28
#define FINISH(v, f, off) \
	FADD4S(BIAS, v, v)    \
	FCMGT4S(v, LIMIT, X5) \
	BIC16B(X5, v, v)      \
	FMOVQ f, off(R8)

// OUTPUTROW4 and OUTPUTROW2 transform a row, write its outputs and move on to the
// next row.
#define OUTPUTROW4(t0, t1, t2, t3, t4, t5) \
	FADD4S(t2, t1, X2)   \ // p
	FSUB4S(t2, t1, X3)   \ // q
	FADD4S(t4, t3, X0)   \ // r
	FSUB4S(t4, t3, t4)   \
	FADD4S(t4, t4, t4)   \ // s
	FADD4S(X2, t0, t0)   \
	ADD4(X0, X2)         \
	FADD4S(X0, t0, X0)   \
	FADD4S(t4, X3, X1)   \
	ADD4(t4, X3)         \
	FADD4S(t5, X3, X3)   \
	FINISH(X0, F24, 0)   \
	FINISH(X1, F25, 64)  \
	FINISH(X2, F26, 128) \
	FINISH(X3, F27, 192) \
	ADD R16, R8, R8

#define OUTPUTROW2(t0, t1, t2, t3, t4, t5) \
	BOTH(t0, t1, t2, t3, t4, t5, X0, X1) \
	FMOVQ (R20), F30                     \
	FINISH(X0, F24, 0)                   \
	FINISH(X1, F25, 64)                  \
	ADD   R16, R8, R8

// func winogradOutputNEON(t *WinogradOutputs)
//
// See winogradOutputGeneric. Registers (distances in bytes):
//
//	R0, R1   dst and src of the tile     R2  tiles left      R3  quarter of the lanes
//	R4, R15  dstTile and srcTile         R5  6 srcPoint      R6  cursor of src
//	R7  column of src    R8  row of dst  R14 srcPoint        R16 dstRow
//	R17 lower clamp                      R19 bias, or 16 times -0
//	R20 t, then bias of the quarter      R21 m
//	V28 lower clamp, V30 bias, both scratch before      V29 scratch
TEXT ·winogradOutputNEON(SB), NOSPLIT, $0-8
	MOVD  t+0(FP), R20
	MOVD  WinogradOutputs_Dst(R20), R0
	MOVD  WinogradOutputs_Src(R20), R1
	MOVD  WinogradOutputs_Bias(R20), R19
	MOVD  WinogradOutputs_M(R20), R21
	MOVD  WinogradOutputs_Tiles(R20), R2
	MOVD  WinogradOutputs_DstRow(R20), R16
	MOVD  WinogradOutputs_DstTile(R20), R4
	MOVD  WinogradOutputs_SrcPoint(R20), R14
	MOVD  WinogradOutputs_SrcTile(R20), R15
	MOVBU WinogradOutputs_ReLU(R20), R17
	LSL   $2, R16, R16
	LSL   $2, R4, R4
	LSL   $2, R14, R14
	LSL   $2, R15, R15
	ADD   R14<<1, R14, R5
	LSL   $1, R5, R5
	MOVD  $winograd<>(SB), R6
	VLD1  (R6), [V30.S4, V31.S4]
	CBNZ  R19, biased
	ADD   $32, R6, R19

biased:
	CBNZ R17, relu
	MOVD $0xff800000, R17 // -Inf
	B    tile

relu:
	MOVD $0, R17

tile:
	MOVD $0, R3

quarter:
	ADD   R3, R0, R8
	ADD   R3, R1, R7
	ADD   R3, R19, R20
	CMP   $2, R21
	BEQ   two
	OUTPUT4(0, 6, 12, 18)
	OUTPUT4(1, 7, 13, 19)
	OUTPUT4(2, 8, 14, 20)
	OUTPUT4(3, 9, 15, 21)
	OUTPUT4(4, 10, 16, 22)
	OUTPUT4(5, 11, 17, 23)
	VDUP  R17, V28.S4
	FMOVQ (R20), F30
	OUTPUTROW4(0, 1, 2, 3, 4, 5)
	OUTPUTROW4(6, 7, 8, 9, 10, 11)
	OUTPUTROW4(12, 13, 14, 15, 16, 17)
	OUTPUTROW4(18, 19, 20, 21, 22, 23)

next:
	ADD  $16, R3, R3
	CMP  $64, R3
	BNE  quarter
	ADD  R4, R0, R0
	ADD  R15, R1, R1
	SUBS $1, R2, R2
	BNE  tile
	RET

two:
	OUTPUT2(0, 6)
	OUTPUT2(1, 7)
	OUTPUT2(2, 8)
	OUTPUT2(3, 9)
	OUTPUT2(4, 10)
	OUTPUT2(5, 11)
	VDUP R17, V28.S4
	OUTPUTROW2(0, 1, 2, 3, 4, 5)
	OUTPUTROW2(6, 7, 8, 9, 10, 11)
	B    next

	// SPREAD1234 is rows 1 to 4 of A, m = 4, for the column of gradients at distance
	// off.
#define SPREAD1234(off, e1, e2, e3, e4) \
	FMOVQ off(R8), F24                         \
	FMOVQ off(R9), F25                         \
	FMOVQ off(R10), F26                        \
	FMOVQ off(R11), F27                        \
	SPREAD(X0, X1, X2, X3, e1, e2, e3, e4, X4)

// SPREAD is rows 1 to 4 of A, m = 4. y0 and y1 are clobbered; t, scratch, may be e4.
#define SPREAD(y0, y1, y2, y3, e1, e2, e3, e4, t) \
	FADD4S(y2, y0, e1) \ // p
	FADD4S(y3, y1, t)  \ // q
	FSUB4S(t, e1, e2)  \
	FADD4S(t, e1, e1)  \
	ADD4(y2, y0)       \ // r
	ADD4(y3, y1)       \
	FADD4S(y1, y1, y1) \ // s
	FADD4S(y1, y0, e3) \
	FSUB4S(y1, y0, e4)

// SPREADROW4 and SPREADROW2 transform a row and write its six points.
#define SPREADROW4(y0, y1, y2, y3) \
	MOVE(y0, X0)                               \
	MOVE(y3, X5)                               \
	SPREAD(y0, y1, y2, y3, X1, X2, X3, X4, X4) \
	POINTSOUT

#define SPREADROW2(y0, y1) \
	MOVE(y0, X0)            \
	MOVE(y1, X5)            \
	FADD4S(y1, y0, X1)      \
	FSUB4S(y1, y0, X2)      \
	FADD4S(y1, y1, SCRATCH) \
	FADD4S(SCRATCH, y0, X3) \
	FSUB4S(SCRATCH, y0, X4) \
	POINTSOUT

// func winogradOutputAdjointNEON(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int)
//
// See winogradOutputAdjointGeneric. Registers (distances in bytes):
//
//	R0, R1   dst and src of the tile     R2  tiles left      R3  quarter of the lanes
//	R4, R15  dstTile and srcTile         R5  dstPoint        R6  cursor of dst
//	R8-R11   rows of src                 R14 srcRow          R21 m
//	V30      scratch
TEXT ·winogradOutputAdjointNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD m+16(FP), R21
	MOVD tiles+24(FP), R2
	MOVD dstPoint+32(FP), R5
	MOVD dstTile+40(FP), R4
	MOVD srcRow+48(FP), R14
	MOVD srcTile+56(FP), R15
	LSL  $2, R5, R5
	LSL  $2, R4, R4
	LSL  $2, R14, R14
	LSL  $2, R15, R15
	MOVD $winograd<>(SB), R6
	VLD1 (R6), [V30.S4, V31.S4]

tile:
	MOVD $0, R3

quarter:
	ADD   R3, R0, R6
	ADD   R3, R1, R8
	ADD   R14, R8, R9
	CMP   $2, R21
	BEQ   two
	ADD   R14, R9, R10
	ADD   R14, R10, R11
	FMOVQ (R8), F0
	FMOVQ 64(R8), F1
	FMOVQ 128(R8), F2
	FMOVQ 192(R8), F3
	SPREADROW4(0, 1, 2, 3)
	SPREAD1234(0, 0, 4, 8, 12)
	SPREAD1234(64, 1, 5, 9, 13)
	SPREAD1234(128, 2, 6, 10, 14)
	SPREAD1234(192, 3, 7, 11, 15)
	SPREADROW4(0, 1, 2, 3)
	SPREADROW4(4, 5, 6, 7)
	SPREADROW4(8, 9, 10, 11)
	SPREADROW4(12, 13, 14, 15)
	FMOVQ (R11), F0
	FMOVQ 64(R11), F1
	FMOVQ 128(R11), F2
	FMOVQ 192(R11), F3
	SPREADROW4(0, 1, 2, 3)

next:
	ADD  $16, R3, R3
	CMP  $64, R3
	BNE  quarter
	ADD  R4, R0, R0
	ADD  R15, R1, R1
	SUBS $1, R2, R2
	BNE  tile
	RET

two:
	FMOVQ (R8), F0
	FMOVQ 64(R8), F1
	FMOVQ (R9), F2
	FMOVQ 64(R9), F3
	SPREADROW2(0, 1)
	FADD4S(2, 0, 4)
	FADD4S(3, 1, 5)
	SPREADROW2(4, 5)
	FSUB4S(2, 0, 4)
	FSUB4S(3, 1, 5)
	SPREADROW2(4, 5)
	FADD4S(2, 2, 6)
	FADD4S(3, 3, 7)
	FADD4S(6, 0, 4)
	FADD4S(7, 1, 5)
	SPREADROW2(4, 5)
	FSUB4S(6, 0, 4)
	FSUB4S(7, 1, 5)
	SPREADROW2(4, 5)
	SPREADROW2(2, 3)
	B     next

	// TAPSIN reads the column of taps at R7 into V24 to V26 and moves R7 on to the
	// next, R14 further.
#define TAPSIN \
	MOVD   R7, R6              \
	ADD    R14, R7, R7         \
	VLD1.P (R6)(R16), [V24.S4] \
	VLD1.P (R6)(R16), [V25.S4] \
	VLD1.P (R6)(R16), [V26.S4]

// FILTER3 is the rows of G for three taps. g0 and g1 are clobbered.
#define FILTER3(g0, g1, g2, e0, e1, e2, e3, e4, e5) \
	QUARTER(g0, e0)      \
	FADD4S(g2, g0, e2)   \ // p
	FADD4S(g1, e2, e1)   \
	SIXTH(e1, e1)        \
	FSUB4S(g1, e2, e2)   \
	SIXTH(e2, e2)        \
	ADD4(g2, g0)         \ // u
	FADD4S(g1, g1, g1)   \ // v
	FADD4S(g1, g0, e3)   \
	TWENTYFOURTH(e3, e3) \
	FSUB4S(g1, g0, e4)   \
	TWENTYFOURTH(e4, e4) \
	MOVE(g2, e5)

// FILTER5LOW and FILTER5HIGH are rows 0 to 2 and 3 to 5 of G for five taps.
// FILTER5LOW overwrites t, FILTER5HIGH g0 and g1.
#define FILTER5LOW(g0, g1, g2, g3, g4, e0, e1, e2, t) \
	QUARTER(g0, e0)    \
	FADD4S(g2, g0, e2) \
	FADD4S(g4, e2, e2) \ // p
	FADD4S(g3, g1, t)  \ // q
	FADD4S(t, e2, e1)  \
	SIXTH(e1, e1)      \
	FSUB4S(t, e2, e2)  \
	SIXTH(e2, e2)

#define FILTER5HIGH(g0, g1, g2, g3, g4, e3, e4, e5) \
	ADD4(g2, g0)         \
	ADD16(g4, g0)        \ // u
	FADD4S(g1, g1, g1)   \
	ADD8(g3, g1)         \ // v
	FADD4S(g1, g0, e3)   \
	TWENTYFOURTH(e3, e3) \
	FSUB4S(g1, g0, e4)   \
	TWENTYFOURTH(e4, e4) \
	MOVE(g4, e5)

// FILTERLOW and FILTERHIGH transform the next column of five taps.
#define FILTERLOW(e0, e1, e2) \
	TAPSIN                                         \
	VLD1.P (R6)(R16), [V27.S4]                     \
	VLD1   (R6), [V28.S4]                          \
	FILTER5LOW(X0, X1, X2, X3, X4, e0, e1, e2, X5)

#define FILTERHIGH(e3, e4, e5) \
	TAPSIN                                      \
	VLD1.P (R6)(R16), [V27.S4]                  \
	VLD1   (R6), [V28.S4]                       \
	FILTER5HIGH(X0, X1, X2, X3, X4, e3, e4, e5)

// FILTERROW3 and FILTERROW5 transform a row and write its six points.
#define FILTERROW3(g0, g1, g2) \
	FILTER3(g0, g1, g2, X0, X1, X2, X3, X4, X5) \
	MOVD R8, R6                                 \
	POINTSOUT                                   \
	MOVD R6, R8

#define FILTERROW5(g0, g1, g2, g3, g4) \
	FILTER5LOW(g0, g1, g2, g3, g4, X0, X1, X2, X3) \
	FILTER5HIGH(g0, g1, g2, g3, g4, X3, X4, X5)    \
	MOVD R8, R6                                    \
	POINTSOUT                                      \
	MOVD R6, R8

// func winogradFilterNEON(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
//
// See winogradFilterGeneric. Registers (distances in bytes):
//
//	R0, R1   dst and src of the tile     R2  tiles left      R3  quarter of the lanes
//	R4, R15  dstTile and srcTile         R5  dstPoint        R6  cursor
//	R7  column of src    R8  row of dst  R14 srcPoint        R16 r srcPoint
//	R21 r
TEXT ·winogradFilterNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD r+16(FP), R21
	MOVD tiles+24(FP), R2
	MOVD dstPoint+32(FP), R5
	MOVD dstTile+40(FP), R4
	MOVD srcPoint+48(FP), R14
	MOVD srcTile+56(FP), R15
	LSL  $2, R5, R5
	LSL  $2, R4, R4
	LSL  $2, R14, R14
	LSL  $2, R15, R15
	MUL  R14, R21, R16
	MOVD $winograd<>(SB), R6
	VLD1 (R6), [V30.S4, V31.S4]

tile:
	MOVD $0, R3

quarter:
	ADD R3, R0, R8
	ADD R3, R1, R7
	CMP $3, R21
	BEQ three
	FILTERLOW(0, 5, 10)
	FILTERLOW(1, 6, 11)
	FILTERLOW(2, 7, 12)
	FILTERLOW(3, 8, 13)
	FILTERLOW(4, 9, 14)
	FILTERROW5(0, 1, 2, 3, 4)
	FILTERROW5(5, 6, 7, 8, 9)
	FILTERROW5(10, 11, 12, 13, 14)
	ADD R3, R1, R7
	FILTERHIGH(0, 5, 10)
	FILTERHIGH(1, 6, 11)
	FILTERHIGH(2, 7, 12)
	FILTERHIGH(3, 8, 13)
	FILTERHIGH(4, 9, 14)
	FILTERROW5(0, 1, 2, 3, 4)
	FILTERROW5(5, 6, 7, 8, 9)
	FILTERROW5(10, 11, 12, 13, 14)

next:
	ADD  $16, R3, R3
	CMP  $64, R3
	BNE  quarter
	ADD  R4, R0, R0
	ADD  R15, R1, R1
	SUBS $1, R2, R2
	BNE  tile
	RET

three:
	TAPSIN
	FILTER3(X0, X1, X2, 0, 3, 6, 9, 12, 15)
	TAPSIN
	FILTER3(X0, X1, X2, 1, 4, 7, 10, 13, 16)
	TAPSIN
	FILTER3(X0, X1, X2, 2, 5, 8, 11, 14, 17)
	FILTERROW3(0, 1, 2)
	FILTERROW3(3, 4, 5)
	FILTERROW3(6, 7, 8)
	FILTERROW3(9, 10, 11)
	FILTERROW3(12, 13, 14)
	FILTERROW3(15, 16, 17)
	B next

	// EVEN and ODD are p and u, and q and v, of G^T.
#define EVEN(t1, t2, t3, t4, p, u) \
	FADD4S(t2, t1, p)  \
	SIXTH(p, p)        \
	FADD4S(t4, t3, u)  \
	TWENTYFOURTH(u, u)

#define ODD(t1, t2, t3, t4, q, v) \
	FSUB4S(t2, t1, q)  \
	SIXTH(q, q)        \
	FSUB4S(t4, t3, v)  \
	TWENTYFOURTH(v, v)

// FIRST is row 0 of G^T.
#define FIRST(t0, p, u, e) \
	MOVE(p, e)        \
	ADDQUARTER(t0, e) \
	FADD4S(u, e, e)

// ADJOINT012, for three taps, ADJOINT024 and ADJOINT13, for five, are rows of G^T
// for the next column of points.
#define ADJOINT012(e0, e1, e2) \
	COLUMNIN                     \
	EVEN(X1, X2, X3, X4, e2, 23) \
	FIRST(X0, e2, 23, e0)        \
	ADD4(23, e2)                 \
	FADD4S(X5, e2, e2)           \
	ODD(X1, X2, X3, X4, e1, 23)  \
	ADD2(23, e1)

#define ADJOINT024(e0, e2, e4) \
	COLUMNIN                     \
	EVEN(X1, X2, X3, X4, e4, 23) \
	FIRST(X0, e4, 23, e0)        \
	MOVE(e4, e2)                 \
	ADD4(23, e2)                 \
	ADD16(23, e4)                \
	FADD4S(X5, e4, e4)

#define ADJOINT13(e1, e3) \
	COLUMNIN                    \
	ODD(X1, X2, X3, X4, e3, 23) \
	MOVE(e3, e1)                \
	ADD2(23, e1)                \
	ADD8(23, e3)

// TAPROW3 and TAPROW5 transform a row and write its taps from R8 on, R16 apart.
#define TAPROW3(t0, t1, t2, t3, t4, t5) \
	EVEN(t1, t2, t3, t4, X2, X3) \
	FIRST(t0, X2, X3, X0)        \
	ADD4(X3, X2)                 \
	FADD4S(t5, X2, X2)           \
	ODD(t1, t2, t3, t4, X1, X3)  \
	ADD2(X3, X1)                 \
	VST1.P [V24.S4], (R8)(R16)   \
	VST1.P [V25.S4], (R8)(R16)   \
	VST1.P [V26.S4], (R8)(R16)

#define TAPROW5(t0, t1, t2, t3, t4, t5) \
	EVEN(t1, t2, t3, t4, X4, X5) \
	FIRST(t0, X4, X5, X0)        \
	MOVE(X4, X2)                 \
	ADD4(X5, X2)                 \
	ADD16(X5, X4)                \
	FADD4S(t5, X4, X4)           \
	ODD(t1, t2, t3, t4, X3, X5)  \
	MOVE(X3, X1)                 \
	ADD2(X5, X1)                 \
	ADD8(X5, X3)                 \
	VST1.P [V24.S4], (R8)(R16)   \
	VST1.P [V25.S4], (R8)(R16)   \
	VST1.P [V26.S4], (R8)(R16)   \
	VST1.P [V27.S4], (R8)(R16)   \
	VST1.P [V28.S4], (R8)(R16)

// func winogradFilterAdjointNEON(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
//
// See winogradFilterAdjointGeneric. Registers (distances in bytes):
//
//	R0, R1   dst and src of the tile     R2  tiles left      R3  quarter of the lanes
//	R4, R15  dstTile and srcTile         R5  6 srcPoint      R6  cursor of src
//	R7  column of src    R8  row of dst  R14 srcPoint        R16 dstPoint
//	R17 r dstPoint       R21 r           V23 scratch
TEXT ·winogradFilterAdjointNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD r+16(FP), R21
	MOVD tiles+24(FP), R2
	MOVD dstPoint+32(FP), R16
	MOVD dstTile+40(FP), R4
	MOVD srcPoint+48(FP), R14
	MOVD srcTile+56(FP), R15
	LSL  $2, R16, R16
	LSL  $2, R4, R4
	LSL  $2, R14, R14
	LSL  $2, R15, R15
	MUL  R16, R21, R17
	ADD  R14<<1, R14, R5
	LSL  $1, R5, R5
	MOVD $winograd<>(SB), R6
	VLD1 (R6), [V30.S4, V31.S4]

tile:
	MOVD $0, R3

quarter:
	ADD R3, R0, R8
	ADD R3, R1, R7
	CMP $3, R21
	BEQ three
	ADJOINT024(0, 6, 12)
	ADJOINT024(1, 7, 13)
	ADJOINT024(2, 8, 14)
	ADJOINT024(3, 9, 15)
	ADJOINT024(4, 10, 16)
	ADJOINT024(5, 11, 17)
	TAPROW5(0, 1, 2, 3, 4, 5)
	ADD R17, R8, R8
	TAPROW5(6, 7, 8, 9, 10, 11)
	ADD R17, R8, R8
	TAPROW5(12, 13, 14, 15, 16, 17)
	ADD R3, R0, R8
	ADD R17, R8, R8
	ADD R3, R1, R7
	ADJOINT13(0, 6)
	ADJOINT13(1, 7)
	ADJOINT13(2, 8)
	ADJOINT13(3, 9)
	ADJOINT13(4, 10)
	ADJOINT13(5, 11)
	TAPROW5(0, 1, 2, 3, 4, 5)
	ADD R17, R8, R8
	TAPROW5(6, 7, 8, 9, 10, 11)

next:
	ADD  $16, R3, R3
	CMP  $64, R3
	BNE  quarter
	ADD  R4, R0, R0
	ADD  R15, R1, R1
	SUBS $1, R2, R2
	BNE  tile
	RET

three:
	ADJOINT012(0, 6, 12)
	ADJOINT012(1, 7, 13)
	ADJOINT012(2, 8, 14)
	ADJOINT012(3, 9, 15)
	ADJOINT012(4, 10, 16)
	ADJOINT012(5, 11, 17)
	TAPROW3(0, 1, 2, 3, 4, 5)
	TAPROW3(6, 7, 8, 9, 10, 11)
	TAPROW3(12, 13, 14, 15, 16, 17)
	B next
