//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The register tile of gemmpairs_avx512_amd64.s for CPUs without a quick VDPBF16PS: the upper
// halves of pairs, which are float32 already, then the lower ones, by multiply-adds.

// ODD multiplies the upper half of a pair of A into both halves of a row, EVEN the
// lower one; ODDLEFT and EVENLEFT into the left half alone. The product with the row of
// B is as in gemm_avx512_amd64.s.
#define ODD(addr, t, i, lo, hi) \
	VPANDD.BCST addr, Z31, Z30 \
	VFMADD231PS Z28, Z30, lo   \
	VFMADD231PS Z29, Z30, hi

#define EVEN(addr, t, i, lo, hi) \
	VPSLLD.BCST $16, addr, Z30 \
	VFMADD231PS Z28, Z30, lo   \
	VFMADD231PS Z29, Z30, hi

#define ODDLEFT(addr, t, i, lo, hi) \
	VPANDD.BCST addr, Z31, Z30 \
	VFMADD231PS Z28, Z30, lo

#define EVENLEFT(addr, t, i, lo, hi) \
	VPSLLD.BCST $16, addr, Z30 \
	VFMADD231PS Z28, Z30, lo

// FULL, PART and HALF load the halves of one row of B and multiply by them.
#define FULL(ROWS) \
	VPANDD (BX), Z31, Z28   \
	VPANDD 64(BX), Z31, Z29 \
	ROWS(ODD)               \
	VPSLLD $16, (BX), Z28   \
	VPSLLD $16, 64(BX), Z29 \
	ROWS(EVEN)

#define PART(ROWS) \
	VPANDD.Z (BX), Z31, K1, Z28   \
	VPANDD.Z 64(BX), Z31, K2, Z29 \
	ROWS(ODD)                     \
	VPSLLD.Z $16, (BX), K1, Z28   \
	VPSLLD.Z $16, 64(BX), K2, Z29 \
	ROWS(EVEN)

#define HALF(ROWS) \
	VPANDD.Z (BX), Z31, K1, Z28 \
	ROWS(ODDLEFT)               \
	VPSLLD.Z $16, (BX), K1, Z28 \
	ROWS(EVENLEFT)

// Denormal numbers are zero for VDPBF16PS, whatever MXCSR says, so they are here too,
// until END.
#define BEGIN \
	VSTMXCSR     mxcsr-48(SP)           \
	MOVL         mxcsr-48(SP), AX       \
	ORL          $0x8040, AX            \
	MOVL         AX, flush-44(SP)       \
	VLDMXCSR     flush-44(SP)           \
	MOVL         $0xffff0000, AX        \
	VPBROADCASTD AX, Z31

#define END \
	VLDMXCSR mxcsr-48(SP)

// func gemmPairsFMAAVX512(t *GemmTile)
//
// See gemmPairsGeneric. Registers as in gemmAVX512, but for Z30, the broadcast, and Z31,
// the mask of upper halves. In the frame also MXCSR as it was and with denormals zero.
TEXT ·gemmPairsFMAAVX512(SB), NOSPLIT, $48-8
#include "gemm_avx512_amd64.h"
#include "gemmloops_avx512_amd64.h"
