//go:build !purego

#include "textflag.h"

// func gatherAVX512(dst, src *float32, offsets *int32, count, dstRow, n int)
//
// See gatherGeneric. Runs go in strips of 32, the last one under masks; whole ones
// without, since some CPUs fetch nothing ahead of a masked load.
//
//	DI   dst of the strip    SI   src of the strip    R8   cursor in dst
//	R9   dstRow, bytes       R10  end of offsets      BX   -count
//	R11  n left              CX   runs left, < 0      AX   scratch
//	K1, K2  columns 0-15, 16-31 of the strip
TEXT ·gatherAVX512(SB), NOSPLIT, $0-48
	MOVQ   dst+0(FP), DI
	MOVQ   src+8(FP), SI
	MOVQ   offsets+16(FP), R10
	MOVQ   count+24(FP), BX
	LEAQ   (R10)(BX*4), R10
	NEGQ   BX
	MOVQ   dstRow+32(FP), R9
	SHLQ   $2, R9
	MOVQ   n+40(FP), R11

strip:
	MOVQ  DI, R8
	MOVQ  BX, CX
	CMPQ  R11, $32
	JGE   runs
	MOVL  $-1, AX
	BZHIL R11, AX, AX
	KMOVD AX, K1
	SHRL  $16, AX
	KMOVD AX, K2
	CMPQ  R11, $16
	JEQ   whole16
	JLT   runs16
	PCALIGN $32

runs32: // left to copy: -CX runs of less than 32
	MOVLQSX   (R10)(CX*4), AX
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	VMOVUPS.Z 64(SI)(AX*4), K2, Z1
	VMOVUPS   Z0, K1, (R8)
	VMOVUPS   Z1, K2, 64(R8)
	ADDQ      R9, R8
	INCQ      CX
	JNE       runs32
	VZEROUPPER
	RET

	PCALIGN $32

runs: // the same for 32
	MOVLQSX (R10)(CX*4), AX
	VMOVUPS (SI)(AX*4), Z0
	VMOVUPS 64(SI)(AX*4), Z1
	VMOVUPS Z0, (R8)
	VMOVUPS Z1, 64(R8)
	ADDQ    R9, R8
	INCQ    CX
	JNE     runs
	ADDQ    $128, DI
	ADDQ    $128, SI
	SUBQ    $32, R11
	JGT     strip
	VZEROUPPER
	RET

	PCALIGN $32

whole16: // the same for 16
	MOVLQSX (R10)(CX*4), AX
	VMOVUPS (SI)(AX*4), Z0
	VMOVUPS Z0, (R8)
	ADDQ    R9, R8
	INCQ    CX
	JNE     whole16
	VZEROUPPER
	RET

	PCALIGN $32

runs16: // the same for less
	MOVLQSX   (R10)(CX*4), AX
	VMOVUPS.Z (SI)(AX*4), K1, Z0
	VMOVUPS   Z0, K1, (R8)
	ADDQ      R9, R8
	INCQ      CX
	JNE       runs16
	VZEROUPPER
	RET
