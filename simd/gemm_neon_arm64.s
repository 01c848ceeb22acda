//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The register tile of a matrix product, up to 8 x 12, with the rows of A
// interleaved. For each k eight elements of A and twelve of B are loaded, and
// each row of accumulators takes the row of B times one lane of A. In the loop
// of the full tile 96 of 106 instructions are multiply-adds.
//
// There are no masks, and nothing outside the tile may be touched. So an edge is
// covered by vectors that overlap: with 4 < m < 8 the upper four rows begin at
// m-4, with 4 < n < 12 the last vector of a row begins at n-4; fewer than four
// rows or columns are loaded lane by lane. Every m has its own loop, which leaves
// out the rows that the lower four cover already.

// Rows of accumulators: row i of the lower four is V(8+3i)..V(10+3i), of the
// upper four V(20+3i)..V(22+3i). V0 and V1 hold their elements of A, V2-V4 the
// row of B. ROWn multiplies n vectors of B by lane i of a into the accumulators
// from r on; LASTm does so for the last m rows of four.
#define ROW1(a, i, r) \
	FMLALANE(a, i, 2, r)
#define ROW2(a, i, r) \
	ROW1(a, i, r)            \
	FMLALANE(a, i, 3, (r)+1)
#define ROW3(a, i, r) \
	ROW2(a, i, r)            \
	FMLALANE(a, i, 4, (r)+2)
#define LAST1(ROW, a, r) \
	ROW(a, 3, (r)+9)
#define LAST2(ROW, a, r) \
	ROW(a, 2, (r)+6)  \
	LAST1(ROW, a, r)
#define LAST3(ROW, a, r) \
	ROW(a, 1, (r)+3)  \
	LAST2(ROW, a, r)
#define LAST4(ROW, a, r) \
	ROW(a, 0, r)      \
	LAST3(ROW, a, r)

// FULLSTEP is one k of the full tile.
#define FULLSTEP \
	VLD1.P (R0)(R4), [V0.S4, V1.S4]        \
	VLD1.P (R1)(R7), [V2.S4, V3.S4, V4.S4] \
	LAST4(ROW3, 0, 8)                      \
	LAST4(ROW3, 1, 20)

// Loads of one k at the edges: A of m rows; B of three vectors, two, one, and of
// fewer than four columns.
#define LOADA1 \
	VLD1.P (R0)(R4), V0.S[3]
#define LOADA2 \
	VLD1.P (R0)(R4), V0.S[2]  \
	VLD1.P (R19)(R4), V0.S[3]
#define LOADA3 \
	VLD1.P (R0)(R4), V0.S[1]  \
	VLD1.P (R19)(R4), V0.S[2] \
	VLD1.P (R20)(R4), V0.S[3]
#define LOADA4 \
	VLD1.P (R0)(R4), [V0.S4]
#define LOADA8 LOADA4 \
	VLD1.P (R19)(R4), [V1.S4]
#define LOADB1 \
	VLD1.P (R1)(R7), [V2.S4]
#define LOADB2 LOADB1 \
	VLD1.P (R2)(R7), [V3.S4]
#define LOADB3 LOADB2 \
	VLD1.P (R3)(R7), [V4.S4]
#define LOADLANES \
	VLD1.P (R1)(R7), V2.S[0] \
	VLD1.P (R2)(R7), V2.S[1] \
	VLD1.P (R3)(R7), V2.S[2]

// OUTER moves A and B to the next row of k and reloads the count; the flags are those
// of rows left.
#define OUTER \
	ADD  R21, R0      \
	ADD  R21, R19     \
	ADD  R21, R20     \
	ADD  R8, R1       \
	ADD  R8, R2       \
	ADD  R8, R3       \
	MOVD R9, R6       \
	SUBS $1, R22, R22

