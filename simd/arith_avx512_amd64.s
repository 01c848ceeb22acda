//go:build !purego

#include "textflag.h"
#include "vec_avx512_amd64.h"
#include "vec_amd64.h"
#include "arith_amd64.h"

// func addAVX512(y, x []float32)
//
// 	DI  y      SI  x      CX  elements
TEXT ·addAVX512(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI
	MOVQ y_len+8(FP), CX
	MOVQ x_base+24(FP), SI
	VECTORS(ADD, DX)
	VZEROUPPER
	RET

// func axpyAVX512(alpha float32, x, y []float32)
//
// 	DI  y      SI  x      CX  elements    Z0  alpha
TEXT ·axpyAVX512(SB), NOSPLIT, $0-56
	VBROADCASTSS alpha+0(FP), Z0
	MOVQ         x_base+8(FP), SI
	MOVQ         y_base+32(FP), DI
	MOVQ         y_len+40(FP), CX
	VECTORS(AXPY, DX)
	VZEROUPPER
	RET

// func scaleAVX512(alpha float32, x []float32)
//
// 	DI  x      CX  elements    Z0  alpha
TEXT ·scaleAVX512(SB), NOSPLIT, $0-32
	VBROADCASTSS alpha+0(FP), Z0
	MOVQ         x_base+8(FP), DI
	MOVQ         x_len+16(FP), CX
	VECTORS(SCALE, DX)
	VZEROUPPER
	RET

// func clampAVX512(x []float32, lo, hi float32)
//
// 	DI  x      CX  elements    Z0  lo    Z2  hi
TEXT ·clampAVX512(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), DI
	MOVQ         x_len+8(FP), CX
	VBROADCASTSS lo+24(FP), Z0
	VBROADCASTSS hi+28(FP), Z2
	VECTORS(CLAMP, DX)
	VZEROUPPER
	RET
