//go:build !purego

#include "textflag.h"

// func prefetchNEON(src *float32, offsets *int32, count int)
//
// See prefetchGeneric: to the second-level cache. Registers:
//
//	R0  src     R1  offsets     R2  count     R3  place
TEXT ·prefetchNEON(SB), NOSPLIT, $0-24
	MOVD src+0(FP), R0
	MOVD offsets+8(FP), R1
	MOVD count+16(FP), R2

place:
	MOVW.P 4(R1), R3
	ADD    R3<<2, R0, R3
	PRFM   (R3), PLDL2KEEP
	PRFM   64(R3), PLDL2KEEP
	SUBS   $1, R2, R2
	BNE    place
	RET
