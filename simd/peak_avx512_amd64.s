//go:build !purego

#include "textflag.h"

// func peakAVX512(n int) int
//
//	CX  steps left    Z30 m x16    Z31 a x16    Z0..Z23  chains x = x*m + a

#define CHAINS(x0, x1, x2, x3, x4, x5) \
	VFMADD213PS Z31, Z30, x0 \
	VFMADD213PS Z31, Z30, x1 \
	VFMADD213PS Z31, Z30, x2 \
	VFMADD213PS Z31, Z30, x3 \
	VFMADD213PS Z31, Z30, x4 \
	VFMADD213PS Z31, Z30, x5

#define BEGIN(x0, x1, x2, x3, x4, x5) \
	VMOVAPS Z31, x0 \
	VMOVAPS Z31, x1 \
	VMOVAPS Z31, x2 \
	VMOVAPS Z31, x3 \
	VMOVAPS Z31, x4 \
	VMOVAPS Z31, x5

TEXT ·peakAVX512(SB), NOSPLIT, $0-16
	MOVQ         n+0(FP), CX
	IMUL3Q       $(24*16*2), CX, AX
	MOVQ         AX, ret+8(FP)
	VBROADCASTSS ·peakOperands+0(SB), Z30
	VBROADCASTSS ·peakOperands+4(SB), Z31
	BEGIN(Z0, Z1, Z2, Z3, Z4, Z5)
	BEGIN(Z6, Z7, Z8, Z9, Z10, Z11)
	BEGIN(Z12, Z13, Z14, Z15, Z16, Z17)
	BEGIN(Z18, Z19, Z20, Z21, Z22, Z23)
	PCALIGN      $64

step:
	CHAINS(Z0, Z1, Z2, Z3, Z4, Z5)
	CHAINS(Z6, Z7, Z8, Z9, Z10, Z11)
	CHAINS(Z12, Z13, Z14, Z15, Z16, Z17)
	CHAINS(Z18, Z19, Z20, Z21, Z22, Z23)
	DECQ CX
	JNE  step
	VZEROUPPER
	RET
