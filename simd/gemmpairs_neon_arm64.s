//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// The register tile of gemm_neon_arm64.s on pairs of bfloat16: their upper halves, which
// are float32 already, then their lower ones, by multiply-adds. Denormal numbers are
// zero meanwhile (FPCR.FZ). But here a result counts as denormal before it is rounded,
// for VDPBF16PS after: if any was flushed (FPSR.UFC), nothing is stored, and the caller
// computes the tile another way.

#define UPPERS 6

// UPPER and LOWERHALF make the halves of the pairs in V0-V4.
#define UPPER5 \
	AND16B(UPPERS, A0, A0) \
	AND16B(UPPERS, A1, A1) \
	AND16B(UPPERS, B0, B0) \
	AND16B(UPPERS, B1, B1) \
	AND16B(UPPERS, B2, B2)
#define LOWER5 \
	SHL4S(16, A0, A0) \
	SHL4S(16, A1, A1) \
	SHL4S(16, B0, B0) \
	SHL4S(16, B1, B1) \
	SHL4S(16, B2, B2)

#define MULTIPLYFULL \
	LAST4(ROW3, A0, LOWER) \
	LAST4(ROW3, A1, UPPER)

#define FULLSTEP \
	VLD1   (R0), [V0.S4, V1.S4]            \
	VLD1   (R1), [V2.S4, V3.S4, V4.S4]     \
	UPPER5                                 \
	MULTIPLYFULL                           \
	VLD1.P (R0)(R4), [V0.S4, V1.S4]        \
	VLD1.P (R1)(R7), [V2.S4, V3.S4, V4.S4] \
	LOWER5                                 \
	MULTIPLYFULL

#define ONE(LOADA, LOADB, MULTIPLY4, MULTIPLY) \
	LOADA(STAY) \
	LOADB(STAY) \
	UPPER5      \
	MULTIPLY4   \
	MULTIPLY    \
	LOADA(MOVE) \
	LOADB(MOVE) \
	LOWER5      \
	MULTIPLY4   \
	MULTIPLY

#define BEGIN \
	VMOVI $255, V6.B16          \
	SHL4S(16, UPPERS, UPPERS)   \
	MRS   FPCR, R5              \
	MOVD  R5, fpcr-8(SP)        \
	ORR   $(1<<24), R5          \
	MSR   R5, FPCR              \
	MSR   ZR, FPSR

#define END \
	MOVD fpcr-8(SP), R5 \
	MSR  R5, FPCR       \
	MRS  FPSR, R5       \
	TBNZ $3, R5, tiny

// func gemmPairsNEON(t *GemmTile) (tiny bool)
//
// See gemmPairsGeneric; tiny says that a result was flushed and nothing stored. Registers
// as in gemmNEON, but for V6, the mask of upper halves. In the frame FPCR as it was.
TEXT ·gemmPairsNEON(SB), NOSPLIT, $16-9
	MOVB ZR, tiny+8(FP)
#include "gemm_neon_arm64.h"

tiny:
	MOVD $1, R5
	MOVB R5, tiny+8(FP)
	RET
