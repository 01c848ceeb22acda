//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "gemmfloat_avx2_amd64.h"

// The register tile of gemm_avx2_amd64.s, of one tile below the other: where they are is in
// the frame.

#define TILE_C(r)           c-48(SP)
#define TILE_A(r)           a-56(SP)
#define TILE_BIAS(r)        bias-64(SP)
#define TILE_PREFETCH(r)    prefetch-104(SP)
#define TILE_PREFETCHROW(r) prefetchRow-112(SP)

#define BEGIN

// END goes back for the next tile.
#define END \
	DECQ count-80(SP)                \
	JEQ  last                        \
	MOVQ next-88(SP), AX             \
	MOVQ AX, c-48(SP)                \
	MOVQ GemmTiles_ATile(R13), AX    \
	SHLQ $2, AX                      \
	ADDQ AX, a-56(SP)                \
	MOVQ GemmTiles_BiasTile(R13), AX \
	SHLQ $2, AX                      \
	ADDQ AX, bias-64(SP)             \
	MOVQ GemmTile_M(R13), AX         \
	SUBQ AX, below-72(SP)            \
	JMP  tile                        \
last:

// func gemmTilesAVX2(t *GemmTiles)
//
// See EachTile. Registers as in gemmAVX2. In the frame also where a tile is, the next one's
// C, the rows of C below it, the tiles left, what it fetches and where the next line is.
TEXT ·gemmTilesAVX2(SB), NOSPLIT, $112-8
	// Where the first tile is.
	MOVQ t+0(FP), R13
	MOVQ GemmTile_C(R13), AX
	MOVQ AX, c-48(SP)
	MOVQ GemmTile_A(R13), AX
	MOVQ AX, a-56(SP)
	MOVQ GemmTile_Bias(R13), AX
	MOVQ AX, bias-64(SP)
	MOVQ GemmTiles_Below(R13), AX
	MOVQ AX, below-72(SP)
	MOVQ GemmTiles_Count(R13), AX
	MOVQ AX, count-80(SP)
	LEAQ GemmTiles_Lines(R13), AX
	MOVQ AX, line-96(SP)

tile:
	MOVQ t+0(FP), R13
	MOVQ line-96(SP), AX
	MOVQ Line_At(AX), CX
	MOVQ CX, prefetch-104(SP)
	MOVQ Line_Row(AX), CX
	MOVQ CX, prefetchRow-112(SP)
	ADDQ $Line__size, AX
	MOVQ AX, line-96(SP)

	// Ask for the rows of C that the next tile writes.
	MOVQ    GemmTile_M(R13), DX
	MOVQ    GemmTile_CRow(R13), CX
	SHLQ    $2, CX
	MOVQ    DX, DI
	IMULQ   CX, DI
	ADDQ    c-48(SP), DI
	MOVQ    DI, next-88(SP)
	CMPQ    DX, below-72(SP)
	CMOVQGT below-72(SP), DX
	TESTQ   DX, DX
	JLE     asked

ask:
	PREFETCHT1 (DI)
	PREFETCHT1 64(DI)
	ADDQ       CX, DI
	DECQ       DX
	JNE        ask

asked:
#include "gemm_avx2_amd64.h"
