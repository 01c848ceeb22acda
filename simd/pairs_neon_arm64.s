//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// ROUND leaves the lanes of x rounded to bfloat16 in their upper halves: to nearest, ties
// to even, by adding 0x7fff and the last bit that stays; denormal numbers to zero, NaN
// quiet. V4 to V6 are scratch, V16 to V21 the constants.
#define HALFULP 16
#define ONE 17
#define EXPONENT 18
#define SIGN 19
#define QUIET 20
#define ROUND(x) \
	USHR4S(16, x, 4)        \
	AND16B(ONE, 4, 4)       \
	ADD4S(HALFULP, 4, 4)    \
	ADD4S(x, 4, 4)          \
	FCMEQ4S(x, x, 5)        \
	ORR16B(QUIET, x, 6)     \
	BIF16B(5, 6, 4)         \
	AND16B(EXPONENT, x, 5)  \
	AND16B(SIGN, x, 6)      \
	VCMEQ V21.S4, V5.S4, V5.S4 \
	BIT16B(5, 6, 4)         \
	MOV16B(4, x)

// func pairRowsNEON(dst, even, odd *float32, n int)
//
// See pairRowsGeneric.
//
//	R0  dst    R1  even    R2  odd    R3  elements left, biased by 4
//	V0, V1  elements of the rows
TEXT ·pairRowsNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD even+8(FP), R1
	MOVD odd+16(FP), R2
	MOVD n+24(FP), R3
	MOVD $0x7fff, R4
	VDUP R4, V16.S4
	MOVD $1, R4
	VDUP R4, V17.S4
	MOVD $0x7f800000, R4
	VDUP R4, V18.S4
	MOVD $0x80000000, R4
	VDUP R4, V19.S4
	MOVD $0x00400000, R4
	VDUP R4, V20.S4
	VEOR V21.B16, V21.B16, V21.B16
	SUBS $4, R3, R3
	BLT  by1

loop4:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	ROUND(0)
	ROUND(1)
	VSRI $16, V0.S4, V1.S4
	VST1.P [V1.S4], 16(R0)
	SUBS   $4, R3, R3
	BGE    loop4

by1:
	ADDS $4, R3, R3
	BEQ  done

loop1: // in lane 0
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R2), F1
	ROUND(0)
	ROUND(1)
	VSRI $16, V0.S4, V1.S4
	FMOVS.P F1, 4(R0)
	SUBS    $1, R3, R3
	BNE     loop1

done:
	RET
