//go:build !purego

#include "textflag.h"

// Both directions go along each row of windows eight at a time, then one by one.

DATA avgPoolQuarter<>+0(SB)/4, $0.25
GLOBL avgPoolQuarter<>(SB), RODATA|NOPTR, $4

// func avgPool2AVX2(y, x *float32, rows, n int)
//
// See avgPool2Generic. Registers:
//
//	DI  y     SI, DX  two rows of x     R8  rows left
//	R11  n    R10  bytes of a row of x  CX  windows left in the row
//	Y0, Y1  the rows' sums              Y7  1/4
TEXT ·avgPool2AVX2(SB), NOSPLIT, $0-32
	MOVQ         y+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         rows+16(FP), R8
	MOVQ         n+24(FP), R11
	MOVQ         R11, R10
	SHLQ         $3, R10
	VBROADCASTSS avgPoolQuarter<>(SB), Y7

row:
	LEAQ (SI)(R10*1), DX
	MOVQ R11, CX
	SUBQ $8, CX
	JLT  rest

eight:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VADDPS  (DX), Y0, Y0
	VADDPS  32(DX), Y1, Y1
	VHADDPS Y1, Y0, Y0
	VPERMPD $0xd8, Y0, Y0
	VMULPS  Y7, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $64, SI
	ADDQ    $64, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     eight

rest:
	ADDQ $8, CX
	JEQ  next

one:
	VMOVSS (SI), X0
	VMOVSS 4(SI), X1
	VADDSS (DX), X0, X0
	VADDSS 4(DX), X1, X1
	VADDSS X1, X0, X0
	VMULSS X7, X0, X0
	VMOVSS X0, (DI)
	ADDQ   $8, SI
	ADDQ   $8, DX
	ADDQ   $4, DI
	DECQ   CX
	JNE    one

next:
	MOVQ DX, SI
	DECQ R8
	JNE  row
	VZEROUPPER
	RET

// func avgPool2BackwardAVX2(dx, dy *float32, rows, n int)
//
// See avgPool2BackwardGeneric. Registers:
//
//	SI  dy    DI, DX  two rows of dx    R8  rows left
//	R11  n    R10  bytes of a row of dx CX  windows left in the row
//	Y0  quarters     Y1, Y2  each twice     Y7  1/4
TEXT ·avgPool2BackwardAVX2(SB), NOSPLIT, $0-32
	MOVQ         dx+0(FP), DI
	MOVQ         dy+8(FP), SI
	MOVQ         rows+16(FP), R8
	MOVQ         n+24(FP), R11
	MOVQ         R11, R10
	SHLQ         $3, R10
	VBROADCASTSS avgPoolQuarter<>(SB), Y7

row:
	LEAQ (DI)(R10*1), DX
	MOVQ R11, CX
	SUBQ $8, CX
	JLT  rest

eight:
	VMULPS    (SI), Y7, Y0
	VPERMPD   $0xd8, Y0, Y0
	VUNPCKLPS Y0, Y0, Y1
	VUNPCKHPS Y0, Y0, Y2
	VMOVUPS   Y1, (DI)
	VMOVUPS   Y2, 32(DI)
	VMOVUPS   Y1, (DX)
	VMOVUPS   Y2, 32(DX)
	ADDQ      $32, SI
	ADDQ      $64, DI
	ADDQ      $64, DX
	SUBQ      $8, CX
	JGE       eight

rest:
	ADDQ $8, CX
	JEQ  next

one:
	VMULSS (SI), X7, X0
	VMOVSS X0, (DI)
	VMOVSS X0, 4(DI)
	VMOVSS X0, (DX)
	VMOVSS X0, 4(DX)
	ADDQ   $4, SI
	ADDQ   $8, DI
	ADDQ   $8, DX
	DECQ   CX
	JNE    one

next:
	MOVQ DX, DI
	DECQ R8
	JNE  row
	VZEROUPPER
	RET
