//go:build !purego

#include "textflag.h"

// Both directions go along each row four pairs at a time, then pair by pair.

// func deinterleave2NEON(even, odd, src *float32, rows, n, dstRow, srcRow int)
//
// See deinterleave2Generic. Registers:
//
//	R0, R1  even, odd     R2  src     R3  pairs left     R4  rows left
//	R5  n                 R6, R7  from the end of a row of even or odd, of src to the next
//	V0, V1  four pairs    V2, V3  their even and odd elements
TEXT ·deinterleave2NEON(SB), NOSPLIT, $0-56
	MOVD even+0(FP), R0
	MOVD odd+8(FP), R1
	MOVD src+16(FP), R2
	MOVD rows+24(FP), R4
	MOVD n+32(FP), R5
	MOVD dstRow+40(FP), R6
	MOVD srcRow+48(FP), R7
	SUB  R5, R6, R6
	SUB  R5<<1, R7, R7
	LSL  $2, R6, R6
	LSL  $2, R7, R7

row:
	SUBS $4, R5, R3
	BLT  rest

four:
	VLD1.P 32(R2), [V0.S4, V1.S4]
	VUZP1  V1.S4, V0.S4, V2.S4
	VUZP2  V1.S4, V0.S4, V3.S4
	VST1.P [V2.S4], 16(R0)
	VST1.P [V3.S4], 16(R1)
	SUBS   $4, R3, R3
	BGE    four

rest:
	ADDS $4, R3, R3
	BEQ  next

pair:
	FMOVS.P 4(R2), F0
	FMOVS.P 4(R2), F1
	FMOVS.P F0, 4(R0)
	FMOVS.P F1, 4(R1)
	SUBS    $1, R3, R3
	BNE     pair

next:
	ADD  R6, R0, R0
	ADD  R6, R1, R1
	ADD  R7, R2, R2
	SUBS $1, R4, R4
	BNE  row
	RET

// func interleave2NEON(dst, even, odd *float32, rows, n, dstRow, srcRow int)
//
// See interleave2Generic. Registers:
//
//	R0  dst    R1, R2  even, odd     R3  pairs left     R4  rows left
//	R5  n      R6, R7  from the end of a row of dst, of even or odd to the next
//	V0, V1  four even and odd elements   V2, V3  pairs
TEXT ·interleave2NEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), R0
	MOVD even+8(FP), R1
	MOVD odd+16(FP), R2
	MOVD rows+24(FP), R4
	MOVD n+32(FP), R5
	MOVD dstRow+40(FP), R6
	MOVD srcRow+48(FP), R7
	SUB  R5<<1, R6, R6
	SUB  R5, R7, R7
	LSL  $2, R6, R6
	LSL  $2, R7, R7

row:
	SUBS $4, R5, R3
	BLT  rest

four:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	VZIP1  V1.S4, V0.S4, V2.S4
	VZIP2  V1.S4, V0.S4, V3.S4
	VST1.P [V2.S4, V3.S4], 32(R0)
	SUBS   $4, R3, R3
	BGE    four

rest:
	ADDS $4, R3, R3
	BEQ  next

pair:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R2), F1
	FMOVS.P F0, 4(R0)
	FMOVS.P F1, 4(R0)
	SUBS    $1, R3, R3
	BNE     pair

next:
	ADD  R6, R0, R0
	ADD  R7, R1, R1
	ADD  R7, R2, R2
	SUBS $1, R4, R4
	BNE  row
	RET
