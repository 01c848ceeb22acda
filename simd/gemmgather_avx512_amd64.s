//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// The register tile of gemm_avx512_amd64.s, which packs B as it multiplies: stores and
// most loads are free in its loops, so that what a panel costs its first tile is little.

// GROW multiplies the broadcast of element i of a column of A into row i of the tile.
#define GROW(i, t, lo, hi) \
	VBROADCASTSS 4*i(SI), t \
	VFMADD231PS  Z28, t, lo \
	VFMADD231PS  Z29, t, hi

// GROWSn is GROW for the first n rows.
#define GROWS1 \
	GROW(0, Z30, Z0, Z1)
#define GROWS2 GROWS1 \
	GROW(1, Z31, Z2, Z3)
#define GROWS3 GROWS2 \
	GROW(2, Z30, Z4, Z5)
#define GROWS4 GROWS3 \
	GROW(3, Z31, Z6, Z7)
#define GROWS5 GROWS4 \
	GROW(4, Z30, Z8, Z9)
#define GROWS6 GROWS5 \
	GROW(5, Z31, Z10, Z11)
#define GROWS7 GROWS6 \
	GROW(6, Z30, Z12, Z13)
#define GROWS8 GROWS7 \
	GROW(7, Z31, Z14, Z15)
#define GROWS9 GROWS8 \
	GROW(8, Z30, Z16, Z17)
#define GROWS10 GROWS9 \
	GROW(9, Z31, Z18, Z19)
#define GROWS11 GROWS10 \
	GROW(10, Z30, Z20, Z21)
#define GROWS12 GROWS11 \
	GROW(11, Z31, Z22, Z23)
#define GROWS13 GROWS12 \
	GROW(12, Z30, Z24, Z25)
#define GROWS14 GROWS13 \
	GROW(13, Z31, Z26, Z27)

// GLOOP is all of k for one height of the tile: a row of B is put together from its runs,
// packed, and multiplied by. (Loops that are aligned keep Go's assembler from ending.)
#define GLOOP(entry, next, GROWS) \
entry:                              \
next:                               \
	MOVLQSX    (BX), DX             \
	VMOVUPS.Z  (R8)(DX*4), K3, Z28  \
	VMOVUPS.Z  (R10)(DX*4), K5, Z29 \
	VMOVUPS    (R9)(DX*4), K4, Z28  \
	VMOVUPS    (R11)(DX*4), K6, Z29 \
	PREFETCHT1 (R12)                \
	ADDQ       AX, R12              \
	VMOVUPS    Z28, (DI)            \
	VMOVUPS    Z29, 64(DI)          \
	GROWS                           \
	ADDQ       $4, BX               \
	ADDQ       $128, DI             \
	ADDQ       R13, SI              \
	DECQ       CX                   \
	JNE        next                 \
	JMP        end

// RUN makes the mask of a run and the address of what would be its lane 0, or 16.
#define RUN(base, k) \
	MOVQ  GatherRun_Lane(R12), CX  \
	ANDQ  $15, CX                  \
	MOVQ  GatherRun_N(R12), DX     \
	MOVL  $-1, AX                  \
	BZHIL DX, AX, AX               \
	SHLXL CX, AX, AX               \
	KMOVW AX, k                    \
	MOVQ  GatherRun_Src(R12), base \
	SHLQ  $2, CX                   \
	SUBQ  CX, base                 \
	ADDQ  $GatherRun__size, R12

#define BEGIN
#define END

// func gemmGatherAVX512(t *GemmTile, rows *GatherRows)
//
// See gemmGatherGeneric. Registers of the loops:
//
//	SI   a(l)             R13  t, then aCol          CX   k left
//	BX   offsets          DX   this one              DI   row l of B as packed
//	R8-R11  lane 0 or 16 of each run                 R12, AX  prefetch and its step
//	K1, K2  columns 0-15, 16-31                      K3-K6  lanes of each run
//	Z0-Z27  the tile, row i in Z(2i), Z(2i+1)   Z28, Z29  row of B   Z30, Z31  broadcasts
TEXT ·gemmGatherAVX512(SB), NOSPLIT, $0-16
#include "gemm_avx512_amd64.h"

begun:
	MOVQ rows+8(FP), BX
	LEAQ GatherRows_Runs(BX), R12
	RUN(R8, K3)
	RUN(R9, K4)
	RUN(R10, K5)
	RUN(R11, K6)
	MOVQ GatherRows_Offsets(BX), BX
	MOVQ GemmTile_A(R13), SI
	MOVQ GemmTile_B(R13), DI
	MOVQ GemmTile_K(R13), CX
	MOVQ GemmTile_M(R13), DX

	// Without a place to fetch, tiles touch the stack, again and again.
	MOVQ  GemmTile_Prefetch(R13), R12
	MOVQ  GemmTile_PrefetchRow(R13), AX
	SHLQ  $2, AX
	MOVQ  GemmTile_ACol(R13), R13
	SHLQ  $2, R13
	TESTQ R12, R12
	JNE   heights
	LEAQ  t+0(FP), R12
	XORQ  AX, AX

heights:
	HEIGHTS(tile1, tile2, tile3, tile4, tile5, tile6, tile7, tile8, tile9, tile10, tile11, tile12, tile13, tile14, tile5to7)

	GLOOP(tile14, tile14k, GROWS14)
	GLOOP(tile13, tile13k, GROWS13)
	GLOOP(tile12, tile12k, GROWS12)
	GLOOP(tile11, tile11k, GROWS11)
	GLOOP(tile10, tile10k, GROWS10)
	GLOOP(tile9, tile9k, GROWS9)
	GLOOP(tile8, tile8k, GROWS8)
	GLOOP(tile7, tile7k, GROWS7)
	GLOOP(tile6, tile6k, GROWS6)
	GLOOP(tile5, tile5k, GROWS5)
	GLOOP(tile4, tile4k, GROWS4)
	GLOOP(tile3, tile3k, GROWS3)
	GLOOP(tile2, tile2k, GROWS2)
	GLOOP(tile1, tile1k, GROWS1)
