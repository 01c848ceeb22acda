//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "tail_avx2_amd64.h"
#include "vec_avx2_amd64.h"
#include "vec_amd64.h"
#include "optim_amd64.h"

#define MASK Y6

// func adamAVX2(p, g, m, v []float32, s *AdamStep)
//
// 	DI  p     SI  g     R8  m     R9  v     CX  elements     DX  s
// 	Y8  Beta1    Y9  Gain1    Y10  Beta2    Y11  Gain2
// 	Y12 StepSize Y13 Correction    Y14  Epsilon    Y15  WeightDecay
TEXT ·adamAVX2(SB), NOSPLIT, $0-104
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

#define NESTEROV(a, b, d) VBLENDVPS Y11, a, b, d

// func sgdAVX2(p, g, buf []float32, s *SGDStep)
//
// 	DI  p     SI  g     R8  buf     CX  elements     DX  s
// 	Y8  LR    Y9  Momentum    Y10  WeightDecay   Y11  Nesterov
TEXT ·sgdAVX2(SB), NOSPLIT, $0-80
	MOVQ p_base+0(FP), DI
	MOVQ p_len+8(FP), CX
	MOVQ g_base+24(FP), SI
	MOVQ buf_base+48(FP), R8
	MOVQ s+72(FP), DX
	SGDCONSTANTS(DX)
	VMOVD        DX, X11
	VPBROADCASTD X11, Y11
	VECTORS(SGD, DX)
	VZEROUPPER
	RET
