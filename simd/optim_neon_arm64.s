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

#define PARAM 0
#define GRAD 1
#define MOMENT1 2
#define MOMENT2 3
#define ROOT 4
#define STEP 5
#define BETA1 16
#define GAIN1 17
#define BETA2 18
#define GAIN2 19
#define STEPSIZE 20
#define CORRECTION 21
#define EPSILON 22
#define DECAY 23

// ADAM computes one vector of the step: p in V0, g in V1, m in V2, v in V3; the
// constants in V16..V23.
#define ADAM \
	FMLA4S(PARAM, DECAY, GRAD)      \ // d = g + WeightDecay*p
	FMUL4S(BETA1, MOMENT1, MOMENT1) \
	FMLA4S(GRAD, GAIN1, MOMENT1)    \ // m = m*Beta1 + Gain1*d
	FMUL4S(GAIN2, GRAD, ROOT)       \
	FMUL4S(BETA2, MOMENT2, MOMENT2) \
	FMLA4S(GRAD, ROOT, MOMENT2)     \ // v = v*Beta2 + (Gain2*d)*d
	FSQRT4S(MOMENT2, ROOT)          \
	FDIV4S(CORRECTION, ROOT, ROOT)  \
	FADD4S(EPSILON, ROOT, ROOT)     \ // sqrt(v)/Correction + Epsilon
	FMUL4S(STEPSIZE, MOMENT1, STEP) \
	FDIV4S(ROOT, STEP, STEP)        \
	FSUB4S(STEP, PARAM, PARAM)      // p - StepSize*m / that

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

#define BUF 2
#define NEWBUF 3
#define RATE 16
#define MOMENTUM 17
#undef DECAY
#define DECAY 18
#define NESTEROV 19

// SGD computes one vector of the step: p in V0, g in V1, buf in V2 and then V3;
// the constants in V16..V18, and V19 all ones for Nesterov.
#define SGD \
	FMLA4S(PARAM, DECAY, GRAD)     \ // d = g + WeightDecay*p
	MOV16B(GRAD, NEWBUF)           \
	FMLA4S(BUF, MOMENTUM, NEWBUF)  \ // buf = Momentum*buf + d
	FMLA4S(NEWBUF, MOMENTUM, GRAD) \ // Nesterov's direction d + Momentum*buf
	BIF16B(NESTEROV, NEWBUF, GRAD) \ // or buf
	FMLS4S(GRAD, RATE, PARAM)      // p -= LR*direction

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
