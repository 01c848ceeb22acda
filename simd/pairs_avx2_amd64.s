//go:build !purego

#include "textflag.h"

#define MASK Y8

#include "vec_avx2_amd64.h"
#include "tail_avx2_amd64.h"
#include "vec_amd64.h"

DATA pairsConst<>+0(SB)/4, $0x7fff
DATA pairsConst<>+4(SB)/4, $1
DATA pairsConst<>+8(SB)/4, $0x7f800000
DATA pairsConst<>+12(SB)/4, $0x80000000
DATA pairsConst<>+16(SB)/4, $0x00400000
GLOBL pairsConst<>(SB), RODATA|NOPTR, $20

// ROUND leaves x rounded to bfloat16 in its upper half: to nearest, ties to even, by
// adding 0x7fff and the last bit that stays; denormal numbers to zero, NaN quiet. t, u
// and v are scratch.
#define ROUND(x, t, u, v) \
	VPSRLD    $16, x, t     \
	VPAND     V10, t, t     \
	VPADDD    V9, t, t      \
	VPADDD    x, t, t       \
	VCMPPS    $3, x, x, u   \
	VPOR      V13, x, v     \
	VBLENDVPS u, v, t, t    \
	VPAND     V11, x, u     \
	VPCMPEQD  V14, u, u     \
	VPAND     V12, x, x     \
	VBLENDVPS u, x, t, x

// PAIRROWS rounds two rows and puts the second above the first: V1, V2 the rows, V3 to
// V5 scratch.
#define PAIRROWS(LOAD, FROM, ONTO, STORE) \
	LOAD((SI)(AX*4), V1)  \
	LOAD((R8)(AX*4), V2)  \
	ROUND(V1, V3, V4, V5) \
	ROUND(V2, V3, V4, V5) \
	VPSRLD $16, V1, V1    \
	VPBLENDW $0xaa, V2, V1, V1 \
	STORE(V1, (DI)(AX*4))

// func pairRowsAVX2(dst, even, odd *float32, n int)
//
// See pairRowsGeneric.
//
//	DI  dst      SI  even      R8  odd      CX  elements      AX  index
//	V9-V13  the constants      V14  0
TEXT ·pairRowsAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ even+8(FP), SI
	MOVQ odd+16(FP), R8
	MOVQ n+24(FP), CX
	VPBROADCASTD pairsConst<>+0(SB), V9
	VPBROADCASTD pairsConst<>+4(SB), V10
	VPBROADCASTD pairsConst<>+8(SB), V11
	VPBROADCASTD pairsConst<>+12(SB), V12
	VPBROADCASTD pairsConst<>+16(SB), V13
	VPXOR V14, V14, V14
	VECTORS(PAIRROWS, DX)
	VZEROUPPER
	RET
