//go:build !purego

#include "textflag.h"

DATA byteScale<>+0(SB)/4, $0x437f0000 // 255
DATA byteScale<>+4(SB)/4, $0x3f800000 // 1
GLOBL byteScale<>(SB), RODATA|NOPTR, $8

// NORMALISE turns 8 bytes in X1 into (byte/255 - mean) / std in Y1.
#define NORMALISE \
	VPMOVZXBD X1, Y1     \
	VCVTDQ2PS Y1, Y1     \
	VDIVPS    Y2, Y1, Y1 \
	VSUBPS    Y3, Y1, Y1 \
	VDIVPS    Y4, Y1, Y1

// func fromUint8AVX2(dst []float32, src []uint8, mean, std float32)
//
//	DI  dst   SI  src    AX  index     BX  end of whole vectors
//	CX  elements         DX  a byte of the tail
//	Y1  data  Y2  255    Y3  mean      Y4  std
TEXT ·fromUint8AVX2(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         src_base+24(FP), SI
	MOVQ         src_len+32(FP), CX
	VBROADCASTSS byteScale<>+0(SB), Y2
	VBROADCASTSS mean+48(FP), Y3
	VBROADCASTSS std+52(FP), Y4
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVQ   (SI)(AX*1), X1
	NORMALISE
	VMOVUPS Y1, (DI)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:  // fewer than 8, one at a time
	CMPQ    AX, CX
	JEQ     done
	MOVBLZX (SI)(AX*1), DX
	VMOVD   DX, X1
	NORMALISE
	VMOVSS  X1, (DI)(AX*4)
	INCQ    AX
	JMP     tail

done:
	VZEROUPPER
	RET

// TOBYTES turns 8 values in Y1 into bytes in X1. The comparison with 0 comes
// first and gives 0 for NaN.
#define TOBYTES \
	VSUBPS       Y3, Y1, Y1 \
	VDIVPS       Y4, Y1, Y1 \
	VMAXPS       Y0, Y1, Y1 \
	VMINPS       Y5, Y1, Y1 \
	VMULPS       Y2, Y1, Y1 \
	VCVTTPS2DQ   Y1, Y1     \
	VEXTRACTI128 $1, Y1, X6 \
	VPACKSSDW    X6, X1, X1 \
	VPACKUSWB    X1, X1, X1

// func toUint8AVX2(dst []uint8, src []float32, black, white float32)
//
//	DI  dst   SI  src    AX  index     BX  end of whole vectors
//	CX  elements         DX  a byte of the tail
//	Y0  0     Y1  data   Y2  255       Y3  black     Y4  white - black     Y5  1
//	X6  upper half
TEXT ·toUint8AVX2(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         src_base+24(FP), SI
	MOVQ         src_len+32(FP), CX
	VXORPS       X0, X0, X0
	VBROADCASTSS byteScale<>+0(SB), Y2
	VBROADCASTSS black+48(FP), Y3
	VBROADCASTSS white+52(FP), Y4
	VSUBPS       Y3, Y4, Y4
	VBROADCASTSS byteScale<>+4(SB), Y5
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS (SI)(AX*4), Y1
	TOBYTES
	VMOVQ   X1, (DI)(AX*1)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:  // fewer than 8, one at a time
	CMPQ    AX, CX
	JEQ     done
	VMOVSS  (SI)(AX*4), X1
	TOBYTES
	VPEXTRB $0, X1, (DI)(AX*1)
	INCQ    AX
	JMP     tail

done:
	VZEROUPPER
	RET
