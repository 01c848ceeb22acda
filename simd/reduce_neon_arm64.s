//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The 16 lanes of sums are V0 to V3, x V4 to V7, y V16 to V19.
#define SUM0 0
#define SUM1 1
#define SUM2 2
#define SUM3 3
#define XV0 4
#define XV1 5
#define XV2 6
#define XV3 7
#define YV0 16
#define YV1 17
#define YV2 18
#define YV3 19
#define SCRATCH 24

// NEXTLANES turns the 16 lanes by 4, so that the next vector's are in V0. The fold
// pairs V0 with V2 and V1 with V3, so any turn gives the same sum.
#define NEXTLANES \
	MOV16B(SUM0, SCRATCH) \
	MOV16B(SUM1, SUM0)    \
	MOV16B(SUM2, SUM1)    \
	MOV16B(SUM3, SUM2)    \
	MOV16B(SCRATCH, SUM3)

// FOLD adds the 16 lanes of V0..V3 into F0. It overwrites V4.
#define FOLD \
	FADD4S(SUM2, SUM0, SUM0)        \
	FADD4S(SUM3, SUM1, SUM1)        \
	FADD4S(SUM1, SUM0, SUM0)        \
	VEXT $8, V0.B16, V0.B16, V4.B16 \
	FADD4S(XV0, SUM0, SUM0)         \
	FADDP2S(SUM0, SUM0)

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
	FADD4S(XV0, SUM0, SUM0)
	FADD4S(XV1, SUM1, SUM1)
	FADD4S(XV2, SUM2, SUM2)
	FADD4S(XV3, SUM3, SUM3)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  rest

loop4:
	VLD1.P 16(R0), [V4.S4]
	FADD4S(XV0, SUM0, SUM0)
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
	FADD4S(XV0, SUM0, SUM0)

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
	FSUB4S(YV0, XV0, XV0)
	FMLA4S(XV0, XV0, SUM0)
	FSUB4S(YV1, XV1, XV1)
	FMLA4S(XV1, XV1, SUM1)
	FSUB4S(YV2, XV2, XV2)
	FMLA4S(XV2, XV2, SUM2)
	FSUB4S(YV3, XV3, XV3)
	FMLA4S(XV3, XV3, SUM3)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  rest

loop4:
	VLD1.P 16(R0), [V4.S4]
	VLD1.P 16(R1), [V16.S4]
	FSUB4S(YV0, XV0, XV0)
	FMLA4S(XV0, XV0, SUM0)
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
	FSUB4S(YV0, XV0, XV0)
	FMLA4S(XV0, XV0, SUM0)

fold:
	FOLD
	FMOVS F0, ret+48(FP)
	RET
