//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

#define DST 0
#define SRC 1

// func scatterNEON(dst, src *float32, offsets *int32, count, srcRow, n int)
//
// See scatterGeneric. Registers:
//
//	R0  dst     R1  src row     R2  offsets      R3  rows left    R4  srcRow in bytes
//	R5  n       R6  dst + offset                 R7  src cursor   R8  columns left
TEXT ·scatterNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD offsets+16(FP), R2
	MOVD count+24(FP), R3
	MOVD srcRow+32(FP), R4
	LSL  $2, R4, R4
	MOVD n+40(FP), R5

row:
	MOVW.P 4(R2), R6
	ADD    R6<<2, R0, R6
	MOVD   R1, R7
	SUBS   $4, R5, R8
	BLT    singles

four:
	VLD1   (R6), [V0.S4]
	VLD1.P 16(R7), [V1.S4]
	FADD4S(SRC, DST, DST)
	VST1.P [V0.S4], 16(R6)
	SUBS   $4, R8, R8
	BGE    four

singles:
	ADDS $4, R8, R8
	BEQ  next

single:
	FMOVS   (R6), F0
	FMOVS.P 4(R7), F1
	FADDS   F1, F0, F0
	FMOVS.P F0, 4(R6)
	SUBS    $1, R8, R8
	BNE     single

next:
	ADD  R4, R1, R1
	SUBS $1, R3, R3
	BNE  row
	RET
