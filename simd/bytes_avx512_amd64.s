//go:build !purego

#include "textflag.h"
#include "vec_avx512_amd64.h"
#include "vec_amd64.h"
#include "bytes_amd64.h"

// 16 bytes become values, or values bytes; the tail under K1.
#define FROMBYTES \
	VMOVDQU (SI)(AX*1), X1 \
	NORMALISE              \
	VMOVUPS Z1, (DI)(AX*4)

#define FROMTAIL \
	VMOVDQU8.Z (SI)(AX*1), K1, X1 \
	NORMALISE                     \
	VMOVUPS    Z1, K1, (DI)(AX*4)

#define TOBYTES \
	VMOVUPS (SI)(AX*4), Z1 \
	TOINTEGERS             \
	VPMOVDB Z1, X1         \
	VMOVDQU X1, (DI)(AX*1)

#define TOTAIL \
	VMOVUPS.Z (SI)(AX*4), K1, Z1 \
	TOINTEGERS                   \
	VPMOVDB   Z1, X1             \
	VMOVDQU8  X1, K1, (DI)(AX*1)

// func fromUint8AVX512(dst []float32, src []uint8, mean, std float32)
//
// 	DI  dst   SI  src    CX  elements
// 	Z1  data  Z2  255    Z3  mean      Z4  std
TEXT ·fromUint8AVX512(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         src_base+24(FP), SI
	MOVQ         src_len+32(FP), CX
	VBROADCASTSS byteScale<>+0(SB), Z2
	VBROADCASTSS mean+48(FP), Z3
	VBROADCASTSS std+52(FP), Z4
	ALLVECTORS(FROMBYTES, FROMTAIL, DX)
	VZEROUPPER
	RET

// func toUint8AVX512(dst []uint8, src []float32, black, white float32)
//
// 	DI  dst   SI  src    CX  elements
// 	Z0  0     Z1  data   Z2  255       Z3  black     Z4  white - black     Z5  1
TEXT ·toUint8AVX512(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         src_base+24(FP), SI
	MOVQ         src_len+32(FP), CX
	VXORPS       X0, X0, X0
	VBROADCASTSS byteScale<>+0(SB), Z2
	VBROADCASTSS black+48(FP), Z3
	VBROADCASTSS white+52(FP), Z4
	VSUBPS       Z3, Z4, Z4
	VBROADCASTSS byteScale<>+4(SB), Z5
	ALLVECTORS(TOBYTES, TOTAIL, DX)
	VZEROUPPER
	RET
