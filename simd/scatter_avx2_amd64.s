//go:build !purego

#include "textflag.h"

// func scatterAVX2(dst, src *float32, offsets *int32, count, srcRow, n int)
//
// See scatterGeneric. The columns left over by vectors of 8 are added four, two
// and one at a time: masked stores are slow on some CPUs. Registers:
//
//	DI  dst     SI  src row     R8  offsets      CX  rows left    R9  srcRow in bytes
//	BX  dst + offset            DX  n            R11, R12  column in bytes, columns left
TEXT ·scatterAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ offsets+16(FP), R8
	MOVQ count+24(FP), CX
	MOVQ srcRow+32(FP), R9
	SHLQ $2, R9
	MOVQ n+40(FP), DX

row:
	MOVLQSX (R8), AX
	LEAQ    (DI)(AX*4), BX
	ADDQ    $4, R8
	MOVQ    DX, R12
	XORQ    R11, R11
	SUBQ    $8, R12
	JLT     four

eight:
	VMOVUPS (BX)(R11*1), Y0
	VADDPS  (SI)(R11*1), Y0, Y0
	VMOVUPS Y0, (BX)(R11*1)
	ADDQ    $32, R11
	SUBQ    $8, R12
	JGE     eight

four: // R12 = columns left - 8, whose low bits are those of the columns left
	TESTQ   $4, R12
	JEQ     twos
	VMOVUPS (BX)(R11*1), X0
	VADDPS  (SI)(R11*1), X0, X0
	VMOVUPS X0, (BX)(R11*1)
	ADDQ    $16, R11

twos:
	TESTQ  $2, R12
	JEQ    single
	VMOVSD (BX)(R11*1), X0
	VMOVSD (SI)(R11*1), X1
	VADDPS X1, X0, X0
	VMOVSD X0, (BX)(R11*1)
	ADDQ   $8, R11

single:
	TESTQ  $1, R12
	JEQ    next
	VMOVSS (BX)(R11*1), X0
	VADDSS (SI)(R11*1), X0, X0
	VMOVSS X0, (BX)(R11*1)

next:
	ADDQ R9, SI
	DECQ CX
	JNE  row
	VZEROUPPER
	RET
