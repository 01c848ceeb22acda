//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

#define X 0
#define T 1
#define STEPS 2
#define WHOLE 3
#define THIRD 4
#define SECOND 5
#define FIRST 6
#define BEFORE 16
#define AT 17
#define NEXT 18
#define BEHIND 19
#define ZERO 24
#define HALF 25
#define SIX 26
#define LAST 27
#define COUNT 28

// SAMPLES reads the four samples of an element.
#define SAMPLES(lane, f) \
	VMOV  V2.S[lane], R4   \
	ADD   R4<<2, R1, R5    \
	FMOVQ (R5), f

// CURVE adds the curve to the four elements in V0.
#define CURVE \
	FMUL4S(COUNT, X, T)             \
	FCVTZS4S(T, STEPS)              \
	SMAX4S(ZERO, STEPS, STEPS)      \
	SMIN4S(LAST, STEPS, STEPS)      \
	SCVTF4S(STEPS, WHOLE)           \
	FSUB4S(WHOLE, T, T)             \
	SAMPLES(0, F20)                 \
	SAMPLES(1, F21)                 \
	SAMPLES(2, F22)                 \
	SAMPLES(3, F23)                 \
	VZIP1 V21.S4, V20.S4, V4.S4     \
	VZIP2 V21.S4, V20.S4, V5.S4     \
	VZIP1 V23.S4, V22.S4, V6.S4     \
	VZIP2 V23.S4, V22.S4, V7.S4     \
	VZIP1 V6.D2, V4.D2, V16.D2      \
	VZIP2 V6.D2, V4.D2, V17.D2      \
	VZIP1 V7.D2, V5.D2, V18.D2      \
	VZIP2 V7.D2, V5.D2, V19.D2      \
	FSUB4S(BEFORE, BEHIND, THIRD)   \
	FDIV4S(SIX, THIRD, THIRD)       \
	FSUB4S(NEXT, AT, SECOND)        \
	FMUL4S(HALF, SECOND, SECOND)    \
	FADD4S(SECOND, THIRD, THIRD)    \
	FADD4S(NEXT, BEFORE, SECOND)    \
	FMUL4S(HALF, SECOND, SECOND)    \
	FSUB4S(AT, SECOND, SECOND)      \
	FSUB4S(AT, NEXT, FIRST)         \
	FSUB4S(SECOND, FIRST, FIRST)    \
	FSUB4S(THIRD, FIRST, FIRST)     \
	FMUL4S(T, THIRD, THIRD)         \
	FADD4S(SECOND, THIRD, THIRD)    \
	FMUL4S(T, THIRD, THIRD)         \
	FADD4S(FIRST, THIRD, THIRD)     \
	FMUL4S(T, THIRD, THIRD)         \
	FADD4S(AT, THIRD, THIRD)        \
	FADD4S(THIRD, X, X)

// func addCurveNEON(x, samples []float32)
//
// See addCurveGeneric. The four samples of an element lie side by side; those of four
// elements are transposed, so that each sample is a vector. Elements behind the last
// four go through the same instructions one at a time, in lane 0.
//
//	R0  x    R1  samples    R2  elements left (biased)    R3  scratch    R4, R5  a step
//	V0  x    V1  t    V2, V3  steps, whole    V4-V6  coefficients    V7  scratch
//	V16-V19  samples at -1, 0, 1, 2    V20-V23  those of an element
//	V24  0    V25  1/2    V26  6    V27  the last step    V28  the number of steps
TEXT ·addCurveNEON(SB), NOSPLIT, $0-48
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R2
	MOVD samples_base+24(FP), R1
	MOVD samples_len+32(FP), R3
	EOR16B(ZERO, ZERO, ZERO)
	SUB  $4, R3, R3
	VDUP R3, V27.S4
	ADD  $1, R3, R3
	VDUP R3, V28.S4
	SCVTF4S(COUNT, COUNT)
	MOVD $0x3f000000, R3
	VDUP R3, V25.S4
	MOVD $0x40c00000, R3
	VDUP R3, V26.S4
	SUBS $4, R2, R2
	BLT  tail

loop:
	VLD1   (R0), [V0.S4]
	CURVE
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop

tail:
	ADDS $4, R2, R2
	BEQ  done

one:
	FMOVS   (R0), F0
	CURVE
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     one

done:
	RET
