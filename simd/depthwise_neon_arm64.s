//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// Up to 4 rows are computed at a time, 8 columns or 4 of each: row h in V(2h) and,
// of 8, V(2h+1). The macros of a number of rows are built from those of one less.
// BEGIN starts sums at the bias, MULTIPLY adds the weight in V16 times what its tap
// meets at R11, FINISH applies the activation, STORE writes at R11.
#define SUM0 0
#define SUM1 1
#define SUM2 2
#define SUM3 3
#define SUM4 4
#define SUM5 5
#define SUM6 6
#define SUM7 7
#define WEIGHT 16
#define BIASES 17
#define UNBOUNDED 18
#define X0 20
#define X1 21

#define BEGIN1 \
	MOV16B(BIASES, SUM0)
#define BEGIN2 \
	BEGIN1               \
	MOV16B(BIASES, SUM2)
#define BEGIN3 \
	BEGIN2               \
	MOV16B(BIASES, SUM4)
#define BEGIN4 \
	BEGIN3               \
	MOV16B(BIASES, SUM6)

#define BEGINWIDE1 \
	MOV16B(BIASES, SUM0) \
	MOV16B(BIASES, SUM1)
#define BEGINWIDE2 \
	BEGINWIDE1           \
	MOV16B(BIASES, SUM2) \
	MOV16B(BIASES, SUM3)
#define BEGINWIDE3 \
	BEGINWIDE2           \
	MOV16B(BIASES, SUM4) \
	MOV16B(BIASES, SUM5)
#define BEGINWIDE4 \
	BEGINWIDE3           \
	MOV16B(BIASES, SUM6) \
	MOV16B(BIASES, SUM7)

#define MULTIPLY1 \
	VLD1.P (R11)(R6), [V20.S4] \
	FMLA4S(WEIGHT, X0, SUM0)
#define MULTIPLY2 \
	MULTIPLY1                  \
	VLD1.P (R11)(R6), [V20.S4] \
	FMLA4S(WEIGHT, X0, SUM2)
#define MULTIPLY3 \
	MULTIPLY2                  \
	VLD1.P (R11)(R6), [V20.S4] \
	FMLA4S(WEIGHT, X0, SUM4)
#define MULTIPLY4 \
	MULTIPLY3                  \
	VLD1.P (R11)(R6), [V20.S4] \
	FMLA4S(WEIGHT, X0, SUM6)

#define MULTIPLYWIDE1 \
	VLD1.P (R11)(R6), [V20.S4, V21.S4] \
	FMLA4S(WEIGHT, X0, SUM0)           \
	FMLA4S(WEIGHT, X1, SUM1)
#define MULTIPLYWIDE2 \
	MULTIPLYWIDE1                      \
	VLD1.P (R11)(R6), [V20.S4, V21.S4] \
	FMLA4S(WEIGHT, X0, SUM2)           \
	FMLA4S(WEIGHT, X1, SUM3)
#define MULTIPLYWIDE3 \
	MULTIPLYWIDE2                      \
	VLD1.P (R11)(R6), [V20.S4, V21.S4] \
	FMLA4S(WEIGHT, X0, SUM4)           \
	FMLA4S(WEIGHT, X1, SUM5)
#define MULTIPLYWIDE4 \
	MULTIPLYWIDE3                      \
	VLD1.P (R11)(R6), [V20.S4, V21.S4] \
	FMLA4S(WEIGHT, X0, SUM6)           \
	FMLA4S(WEIGHT, X1, SUM7)

// BOUND clears negative numbers where V18 is set, bit by bit, so that NaN and -0
// pass, and cuts off what is above V19.
#define BOUND(v) \
	FCMLTZ4S(v, X0)           \
	AND16B(UNBOUNDED, X0, X0) \
	BIC16B(X0, v, v)          \
	FMIN4S(19, v, v)

#define FINISH1 \
	BOUND(SUM0)
#define FINISH2 \
	FINISH1     \
	BOUND(SUM2)
#define FINISH3 \
	FINISH2     \
	BOUND(SUM4)
