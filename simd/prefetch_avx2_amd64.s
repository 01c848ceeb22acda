//go:build !purego

#include "textflag.h"

// func prefetchAVX2(src *float32, offsets *int32, count int)
//
// See prefetchGeneric: to the second-level cache. Registers:
//
//	SI  src     DI  offsets     CX  count     AX  place
TEXT ·prefetchAVX2(SB), NOSPLIT, $0-24
	MOVQ src+0(FP), SI
	MOVQ offsets+8(FP), DI
	MOVQ count+16(FP), CX

place:
	MOVLQSX    (DI), AX
	ADDQ       $4, DI
	PREFETCHT1 (SI)(AX*4)
	PREFETCHT1 64(SI)(AX*4)
	DECQ       CX
	JNE        place
	RET
