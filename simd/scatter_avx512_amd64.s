//go:build !purego

#include "textflag.h"

// NEXT sets BX to the place of the next row; the flags are those of rows left
// once the row is done.
#define NEXT \
	MOVLQSX (R8), AX        \
	LEAQ    (DI)(AX*4), BX  \
	ADDQ    $4, R8

// func scatterAVX512(dst, src *float32, offsets *int32, count, srcRow, n int)
//
// See scatterGeneric. Registers:
//
//	DI  dst     SI  src row     R8  offsets      CX  rows left    R9  srcRow in bytes
//	BX  dst + offset            R10 whole vectors of a row         R11, R12  column, left
//	K1  columns of the last vector
TEXT ·scatterAVX512(SB), NOSPLIT, $0-48
	MOVQ  dst+0(FP), DI
	MOVQ  src+8(FP), SI
	MOVQ  offsets+16(FP), R8
	MOVQ  count+24(FP), CX
	MOVQ  srcRow+32(FP), R9
	SHLQ  $2, R9
	MOVQ  n+40(FP), DX
	LEAQ  -1(DX), R10
	SHRQ  $4, R10
	MOVQ  R10, AX
	SHLQ  $4, AX
	SUBQ  AX, DX            // 1..16 columns in the last vector
	MOVL  $-1, AX
	BZHIL DX, AX, AX
	KMOVW AX, K1
	CMPQ  R10, $1
	JEQ   two
	JGT   many

one:
	NEXT
	VMOVUPS.Z (BX), K1, Z0
	VADDPS.Z  (SI), Z0, K1, Z0
	VMOVUPS   Z0, K1, (BX)
	ADDQ      R9, SI
	DECQ      CX
	JNE       one
	JMP       done

two:
	NEXT
	VMOVUPS   (BX), Z0
	VADDPS    (SI), Z0, Z0
	VMOVUPS.Z 64(BX), K1, Z1
	VADDPS.Z  64(SI), Z1, K1, Z1
	VMOVUPS   Z0, (BX)
	VMOVUPS   Z1, K1, 64(BX)
	ADDQ      R9, SI
	DECQ      CX
	JNE       two
	JMP       done

many:
	NEXT
	MOVQ R10, R12
	XORQ R11, R11

whole:
	VMOVUPS (BX)(R11*1), Z0
	VADDPS  (SI)(R11*1), Z0, Z0
	VMOVUPS Z0, (BX)(R11*1)
	ADDQ    $64, R11
	DECQ    R12
	JNE     whole
	VMOVUPS.Z (BX)(R11*1), K1, Z0
	VADDPS.Z  (SI)(R11*1), Z0, K1, Z0
	VMOVUPS   Z0, K1, (BX)(R11*1)
	ADDQ      R9, SI
	DECQ      CX
	JNE       many

done:
	VZEROUPPER
	RET
