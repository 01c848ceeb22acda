//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// COLUMNS reads the columns 2j, 2j+1 and 2j+2 of a row, for four j, into V0, V1
// and V3.
#define COLUMNS(row) \
	ADD  R9<<3, row, R11       \
	VLD2 (R11), [V0.S4, V1.S4] \
	ADD  $4, R11               \
	VLD2 (R11), [V2.S4, V3.S4]

#define COLUMN0 0
#define COLUMN1 1
#define COLUMN2 3
#define BEST 16
#define PLACES 17
#define PLACE 18
#define BEYOND 24
#define NUMBER 25
#define KEEP 26
#define ONE 28
#define POSITIVE 24
#define NEGATIVE 25

// PICK lets v, at the next place, win where it is above the best or NaN: all but
// where it is a number and not above.
#define PICK(v) \
	ADD4S(ONE, PLACE, PLACE)     \
	FCMGT4S(BEST, v, BEYOND)     \
	FCMEQ4S(v, v, NUMBER)        \
	BIC16B(BEYOND, NUMBER, KEEP) \
	BIF16B(KEEP, v, BEST)        \
	BIF16B(KEEP, PLACE, PLACES)

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
	MOV16B(COLUMN0, BEST)
	EOR16B(PLACES, PLACES, PLACES)
	EOR16B(PLACE, PLACE, PLACE)
	PICK(COLUMN1)
	PICK(COLUMN2)
	COLUMNS(R3)
	PICK(COLUMN0)
	PICK(COLUMN1)
	PICK(COLUMN2)
	COLUMNS(R4)
	PICK(COLUMN0)
	PICK(COLUMN1)
	PICK(COLUMN2)
	CBZ   R12, store
	ADD4S(ONE, PLACE, PLACE)
	FCMGTZ4S(BEST, POSITIVE)
	BIF16B(POSITIVE, PLACE, PLACES) // 9 unless above 0
	FCMLTZ4S(BEST, NEGATIVE)
	BIC16B(NEGATIVE, BEST, BEST)

store:
	ADD   R9<<2, R0, R11
	VST1  [V16.S4], (R11)
	CBZ   R1, step
	XTN4H(PLACES, PLACES)
	XTN8B(PLACES, PLACES)
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
