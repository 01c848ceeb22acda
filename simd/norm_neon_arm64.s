//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"
#include "exp_neon_arm64.h"

// A branch on the activation goes the same way throughout a call, so it costs
// next to nothing. GELU overwrites V1..V4 and has its constants in V17..V28.

#define S0 7
#define S1 8
#define S2 9
#define S3 10
#define Q0 11
#define Q1 12
#define Q2 13
#define Q3 14
#define SPARE 0

// The 16 virtual lanes of two sums are V7..V10 and V11..V14. Up to 15 elements
// behind the last whole 16 go to V7 and V11, a vector at a time and the others
// moved up in turn: whichever vector comes first, FOLD adds the same pairs.

#define CLEARLANES \
	EOR16B(S0, S0, S0) \
	EOR16B(S1, S1, S1) \
	EOR16B(S2, S2, S2) \
	EOR16B(S3, S3, S3) \
	EOR16B(Q0, Q0, Q0) \
	EOR16B(Q1, Q1, Q1) \
	EOR16B(Q2, Q2, Q2) \
	EOR16B(Q3, Q3, Q3)

#define TURN \
	MOV16B(S0, SPARE) \
	MOV16B(S1, S0)    \
	MOV16B(S2, S1)    \
	MOV16B(S3, S2)    \
	MOV16B(SPARE, S3) \
	MOV16B(Q0, SPARE) \
	MOV16B(Q1, Q0)    \
	MOV16B(Q2, Q1)    \
	MOV16B(Q3, Q2)    \
	MOV16B(SPARE, Q3)

// FOLD adds the lanes of each sum, 16-8-4-2-1, into F7 and F11.
#define FOLD \
	FADD4S(S2, S0, S0)                 \
	FADD4S(S3, S1, S1)                 \
	FADD4S(Q2, Q0, Q0)                 \
	FADD4S(Q3, Q1, Q1)                 \
	FADD4S(S1, S0, S0)                 \
	FADD4S(Q1, Q0, Q0)                 \
	VEXT $8, V7.B16, V7.B16, V8.B16    \
	VEXT $8, V11.B16, V11.B16, V12.B16 \
	FADD4S(S1, S0, S0)                 \
	FADD4S(Q1, Q0, Q0)                 \
	FADDP2S(S0, S0)                    \
	FADDP2S(Q0, Q0)

// The last one to three elements are computed one at a time in lane 0 and added
// to lanes 0, 1, 2: spread over all lanes, then cut to the one that is on in V15.
#define FIRSTLANE(r) \
	MOVD  $0xffffffff, r \
	FMOVS r, F15

#define NEXTLANE \
	VEXT $12, V15.B16, V15.B16, V15.B16

#define TOLANE(v) \
	VDUP v.S[0], v.S4          \
	VAND V15.B16, v.B16, v.B16

#define CENTRE 6
#define X0 16
#define X1 17
#define X2 18
#define X3 19

// func sumSumSqNEON(sum, sumSq, x, shift []float32, n int)
//
//	R0  sum   R1  sumSq  R2  x      R3  shift    R4  n
//	R5  planes left      R6  elements left (biased)   R7  scratch
//	V6  shift V7..V10  sum    V11..V14  sumSq    V15  lane    V16..V19  x
TEXT ·sumSumSqNEON(SB), NOSPLIT, $0-104
	MOVD sum_base+0(FP), R0
	MOVD sum_len+8(FP), R5
	MOVD sumSq_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD shift_base+72(FP), R3
	MOVD n+96(FP), R4

plane:
	SUBS    $1, R5, R5
	BLT     done
	VLD1R.P 4(R3), [V6.S4]
	CLEARLANES
	SUBS    $16, R4, R6
	BLT     by4

