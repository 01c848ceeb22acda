//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "gemmfloat_avx2_amd64.h"
#include "gemmone_avx2_amd64.h"

// The register tile of a matrix product, up to 6 x 16: see gemm_avx512_amd64.s,
// whose structure this follows with vectors of 8. There are no mask registers,
// so a tile with n < 16 loads and stores through VMASKMOVPS; whole tiles don't,
// because masked stores are slow on some CPUs.

#define BEGIN
#define END

// func gemmAVX2(t *GemmTile)
//
// See gemmGeneric. Registers of the loops:
//
//	SI   a(0, l)          BX   b(o, q, 0)       R8, R12  scratch
//	R9   aRow             R10  3 aRow           R11  5 aRow
//	R13  t, then aCol     DX   m, then bRow     (all distances in bytes)
//	CX   k left           DI   prefetch         AX   its step, or 0 without
//	In the frame: bRow, k, aJump - k aCol, bJump - k bRow, and what is left of kOuter
//	Y0-Y11  the tile, row i in Y(2i), Y(2i+1)   Y12, Y13  row of B or masks   Y14, Y15  broadcasts
TEXT ·gemmAVX2(SB), NOSPLIT, $40-8
#include "gemm_avx2_amd64.h"
