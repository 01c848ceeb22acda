//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// CLAMP keeps x between V16 and V17, leaving NaN and the signs of zeros alone as
// FMAX and FMIN would not. It overwrites t.
#define CLAMP(x, t) \
	FCMGT4S(x, 16, t) \
	BIT16B(t, 16, x)  \
	FCMGT4S(17, x, t) \
	BIT16B(t, 17, x)

// func addNEON(y, x []float32)
//
//	R0  y    R1  x    R2  elements left, biased by the step
//	V0..V3  y    V4..V7  x
TEXT ·addNEON(SB), NOSPLIT, $0-48
	MOVD y_base+0(FP), R0
	MOVD y_len+8(FP), R2
	MOVD x_base+24(FP), R1
	SUBS $16, R2, R2
	BLT  by4

by16:
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	FADD4S(4, 0, 0)
	FADD4S(5, 1, 1)
	FADD4S(6, 2, 2)
	FADD4S(7, 3, 3)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  by1

loop4:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V4.S4]
	FADD4S(4, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS   (R0), F0
	FMOVS.P 4(R1), F4
	FADD4S(4, 0, 0)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET

// func axpyNEON(alpha float32, x, y []float32)
//
//	R0  y    R1  x    R2  elements left, biased by the step
//	V0..V3  y    V4..V7  x    V16  alpha
TEXT ·axpyNEON(SB), NOSPLIT, $0-56
	FMOVS alpha+0(FP), F16
	VDUP  V16.S[0], V16.S4
	MOVD  x_base+8(FP), R1
	MOVD  y_base+32(FP), R0
	MOVD  y_len+40(FP), R2
	SUBS  $16, R2, R2
	BLT   by4

by16:
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	FMLA4S(4, 16, 0)
	FMLA4S(5, 16, 1)
	FMLA4S(6, 16, 2)
	FMLA4S(7, 16, 3)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  by1

loop4:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V4.S4]
	FMLA4S(4, 16, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS   (R0), F0
	FMOVS.P 4(R1), F4
	FMLA4S(4, 16, 0)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET

// func scaleNEON(alpha float32, x []float32)
//
//	R0  x    R2  elements left, biased by the step
//	V0..V3  x    V16  alpha
TEXT ·scaleNEON(SB), NOSPLIT, $0-32
	FMOVS alpha+0(FP), F16
	VDUP  V16.S[0], V16.S4
	MOVD  x_base+8(FP), R0
	MOVD  x_len+16(FP), R2
	SUBS  $16, R2, R2
	BLT   by4

by16:
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	FMUL4S(16, 0, 0)
	FMUL4S(16, 1, 1)
	FMUL4S(16, 2, 2)
	FMUL4S(16, 3, 3)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  by1

loop4:
	VLD1   (R0), [V0.S4]
	FMUL4S(16, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS   (R0), F0
	FMUL4S(16, 0, 0)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET

// func clampNEON(x []float32, lo, hi float32)
//
//	R0  x    R2  elements left, biased by the step
//	V0..V3  x    V4  scratch    V16  lo    V17  hi
TEXT ·clampNEON(SB), NOSPLIT, $0-32
	MOVD  x_base+0(FP), R0
	MOVD  x_len+8(FP), R2
	FMOVS lo+24(FP), F16
	FMOVS hi+28(FP), F17
	VDUP  V16.S[0], V16.S4
	VDUP  V17.S[0], V17.S4
	SUBS  $16, R2, R2
	BLT   by4

by16:
	VLD1   (R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	CLAMP(0, 4)
	CLAMP(1, 4)
	CLAMP(2, 4)
	CLAMP(3, 4)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	SUBS   $16, R2, R2
	BGE    by16

by4:
	ADDS $12, R2, R2
	BLT  by1

loop4:
	VLD1   (R0), [V0.S4]
	CLAMP(0, 4)
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R2, R2
	BGE    loop4

by1:
	ADDS $4, R2, R2
	BEQ  done

loop1: // in lane 0
	FMOVS   (R0), F0
	CLAMP(0, 4)
	FMOVS.P F0, 4(R0)
	SUBS    $1, R2, R2
	BNE     loop1

done:
	RET
