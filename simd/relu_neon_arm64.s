//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The elements behind the last whole vector go through the same instructions
// one at a time, in lane 0.

#define DATA 0
#define NEGATIVE 1

// RELU clears V0 where it is negative, bit by bit, so that NaN and -0 pass.
#define RELU \
	FCMLTZ4S(DATA, NEGATIVE)     \
	BIC16B(NEGATIVE, DATA, DATA)

// func reluNEON(y, x []float32)
//
//	R0  y     R1  x     R2  elements left (biased)
//	V0  data  V1  scratch
TEXT ·reluNEON(SB), NOSPLIT, $0-48
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R2
	SUBS $4, R2, R2
	BLT  tail

loop:
	VLD1.P 16(R1), [V0.S4]
	RELU
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS.P 4(R1), F0
	RELU
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET

#define DY 0
#define PASS 1
#define SIX 2
#define BELOW 3

// func reluBackwardNEON(dx, dy, y []float32)
//
//	R0  dx    R1  dy    R2  elements left (biased)    R3  y
//	V0  dy    V1  y, then lanes that pass
TEXT ·reluBackwardNEON(SB), NOSPLIT, $0-72
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD dy_len+32(FP), R2
	MOVD y_base+48(FP), R3
	SUBS $4, R2, R2
	BLT  tail

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R3), [V1.S4]
	FCMGTZ4S(PASS, PASS)
	AND16B(PASS, DY, DY)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R3), F1
	FCMGTZ4S(PASS, PASS)
	AND16B(PASS, DY, DY)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET

// func relu6BackwardNEON(dx, dy, y []float32)
//
//	R0  dx    R1  dy    R2  elements left (biased)    R3  y
//	V0  dy    V1  y, then lanes that pass    V2  6    V3  scratch
TEXT ·relu6BackwardNEON(SB), NOSPLIT, $0-72
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD dy_len+32(FP), R2
	MOVD y_base+48(FP), R3
	MOVD $0x40c00000, R4
	VDUP R4, V2.S4
	SUBS $4, R2, R2
	BLT  tail

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R3), [V1.S4]
	FCMGT4S(PASS, SIX, BELOW) // 6 > y
	FCMGTZ4S(PASS, PASS)
	AND16B(BELOW, PASS, PASS)
	AND16B(PASS, DY, DY)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R3), F1
	FCMGT4S(PASS, SIX, BELOW)
	FCMGTZ4S(PASS, PASS)
	AND16B(BELOW, PASS, PASS)
	AND16B(PASS, DY, DY)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET
