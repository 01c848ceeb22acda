//go:build !purego

#include "textflag.h"

// func addAVX512(y, x []float32)
//
//	DI  y      SI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z1  y
TEXT ·addAVX512(SB), NOSPLIT, $0-48
	MOVQ    y_base+0(FP), DI
	MOVQ    y_len+8(FP), CX
	MOVQ    x_base+24(FP), SI
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (DI)(AX*4), Z1
	VADDPS  (SI)(AX*4), Z1, Z1
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
	VMOVUPS.Z (DI)(AX*4), K1, Z1
	VADDPS    (SI)(AX*4), Z1, K1, Z1
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func axpyAVX512(alpha float32, x, y []float32)
//
//	DI  y      SI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  alpha    Z1  y
TEXT ·axpyAVX512(SB), NOSPLIT, $0-56
	VBROADCASTSS alpha+0(FP), Z0
	MOVQ         x_base+8(FP), SI
	MOVQ         y_base+32(FP), DI
	MOVQ         y_len+40(FP), CX
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS     (DI)(AX*4), Z1
	VFMADD231PS (SI)(AX*4), Z0, Z1
	VMOVUPS     Z1, (DI)(AX*4)
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         loop

tail:
	SUBQ        BX, CX
	JEQ         done
	MOVL        $-1, DX
	BZHIL       CX, DX, DX
	KMOVW       DX, K1
	VMOVUPS.Z   (DI)(AX*4), K1, Z1
	VFMADD231PS (SI)(AX*4), Z0, K1, Z1
	VMOVUPS     Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func scaleAVX512(alpha float32, x []float32)
//
//	DI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  alpha    Z1  x
TEXT ·scaleAVX512(SB), NOSPLIT, $0-32
	VBROADCASTSS alpha+0(FP), Z0
	MOVQ         x_base+8(FP), DI
	MOVQ         x_len+16(FP), CX
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMULPS  (DI)(AX*4), Z0, Z1
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
	VMOVUPS.Z (DI)(AX*4), K1, Z1
	VMULPS    Z1, Z0, Z1
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func clampAVX512(x []float32, lo, hi float32)
//
//	DI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  lo    Z1  x, the operand that VMAXPS and VMINPS return for NaN and equal zeros
//	Z2  hi
TEXT ·clampAVX512(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), DI
	MOVQ         x_len+8(FP), CX
	VBROADCASTSS lo+24(FP), Z0
	VBROADCASTSS hi+28(FP), Z2
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMAXPS  (DI)(AX*4), Z0, Z1
	VMINPS  Z1, Z2, Z1
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
	VMOVUPS.Z (DI)(AX*4), K1, Z1
	VMAXPS    Z1, Z0, Z1
	VMINPS    Z1, Z2, Z1
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET
