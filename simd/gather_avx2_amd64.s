//go:build !purego

#include "textflag.h"

// func gatherAVX2(dst, src *float32, offsets *int32, count, dstRow, n int)
//
// See gatherGeneric. Runs go in strips of 16. What is left of a run is copied as
// two vectors that may overlap, of the widest kind that fits: masked stores are
// slow on some CPUs.
//
//	DI   dst of the strip    SI   src of the strip    R8   cursor in dst
//	R9   dstRow, bytes       R10  end of offsets      BX   -count
//	R11  n left              CX   runs left, < 0      AX   scratch
//	DX   where the second vector begins, in elements
TEXT ·gatherAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ offsets+16(FP), R10
	MOVQ count+24(FP), BX
	LEAQ (R10)(BX*4), R10
	NEGQ BX
	MOVQ dstRow+32(FP), R9
	SHLQ $2, R9
	MOVQ n+40(FP), R11

strip:
	MOVQ DI, R8
	MOVQ BX, CX
	MOVQ $8, DX
	CMPQ R11, $16
	JGE  runs16
	MOVQ R11, DX
	SUBQ $8, DX
	JGE  runs16
	ADDQ $4, DX
	JGE  runs8
	ADDQ $2, DX
	JGE  runs4
	PCALIGN $32

run1: // one element each
	MOVLQSX (R10)(CX*4), AX
	MOVL    (SI)(AX*4), AX
	MOVL    AX, (R8)
	ADDQ    R9, R8
	INCQ    CX
	JNE     run1
	VZEROUPPER
	RET

	PCALIGN $32

runs4: // two or three
	MOVLQSX (R10)(CX*4), AX
	LEAQ    (SI)(AX*4), AX
	VMOVSD  (AX), X0
	VMOVSD  (AX)(DX*4), X1
	VMOVSD  X0, (R8)
	VMOVSD  X1, (R8)(DX*4)
	ADDQ    R9, R8
	INCQ    CX
	JNE     runs4
	VZEROUPPER
	RET

	PCALIGN $32

runs8: // four to seven
	MOVLQSX (R10)(CX*4), AX
	LEAQ    (SI)(AX*4), AX
	VMOVUPS (AX), X0
	VMOVUPS (AX)(DX*4), X1
	VMOVUPS X0, (R8)
	VMOVUPS X1, (R8)(DX*4)
	ADDQ    R9, R8
	INCQ    CX
	JNE     runs8
	VZEROUPPER
	RET

	PCALIGN $32

runs16: // eight to sixteen
	MOVLQSX (R10)(CX*4), AX
	LEAQ    (SI)(AX*4), AX
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(DX*4), Y1
	VMOVUPS Y0, (R8)
	VMOVUPS Y1, (R8)(DX*4)
	ADDQ    R9, R8
	INCQ    CX
	JNE     runs16
	ADDQ    $64, DI
	ADDQ    $64, SI
	SUBQ    $16, R11
	JGT     strip
	VZEROUPPER
	RET