// ROWSTEPS sets the distances between four rows to unit, or to 0 where m < 4:
// then the first of the four coincide.
#define ROWSTEPS(unit) \
	CMP  $4, R23            \
	CSEL GE, unit, ZR, R10  \
	CMP  $3, R23            \
	CSEL GE, unit, ZR, R11  \
	CMP  $2, R23            \
	CSEL GE, unit, ZR, R12

// One column of vectors, or of lanes, over the four rows from R5 on.
#define READ(v0, v1, v2, v3) \
	VLD1.P (R5)(R10), [v0.S4] \
	VLD1.P (R5)(R11), [v1.S4] \
	VLD1.P (R5)(R12), [v2.S4] \
	VLD1   (R5), [v3.S4]
#define READLANE(i, v0, v1, v2, v3) \
	VLD1.P (R5)(R10), v0.S[i] \
	VLD1.P (R5)(R11), v1.S[i] \
	VLD1.P (R5)(R12), v2.S[i] \
	VLD1   (R5), v3.S[i]
#define WRITE(v0, v1, v2, v3) \
	VST1.P [v0.S4], (R5)(R10) \
	VST1.P [v1.S4], (R5)(R11) \
	VST1.P [v2.S4], (R5)(R12) \
	VST1   [v3.S4], (R5)
#define WRITELANE(i, v0, v1, v2, v3) \
	VST1.P v0.S[i], (R5)(R10) \
	VST1.P v1.S[i], (R5)(R11) \
	VST1.P v2.S[i], (R5)(R12) \
	VST1   v3.S[i], (R5)

// SPREAD copies the first vector of a row over the row, DOWN row 0 over a row.
#define SPREAD(v0, v1, v2) \
	VMOV v0.B16, v1.B16 \
	VMOV v0.B16, v2.B16
#define DOWN(v0, v1, v2) \
	VMOV V8.B16, v0.B16  \
	VMOV V9.B16, v1.B16  \
	VMOV V10.B16, v2.B16

// RELU zeroes the lanes below 0; NaN stays.
#define RELU(v) \
	FCMLTZ4S(v, 5)  \
	BIC16B(5, v, v)

// func gemmNEON(c, a, b, bias *float32, cRow, aRow, aCol, aJump, bRow, bJump, m, n, k, kOuter int, mode TileMode, ahead *float32)
//
// See gemmGeneric; nothing is fetched ahead. Registers (distances in bytes):
//
//	R0         A            R1         B            R4   aCol     R7   bRow
//	R0, R19    A, rows 0 and m-4 on                 R8   bJump - k bRow   R21  aJump - k aCol
//	R0, R19, R20  A, row by row (m < 4)             R9   k        R6   k left
//	R1-R3      B, columns 0, 4, n-4 on, or column by column (n < 4)
//	R22        kOuter left  R23  m     R24  n       R25  mode     R26  c
//	R10-R12    steps between rows 0-3               R13  upper four rows
//	R14, R15   second and third vector of a row     R16, R17  steps between columns
//	V0-V7 and the tile in V8-V31 as above
TEXT ·gemmNEON(SB), NOSPLIT, $0-128
	MOVD c+0(FP), R26
	MOVD m+80(FP), R23
	MOVD n+88(FP), R24
	MOVD mode+112(FP), R25

	// Columns: 0, min(4, n-4), n-4.
	SUB  $4, R24, R15
	LSL  $2, R15, R15
	MOVD $16, R14
	CMP  R15, R14
	CSEL LT, R14, R15, R14
	MOVD $4, R9
	CMP  $1, R24
	CSEL GT, R9, ZR, R16
	CMP  $2, R24
	CSEL GT, R9, ZR, R17

	// Rows: 0, max(m-4, 0).
	SUBS $4, R23, R13
	CSEL GT, R13, ZR, R13

	// Begin the tile.
	AND $3, R25, R5
	CBZ R5, fromZero
	CMP $2, R5
	BEQ fromRowBias
	BGT fromColumnBias

