//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

#define LEFT 0
#define RIGHT 1
#define BELOWLEFT 2
#define BELOWRIGHT 3
#define KEEP 16
#define KEEPBELOW 17
#define KEEPABOVE 18
#define PLACE 19
#define PLACEBELOW 20
#define POSITIVE 21
#define NEGATIVE 22
#define BEYOND 24
#define NUMBER 25
#define ONE 28
#define TWO 29
#define FOUR 30

// PICK leaves the winner of a and b in a, b being later in row-major order, and
// all ones in keep where it is a: b is a number and not b > a.
#define PICK(a, b, keep) \
	FCMGT4S(a, b, BEYOND)        \
	FCMEQ4S(b, b, NUMBER)        \
	BIC16B(BEYOND, NUMBER, keep) \
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
	PICK(LEFT, RIGHT, KEEP)
	PICK(BELOWLEFT, BELOWRIGHT, KEEPBELOW)
	PICK(LEFT, BELOWLEFT, KEEPABOVE)
	BIC16B(KEEP, ONE, PLACE)         // 0 or 1
	BIC16B(KEEPBELOW, ONE, PLACEBELOW)
	ORR16B(TWO, PLACEBELOW, PLACEBELOW)         // 2 or 3
	BIF16B(KEEPABOVE, PLACEBELOW, PLACE)
	CBZ  R12, store
	FCMGTZ4S(LEFT, POSITIVE)
	BIF16B(POSITIVE, FOUR, PLACE)         // 4 unless above 0
	FCMLTZ4S(LEFT, NEGATIVE)
	BIC16B(NEGATIVE, LEFT, LEFT)

store:
	ADD   R9<<2, R0, R11
	VST1  [V0.S4], (R11)
	CBZ   R1, step
	XTN4H(PLACE, PLACE)
	XTN8B(PLACE, PLACE)
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

#define DY 0
#define DX0 4
#define DX1 5
#define DX2 6
#define DX3 7
#define PLACE0 28

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
	EOR16B(PLACE0, PLACE0, PLACE0)
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
	AND16B(DY, DX0, DX0)
	AND16B(DY, DX1, DX1)
	AND16B(DY, DX2, DX2)
	AND16B(DY, DX3, DX3)
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
