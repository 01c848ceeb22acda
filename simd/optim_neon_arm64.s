//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// The elements behind the last whole vector go through the same instructions
// one at a time, in lane 0.

// FIELD broadcasts a field of the constants at R5.
#define FIELD(offset, v) \
	ADD   $offset, R5, R6 \
	VLD1R (R6), [v.S4]

// ADAM computes one vector of the step: p in V0, g in V1, m in V2, v in V3; the
// constants in V16..V23.
#define ADAM \
	VFMLA V0.S4, V23.S4, V1.S4 \ // d = g + WeightDecay*p
	FMUL4S(16, 2, 2)           \
	VFMLA V1.S4, V17.S4, V2.S4 \ // m = m*Beta1 + Gain1*d
	FMUL4S(19, 1, 4)           \
	FMUL4S(18, 3, 3)           \
	VFMLA V1.S4, V4.S4, V3.S4  \ // v = v*Beta2 + (Gain2*d)*d
	FSQRT4S(3, 4)              \
	FDIV4S(21, 4, 4)           \
	FADD4S(22, 4, 4)           \ // sqrt(v)/Correction + Epsilon
	FMUL4S(20, 2, 5)           \
	FDIV4S(4, 5, 5)            \
	FSUB4S(5, 0, 0)            // p - StepSize*m / that

// func adamNEON(p, g, m, v []float32, s *AdamStep)
//
//	R0  p     R1  g     R2  m     R3  v     R4  elements left (biased)
//	R5  s     R6  scratch
//	V16 Beta1    V17 Gain1         V18 Beta2      V19 Gain2
//	V20 StepSize V21 Correction    V22 Epsilon    V23 WeightDecay
TEXT ·adamNEON(SB), NOSPLIT, $0-104
	MOVD p_base+0(FP), R0
	MOVD p_len+8(FP), R4
	MOVD g_base+24(FP), R1
	MOVD m_base+48(FP), R2
	MOVD v_base+72(FP), R3
	MOVD s+96(FP), R5
	FIELD(AdamStep_Beta1, V16)
	FIELD(AdamStep_Gain1, V17)
	FIELD(AdamStep_Beta2, V18)
	FIELD(AdamStep_Gain2, V19)
	FIELD(AdamStep_StepSize, V20)
	FIELD(AdamStep_Correction, V21)
	FIELD(AdamStep_Epsilon, V22)
	FIELD(AdamStep_WeightDecay, V23)
	SUBS $4, R4, R4
	BLT  tail

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	VLD1   (R2), [V2.S4]
	VLD1   (R3), [V3.S4]
	ADAM
	VST1.P [V0.S4], 16(R0)
	VST1.P [V2.S4], 16(R2)
	VST1.P [V3.S4], 16(R3)
	SUBS   $4, R4, R4
	BGE    loop

tail:
	ADDS $4, R4, R4
	BEQ  done

one:
	FMOVS   (R0), F0
	FMOVS.P 4(R1), F1
	FMOVS   (R2), F2
	FMOVS   (R3), F3
	ADAM
	FMOVS.P F0, 4(R0)
	FMOVS.P F2, 4(R2)
	FMOVS.P F3, 4(R3)
	SUBS    $1, R4, R4
	BNE     one

done:
	RET

// SGD computes one vector of the step: p in V0, g in V1, buf in V2 and then V3;
// the constants in V16..V18, and V19 all ones for Nesterov.
#define SGD \
	VFMLA V0.S4, V18.S4, V1.S4    \ // d = g + WeightDecay*p
	VMOV  V1.B16, V3.B16          \
	VFMLA V2.S4, V17.S4, V3.S4    \ // buf = Momentum*buf + d
	VFMLA V3.S4, V17.S4, V1.S4    \ // Nesterov's direction d + Momentum*buf
	VBIF  V19.B16, V3.B16, V1.B16 \ // or buf
	VFMLS V1.S4, V16.S4, V0.S4    // p -= LR*direction

// func sgdNEON(p, g, buf []float32, s *SGDStep)
//
//	R0  p     R1  g     R2  buf    R4  elements left (biased)
//	R5  s     R6  scratch
//	V16 LR    V17 Momentum         V18 WeightDecay    V19 Nesterov
TEXT ·sgdNEON(SB), NOSPLIT, $0-80
	MOVD  p_base+0(FP), R0
	MOVD  p_len+8(FP), R4
	MOVD  g_base+24(FP), R1
	MOVD  buf_base+48(FP), R2
	MOVD  s+72(FP), R5
	FIELD(SGDStep_LR, V16)
	FIELD(SGDStep_Momentum, V17)
	FIELD(SGDStep_WeightDecay, V18)
	MOVBU SGDStep_Nesterov(R5), R6
	NEG   R6, R6
	VDUP  R6, V19.S4
	SUBS  $4, R4, R4
	BLT   tail

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	VLD1   (R2), [V2.S4]
	SGD
	VST1.P [V0.S4], 16(R0)
	VST1.P [V3.S4], 16(R2)
	SUBS   $4, R4, R4
	BGE    loop

tail:
	ADDS $4, R4, R4
	BEQ  done

one:
	FMOVS   (R0), F0
	FMOVS.P 4(R1), F1
	FMOVS   (R2), F2
	SGD
	FMOVS.P F0, 4(R0)
	FMOVS.P F3, 4(R2)
	SUBS    $1, R4, R4
	BNE     one

done:
	RET