fromC:
	MOVD cRow+32(FP), R9
	LSL  $2, R9, R9
	ROWSTEPS(R9)
	MUL  R9, R13, R6
	ADD  R26, R6, R6
	CMP  $4, R24
	BLT  fromNarrowC
	MOVD R26, R5
	READ(V8, V11, V14, V17)
	ADD  R14, R26, R5
	READ(V9, V12, V15, V18)
	ADD  R15, R26, R5
	READ(V10, V13, V16, V19)
	MOVD R6, R5
	READ(V20, V23, V26, V29)
	ADD  R14, R6, R5
	READ(V21, V24, V27, V30)
	ADD  R15, R6, R5
	READ(V22, V25, V28, V31)
	B    begun

fromNarrowC:
	MOVD R26, R5
	READLANE(0, V8, V11, V14, V17)
	ADD  R16, R26, R5
	READLANE(1, V8, V11, V14, V17)
	ADD  R16, R26, R5
	ADD  R17, R5
	READLANE(2, V8, V11, V14, V17)
	MOVD R6, R5
	READLANE(0, V20, V23, V26, V29)
	ADD  R16, R6, R5
	READLANE(1, V20, V23, V26, V29)
	ADD  R16, R6, R5
	ADD  R17, R5
	READLANE(2, V20, V23, V26, V29)
	B    begun

fromRowBias:
	ROWSTEPS(R9)
	MOVD    bias+24(FP), R5
	ADD     R13<<2, R5, R6
	VLD1R.P (R5)(R10), [V8.S4]
	VLD1R.P (R5)(R11), [V11.S4]
	VLD1R.P (R5)(R12), [V14.S4]
	VLD1R   (R5), [V17.S4]
	VLD1R.P (R6)(R10), [V20.S4]
	VLD1R.P (R6)(R11), [V23.S4]
	VLD1R.P (R6)(R12), [V26.S4]
	VLD1R   (R6), [V29.S4]
	SPREAD(V8, V9, V10)
	SPREAD(V11, V12, V13)
	SPREAD(V14, V15, V16)
	SPREAD(V17, V18, V19)
	SPREAD(V20, V21, V22)
	SPREAD(V23, V24, V25)
	SPREAD(V26, V27, V28)
	SPREAD(V29, V30, V31)
	B       begun

fromColumnBias:
	MOVD bias+24(FP), R5
	CMP  $4, R24
	BLT  fromNarrowBias
	ADD  R14, R5, R6
	VLD1 (R5), [V8.S4]
	VLD1 (R6), [V9.S4]
	ADD  R15, R5, R6
	VLD1 (R6), [V10.S4]
	B    downRows

fromNarrowBias:
	VLD1.P (R5)(R16), V8.S[0]
	VLD1.P (R5)(R17), V8.S[1]
	VLD1   (R5), V8.S[2]

downRows:
	DOWN(V11, V12, V13)
	DOWN(V14, V15, V16)
	DOWN(V17, V18, V19)
	DOWN(V20, V21, V22)
	DOWN(V23, V24, V25)
	DOWN(V26, V27, V28)
	DOWN(V29, V30, V31)
	B    begun

fromZero:
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16
	VEOR V19.B16, V19.B16, V19.B16
	VEOR V20.B16, V20.B16, V20.B16
	VEOR V21.B16, V21.B16, V21.B16
	VEOR V22.B16, V22.B16, V22.B16
	VEOR V23.B16, V23.B16, V23.B16
	VEOR V24.B16, V24.B16, V24.B16
	VEOR V25.B16, V25.B16, V25.B16
	VEOR V26.B16, V26.B16, V26.B16
	VEOR V27.B16, V27.B16, V27.B16
	VEOR V28.B16, V28.B16, V28.B16
	VEOR V29.B16, V29.B16, V29.B16
	VEOR V30.B16, V30.B16, V30.B16
	VEOR V31.B16, V31.B16, V31.B16

begun:
	MOVD a+8(FP), R0
	MOVD b+16(FP), R1
	MOVD aCol+48(FP), R4
	LSL  $2, R4, R4
	MOVD bRow+64(FP), R7
	LSL  $2, R7, R7
	MOVD bJump+72(FP), R8
	LSL  $2, R8, R8
	MOVD k+96(FP), R9
	MSUB R9, R8, R7, R8
	MOVD aJump+56(FP), R21
	LSL  $2, R21, R21
	MSUB R9, R21, R4, R21
	MOVD R9, R6
	MOVD kOuter+104(FP), R22
	CMP  $4, R24
	BLT  narrowB
	ADD  R14, R1, R2
	ADD  R15, R1, R3
	B    rowsOfA

narrowB:
	ADD  R16, R1, R2
	ADD  R17, R2, R3
	VEOR V2.B16, V2.B16, V2.B16 // lane 3 is never loaded

rowsOfA:
	CMP $4, R23
	BEQ rows4
	BLT rows1to3
	ADD R13<<2, R0, R19
	CMP $6, R23
	BLT rows5
	BEQ rows6
	CMP $7, R23
	BEQ rows7
	CMP $12, R24
	BEQ full
	B   rows8

rows1to3:
	ADD $4, R0, R19
	ADD $8, R0, R20
	CMP $2, R23
	BLT rows1
	BEQ rows2
	B   rows3

full: // k at a time: four, then one
	SUBS $4, R6, R6
	BLT  fullRest
	PCALIGN $32

full4:
	FULLSTEP
	FULLSTEP
	FULLSTEP
	FULLSTEP
	SUBS $4, R6, R6
	BGE  full4

fullRest:
	ADDS $4, R6, R6
	BEQ  fullOuter

full1:
	FULLSTEP
	SUBS $1, R6, R6
	BNE  full1

fullOuter:
	OUTER
	BNE full
	B   end

rows1:
	CMP $8, R24
	BGT rows1columns12
	CMP $4, R24
	BGT rows1columns8
	BEQ rows1columns4

