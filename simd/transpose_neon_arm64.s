//go:build !purego

#include "textflag.h"

// Blocks of 4 x 4 are transposed in registers. The last block of four or more
// rows or columns overlaps the one before; narrower matrices go element by
// element.

// func transposeNEON(dst, src *float32, rows, cols, dstRow, srcRow int)
//
// See transposeGeneric. Registers (distances in bytes):
//
//	R0, R1  dst and src of the row block   R2, R3  rows left, cols left
//	R4, R5  dstRow, srcRow                 R6      cols
//	R7, R8  dst and src of the block       R9-R11  cursors, scratch
//	V0-V3   rows   V4-V7 pairs of them     V16-V19 columns
TEXT ·transposeNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD cols+24(FP), R6
	MOVD dstRow+32(FP), R4
	LSL  $2, R4, R4
	MOVD srcRow+40(FP), R5
	LSL  $2, R5, R5
	CMP  $4, R2
	BLT  narrow
	CMP  $4, R6
	BLT  narrow

rowBlock:
	MOVD R0, R7
	MOVD R1, R8
	MOVD R6, R3

block:
	MOVD   R8, R9
	VLD1.P (R9)(R5), [V0.S4]
	VLD1.P (R9)(R5), [V1.S4]
	VLD1.P (R9)(R5), [V2.S4]
	VLD1   (R9), [V3.S4]
	VTRN1  V1.S4, V0.S4, V4.S4   // r0c0 r1c0 r0c2 r1c2
	VTRN2  V1.S4, V0.S4, V5.S4   // r0c1 r1c1 r0c3 r1c3
	VTRN1  V3.S4, V2.S4, V6.S4
	VTRN2  V3.S4, V2.S4, V7.S4
	VTRN1  V6.D2, V4.D2, V16.D2
	VTRN1  V7.D2, V5.D2, V17.D2
	VTRN2  V6.D2, V4.D2, V18.D2
	VTRN2  V7.D2, V5.D2, V19.D2
	MOVD   R7, R10
	VST1.P [V16.S4], (R10)(R4)
	VST1.P [V17.S4], (R10)(R4)
	VST1.P [V18.S4], (R10)(R4)
	VST1   [V19.S4], (R10)
	SUBS   $4, R3, R3
	BLE    nextRows
	ADD    $16, R8
	ADD    R4<<2, R7
	CMP    $4, R3
	BGE    block
	MOVD   $4, R9                // back by 4-R3 columns
	SUB    R3, R9, R9
	MOVD   $4, R3
	SUB    R9<<2, R8
	MSUB   R9, R7, R4, R7
	B      block

nextRows:
	SUBS $4, R2, R2
	BLE  done
	ADD  $16, R0
	ADD  R5<<2, R1
	CMP  $4, R2
	BGE  rowBlock
	MOVD $4, R9                  // back by 4-R2 rows
	SUB  R2, R9, R9
	MOVD $4, R2
	SUB  R9<<2, R0
	MSUB R9, R1, R5, R1
	B    rowBlock

narrow: // one row of src into one column of dst
	MOVD R0, R7
	MOVD R1, R8
	MOVD R6, R3

element:
	FMOVS.P 4(R8), F0
	FMOVS   F0, (R7)
	ADD     R4, R7
	SUBS    $1, R3, R3
	BNE     element
	ADD     $4, R0
	ADD     R5, R1
	SUBS    $1, R2, R2
	BNE     narrow

done:
	RET
