//go:build !purego

#include "textflag.h"

// func reluAVX512(y, x []float32)
//
//	DI  y     SI  x      AX  index     BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  0     Z1  data, the operand that VMAXPS returns for NaN and equal zeros
TEXT ·reluAVX512(SB), NOSPLIT, $0-48
	MOVQ    y_base+0(FP), DI
	MOVQ    x_base+24(FP), SI
	MOVQ    x_len+32(FP), CX
	VXORPS  X0, X0, X0
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMAXPS  (SI)(AX*4), Z0, Z1
	VMOVUPS Z1, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, DX
	BZHIL     CX, DX, DX
	KMOVW     DX, K1
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	VMAXPS    Z1, Z0, Z1
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func reluBackwardAVX512(dx, dy, y []float32)
//
//	DI  dx    SI  dy     DX  y     AX  index     BX  end of whole vectors
//	CX  elements, then those left      K1  lanes that pass
//	Z0  0     Z1  dy
TEXT ·reluBackwardAVX512(SB), NOSPLIT, $0-72
	MOVQ    dx_base+0(FP), DI
	MOVQ    dy_base+24(FP), SI
	MOVQ    dy_len+32(FP), CX
	MOVQ    y_base+48(FP), DX
	VXORPS  X0, X0, X0
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VCMPPS    $0x11, (DX)(AX*4), Z0, K1 // 0 < y
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	VMOVUPS   Z1, (DI)(AX*4)
	ADDQ      $16, AX
	CMPQ      AX, BX
	JLT       loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, BX
	BZHIL     CX, BX, BX
	KMOVW     BX, K2
	VCMPPS    $0x11, (DX)(AX*4), Z0, K2, K1
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	VMOVUPS   Z1, K2, (DI)(AX*4)

done:
	VZEROUPPER
	RET
