//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"
#include "vec_avx2_amd64.h"
#include "vec_amd64.h"
#include "bytes_amd64.h"

// FROMBYTES is 8 bytes, TOBYTES turns 8 values in Y1 into bytes in X1, with X6 for the
// upper half.
#define FROMBYTES \
	VMOVQ   (SI)(AX*1), X1 \
	NORMALISE              \
	VMOVUPS Y1, (DI)(AX*4)

#define TOBYTES \
	TOINTEGERS              \
	VEXTRACTI128 $1, Y1, X6 \
	VPACKSSDW    X6, X1, X1 \
	VPACKUSWB    X1, X1, X1

#define STOREBYTES \
	VMOVUPS (SI)(AX*4), Y1 \
	TOBYTES                \
	VMOVQ   X1, (DI)(AX*1)

// func fromUint8AVX2(dst []float32, src []uint8, mean, std float32)
//
// 	DI  dst   SI  src    CX  elements     DX  a byte of the tail
// 	Y1  data  Y2  255    Y3  mean      Y4  std
TEXT ·fromUint8AVX2(SB), NOSPLIT, $0-56
	MOVQ         dst_base+0(FP), DI
	MOVQ         src_base+24(FP), SI
	MOVQ         src_len+32(FP), CX
	VBROADCASTSS byteScale<>+0(SB), Y2
	VBROADCASTSS mean+48(FP), Y3
	VBROADCASTSS std+52(FP), Y4
	WHOLEVECTORS(FROMBYTES)
	// Fewer than 8, one at a time.
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

// func toUint8AVX2(dst []uint8, src []float32, black, white float32)
//
// 	DI  dst   SI  src    CX  elements
// 	Y0  0     Y1  data   Y2  255       Y3  black     Y4  white - black     Y5  1     X6  scratch
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
	WHOLEVECTORS(STOREBYTES)
	// Fewer than 8, one at a time.
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
