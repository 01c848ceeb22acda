//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "exp_amd64.h"
#include "tail_avx2_amd64.h"
#include "vec_avx2_amd64.h"
#include "vec_amd64.h"
#include "gelu_amd64.h"

#define MASK Y15

// func geluAVX2(y, x []float32)
//
// 	DI  y      SI  x      CX  elements
TEXT ·geluAVX2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	VECTORS(GELUVECTOR, DX)
	VZEROUPPER
	RET

// func geluBackwardAVX2(dx, dy, x []float32)
//
// 	DI  dx     SI  dy     DX  x        CX  elements
TEXT ·geluBackwardAVX2(SB), NOSPLIT, $0-72
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ x_base+48(FP), DX
	MOVQ x_len+56(FP), CX
	VECTORS(SLOPEVECTOR, BX)
	VZEROUPPER
	RET
