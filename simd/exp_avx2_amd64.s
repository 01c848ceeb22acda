//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "tail_avx2_amd64.h"

// func expAVX2(dst, src []float32)
//
//	DI  dst    SI  src    AX  index    BX  end of whole vectors
//	CX  elements, then those left      Y15  tail mask
//	Y0  x      Y1  e^x    Y2, Y3  scratch
TEXT ·expAVX2(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    src_base+24(FP), SI
	MOVQ    src_len+32(FP), CX
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Y0
	EXP(Y0, Y1, Y2, Y3)
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y15)
	VMASKMOVPS (SI)(AX*4), Y15, Y0
	EXP(Y0, Y1, Y2, Y3)
	VMASKMOVPS Y1, Y15, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func sigmoidAVX2(dst, src []float32)
//
//	DI  dst    SI  src    AX  index    BX  end of whole vectors
//	CX  elements, then those left      Y15  tail mask
//	Y0  x      Y1  sigmoid(x)    Y2..Y4  scratch
TEXT ·sigmoidAVX2(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    src_base+24(FP), SI
	MOVQ    src_len+32(FP), CX
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Y0
	SIGMOID(Y0, Y1, Y2, Y3, Y4)
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y15)
	VMASKMOVPS (SI)(AX*4), Y15, Y0
	SIGMOID(Y0, Y1, Y2, Y3, Y4)
	VMASKMOVPS Y1, Y15, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func logAVX2(dst, src []float32)
//
//	DI  dst    SI  src    AX  index    BX  end of whole vectors
//	CX  elements, then those left      Y15  tail mask
//	Y0  x      Y1  ln x   Y2..Y4  scratch
TEXT ·logAVX2(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    src_base+24(FP), SI
	MOVQ    src_len+32(FP), CX
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~7, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Y0
	LOG(Y0, Y1, Y2, Y3, Y4)
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y15)
	VMASKMOVPS (SI)(AX*4), Y15, Y0
	LOG(Y0, Y1, Y2, Y3, Y4)
	VMASKMOVPS Y1, Y15, (DI)(AX*4)

done:
	VZEROUPPER
	RET
