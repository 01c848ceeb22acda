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

// FROM adds the gradients v whose places are place to sum, of number n; FIRST begins a sum, which
// is never -0. They overwrite V11.
#define FROM(at, place, v, sum, n) \
	VCMEQ place.S4, at.S4, V11.S4 \
	VAND  v.B16, V11.B16, V11.B16 \
	FADD4S(11, n, n)

#define FIRST(at, place, v, sum, n) \
	VCMEQ place.S4, at.S4, sum.S4 \
	VAND  v.B16, sum.B16, sum.B16 \
	FADD4S(n, 25, n)

// The rows of windows that blocks of 4 even columns meet: V0, the gradients of the windows that
// begin there, and V1, of those one column before, with their places in V2 and V3. The first column
// has none before, the last none that begins there; nothing is read beyond the row for them.
#define WIDEN(v) \
	VUXTL v.B8, v.H8 \
	VUXTL v.H4, v.S4

#define LOADFIRST \
	VLD1  (R9), [V0.S4]                \
	FMOVS (R10), F2                    \
	WIDEN(V2)                          \
	VEXT  $12, V0.B16, V25.B16, V1.B16 \
	VEXT  $12, V2.B16, V25.B16, V3.B16

#define LOADINNER \
	SUB   $4, R9, R13   \
	VLD1  (R9), [V0.S4] \
	VLD1  (R13), [V1.S4] \
	FMOVS (R10), F2     \
	FMOVS -1(R10), F3   \
	WIDEN(V2)           \
	WIDEN(V3)

#define LOADLAST \
	SUB   $4, R9, R13                 \
	VLD1  (R13), [V1.S4]              \
	FMOVS -1(R10), F3                 \
	WIDEN(V3)                         \
	VEXT  $4, V25.B16, V1.B16, V0.B16 \
	VEXT  $4, V25.B16, V3.B16, V2.B16

// PUT writes a row of even columns, V9, and odd ones, V10.
#define PUT \
	VST2 [V9.S4, V10.S4], (R8)

// PUTLAST leaves out the last of the 8 columns where R15 is 12 rather than 16 and V26 all ones.
#define PUTLAST \
	VZIP1 V10.S4, V9.S4, V12.S4         \
	VZIP2 V10.S4, V9.S4, V13.S4         \
	VEXT  $12, V13.B16, V12.B16, V14.B16 \
	BIT16B(26, 14, 13)                  \
	ADD   R15, R8, R13                  \
	VST1  [V12.S4], (R8)                \
	VST1  [V13.S4], (R13)

// GATHER gathers the gradients of a block from the top of a plane to its bottom. An even
// row is met by two rows of windows, an even column by two of their columns: those at
// hand and those before.
//
//	R8  row of dx   R3  bytes of a row   R9  dy   R10 arg   R11 rows of dx left   R12 rows of dy left
//	V0..V3  gradients and places, see LOADFIRST    V4..V7  the same of the row above    R13, V9..V14 scratch
#define GATHER(LOAD, PUT, loop, below, beyond, gathered) \
	EOR16B(4, 4, 4)              \
	EOR16B(5, 5, 5)              \
loop: \
	CBZ  R12, beyond             \
	LOAD                         \
	ADD  R4<<2, R9               \
	ADD  R4, R10                 \
	SUB  $1, R12                 \
gathered: \
	FIRST(V7, V24, V5, V9, 9)    \
	FIRST(V6, V23, V4, V10, 10)  \
	FROM(V6, V22, V4, V9, 9)     \
	FROM(V2, V17, V0, V10, 10)   \
	FROM(V3, V18, V1, V9, 9)     \
	FROM(V2, V16, V0, V9, 9)     \
	PUT                          \
	SUBS $1, R11                 \
	BEQ  below                   \
	ADD  R3, R8                  \
	FIRST(V3, V21, V1, V9, 9)    \
	FIRST(V2, V20, V0, V10, 10)  \
	FROM(V2, V19, V0, V9, 9)     \
	PUT                          \
	ADD  R3, R8                  \
	MOV16B(0, 4)                 \
	MOV16B(1, 5)                 \
	MOV16B(2, 6)                 \
	MOV16B(3, 7)                 \
	SUBS $1, R11                 \
	BNE  loop                    \
	B    below                   \
beyond: \
	EOR16B(0, 0, 0)              \
	EOR16B(1, 1, 1)              \
	B    gathered

#define CONSTANT(n, v) \
	MOVD $n, R13    \
	VDUP R13, v.S4

// func maxPool3BackwardNEON(dx, dy []float32, arg []uint8, h, w int)
//
// It needs w >= 9. A plane is cut into blocks of 8 columns of dx; the last ends with the
// row and may overlap the one before, which then writes the same values twice.
//
//	R0  dx of the plane  R1  dy of the plane     R2  arg of the plane
//	R3  bytes of a row   R4  columns of dy       R5  h        R6  end of dx
//	R7  half the first column of the block       R14 rows of dy
//	R8 to R13  see GATHER                        R15 see PUTLAST
//	V16..V24 places 0..8    V25 0    V26 all ones if w is odd
TEXT ·maxPool3BackwardNEON(SB), NOSPLIT, $0-88
	MOVD dx_base+0(FP), R0
	MOVD dx_len+8(FP), R6
	ADD  R6<<2, R0, R6
	MOVD dy_base+24(FP), R1
	MOVD arg_base+48(FP), R2
	MOVD h+72(FP), R5
	MOVD w+80(FP), R3
	SUB  $1, R5, R14
	LSR  $1, R14
	SUB  $1, R3, R4
	LSR  $1, R4
	AND  $1, R3, R13
	MOVD $16, R15
	SUB  R13<<2, R15, R15
	NEG  R13, R13
	VDUP R13, V26.D2
	LSL  $2, R3
	CONSTANT(0, V16)
	CONSTANT(1, V17)
	CONSTANT(2, V18)
	CONSTANT(3, V19)
	CONSTANT(4, V20)
	CONSTANT(5, V21)
	CONSTANT(6, V22)
	CONSTANT(7, V23)
	CONSTANT(8, V24)
	EOR16B(25, 25, 25)

plane:
	CMP  R6, R0
	BHS  done
	MOVD $0, R7

block:
	MOVD R5, R11
	MOVD R14, R12
	ADD  R7<<3, R0, R8
	ADD  R7<<2, R1, R9
	ADD  R7, R2, R10
	CBNZ R7, inner
	GATHER(LOADFIRST, PUT, loop, below, beyond, gathered)

inner:
	ADD $3, R7, R13
	CMP R4, R13
	BGE last
	GATHER(LOADINNER, PUT, loopInner, below, beyondInner, gatheredInner)

below:
	ADD $4, R7
	ADD $3, R7, R13
	CMP R4, R13
	BLT block
	SUB $3, R4, R7
	B   block

last:
	GATHER(LOADLAST, PUTLAST, loopLast, nextPlane, beyondLast, gatheredLast)

nextPlane:
	MUL  R4, R14, R13
	ADD  R13<<2, R1
	ADD  R13, R2
	MUL  R3, R5, R13
	ADD  R13, R0
	B    plane

done:
	RET