#define FINISH4 \
	FINISH3     \
	BOUND(SUM6)

#define FINISHWIDE1 \
	BOUND(SUM0) \
	BOUND(SUM1)
#define FINISHWIDE2 \
	FINISHWIDE1 \
	BOUND(SUM2) \
	BOUND(SUM3)
#define FINISHWIDE3 \
	FINISHWIDE2 \
	BOUND(SUM4) \
	BOUND(SUM5)
#define FINISHWIDE4 \
	FINISHWIDE3 \
	BOUND(SUM6) \
	BOUND(SUM7)

#define STORE1 \
	VST1.P [V0.S4], (R11)(R7)
#define STORE2 \
	STORE1                    \
	VST1.P [V2.S4], (R11)(R7)
#define STORE3 \
	STORE2                    \
	VST1.P [V4.S4], (R11)(R7)
#define STORE4 \
	STORE3                    \
	VST1.P [V6.S4], (R11)(R7)

#define STOREWIDE1 \
	VST1.P [V0.S4, V1.S4], (R11)(R7)
#define STOREWIDE2 \
	STOREWIDE1                       \
	VST1.P [V2.S4, V3.S4], (R11)(R7)
#define STOREWIDE3 \
	STOREWIDE2                       \
	VST1.P [V4.S4, V5.S4], (R11)(R7)
#define STOREWIDE4 \
	STOREWIDE3                       \
	VST1.P [V6.S4, V7.S4], (R11)(R7)

// SHIFT moves the next lane of each row to the front.
#define SHIFT1 \
	VEXT $4, V0.B16, V0.B16, V0.B16
#define SHIFT2 \
	SHIFT1                          \
	VEXT $4, V2.B16, V2.B16, V2.B16
#define SHIFT3 \
	SHIFT2                          \
	VEXT $4, V4.B16, V4.B16, V4.B16
#define SHIFT4 \
	SHIFT3                          \
	VEXT $4, V6.B16, V6.B16, V6.B16

#define ONE1 \
	FMOVS F0, (R11) \
	ADD R7, R11
#define ONE2 \
	ONE1            \
	FMOVS F2, (R11) \
	ADD R7, R11
#define ONE3 \
	ONE2            \
	FMOVS F4, (R11) \
	ADD R7, R11
#define ONE4 \
	ONE3            \
	FMOVS F6, (R11) \
	ADD R7, R11

// SUMS adds up all taps of the columns at hand.
#define SUMS(MULTIPLY, taps) \
	MOVD    R2, R12          \
	MOVD    R3, R13          \
	MOVD    R4, R10          \
taps:                            \
	MOVW.P  4(R13), R11      \
	VLD1R.P 4(R12), [V16.S4] \
	ADD     R9, R11          \
	ADD     R11<<2, R1, R11  \
	MULTIPLY                 \
	SUBS    $1, R10, R10     \
	BNE     taps             \
	ADD     R9<<2, R0, R11

// WIDE computes the columns of a few rows from R9 on as long as there are 8. Of the
// others NARROW computes 4 at a time. The last vectors of a row end with it and may
// overlap those before, which then writes the same values twice; FEW is for rows of
// less than 4.
#define WIDE(BEGIN, MULTIPLY, FINISH, STORE, wide, taps, narrow, done) \
	MOVD $0, R9          \
	CMP  $8, R5          \
	BLT  narrow          \
wide:                        \
	BEGIN                \
	SUMS(MULTIPLY, taps) \
	FINISH               \
	STORE                \
	ADD  $8, R9          \
	SUBS R9, R5, R10     \
	BEQ  done            \
	CMP  $8, R10         \
	BGE  wide            \
	CMP  $4, R10         \
	BLE  narrow          \
	SUB  $8, R5, R9      \
	B    wide

#define NARROW(BEGIN, MULTIPLY, FINISH, STORE, narrow, taps, few) \
narrow:                      \
	SUBS $4, R5, R10     \
	BLT  few             \
	CMP  R10, R9         \
	CSEL LT, R9, R10, R9 \
	BEGIN                \
	SUMS(MULTIPLY, taps) \
	FINISH               \
	STORE                \
	ADD  $4, R9          \
	CMP  R5, R9          \
	BLT  narrow

#define FEW(BEGIN, MULTIPLY, FINISH, ONE, SHIFT, few, taps, one, done) \
	B    done            \
few:                         \
	BEGIN                \
	SUMS(MULTIPLY, taps) \
	FINISH               \
one:                         \
	ADD  R9<<2, R0, R11  \
	ONE                  \
	SHIFT                \
	ADD  $1, R9          \
	CMP  R5, R9          \
	BLT  one             \
done:

// func depthwiseNEON(p *DepthwisePlane)
//
//	R0  y     R1  x      R2  w      R3  offsets     R4  taps      R5  n
//	R6  bytes of a row of x         R7  bytes of a row of y       R8  rows left
//	R9  column           R10 taps left, scratch     R11 scratch   R12, R13  cursors in w, offsets
//	R14 p, scratch
//	V0..V7  sums         V16 weight V17 bias        V18 all ones but for the identity
//	V19 upper bound      V20, V21  x, scratch
TEXT ·depthwiseNEON(SB), NOSPLIT, $0-8
	MOVD  p+0(FP), R14
	MOVD  DepthwisePlane_Y(R14), R0
	MOVD  DepthwisePlane_X(R14), R1
	MOVD  DepthwisePlane_W(R14), R2
	MOVD  DepthwisePlane_Offsets(R14), R3
	MOVD  DepthwisePlane_Taps(R14), R4
	MOVD  DepthwisePlane_N(R14), R5
	MOVD  DepthwisePlane_XRow(R14), R6
	MOVD  DepthwisePlane_YRow(R14), R7
	MOVD  DepthwisePlane_Rows(R14), R8
	MOVD  DepthwisePlane_Act(R14), R9
	FMOVS DepthwisePlane_Bias(R14), F17
	VDUP  V17.S[0], V17.S4
	LSL   $2, R6, R6
	LSL   $2, R7, R7
	EOR16B(UNBOUNDED, UNBOUNDED, UNBOUNDED)
	MOVD  $0x7f800000, R10 // infinity
	CBZ   R9, bounds
	MVN16B(UNBOUNDED, UNBOUNDED)
	CMP   $const_ReLU6, R9
	BNE   bounds
	MOVD  $0x40c00000, R10 // 6

bounds:
	VDUP R10, V19.S4

rows:
	CMP $2, R8
	BLT atMost1
	BEQ two
	CMP $4, R8
	BLT three
	WIDE(BEGINWIDE4, MULTIPLYWIDE4, FINISHWIDE4, STOREWIDE4, wide4, wideTaps4, narrow4, done4)
	NARROW(BEGIN4, MULTIPLY4, FINISH4, STORE4, narrow4, taps4, few4)
	FEW(BEGIN4, MULTIPLY4, FINISH4, ONE4, SHIFT4, few4, fewTaps4, one4, done4)
	ADD  R7<<2, R0
	ADD  R6<<2, R1
	SUB  $4, R8
	B    rows

three:
	WIDE(BEGINWIDE3, MULTIPLYWIDE3, FINISHWIDE3, STOREWIDE3, wide3, wideTaps3, narrow3, done3)
	NARROW(BEGIN3, MULTIPLY3, FINISH3, STORE3, narrow3, taps3, few3)
	FEW(BEGIN3, MULTIPLY3, FINISH3, ONE3, SHIFT3, few3, fewTaps3, one3, done3)
	B done

two:
	WIDE(BEGINWIDE2, MULTIPLYWIDE2, FINISHWIDE2, STOREWIDE2, wide2, wideTaps2, narrow2, done2)
	NARROW(BEGIN2, MULTIPLY2, FINISH2, STORE2, narrow2, taps2, few2)
	FEW(BEGIN2, MULTIPLY2, FINISH2, ONE2, SHIFT2, few2, fewTaps2, one2, done2)
	B done

