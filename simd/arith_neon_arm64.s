//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Registers of all kernels here: R0 the operand that changes, V0 to V3 of it (y), R1
// the other, V4 to V7 of it (x), R2 the elements left, biased by the step.
#define SCRATCH 4
#define ALPHA 16
#define LO 16
#define HI 17

// UPDATE runs OP(x, y) for every vector and element of y, after LOAD16, LOAD4 and LOAD1
// have loaded as much of x. It ends with a jump to done, or at its place.
#define UPDATE(OP, LOAD16, LOAD4, LOAD1) \
	SUBS   $16, R2, R2                          \
	BLT    by4                                  \
by16:                                               \
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]   \
	LOAD16                                      \
	OP(4, 0)                                    \
	OP(5, 1)                                    \
	OP(6, 2)                                    \
	OP(7, 3)                                    \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0) \
	SUBS   $16, R2, R2                          \
	BGE    by16                                 \
by4:                                                \
	ADDS   $12, R2, R2                          \
	BLT    by1                                  \
loop4:                                              \
	VLD1   (R0), [V0.S4]                        \
	LOAD4                                       \
	OP(4, 0)                                    \
	VST1.P [V0.S4], 16(R0)                      \
	SUBS   $4, R2, R2                           \
	BGE    loop4                                \
by1:                                                \
	ADDS   $4, R2, R2                           \
	BEQ    done                                 \
loop1: \ // in lane 0
	FMOVS (R0), F0 \
	LOAD1 \
	OP(4, 0) \
	FMOVS.P F0, 4(R0) \
	SUBS $1, R2, R2 \
	BNE loop1

// X16, X4 and X1 are the loads of a kernel that has x, NONE those of one that has not.
#define X16 VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
#define X4 VLD1.P 16(R1), [V4.S4]
#define X1 FMOVS.P 4(R1), F4
#define NONE

// The kernels, of one vector. CLAMP keeps y between LO and HI, leaving NaN and the
// signs of zeros alone as FMAX and FMIN would not.
#define ADD(x, y) FADD4S(x, y, y)
#define AXPY(x, y) FMLA4S(x, ALPHA, y)
#define SCALE(x, y) FMUL4S(ALPHA, y, y)
#define CLAMP(x, y) \
	FCMGT4S(y, LO, SCRATCH) \
	BIT16B(SCRATCH, LO, y)  \
	FCMGT4S(HI, y, SCRATCH) \
	BIT16B(SCRATCH, HI, y)

// func addNEON(y, x []float32)
//
// 	R0  y    R1  x
TEXT ·addNEON(SB), NOSPLIT, $0-48
	MOVD y_base+0(FP), R0
	MOVD y_len+8(FP), R2
	MOVD x_base+24(FP), R1
	UPDATE(ADD, X16, X4, X1)

done:
	RET

// func axpyNEON(alpha float32, x, y []float32)
//
// 	R0  y    R1  x    V16  alpha
TEXT ·axpyNEON(SB), NOSPLIT, $0-56
	FMOVS alpha+0(FP), F16
	VDUP  V16.S[0], V16.S4
	MOVD  x_base+8(FP), R1
	MOVD  y_base+32(FP), R0
	MOVD  y_len+40(FP), R2
	UPDATE(AXPY, X16, X4, X1)

done:
	RET

// func scaleNEON(alpha float32, x []float32)
//
// 	R0  x    V16  alpha
TEXT ·scaleNEON(SB), NOSPLIT, $0-32
	FMOVS alpha+0(FP), F16
	VDUP  V16.S[0], V16.S4
	MOVD  x_base+8(FP), R0
	MOVD  x_len+16(FP), R2
	UPDATE(SCALE, NONE, NONE, NONE)

done:
	RET

// func clampNEON(x []float32, lo, hi float32)
//
// 	R0  x    V16  lo    V17  hi
TEXT ·clampNEON(SB), NOSPLIT, $0-32
	MOVD  x_base+0(FP), R0
	MOVD  x_len+8(FP), R2
	FMOVS lo+24(FP), F16
	FMOVS hi+28(FP), F17
	VDUP  V16.S[0], V16.S4
	VDUP  V17.S[0], V17.S4
	UPDATE(CLAMP, NONE, NONE, NONE)

done:
	RET
