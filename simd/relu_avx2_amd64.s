//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"

// func reluAVX2(y, x []float32)
//
//	DI  y     SI  x      AX  index     BX  end of whole vectors
//	CX  elements, then those left
//	Y0  0     Y1  data, the operand that VMAXPS returns for NaN and equal zeros
//	Y2  tail mask
TEXT ·reluAVX2(SB), NOSPLIT, $0-48
	MOVQ    y_base+0(FP), DI
	MOVQ    x_base+24(FP), SI
	MOVQ    x_len+32(FP), CX
	VXORPS  X0, X0, X0
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMAXPS  (SI)(AX*4), Y0, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y2)
	VMASKMOVPS (SI)(AX*4), Y2, Y1
	VMAXPS     Y1, Y0, Y1
	VMASKMOVPS Y1, Y2, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func reluBackwardAVX2(dx, dy, y []float32)
//
//	DI  dx    SI  dy     DX  y     AX  index     BX  end of whole vectors
//	CX  elements, then those left
//	Y0  0     Y1  lanes that pass, then dx     Y2  tail mask     Y3  dy
TEXT ·reluBackwardAVX2(SB), NOSPLIT, $0-72
	MOVQ    dx_base+0(FP), DI
	MOVQ    dy_base+24(FP), SI
	MOVQ    dy_len+32(FP), CX
	MOVQ    y_base+48(FP), DX
	VXORPS  X0, X0, X0
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VCMPPS  $0x11, (DX)(AX*4), Y0, Y1 // 0 < y
	VANDPS  (SI)(AX*4), Y1, Y1
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, BX, Y2)
	VMASKMOVPS (DX)(AX*4), Y2, Y1
	VMASKMOVPS (SI)(AX*4), Y2, Y3
	VCMPPS     $0x11, Y1, Y0, Y1
	VANDPS     Y3, Y1, Y1
	VMASKMOVPS Y1, Y2, (DI)(AX*4)

done:
	VZEROUPPER
	RET
