//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Both directions go along each row of windows four at a time, then one by one.

#define UPPER0 0
#define UPPER1 1
#define LOWER0 2
#define LOWER1 3
#define QUARTER 7

// func avgPool2NEON(y, x *float32, rows, n int)
//
// See avgPool2Generic. Registers:
//
//	R0  y     R1, R2  two rows of x     R3  rows left
//	R4  n     R5  bytes of a row of x   R6  windows left in the row
//	V0, V1  the rows' sums              V7  1/4
TEXT ·avgPool2NEON(SB), NOSPLIT, $0-32
	MOVD  y+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  rows+16(FP), R3
	MOVD  n+24(FP), R4
	LSL   $3, R4, R5
	FMOVS $0.25, F7
	VDUP  V7.S[0], V7.S4

row:
	ADD  R5, R1, R2
	SUBS $4, R4, R6
	BLT  rest

four:
	VLD1.P 32(R1), [V0.S4, V1.S4]
	VLD1.P 32(R2), [V2.S4, V3.S4]
	FADD4S(LOWER0, UPPER0, UPPER0)
	FADD4S(LOWER1, UPPER1, UPPER1)
	FADDP4S(UPPER1, UPPER0, UPPER0)
	FMUL4S(QUARTER, UPPER0, UPPER0)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R6, R6
	BGE    four

rest:
	ADDS $4, R6, R6
	BEQ  next

one:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R1), F1
	FMOVS.P 4(R2), F2
	FMOVS.P 4(R2), F3
	FADDS   F2, F0, F0
	FADDS   F3, F1, F1
	FADDS   F1, F0, F0
	FMULS   F7, F0, F0
	FMOVS.P F0, 4(R0)
	SUBS    $1, R6, R6
	BNE     one

next:
	MOVD R2, R1
	SUBS $1, R3, R3
	BNE  row
	RET

#define DY 0

// func avgPool2BackwardNEON(dx, dy *float32, rows, n int)
//
// See avgPool2BackwardGeneric. Registers:
//
//	R0, R2  two rows of dx     R1  dy     R3  rows left
//	R4  n     R5  bytes of a row of dx    R6  windows left in the row
//	V0  quarters     V1, V2  each twice   V7  1/4
TEXT ·avgPool2BackwardNEON(SB), NOSPLIT, $0-32
	MOVD  dx+0(FP), R0
	MOVD  dy+8(FP), R1
	MOVD  rows+16(FP), R3
	MOVD  n+24(FP), R4
	LSL   $3, R4, R5
	FMOVS $0.25, F7
	VDUP  V7.S[0], V7.S4

row:
	ADD  R5, R0, R2
	SUBS $4, R4, R6
	BLT  rest

four:
	VLD1.P 16(R1), [V0.S4]
	FMUL4S(QUARTER, DY, DY)
	VZIP1  V0.S4, V0.S4, V1.S4
	VZIP2  V0.S4, V0.S4, V2.S4
	VST1.P [V1.S4, V2.S4], 32(R0)
	VST1.P [V1.S4, V2.S4], 32(R2)
	SUBS   $4, R6, R6
	BGE    four

rest:
	ADDS $4, R6, R6
	BEQ  next

one:
	FMOVS.P 4(R1), F0
	FMULS   F7, F0, F0
	FMOVS.P F0, 4(R0)
	FMOVS.P F0, 4(R0)
	FMOVS.P F0, 4(R2)
	FMOVS.P F0, 4(R2)
	SUBS    $1, R6, R6
	BNE     one

next:
	MOVD R2, R0
	SUBS $1, R3, R3
	BNE  row
	RET
