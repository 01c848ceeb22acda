//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// NEXTLANES turns the 16 lanes by 4, so that the next vector's are in V0. The fold
// pairs V0 with V2 and V1 with V3, so any turn gives the same sum.
#define NEXTLANES \
	MOV16B(0, 24) \
	MOV16B(1, 0)  \
	MOV16B(2, 1)  \
	MOV16B(3, 2)  \
	MOV16B(24, 3)

// FOLD adds the 16 lanes of V0..V3 into F0. It overwrites V4.
#define FOLD \
	FADD4S(2, 0, 0)                 \
	FADD4S(3, 1, 1)                 \
	FADD4S(1, 0, 0)                 \
	VEXT $8, V0.B16, V0.B16, V4.B16 \
	FADD4S(4, 0, 0)                 \
	FADDP2S(0, 0)

// func sumNEON(x []float32) float32
//
//	R0  x    R2  elements left, biased by the step
//	V0..V3  16 lanes of sums    V4..V7  x    V24  scratch
TEXT ·sumNEON(SB), NOSPLIT, $0-28
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	SUBS $16, R2, R2
	BLT  by4

by16:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	FADD4S(4, 0, 0)
	FADD4S(5, 1, 1)
	FADD4S(6, 2, 2)
	FADD4S(7, 3, 3)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  rest

loop4:
	VLD1.P 16(R0), [V4.S4]
	FADD4S(4, 0, 0)
	NEXTLANES
	SUBS   $4, R2, R2
	BGE    loop4

rest: // 0 to 3 elements, the other lanes 0
	ADDS   $4, R2, R2
	BEQ    fold
	VEOR   V4.B16, V4.B16, V4.B16
	VLD1.P 4(R0), V4.S[0]
	SUBS   $1, R2, R2
	BEQ    last
	VLD1.P 4(R0), V4.S[1]
	SUBS   $1, R2, R2
	BEQ    last
	VLD1.P 4(R0), V4.S[2]

last:
	FADD4S(4, 0, 0)

fold:
	FOLD
	FMOVS F0, ret+24(FP)
	RET

// func sqDistNEON(x, y []float32) float32
//
//	R0  x    R1  y    R2  elements left, biased by the step
//	V0..V3  16 lanes of sums    V4..V7  x    V16..V19  y    V24  scratch
TEXT ·sqDistNEON(SB), NOSPLIT, $0-52
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R2
	MOVD y_base+24(FP), R1
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	SUBS $16, R2, R2
	BLT  by4

by16:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	FSUB4S(16, 4, 4)
	FMLA4S(4, 4, 0)
	FSUB4S(17, 5, 5)
	FMLA4S(5, 5, 1)
	FSUB4S(18, 6, 6)
	FMLA4S(6, 6, 2)
	FSUB4S(19, 7, 7)
	FMLA4S(7, 7, 3)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  rest

loop4:
	VLD1.P 16(R0), [V4.S4]
	VLD1.P 16(R1), [V16.S4]
	FSUB4S(16, 4, 4)
	FMLA4S(4, 4, 0)
	NEXTLANES
	SUBS   $4, R2, R2
	BGE    loop4

rest: // 0 to 3 elements, the other lanes 0
	ADDS   $4, R2, R2
	BEQ    fold
	VEOR   V4.B16, V4.B16, V4.B16
	VEOR   V16.B16, V16.B16, V16.B16
	VLD1.P 4(R0), V4.S[0]
	VLD1.P 4(R1), V16.S[0]
	SUBS   $1, R2, R2
	BEQ    last
	VLD1.P 4(R0), V4.S[1]
	VLD1.P 4(R1), V16.S[1]
	SUBS   $1, R2, R2
	BEQ    last
	VLD1.P 4(R0), V4.S[2]
	VLD1.P 4(R1), V16.S[2]

last:
	FSUB4S(16, 4, 4)
	FMLA4S(4, 4, 0)

fold:
	FOLD
	FMOVS F0, ret+48(FP)
	RET
