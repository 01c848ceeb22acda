//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"

// func geluAVX512(y, x []float32)
//
//	DI  y      SI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  x, then y     Z1..Z3  scratch     Z17..Z28  constants
TEXT ·geluAVX512(SB), NOSPLIT, $0-48
	MOVQ    y_base+0(FP), DI
	MOVQ    x_base+24(FP), SI
	MOVQ    x_len+32(FP), CX
	GELUCONSTANTS
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Z0
	GELU(Z0, Z1, Z2, Z3)
	VMOVUPS Z0, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, DX
	BZHIL     CX, DX, DX
	KMOVW     DX, K1
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	GELU(Z0, Z1, Z2, Z3)
	VMOVUPS   Z0, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func geluBackwardAVX512(dx, dy, x []float32)
//
//	DI  dx     SI  dy     DX  x        AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  x, then dx    Z1..Z3  scratch     Z17..Z28  constants
TEXT ·geluBackwardAVX512(SB), NOSPLIT, $0-72
	MOVQ    dx_base+0(FP), DI
	MOVQ    dy_base+24(FP), SI
	MOVQ    x_base+48(FP), DX
	MOVQ    x_len+56(FP), CX
	SLOPECONSTANTS
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (DX)(AX*4), Z0
	GELUSLOPE(Z0, Z1, Z2, Z3)
	VMULPS  (SI)(AX*4), Z0, Z0
	VMOVUPS Z0, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, BX
	BZHIL     CX, BX, BX
	KMOVW     BX, K1
	VMOVUPS.Z (DX)(AX*4), K1, Z0
	GELUSLOPE(Z0, Z1, Z2, Z3)
	VMULPS    (SI)(AX*4), Z0, K1, Z0
	VMOVUPS   Z0, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET
