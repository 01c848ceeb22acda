//go:build !purego

#include "textflag.h"
#include "vec_avx512_amd64.h"
#include "vec_amd64.h"
#include "relu_amd64.h"

// func reluAVX512(y, x []float32)
//
// 	DI  y     SI  x      CX  elements    Z0  zeros
TEXT ·reluAVX512(SB), NOSPLIT, $0-48
	MOVQ   y_base+0(FP), DI
	MOVQ   x_base+24(FP), SI
	MOVQ   x_len+32(FP), CX
	VXORPS X0, X0, X0
	VECTORS(RELU, DX)
	VZEROUPPER
	RET

// PASS is dx = y > 0 ? dy : 0 for a whole vector, PASSTAIL for the tail: K2 the
// lanes that pass, Z1 dx.
#define PASS \
	VCMPPS $0x11, (DX)(AX*4), Z0, K2 \ // 0 < y
	VMOVUPS.Z (SI)(AX*4), K2, Z1 \
	VMOVUPS Z1, (DI)(AX*4)

#define PASSTAIL \
	VCMPPS $0x11, (DX)(AX*4), Z0, K1, K2 \ // 0 < y
	VMOVUPS.Z (SI)(AX*4), K2, Z1 \
	VMOVUPS Z1, K1, (DI)(AX*4)

// func reluBackwardAVX512(dx, dy, y []float32)
//
// 	DI  dx    SI  dy     DX  y     CX  elements    Z0  zeros
TEXT ·reluBackwardAVX512(SB), NOSPLIT, $0-72
	MOVQ   dx_base+0(FP), DI
	MOVQ   dy_base+24(FP), SI
	MOVQ   dy_len+32(FP), CX
	MOVQ   y_base+48(FP), DX
	VXORPS X0, X0, X0
	ALLVECTORS(PASS, PASSTAIL, BX)
	VZEROUPPER
	RET
