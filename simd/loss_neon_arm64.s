//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"

#define Z 0
#define D 1
#define T2 2
#define T3 3
#define T4 4
#define LARGEST 16

// DISTANCE computes d = max(z - max, expLowest); z in V0, which it overwrites,
// the largest logit in V16.
#define DISTANCE(d) \
	FSUB4S(LARGEST, Z, Z) \
	FMAX4S(LOWEST, Z, d)

// POWER computes V0 = e^d of d in V1. It overwrites V2..V4.
#define POWER \
	MOV16B(D, Z)              \
	EXPREDUCED(Z, T2, T3, T4)

#define E0 8
#define E1 9
#define E2 10
#define E3 11
#define ED0 12
#define ED1 13
#define ED2 14
#define ED3 15

// SUMS adds V0 = e^d and d e^d to the lanes in V8 and V12, then turns both sets of
// 16 lanes by 4, so that the next vector's are there. The folds pair the first
// register with the third and the second with the fourth, so any turn gives the
// same sum.
#define SUMS \
	FADD4S(Z, E0, E0) \
	FMLA4S(D, Z, ED0) \
	MOV16B(E0, Z)     \
	MOV16B(E1, E0)    \
	MOV16B(E2, E1)    \
	MOV16B(E3, E2)    \
	MOV16B(Z, E3)     \
	MOV16B(ED0, Z)    \
	MOV16B(ED1, ED0)  \
	MOV16B(ED2, ED1)  \
	MOV16B(ED3, ED2)  \
	MOV16B(Z, ED3)

// FOLD adds the 16 lanes of a, b, c and d into the 4 of a. It overwrites b.
#define FOLD(a, b, c, d) \
	FADD4S(c, a, a) \
	FADD4S(d, b, b) \
	FADD4S(b, a, a)

#define INVERSE 5
#define MEAN 6
#define NEGINF 7
#define CEWEIGHT 27
#define ENTROPYWEIGHT 29

// GRADIENT computes V0 = e^d/S * (ceWeight - entropyWeight*(d - mean)), with e^d
// in V0, d in V1; 1/S in V5, mean in V6, the weights in V27 and V29.
#define GRADIENT \
	FSUB4S(MEAN, D, D)           \
	MOV16B(CEWEIGHT, T2)         \
	FMLS4S(ENTROPYWEIGHT, D, T2) \
	FMUL4S(INVERSE, Z, Z)        \
	FMUL4S(T2, Z, Z)

// func softmaxLossNEON(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32)
//
// The logits are read three times: for the largest, the sums and the gradient.
// The e^d of whole vectors wait in grad, if there is one.
//
//	R0  grad     R1  logits    R2  elements    R3  label    R10  table
//	R4  logits cursor          R5  elements left, biased by 4    R6  grad cursor
//	V0..V4  scratch    V5  1/S         V6  mean        V7  -Inf
//	V8..V11  16 lanes of sum e^d, S    V12..V15  16 lanes of sum e^d d
//	V16  largest logit    V27  ceWeight    V29  entropyWeight
//	V17..V26, V28, V31  constants
TEXT ·softmaxLossNEON(SB), NOSPLIT, $0-72
	MOVD  grad_base+0(FP), R0
	MOVD  logits_base+24(FP), R1
	MOVD  logits_len+32(FP), R2
	MOVD  label+48(FP), R3
	EXPCONSTANTS
	FMOVQ expConstants_negInf(R10), F7
	MOV16B(NEGINF, LARGEST)
	MOVD  R1, R4
	SUBS  $4, R2, R5
	BLT   restMax

maxLoop:
	VLD1.P 16(R4), [V0.S4]
	FMAX4S(Z, LARGEST, LARGEST)
	SUBS   $4, R5, R5
	BGE    maxLoop

restMax: // tail lanes are -Inf: they give e^d = 0
	ADDS   $4, R5, R5
	BEQ    foldMax
	MOV16B(NEGINF, Z)
	VLD1.P 4(R4), V0.S[0]
	SUBS   $1, R5, R5
	BEQ    lastMax
	VLD1.P 4(R4), V0.S[1]
	SUBS   $1, R5, R5
	BEQ    lastMax
	VLD1.P 4(R4), V0.S[2]

lastMax:
	FMAX4S(Z, LARGEST, LARGEST)

foldMax:
	FMAXV4S(LARGEST, LARGEST)
	VDUP V16.S[0], V16.S4
	EOR16B(E0, E0, E0)
	EOR16B(E1, E1, E1)
	EOR16B(E2, E2, E2)
	EOR16B(E3, E3, E3)
	EOR16B(ED0, ED0, ED0)
	EOR16B(ED1, ED1, ED1)
	EOR16B(ED2, ED2, ED2)
	EOR16B(ED3, ED3, ED3)
	MOVD R1, R4
	MOVD R0, R6
	SUBS $4, R2, R5
	BLT  restSum

sumLoop:
	VLD1.P 16(R4), [V0.S4]
	DISTANCE(D)
	POWER
	CBZ    R0, sum
	VST1.P [V0.S4], 16(R6)

sum:
	SUMS
	SUBS $4, R5, R5
	BGE  sumLoop

restSum:
	ADDS   $4, R5, R5
	BEQ    foldSum
	MOV16B(NEGINF, Z)
	VLD1.P 4(R4), V0.S[0]
	SUBS   $1, R5, R5
	BEQ    lastSum
	VLD1.P 4(R4), V0.S[1]
	SUBS   $1, R5, R5
	BEQ    lastSum
	VLD1.P 4(R4), V0.S[2]

lastSum:
	DISTANCE(D)
	POWER
	SUMS

foldSum:
	FOLD(E0, E1, E2, E3)
	FOLD(ED0, ED1, ED2, ED3)
	VEXT  $8, V8.B16, V8.B16, V9.B16
	VEXT  $8, V12.B16, V12.B16, V13.B16
	FADD4S(E1, E0, E0)
	FADD4S(ED1, ED0, ED0)
	FADDP2S(E0, Z)
	FADDP2S(ED0, ED0)
	FDIVS F0, F25, F8
	FMULS F8, F12, F12
	LOG
	FMOVS (R1)(R3<<2), F2
	FSUBS F16, F2, F2
	FSUBS F2, F1, F2
	FMOVS F2, ce+64(FP)
	FSUBS F12, F1, F2
	FMOVS F2, entropy+68(FP)
	CBZ   R0, done
	VDUP  V8.S[0], V5.S4
	VDUP  V12.S[0], V6.S4
	FMOVS ceWeight+56(FP), F27
	FMOVS entropyWeight+60(FP), F29
	VDUP  V27.S[0], V27.S4
	VDUP  V29.S[0], V29.S4
	MOVD  R1, R4
	MOVD  R0, R6
	SUBS  $4, R2, R5
	BLT   restGradient

gradientLoop:
	VLD1.P 16(R4), [V0.S4]
	DISTANCE(D)
	VLD1   (R6), [V0.S4]
	GRADIENT
	VST1.P [V0.S4], 16(R6)
	SUBS   $4, R5, R5
	BGE    gradientLoop

restGradient:
	ADDS $4, R5, R5
	BEQ  label

loop1: // in lane 0
	FMOVS.P 4(R4), F0
	DISTANCE(D)
	POWER
	GRADIENT
	FMOVS.P F0, 4(R6)
	SUBS    $1, R5, R5
	BNE     loop1

label:
	FMOVS (R0)(R3<<2), F0
	FSUBS F27, F0, F0
	FMOVS F0, (R0)(R3<<2)

done:
	RET
