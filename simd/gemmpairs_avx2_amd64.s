//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "gemmone_avx2_amd64.h"

// The register tile of gemm_avx2_amd64.s on pairs of bfloat16: their upper halves, which
// are float32 already, then their lower ones, by multiply-adds.

// ODD multiplies the upper half of a pair of A into a row, EVEN the lower one.
#define ODD(addr, t, lo, hi) \
	VPBROADCASTD addr, Y14      \
	VPAND        Y15, Y14, Y14  \
	VFMADD231PS  Y12, Y14, lo   \
	VFMADD231PS  Y13, Y14, hi

#define EVEN(addr, t, lo, hi) \
	VPBROADCASTD addr, Y14      \
	VPSLLD       $16, Y14, Y14  \
	VFMADD231PS  Y12, Y14, lo   \
	VFMADD231PS  Y13, Y14, hi

#define UPPERB \
	VPAND Y15, Y12, Y12 \
	VPAND Y15, Y13, Y13

#define LOWERB \
	VPSLLD $16, Y12, Y12 \
	VPSLLD $16, Y13, Y13

// WHOLE and MASKED load the halves of one row of B and multiply by them.
#define WHOLE(ROWS) \
	VPAND   (BX), Y15, Y12   \
	VPAND   32(BX), Y15, Y13 \
	ROWS(ODD)                \
	VMOVUPS (BX), Y12        \
	VMOVUPS 32(BX), Y13      \
	LOWERB                   \
	ROWS(EVEN)

#define MASKED(ROWS) \
	LOADB      \
	UPPERB     \
	ROWS(ODD)  \
	LOADB      \
	LOWERB     \
	ROWS(EVEN)

// Denormal numbers are zero for VDPBF16PS, whatever MXCSR says, so they are here too,
// until END.
#define BEGIN \
	VSTMXCSR mxcsr-48(SP)     \
	MOVL     mxcsr-48(SP), AX \
	ORL      $0x8040, AX      \
	MOVL     AX, flush-44(SP) \
	VLDMXCSR flush-44(SP)     \
	VPCMPEQD Y15, Y15, Y15    \
	VPSLLD   $16, Y15, Y15

#define END \
	VLDMXCSR mxcsr-48(SP)

// func gemmPairsAVX2(t *GemmTile)
//
// See gemmPairsGeneric. Registers as in gemmAVX2, but for Y14, the broadcast, and Y15,
// the mask of upper halves. In the frame also MXCSR as it was and with denormals zero.
TEXT ·gemmPairsAVX2(SB), NOSPLIT, $48-8
#include "gemm_avx2_amd64.h"
