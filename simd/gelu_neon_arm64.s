//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"

#define DATA 0
#define T1 1
#define T2 2
#define T3 3
#define T4 4
#define DY 6

// func geluNEON(y, x []float32)
//
//	R0  y    R1  x    R10  table    R2  elements left, biased by the step
//	V0  x, then y    V1..V4  scratch    V17..V28  constants
TEXT ·geluNEON(SB), NOSPLIT, $0-48
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R2
	GELUCONSTANTS
	SUBS $4, R2, R2
	BLT  by1

by4:
	VLD1.P 16(R1), [V0.S4]
	GELU(DATA, T1, T2, T3, T4)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    by4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1:  // in lane 0
	FMOVS.P 4(R1), F0
	GELU(DATA, T1, T2, T3, T4)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET

// func geluBackwardNEON(dx, dy, x []float32)
//
//	R0  dx    R1  x    R3  dy    R10  table    R2  elements left, biased by the step
//	V0  x, then dx    V1..V4  scratch    V6  dy    V17..V28  constants
TEXT ·geluBackwardNEON(SB), NOSPLIT, $0-72
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R3
	MOVD x_base+48(FP), R1
	MOVD x_len+56(FP), R2
	SLOPECONSTANTS
	SUBS $4, R2, R2
	BLT  by1

by4:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R3), [V6.S4]
	GELUSLOPE(DATA, T1, T2, T3, T4)
	FMUL4S(DY, DATA, DATA)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    by4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1:  // in lane 0
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R3), F6
	GELUSLOPE(DATA, T1, T2, T3, T4)
	FMUL4S(DY, DATA, DATA)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET
