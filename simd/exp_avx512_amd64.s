//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"

// func expAVX512(dst, src []float32)
//
//	DI  dst    SI  src    AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  x      Z1  e^x    Z2, Z3  scratch    Z17..Z31  constants
TEXT ·expAVX512(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    src_base+24(FP), SI
	MOVQ    src_len+32(FP), CX
	EXPCONSTANTS
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Z0
	EXP(Z0, Z1, Z2, Z3)
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
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	EXP(Z0, Z1, Z2, Z3)
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func sigmoidAVX512(dst, src []float32)
//
//	DI  dst    SI  src    AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask    K2  signs
//	Z0  x      Z1  sigmoid(x)    Z2, Z3  scratch    Z17..Z31  constants
TEXT ·sigmoidAVX512(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    src_base+24(FP), SI
	MOVQ    src_len+32(FP), CX
	EXPCONSTANTS
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Z0
	SIGMOID(Z0, Z1, Z2, Z3)
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
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	SIGMOID(Z0, Z1, Z2, Z3)
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// func logAVX512(dst, src []float32)
//
//	DI  dst    SI  src    AX  index    BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask    K2  scratch
//	Z0  x      Z1  ln x   Z2..Z4  scratch
TEXT ·logAVX512(SB), NOSPLIT, $0-48
	MOVQ    dst_base+0(FP), DI
	MOVQ    src_base+24(FP), SI
	MOVQ    src_len+32(FP), CX
	XORL    AX, AX
	MOVQ    CX, BX
	ANDQ    $~15, BX
	JEQ     tail
	PCALIGN $32

loop:
	VMOVUPS (SI)(AX*4), Z0
	LOG(Z0, Z1, Z2, Z3, Z4)
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
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	LOG(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS   Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET
