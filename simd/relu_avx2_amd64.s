//go:build !purego

#include "textflag.h"
#include "bounds_amd64.h"
#include "tail_avx2_amd64.h"
#include "vec_avx2_amd64.h"
#include "vec_amd64.h"
#include "relu_amd64.h"

#define MASK Y2

// func reluAVX2(y, x []float32)
//
// 	DI  y     SI  x      CX  elements    Y0  zeros
TEXT ·reluAVX2(SB), NOSPLIT, $0-48
	MOVQ   y_base+0(FP), DI
	MOVQ   x_base+24(FP), SI
	MOVQ   x_len+32(FP), CX
	VXORPS X0, X0, X0
	VECTORS(RELU, DX)
	VZEROUPPER
	RET

// PASS is dx = y > 0 ? dy : 0 for a whole vector, PASSTAIL for the tail: Y1 the
// lanes that pass, then dx, Y3 dy.
#define PASS \
	VCMPPS $0x11, (DX)(AX*4), Y0, Y1 \ // 0 < y
	VANDPS (SI)(AX*4), Y1, Y1 \
	VMOVUPS Y1, (DI)(AX*4)

#define PASSTAIL \
	VMASKMOVPS (DX)(AX*4), MASK, Y1 \
	VMASKMOVPS (SI)(AX*4), MASK, Y3 \
	VCMPPS     $0x11, Y1, Y0, Y1 \ // 0 < y
	VANDPS Y3, Y1, Y1 \
	VMASKMOVPS Y1, MASK, (DI)(AX*4)

// func reluBackwardAVX2(dx, dy, y []float32)
//
// 	DI  dx    SI  dy     DX  y     CX  elements    Y0  zeros
TEXT ·reluBackwardAVX2(SB), NOSPLIT, $0-72
	MOVQ   dx_base+0(FP), DI
	MOVQ   dy_base+24(FP), SI
	MOVQ   dy_len+32(FP), CX
	MOVQ   y_base+48(FP), DX
	VXORPS X0, X0, X0
	ALLVECTORS(PASS, PASSTAIL, BX)
	VZEROUPPER
	RET

// func relu6BackwardAVX2(dx, dy, y []float32)
//
//	DI  dx    SI  dy     DX  y     AX  index     BX  end of whole vectors
//	CX  elements, then those left
//	Y0  0     Y1  y, lanes that pass, then dx  Y2  tail mask     Y3  dy, scratch
//	Y4  6
TEXT ·relu6BackwardAVX2(SB), NOSPLIT, $0-72
	MOVQ    dx_base+0(FP), DI
	MOVQ    dy_base+24(FP), SI
	MOVQ    dy_len+32(FP), CX
	MOVQ    y_base+48(FP), DX
	VXORPS  X0, X0, X0
	VMOVUPS upper<>+64(SB), Y4
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (DX)(AX*4), Y1
	VCMPPS  $0x1e, Y1, Y4, Y3 // 6 > y
	VCMPPS  $0x11, Y1, Y0, Y1 // 0 < y
	VANDPS  Y3, Y1, Y1
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
	VCMPPS     $0x1e, Y1, Y4, Y3
	VCMPPS     $0x11, Y1, Y0, Y1
	VANDPS     Y3, Y1, Y1
	VMASKMOVPS (SI)(AX*4), Y2, Y3
	VANDPS     Y3, Y1, Y1
	VMASKMOVPS Y1, Y2, (DI)(AX*4)

done:
	VZEROUPPER
	RET
