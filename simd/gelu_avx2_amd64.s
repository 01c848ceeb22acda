//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "tail_avx2_amd64.h"

// func geluAVX2(y, x []float32)
//
//	DI  y      SI  x      AX  index    BX  end of whole vectors
//	CX  elements, then those left      Y15  tail mask
//	Y0  x, then y     Y1..Y3  scratch
TEXT ·geluAVX2(SB), NOSPLIT, $0-48
	MOVQ    y_base+0(FP), DI
	MOVQ    x_base+24(FP), SI
	MOVQ    x_len+32(FP), CX
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Y0
	GELU(Y0, Y1, Y2, Y3)
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y15)
	VMASKMOVPS (SI)(AX*4), Y15, Y0
	GELU(Y0, Y1, Y2, Y3)
	VMASKMOVPS Y0, Y15, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func geluBackwardAVX2(dx, dy, x []float32)
//
//	DI  dx     SI  dy     DX  x        AX  index    BX  end of whole vectors
//	CX  elements, then those left      Y15  tail mask
//	Y0  x, then dx    Y1..Y3  scratch
TEXT ·geluBackwardAVX2(SB), NOSPLIT, $0-72
	MOVQ    dx_base+0(FP), DI
	MOVQ    dy_base+24(FP), SI
	MOVQ    x_base+48(FP), DX
	MOVQ    x_len+56(FP), CX
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (DX)(AX*4), Y0
	GELUSLOPE(Y0, Y1, Y2, Y3)
	VMULPS  (SI)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, BX, Y15)
	VMASKMOVPS (DX)(AX*4), Y15, Y0
	GELUSLOPE(Y0, Y1, Y2, Y3)
	VMASKMOVPS (SI)(AX*4), Y15, Y1
	VMULPS     Y1, Y0, Y0
	VMASKMOVPS Y0, Y15, (DI)(AX*4)

done:
	VZEROUPPER
	RET
