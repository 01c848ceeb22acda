//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// The register tile of a matrix product, up to 8 x 12, with the rows of A
// interleaved. For each k eight elements of A and twelve of B are loaded, and
// each row of accumulators takes the row of B times one lane of A. In the loop
// of the full tile 96 of 106 instructions are multiply-adds.
//
// There are no masks, and nothing outside the tile may be touched. So an edge is
// covered by vectors that overlap: with 4 < m < 8 the upper four rows begin at
// m-4, with 4 < n < 12 the last vector of a row begins at n-4; fewer than four
// rows or columns are loaded lane by lane. Every m has its own loop, which leaves
// out the rows that the lower four cover already.

// FULLSTEP is one k of the full tile.
#define FULLSTEP \
	VLD1.P (R0)(R4), [V0.S4, V1.S4]        \
	VLD1.P (R1)(R7), [V2.S4, V3.S4, V4.S4] \
	LAST4(ROW3, A0, LOWER)                 \
	LAST4(ROW3, A1, UPPER)

#define ONE(LOADA, LOADB, MULTIPLY4, MULTIPLY) \
	LOADA(MOVE) \
	LOADB(MOVE) \
	MULTIPLY4   \
	MULTIPLY

#define BEGIN
#define END

// func gemmNEON(t *GemmTile)
//
// See gemmGeneric; nothing is fetched ahead. Registers (distances in bytes):
//
//	R0         A            R1         B            R4   aCol     R7   bRow
//	R0, R19    A, rows 0 and m-4 on (R19 is t before) R8   bJump - k bRow   R21  aJump - k aCol
//	R0, R19, R20  A, row by row (m < 4)             R9   k        R6   k left
//	R1-R3      B, columns 0, 4, n-4 on, or column by column (n < 4)
//	R22        kOuter left  R23  m     R24  n       R25  mode     R26  c
//	R10-R12    steps between rows 0-3               R13  upper four rows
//	R14, R15   second and third vector of a row     R16, R17  steps between columns
//	V0-V7 and the tile in V8-V31 as above
TEXT ·gemmNEON(SB), NOSPLIT, $0-8
#include "gemm_neon_arm64.h"
