//go:build !purego

#include "textflag.h"

// func gatherNEON(dst, src *float32, offsets *int32, count, dstRow, n int)
//
// See gatherGeneric. Runs go in strips of 16, of 12 if that is what is left.
// Otherwise what is left is copied as two vectors that may overlap, of the widest
// kind that fits.
//
//	R0  dst of the strip    R1  src of the strip    R2  offsets    R3  count
//	R4  dstRow, bytes       R5  n left
//	R6  cursor in offsets   R7  cursor in dst       R8  runs left
//	R9  address of a run    R10 where the second vector begins, bytes
//	R11 that in src         R12 that in dst
TEXT ·gatherNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD offsets+16(FP), R2
	MOVD count+24(FP), R3
	MOVD dstRow+32(FP), R4
	LSL  $2, R4, R4
	MOVD n+40(FP), R5

strip:
	MOVD R2, R6
	MOVD R0, R7
	MOVD R3, R8
	CMP  $16, R5
	BGE  runs16
	CMP  $12, R5
	BEQ  runs12
	SUBS $8, R5, R10
	BGE  runs8to15
	ADDS $4, R10, R10
	BGE  runs4to7
	ADDS $2, R10, R10
	BGE  runs2to3

run1:
	MOVW.P 4(R6), R9
	ADD    R9<<2, R1, R9
	FMOVS  (R9), F0
	FMOVS  F0, (R7)
	ADD    R4, R7
	SUBS   $1, R8, R8
	BNE    run1
	RET

runs2to3:
	LSL $2, R10, R10

pair:
	MOVW.P 4(R6), R9
	ADD    R9<<2, R1, R9
	ADD    R10, R9, R11
	ADD    R10, R7, R12
	FMOVD  (R9), F0
	FMOVD  (R11), F1
	FMOVD  F0, (R7)
	FMOVD  F1, (R12)
	ADD    R4, R7
	SUBS   $1, R8, R8
	BNE    pair
	RET

runs4to7:
	LSL $2, R10, R10

quad:
	MOVW.P 4(R6), R9
	ADD    R9<<2, R1, R9
	ADD    R10, R9, R11
	ADD    R10, R7, R12
	FMOVQ  (R9), F0
	FMOVQ  (R11), F1
	FMOVQ  F0, (R7)
	FMOVQ  F1, (R12)
	ADD    R4, R7
	SUBS   $1, R8, R8
	BNE    quad
	RET

runs8to15:
	LSL $2, R10, R10

octet:
	MOVW.P 4(R6), R9
	ADD    R9<<2, R1, R9
	ADD    R10, R9, R11
	ADD    R10, R7, R12
	FLDPQ  (R9), (F0, F1)
	FLDPQ  (R11), (F2, F3)
	FSTPQ  (F0, F1), (R7)
	FSTPQ  (F2, F3), (R12)
	ADD    R4, R7
	SUBS   $1, R8, R8
	BNE    octet
	RET

runs12:
	MOVW.P 4(R6), R9
	ADD    R9<<2, R1, R9
	FLDPQ  (R9), (F0, F1)
	FMOVQ  32(R9), F2
	FSTPQ  (F0, F1), (R7)
	FMOVQ  F2, 32(R7)
	ADD    R4, R7
	SUBS   $1, R8, R8
	BNE    runs12
	RET

runs16:
	MOVW.P 4(R6), R9
	ADD    R9<<2, R1, R9
	FLDPQ  (R9), (F0, F1)
	FLDPQ  32(R9), (F2, F3)
	FSTPQ  (F0, F1), (R7)
	FSTPQ  (F2, F3), 32(R7)
	ADD    R4, R7
	SUBS   $1, R8, R8
	BNE    runs16
	ADD    $64, R0
	ADD    $64, R1
	SUBS   $16, R5, R5
	BGT    strip
	RET