atMost1:
	CBZ R8, done
	WIDE(BEGINWIDE1, MULTIPLYWIDE1, FINISHWIDE1, STOREWIDE1, wide1, wideTaps1, narrow1, done1)
	NARROW(BEGIN1, MULTIPLY1, FINISH1, STORE1, narrow1, taps1, few1)
	FEW(BEGIN1, MULTIPLY1, FINISH1, ONE1, SHIFT1, few1, fewTaps1, one1, done1)

done:
	RET

// The columns of a row of x from R11 on, and of the second half of the strip from R12 on.
#define COLUMN \
	VLD1.P (R11)(R9), [V20.S4] \
	VLD1.P (R12)(R9), [V21.S4]

// ADDTAP adds a column times lane i of the taps in m to the sums a and b of a row.
#define ADDTAP(m, i, a, b) \
	FMLALANE(m, i, X0, a) \
	FMLALANE(m, i, X1, b)

// BELOW steps to the first column of the next row of x.
#define BELOW \
	ADD R10, R11 \
	ADD R10, R12

// HALVES points R11 and R12 to columns R13 and R14 further of what begins at r.
#define HALVES(r) \
	ADD R13<<2, r, R11   \
	ADD R14<<2, R11, R12

// STOREHALVES writes four rows of both halves.
#define STOREHALVES \
	VST1.P [V0.S4], (R11)(R7) \
	VST1.P [V1.S4], (R12)(R7) \
	VST1.P [V2.S4], (R11)(R7) \
	VST1.P [V3.S4], (R12)(R7) \
	VST1.P [V4.S4], (R11)(R7) \
	VST1.P [V5.S4], (R12)(R7) \
	VST1.P [V6.S4], (R11)(R7) \
	VST1.P [V7.S4], (R12)(R7)

// STRIP sets R14 to the distance of the strip's halves.
#define STRIP \
	SUB  R13, R5, R14      \
	SUB  $4, R14           \
	CMP  $4, R14           \
	MOVD $4, R15           \
	CSEL LT, R14, R15, R14

// MORE goes to strip for the next one of the rows, to rows for the next rows: a last strip and
// last rows end with the plane and may overlap what was before them.
#define MORE(strip, full, rows, done) \
	ADD  $8, R13           \
	SUBS R13, R5, R14      \
	BLE  full              \
	CMP  $5, R14           \
	BGE  strip             \
	SUB  $8, R5, R13       \
	B    strip             \
full:                          \
	SUBS $4, R8, R8        \
	BLE  done              \
	MOVD $4, R15           \
	CMP  R15, R8           \
	CSEL LT, R8, R15, R14  \
	CSEL LT, R15, R8, R8   \
	MUL  R16, R14, R15     \
	ADD  R15, R1           \
	MUL  R17, R14, R15     \
	ADD  R15, R0           \
	B    rows

// func depthwiseSlideNEON(p *DepthwisePlane)
//
// Each row of x that four rows of y meet is read once for each column of the filter, for
// all sums that meet it: the first has the lower rows of the filter when the last begins with
// its upper ones. A filter turned around goes from the lowest row upwards.
//
//	R0  y     R1  x      R2  w          R3  offsets    R4  side
//	R5  n     R6  bytes to the next row of x        R7  to the next row of y    R8  rows left
//	R9  bytes to the next column        R10 from behind the last column to the next row of x
//	R11, R12  x or y at the halves of the strip, 4 columns each     R13 column
//	R14 distance of these, scratch      R15 scratch R16, R17  bytes of a row of x, of y
//	V0..V7  sums         V17 bias       V18 all ones but for the identity       V19 upper bound
//	V20, V21  x, scratch                V24..V30  taps
TEXT ·depthwiseSlideNEON(SB), NOSPLIT, $0-8
	MOVD  p+0(FP), R14
	MOVD  DepthwisePlane_Y(R14), R0
	MOVD  DepthwisePlane_X(R14), R1
	MOVD  DepthwisePlane_W(R14), R2
	MOVD  DepthwisePlane_Offsets(R14), R3
	MOVD  DepthwisePlane_N(R14), R5
	MOVD  DepthwisePlane_XRow(R14), R6
	MOVD  DepthwisePlane_YRow(R14), R7
	MOVD  DepthwisePlane_Rows(R14), R8
	MOVD  DepthwisePlane_Act(R14), R9
	FMOVS DepthwisePlane_Bias(R14), F17
	VDUP  V17.S[0], V17.S4
	LSL   $2, R6, R6
	LSL   $2, R7, R7
	MOVD  R6, R16
	MOVD  R7, R17
	EOR16B(UNBOUNDED, UNBOUNDED, UNBOUNDED)
	MOVD  $0x7f800000, R10 // infinity
	CBZ   R9, bounds
	MVN16B(UNBOUNDED, UNBOUNDED)
	CMP   $const_ReLU6, R9
	BNE   bounds
	MOVD  $0x40c00000, R10 // 6

