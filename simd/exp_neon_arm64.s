//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"

// func expNEON(dst, src []float32)
//
//	R0  dst    R1  src    R10  table    R2  elements left, biased by the step
//	V0  x, then e^x    V1..V3  scratch    V17..V31  constants
TEXT ·expNEON(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), R0
	MOVD src_base+24(FP), R1
	MOVD src_len+32(FP), R2
	EXPCONSTANTS
	SUBS $4, R2, R2
	BLT  by1

by4:
	VLD1.P 16(R1), [V0.S4]
	EXP(0, 1, 2, 3)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    by4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS.P 4(R1), F0
	EXP(0, 1, 2, 3)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET

// func logNEON(dst, src []float32)
//
//	R0  dst    R1  src    R10  table    R2  elements left, biased by the step
//	V0  x    V1  ln x    V2..V6  scratch
TEXT ·logNEON(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), R0
	MOVD src_base+24(FP), R1
	MOVD src_len+32(FP), R2
	MOVD $·expTable(SB), R10
	SUBS $4, R2, R2
	BLT  by1

by4:
	VLD1.P 16(R1), [V0.S4]
	LOG
	VST1.P [V1.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    by4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS.P 4(R1), F0
	LOG
	FMOVS.P F1, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET

// func sigmoidNEON(dst, src []float32)
//
//	R0  dst    R1  src    R10  table    R2  elements left, biased by the step
//	V0  x    V1  sigmoid(x)    V2..V4  scratch    V17..V31  constants
TEXT ·sigmoidNEON(SB), NOSPLIT, $0-48
	MOVD dst_base+0(FP), R0
	MOVD src_base+24(FP), R1
	MOVD src_len+32(FP), R2
	EXPCONSTANTS
	SUBS $4, R2, R2
	BLT  by1

by4:
	VLD1.P 16(R1), [V0.S4]
	SIGMOID(0, 1, 2, 3, 4)
	VST1.P [V1.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    by4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS.P 4(R1), F0
	SIGMOID(0, 1, 2, 3, 4)
	FMOVS.P F1, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET
