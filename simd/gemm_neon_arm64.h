// The register tile of a matrix product, of float32 and of pairs of bfloat16: the
// macros, then the body of the function. A source defines FULLSTEP, one k of the full
// tile; ONE(LOADA, LOADB, MULTIPLY4, MULTIPLY), one k of others; and BEGIN and END, what
// is done first and once the sums are there. It includes this behind its TEXT.

// Rows of accumulators: row i of the lower four is V(8+3i)..V(10+3i), of the
// upper four V(20+3i)..V(22+3i). V0 and V1 hold their elements of A, V2-V4 the
// row of B.
#define LOWER 8
#define UPPER 20
#define A0 0
#define A1 1
#define B0 2
#define B1 3
#define B2 4
#define NEGATIVE 5
#define SIX 5 // V5, as of the instructions that set it

// ROWn multiplies n vectors of B by lane i of a into the accumulators
// from r on; LASTm does so for the last m rows of four.
#define ROW1(a, i, r) \
	FMLALANE(a, i, B0, r)
#define ROW2(a, i, r) \
	ROW1(a, i, r)            \
	FMLALANE(a, i, B1, (r)+1)
#define ROW3(a, i, r) \
	ROW2(a, i, r)            \
	FMLALANE(a, i, B2, (r)+2)
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

// Loads of one k at the edges: A of m rows; B of three vectors, two, one, and of
// fewer than four columns. LD is MOVE, which goes on to the next k, or STAY.
#define MOVE(r, d) VLD1.P (r)(d)
#define STAY(r, d) VLD1 (r)
#define LOADA1(LD) \
	LD(R0, R4), V0.S[3]
#define LOADA2(LD) \
	LD(R0, R4), V0.S[2]  \
	LD(R19, R4), V0.S[3]
#define LOADA3(LD) \
	LD(R0, R4), V0.S[1]  \
	LD(R19, R4), V0.S[2] \
	LD(R20, R4), V0.S[3]
#define LOADA4(LD) \
	LD(R0, R4), [V0.S4]
#define LOADA8(LD) LOADA4(LD) \
	LD(R19, R4), [V1.S4]
#define LOADB1(LD) \
	LD(R1, R7), [V2.S4]
#define LOADB2(LD) LOADB1(LD) \
	LD(R2, R7), [V3.S4]
#define LOADB3(LD) LOADB2(LD) \
	LD(R3, R7), [V4.S4]
#define LOADLANES(LD) \
	LD(R1, R7), V2.S[0] \
	LD(R2, R7), V2.S[1] \
	LD(R3, R7), V2.S[2]

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

// LOOP is all of k for one height and width of the tile: LOADA and LOADB load one
// k, MULTIPLY4 multiplies the lower four rows, MULTIPLY the others.
#define LOOP(next, LOADA, LOADB, MULTIPLY4, MULTIPLY) \
next:                                           \
	ONE(LOADA, LOADB, MULTIPLY4, MULTIPLY)  \
	SUBS $1, R6, R6 \
	BNE  next       \
	OUTER           \
	BNE  next       \
	B    end

// NONE is MULTIPLY where there are no other rows.
#define NONE

// LOOPS4 has the loops of one height of up to four rows: of fewer than four columns,
// of four, up to eight, up to twelve. LOOPS8 has those of the greater heights.
#define LOOPS4(entry, c3, c4, c8, c12, LOADA, LAST) \
entry:                                                          \
	CMP $8, R24                                             \
	BGT c12                                                 \
	CMP $4, R24                                             \
	BGT c8                                                  \
	BEQ c4                                                  \
	LOOP(c3, LOADA, LOADLANES, LAST(ROW1, A0, LOWER), NONE) \
	LOOP(c4, LOADA, LOADB1, LAST(ROW1, A0, LOWER), NONE)    \
	LOOP(c8, LOADA, LOADB2, LAST(ROW2, A0, LOWER), NONE)    \
	LOOP(c12, LOADA, LOADB3, LAST(ROW3, A0, LOWER), NONE)
#define LOOPS8(entry, c3, c4, c8, c12, LAST) \
entry:                                                                             \
	CMP $8, R24                                                                \
	BGT c12                                                                    \
	CMP $4, R24                                                                \
	BGT c8                                                                     \
	BEQ c4                                                                     \
	LOOP(c3, LOADA8, LOADLANES, LAST4(ROW1, A0, LOWER), LAST(ROW1, A1, UPPER)) \
	LOOP(c4, LOADA8, LOADB1, LAST4(ROW1, A0, LOWER), LAST(ROW1, A1, UPPER))    \
	LOOP(c8, LOADA8, LOADB2, LAST4(ROW2, A0, LOWER), LAST(ROW2, A1, UPPER))    \
	LOOP(c12, LOADA8, LOADB3, LAST4(ROW3, A0, LOWER), LAST(ROW3, A1, UPPER))

// What is done to one row of the tile before and after the loops: ZERO zeroes it,
// SPREAD copies its first vector over it, DOWN copies row 0 to it, RELU zeroes the
// lanes below 0, BOUND makes those above 6 6; NaN stays.
#define ZERO(v0, v1, v2) \
	VEOR v0.B16, v0.B16, v0.B16 \
	VEOR v1.B16, v1.B16, v1.B16 \
	VEOR v2.B16, v2.B16, v2.B16