bounds:
	VDUP R10, V19.S4
	MOVW (R3), R10
	MOVW 4(R3), R9
	ADD  R10<<2, R1, R1
	SUBS R10, R9, R9
	BGT  straight
	ADD  R6<<1, R6, R10
	ADD  R10, R1
	ADD  R7<<1, R7, R10
	ADD  R10, R0
	NEG  R6, R6
	NEG  R7, R7

straight:
	LSL  $2, R9, R9
	MOVD DepthwisePlane_Side(R14), R4
	MUL  R4, R9, R10
	SUB  R10, R6, R10
	CMP  $5, R4
	BEQ  five
	VLD1.P 32(R2), [V24.S4, V25.S4]
	FMOVS  (R2), F26

rows3:
	MOVD $0, R13

strip3:
	STRIP
	HALVES(R1)
	BEGINWIDE4
	COLUMN
	ADDTAP(24, 0, SUM0, SUM1)
	COLUMN
	ADDTAP(24, 1, SUM0, SUM1)
	COLUMN
	ADDTAP(24, 2, SUM0, SUM1)
	BELOW
	COLUMN
	ADDTAP(24, 3, SUM0, SUM1)
	ADDTAP(24, 0, SUM2, SUM3)
	COLUMN
	ADDTAP(25, 0, SUM0, SUM1)
	ADDTAP(24, 1, SUM2, SUM3)
	COLUMN
	ADDTAP(25, 1, SUM0, SUM1)
	ADDTAP(24, 2, SUM2, SUM3)
	BELOW
	COLUMN
	ADDTAP(25, 2, SUM0, SUM1)
	ADDTAP(24, 3, SUM2, SUM3)
	ADDTAP(24, 0, SUM4, SUM5)
	COLUMN
	ADDTAP(25, 3, SUM0, SUM1)
	ADDTAP(25, 0, SUM2, SUM3)
	ADDTAP(24, 1, SUM4, SUM5)
	COLUMN
	ADDTAP(26, 0, SUM0, SUM1)
	ADDTAP(25, 1, SUM2, SUM3)
	ADDTAP(24, 2, SUM4, SUM5)
	BELOW
	COLUMN
	ADDTAP(25, 2, SUM2, SUM3)
	ADDTAP(24, 3, SUM4, SUM5)
	ADDTAP(24, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(25, 3, SUM2, SUM3)
	ADDTAP(25, 0, SUM4, SUM5)
	ADDTAP(24, 1, SUM6, SUM7)
	COLUMN
	ADDTAP(26, 0, SUM2, SUM3)
	ADDTAP(25, 1, SUM4, SUM5)
	ADDTAP(24, 2, SUM6, SUM7)
	BELOW
	COLUMN
	ADDTAP(25, 2, SUM4, SUM5)
	ADDTAP(24, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(25, 3, SUM4, SUM5)
	ADDTAP(25, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(26, 0, SUM4, SUM5)
	ADDTAP(25, 1, SUM6, SUM7)
	BELOW
	COLUMN
	ADDTAP(25, 2, SUM6, SUM7)
	COLUMN
	ADDTAP(25, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(26, 0, SUM6, SUM7)
	FINISHWIDE4
	HALVES(R0)
	STOREHALVES
	MORE(strip3, full3, rows3, done)

five:
	VLD1.P 64(R2), [V24.S4, V25.S4, V26.S4, V27.S4]
	VLD1.P 32(R2), [V28.S4, V29.S4]
	FMOVS  (R2), F30

rows5:
	MOVD $0, R13

strip5:
	STRIP
	HALVES(R1)
	BEGINWIDE4
	COLUMN
	ADDTAP(24, 0, SUM0, SUM1)
	COLUMN
	ADDTAP(24, 1, SUM0, SUM1)
	COLUMN
	ADDTAP(24, 2, SUM0, SUM1)
	COLUMN
	ADDTAP(24, 3, SUM0, SUM1)
	COLUMN
	ADDTAP(25, 0, SUM0, SUM1)
	BELOW
	COLUMN
	ADDTAP(25, 1, SUM0, SUM1)
	ADDTAP(24, 0, SUM2, SUM3)
	COLUMN
	ADDTAP(25, 2, SUM0, SUM1)
	ADDTAP(24, 1, SUM2, SUM3)
	COLUMN
	ADDTAP(25, 3, SUM0, SUM1)
	ADDTAP(24, 2, SUM2, SUM3)
	COLUMN
	ADDTAP(26, 0, SUM0, SUM1)
	ADDTAP(24, 3, SUM2, SUM3)
	COLUMN
	ADDTAP(26, 1, SUM0, SUM1)
	ADDTAP(25, 0, SUM2, SUM3)
	BELOW
	COLUMN
	ADDTAP(26, 2, SUM0, SUM1)
	ADDTAP(25, 1, SUM2, SUM3)
	ADDTAP(24, 0, SUM4, SUM5)
	COLUMN
	ADDTAP(26, 3, SUM0, SUM1)
	ADDTAP(25, 2, SUM2, SUM3)
	ADDTAP(24, 1, SUM4, SUM5)
	COLUMN
	ADDTAP(27, 0, SUM0, SUM1)
	ADDTAP(25, 3, SUM2, SUM3)
	ADDTAP(24, 2, SUM4, SUM5)
	COLUMN
	ADDTAP(27, 1, SUM0, SUM1)
	ADDTAP(26, 0, SUM2, SUM3)
	ADDTAP(24, 3, SUM4, SUM5)
	COLUMN
	ADDTAP(27, 2, SUM0, SUM1)
	ADDTAP(26, 1, SUM2, SUM3)
	ADDTAP(25, 0, SUM4, SUM5)
	BELOW
	COLUMN
	ADDTAP(27, 3, SUM0, SUM1)
	ADDTAP(26, 2, SUM2, SUM3)
	ADDTAP(25, 1, SUM4, SUM5)
	ADDTAP(24, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(28, 0, SUM0, SUM1)
	ADDTAP(26, 3, SUM2, SUM3)
	ADDTAP(25, 2, SUM4, SUM5)
	ADDTAP(24, 1, SUM6, SUM7)
	COLUMN
	ADDTAP(28, 1, SUM0, SUM1)
	ADDTAP(27, 0, SUM2, SUM3)
	ADDTAP(25, 3, SUM4, SUM5)
	ADDTAP(24, 2, SUM6, SUM7)
	COLUMN
	ADDTAP(28, 2, SUM0, SUM1)
	ADDTAP(27, 1, SUM2, SUM3)
	ADDTAP(26, 0, SUM4, SUM5)
	ADDTAP(24, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(28, 3, SUM0, SUM1)
	ADDTAP(27, 2, SUM2, SUM3)
	ADDTAP(26, 1, SUM4, SUM5)
	ADDTAP(25, 0, SUM6, SUM7)
	BELOW
	COLUMN
	ADDTAP(29, 0, SUM0, SUM1)
	ADDTAP(27, 3, SUM2, SUM3)
	ADDTAP(26, 2, SUM4, SUM5)
	ADDTAP(25, 1, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 1, SUM0, SUM1)
	ADDTAP(28, 0, SUM2, SUM3)
	ADDTAP(26, 3, SUM4, SUM5)
	ADDTAP(25, 2, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 2, SUM0, SUM1)
	ADDTAP(28, 1, SUM2, SUM3)
	ADDTAP(27, 0, SUM4, SUM5)
	ADDTAP(25, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 3, SUM0, SUM1)
	ADDTAP(28, 2, SUM2, SUM3)
	ADDTAP(27, 1, SUM4, SUM5)
	ADDTAP(26, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(30, 0, SUM0, SUM1)
	ADDTAP(28, 3, SUM2, SUM3)
	ADDTAP(27, 2, SUM4, SUM5)
	ADDTAP(26, 1, SUM6, SUM7)
	BELOW
	COLUMN
	ADDTAP(29, 0, SUM2, SUM3)
	ADDTAP(27, 3, SUM4, SUM5)
	ADDTAP(26, 2, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 1, SUM2, SUM3)
	ADDTAP(28, 0, SUM4, SUM5)
	ADDTAP(26, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 2, SUM2, SUM3)
	ADDTAP(28, 1, SUM4, SUM5)
	ADDTAP(27, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 3, SUM2, SUM3)
	ADDTAP(28, 2, SUM4, SUM5)
	ADDTAP(27, 1, SUM6, SUM7)
	COLUMN
	ADDTAP(30, 0, SUM2, SUM3)
	ADDTAP(28, 3, SUM4, SUM5)
	ADDTAP(27, 2, SUM6, SUM7)
	BELOW
	COLUMN
	ADDTAP(29, 0, SUM4, SUM5)
	ADDTAP(27, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 1, SUM4, SUM5)
	ADDTAP(28, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 2, SUM4, SUM5)
	ADDTAP(28, 1, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 3, SUM4, SUM5)
	ADDTAP(28, 2, SUM6, SUM7)
	COLUMN
	ADDTAP(30, 0, SUM4, SUM5)
	ADDTAP(28, 3, SUM6, SUM7)
	BELOW
	COLUMN
	ADDTAP(29, 0, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 1, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 2, SUM6, SUM7)
	COLUMN
	ADDTAP(29, 3, SUM6, SUM7)
	COLUMN
	ADDTAP(30, 0, SUM6, SUM7)
	FINISHWIDE4
	HALVES(R0)
	STOREHALVES
	MORE(strip5, full5, rows5, done)

done:
	RET

#define DY0 20
#define DY1 21
#define DY2 22
#define DY3 23
#undef X0
#define X0 24
#undef X1
#define X1 25
#define X2 26
#define X3 27

// ADD16 adds 16 columns of a tap, at r, to its lanes in a to d.
#define ADD16(r, a, b, c, d) \
	VLD1.P 64(r), [V24.S4, V25.S4, V26.S4, V27.S4] \
	FMLA4S(DY0, X0, a)                             \
	FMLA4S(DY1, X1, b)                             \
	FMLA4S(DY2, X2, c)                             \
	FMLA4S(DY3, X3, d)

// TAPS1 to TAPS5 add 16 columns of that many taps: the gradients in V20 to V23 times
// the planes that the taps meet. NEXT1 to NEXT5 step to the next row, R6 bytes on.
#define TAPS1 \
	ADD16(R9, 0, 1, 2, 3)
#define TAPS2 \
	TAPS1                  \
	ADD16(R10, 4, 5, 6, 7)
#define TAPS3 \
	TAPS2                    \
	ADD16(R11, 8, 9, 10, 11)
#define TAPS4 \
	TAPS3                      \
	ADD16(R12, 12, 13, 14, 15)
#define TAPS5 \
	TAPS4                      \
	ADD16(R13, 16, 17, 18, 19)

#define NEXT1 \
	ADD R6, R9
#define NEXT2 \
	NEXT1       \
	ADD R6, R10
#define NEXT3 \
	NEXT2       \
	ADD R6, R11
#define NEXT4 \
	NEXT3       \
	ADD R6, R12
#define NEXT5 \
	NEXT4       \
	ADD R6, R13

// WALK runs through the plane.
#define WALK(TAPS, NEXT, row, columns) \
row:                                                    \
	MOVD   R5, R15                                  \
columns:                                                \
	VLD1.P 64(R0), [V20.S4, V21.S4, V22.S4, V23.S4] \
	TAPS                                            \
	SUBS   $16, R15, R15                            \
	BNE    columns                                  \
	ADD    R7, R0                                   \
	NEXT                                            \
	SUBS   $1, R8, R8                               \
	BNE    row

// FOLD adds the 16 lanes of a to d, 16-8-4-2-1, and stores their sum.
#define FOLD(a, b, c, d, va, vb, fa, to) \
	FADD4S(c, a, a)                  \
	FADD4S(d, b, b)                  \
	FADD4S(b, a, a)                  \
	VEXT  $8, va.B16, va.B16, vb.B16 \
	FADD4S(b, a, a)                  \
	FADDP2S(a, a)                    \
	FMOVS fa, to

// AT sets r to where the next tap is at the first pixel.
#define AT(r) \
	MOVW.P 4(R3), r    \
	ADD    r<<2, R1, r

// func depthwiseWeightsNEON(p *DepthwisePlane)
//
//	R0  y     R1  x      R2  w      R3  offsets     R4  taps     R5  n
//	R6  bytes between rows of x     R7  bytes between rows of y  R8  rows left
//	R9..R13  x at the taps          R14 p           R15 columns left
//	V0..V19  sums, four registers a tap             V20..V23  gradient     V24..V27  x
TEXT ·depthwiseWeightsNEON(SB), NOSPLIT, $0-8
	MOVD p+0(FP), R14
	MOVD DepthwisePlane_Y(R14), R0
	MOVD DepthwisePlane_X(R14), R1
	MOVD DepthwisePlane_W(R14), R2
	MOVD DepthwisePlane_Offsets(R14), R3
	MOVD DepthwisePlane_Taps(R14), R4
	MOVD DepthwisePlane_N(R14), R5
	MOVD DepthwisePlane_XRow(R14), R6
	MOVD DepthwisePlane_YRow(R14), R7
	MOVD DepthwisePlane_Rows(R14), R8
	SUB  R5, R6, R6
	SUB  R5, R7, R7
	LSL  $2, R6, R6
	LSL  $2, R7, R7
	EOR16B(0, 0, 0)
	EOR16B(1, 1, 1)
	EOR16B(2, 2, 2)
	EOR16B(3, 3, 3)
	EOR16B(4, 4, 4)
	EOR16B(5, 5, 5)
	EOR16B(6, 6, 6)
	EOR16B(7, 7, 7)
	EOR16B(8, 8, 8)
	EOR16B(9, 9, 9)
	EOR16B(10, 10, 10)
	EOR16B(11, 11, 11)
	EOR16B(12, 12, 12)
	EOR16B(13, 13, 13)
	EOR16B(14, 14, 14)
	EOR16B(15, 15, 15)
	EOR16B(16, 16, 16)
	EOR16B(17, 17, 17)
	EOR16B(18, 18, 18)
	EOR16B(19, 19, 19)
	AT(R9)
	CMP  $2, R4
	BLT  one
	AT(R10)
	BEQ  two
	AT(R11)
	CMP  $4, R4
	BLT  three
	AT(R12)
	BEQ  four
	AT(R13)
	WALK(TAPS5, NEXT5, row5, columns5)
	FOLD(16, 17, 18, 19, V16, V17, F16, 16(R2))
	B    fold4

four:
	WALK(TAPS4, NEXT4, row4, columns4)

fold4:
	FOLD(12, 13, 14, 15, V12, V13, F12, 12(R2))
	B fold3

three:
	WALK(TAPS3, NEXT3, row3, columns3)

fold3:
	FOLD(8, 9, 10, 11, V8, V9, F8, 8(R2))
	B fold2

two:
	WALK(TAPS2, NEXT2, row2, columns2)

fold2:
	FOLD(4, 5, 6, 7, V4, V5, F4, 4(R2))
	B fold1

one:
	WALK(TAPS1, NEXT1, row1, columns1)

fold1:
	FOLD(0, 1, 2, 3, V0, V1, F0, (R2))
	RET
