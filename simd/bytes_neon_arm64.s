//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The elements behind the last whole vector go through the same instructions
// one at a time, in lane 0.

#define DATA 0
#define WHITE255 1
#define MEAN 2
#define STD 3

// NORMALISE turns integers in V0 into (byte/255 - mean) / std.
#define NORMALISE \
	UCVTF4S(DATA, DATA)          \
	FDIV4S(WHITE255, DATA, DATA) \
	FSUB4S(MEAN, DATA, DATA)     \
	FDIV4S(STD, DATA, DATA)

// func fromUint8NEON(dst []float32, src []uint8, mean, std float32)
//
//	R0  dst   R1  src   R2  elements left (biased)    R3  scratch
//	V0  data  V1  255   V2  mean                      V3  std
TEXT ·fromUint8NEON(SB), NOSPLIT, $0-56
	MOVD  dst_base+0(FP), R0
	MOVD  src_base+24(FP), R1
	MOVD  src_len+32(FP), R2
	MOVD  $0x437f0000, R3
	VDUP  R3, V1.S4
	FMOVS mean+48(FP), F2
	VDUP  V2.S[0], V2.S4
	FMOVS std+52(FP), F3
	VDUP  V3.S[0], V3.S4
	SUBS  $4, R2, R2
	BLT   tail

loop:
	FMOVS.P 4(R1), F0
	VUXTL   V0.B8, V0.H8
	VUXTL   V0.H4, V0.S4
	NORMALISE
	VST1.P  [V0.S4], 16(R0)
	SUBS    $4, R2, R2
	BGE     loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	MOVBU.P 1(R1), R3
	FMOVS   R3, F0
	NORMALISE
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET

#define BLACK 2
#define RANGE 3
#define ZERO 4
#define ONE 5

// TOBYTES turns values in V0 into bytes in its low lanes. FMAXNM gives 0 for NaN.
#define TOBYTES \
	FSUB4S(BLACK, DATA, DATA)    \
	FDIV4S(RANGE, DATA, DATA)    \
	FMAXNM4S(ZERO, DATA, DATA)   \
	FMIN4S(ONE, DATA, DATA)      \
	FMUL4S(WHITE255, DATA, DATA) \
	FCVTZS4S(DATA, DATA)         \
	XTN4H(DATA, DATA)            \
	XTN8B(DATA, DATA)

// func toUint8NEON(dst []uint8, src []float32, black, white float32)
//
//	R0  dst   R1  src   R2  elements left (biased)    R3  scratch
//	V0  data  V1  255   V2  black    V3  white - black    V4  0    V5  1
TEXT ·toUint8NEON(SB), NOSPLIT, $0-56
	MOVD  dst_base+0(FP), R0
	MOVD  src_base+24(FP), R1
	MOVD  src_len+32(FP), R2
	MOVD  $0x437f0000, R3
	VDUP  R3, V1.S4
	FMOVS black+48(FP), F2
	VDUP  V2.S[0], V2.S4
	FMOVS white+52(FP), F3
	VDUP  V3.S[0], V3.S4
	FSUB4S(BLACK, RANGE, RANGE)
	EOR16B(ZERO, ZERO, ZERO)
	MOVD  $0x3f800000, R3
	VDUP  R3, V5.S4
	SUBS  $4, R2, R2
	BLT   tail

loop:
	VLD1.P  16(R1), [V0.S4]
	TOBYTES
	FMOVS.P F0, 4(R0)
	SUBS    $4, R2, R2
	BGE     loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS.P 4(R1), F0
	TOBYTES
	VMOV    V0.B[0], R3
	MOVB.P  R3, 1(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET
