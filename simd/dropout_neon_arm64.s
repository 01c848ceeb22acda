//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Philox4x32-10 of four blocks at a time, one word of each in a vector.

#define WORD0 0
#define WORD1 1
#define WORD2 2
#define WORD3 3
#define LOW0 4
#define HIGH0 5
#define LOW2 6
#define HIGH2 7
#define KEY0 18
#define KEY1 19
#define MULTIPLIER0 20
#define MULTIPLIER2 21

// ROUND is one round, and the next round's keys.
#define ROUND \
	UMULL2D(MULTIPLIER0, WORD0, LOW0)   \
	UMULL22D(MULTIPLIER0, WORD0, HIGH0) \
	UMULL2D(MULTIPLIER2, WORD2, LOW2)   \
	UMULL22D(MULTIPLIER2, WORD2, HIGH2) \
	VUZP2 V7.S4, V6.S4, V0.S4           \
	EOR16B(WORD1, WORD0, WORD0)         \
	EOR16B(KEY0, WORD0, WORD0)          \
	VUZP1 V7.S4, V6.S4, V1.S4           \
	VUZP2 V5.S4, V4.S4, V2.S4           \
	EOR16B(WORD3, WORD2, WORD2)         \
	EOR16B(KEY1, WORD2, WORD2)          \
	VUZP1 V5.S4, V4.S4, V3.S4           \
	VADD  V22.S4, V18.S4, V18.S4        \
	VADD  V23.S4, V19.S4, V19.S4

#define DATA0 4
#define DATA1 5
#define DRAW0 6
#define DRAW1 7
#define THRESHOLD 24
#define FACTOR 25

// EIGHT writes the eight elements that the words of one block decide.
#define EIGHT(block) \
	VLD1.P 32(R1), [V4.S4, V5.S4]   \
	UXTL4S(block, DRAW0)            \
	UXTL24S(block, DRAW1)           \
	CMGT4S(DRAW0, THRESHOLD, DRAW0) \
	CMGT4S(DRAW1, THRESHOLD, DRAW1) \
	FMUL4S(FACTOR, DATA0, DATA0)    \
	FMUL4S(FACTOR, DATA1, DATA1)    \
	BIC16B(DRAW0, DATA0, DATA0)     \
	BIC16B(DRAW1, DATA1, DATA1)     \
	VST1.P [V4.S4, V5.S4], 32(R0)   \
	SUBS   $8, R2, R2               \
	BEQ    done

// func dropoutNEON(y, x []float32, seed, stream, block uint64, threshold uint32, scale float32)
//
// See dropoutGeneric. Registers:
//
//	R0  y     R1  x     R2  elements left     R3  number of the first block
//	R4, R5  halves of the seed     R6, R7  of the stream     R8-R10  scratch
//	V0-V3    words of the counters, then of the blocks     V4-V7  products
//	V18, V19  keys      V20, V21  multipliers     V22, V23  steps of the keys
//	V24  threshold      V25  scale
TEXT ·dropoutNEON(SB), NOSPLIT, $0-80
	MOVD  y_base+0(FP), R0
	MOVD  x_base+24(FP), R1
	MOVD  x_len+32(FP), R2
	CBZ   R2, done
	MOVD  seed+48(FP), R4
	LSR   $32, R4, R5
	MOVD  stream+56(FP), R6
	LSR   $32, R6, R7
	MOVD  block+64(FP), R3
	MOVWU threshold+72(FP), R8
	VDUP  R8, V24.S4
	MOVWU scale+76(FP), R8
	VDUP  R8, V25.S4
	MOVD  $0xD2511F53, R8
	VDUP  R8, V20.S4
	MOVD  $0xCD9E8D57, R8
	VDUP  R8, V21.S4
	MOVD  $0x9E3779B9, R8
	VDUP  R8, V22.S4
	MOVD  $0xBB67AE85, R8
	VDUP  R8, V23.S4

four:
	// The numbers of four blocks: any of them may carry into the second word.
	VMOV R3, V0.S[0]
	LSR  $32, R3, R8
	VMOV R8, V1.S[0]
	ADD  $1, R3, R9
	VMOV R9, V0.S[1]
	LSR  $32, R9, R8
	VMOV R8, V1.S[1]
	ADD  $2, R3, R9
	VMOV R9, V0.S[2]
	LSR  $32, R9, R8
	VMOV R8, V1.S[2]
	ADD  $3, R3, R9
	VMOV R9, V0.S[3]
	LSR  $32, R9, R8
	VMOV R8, V1.S[3]
	ADD  $4, R3, R3
	VDUP R6, V2.S4
	VDUP R7, V3.S4
	VDUP R4, V18.S4
	VDUP R5, V19.S4
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

	// Block by block.
	VZIP1 V2.S4, V0.S4, V16.S4
	VZIP1 V3.S4, V1.S4, V17.S4
	VZIP2 V2.S4, V0.S4, V26.S4
	VZIP2 V3.S4, V1.S4, V27.S4
	VZIP1 V17.S4, V16.S4, V0.S4
	VZIP2 V17.S4, V16.S4, V1.S4
	VZIP1 V27.S4, V26.S4, V2.S4
	VZIP2 V27.S4, V26.S4, V3.S4
	EIGHT(WORD0)
	EIGHT(WORD1)
	EIGHT(WORD2)
	EIGHT(WORD3)
	B     four

done:
	RET
