//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The elements behind the last whole vector go through the same instructions
// one at a time, in lane 0.

// NORMALISE turns integers in V0 into (byte/255 - mean) / std.
#define NORMALISE \
	UCVTF4S(0, 0)   \
	FDIV4S(1, 0, 0) \
	FSUB4S(2, 0, 0) \
	FDIV4S(3, 0, 0)

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

// TOBYTES turns values in V0 into bytes in its low lanes. FMAXNM gives 0 for NaN.
#define TOBYTES \
	FSUB4S(2, 0, 0)   \
	FDIV4S(3, 0, 0)   \
	FMAXNM4S(4, 0, 0) \
	FMIN4S(5, 0, 0)   \
	FMUL4S(1, 0, 0)   \
	FCVTZS4S(0, 0)    \
	XTN4H(0, 0)       \
	XTN8B(0, 0)

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
	FSUB4S(2, 3, 3)
	VEOR  V4.B16, V4.B16, V4.B16
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
