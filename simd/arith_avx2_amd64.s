//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"
#include "vec_avx2_amd64.h"
#include "vec_amd64.h"
#include "arith_amd64.h"

#define MASK Y3

// func addAVX2(y, x []float32)
//
// 	DI  y      SI  x      CX  elements
TEXT ·addAVX2(SB), NOSPLIT, $0-48
	MOVQ y_base+0(FP), DI
	MOVQ y_len+8(FP), CX
	MOVQ x_base+24(FP), SI
	VECTORS(ADD, DX)
	VZEROUPPER
	RET

// func axpyAVX2(alpha float32, x, y []float32)
//
// 	DI  y      SI  x      CX  elements    Y0  alpha
TEXT ·axpyAVX2(SB), NOSPLIT, $0-56
	VBROADCASTSS alpha+0(FP), Y0
	MOVQ         x_base+8(FP), SI
	MOVQ         y_base+32(FP), DI
	MOVQ         y_len+40(FP), CX
	VECTORS(AXPY, DX)
	VZEROUPPER
	RET

// func scaleAVX2(alpha float32, x []float32)
//
// 	DI  x      CX  elements    Y0  alpha
TEXT ·scaleAVX2(SB), NOSPLIT, $0-32
	VBROADCASTSS alpha+0(FP), Y0
	MOVQ         x_base+8(FP), DI
	MOVQ         x_len+16(FP), CX
	VECTORS(SCALE, DX)
	VZEROUPPER
	RET

// func clampAVX2(x []float32, lo, hi float32)
//
// 	DI  x      CX  elements    Y0  lo    Y2  hi
TEXT ·clampAVX2(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), DI
	MOVQ         x_len+8(FP), CX
	VBROADCASTSS lo+24(FP), Y0
	VBROADCASTSS hi+28(FP), Y2
	VECTORS(CLAMP, DX)
	VZEROUPPER
	RET
