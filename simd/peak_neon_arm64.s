//go:build !purego

#include "textflag.h"

// func peakNEON(n int) int
//
//	R0  steps left    V30 m x4    V31 a x4    V0..V23  chains x += m*a
//
// NEON has no form that multiplies into the accumulator without destroying the
// addend; the chain through the accumulator has the same latency.

#define CHAINS(x0, x1, x2, x3, x4, x5) \
	VFMLA V30.S4, V31.S4, x0.S4 \
	VFMLA V30.S4, V31.S4, x1.S4 \
	VFMLA V30.S4, V31.S4, x2.S4 \
	VFMLA V30.S4, V31.S4, x3.S4 \
	VFMLA V30.S4, V31.S4, x4.S4 \
	VFMLA V30.S4, V31.S4, x5.S4

#define BEGIN(x0, x1, x2, x3, x4, x5) \
	VEOR x0.B16, x0.B16, x0.B16 \
	VEOR x1.B16, x1.B16, x1.B16 \
	VEOR x2.B16, x2.B16, x2.B16 \
	VEOR x3.B16, x3.B16, x3.B16 \
	VEOR x4.B16, x4.B16, x4.B16 \
	VEOR x5.B16, x5.B16, x5.B16

TEXT ·peakNEON(SB), NOSPLIT, $0-16
	MOVD    n+0(FP), R0
	MOVD    $(24*4*2), R1
	MUL     R0, R1, R1
	MOVD    R1, ret+8(FP)
	MOVD    $·peakOperands(SB), R2
	VLD1R.P 4(R2), [V30.S4]
	VLD1R   (R2), [V31.S4]
	BEGIN(V0, V1, V2, V3, V4, V5)
	BEGIN(V6, V7, V8, V9, V10, V11)
	BEGIN(V12, V13, V14, V15, V16, V17)
	BEGIN(V18, V19, V20, V21, V22, V23)
	PCALIGN $64

step:
	CHAINS(V0, V1, V2, V3, V4, V5)
	CHAINS(V6, V7, V8, V9, V10, V11)
	CHAINS(V12, V13, V14, V15, V16, V17)
	CHAINS(V18, V19, V20, V21, V22, V23)
	SUBS $1, R0, R0
	BNE  step
	RET
