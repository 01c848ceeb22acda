//go:build !purego

#include "textflag.h"

DATA byteScale<>+0(SB)/4, $0x437f0000 // 255
DATA byteScale<>+4(SB)/4, $0x3f800000 // 1
GLOBL byteScale<>(SB), RODATA|NOPTR, $8

// NORMALISE turns 16 bytes in X1 into (byte/255 - mean) / std in Z1.
#define NORMALISE \
	VPMOVZXBD X1, Z1     \
	VCVTDQ2PS Z1, Z1     \
	VDIVPS    Z2, Z1, Z1 \
	VSUBPS    Z3, Z1, Z1 \
	VDIVPS    Z4, Z1, Z1

// func fromUint8AVX512(dst []float32, src []uint8, mean, std float32)
//
//	DI  dst   SI  src    AX  index     BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z1  data  Z2  255    Z3  mean      Z4  std
TEXT ·fromUint8AVX512(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         src_base+24(FP), SI
	MOVQ         src_len+32(FP), CX
	VBROADCASTSS byteScale<>+0(SB), Z2
	VBROADCASTSS mean+48(FP), Z3
	VBROADCASTSS std+52(FP), Z4
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVDQU (SI)(AX*1), X1
	NORMALISE
	VMOVUPS Z1, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	MOVL       $-1, DX
	BZHIL      CX, DX, DX
	KMOVW      DX, K1
	VMOVDQU8.Z (SI)(AX*1), K1, X1
	NORMALISE
	VMOVUPS    Z1, K1, (DI)(AX*4)

done:
	VZEROUPPER
	RET

// TOBYTES turns 16 values in Z1 into bytes in X1. The comparison with 0 comes
// first and gives 0 for NaN.
#define TOBYTES \
	VSUBPS     Z3, Z1, Z1 \
	VDIVPS     Z4, Z1, Z1 \
	VMAXPS     Z0, Z1, Z1 \
	VMINPS     Z5, Z1, Z1 \
	VMULPS     Z2, Z1, Z1 \
	VCVTTPS2DQ Z1, Z1     \
	VPMOVDB    Z1, X1

// func toUint8AVX512(dst []uint8, src []float32, black, white float32)
//
//	DI  dst   SI  src    AX  index     BX  end of whole vectors
//	CX  elements, then those left      K1  tail mask
//	Z0  0     Z1  data   Z2  255       Z3  black     Z4  white - black     Z5  1
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
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS (SI)(AX*4), Z1
	TOBYTES
	VMOVDQU X1, (DI)(AX*1)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, DX
	BZHIL     CX, DX, DX
	KMOVW     DX, K1
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	TOBYTES
	VMOVDQU8  X1, K1, (DI)(AX*1)

done:
	VZEROUPPER
	RET
