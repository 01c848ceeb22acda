//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"

// func addAVX2(y, x []float32)
//
//	DI  y      SI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left
//	Y1  y    Y3  tail mask    Y4  x
TEXT ·addAVX2(SB), NOSPLIT, $0-48
	MOVQ    y_base+0(FP), DI
	MOVQ    y_len+8(FP), CX
	MOVQ    x_base+24(FP), SI
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (DI)(AX*4), Y1
	VADDPS  (SI)(AX*4), Y1, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y3)
	VMASKMOVPS (DI)(AX*4), Y3, Y1
	VMASKMOVPS (SI)(AX*4), Y3, Y4
	VADDPS     Y4, Y1, Y1
	VMASKMOVPS Y1, Y3, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func axpyAVX2(alpha float32, x, y []float32)
//
//	DI  y      SI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left
//	Y0  alpha    Y1  y    Y3  tail mask    Y4  x
TEXT ·axpyAVX2(SB), NOSPLIT, $0-56
	VBROADCASTSS alpha+0(FP), Y0
	MOVQ         x_base+8(FP), SI
	MOVQ         y_base+32(FP), DI
	MOVQ         y_len+40(FP), CX
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS     (DI)(AX*4), Y1
	VFMADD231PS (SI)(AX*4), Y0, Y1
	VMOVUPS     Y1, (DI)(AX*4)
	ADDQ        $8, AX
	CMPQ        AX, BX
	JLT         loop

tail:
	SUBQ        BX, CX
	JEQ         done
	TAILMASK(CX, DX, Y3)
	VMASKMOVPS  (DI)(AX*4), Y3, Y1
	VMASKMOVPS  (SI)(AX*4), Y3, Y4
	VFMADD231PS Y4, Y0, Y1
	VMASKMOVPS  Y1, Y3, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func scaleAVX2(alpha float32, x []float32)
//
//	DI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left
//	Y0  alpha    Y1  x    Y3  tail mask
TEXT ·scaleAVX2(SB), NOSPLIT, $0-32
	VBROADCASTSS alpha+0(FP), Y0
	MOVQ         x_base+8(FP), DI
	MOVQ         x_len+16(FP), CX
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMULPS  (DI)(AX*4), Y0, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y3)
	VMASKMOVPS (DI)(AX*4), Y3, Y1
	VMULPS     Y1, Y0, Y1
	VMASKMOVPS Y1, Y3, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func clampAVX2(x []float32, lo, hi float32)
//
//	DI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left
//	Y0  lo    Y1  x, the operand that VMAXPS and VMINPS return for NaN and equal zeros
//	Y2  hi    Y3  tail mask
TEXT ·clampAVX2(SB), NOSPLIT, $0-32
	MOVQ         x_base+0(FP), DI
	MOVQ         x_len+8(FP), CX
	VBROADCASTSS lo+24(FP), Y0
	VBROADCASTSS hi+28(FP), Y2
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMAXPS  (DI)(AX*4), Y0, Y1
	VMINPS  Y1, Y2, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y3)
	VMASKMOVPS (DI)(AX*4), Y3, Y1
	VMAXPS     Y1, Y0, Y1
	VMINPS     Y1, Y2, Y1
	VMASKMOVPS Y1, Y3, (DI)(AX*4)

done:
	VZEROUPPER
	RET
