//go:build !purego

#include "textflag.h"

// Philox4x32-10 of four blocks at a time, each word in the low half of a lane of
// 64 bits, where VPMULUDQ wants it; what stands in the high halves never matters.

DATA dropoutLanes<>+0(SB)/8, $0
DATA dropoutLanes<>+8(SB)/8, $1
DATA dropoutLanes<>+16(SB)/8, $2
DATA dropoutLanes<>+24(SB)/8, $3
GLOBL dropoutLanes<>(SB), RODATA|NOPTR, $32

// SPREAD fills a vector with a constant.
#define SPREAD(value, y, x) \
	MOVL         value, AX  \
	VMOVD        AX, x      \
	VPBROADCASTD x, y

// ROUND is one round, and the next round's keys.
#define ROUND \
	VPMULUDQ Y8, Y0, Y4   \
	VPMULUDQ Y9, Y2, Y5   \
	VPSRLQ   $32, Y5, Y0  \
	VPXOR    Y1, Y0, Y0   \
	VPXOR    Y6, Y0, Y0   \
	VPSRLQ   $32, Y4, Y2  \
	VPXOR    Y3, Y2, Y2   \
	VPXOR    Y7, Y2, Y2   \
	VMOVDQA  Y5, Y1       \
	VMOVDQA  Y4, Y3       \
	VPADDD   Y10, Y6, Y6  \
	VPADDD   Y11, Y7, Y7

// EIGHT writes the eight elements that the words of one block decide.
#define EIGHT(block) \
	VPMOVZXWD block, Y5     \
	VPCMPGTD  Y5, Y12, Y5   \
	VMULPS    (SI), Y13, Y6 \
	VPANDN    Y6, Y5, Y6    \
	VMOVUPS   Y6, (DI)      \
	ADDQ      $32, SI       \
	ADDQ      $32, DI       \
	SUBQ      $8, CX        \
	JEQ       done

// func dropoutAVX2(y, x []float32, seed, stream, block uint64, threshold uint32, scale float32)
//
// See dropoutGeneric. Registers:
//
//	DI  y     SI  x     CX  elements left     AX  scratch
//	R8, R9  halves of the seed                R10, R11  of the stream
//	Y0-Y3    words of the counters, then of the blocks     Y4, Y5  products
//	Y6, Y7   keys            Y8, Y9  multipliers    Y10, Y11  steps of the keys
//	Y12  threshold           Y13  scale             Y14  numbers of the blocks
TEXT ·dropoutAVX2(SB), NOSPLIT, $0-80
	MOVQ         y_base+0(FP), DI
	MOVQ         x_base+24(FP), SI
	MOVQ         x_len+32(FP), CX
	TESTQ        CX, CX
	JEQ          done
	MOVQ         seed+48(FP), R8
	MOVQ         R8, R9
	SHRQ         $32, R9
	MOVQ         stream+56(FP), R10
	MOVQ         R10, R11
	SHRQ         $32, R11
	SPREAD($0xD2511F53, Y8, X8)
	SPREAD($0xCD9E8D57, Y9, X9)
	SPREAD($0x9E3779B9, Y10, X10)
	SPREAD($0xBB67AE85, Y11, X11)
	MOVL         threshold+72(FP), AX
	VMOVD        AX, X12
	VPBROADCASTD X12, Y12
	VBROADCASTSS scale+76(FP), Y13
	VPBROADCASTQ block+64(FP), Y14
	VPADDQ       dropoutLanes<>(SB), Y14, Y14

four:
	VMOVDQA      Y14, Y0
	VPSRLQ       $32, Y14, Y1
	SPREAD(R10, Y2, X2)
	SPREAD(R11, Y3, X3)
	SPREAD(R8, Y6, X6)
	SPREAD(R9, Y7, X7)
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	SPREAD($4, Y4, X4)
	VPSRLQ       $32, Y4, Y4
	VPADDQ       Y4, Y14, Y14

	// Words 0 and 1, 2 and 3 side by side, then block by block.
	VPSLLQ       $32, Y1, Y1
	VPBLENDD     $0xaa, Y1, Y0, Y0
	VPSLLQ       $32, Y3, Y3
	VPBLENDD     $0xaa, Y3, Y2, Y2
	VPUNPCKLQDQ  Y2, Y0, Y3
	VPUNPCKHQDQ  Y2, Y0, Y4
	EIGHT(X3)
	EIGHT(X4)
	VEXTRACTI128 $1, Y3, X3
	VEXTRACTI128 $1, Y4, X4
	EIGHT(X3)
	EIGHT(X4)
	JMP          four

done:
	VZEROUPPER
	RET
