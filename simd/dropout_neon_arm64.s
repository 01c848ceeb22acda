//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Philox4x32-10 of four blocks at a time, one word of each in a vector.

// ROUND is one round, and the next round's keys.
#define ROUND \
	UMULL2D(20, 0, 4)              \
	UMULL22D(20, 0, 5)             \
	UMULL2D(21, 2, 6)              \
	UMULL22D(21, 2, 7)             \
	VUZP2 V7.S4, V6.S4, V0.S4      \
	VEOR  V1.B16, V0.B16, V0.B16   \
	VEOR  V18.B16, V0.B16, V0.B16  \
	VUZP1 V7.S4, V6.S4, V1.S4      \
	VUZP2 V5.S4, V4.S4, V2.S4      \
	VEOR  V3.B16, V2.B16, V2.B16   \
	VEOR  V19.B16, V2.B16, V2.B16  \
	VUZP1 V5.S4, V4.S4, V3.S4      \
	VADD  V22.S4, V18.S4, V18.S4   \
	VADD  V23.S4, V19.S4, V19.S4

// EIGHT writes the eight elements that the words of one block decide.
#define EIGHT(block) \
	VLD1.P 32(R1), [V4.S4, V5.S4] \
	UXTL4S(block, 6)              \
	UXTL24S(block, 7)             \
	CMGT4S(6, 24, 6)              \
	CMGT4S(7, 24, 7)              \
	FMUL4S(25, 4, 4)              \
	FMUL4S(25, 5, 5)              \
	BIC16B(6, 4, 4)               \
	BIC16B(7, 5, 5)               \
	VST1.P [V4.S4, V5.S4], 32(R0) \
	SUBS   $8, R2, R2             \
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
	EIGHT(0)
	EIGHT(1)
	EIGHT(2)
	EIGHT(3)
	B     four

done:
	RET
