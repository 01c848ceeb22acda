//go:build !purego

#include "textflag.h"

// func peakAVX2(n int) int
//
//	CX  steps left    Y14 m x8    Y15 a x8    Y0..Y11  chains x = x*m + a
//
// Sixteen registers leave room for twelve chains; a step takes each twice.

#define CHAINS(x0, x1, x2, x3, x4, x5) \
	VFMADD213PS Y15, Y14, x0 \
	VFMADD213PS Y15, Y14, x1 \
	VFMADD213PS Y15, Y14, x2 \
	VFMADD213PS Y15, Y14, x3 \
	VFMADD213PS Y15, Y14, x4 \
	VFMADD213PS Y15, Y14, x5

#define BEGIN(x0, x1, x2, x3, x4, x5) \
	VMOVAPS Y15, x0 \
	VMOVAPS Y15, x1 \
	VMOVAPS Y15, x2 \
	VMOVAPS Y15, x3 \
	VMOVAPS Y15, x4 \
	VMOVAPS Y15, x5

TEXT ·peakAVX2(SB), NOSPLIT, $0-16
	MOVQ         n+0(FP), CX
	IMUL3Q       $(24*8*2), CX, AX
	MOVQ         AX, ret+8(FP)
	VBROADCASTSS ·peakOperands+0(SB), Y14
	VBROADCASTSS ·peakOperands+4(SB), Y15
	BEGIN(Y0, Y1, Y2, Y3, Y4, Y5)
	BEGIN(Y6, Y7, Y8, Y9, Y10, Y11)
	PCALIGN      $64

step:
	CHAINS(Y0, Y1, Y2, Y3, Y4, Y5)
	CHAINS(Y6, Y7, Y8, Y9, Y10, Y11)
	CHAINS(Y0, Y1, Y2, Y3, Y4, Y5)
	CHAINS(Y6, Y7, Y8, Y9, Y10, Y11)
	DECQ CX
	JNE  step
	VZEROUPPER
	RET