#define SPREAD(v0, v1, v2) \
	VMOV v0.B16, v1.B16 \
	VMOV v0.B16, v2.B16
#define DOWN(v0, v1, v2) \
	VMOV V8.B16, v0.B16 \
	VMOV V9.B16, v1.B16 \
	VMOV V10.B16, v2.B16
#define RELU(v) \
	FCMLTZ4S(v, NEGATIVE) \
	BIC16B(NEGATIVE, v, v)
#define RELUROW(v) \
	RELU(v)     \
	RELU((v)+1) \
	RELU((v)+2)
#define BOUNDROW(v) \
	FMIN4S(SIX, v, v)         \
	FMIN4S(SIX, (v)+1, (v)+1) \
	FMIN4S(SIX, (v)+2, (v)+2)

// LOWERROWS does one of the first three to all rows but the first, ALLROWS to all.
#define LOWERROWS(ROW) \
	ROW(V11, V12, V13) \
	ROW(V14, V15, V16) \
	ROW(V17, V18, V19) \
	ROW(V20, V21, V22) \
	ROW(V23, V24, V25) \
	ROW(V26, V27, V28) \
	ROW(V29, V30, V31)
#define ALLROWS(ROW) \
	ROW(V8, V9, V10) \
	LOWERROWS(ROW)

	BEGIN
	MOVD t+0(FP), R19
	MOVD GemmTile_C(R19), R26
	MOVD GemmTile_M(R19), R23
	MOVD GemmTile_N(R19), R24
	MOVD GemmTile_Mode(R19), R25

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
	MOVD GemmTile_CRow(R19), R9
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
	MOVD    GemmTile_Bias(R19), R5
	ADD     R13<<2, R5, R6
	VLD1R.P (R5)(R10), [V8.S4]
	VLD1R.P (R5)(R11), [V11.S4]
	VLD1R.P (R5)(R12), [V14.S4]
	VLD1R   (R5), [V17.S4]
	VLD1R.P (R6)(R10), [V20.S4]
	VLD1R.P (R6)(R11), [V23.S4]
	VLD1R.P (R6)(R12), [V26.S4]
	VLD1R   (R6), [V29.S4]
	ALLROWS(SPREAD)
	B       begun

fromColumnBias:
	MOVD GemmTile_Bias(R19), R5
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
	LOWERROWS(DOWN)
	B    begun

fromZero:
	ALLROWS(ZERO)

begun:
	MOVD GemmTile_A(R19), R0
	MOVD GemmTile_B(R19), R1
	MOVD GemmTile_ACol(R19), R4
	LSL  $2, R4, R4
	MOVD GemmTile_BRow(R19), R7
	LSL  $2, R7, R7
	MOVD GemmTile_BJump(R19), R8
	LSL  $2, R8, R8
	MOVD GemmTile_K(R19), R9
	MSUB R9, R8, R7, R8
	MOVD GemmTile_AJump(R19), R21
	LSL  $2, R21, R21
	MSUB R9, R21, R4, R21
	MOVD R9, R6
	MOVD GemmTile_KOuter(R19), R22
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

	LOOPS4(rows1, rows1columns3, rows1columns4, rows1columns8, rows1columns12, LOADA1, LAST1)
	LOOPS4(rows2, rows2columns3, rows2columns4, rows2columns8, rows2columns12, LOADA2, LAST2)
	LOOPS4(rows3, rows3columns3, rows3columns4, rows3columns8, rows3columns12, LOADA3, LAST3)
	LOOPS4(rows4, rows4columns3, rows4columns4, rows4columns8, rows4columns12, LOADA4, LAST4)
	LOOPS8(rows5, rows5columns3, rows5columns4, rows5columns8, rows5columns12, LAST1)
	LOOPS8(rows6, rows6columns3, rows6columns4, rows6columns8, rows6columns12, LAST2)
	LOOPS8(rows7, rows7columns3, rows7columns4, rows7columns8, rows7columns12, LAST3)
	LOOPS8(rows8, rows8columns3, rows8columns4, rows8columns8, rows8columns12, LAST4)

end:
	END
	TBZ $2, R25, store
	RELUROW(LOWER)
	RELUROW(LOWER+3)
	RELUROW(LOWER+6)
	RELUROW(LOWER+9)
	RELUROW(UPPER)
	RELUROW(UPPER+3)
	RELUROW(UPPER+6)
	RELUROW(UPPER+9)
	TBZ   $3, R25, store
	FMOVS $6.0, F5
	VDUP  V5.S[0], V5.S4
	BOUNDROW(LOWER)
	BOUNDROW(LOWER+3)
	BOUNDROW(LOWER+6)
	BOUNDROW(LOWER+9)
	BOUNDROW(UPPER)
	BOUNDROW(UPPER+3)
	BOUNDROW(UPPER+6)
	BOUNDROW(UPPER+9)

store: // of rows and columns that coincide, the one stored last is right
	MOVD t+0(FP), R9
	MOVD GemmTile_CRow(R9), R9
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
