//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "bf16_amd64.h"

// The register tile of gemm_avx512_amd64.s on pairs of bfloat16, for CPUs whose VDPBF16PS
// takes the place of a multiply-add and does two.

// ROW multiplies the broadcast of a pair of A, t being Z30 in even rows and Z31 in odd
// ones, into both halves of row i, LEFT into the left half alone.
#define ROW(addr, t, i, lo, hi) \
	VBROADCASTSS addr, t         \
	DPBF16(28, 30+(i)&1, 2*(i)); \
	DPBF16(29, 30+(i)&1, 2*(i)+1)

#define LEFT(addr, t, i, lo, hi) \
	VBROADCASTSS addr, t \
	DPBF16(28, 30+(i)&1, 2*(i))

// FULL, PART and HALF load one row of B and multiply by it.
#define FULL(ROWS) \
	VMOVUPS (BX), Z28   \
	VMOVUPS 64(BX), Z29 \
	ROWS(ROW)

#define PART(ROWS) \
	VMOVUPS.Z (BX), K1, Z28   \
	VMOVUPS.Z 64(BX), K2, Z29 \
	ROWS(ROW)

#define HALF(ROWS) \
	VMOVUPS.Z (BX), K1, Z28 \
	ROWS(LEFT)

#define BEGIN
#define END

// func gemmPairsAVX512(t *GemmTile)
//
// See gemmPairsGeneric. Registers as in gemmAVX512.
TEXT ·gemmPairsAVX512(SB), NOSPLIT, $40-8
#include "gemm_avx512_amd64.h"
#include "gemmloops_avx512_amd64.h"
