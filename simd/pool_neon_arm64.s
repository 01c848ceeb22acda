//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// PICK leaves the winner of a and b in a, b being later in row-major order, and
// all ones in keep where it is a: b is a number and not b > a.
#define PICK(a, b, keep) \
	FCMGT4S(a, b, 24)    \
	FCMEQ4S(b, b, 25)    \
	BIC16B(24, 25, keep) \
	BIF16B(keep, b, a)

// func maxPool2NEON(y []float32, arg []uint8, x []float32, h, w int, relu bool)
//
// It needs w >= 8. The last vector of a row of y ends with it and may overlap
// the one before, which then writes the same values twice.
//
//	R0  y     R1  arg    R2  upper row   R3  lower row
//	R4  columns of y     R5  rows of y   R6  bytes of 2 rows of x
//	R7  end of y         R8  rows left of this plane
//	R9  column           R10 first column of the last vector
//	R11 scratch          R12 relu        R13 h
//	V0..V3  x, then maxima in V0         V16..V18  who won     V19, V20  places
//	V21..V25 scratch     V28 1           V29 2     V30 4
TEXT ·maxPool2NEON(SB), NOSPLIT, $0-89
	MOVD  y_base+0(FP), R0
	MOVD  y_len+8(FP), R7
	ADD   R7<<2, R0, R7
	MOVD  arg_base+24(FP), R1
	MOVD  x_base+48(FP), R2
	MOVD  h+72(FP), R13
	MOVD  w+80(FP), R6
	MOVBU relu+88(FP), R12
	ADD   R6<<2, R2, R3
	LSR   $1, R13, R5
	LSR   $1, R6, R4
	LSL   $3, R6, R6
	SUB   $4, R4, R10
	MOVD  $1, R11
	VDUP  R11, V28.S4
	MOVD  $2, R11
	VDUP  R11, V29.S4
	MOVD  $4, R11
	VDUP  R11, V30.S4

plane:
	CMP  R7, R0
	BHS  done
	MOVD R5, R8

row:
	MOVD $0, R9

block:  // 4 columns of y
	ADD  R9<<3, R2, R11
	VLD2 (R11), [V0.S4, V1.S4]
	ADD  R9<<3, R3, R11
	VLD2 (R11), [V2.S4, V3.S4]
	PICK(0, 1, 16)
	PICK(2, 3, 17)
	PICK(0, 2, 18)
	BIC16B(16, 28, 19)         // 0 or 1
	BIC16B(17, 28, 20)
	ORR16B(29, 20, 20)         // 2 or 3
	BIF16B(18, 20, 19)
	CBZ  R12, store
	FCMGTZ4S(0, 21)
	BIF16B(21, 30, 19)         // 4 unless above 0
	FCMLTZ4S(0, 22)
	BIC16B(22, 0, 0)

store:
	ADD   R9<<2, R0, R11
	VST1  [V0.S4], (R11)
	CBZ   R1, step
	XTN4H(19, 19)
	XTN8B(19, 19)
	ADD   R9, R1, R11
	FMOVS F19, (R11)

step:
	ADD  $4, R9
	CMP  R10, R9
	BLE  block
	CMP  R4, R9
	BGE  next
	MOVD R10, R9
	B    block

next:
	ADD R4<<2, R0
	ADD R6, R2
	ADD R6, R3
	CBZ R1, rowDone
	ADD R4, R1

rowDone:
	SUBS $1, R8, R8
	BNE  row
	TBZ  $0, R13, plane
	ADD  R6>>1, R2      // the odd last row
	ADD  R6>>1, R3
	B    plane

done:
	RET

// func maxPool2BackwardNEON(dx, dy []float32, arg []uint8, h, w int)
//
// It needs w >= 8, and cuts rows as maxPool2NEON does.
//
//	R0  upper row of dx  R1  lower row   R2  dy     R3  arg
//	R4  columns of dy    R5  rows of dy  R6  bytes of 2 rows of dx
//	R7  end of dy        R8  rows left of this plane
//	R9  column           R10 first column of the last vector
//	R11 scratch          R12 w           R13 h
//	V0  dy    V1  places V4..V7  dx      V28..V31  0..3
TEXT ·maxPool2BackwardNEON(SB), NOSPLIT, $0-88
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R2
	MOVD dy_len+32(FP), R7
	ADD  R7<<2, R2, R7
	MOVD arg_base+48(FP), R3
	MOVD h+72(FP), R13
	MOVD w+80(FP), R12
	ADD  R12<<2, R0, R1
	LSR  $1, R13, R5
	LSR  $1, R12, R4
	LSL  $3, R12, R6
	SUB  $4, R4, R10
	VEOR V28.B16, V28.B16, V28.B16
	MOVD $1, R11
	VDUP R11, V29.S4
	MOVD $2, R11
	VDUP R11, V30.S4
	MOVD $3, R11
	VDUP R11, V31.S4

plane:
	CMP  R7, R2
	BHS  done
	MOVD R5, R8

row:
	MOVD $0, R9

block:  // 4 columns of dy
	ADD   R9<<2, R2, R11
	VLD1  (R11), [V0.S4]
	ADD   R9, R3, R11
	FMOVS (R11), F1
	VUXTL V1.B8, V1.H8
	VUXTL V1.H4, V1.S4
	VCMEQ V1.S4, V28.S4, V4.S4
	VCMEQ V1.S4, V29.S4, V5.S4
	VCMEQ V1.S4, V30.S4, V6.S4
	VCMEQ V1.S4, V31.S4, V7.S4
	VAND  V0.B16, V4.B16, V4.B16
	VAND  V0.B16, V5.B16, V5.B16
	VAND  V0.B16, V6.B16, V6.B16
	VAND  V0.B16, V7.B16, V7.B16
	ADD   R9<<3, R0, R11
	VST2  [V4.S4, V5.S4], (R11)
	ADD   R9<<3, R1, R11
	VST2  [V6.S4, V7.S4], (R11)
	ADD   $4, R9
	CMP   R10, R9
	BLE   block
	CMP   R4, R9
	BGE   next
	MOVD  R10, R9
	B     block

next:
	TBZ  $0, R12, even
	ADD  R4<<3, R0, R11 // the odd last column
	MOVW ZR, (R11)
	ADD  R4<<3, R1, R11
	MOVW ZR, (R11)

even:
	ADD  R4<<2, R2
	ADD  R4, R3
	ADD  R6, R0
	ADD  R6, R1
	SUBS $1, R8, R8
	BNE  row
	TBZ  $0, R13, plane
	MOVD R12, R11       // the odd last row

zero:
	MOVW.P ZR, 4(R0)
	SUBS   $1, R11, R11
	BNE    zero
	ADD    R6>>1, R1
	B      plane

done:
	RET