by16:
	VLD1.P 64(R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	FSUB4S(CENTRE, X0, X0)
	FSUB4S(CENTRE, X1, X1)
	FSUB4S(CENTRE, X2, X2)
	FSUB4S(CENTRE, X3, X3)
	FADD4S(X0, S0, S0)
	FADD4S(X1, S1, S1)
	FADD4S(X2, S2, S2)
	FADD4S(X3, S3, S3)
	FMLA4S(X0, X0, Q0)
	FMLA4S(X1, X1, Q1)
	FMLA4S(X2, X2, Q2)
	FMLA4S(X3, X3, Q3)
	SUBS   $16, R6, R6
	BGE    by16

by4:
	ADDS $12, R6, R6
	BLT  tail

loop4:
	VLD1.P 16(R2), [V16.S4]
	FSUB4S(CENTRE, X0, X0)
	FADD4S(X0, S0, S0)
	FMLA4S(X0, X0, Q0)
	TURN
	SUBS   $4, R6, R6
	BGE    loop4

tail:
	ADDS $4, R6, R6
	BEQ  fold
	FIRSTLANE(R7)

one:
	FMOVS.P 4(R2), F16
	FSUB4S(CENTRE, X0, X0)
	TOLANE(V16)
	FADD4S(X0, S0, S0)
	FMLA4S(X0, X0, Q0)
	NEXTLANE
	SUBS    $1, R6, R6
	BNE     one

fold:
	FOLD
	FMOVS.P F7, 4(R0)
	FMOVS.P F11, 4(R1)
	B       plane

done:
	RET

#define Z 0
#define T1 1
#define T2 2
#define T3 3
#define T4 4
#define BEYOND 5
#define AFFINE 6
#define X 7
#define UPPERBOUND 29

// PREACTIVATION computes z = x*scale + shift in V0 from x in that register, scale and
// shift being lanes 0 and 1 of V6.
#define PREACTIVATION(x) \
	VDUP V6.S[1], V0.S4       \
	FMLALANE(AFFINE, 0, x, Z)

// UPPER sets V29 to the upper bound of the activation act, none where it has none.
// r is scratch.
#define UPPER(act, r, none, done) \
	MOVD $none, r          \
	CMP  $const_ReLU6, act \
	BNE  done              \
	MOVD $0x40c00000, r    \ // 6
done:                          \
	VDUP r, V29.S4

// WITHIN sets V0 where z, in V0, is within the bounds of ReLU or ReLU6. V5 is
// scratch.
#define WITHIN \
	FCMGE4S(UPPERBOUND, Z, BEYOND) \
	FCMGTZ4S(Z, Z)                 \
	BIC16B(BEYOND, Z, Z)

// func scaleShiftNEON(y, x, scale, shift []float32, n int, act Activation)
//
//	R0  y     R1  x      R2  scale    R3  shift    R4  n     R5  act
//	R6  planes left      R7  elements left (biased)
//	V0  z     V1..V4  scratch     V6  scale, shift     V7  x     V29  upper bound
TEXT ·scaleShiftNEON(SB), NOSPLIT, $0-112
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD scale_base+48(FP), R2
	MOVD scale_len+56(FP), R6
	MOVD shift_base+72(FP), R3
	MOVD n+96(FP), R4
	MOVD act+104(FP), R5
	GELUCONSTANTS
	UPPER(R5, R7, 0x7f800000, bounded) // infinity bounds nothing

plane:
	SUBS    $1, R6, R6
	BLT     done
	FMOVS.P 4(R2), F6
	VLD1.P  4(R3), V6.S[1]
	SUBS    $4, R4, R7
	BLT     tail

loop:
	VLD1.P 16(R1), [V7.S4]
	PREACTIVATION(X)
	CBZ    R5, store
	CMP    $const_GELU, R5
	BEQ    gelu
	FCMLTZ4S(Z, T1)
	BIC16B(T1, Z, Z)
	FMIN4S(UPPERBOUND, Z, Z)

store:
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R7, R7
	BGE    loop

tail:
	ADDS $4, R7, R7
	BEQ  plane

one:  // the last one to three elements, in lane 0
	FMOVS.P 4(R1), F7
	PREACTIVATION(X)
	CBZ     R5, storeOne
	CMP     $const_GELU, R5
	BEQ     geluOne
	FCMLTZ4S(Z, T1)
	BIC16B(T1, Z, Z)
	FMIN4S(UPPERBOUND, Z, Z)

storeOne:
	FMOVS.P F0, 4(R0)
	SUBS    $1, R7, R7
	BNE     one
	B       plane

gelu:
	GELU(Z, T1, T2, T3, T4)
	B store

geluOne:
	GELU(Z, T1, T2, T3, T4)
	B storeOne

done:
	RET

#define DY 1
#undef X
#define X 16
#undef X0
#define X0 17
#undef X1
#define X1 18
#undef X2
#define X2 19
#undef X3
#define X3 20
#define DY0 21
#define DY1 22
#define DY2 23
#define DY3 24
#define IDENTITY 16

// REDUCE adds one vector of anything but GELU to the sums s and q: x and dy in the
// registers of those names, mean in lane 2 of V6, and V16 all ones for the
// identity, else zero.
#define REDUCE(x, dy, s, q) \
	PREACTIVATION(x)       \
	WITHIN                 \
	ORR16B(IDENTITY, Z, Z) \
	AND16B(Z, dy, dy)      \
	VDUP V6.S[2], V0.S4    \
	FSUB4S(Z, x, x)        \
	FADD4S(dy, s, s)       \
	FMLA4S(x, dy, q)

// func batchNormBackwardSumsNEON(t *BatchNormGradient)
//
//	R0  sumG  R1  sumGX  R2  dy   R3  x    R4  scale    R5  shift  R6  mean
//	R7  n     R8  planes left     R9  elements left (biased)
//	R10 act   R11 scratch         V0  z    V1..V4  scratch, then V1 dy and g
//	V6  scale, shift, mean        V7..V10  sumG         V11..V14  sumGX
//	V15 lane  V16 see REDUCE, then x       V17..V28  constants of GELU, or x and dy
//	V5  scratch                            V29 upper bound
TEXT ·batchNormBackwardSumsNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R11
	MOVD BatchNormGradient_SumG(R11), R0
	MOVD BatchNormGradient_SumG+8(R11), R8
	MOVD BatchNormGradient_SumGX(R11), R1
	MOVD BatchNormGradient_DY(R11), R2
	MOVD BatchNormGradient_X(R11), R3
	MOVD BatchNormGradient_Scale(R11), R4
	MOVD BatchNormGradient_Shift(R11), R5
	MOVD BatchNormGradient_Mean(R11), R6
	MOVD BatchNormGradient_N(R11), R7
	SLOPECONSTANTS
	MOVD BatchNormGradient_Act(R11), R10
	UPPER(R10, R11, 0x7fc00000, bounded) // no number is beyond NaN

plane:
	SUBS    $1, R8, R8
	BLT     done
	FMOVS.P 4(R4), F6
	VLD1.P  4(R5), V6.S[1]
	VLD1.P  4(R6), V6.S[2]
	CLEARLANES
	MOVD    R7, R9
	CMP     $const_GELU, R10
	BEQ     by4
	EOR16B(IDENTITY, IDENTITY, IDENTITY)
	CBNZ    R10, begin
	MVN16B(IDENTITY, IDENTITY)

begin:
	SUBS $16, R9, R9
	BLT  rest

by16:  // all but GELU
	VLD1.P 64(R3), [V17.S4, V18.S4, V19.S4, V20.S4]
	VLD1.P 64(R2), [V21.S4, V22.S4, V23.S4, V24.S4]
	REDUCE(X0, DY0, S0, Q0)
	REDUCE(X1, DY1, S1, Q1)
	REDUCE(X2, DY2, S2, Q2)
	REDUCE(X3, DY3, S3, Q3)
	SUBS   $16, R9, R9
	BGE    by16

rest:
	ADD $16, R9, R9

by4:
	SUBS $4, R9, R9
	BLT  tail

loop4:
	VLD1.P 16(R3), [V16.S4]
	PREACTIVATION(X)
	CMP    $const_GELU, R10
	BEQ    gelu
	VLD1.P 16(R2), [V1.S4]
	CBZ    R10, sum
	WITHIN
	AND16B(Z, DY, DY)

sum:
	VDUP  V6.S[2], V0.S4
	FSUB4S(Z, X, X)
	FADD4S(DY, S0, S0)
	FMLA4S(DY, X, Q0)
	TURN
	SUBS  $4, R9, R9
	BGE   loop4

tail:
	ADDS $4, R9, R9
	BEQ  fold
	FIRSTLANE(R11)

one:
	FMOVS.P 4(R3), F16
	PREACTIVATION(X)
	CMP     $const_GELU, R10
	BEQ     geluOne
	FMOVS.P 4(R2), F1
	CBZ     R10, sumOne
	WITHIN
	AND16B(Z, DY, DY)

sumOne:
	VDUP  V6.S[2], V0.S4
	FSUB4S(Z, X, X)
	TOLANE(V1)
	TOLANE(V16)
	FADD4S(DY, S0, S0)
	FMLA4S(DY, X, Q0)
	NEXTLANE
	SUBS  $1, R9, R9
	BNE   one

fold:
	FOLD
	FMOVS.P F7, 4(R0)
	FMOVS.P F11, 4(R1)
	B       plane

gelu:
	GELUSLOPE(Z, DY, T2, T3, T4)
	VLD1.P 16(R2), [V1.S4]
	FMUL4S(Z, DY, DY)
	B      sum

geluOne:
	GELUSLOPE(Z, DY, T2, T3, T4)
	FMOVS.P 4(R2), F1
	FMUL4S(Z, DY, DY)
	B       sumOne

done:
	RET

#define ABK 7
#define OLD 2

// COMBINE computes a*g + (b*x + k) in V0 from g in V1 and x in V16; a, b and k
// are the lanes of V7.
#define COMBINE \
	VDUP V7.S[2], V0.S4     \
	FMLALANE(ABK, 1, X, Z)  \
	FMLALANE(ABK, 0, DY, Z)

// func batchNormBackwardInputNEON(t *BatchNormGradient)
//
//	R0  dx    R1  dy     R2  x    R3  scale    R4  shift    R5  a    R6  b    R7  k
//	R8  planes left      R9  elements left (biased)         R10 act
//	R11 accumulate       R12 n    V0  z, then dx            V1..V4  scratch
//	V1  dy, then g       V6  scale, shift      V7  a, b, k  V16 x
//	V5  scratch          V29 upper bound
TEXT ·batchNormBackwardInputNEON(SB), NOSPLIT, $0-8
	MOVD  t+0(FP), R13
	MOVD  BatchNormGradient_DX(R13), R0
	MOVD  BatchNormGradient_DY(R13), R1
	MOVD  BatchNormGradient_X(R13), R2
	MOVD  BatchNormGradient_Scale(R13), R3
	MOVD  BatchNormGradient_Scale+8(R13), R8
	MOVD  BatchNormGradient_Shift(R13), R4
	MOVD  BatchNormGradient_A(R13), R5
	MOVD  BatchNormGradient_B(R13), R6
	MOVD  BatchNormGradient_K(R13), R7
	MOVD  BatchNormGradient_N(R13), R12
	MOVBU BatchNormGradient_Accumulate(R13), R11
	SLOPECONSTANTS
	MOVD  BatchNormGradient_Act(R13), R10
	UPPER(R10, R9, 0x7fc00000, bounded)

plane:
	SUBS    $1, R8, R8
	BLT     done
	FMOVS.P 4(R3), F6
	VLD1.P  4(R4), V6.S[1]
	FMOVS.P 4(R5), F7
	VLD1.P  4(R6), V7.S[1]
	VLD1.P  4(R7), V7.S[2]
	SUBS    $4, R12, R9
	BLT     tail

loop:
	VLD1.P 16(R2), [V16.S4]
	PREACTIVATION(X)
	CMP    $const_GELU, R10
	BEQ    gelu
	VLD1.P 16(R1), [V1.S4]
	CBZ    R10, combine
	WITHIN
	AND16B(Z, DY, DY)

combine:
	COMBINE
	CBZ  R11, store
	VLD1 (R0), [V2.S4]
	FADD4S(OLD, Z, Z)

store:
	VST1.P [V0.S4], 16(R0)
	SUBS   $4, R9, R9
	BGE    loop

tail:
	ADDS $4, R9, R9
	BEQ  plane

one:  // the last one to three elements, in lane 0
	FMOVS.P 4(R2), F16
	PREACTIVATION(X)
	CMP     $const_GELU, R10
	BEQ     geluOne
	FMOVS.P 4(R1), F1
	CBZ     R10, combineOne
	WITHIN
	AND16B(Z, DY, DY)

combineOne:
	COMBINE
	CBZ   R11, storeOne
	FMOVS (R0), F2
	FADD4S(OLD, Z, Z)

storeOne:
	FMOVS.P F0, 4(R0)
	SUBS    $1, R9, R9
	BNE     one
	B       plane

gelu:
	GELUSLOPE(Z, DY, T2, T3, T4)
	VLD1.P 16(R1), [V1.S4]
	FMUL4S(Z, DY, DY)
	B      combine

geluOne:
	GELUSLOPE(Z, DY, T2, T3, T4)
	FMOVS.P 4(R1), F1
	FMUL4S(Z, DY, DY)
	B       combineOne

done:
	RET
