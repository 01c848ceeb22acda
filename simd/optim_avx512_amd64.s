//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "vec_avx512_amd64.h"
#include "vec_amd64.h"
#include "optim_amd64.h"

// func adamAVX512(p, g, m, v []float32, s *AdamStep)
//
// 	DI  p     SI  g     R8  m     R9  v     CX  elements     DX  s
// 	Z8  Beta1    Z9  Gain1    Z10  Beta2    Z11  Gain2
// 	Z12 StepSize Z13 Correction    Z14  Epsilon    Z15  WeightDecay
TEXT ·adamAVX512(SB), NOSPLIT, $0-104
	MOVQ p_base+0(FP), DI
	MOVQ p_len+8(FP), CX
	MOVQ g_base+24(FP), SI
	MOVQ m_base+48(FP), R8
	MOVQ v_base+72(FP), R9
	MOVQ s+96(FP), DX
	ADAMCONSTANTS(DX)
	VECTORS(ADAM, DX)
	VZEROUPPER
	RET

#define NESTEROV(a, b, d) VBLENDMPS a, b, K2, d

// func sgdAVX512(p, g, buf []float32, s *SGDStep)
//
// 	DI  p     SI  g     R8  buf     CX  elements     DX  s
// 	Z8  LR    Z9  Momentum    Z10  WeightDecay   K2  Nesterov
TEXT ·sgdAVX512(SB), NOSPLIT, $0-80
	MOVQ p_base+0(FP), DI
	MOVQ p_len+8(FP), CX
	MOVQ g_base+24(FP), SI
	MOVQ buf_base+48(FP), R8
	MOVQ s+72(FP), DX
	SGDCONSTANTS(DX)
	KMOVW DX, K2
	VECTORS(SGD, DX)
	VZEROUPPER
	RET
