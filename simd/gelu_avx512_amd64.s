//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"
#include "exp_amd64.h"
#include "vec_avx512_amd64.h"
#include "vec_amd64.h"
#include "gelu_amd64.h"

// func geluAVX512(y, x []float32)
//
// 	DI  y      SI  x      CX  elements    Z17..Z28  constants
TEXT ·geluAVX512(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ x_len+32(FP), CX
	GELUCONSTANTS
	VECTORS(GELUVECTOR, DX)
	VZEROUPPER
	RET

// func geluBackwardAVX512(dx, dy, x []float32)
//
// 	DI  dx     SI  dy     DX  x        CX  elements    Z17..Z28  constants
TEXT ·geluBackwardAVX512(SB), NOSPLIT, $0-72
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ x_base+48(FP), DX
	MOVQ x_len+56(FP), CX
	SLOPECONSTANTS
	VECTORS(SLOPEVECTOR, BX)
	VZEROUPPER
	RET