rows1columns3:
	LOADA1
	LOADLANES
	LAST1(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows1columns3
	OUTER
	BNE  rows1columns3
	B    end

rows1columns4:
	LOADA1
	LOADB1
	LAST1(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows1columns4
	OUTER
	BNE  rows1columns4
	B    end

rows1columns8:
	LOADA1
	LOADB2
	LAST1(ROW2, 0, 8)
	SUBS $1, R6, R6
	BNE  rows1columns8
	OUTER
	BNE  rows1columns8
	B    end

rows1columns12:
	LOADA1
	LOADB3
	LAST1(ROW3, 0, 8)
	SUBS $1, R6, R6
	BNE  rows1columns12
	OUTER
	BNE  rows1columns12
	B    end

rows2:
	CMP $8, R24
	BGT rows2columns12
	CMP $4, R24
	BGT rows2columns8
	BEQ rows2columns4

rows2columns3:
	LOADA2
	LOADLANES
	LAST2(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows2columns3
	OUTER
	BNE  rows2columns3
	B    end

rows2columns4:
	LOADA2
	LOADB1
	LAST2(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows2columns4
	OUTER
	BNE  rows2columns4
	B    end

rows2columns8:
	LOADA2
	LOADB2
	LAST2(ROW2, 0, 8)
	SUBS $1, R6, R6
	BNE  rows2columns8
	OUTER
	BNE  rows2columns8
	B    end

rows2columns12:
	LOADA2
	LOADB3
	LAST2(ROW3, 0, 8)
	SUBS $1, R6, R6
	BNE  rows2columns12
	OUTER
	BNE  rows2columns12
	B    end

rows3:
	CMP $8, R24
	BGT rows3columns12
	CMP $4, R24
	BGT rows3columns8
	BEQ rows3columns4

rows3columns3:
	LOADA3
	LOADLANES
	LAST3(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows3columns3
	OUTER
	BNE  rows3columns3
	B    end

rows3columns4:
	LOADA3
	LOADB1
	LAST3(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows3columns4
	OUTER
	BNE  rows3columns4
	B    end

rows3columns8:
	LOADA3
	LOADB2
	LAST3(ROW2, 0, 8)
	SUBS $1, R6, R6
	BNE  rows3columns8
	OUTER
	BNE  rows3columns8
	B    end

rows3columns12:
	LOADA3
	LOADB3
	LAST3(ROW3, 0, 8)
	SUBS $1, R6, R6
	BNE  rows3columns12
	OUTER
	BNE  rows3columns12
	B    end

rows4:
	CMP $8, R24
	BGT rows4columns12
	CMP $4, R24
	BGT rows4columns8
	BEQ rows4columns4

rows4columns3:
	LOADA4
	LOADLANES
	LAST4(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows4columns3
	OUTER
	BNE  rows4columns3
	B    end

rows4columns4:
	LOADA4
	LOADB1
	LAST4(ROW1, 0, 8)
	SUBS $1, R6, R6
	BNE  rows4columns4
	OUTER
	BNE  rows4columns4
	B    end

rows4columns8:
	LOADA4
	LOADB2
	LAST4(ROW2, 0, 8)
	SUBS $1, R6, R6
	BNE  rows4columns8
	OUTER
	BNE  rows4columns8
	B    end

rows4columns12:
	LOADA4
	LOADB3
	LAST4(ROW3, 0, 8)
	SUBS $1, R6, R6
	BNE  rows4columns12
	OUTER
	BNE  rows4columns12
	B    end

rows5:
	CMP $8, R24
	BGT rows5columns12
	CMP $4, R24
	BGT rows5columns8
	BEQ rows5columns4

rows5columns3:
	LOADA8
	LOADLANES
	LAST4(ROW1, 0, 8)
	LAST1(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows5columns3
	OUTER
	BNE  rows5columns3
	B    end

rows5columns4:
	LOADA8
	LOADB1
	LAST4(ROW1, 0, 8)
	LAST1(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows5columns4
	OUTER
	BNE  rows5columns4
	B    end

rows5columns8:
	LOADA8
	LOADB2
	LAST4(ROW2, 0, 8)
	LAST1(ROW2, 1, 20)
	SUBS $1, R6, R6
	BNE  rows5columns8
	OUTER
	BNE  rows5columns8
	B    end

rows5columns12:
	LOADA8
	LOADB3
	LAST4(ROW3, 0, 8)
	LAST1(ROW3, 1, 20)
	SUBS $1, R6, R6
	BNE  rows5columns12
	OUTER
	BNE  rows5columns12
	B    end

rows6:
	CMP $8, R24
	BGT rows6columns12
	CMP $4, R24
	BGT rows6columns8
	BEQ rows6columns4

rows6columns3:
	LOADA8
	LOADLANES
	LAST4(ROW1, 0, 8)
	LAST2(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows6columns3
	OUTER
	BNE  rows6columns3
	B    end

rows6columns4:
	LOADA8
	LOADB1
	LAST4(ROW1, 0, 8)
	LAST2(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows6columns4
	OUTER
	BNE  rows6columns4
	B    end

rows6columns8:
	LOADA8
	LOADB2
	LAST4(ROW2, 0, 8)
	LAST2(ROW2, 1, 20)
	SUBS $1, R6, R6
	BNE  rows6columns8
	OUTER
	BNE  rows6columns8
	B    end

rows6columns12:
	LOADA8
	LOADB3
	LAST4(ROW3, 0, 8)
	LAST2(ROW3, 1, 20)
	SUBS $1, R6, R6
	BNE  rows6columns12
	OUTER
	BNE  rows6columns12
	B    end

rows7:
	CMP $8, R24
	BGT rows7columns12
	CMP $4, R24
	BGT rows7columns8
	BEQ rows7columns4

rows7columns3:
	LOADA8
	LOADLANES
	LAST4(ROW1, 0, 8)
	LAST3(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows7columns3
	OUTER
	BNE  rows7columns3
	B    end

rows7columns4:
	LOADA8
	LOADB1
	LAST4(ROW1, 0, 8)
	LAST3(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows7columns4
	OUTER
	BNE  rows7columns4
	B    end

rows7columns8:
	LOADA8
	LOADB2
	LAST4(ROW2, 0, 8)
	LAST3(ROW2, 1, 20)
	SUBS $1, R6, R6
	BNE  rows7columns8
	OUTER
	BNE  rows7columns8
	B    end

rows7columns12:
	LOADA8
	LOADB3
	LAST4(ROW3, 0, 8)
	LAST3(ROW3, 1, 20)
	SUBS $1, R6, R6
	BNE  rows7columns12
	OUTER
	BNE  rows7columns12
	B    end

rows8:
	CMP $8, R24
	BGT rows8columns12
	CMP $4, R24
	BGT rows8columns8
	BEQ rows8columns4

rows8columns3:
	LOADA8
	LOADLANES
	LAST4(ROW1, 0, 8)
	LAST4(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows8columns3
	OUTER
	BNE  rows8columns3
	B    end

rows8columns4:
	LOADA8
	LOADB1
	LAST4(ROW1, 0, 8)
	LAST4(ROW1, 1, 20)
	SUBS $1, R6, R6
	BNE  rows8columns4
	OUTER
	BNE  rows8columns4
	B    end

rows8columns8:
	LOADA8
	LOADB2
	LAST4(ROW2, 0, 8)
	LAST4(ROW2, 1, 20)
	SUBS $1, R6, R6
	BNE  rows8columns8
	OUTER
	BNE  rows8columns8
	B    end

rows8columns12:
	LOADA8
	LOADB3
	LAST4(ROW3, 0, 8)
	LAST4(ROW3, 1, 20)
	SUBS $1, R6, R6
	BNE  rows8columns12
	OUTER
	BNE  rows8columns12
	B    end

end:
	TBZ $2, R25, store
	RELU(8)
	RELU(9)
	RELU(10)
	RELU(11)
	RELU(12)
	RELU(13)
	RELU(14)
	RELU(15)
	RELU(16)
	RELU(17)
	RELU(18)
	RELU(19)
	RELU(20)
	RELU(21)
	RELU(22)
	RELU(23)
	RELU(24)
	RELU(25)
	RELU(26)
	RELU(27)
	RELU(28)
	RELU(29)
	RELU(30)
	RELU(31)

store: // of rows and columns that coincide, the one stored last is right
	MOVD cRow+32(FP), R9
	LSL  $2, R9, R9
	ROWSTEPS(R9)
	MUL  R9, R13, R6
	ADD  R26, R6, R6
	CMP  $4, R24
	BLT  storeNarrow
	ADD  R15, R6, R5
	WRITE(V22, V25, V28, V31)
	ADD  R14, R6, R5
	WRITE(V21, V24, V27, V30)
	MOVD R6, R5
	WRITE(V20, V23, V26, V29)
	ADD  R15, R26, R5
	WRITE(V10, V13, V16, V19)
	ADD  R14, R26, R5
	WRITE(V9, V12, V15, V18)
	MOVD R26, R5
	WRITE(V8, V11, V14, V17)
	RET

storeNarrow:
	ADD  R16, R6, R5
	ADD  R17, R5
	WRITELANE(2, V20, V23, V26, V29)
	ADD  R16, R6, R5
	WRITELANE(1, V20, V23, V26, V29)
	MOVD R6, R5
	WRITELANE(0, V20, V23, V26, V29)
	ADD  R16, R26, R5
	ADD  R17, R5
	WRITELANE(2, V8, V11, V14, V17)
	ADD  R16, R26, R5
	WRITELANE(1, V8, V11, V14, V17)
	MOVD R26, R5
	WRITELANE(0, V8, V11, V14, V17)
	RET
