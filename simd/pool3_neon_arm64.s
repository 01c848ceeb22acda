//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// COLUMNS reads the columns 2j, 2j+1 and 2j+2 of a row, for four j, into V0, V1
// and V3.
#define COLUMNS(row) \
	ADD  R9<<3, row, R11         \
	VLD2 (R11), [V0.S4, V1.S4]   \
	ADD  $4, R11                 \
	VLD2 (R11), [V2.S4, V3.S4]

// PICK lets v, at the next place, win where it is above the best or NaN: all but
// where it is a number and not above.
#define PICK(v) \
	ADD4S(28, 18, 18)  \
	FCMGT4S(16, v, 24) \
	FCMEQ4S(v, v, 25)  \
	BIC16B(24, 25, 26) \
	BIF16B(26, v, 16)  \
	BIF16B(26, 18, 17)

// func maxPool3NEON(y []float32, arg []uint8, x []float32, h, w int, relu bool)
//
// It needs w >= 9. The last vector of a row of y ends with it and may overlap
// the one before, which then writes the same values twice.
//
//	R0  y     R1  arg    R2, R3, R4  rows of x     R5  columns of y
//	R6  rows of y        R7  bytes of 2 rows of x  R8  end of y
//	R9  column           R10 first column of the last vector
//	R11 scratch          R12 relu     R13 h        R14 rows left of this plane
//	V0..V3  x            V16 maxima   V17 places   V18 place of the pick at hand
//	V24..V26 scratch     V28 1
TEXT ·maxPool3NEON(SB), NOSPLIT, $0-89
	MOVD  y_base+0(FP), R0
	MOVD  y_len+8(FP), R8
	ADD   R8<<2, R0, R8
	MOVD  arg_base+24(FP), R1
	MOVD  x_base+48(FP), R2
	MOVD  h+72(FP), R13
	MOVD  w+80(FP), R7
	MOVBU relu+88(FP), R12
	ADD   R7<<2, R2, R3
	ADD   R7<<2, R3, R4
	SUB   $1, R13, R6
	LSR   $1, R6, R6
	SUB   $1, R7, R5
	LSR   $1, R5, R5
	LSL   $3, R7, R7
	SUB   $4, R5, R10
	MOVD  $1, R11
	VDUP  R11, V28.S4

plane:
	CMP  R8, R0
	BHS  done
	MOVD R6, R14

row:
	MOVD $0, R9

block:  // 4 columns of y
	COLUMNS(R2)
	MOV16B(0, 16)
	VEOR  V17.B16, V17.B16, V17.B16
	VEOR  V18.B16, V18.B16, V18.B16
	PICK(1)
	PICK(3)
	COLUMNS(R3)
	PICK(0)
	PICK(1)
	PICK(3)
	COLUMNS(R4)
	PICK(0)
	PICK(1)
	PICK(3)
	CBZ   R12, store
	ADD4S(28, 18, 18)
	FCMGTZ4S(16, 24)
	BIF16B(24, 18, 17) // 9 unless above 0
	FCMLTZ4S(16, 25)
	BIC16B(25, 16, 16)

store:
	ADD   R9<<2, R0, R11
	VST1  [V16.S4], (R11)
	CBZ   R1, step
	XTN4H(17, 17)
	XTN8B(17, 17)
	ADD   R9, R1, R11
	FMOVS F17, (R11)

step:
	ADD  $4, R9
	CMP  R10, R9
	BLE  block
	CMP  R5, R9
	BGE  next
	MOVD R10, R9
	B    block

next:
	ADD R5<<2, R0
	ADD R7, R2
	ADD R7, R3
	ADD R7, R4
	CBZ R1, rowDone
	ADD R5, R1

rowDone:
	SUBS $1, R14, R14
	BNE  row
	MOVD R3, R2          // the last row that a window covers is 1 row on,
	TBNZ $0, R13, nextPlane
	MOVD R4, R2          // an even h has another

nextPlane:
	ADD R7>>1, R2, R3
	ADD R7>>1, R3, R4
	B   plane

done:
	RET
