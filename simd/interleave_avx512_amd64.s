//go:build !purego

#include "textflag.h"

// 16 pairs at a time, the last ones of a row under masks. What parts them and puts them
// together are permutations of two vectors.

DATA parted<>+0(SB)/8, $0x0000000200000000
DATA parted<>+8(SB)/8, $0x0000000600000004
DATA parted<>+16(SB)/8, $0x0000000a00000008
DATA parted<>+24(SB)/8, $0x0000000e0000000c
DATA parted<>+32(SB)/8, $0x0000001200000010
DATA parted<>+40(SB)/8, $0x0000001600000014
DATA parted<>+48(SB)/8, $0x0000001a00000018
DATA parted<>+56(SB)/8, $0x0000001e0000001c
DATA parted<>+64(SB)/8, $0x0000000300000001
DATA parted<>+72(SB)/8, $0x0000000700000005
DATA parted<>+80(SB)/8, $0x0000000b00000009
DATA parted<>+88(SB)/8, $0x0000000f0000000d
DATA parted<>+96(SB)/8, $0x0000001300000011
DATA parted<>+104(SB)/8, $0x0000001700000015
DATA parted<>+112(SB)/8, $0x0000001b00000019
DATA parted<>+120(SB)/8, $0x0000001f0000001d

// parted is the numbers of the even elements of two vectors, then of the odd ones.
GLOBL parted<>(SB), RODATA|NOPTR, $128

DATA united<>+0(SB)/8, $0x0000001000000000
DATA united<>+8(SB)/8, $0x0000001100000001
DATA united<>+16(SB)/8, $0x0000001200000002
DATA united<>+24(SB)/8, $0x0000001300000003
DATA united<>+32(SB)/8, $0x0000001400000004
DATA united<>+40(SB)/8, $0x0000001500000005
DATA united<>+48(SB)/8, $0x0000001600000006
DATA united<>+56(SB)/8, $0x0000001700000007
DATA united<>+64(SB)/8, $0x0000001800000008
DATA united<>+72(SB)/8, $0x0000001900000009
DATA united<>+80(SB)/8, $0x0000001a0000000a
DATA united<>+88(SB)/8, $0x0000001b0000000b
DATA united<>+96(SB)/8, $0x0000001c0000000c
DATA united<>+104(SB)/8, $0x0000001d0000000d
DATA united<>+112(SB)/8, $0x0000001e0000000e
DATA united<>+120(SB)/8, $0x0000001f0000000f

// united is the numbers of the elements of two vectors in turn.
GLOBL united<>(SB), RODATA|NOPTR, $128

// LAST makes the masks of the pairs that are left of R11 when all sixteens are done: K1 of
// one of each, K2 and K3 of both together. AX is their number.
#define LAST \
	MOVQ  R11, AX    \
	ANDQ  $15, AX    \
	MOVL  $-1, CX    \
	BZHIL AX, CX, R13 \
	KMOVW R13, K1    \
	LEAQ  (AX)(AX*1), R13 \
	BZHIL R13, CX, CX \
	KMOVW CX, K2     \
	SHRL  $16, CX    \
	KMOVW CX, K3

// PERMUTE takes the elements of Z0 and Z1 with the numbers in Z4 to Z2, in Z5 to Z3.
#define PERMUTE \
	VMOVAPS   Z4, Z2     \
	VMOVAPS   Z5, Z3     \
	VPERMI2PS Z1, Z0, Z2 \
	VPERMI2PS Z1, Z0, Z3

// func deinterleave2AVX512(even, odd, src *float32, rows, n, dstRow, srcRow int)
//
// See deinterleave2Generic. Hardware does not foresee rows of which every second is left
// out, so each row asks for the one sixteen further on. Registers:
//
//	DI, DX  even, odd     SI  src     CX  pairs left     R8  rows left
//	R11  n                R9, R10  from the end of a row of even or odd, of src to the next
//	R12  from a row of src to the one that it asks for   AX  pairs behind the sixteens
//	R13  scratch of LAST, whose masks are K1, K2, K3
//	Z0, Z1  sixteen pairs   Z2, Z3  their even and odd elements   Z4, Z5  their numbers
TEXT ·deinterleave2AVX512(SB), NOSPLIT, $0-56
	MOVQ    even+0(FP), DI
	MOVQ    odd+8(FP), DX
	MOVQ    src+16(FP), SI
	MOVQ    rows+24(FP), R8
	MOVQ    n+32(FP), R11
	MOVQ    dstRow+40(FP), R9
	SUBQ    R11, R9
	SHLQ    $2, R9
	MOVQ    srcRow+48(FP), R10
	MOVQ    R10, R12
	SHLQ    $6, R12
	SUBQ    R11, R10
	SUBQ    R11, R10
	SHLQ    $2, R10
	VMOVUPS parted<>+0(SB), Z4
	VMOVUPS parted<>+64(SB), Z5
	LAST

row:
	MOVQ R11, CX
	SUBQ $16, CX
	JLT  rest

sixteen:
	PREFETCHT1 (SI)(R12*1)
	PREFETCHT1 64(SI)(R12*1)
	VMOVUPS    (SI), Z0
	VMOVUPS    64(SI), Z1
	PERMUTE
	VMOVUPS    Z2, (DI)
	VMOVUPS    Z3, (DX)
	ADDQ       $128, SI
	ADDQ       $64, DI
	ADDQ       $64, DX
	SUBQ       $16, CX
	JGE        sixteen

rest:
	TESTQ      AX, AX
	JEQ        next
	PREFETCHT1 (SI)(R12*1)
	PREFETCHT1 64(SI)(R12*1)
	VMOVUPS.Z  (SI), K2, Z0
	VMOVUPS.Z  64(SI), K3, Z1
	PERMUTE
	VMOVUPS    Z2, K1, (DI)
	VMOVUPS    Z3, K1, (DX)
	LEAQ       (SI)(AX*8), SI
	LEAQ       (DI)(AX*4), DI
	LEAQ       (DX)(AX*4), DX

next:
	ADDQ R9, DI
	ADDQ R9, DX
	ADDQ R10, SI
	DECQ R8
	JNE  row
	VZEROUPPER
	RET

// func interleave2AVX512(dst, even, odd *float32, rows, n, dstRow, srcRow int)
//
// See interleave2Generic. Registers:
//
//	DI  dst    SI, DX  even, odd     CX  pairs left     R8  rows left
//	R11  n     R9, R10  from the end of a row of dst, of even or odd to the next
//	AX  pairs behind the sixteens    R13  scratch of LAST, whose masks are K1, K2, K3
//	Z0, Z1  sixteen even and odd elements   Z2, Z3  pairs   Z4, Z5  their numbers
TEXT ·interleave2AVX512(SB), NOSPLIT, $0-56
	MOVQ    dst+0(FP), DI
	MOVQ    even+8(FP), SI
	MOVQ    odd+16(FP), DX
	MOVQ    rows+24(FP), R8
	MOVQ    n+32(FP), R11
	MOVQ    dstRow+40(FP), R9
	SUBQ    R11, R9
	SUBQ    R11, R9
	SHLQ    $2, R9
	MOVQ    srcRow+48(FP), R10
	SUBQ    R11, R10
	SHLQ    $2, R10
	VMOVUPS united<>+0(SB), Z4
	VMOVUPS united<>+64(SB), Z5
	LAST

row:
	MOVQ R11, CX
	SUBQ $16, CX
	JLT  rest

sixteen:
	VMOVUPS (SI), Z0
	VMOVUPS (DX), Z1
	PERMUTE
	VMOVUPS Z2, (DI)
	VMOVUPS Z3, 64(DI)
	ADDQ    $128, DI
	ADDQ    $64, SI
	ADDQ    $64, DX
	SUBQ    $16, CX
	JGE     sixteen

rest:
	TESTQ     AX, AX
	JEQ       next
	VMOVUPS.Z (SI), K1, Z0
	VMOVUPS.Z (DX), K1, Z1
	PERMUTE
	VMOVUPS   Z2, K2, (DI)
	VMOVUPS   Z3, K3, 64(DI)
	LEAQ      (DI)(AX*8), DI
	LEAQ      (SI)(AX*4), SI
	LEAQ      (DX)(AX*4), DX

next:
	ADDQ R9, DI
	ADDQ R10, SI
	ADDQ R10, DX
	DECQ R8
	JNE  row
	VZEROUPPER
	RET
