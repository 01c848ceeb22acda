//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The register tile of a matrix product, up to 14 x 32. For each k one row of B
// (two vectors) is loaded, and each of the m elements of A is broadcast and
// multiplied into its row of accumulators: 28 multiply-adds for 16 loads. Every
// m from 1 to 14 has a loop of its own, so a product whose M is no multiple of
// 14 loses nothing; n <= 16 has a second set that leaves out the right half, and
// n < 32 one that reads B under masks. (Whole rows are read and written without:
// some CPUs fetch nothing ahead of a masked load, even where every lane is on.)
//
// Rows of A are addressed from two bases with the multiples 1, 2, 3, 4, 5, 7 of
// the row distance, so A need not be packed.

// ROW multiplies the broadcast of one element of A into both halves of a row, LEFT
// into the left half alone.
#define ROW(addr, t, i, lo, hi) \
	VBROADCASTSS addr, t       \
	VFMADD231PS  Z28, t, lo    \
	VFMADD231PS  Z29, t, hi

#define LEFT(addr, t, i, lo, hi) \
	VBROADCASTSS addr, t       \
	VFMADD231PS  Z28, t, lo

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

// func gemmAVX512(t *GemmTile)
//
// See gemmGeneric. Registers of the loops:
//
//	SI   a(0, l)          R8   a(8, l)          BX   b(o, q, 0)
//	R9   aRow             R10  3 aRow           R11  5 aRow          R12  7 aRow
//	R13  t, then aCol     DX   m, then bRow     (all distances in bytes)
//	CX   k left           DI   prefetch         AX   its step, or 0 without
//	K1, K2  columns 0-15, 16-31
//	In the frame: bRow, k, aJump - k aCol, bJump - k bRow, and what is left of kOuter
//	Z0-Z27  the tile, row i in Z(2i), Z(2i+1)   Z28, Z29  row of B   Z30, Z31  broadcasts
TEXT ·gemmAVX512(SB), NOSPLIT, $40-8
#include "gemm_avx512_amd64.h"
#include "gemmloops_avx512_amd64.h"
