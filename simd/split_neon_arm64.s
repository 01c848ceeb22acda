//go:build !purego

#include "textflag.h"

// Both directions go four pairs at a time, then pair by pair.

// func splitNEON(even, odd, src *float32, n int)
//
// See splitGeneric. Registers:
//
//	R0, R1  even, odd     R2  src     R3  pairs left
//	V0, V1  four pairs    V2, V3  their even and odd elements
TEXT ·splitNEON(SB), NOSPLIT, $0-32
	MOVD even+0(FP), R0
	MOVD odd+8(FP), R1
	MOVD src+16(FP), R2
	MOVD n+24(FP), R3
	SUBS $4, R3, R3
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
	BEQ  done

pair:
	FMOVS.P 4(R2), F0
	FMOVS.P 4(R2), F1
	FMOVS.P F0, 4(R0)
	FMOVS.P F1, 4(R1)
	SUBS    $1, R3, R3
	BNE     pair

done:
	RET

// func joinNEON(dst, even, odd *float32, n int)
//
// See joinGeneric. Registers:
//
//	R0  dst    R1, R2  even, odd     R3  pairs left
//	V0, V1  four even and odd elements   V2, V3  pairs
TEXT ·joinNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD even+8(FP), R1
	MOVD odd+16(FP), R2
	MOVD n+24(FP), R3
	SUBS $4, R3, R3
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
	BEQ  done

pair:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R2), F1
	FMOVS.P F0, 4(R0)
	FMOVS.P F1, 4(R0)
	SUBS    $1, R3, R3
	BNE     pair

done:
	RET
