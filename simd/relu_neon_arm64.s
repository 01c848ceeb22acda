//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The elements behind the last whole vector go through the same instructions
// one at a time, in lane 0.

// RELU clears V0 where it is negative, bit by bit, so that NaN and -0 pass.
#define RELU \
	FCMLTZ4S(0, 1)  \
	BIC16B(1, 0, 0)

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
	FCMGTZ4S(1, 1)
	VAND   V1.B16, V0.B16, V0.B16
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R3), F1
	FCMGTZ4S(1, 1)
	VAND    V1.B16, V0.B16, V0.B16
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
	FCMGT4S(1, 2, 3) // 6 > y
	FCMGTZ4S(1, 1)
	VAND   V3.B16, V1.B16, V1.B16
	VAND   V1.B16, V0.B16, V0.B16
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R3), F1
	FCMGT4S(1, 2, 3)
	FCMGTZ4S(1, 1)
	VAND    V3.B16, V1.B16, V1.B16
	VAND    V1.B16, V0.B16, V0.B16
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET
