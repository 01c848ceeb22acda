//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func peakNEON(n int) int
//
//	R0  steps left    V30 m x4    V31 a x4    V0..V23  chains x += m*a
//
// NEON has no form that multiplies into the accumulator without destroying the
// addend; the chain through the accumulator has the same latency.

#define FACTOR 30
#define ADDEND 31

#define CHAINS(x0, x1, x2, x3, x4, x5) \
	FMLA4S(FACTOR, ADDEND, x0) \
	FMLA4S(FACTOR, ADDEND, x1) \
	FMLA4S(FACTOR, ADDEND, x2) \
	FMLA4S(FACTOR, ADDEND, x3) \
	FMLA4S(FACTOR, ADDEND, x4) \
	FMLA4S(FACTOR, ADDEND, x5)

#define BEGIN(x0, x1, x2, x3, x4, x5) \
	EOR16B(x0, x0, x0) \
	EOR16B(x1, x1, x1) \
	EOR16B(x2, x2, x2) \
	EOR16B(x3, x3, x3) \
	EOR16B(x4, x4, x4) \
	EOR16B(x5, x5, x5)

TEXT ·peakNEON(SB), NOSPLIT, $0-16
	MOVD    n+0(FP), R0
	MOVD    $(24*4*2), R1
	MUL     R0, R1, R1
	MOVD    R1, ret+8(FP)
	MOVD    $·peakOperands(SB), R2
	VLD1R.P 4(R2), [V30.S4]
	VLD1R   (R2), [V31.S4]
	BEGIN(0, 1, 2, 3, 4, 5)
	BEGIN(6, 7, 8, 9, 10, 11)
	BEGIN(12, 13, 14, 15, 16, 17)
	BEGIN(18, 19, 20, 21, 22, 23)
	PCALIGN $64

step:
	CHAINS(0, 1, 2, 3, 4, 5)
	CHAINS(6, 7, 8, 9, 10, 11)
	CHAINS(12, 13, 14, 15, 16, 17)
	CHAINS(18, 19, 20, 21, 22, 23)
	SUBS $1, R0, R0
	BNE  step
	RET
