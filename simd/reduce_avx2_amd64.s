//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"

// func sumAVX2(x []float32) float32
//
//	SI  x    AX  index    BX  end of whole blocks of 16
//	CX  elements, then those left
//	Y0, Y1  16 lanes of sums    Y2  scratch    Y4  tail mask
TEXT ·sumAVX2(SB), NOSPLIT, $0-28
	MOVQ    x_base+0(FP), SI
	MOVQ    x_len+8(FP), CX
	VXORPS  X0, X0, X0
	VXORPS  X1, X1, X1
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VADDPS (SI)(AX*4), Y0, Y0
	VADDPS 32(SI)(AX*4), Y1, Y1
	ADDQ   $16, AX
	CMPQ   AX, BX
	JLT    loop

tail: // lanes 0 to 7, then 8 to 15
	SUBQ       BX, CX
	JEQ        fold
	CMPQ       CX, $8
	JLT        low
	VADDPS     (SI)(AX*4), Y0, Y0
	ADDQ       $8, AX
	SUBQ       $8, CX
	JEQ        fold
	TAILMASK(CX, DX, Y4)
	VMASKMOVPS (SI)(AX*4), Y4, Y2
	VADDPS     Y2, Y1, Y1
	JMP        fold

low:
	TAILMASK(CX, DX, Y4)
	VMASKMOVPS (SI)(AX*4), Y4, Y2
	VADDPS     Y2, Y0, Y0

fold:
	VADDPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VPERMILPS    $0x0e, X0, X1
	VADDPS       X1, X0, X0
	VPERMILPS    $1, X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, ret+24(FP)
	VZEROUPPER
	RET

// func sqDistAVX2(x, y []float32) float32
//
//	SI  x    DI  y    AX  index    BX  end of whole blocks of 16
//	CX  elements, then those left
//	Y0, Y1  16 lanes of sums    Y2, Y3  scratch    Y4  tail mask
TEXT ·sqDistAVX2(SB), NOSPLIT, $0-52
	MOVQ    x_base+0(FP), SI
	MOVQ    x_len+8(FP), CX
	MOVQ    y_base+24(FP), DI
	VXORPS  X0, X0, X0
	VXORPS  X1, X1, X1
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS     (SI)(AX*4), Y2
	VSUBPS      (DI)(AX*4), Y2, Y2
	VFMADD231PS Y2, Y2, Y0
	VMOVUPS     32(SI)(AX*4), Y2
	VSUBPS      32(DI)(AX*4), Y2, Y2
	VFMADD231PS Y2, Y2, Y1
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         loop

tail: // lanes 0 to 7, then 8 to 15
	SUBQ        BX, CX
	JEQ         fold
	CMPQ        CX, $8
	JLT         low
	VMOVUPS     (SI)(AX*4), Y2
	VSUBPS      (DI)(AX*4), Y2, Y2
	VFMADD231PS Y2, Y2, Y0
	ADDQ        $8, AX
	SUBQ        $8, CX
	JEQ         fold
	TAILMASK(CX, DX, Y4)
	VMASKMOVPS  (SI)(AX*4), Y4, Y2
	VMASKMOVPS  (DI)(AX*4), Y4, Y3
	VSUBPS      Y3, Y2, Y2
	VFMADD231PS Y2, Y2, Y1
	JMP         fold

low:
	TAILMASK(CX, DX, Y4)
	VMASKMOVPS  (SI)(AX*4), Y4, Y2
	VMASKMOVPS  (DI)(AX*4), Y4, Y3
	VSUBPS      Y3, Y2, Y2
	VFMADD231PS Y2, Y2, Y0

fold:
	VADDPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VPERMILPS    $0x0e, X0, X1
	VADDPS       X1, X0, X0
	VPERMILPS    $1, X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, ret+48(FP)
	VZEROUPPER
	RET
