//go:build !purego

#include "textflag.h"

// Both directions go along each row eight pairs at a time, then pair by pair: the lanes' own
// even and odd elements are parted by one shuffle, the lanes' halves put in order
// by another.

// func deinterleave2AVX2(even, odd, src *float32, rows, n, dstRow, srcRow int)
//
// See deinterleave2Generic. Registers:
//
//	DI, DX  even, odd     SI  src     CX  pairs left     R8  rows left
//	R11  n                R9, R10  from the end of a row of even or odd, of src to the next
//	Y0, Y1  eight pairs   Y2, Y3  their even and odd elements
TEXT ·deinterleave2AVX2(SB), NOSPLIT, $0-56
	MOVQ even+0(FP), DI
	MOVQ odd+8(FP), DX
	MOVQ src+16(FP), SI
	MOVQ rows+24(FP), R8
	MOVQ n+32(FP), R11
	MOVQ dstRow+40(FP), R9
	SUBQ R11, R9
	SHLQ $2, R9
	MOVQ srcRow+48(FP), R10
	SUBQ R11, R10
	SUBQ R11, R10
	SHLQ $2, R10

row:
	MOVQ R11, CX
	SUBQ $8, CX
	JLT  rest

eight:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSHUFPS $0x88, Y1, Y0, Y2
	VSHUFPS $0xdd, Y1, Y0, Y3
	VPERMPD $0xd8, Y2, Y2
	VPERMPD $0xd8, Y3, Y3
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, (DX)
	ADDQ    $64, SI
	ADDQ    $32, DI
	ADDQ    $32, DX
	SUBQ    $8, CX
	JGE     eight

rest:
	ADDQ $8, CX
	JEQ  next

pair:
	VMOVSS (SI), X0
	VMOVSS 4(SI), X1
	VMOVSS X0, (DI)
	VMOVSS X1, (DX)
	ADDQ   $8, SI
	ADDQ   $4, DI
	ADDQ   $4, DX
	DECQ   CX
	JNE    pair

next:
	ADDQ R9, DI
	ADDQ R9, DX
	ADDQ R10, SI
	DECQ R8
	JNE  row
	VZEROUPPER
	RET

// func interleave2AVX2(dst, even, odd *float32, rows, n, dstRow, srcRow int)
//
// See interleave2Generic. Registers:
//
//	DI  dst    SI, DX  even, odd     CX  pairs left     R8  rows left
//	R11  n     R9, R10  from the end of a row of dst, of even or odd to the next
//	Y0, Y1  eight even and odd elements   Y2, Y3  pairs
TEXT ·interleave2AVX2(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DI
	MOVQ even+8(FP), SI
	MOVQ odd+16(FP), DX
	MOVQ rows+24(FP), R8
	MOVQ n+32(FP), R11
	MOVQ dstRow+40(FP), R9
	SUBQ R11, R9
	SUBQ R11, R9
	SHLQ $2, R9
	MOVQ srcRow+48(FP), R10
	SUBQ R11, R10
	SHLQ $2, R10

row:
	MOVQ R11, CX
	SUBQ $8, CX
	JLT  rest

eight:
	VPERMPD   $0xd8, (SI), Y0
	VPERMPD   $0xd8, (DX), Y1
	VUNPCKLPS Y1, Y0, Y2
	VUNPCKHPS Y1, Y0, Y3
	VMOVUPS   Y2, (DI)
	VMOVUPS   Y3, 32(DI)
	ADDQ      $64, DI
	ADDQ      $32, SI
	ADDQ      $32, DX
	SUBQ      $8, CX
	JGE       eight

rest:
	ADDQ $8, CX
	JEQ  next

pair:
	VMOVSS (SI), X0
	VMOVSS (DX), X1
	VMOVSS X0, (DI)
	VMOVSS X1, 4(DI)
	ADDQ   $8, DI
	ADDQ   $4, SI
	ADDQ   $4, DX
	DECQ   CX
	JNE    pair

next:
	ADDQ R9, DI
	ADDQ R10, SI
	ADDQ R10, DX
	DECQ R8
	JNE  row
	VZEROUPPER
	RET
