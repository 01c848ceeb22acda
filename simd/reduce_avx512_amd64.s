//go:build !purego

#include "textflag.h"

// func sumAVX512(x []float32) float32
//
//	SI  x    AX  index    BX  end of whole blocks of 16
//	CX  elements, then those left    K1  tail mask
//	Z0  16 lanes of sums    Z1  scratch
TEXT ·sumAVX512(SB), NOSPLIT, $0-28
	MOVQ    x_base+0(FP), SI
	MOVQ    x_len+8(FP), CX
	VXORPS  X0, X0, X0
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VADDPS (SI)(AX*4), Z0, Z0
	ADDQ   $16, AX
	CMPQ   AX, BX
	JLT    loop

tail:
	SUBQ      BX, CX
	JEQ       fold
	MOVL      $-1, DX
	BZHIL     CX, DX, DX
	KMOVW     DX, K1
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	VADDPS    Z1, Z0, Z0

fold:
	VEXTRACTF32X8 $1, Z0, Y1
	VADDPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $0x0e, X0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $1, X0, X1
	VADDSS        X1, X0, X0
	VMOVSS        X0, ret+24(FP)
	VZEROUPPER
	RET

// func sqDistAVX512(x, y []float32) float32
//
//	SI  x    DI  y    AX  index    BX  end of whole blocks of 16
//	CX  elements, then those left    K1  tail mask
//	Z0  16 lanes of sums    Z1, Z2  scratch
TEXT ·sqDistAVX512(SB), NOSPLIT, $0-52
	MOVQ    x_base+0(FP), SI
	MOVQ    x_len+8(FP), CX
	MOVQ    y_base+24(FP), DI
	VXORPS  X0, X0, X0
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS     (SI)(AX*4), Z1
	VSUBPS      (DI)(AX*4), Z1, Z1
	VFMADD231PS Z1, Z1, Z0
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         loop

tail:
	SUBQ        BX, CX
	JEQ         fold
	MOVL        $-1, DX
	BZHIL       CX, DX, DX
	KMOVW       DX, K1
	VMOVUPS.Z   (SI)(AX*4), K1, Z1
	VMOVUPS.Z   (DI)(AX*4), K1, Z2
	VSUBPS      Z2, Z1, Z1
	VFMADD231PS Z1, Z1, Z0

fold:
	VEXTRACTF32X8 $1, Z0, Y1
	VADDPS        Y1, Y0, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $0x0e, X0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $1, X0, X1
	VADDSS        X1, X0, X0
	VMOVSS        X0, ret+48(FP)
	VZEROUPPER
	RET
