//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "bounds_amd64.h"
#include "tail_avx2_amd64.h"

// Up to 4 rows are computed at a time, 16 columns or 8 of each. The macros of a
// number of rows are built from those of one less, those of 16 columns from those of
// 8. BEGIN starts sums at the bias, MULTIPLY adds the weight in Y4 times what its tap
// meets at R13, FINISH applies the activation, STORE writes whole vectors at R13 and
// LAST those under a mask, rows DX bytes apart.
#define BEGIN1 \
	VMOVAPS Y5, Y0
#define BEGIN2 \
	BEGIN1 \
	VMOVAPS Y5, Y1
#define BEGIN3 \
	BEGIN2 \
	VMOVAPS Y5, Y2
#define BEGIN4 \
	BEGIN3 \
	VMOVAPS Y5, Y3

#define BEGINWIDE1 \
	VMOVAPS Y5, Y0 \
	VMOVAPS Y5, Y8
#define BEGINWIDE2 \
	BEGINWIDE1 \
	VMOVAPS Y5, Y1 \
	VMOVAPS Y5, Y9
#define BEGINWIDE3 \
	BEGINWIDE2 \
	VMOVAPS Y5, Y2 \
	VMOVAPS Y5, Y10
#define BEGINWIDE4 \
	BEGINWIDE3 \
	VMOVAPS Y5, Y3 \
	VMOVAPS Y5, Y11

#define MULTIPLY1 \
	VFMADD231PS (R13), Y4, Y0
#define MULTIPLY2 \
	MULTIPLY1 \
	VFMADD231PS (R13)(R11*1), Y4, Y1
#define MULTIPLY3 \
	MULTIPLY2 \
	VFMADD231PS (R13)(R11*2), Y4, Y2
#define MULTIPLY4 \
	MULTIPLY3 \
	LEAQ (R13)(R11*2), R13 \
	VFMADD231PS (R13)(R11*1), Y4, Y3

#define MULTIPLYWIDE1 \
	VFMADD231PS (R13), Y4, Y0 \
	VFMADD231PS 32(R13), Y4, Y8
#define MULTIPLYWIDE2 \
	MULTIPLYWIDE1 \
	VFMADD231PS (R13)(R11*1), Y4, Y1 \
	VFMADD231PS 32(R13)(R11*1), Y4, Y9
#define MULTIPLYWIDE3 \
	MULTIPLYWIDE2 \
	VFMADD231PS (R13)(R11*2), Y4, Y2 \
	VFMADD231PS 32(R13)(R11*2), Y4, Y10
#define MULTIPLYWIDE4 \
	MULTIPLYWIDE3 \
	LEAQ (R13)(R11*2), R13 \
	VFMADD231PS (R13)(R11*1), Y4, Y3 \
	VFMADD231PS 32(R13)(R11*1), Y4, Y11

#define FINISH1 \
	VMAXPS Y0, Y6, Y0 \
	VMINPS Y0, Y7, Y0
#define FINISH2 \
	FINISH1 \
	VMAXPS Y1, Y6, Y1 \
	VMINPS Y1, Y7, Y1
#define FINISH3 \
	FINISH2 \
	VMAXPS Y2, Y6, Y2 \
	VMINPS Y2, Y7, Y2
#define FINISH4 \
	FINISH3 \
	VMAXPS Y3, Y6, Y3 \
	VMINPS Y3, Y7, Y3

#define FINISHWIDE1 \
	VMAXPS Y0, Y6, Y0 \
	VMINPS Y0, Y7, Y0 \
	VMAXPS Y8, Y6, Y8 \
	VMINPS Y8, Y7, Y8
#define FINISHWIDE2 \
	FINISHWIDE1 \
	VMAXPS Y1, Y6, Y1 \
	VMINPS Y1, Y7, Y1 \
	VMAXPS Y9, Y6, Y9 \
	VMINPS Y9, Y7, Y9
#define FINISHWIDE3 \
	FINISHWIDE2 \
	VMAXPS Y2, Y6, Y2 \
	VMINPS Y2, Y7, Y2 \
	VMAXPS Y10, Y6, Y10 \
	VMINPS Y10, Y7, Y10
#define FINISHWIDE4 \
	FINISHWIDE3 \
	VMAXPS Y3, Y6, Y3 \
	VMINPS Y3, Y7, Y3 \
	VMAXPS Y11, Y6, Y11 \
	VMINPS Y11, Y7, Y11

#define STORE1 \
	VMOVUPS Y0, (R13)
#define STORE2 \
	STORE1 \
	VMOVUPS Y1, (R13)(DX*1)
#define STORE3 \
	STORE2 \
	VMOVUPS Y2, (R13)(DX*2)
#define STORE4 \
	STORE3 \
	LEAQ (R13)(DX*2), R13 \
	VMOVUPS Y3, (R13)(DX*1)

#define STOREWIDE1 \
	VMOVUPS Y0, (R13) \
	VMOVUPS Y8, 32(R13)
#define STOREWIDE2 \
	STOREWIDE1 \
	VMOVUPS Y1, (R13)(DX*1) \
	VMOVUPS Y9, 32(R13)(DX*1)
#define STOREWIDE3 \
	STOREWIDE2 \
	VMOVUPS Y2, (R13)(DX*2) \
	VMOVUPS Y10, 32(R13)(DX*2)
#define STOREWIDE4 \
	STOREWIDE3 \
	LEAQ (R13)(DX*2), R13 \
	VMOVUPS Y3, (R13)(DX*1) \
	VMOVUPS Y11, 32(R13)(DX*1)

#define LAST1 \
	VMASKMOVPS Y0, Y12, (R13)
#define LAST2 \
	LAST1 \
	VMASKMOVPS Y1, Y12, (R13)(DX*1)
#define LAST3 \
	LAST2 \
	VMASKMOVPS Y2, Y12, (R13)(DX*2)
#define LAST4 \
	LAST3 \
	LEAQ (R13)(DX*2), R13 \
	VMASKMOVPS Y3, Y12, (R13)(DX*1)

// SUMS adds up all taps of the columns at hand.
#define SUMS(MULTIPLY, taps) \
	XORL         AX, AX           \
taps:                                 \
	MOVLQSX      (R9)(AX*4), R13  \
	VBROADCASTSS (R8)(AX*4), Y4   \
	ADDQ         CX, R13          \
	LEAQ         (SI)(R13*4), R13 \
	MULTIPLY                      \
	INCQ         AX               \
	CMPQ         AX, R10          \
	JLT          taps             \
	LEAQ         (DI)(CX*4), R13

// WIDE computes the columns of a few rows from CX on as long as there are 16. Of the
// others NARROW computes 8 at a time. The last vectors of a row end with it and may
// overlap those before, which then writes the same values twice; MASKED is for rows
// of less than 8.
#define WIDE(BEGIN, MULTIPLY, FINISH, STORE, wide, taps, narrow, done) \
	XORL CX, CX          \
	CMPQ BX, $16         \
	JLT  narrow          \
wide:                        \
	BEGIN                \
	SUMS(MULTIPLY, taps) \
	FINISH               \
	STORE                \
	ADDQ $16, CX         \
	MOVQ BX, AX          \
	SUBQ CX, AX          \
	JEQ  done            \
	CMPQ AX, $16         \
	JGE  wide            \
	CMPQ AX, $8          \
	JLE  narrow          \
	LEAQ -16(BX), CX     \
	JMP  wide

#define NARROW(BEGIN, MULTIPLY, FINISH, STORE, narrow, taps, masked) \
narrow:                      \
	CMPQ BX, $8          \
	JLT  masked          \
	LEAQ -8(BX), AX      \
	CMPQ CX, AX          \
	CMOVQGT AX, CX       \
	BEGIN                \
	SUMS(MULTIPLY, taps) \
	FINISH               \
	STORE                \
	ADDQ $8, CX          \
	CMPQ CX, BX          \
	JLT  narrow

#define MASKED(BEGIN, MULTIPLY, FINISH, LAST, masked, taps, done) \
	JMP  done            \
masked:                      \
	BEGIN                \
	SUMS(MULTIPLY, taps) \
	FINISH               \
	LAST                 \
done:

// func depthwiseAVX2(p *DepthwisePlane)
//
//	DI  y     SI  x      R8  w      R9  offsets   R10 taps     BX  n
//	R11 bytes of a row of x         DX  bytes of a row of y    R12 rows left
//	CX  column           AX  tap    R13 scratch, before that p
//	Y0..Y3, Y8..Y11  sums           Y4  weight    Y5  bias     Y6, Y7  bounds
//	Y12 mask of rows of less than 8
TEXT ·depthwiseAVX2(SB), NOSPLIT, $0-8
	MOVQ         p+0(FP), R13
	MOVQ         DepthwisePlane_Y(R13), DI
	MOVQ         DepthwisePlane_X(R13), SI
	MOVQ         DepthwisePlane_W(R13), R8
	MOVQ         DepthwisePlane_Offsets(R13), R9
	MOVQ         DepthwisePlane_Taps(R13), R10
	MOVQ         DepthwisePlane_Rows(R13), R12
	MOVQ         DepthwisePlane_N(R13), BX
	MOVQ         DepthwisePlane_XRow(R13), R11
	SHLQ         $2, R11
	VBROADCASTSS DepthwisePlane_Bias(R13), Y5
	MOVQ         DepthwisePlane_Act(R13), AX
	LEAQ         lower<>(SB), CX
	VBROADCASTSS (CX)(AX*4), Y6
	UPPER(AX, CX)
	VMOVUPS      (CX), Y7
	MOVQ         BX, CX
	ANDQ         $7, CX
	TAILMASK(CX, DX, Y12)
	MOVQ         DepthwisePlane_YRow(R13), DX
	SHLQ         $2, DX

rows:
	CMPQ R12, $2
	JLT  atMost1
	JEQ  two
	CMPQ R12, $4
	JLT  three
	WIDE(BEGINWIDE4, MULTIPLYWIDE4, FINISHWIDE4, STOREWIDE4, wide4, wideTaps4, narrow4, done4)
	NARROW(BEGIN4, MULTIPLY4, FINISH4, STORE4, narrow4, taps4, masked4)
	MASKED(BEGIN4, MULTIPLY4, FINISH4, LAST4, masked4, maskedTaps4, done4)
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(R11*4), SI
	SUBQ $4, R12
	JMP  rows

three:
	WIDE(BEGINWIDE3, MULTIPLYWIDE3, FINISHWIDE3, STOREWIDE3, wide3, wideTaps3, narrow3, done3)
	NARROW(BEGIN3, MULTIPLY3, FINISH3, STORE3, narrow3, taps3, masked3)
	MASKED(BEGIN3, MULTIPLY3, FINISH3, LAST3, masked3, maskedTaps3, done3)
	JMP done

two:
	WIDE(BEGINWIDE2, MULTIPLYWIDE2, FINISHWIDE2, STOREWIDE2, wide2, wideTaps2, narrow2, done2)
	NARROW(BEGIN2, MULTIPLY2, FINISH2, STORE2, narrow2, taps2, masked2)
	MASKED(BEGIN2, MULTIPLY2, FINISH2, LAST2, masked2, maskedTaps2, done2)
	JMP done

atMost1:
	TESTQ R12, R12
	JEQ   done
	WIDE(BEGINWIDE1, MULTIPLYWIDE1, FINISHWIDE1, STOREWIDE1, wide1, wideTaps1, narrow1, done1)
	NARROW(BEGIN1, MULTIPLY1, FINISH1, STORE1, narrow1, taps1, masked1)
	MASKED(BEGIN1, MULTIPLY1, FINISH1, LAST1, masked1, maskedTaps1, done1)

done:
	VZEROUPPER
	RET

// The columns of a row of x from R13 on, and of the second half of the strip from R12 on.
#define COLUMN0 \
	VMOVUPS (R13), Y12 \
	VMOVUPS (R12), Y13
#define COLUMN1 \
	VMOVUPS (R13)(R9*1), Y12 \
	VMOVUPS (R12)(R9*1), Y13
#define COLUMN2 \
	VMOVUPS (R13)(R9*2), Y12 \
	VMOVUPS (R12)(R9*2), Y13
#define COLUMN3 \
	VMOVUPS (R13)(R10*1), Y12 \
	VMOVUPS (R12)(R10*1), Y13
#define COLUMN4 \
	VMOVUPS (R13)(R9*4), Y12 \
	VMOVUPS (R12)(R9*4), Y13

// ADD adds a column times tap t to the sums of a row.
#define ADD(t, a, b) \
	VBROADCASTSS (4*(t))(R8), Y4 \
	VFMADD231PS  Y12, Y4, a      \
	VFMADD231PS  Y13, Y4, b

// LINE3 and LINE5 add a row of x, column by column; T, one of the macros below, adds a column
// to the sums of each row that meets it, the upper ones with the lower rows of the filter.
#define LINE3(T, C0, C1, C2) \
	C0   \
	T(0) \
	C1   \
	T(1) \
	C2   \
	T(2)
#define LINE5(T, C0, C1, C2, C3, C4) \
	LINE3(T, C0, C1, C2) \
	C3   \
	T(3) \
	C4   \
	T(4)

#define MEETS3x0(t) \
	ADD(t, Y0, Y8)
#define MEETS3x1(t) \
	ADD(3+t, Y0, Y8) \
	ADD(t, Y1, Y9)
#define MEETS3x2(t) \
	ADD(6+t, Y0, Y8) \
	ADD(3+t, Y1, Y9) \
	ADD(t, Y2, Y10)
#define MEETS3x3(t) \
	ADD(6+t, Y1, Y9) \
	ADD(3+t, Y2, Y10) \
	ADD(t, Y3, Y11)
#define MEETS3x4(t) \
	ADD(6+t, Y2, Y10) \
	ADD(3+t, Y3, Y11)
#define MEETS3x5(t) \
	ADD(6+t, Y3, Y11)

#define MEETS5x0(t) \
	ADD(t, Y0, Y8)
#define MEETS5x1(t) \
	ADD(5+t, Y0, Y8) \
	ADD(t, Y1, Y9)
#define MEETS5x2(t) \
	ADD(10+t, Y0, Y8) \
	ADD(5+t, Y1, Y9) \
	ADD(t, Y2, Y10)
#define MEETS5x3(t) \
	ADD(15+t, Y0, Y8) \
	ADD(10+t, Y1, Y9) \
	ADD(5+t, Y2, Y10) \
	ADD(t, Y3, Y11)
#define MEETS5x4(t) \
	ADD(20+t, Y0, Y8) \
	ADD(15+t, Y1, Y9) \
	ADD(10+t, Y2, Y10) \
	ADD(5+t, Y3, Y11)
#define MEETS5x5(t) \
	ADD(20+t, Y1, Y9) \
	ADD(15+t, Y2, Y10) \
	ADD(10+t, Y3, Y11)
#define MEETS5x6(t) \
	ADD(20+t, Y2, Y10) \
	ADD(15+t, Y3, Y11)
#define MEETS5x7(t) \
	ADD(20+t, Y3, Y11)

// BELOW steps to the next row of x.
#define BELOW \
	ADDQ R11, R13 \
	ADDQ R11, R12

// HALVES points R13 and R12 to columns CX and AX further of what begins at r.
#define HALVES(r) \
	LEAQ (r)(CX*4), R13   \
	LEAQ (R13)(AX*4), R12

// STOREHALVES writes four rows of both halves.
#define STOREHALVES \
	VMOVUPS Y0, (R13)       \
	VMOVUPS Y1, (R13)(DX*1) \
	VMOVUPS Y8, (R12)       \
	VMOVUPS Y9, (R12)(DX*1) \
	LEAQ    (R13)(DX*2), R13 \
	LEAQ    (R12)(DX*2), R12 \
	VMOVUPS Y2, (R13)       \
	VMOVUPS Y3, (R13)(DX*1) \
	VMOVUPS Y10, (R12)      \
	VMOVUPS Y11, (R12)(DX*1)

// STRIP sets AX to the distance of the strip's halves.
#define STRIP \
	LEAQ    -8(BX), AX  \
	SUBQ    CX, AX      \
	CMPQ    AX, $8      \
	MOVL    $8, R13     \
	CMOVQGT R13, AX

// MORE goes to strip for the next one of the rows, to rows for the next rows: a last strip and
// last rows end with the plane and may overlap what was before them.
#define MORE(strip, full, rows, done) \
	ADDQ    $16, CX         \
	MOVQ    BX, AX          \
	SUBQ    CX, AX          \
	JLE     full            \
	CMPQ    AX, $9          \
	JGE     strip           \
	LEAQ    -16(BX), CX     \
	JMP     strip           \
full:                           \
	MOVQ    left-8(SP), AX  \
	SUBQ    $4, AX          \
	JLE     done            \
	MOVL    $4, CX          \
	CMPQ    AX, CX          \
	CMOVQLT AX, CX          \
	CMOVQLT left4-32(SP), AX \
	MOVQ    AX, left-8(SP)  \
	MOVQ    xrow-16(SP), AX \
	IMULQ   CX, AX          \
	ADDQ    AX, SI          \
	IMULQ   yrow-24(SP), CX \
	ADDQ    CX, DI          \
	JMP     rows

// func depthwiseSlideAVX2(p *DepthwisePlane)
//
// Each row of x that four rows of y meet is read once for each column of the filter, for
// all sums that meet it: the first has the lower rows of the filter when the last begins with
// its upper ones. A filter turned around goes from the lowest row upwards.
//
//	DI  y     SI  x      R8  w     BX  n     CX  column     DX  bytes to the next row of y
//	R9  bytes to the next column   R10 3 times that         R11 bytes to the next row of x
//	R13, R12  x or y at the halves of the strip, 8 columns each
//	AX  distance of these, scratch
//	Y0..Y3, Y8..Y11  sums          Y4  weight               Y5  bias    Y6, Y7  bounds
//	Y12, Y13  x
TEXT ·depthwiseSlideAVX2(SB), NOSPLIT, $32-8
	MOVQ         p+0(FP), R13
	MOVQ         DepthwisePlane_Y(R13), DI
	MOVQ         DepthwisePlane_X(R13), SI
	MOVQ         DepthwisePlane_W(R13), R8
	MOVQ         DepthwisePlane_Offsets(R13), R12
	MOVQ         DepthwisePlane_Rows(R13), AX
	MOVQ         AX, left-8(SP)
	MOVQ         $4, left4-32(SP)
	MOVQ         DepthwisePlane_N(R13), BX
	MOVQ         DepthwisePlane_XRow(R13), R11
	MOVQ         DepthwisePlane_YRow(R13), DX
	SHLQ         $2, R11
	SHLQ         $2, DX
	MOVQ         R11, xrow-16(SP)
	MOVQ         DX, yrow-24(SP)
	VBROADCASTSS DepthwisePlane_Bias(R13), Y5
	MOVQ         DepthwisePlane_Act(R13), AX
	LEAQ         lower<>(SB), CX
	VBROADCASTSS (CX)(AX*4), Y6
	UPPER(AX, CX)
	VMOVUPS      (CX), Y7
	MOVLQSX      (R12), AX
	MOVLQSX      4(R12), R9
	LEAQ         (SI)(AX*4), SI
	SUBQ         AX, R9
	SHLQ         $2, R9
	JGT          straight
	LEAQ         (R11)(R11*2), AX
	ADDQ         AX, SI
	LEAQ         (DX)(DX*2), AX
	ADDQ         AX, DI
	NEGQ         R11
	NEGQ         DX

straight:
	LEAQ (R9)(R9*2), R10
	CMPQ DepthwisePlane_Side(R13), $5
	JEQ  rows5

rows3:
	XORL CX, CX

strip3:
	STRIP
	HALVES(SI)
	BEGINWIDE4
	LINE3(MEETS3x0, COLUMN0, COLUMN1, COLUMN2)
	BELOW
	LINE3(MEETS3x1, COLUMN0, COLUMN1, COLUMN2)
	BELOW
	LINE3(MEETS3x2, COLUMN0, COLUMN1, COLUMN2)
	BELOW
	LINE3(MEETS3x3, COLUMN0, COLUMN1, COLUMN2)
	BELOW
	LINE3(MEETS3x4, COLUMN0, COLUMN1, COLUMN2)
	BELOW
	LINE3(MEETS3x5, COLUMN0, COLUMN1, COLUMN2)
	FINISHWIDE4
	HALVES(DI)
	STOREHALVES
	MORE(strip3, full3, rows3, done)

rows5:
	XORL CX, CX

strip5:
	STRIP
	HALVES(SI)
	BEGINWIDE4
	LINE5(MEETS5x0, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x1, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x2, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x3, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x4, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x5, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x6, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	BELOW
	LINE5(MEETS5x7, COLUMN0, COLUMN1, COLUMN2, COLUMN3, COLUMN4)
	FINISHWIDE4
	HALVES(DI)
	STOREHALVES
	MORE(strip5, full5, rows5, done)

done:
	VZEROUPPER
	RET

// edges holds masks of 8 columns: from element 8+c on they leave out the first -c (c <= 0), from
// element 18-n on they keep the first n.
DATA edges<>+0(SB)/8, $0
DATA edges<>+8(SB)/8, $0
DATA edges<>+16(SB)/8, $0
DATA edges<>+24(SB)/8, $0
DATA edges<>+32(SB)/8, $-1
DATA edges<>+40(SB)/8, $-1
DATA edges<>+48(SB)/8, $-1
DATA edges<>+56(SB)/8, $-1
DATA edges<>+64(SB)/8, $-1
DATA edges<>+72(SB)/8, $0
DATA edges<>+80(SB)/8, $0
DATA edges<>+88(SB)/8, $0
DATA edges<>+96(SB)/8, $0
GLOBL edges<>(SB), RODATA|NOPTR, $104

// The columns as above, but for what lies beside the plane: the first taps of a row may meet
// that from the first half of the strip, the last ones from the second.
#define EDGE0 \
	VMASKMOVPS (R13), Y5, Y12 \
	VMOVUPS    (R12), Y13
#define EDGE1 \
	VMASKMOVPS (R13)(R9*1), Y6, Y12 \
	VMOVUPS    (R12)(R9*1), Y13
#define EDGE2 \
	VMOVUPS    (R13)(R9*2), Y12 \
	VMASKMOVPS (R12)(R9*2), Y7, Y13
#define EDGE3 \
	VMOVUPS    (R13)(R10*1), Y12 \
	VMASKMOVPS (R12)(R10*1), Y7, Y13
#define EDGE4 \
	VMOVUPS    (R13)(R9*4), Y12 \
	VMASKMOVPS (R12)(R9*4), Y14, Y13

// MET goes to skip unless row CX of x is in the plane.
#define MET(skip) \
	CMPQ CX, BX \
	JCC  skip

// NEXTROW steps to the next row of x.
#define NEXTROW \
	INCQ CX \
	BELOW

// FETCH begins to fetch 256 bytes, d behind p. Rows of a filter turned around run upwards, from
// which the CPU doesn't guess that memory is read downwards: without it they may take 3 times as long.
#define FETCH(d, p) \
	PREFETCHT0 d(p)       \
	PREFETCHT0 (d+64)(p)  \
	PREFETCHT0 (d+128)(p) \
	PREFETCHT0 (d+192)(p)

// func depthwiseRowsAVX2(p *DepthwiseRows)
//
// As depthwiseSlideAVX2, but rows beside the plane are left out and masks stand for columns
// beside it. Rows and columns run backwards if the filter is turned around: then the first half
// of a strip is the right one.
//
//	DI  y at the rows     SI  x     R8  w     R9  bytes to the next column     R10 3 times that
//	R11 bytes to the next row of x            DX  of y      CX  row of x       BX  rows of x
//	R13, R12  x or y at the halves of the strip             AX  distance of these
//	Y0..Y3, Y8..Y11  sums           Y4  weight              Y12, Y13  x
//	Y5, Y6, Y7, Y14  columns that are in the plane, before that Y5 bias, after that Y6, Y7 bounds
TEXT ·depthwiseRowsAVX2(SB), NOSPLIT, $160-8
	MOVQ  p+0(FP), R13
	MOVQ  DepthwiseRows_Y(R13), DI
	MOVQ  DepthwiseRows_X(R13), SI
	MOVQ  DepthwiseRows_W(R13), R8
	MOVQ  DepthwiseRows_Planes(R13), AX
	MOVQ  AX, planes-8(SP)
	MOVQ  DepthwiseRows_Bias(R13), AX
	MOVQ  AX, biases-16(SP)
	MOVL  $0, bias-24(SP)
	MOVQ  DepthwiseRows_Side(R13), AX
	MOVQ  AX, side-32(SP)
	MOVQ  DepthwiseRows_Rows(R13), CX
	MOVQ  CX, rows-40(SP)
	MOVQ  DepthwiseRows_XRows(R13), BX
	MOVQ  BX, xrows-48(SP)
	MOVQ  DepthwiseRows_N(R13), R11
	MOVQ  R11, n-56(SP)
	MOVQ  DepthwiseRows_Top(R13), R10
	MOVQ  DepthwiseRows_Left(R13), R12
	MOVQ  SI, upper-152(SP)
	MOVL  $4, R9
	SHLQ  $2, R11
	MOVQ  R11, DX
	MOVQ  R11, AX
	IMULQ CX, AX
	MOVQ  AX, yplane-64(SP)
	MOVQ  R11, AX
	IMULQ BX, AX
	MOVQ  AX, xplane-72(SP)
	CMPB  DepthwiseRows_Turned(R13), $0
	JEQ   straight
	ADDQ  AX, SI
	SUBQ  R11, SI
	ADDQ  yplane-64(SP), DI
	SUBQ  R11, DI
	NEGQ  R11
	NEGQ  DX
	NEGQ  R9
	NEGQ  R12
	ADDQ  CX, R10
	SUBQ  BX, R10

straight:
	MOVQ DI, y-80(SP)
	MOVQ R10, top-88(SP)
	MOVQ R12, left-96(SP)
	LEAQ (R9)(R9*2), R10
	MOVQ DepthwiseRows_Act(R13), AX
	LEAQ lower<>(SB), CX
	MOVL (CX)(AX*4), CX
	MOVL CX, low-104(SP)
	UPPER(AX, CX)
	MOVL (CX), CX
	MOVL CX, high-112(SP)

plane:
	MOVQ  biases-16(SP), AX
	TESTQ AX, AX
	JEQ   unbiased
	MOVL  (AX), BX
	MOVL  BX, bias-24(SP)
	ADDQ  $4, biases-16(SP)

unbiased:
	XORL AX, AX

	// Upper rows come first either way.
rows:
	MOVQ    AX, done-120(SP)
	MOVQ    rows-40(SP), CX
	SUBQ    $4, CX
	SUBQ    AX, CX
	TESTQ   R9, R9
	CMOVQGT AX, CX
	MOVQ    CX, row-128(SP)
	IMULQ   n-56(SP), AX
	SHLQ    $2, AX
	ADDQ    upper-152(SP), AX
	MOVQ    AX, ahead-160(SP)
	MOVQ    CX, DI
	IMULQ   DX, DI
	ADDQ    y-80(SP), DI
	XORL    CX, CX

strip:
	MOVQ    CX, column-136(SP)
	MOVQ    ahead-160(SP), AX
	FETCH(4096, AX)
	ADDQ    $256, ahead-160(SP)
	SUBQ    SI, AX
	ADDQ    y-80(SP), AX
	FETCH(4096, AX)
	MOVQ    n-56(SP), BX
	STRIP

	// R12 and R13 point to the masks of the plane's left and right edge.
	SUBQ    $8, BX
	SUBQ    CX, BX
	SUBQ    AX, BX
	MOVL    $2, R13
	CMPQ    BX, R13
	CMOVQGT R13, BX
	MOVQ    CX, R12
	CMPQ    R12, R13
	CMOVQGT R13, R12
	LEAQ    edges<>+32(SB), R13
	LEAQ    (R13)(R12*4), R12
	NEGQ    BX
	LEAQ    8(R13)(BX*4), R13
	TESTQ   R9, R9
	JGT     right
	XCHGQ   R12, R13
	ADDQ    AX, CX
	NEGQ    AX

right:
	MOVQ         CX, half-144(SP)
	VBROADCASTSS bias-24(SP), Y5
	BEGINWIDE4
	SUBQ         R9, R12
	VMOVUPS      (R13)(R9*1), Y7
	VMOVUPS      (R13)(R9*2), Y14
	VMOVUPS      (R12), Y5
	VMOVAPS      Y5, Y6
	CMPQ         side-32(SP), $3
	JEQ          first
	SUBQ         R9, R12
	VMOVUPS      (R12), Y5

first:
	SUBQ  left-96(SP), CX
	LEAQ  (SI)(CX*4), R13
	MOVQ  row-128(SP), CX
	SUBQ  top-88(SP), CX
	MOVQ  CX, BX
	IMULQ R11, BX
	ADDQ  BX, R13
	LEAQ  (R13)(AX*4), R12
	MOVQ  xrows-48(SP), BX
	CMPQ  side-32(SP), $5
	JEQ   first5
	MET(skip3x0)
	LINE3(MEETS3x0, EDGE0, COLUMN1, EDGE2)

skip3x0:
	NEXTROW
	MET(skip3x1)
	LINE3(MEETS3x1, EDGE0, COLUMN1, EDGE2)

skip3x1:
	NEXTROW
	MET(skip3x2)
	LINE3(MEETS3x2, EDGE0, COLUMN1, EDGE2)

skip3x2:
	NEXTROW
	MET(skip3x3)
	LINE3(MEETS3x3, EDGE0, COLUMN1, EDGE2)

skip3x3:
	NEXTROW
	MET(skip3x4)
	LINE3(MEETS3x4, EDGE0, COLUMN1, EDGE2)

skip3x4:
	NEXTROW
	MET(finish)
	LINE3(MEETS3x5, EDGE0, COLUMN1, EDGE2)
	JMP finish

first5:
	MET(skip5x0)
	LINE5(MEETS5x0, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x0:
	NEXTROW
	MET(skip5x1)
	LINE5(MEETS5x1, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x1:
	NEXTROW
	MET(skip5x2)
	LINE5(MEETS5x2, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x2:
	NEXTROW
	MET(skip5x3)
	LINE5(MEETS5x3, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x3:
	NEXTROW
	MET(skip5x4)
	LINE5(MEETS5x4, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x4:
	NEXTROW
	MET(skip5x5)
	LINE5(MEETS5x5, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x5:
	NEXTROW
	MET(skip5x6)
	LINE5(MEETS5x6, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

skip5x6:
	NEXTROW
	MET(finish)
	LINE5(MEETS5x7, EDGE0, EDGE1, COLUMN2, EDGE3, EDGE4)

finish:
	VBROADCASTSS low-104(SP), Y6
	VBROADCASTSS high-112(SP), Y7
	FINISHWIDE4
	MOVQ         half-144(SP), CX
	HALVES(DI)
	STOREHALVES
	MOVQ         column-136(SP), CX
	MOVQ         n-56(SP), BX
	ADDQ         $16, CX
	MOVQ         BX, AX
	SUBQ         CX, AX
	JLE          full
	CMPQ         AX, $9
	JGE          strip
	LEAQ         -16(BX), CX
	JMP          strip

full:
	MOVQ    done-120(SP), AX
	ADDQ    $4, AX
	MOVQ    rows-40(SP), BX
	CMPQ    AX, BX
	JGE     last
	SUBQ    $4, BX
	CMPQ    AX, BX
	CMOVQGT BX, AX
	JMP     rows

last:
	MOVQ  side-32(SP), AX
	IMULQ AX, AX
	LEAQ  (R8)(AX*4), R8
	MOVQ  xplane-72(SP), AX
	ADDQ  AX, SI
	ADDQ  AX, upper-152(SP)
	MOVQ  yplane-64(SP), AX
	ADDQ  AX, y-80(SP)
	DECQ  planes-8(SP)
	JNE   plane
	VZEROUPPER
	RET

// sevens holds masks of 8 columns from column c on of a plane of 7, from element 2+c on.
DATA sevens<>+0(SB)/8, $0
DATA sevens<>+8(SB)/8, $-1
DATA sevens<>+16(SB)/8, $-1
DATA sevens<>+24(SB)/8, $-1
DATA sevens<>+32(SB)/4, $-1
DATA sevens<>+36(SB)/4, $0
DATA sevens<>+40(SB)/8, $0
GLOBL sevens<>(SB), RODATA|NOPTR, $48

// The columns of a row of 7.
#define SEVEN0 VMASKMOVPS (R13), Y9, Y8
#define SEVEN1 VMASKMOVPS (R13)(R9*1), Y10, Y8
#define SEVEN2 VMASKMOVPS (R13)(R9*2), Y11, Y8
#define SEVEN3 VMASKMOVPS (R13)(R10*1), Y12, Y8
#define SEVEN4 VMASKMOVPS (R13)(R9*4), Y13, Y8

// ADD7 adds a column times tap t to the sums of a row.
#define ADD7(t, a) \
	VBROADCASTSS (4*(t))(R8), Y7 \
	VFMADD231PS  Y8, Y7, a

#define SEVEN3x0(t) \
	ADD7(t, Y1) \
	ADD7(3+t, Y0)
#define SEVEN3x1(t) \
	ADD7(t, Y2) \
	ADD7(3+t, Y1) \
	ADD7(6+t, Y0)
#define SEVEN3x2(t) \
	ADD7(t, Y3) \
	ADD7(3+t, Y2) \
	ADD7(6+t, Y1)
#define SEVEN3x3(t) \
	ADD7(t, Y4) \
	ADD7(3+t, Y3) \
	ADD7(6+t, Y2)
#define SEVEN3x4(t) \
	ADD7(t, Y5) \
	ADD7(3+t, Y4) \
	ADD7(6+t, Y3)
#define SEVEN3x5(t) \
	ADD7(t, Y6) \
	ADD7(3+t, Y5) \
	ADD7(6+t, Y4)
#define SEVEN3x6(t) \
	ADD7(3+t, Y6) \
	ADD7(6+t, Y5)
#define SEVEN5x0(t) \
	ADD7(t, Y2) \
	ADD7(5+t, Y1) \
	ADD7(10+t, Y0)
#define SEVEN5x1(t) \
	ADD7(t, Y3) \
	ADD7(5+t, Y2) \
	ADD7(10+t, Y1) \
	ADD7(15+t, Y0)
#define SEVEN5x2(t) \
	ADD7(t, Y4) \
	ADD7(5+t, Y3) \
	ADD7(10+t, Y2) \
	ADD7(15+t, Y1) \
	ADD7(20+t, Y0)
#define SEVEN5x3(t) \
	ADD7(t, Y5) \
	ADD7(5+t, Y4) \
	ADD7(10+t, Y3) \
	ADD7(15+t, Y2) \
	ADD7(20+t, Y1)
#define SEVEN5x4(t) \
	ADD7(t, Y6) \
	ADD7(5+t, Y5) \
	ADD7(10+t, Y4) \
	ADD7(15+t, Y3) \
	ADD7(20+t, Y2)
#define SEVEN5x5(t) \
	ADD7(5+t, Y6) \
	ADD7(10+t, Y5) \
	ADD7(15+t, Y4) \
	ADD7(20+t, Y3)
#define SEVEN5x6(t) \
	ADD7(10+t, Y6) \
	ADD7(15+t, Y5) \
	ADD7(20+t, Y4)

// BOUND7 applies the activation.
#define BOUND7(a, low, high) \
	VMAXPS a, low, a  \
	VMINPS a, high, a

// STORE7 writes rows of 7: a vector's last element is written again with the next row.
#define STORE7(a, b, c, d, e, f, g, x) \
	VMOVUPS      a, (DI)    \
	VMOVUPS      b, 28(DI)  \
	VMOVUPS      c, 56(DI)  \
	VMOVUPS      d, 84(DI)  \
	VMOVUPS      e, 112(DI) \
	VMOVUPS      f, 140(DI) \
	VMOVUPS      x, 168(DI) \
	VEXTRACTF128 $1, g, x   \
	VMOVLPS      x, 184(DI) \
	VEXTRACTPS   $2, x, 192(DI)

// func depthwiseRows7AVX2(p *DepthwiseRows)
//
// All rows of a plane of 7x7 are summed up at a time. They run upwards and columns to the left if
// the filter is turned around.
//
//	DI  y     SI  where the first tap in the plane's rows meets x     R8  w    BX  biases or nil
//	R9  bytes to the next column     R10 3 times that      R11 bytes to the next row of x
//	R13 x     CX  planes left        DX  side              AX  scratch
//	Y0..Y6  sums     Y7  weight      Y8  x     Y9..Y13  columns that are in the plane
//	Y14, Y15  bounds
TEXT ·depthwiseRows7AVX2(SB), NOSPLIT, $0-8
	MOVQ         p+0(FP), R13
	MOVQ         DepthwiseRows_Act(R13), AX
	LEAQ         lower<>(SB), CX
	VBROADCASTSS (CX)(AX*4), Y14
	UPPER(AX, CX)
	VMOVUPS      (CX), Y15
	MOVQ         DepthwiseRows_Y(R13), DI
	MOVQ         DepthwiseRows_X(R13), SI
	MOVQ         DepthwiseRows_W(R13), R8
	MOVQ         DepthwiseRows_Bias(R13), BX
	MOVQ         DepthwiseRows_Planes(R13), CX
	MOVQ         DepthwiseRows_Side(R13), DX
	MOVL         $4, R9
	MOVL         $28, R11
	CMPB         DepthwiseRows_Turned(R13), $0
	JEQ          straight
	ADDQ         $168, SI
	NEGQ         R9
	NEGQ         R11

straight:
	LEAQ    (R9)(R9*2), R10
	MOVQ    DX, AX
	SHRQ    $1, AX
	IMULQ   R9, AX
	SUBQ    AX, SI
	LEAQ    sevens<>+8(SB), R13
	SUBQ    AX, R13
	VMOVUPS (R13), Y9
	VMOVUPS (R13)(R9*1), Y10
	VMOVUPS (R13)(R9*2), Y11
	CMPQ    DX, $5
	JNE     plane
	VMOVUPS (R13)(R10*1), Y12
	VMOVUPS (R13)(R9*4), Y13

plane:
	VXORPS       Y0, Y0, Y0
	TESTQ        BX, BX
	JEQ          unbiased
	VBROADCASTSS (BX), Y0
	ADDQ         $4, BX

unbiased:
	VMOVAPS Y0, Y1
	VMOVAPS Y0, Y2
	VMOVAPS Y0, Y3
	VMOVAPS Y0, Y4
	VMOVAPS Y0, Y5
	VMOVAPS Y0, Y6
	FETCH(1024, SI)
	FETCH(1024, DI)
	MOVQ    SI, R13
	CMPQ    DX, $5
	JEQ     five
	LINE3(SEVEN3x0, SEVEN0, SEVEN1, SEVEN2)
	ADDQ R11, R13
	LINE3(SEVEN3x1, SEVEN0, SEVEN1, SEVEN2)
	ADDQ R11, R13
	LINE3(SEVEN3x2, SEVEN0, SEVEN1, SEVEN2)
	ADDQ R11, R13
	LINE3(SEVEN3x3, SEVEN0, SEVEN1, SEVEN2)
	ADDQ R11, R13
	LINE3(SEVEN3x4, SEVEN0, SEVEN1, SEVEN2)
	ADDQ R11, R13
	LINE3(SEVEN3x5, SEVEN0, SEVEN1, SEVEN2)
	ADDQ R11, R13
	LINE3(SEVEN3x6, SEVEN0, SEVEN1, SEVEN2)
	ADDQ $36, R8
	JMP  finish

five:
	LINE5(SEVEN5x0, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ R11, R13
	LINE5(SEVEN5x1, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ R11, R13
	LINE5(SEVEN5x2, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ R11, R13
	LINE5(SEVEN5x3, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ R11, R13
	LINE5(SEVEN5x4, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ R11, R13
	LINE5(SEVEN5x5, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ R11, R13
	LINE5(SEVEN5x6, SEVEN0, SEVEN1, SEVEN2, SEVEN3, SEVEN4)
	ADDQ $100, R8

finish:
	BOUND7(Y0, Y14, Y15)
	BOUND7(Y1, Y14, Y15)
	BOUND7(Y2, Y14, Y15)
	BOUND7(Y3, Y14, Y15)
	BOUND7(Y4, Y14, Y15)
	BOUND7(Y5, Y14, Y15)
	BOUND7(Y6, Y14, Y15)
	TESTQ R9, R9
	JLT   turned
	STORE7(Y0, Y1, Y2, Y3, Y4, Y5, Y6, X6)
	JMP   next

turned:
	STORE7(Y6, Y5, Y4, Y3, Y2, Y1, Y0, X0)

next:
	ADDQ $196, DI
	ADDQ $196, SI
	DECQ CX
	JNE  plane
	VZEROUPPER
	RET

// Every other column of a row of x, as above: 16 neighbours of each half give two, the odd one by
// another shuffle alone. Lanes 2 and 3 of them have changed places with lanes 4 and 5, which
// UNPERMUTE puts right.
#define NEIGHBOURS0 \
	VMASKMOVPS (R13), Y7, Y5 \
	VMOVUPS    32(R13), Y6   \
	VMOVUPS    (R12), Y14    \
	VMOVUPS    32(R12), Y15
#define NEIGHBOURS2 \
	VMOVUPS    8(R13), Y5        \
	VMOVUPS    40(R13), Y6       \
	VMOVUPS    8(R12), Y14       \
	VMOVUPS    (R9), Y15         \
	VMASKMOVPS 40(R12), Y15, Y15
#define NEIGHBOURS4 \
	VMOVUPS    16(R13), Y5       \
	VMOVUPS    48(R13), Y6       \
	VMOVUPS    16(R12), Y14      \
	VMOVUPS    (R10), Y15        \
	VMASKMOVPS 48(R12), Y15, Y15
#define EVENS \
	VSHUFPS $0x88, Y6, Y5, Y12   \
	VSHUFPS $0x88, Y15, Y14, Y13
#define ODDS \
	VSHUFPS $0xdd, Y6, Y5, Y12   \
	VSHUFPS $0xdd, Y15, Y14, Y13
#define STEP0 \
	NEIGHBOURS0 \
	EVENS
#define STEP2 \
	NEIGHBOURS2 \
	EVENS
#define STEP4 \
	NEIGHBOURS4 \
	EVENS
#define UNPERMUTE(a) VPERMPD $0xd8, a, a

#define MEETS23x0(t) \
	ADD(t, Y0, Y8)
#define MEETS23x1(t) \
	ADD(3+t, Y0, Y8)
#define MEETS23x2(t) \
	ADD(6+t, Y0, Y8) \
	ADD(t, Y1, Y9)
#define MEETS23x3(t) \
	ADD(3+t, Y1, Y9)
#define MEETS23x4(t) \
	ADD(6+t, Y1, Y9) \
	ADD(t, Y2, Y10)
#define MEETS23x5(t) \
	ADD(3+t, Y2, Y10)
#define MEETS23x6(t) \
	ADD(6+t, Y2, Y10) \
	ADD(t, Y3, Y11)
#define MEETS23x7(t) \
	ADD(3+t, Y3, Y11)
#define MEETS23x8(t) \
	ADD(6+t, Y3, Y11)
#define MEETS25x0(t) \
	ADD(t, Y0, Y8)
#define MEETS25x1(t) \
	ADD(5+t, Y0, Y8)
#define MEETS25x2(t) \
	ADD(10+t, Y0, Y8) \
	ADD(t, Y1, Y9)
#define MEETS25x3(t) \
	ADD(15+t, Y0, Y8) \
	ADD(5+t, Y1, Y9)
#define MEETS25x4(t) \
	ADD(20+t, Y0, Y8) \
	ADD(10+t, Y1, Y9) \
	ADD(t, Y2, Y10)
#define MEETS25x5(t) \
	ADD(15+t, Y1, Y9) \
	ADD(5+t, Y2, Y10)
#define MEETS25x6(t) \
	ADD(20+t, Y1, Y9) \
	ADD(10+t, Y2, Y10) \
	ADD(t, Y3, Y11)
#define MEETS25x7(t) \
	ADD(15+t, Y2, Y10) \
	ADD(5+t, Y3, Y11)
#define MEETS25x8(t) \
	ADD(20+t, Y2, Y10) \
	ADD(10+t, Y3, Y11)
#define MEETS25x9(t) \
	ADD(15+t, Y3, Y11)
#define MEETS25x10(t) \
	ADD(20+t, Y3, Y11)

// func depthwiseRows2AVX2(p *DepthwiseRows)
//
// depthwiseRowsAVX2 for stride 2.
//
//	DI  y at the rows     SI  x     R8  w       R11 bytes of a row of x     DX  of y
//	CX  row of x          BX  rows of x         R13, R12  x or y at the halves of the strip
//	AX  distance of these in y
//	R9, R10  masks of the last 8 neighbours from the third column of the filter on, from the fifth
//	Y0..Y3, Y8..Y11  sums      Y4  weight       Y5, Y6, Y14, Y15  neighbours    Y12, Y13  x
//	Y7  first 8 neighbours that are in the plane, before that Y5 bias, after that Y6, Y7 bounds
TEXT ·depthwiseRows2AVX2(SB), NOSPLIT, $128-8
	MOVQ  p+0(FP), R13
	MOVQ  DepthwiseRows_Y(R13), DI
	MOVQ  DI, y-80(SP)
	MOVQ  DepthwiseRows_X(R13), SI
	MOVQ  DepthwiseRows_W(R13), R8
	MOVQ  DepthwiseRows_Planes(R13), AX
	MOVQ  AX, planes-8(SP)
	MOVQ  DepthwiseRows_Bias(R13), AX
	MOVQ  AX, biases-16(SP)
	MOVL  $0, bias-24(SP)
	MOVQ  DepthwiseRows_Side(R13), AX
	MOVQ  AX, side-32(SP)
	MOVQ  DepthwiseRows_Rows(R13), CX
	MOVQ  CX, rows-40(SP)
	MOVQ  DepthwiseRows_XRows(R13), BX
	MOVQ  BX, xrows-48(SP)
	MOVQ  DepthwiseRows_N(R13), DX
	MOVQ  DX, n-56(SP)
	MOVQ  DepthwiseRows_XN(R13), R11
	SHLQ  $2, DX
	SHLQ  $2, R11
	MOVQ  DX, AX
	IMULQ CX, AX
	MOVQ  AX, yplane-64(SP)
	MOVQ  R11, AX
	IMULQ BX, AX
	MOVQ  AX, xplane-72(SP)
	MOVQ  DepthwiseRows_Top(R13), AX
	MOVQ  AX, top-88(SP)
	MOVQ  DepthwiseRows_Left(R13), AX
	MOVQ  AX, left-96(SP)
	MOVQ  DepthwiseRows_Act(R13), AX
	LEAQ  lower<>(SB), CX
	MOVL  (CX)(AX*4), CX
	MOVL  CX, low-104(SP)
	UPPER(AX, CX)
	MOVL  (CX), CX
	MOVL  CX, high-112(SP)

plane:
	MOVQ  biases-16(SP), AX
	TESTQ AX, AX
	JEQ   unbiased
	MOVL  (AX), BX
	MOVL  BX, bias-24(SP)
	ADDQ  $4, biases-16(SP)

unbiased:
	XORL AX, AX

rows:
	MOVQ  AX, row-120(SP)
	MOVQ  AX, DI
	IMULQ DX, DI
	ADDQ  y-80(SP), DI
	XORL  CX, CX

strip:
	MOVQ    CX, column-128(SP)
	MOVQ    n-56(SP), BX
	STRIP
	LEAQ    edges<>+40(SB), R13

	// What the results behind the strip keep away from the right edge.
	SUBQ    $8, BX
	SUBQ    CX, BX
	SUBQ    AX, BX
	ADDQ    BX, BX
	ADDQ    left-96(SP), BX
	XORL    R12, R12
	MOVL    $2, R9
	SUBQ    BX, R9
	CMOVQLT R12, R9
	LEAQ    (R13)(R9*4), R9
	MOVL    $4, R10
	SUBQ    BX, R10
	CMOVQLT R12, R10
	LEAQ    (R13)(R10*4), R10
	ADDQ    CX, CX
	SUBQ    left-96(SP), CX
	MOVQ    CX, BX
	CMOVQGT R12, BX

	VMOVUPS      -8(R13)(BX*4), Y7
	VBROADCASTSS bias-24(SP), Y5
	BEGINWIDE4
	LEAQ         (SI)(CX*4), R13
	MOVQ         row-120(SP), CX
	ADDQ         CX, CX
	SUBQ         top-88(SP), CX
	MOVQ         CX, BX
	IMULQ        R11, BX
	ADDQ         BX, R13
	LEAQ         (R13)(AX*8), R12
	MOVQ         xrows-48(SP), BX
	CMPQ         side-32(SP), $5
	JEQ          first5
	MET(skip3x0)
	LINE3(MEETS23x0, STEP0, ODDS, STEP2)

skip3x0:
	NEXTROW
	MET(skip3x1)
	LINE3(MEETS23x1, STEP0, ODDS, STEP2)

skip3x1:
	NEXTROW
	MET(skip3x2)
	LINE3(MEETS23x2, STEP0, ODDS, STEP2)

skip3x2:
	NEXTROW
	MET(skip3x3)
	LINE3(MEETS23x3, STEP0, ODDS, STEP2)

skip3x3:
	NEXTROW
	MET(skip3x4)
	LINE3(MEETS23x4, STEP0, ODDS, STEP2)

skip3x4:
	NEXTROW
	MET(skip3x5)
	LINE3(MEETS23x5, STEP0, ODDS, STEP2)

skip3x5:
	NEXTROW
	MET(skip3x6)
	LINE3(MEETS23x6, STEP0, ODDS, STEP2)

skip3x6:
	NEXTROW
	MET(skip3x7)
	LINE3(MEETS23x7, STEP0, ODDS, STEP2)

skip3x7:
	NEXTROW
	MET(finish)
	LINE3(MEETS23x8, STEP0, ODDS, STEP2)
	JMP finish

first5:
	MET(skip5x0)
	LINE5(MEETS25x0, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x0:
	NEXTROW
	MET(skip5x1)
	LINE5(MEETS25x1, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x1:
	NEXTROW
	MET(skip5x2)
	LINE5(MEETS25x2, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x2:
	NEXTROW
	MET(skip5x3)
	LINE5(MEETS25x3, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x3:
	NEXTROW
	MET(skip5x4)
	LINE5(MEETS25x4, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x4:
	NEXTROW
	MET(skip5x5)
	LINE5(MEETS25x5, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x5:
	NEXTROW
	MET(skip5x6)
	LINE5(MEETS25x6, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x6:
	NEXTROW
	MET(skip5x7)
	LINE5(MEETS25x7, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x7:
	NEXTROW
	MET(skip5x8)
	LINE5(MEETS25x8, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x8:
	NEXTROW
	MET(skip5x9)
	LINE5(MEETS25x9, STEP0, ODDS, STEP2, ODDS, STEP4)

skip5x9:
	NEXTROW
	MET(finish)
	LINE5(MEETS25x10, STEP0, ODDS, STEP2, ODDS, STEP4)

finish:
	VBROADCASTSS low-104(SP), Y6
	VBROADCASTSS high-112(SP), Y7
	FINISHWIDE4
	UNPERMUTE(Y0)
	UNPERMUTE(Y1)
	UNPERMUTE(Y2)
	UNPERMUTE(Y3)
	UNPERMUTE(Y8)
	UNPERMUTE(Y9)
	UNPERMUTE(Y10)
	UNPERMUTE(Y11)
	MOVQ         column-128(SP), CX
	HALVES(DI)
	STOREHALVES
	MOVQ         n-56(SP), BX
	ADDQ         $16, CX
	MOVQ         BX, AX
	SUBQ         CX, AX
	JLE          full
	CMPQ         AX, $9
	JGE          strip
	LEAQ         -16(BX), CX
	JMP          strip

full:
	MOVQ    row-120(SP), AX
	ADDQ    $4, AX
	MOVQ    rows-40(SP), BX
	CMPQ    AX, BX
	JGE     last
	SUBQ    $4, BX
	CMPQ    AX, BX
	CMOVQGT BX, AX
	JMP     rows

last:
	MOVQ  side-32(SP), AX
	IMULQ AX, AX
	LEAQ  (R8)(AX*4), R8
	ADDQ  xplane-72(SP), SI
	MOVQ  yplane-64(SP), AX
	ADDQ  AX, y-80(SP)
	DECQ  planes-8(SP)
	JNE   plane
	VZEROUPPER
	RET

// Every other column of a row of 14, as above.
#define PAIR0 \
	VMASKMOVPS (R13), Y11, Y9    \
	VMASKMOVPS 32(R13), Y12, Y10 \
	VSHUFPS    $0x88, Y10, Y9, Y8
#define ODDS14 VSHUFPS $0xdd, Y10, Y9, Y8
#define PAIR2 \
	VMOVUPS    8(R13), Y9        \
	VMASKMOVPS 40(R13), Y13, Y10 \
	VSHUFPS    $0x88, Y10, Y9, Y8
#define PAIR4 \
	VMOVUPS    16(R13), Y9       \
	VMASKMOVPS 48(R13), Y14, Y10 \
	VSHUFPS    $0x88, Y10, Y9, Y8

// MET14 goes to skip unless row AX of x is in a plane of 14.
#define MET14(skip) \
	CMPQ AX, $14 \
	JCC  skip

// NEXT14 steps to the next row of x.
#define NEXT14 \
	INCQ AX      \
	ADDQ $56, R13

#define FOURTEEN3x0(t) \
	ADD7(t, Y0)
#define FOURTEEN3x1(t) \
	ADD7(3+t, Y0)
#define FOURTEEN3x2(t) \
	ADD7(t, Y1) \
	ADD7(6+t, Y0)
#define FOURTEEN3x3(t) \
	ADD7(3+t, Y1)
#define FOURTEEN3x4(t) \
	ADD7(t, Y2) \
	ADD7(6+t, Y1)
#define FOURTEEN3x5(t) \
	ADD7(3+t, Y2)
#define FOURTEEN3x6(t) \
	ADD7(t, Y3) \
	ADD7(6+t, Y2)
#define FOURTEEN3x7(t) \
	ADD7(3+t, Y3)
#define FOURTEEN3x8(t) \
	ADD7(t, Y4) \
	ADD7(6+t, Y3)
#define FOURTEEN3x9(t) \
	ADD7(3+t, Y4)
#define FOURTEEN3x10(t) \
	ADD7(t, Y5) \
	ADD7(6+t, Y4)
#define FOURTEEN3x11(t) \
	ADD7(3+t, Y5)
#define FOURTEEN3x12(t) \
	ADD7(t, Y6) \
	ADD7(6+t, Y5)
#define FOURTEEN3x13(t) \
	ADD7(3+t, Y6)
#define FOURTEEN3x14(t) \
	ADD7(6+t, Y6)
#define FOURTEEN5x0(t) \
	ADD7(t, Y0)
#define FOURTEEN5x1(t) \
	ADD7(5+t, Y0)
#define FOURTEEN5x2(t) \
	ADD7(t, Y1) \
	ADD7(10+t, Y0)
#define FOURTEEN5x3(t) \
	ADD7(5+t, Y1) \
	ADD7(15+t, Y0)
#define FOURTEEN5x4(t) \
	ADD7(t, Y2) \
	ADD7(10+t, Y1) \
	ADD7(20+t, Y0)
#define FOURTEEN5x5(t) \
	ADD7(5+t, Y2) \
	ADD7(15+t, Y1)
#define FOURTEEN5x6(t) \
	ADD7(t, Y3) \
	ADD7(10+t, Y2) \
	ADD7(20+t, Y1)
#define FOURTEEN5x7(t) \
	ADD7(5+t, Y3) \
	ADD7(15+t, Y2)
#define FOURTEEN5x8(t) \
	ADD7(t, Y4) \
	ADD7(10+t, Y3) \
	ADD7(20+t, Y2)
#define FOURTEEN5x9(t) \
	ADD7(5+t, Y4) \
	ADD7(15+t, Y3)
#define FOURTEEN5x10(t) \
	ADD7(t, Y5) \
	ADD7(10+t, Y4) \
	ADD7(20+t, Y3)
#define FOURTEEN5x11(t) \
	ADD7(5+t, Y5) \
	ADD7(15+t, Y4)
#define FOURTEEN5x12(t) \
	ADD7(t, Y6) \
	ADD7(10+t, Y5) \
	ADD7(20+t, Y4)
#define FOURTEEN5x13(t) \
	ADD7(5+t, Y6) \
	ADD7(15+t, Y5)
#define FOURTEEN5x14(t) \
	ADD7(10+t, Y6) \
	ADD7(20+t, Y5)
#define FOURTEEN5x15(t) \
	ADD7(15+t, Y6)
#define FOURTEEN5x16(t) \
	ADD7(20+t, Y6)

// func depthwiseRows14AVX2(p *DepthwiseRows)
//
// All rows of a plane of 7x7 are summed up at a time, of one of 14x14 with stride 2.
//
//	DI  y     SI  where the first tap meets x     R8  w    BX  biases or nil
//	R13 x     AX  row of x     CX  planes left    DX  side     R9  first row of x
//	R10, R11 bounds
//	Y0..Y6  sums     Y7  weight     Y8  x         Y9, Y10  neighbours, after that bounds
//	Y11..Y14  neighbours that are in the plane
TEXT ·depthwiseRows14AVX2(SB), NOSPLIT, $0-8
	MOVQ    p+0(FP), R13
	MOVQ    DepthwiseRows_Act(R13), AX
	LEAQ    lower<>(SB), R10
	LEAQ    (R10)(AX*4), R10
	UPPER(AX, R11)
	MOVQ    DepthwiseRows_Y(R13), DI
	MOVQ    DepthwiseRows_X(R13), SI
	MOVQ    DepthwiseRows_W(R13), R8
	MOVQ    DepthwiseRows_Bias(R13), BX
	MOVQ    DepthwiseRows_Planes(R13), CX
	MOVQ    DepthwiseRows_Side(R13), DX
	MOVQ    DepthwiseRows_Top(R13), R9
	IMUL3Q  $56, R9, AX
	SUBQ    AX, SI
	MOVQ    DepthwiseRows_Left(R13), AX
	SHLQ    $2, AX
	SUBQ    AX, SI
	NEGQ    AX
	LEAQ    edges<>+32(SB), R13
	VMOVUPS (R13)(AX*1), Y11
	VMOVUPS 16(R13)(AX*1), Y12
	VMOVUPS 24(R13)(AX*1), Y13
	VMOVUPS 32(R13)(AX*1), Y14
	NEGQ    R9

plane:
	FETCH(2048, SI)
	FETCH(2304, SI)
	FETCH(2560, SI)
	VXORPS       Y0, Y0, Y0
	TESTQ        BX, BX
	JEQ          unbiased
	VBROADCASTSS (BX), Y0
	ADDQ         $4, BX

unbiased:
	VMOVAPS Y0, Y1
	VMOVAPS Y0, Y2
	VMOVAPS Y0, Y3
	VMOVAPS Y0, Y4
	VMOVAPS Y0, Y5
	VMOVAPS Y0, Y6
	MOVQ    SI, R13
	MOVQ    R9, AX
	CMPQ    DX, $5
	JEQ     five
	MET14(skip3x0)
	LINE3(FOURTEEN3x0, PAIR0, ODDS14, PAIR2)

skip3x0:
	NEXT14
	MET14(skip3x1)
	LINE3(FOURTEEN3x1, PAIR0, ODDS14, PAIR2)

skip3x1:
	NEXT14
	MET14(skip3x2)
	LINE3(FOURTEEN3x2, PAIR0, ODDS14, PAIR2)

skip3x2:
	NEXT14
	MET14(skip3x3)
	LINE3(FOURTEEN3x3, PAIR0, ODDS14, PAIR2)

skip3x3:
	NEXT14
	MET14(skip3x4)
	LINE3(FOURTEEN3x4, PAIR0, ODDS14, PAIR2)

skip3x4:
	NEXT14
	MET14(skip3x5)
	LINE3(FOURTEEN3x5, PAIR0, ODDS14, PAIR2)

skip3x5:
	NEXT14
	MET14(skip3x6)
	LINE3(FOURTEEN3x6, PAIR0, ODDS14, PAIR2)

skip3x6:
	NEXT14
	MET14(skip3x7)
	LINE3(FOURTEEN3x7, PAIR0, ODDS14, PAIR2)

skip3x7:
	NEXT14
	MET14(skip3x8)
	LINE3(FOURTEEN3x8, PAIR0, ODDS14, PAIR2)

skip3x8:
	NEXT14
	MET14(skip3x9)
	LINE3(FOURTEEN3x9, PAIR0, ODDS14, PAIR2)

skip3x9:
	NEXT14
	MET14(skip3x10)
	LINE3(FOURTEEN3x10, PAIR0, ODDS14, PAIR2)

skip3x10:
	NEXT14
	MET14(skip3x11)
	LINE3(FOURTEEN3x11, PAIR0, ODDS14, PAIR2)

skip3x11:
	NEXT14
	MET14(skip3x12)
	LINE3(FOURTEEN3x12, PAIR0, ODDS14, PAIR2)

skip3x12:
	NEXT14
	MET14(skip3x13)
	LINE3(FOURTEEN3x13, PAIR0, ODDS14, PAIR2)

skip3x13:
	NEXT14
	MET14(finish)
	LINE3(FOURTEEN3x14, PAIR0, ODDS14, PAIR2)
	JMP finish

five:
	MET14(skip5x0)
	LINE5(FOURTEEN5x0, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x0:
	NEXT14
	MET14(skip5x1)
	LINE5(FOURTEEN5x1, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x1:
	NEXT14
	MET14(skip5x2)
	LINE5(FOURTEEN5x2, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x2:
	NEXT14
	MET14(skip5x3)
	LINE5(FOURTEEN5x3, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x3:
	NEXT14
	MET14(skip5x4)
	LINE5(FOURTEEN5x4, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x4:
	NEXT14
	MET14(skip5x5)
	LINE5(FOURTEEN5x5, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x5:
	NEXT14
	MET14(skip5x6)
	LINE5(FOURTEEN5x6, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x6:
	NEXT14
	MET14(skip5x7)
	LINE5(FOURTEEN5x7, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x7:
	NEXT14
	MET14(skip5x8)
	LINE5(FOURTEEN5x8, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x8:
	NEXT14
	MET14(skip5x9)
	LINE5(FOURTEEN5x9, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x9:
	NEXT14
	MET14(skip5x10)
	LINE5(FOURTEEN5x10, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x10:
	NEXT14
	MET14(skip5x11)
	LINE5(FOURTEEN5x11, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x11:
	NEXT14
	MET14(skip5x12)
	LINE5(FOURTEEN5x12, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x12:
	NEXT14
	MET14(skip5x13)
	LINE5(FOURTEEN5x13, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x13:
	NEXT14
	MET14(skip5x14)
	LINE5(FOURTEEN5x14, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x14:
	NEXT14
	MET14(skip5x15)
	LINE5(FOURTEEN5x15, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

skip5x15:
	NEXT14
	MET14(finish)
	LINE5(FOURTEEN5x16, PAIR0, ODDS14, PAIR2, ODDS14, PAIR4)

finish:
	VBROADCASTSS (R10), Y9
	VBROADCASTSS (R11), Y10
	BOUND7(Y0, Y9, Y10)
	BOUND7(Y1, Y9, Y10)
	BOUND7(Y2, Y9, Y10)
	BOUND7(Y3, Y9, Y10)
	BOUND7(Y4, Y9, Y10)
	BOUND7(Y5, Y9, Y10)
	BOUND7(Y6, Y9, Y10)
	UNPERMUTE(Y0)
	UNPERMUTE(Y1)
	UNPERMUTE(Y2)
	UNPERMUTE(Y3)
	UNPERMUTE(Y4)
	UNPERMUTE(Y5)
	UNPERMUTE(Y6)
	STORE7(Y0, Y1, Y2, Y3, Y4, Y5, Y6, X6)
	MOVQ  DX, AX
	IMULQ DX, AX
	LEAQ  (R8)(AX*4), R8
	ADDQ  $196, DI
	ADDQ  $784, SI
	DECQ  CX
	JNE   plane
	VZEROUPPER
	RET

// TAP adds a column x times tap t to sums.
#define TAP(t, x, a) \
	VBROADCASTSS (4*(t))(R8), Y11 \
	VFMADD231PS  x, Y11, a

// COLUMNS3 and COLUMNS5 load what the taps of a row of the filter meet.
#define COLUMNS3 \
	VMASKMOVPS (R13), Y12, Y8 \
	VMASKMOVPS -4(R13), Y13, Y9
#define COLUMNS5 \
	COLUMNS3 \
	VMASKMOVPS -8(R13), Y14, Y10

// A row of the filter, from tap t on: the first tap makes results of a, the next of b, and so
// on. Where Left is even two taps meet a column, the last one alone, else the first alone.
#define EVENTAPS3(t, a, b) \
	TAP(t, Y8, a)     \
	TAP((t)+1, Y8, b) \
	TAP((t)+2, Y9, a)
#define ODDTAPS3(t, a, b) \
	TAP(t, Y8, a)     \
	TAP((t)+1, Y9, b) \
	TAP((t)+2, Y9, a)
#define EVENTAPS5(t, a, b) \
	EVENTAPS3(t, a, b) \
	TAP((t)+3, Y9, b)  \
	TAP((t)+4, Y10, a)
#define ODDTAPS5(t, a, b) \
	ODDTAPS3(t, a, b)  \
	TAP((t)+3, Y10, b) \
	TAP((t)+4, Y10, a)

// ABOVE goes to the row of x above.
#define ABOVE \
	DECQ CX \
	SUBQ R11, R13

// MEETS32TURNED and MEETS52TURNED add up what rows of x make of the results, from the last
// row down to the first, each with the rows of the filter that meet it.
#define MEETS32TURNED(TAPS, below0, below1, store) \
	MET(below0)     \
	COLUMNS3        \
	TAPS(0, Y4, Y5) \
	TAPS(3, Y6, Y7) \
below0:                 \
	ABOVE           \
	MET(below1)     \
	COLUMNS3        \
	TAPS(0, Y0, Y1) \
	TAPS(3, Y2, Y3) \
	TAPS(6, Y4, Y5) \
below1:                 \
	ABOVE           \
	MET(store)      \
	COLUMNS3        \
	TAPS(6, Y0, Y1) \
store:

#define MEETS52TURNED(TAPS, below0, below1, below2, store) \
	MET(below0)      \
	COLUMNS5         \
	TAPS(0, Y4, Y5)  \
	TAPS(5, Y6, Y7)  \
below0:                  \
	ABOVE            \
	MET(below1)      \
	COLUMNS5         \
	TAPS(0, Y0, Y1)  \
	TAPS(5, Y2, Y3)  \
	TAPS(10, Y4, Y5) \
	TAPS(15, Y6, Y7) \
below1:                  \
	ABOVE            \
	MET(below2)      \
	COLUMNS5         \
	TAPS(10, Y0, Y1) \
	TAPS(15, Y2, Y3) \
	TAPS(20, Y4, Y5) \
below2:                  \
	ABOVE            \
	MET(store)       \
	COLUMNS5         \
	TAPS(20, Y0, Y1) \
store:

// UNITE2 writes row i of the results, whose even columns are a and odd ones b, if it is in the
// plane: 16, or 14 if that are all.
#define UNITE2(a, b, i, short, beside) \
	LEAQ       i(R12), AX        \
	CMPQ       AX, rows-40(SP)   \
	JCC        beside            \
	VUNPCKLPS  b, a, Y8          \
	VUNPCKHPS  b, a, Y9          \
	VPERM2F128 $0x20, Y9, Y8, Y10 \
	VPERM2F128 $0x31, Y9, Y8, Y8 \
	VMOVUPS    Y10, (R13)        \
	CMPQ       xn-48(SP), $8     \
	JLT        short             \
	VMOVUPS    Y8, 32(R13)       \
	JMP        beside            \
short:                               \
	VMOVUPS    X8, 32(R13)       \
	VEXTRACTF128 $1, Y8, X8      \
	VMOVLPS    X8, 48(R13)       \
beside:                              \
	ADDQ       DX, R13

// RESULTS points R13 to the first row of results at the strip, which may lie above the plane.
#define RESULTS \
	MOVQ  R12, R13        \
	IMULQ DX, R13         \
	LEAQ  (R13)(R9*8), R13 \
	ADDQ  DI, R13

// func depthwiseRows2TurnedAVX2(p *DepthwiseRows)
//
// Four rows of 16 results meet the same rows of the gradient x: those that the even rows of the
// filter meet and, below, the odd ones, likewise with columns.
//
//	DI  y     SI  x     R8  w     R9  column of x      R10 first row of the gradient that the last
//	two rows of results meet      R11 bytes of a row of x     DX  of y
//	CX  row of x        BX  rows of x      R13 x or y there   R12 first row of results
//	AX  scratch
//	Y0..Y7  sums, even and odd taps of each row        Y8..Y10  x    Y11 weight
//	Y12..Y14  columns that are in the plane
TEXT ·depthwiseRows2TurnedAVX2(SB), NOSPLIT, $64-8
	MOVQ  p+0(FP), R13
	MOVQ  DepthwiseRows_Y(R13), DI
	MOVQ  DepthwiseRows_X(R13), SI
	MOVQ  DepthwiseRows_W(R13), R8
	MOVQ  DepthwiseRows_Planes(R13), AX
	MOVQ  AX, planes-8(SP)
	MOVQ  DepthwiseRows_Side(R13), AX
	MOVQ  AX, side-16(SP)
	MOVQ  DepthwiseRows_Left(R13), AX
	MOVQ  AX, left-24(SP)
	MOVQ  DepthwiseRows_Top(R13), AX
	MOVQ  AX, top-32(SP)
	MOVQ  DepthwiseRows_Rows(R13), CX
	MOVQ  CX, rows-40(SP)
	MOVQ  DepthwiseRows_N(R13), DX
	MOVQ  DepthwiseRows_XN(R13), R11
	MOVQ  R11, xn-48(SP)
	MOVQ  DepthwiseRows_XRows(R13), BX
	SHLQ  $2, DX
	SHLQ  $2, R11
	MOVQ  DX, AX
	IMULQ CX, AX
	MOVQ  AX, yplane-56(SP)
	MOVQ  R11, AX
	IMULQ BX, AX
	MOVQ  AX, xplane-64(SP)

plane:
	MOVQ top-32(SP), R10
	SHRQ $1, R10
	INCQ R10

rows:
	LEAQ -2(R10)(R10*1), R12
	SUBQ top-32(SP), R12
	XORL R9, R9

strip:
	MOVQ    R12, AX
	IMULQ   DX, AX
	ADDQ    DI, AX
	MOVQ    R9, CX
	SHLQ    $5, CX
	ADDQ    CX, AX
	FETCH(4096, AX)
	MOVQ    R10, AX
	IMULQ   R11, AX
	ADDQ    SI, AX
	PREFETCHT0 2048(AX)(R9*8)

	// The first tap meets the column R13 from R9 on.
	MOVQ    left-24(SP), R13
	INCQ    R13
	SHRQ    $1, R13
	LEAQ    edges<>+40(SB), AX
	MOVQ    R13, CX
	ADDQ    R9, CX
	ADDQ    $8, CX
	SUBQ    xn-48(SP), CX
	JGT     right
	XORL    CX, CX

right:
	VMOVUPS (AX)(CX*4), Y12
	LEAQ    -1(R13)(R9*1), CX
	XORL    R13, R13
	TESTQ   CX, CX
	CMOVQGT R13, CX
	VMOVUPS -8(AX)(CX*4), Y13
	LEAQ    -1(CX), CX
	CMPQ    R9, $0
	JEQ     left
	XORL    CX, CX

left:
	VMOVUPS -8(AX)(CX*4), Y14
	CMPQ    xn-48(SP), $7
	JNE     wide
	MOVQ    left-24(SP), CX
	INCQ    CX
	SHRQ    $1, CX
	LEAQ    sevens<>(SB), AX
	VMOVUPS 8(AX)(CX*4), Y12
	VMOVUPS 4(AX)(CX*4), Y13
	VMOVUPS (AX)(CX*4), Y14

wide:
	VXORPS  X0, X0, X0
	VXORPS  X1, X1, X1
	VXORPS  X2, X2, X2
	VXORPS  X3, X3, X3
	VXORPS  X4, X4, X4
	VXORPS  X5, X5, X5
	VXORPS  X6, X6, X6
	VXORPS  X7, X7, X7
	MOVQ    left-24(SP), AX
	INCQ    AX
	SHRQ    $1, AX
	ADDQ    R9, AX
	MOVQ    R10, CX
	MOVQ    CX, R13
	IMULQ   R11, R13
	LEAQ    (R13)(AX*4), R13
	ADDQ    SI, R13
	MOVQ    left-24(SP), AX
	CMPQ    side-16(SP), $5
	JEQ     five
	TESTQ   $1, AX
	JNE     odd3
	MEETS32TURNED(EVENTAPS3, skip3evenx0, skip3evenx1, store3even)
	RESULTS
	UNITE2(Y0, Y1, 0, short3even0, next3even0)
	UNITE2(Y2, Y3, 1, short3even1, next3even1)
	UNITE2(Y4, Y5, 2, short3even2, next3even2)
	UNITE2(Y6, Y7, 3, short3even3, next3even3)
	JMP next

odd3:
	MEETS32TURNED(ODDTAPS3, skip3oddx0, skip3oddx1, store3odd)
	RESULTS
	UNITE2(Y1, Y0, 0, short3odd0, next3odd0)
	UNITE2(Y3, Y2, 1, short3odd1, next3odd1)
	UNITE2(Y5, Y4, 2, short3odd2, next3odd2)
	UNITE2(Y7, Y6, 3, short3odd3, next3odd3)
	JMP next

five:
	TESTQ $1, AX
	JNE   odd5
	MEETS52TURNED(EVENTAPS5, skip5evenx0, skip5evenx1, skip5evenx2, store5even)
	RESULTS
	UNITE2(Y0, Y1, 0, short5even0, next5even0)
	UNITE2(Y2, Y3, 1, short5even1, next5even1)
	UNITE2(Y4, Y5, 2, short5even2, next5even2)
	UNITE2(Y6, Y7, 3, short5even3, next5even3)
	JMP next

odd5:
	MEETS52TURNED(ODDTAPS5, skip5oddx0, skip5oddx1, skip5oddx2, store5odd)
	RESULTS
	UNITE2(Y1, Y0, 0, short5odd0, next5odd0)
	UNITE2(Y3, Y2, 1, short5odd1, next5odd1)
	UNITE2(Y5, Y4, 2, short5odd2, next5odd2)
	UNITE2(Y7, Y6, 3, short5odd3, next5odd3)
	JMP next

next:
	MOVQ    xn-48(SP), AX
	SUBQ    $8, AX
	CMPQ    R9, AX
	JGE     full
	ADDQ    $8, R9
	CMPQ    R9, AX
	CMOVQGT AX, R9
	JMP     strip

full:
	ADDQ  $2, R10
	ADDQ  $4, R12
	CMPQ  R12, rows-40(SP)
	JLT   rows
	MOVQ  side-16(SP), AX
	IMULQ AX, AX
	LEAQ  (R8)(AX*4), R8
	ADDQ  xplane-64(SP), SI
	ADDQ  yplane-56(SP), DI
	DECQ  planes-8(SP)
	JNE   plane
	VZEROUPPER
	RET

// TAPS1 to TAPS5 add 16 columns of that many taps: the gradients in Y10 and Y11
// times the planes that the taps meet.
#define TAPS1 \
	VFMADD231PS (R8)(AX*4), Y10, Y0   \
	VFMADD231PS 32(R8)(AX*4), Y11, Y1
#define TAPS2 \
	TAPS1                             \
	VFMADD231PS (R9)(AX*4), Y10, Y2   \
	VFMADD231PS 32(R9)(AX*4), Y11, Y3
#define TAPS3 \
	TAPS2                              \
	VFMADD231PS (R10)(AX*4), Y10, Y4   \
	VFMADD231PS 32(R10)(AX*4), Y11, Y5
#define TAPS4 \
	TAPS3                              \
	VFMADD231PS (R11)(AX*4), Y10, Y6   \
	VFMADD231PS 32(R11)(AX*4), Y11, Y7
#define TAPS5 \
	TAPS4                              \
	VFMADD231PS (R12)(AX*4), Y10, Y8   \
	VFMADD231PS 32(R12)(AX*4), Y11, Y9

// NEXT1 to NEXT5 step to the next row, SI bytes further.
#define NEXT1 \
	ADDQ SI, R8
#define NEXT2 \
	NEXT1        \
	ADDQ SI, R9
#define NEXT3 \
	NEXT2        \
	ADDQ SI, R10
#define NEXT4 \
	NEXT3        \
	ADDQ SI, R11
#define NEXT5 \
	NEXT4        \
	ADDQ SI, R12

// WALK runs through the plane.
#define WALK(TAPS, NEXT, row, columns) \
row:                            \
	XORL    AX, AX          \
columns:                        \
	VMOVUPS (DI)(AX*4), Y10   \
	VMOVUPS 32(DI)(AX*4), Y11 \
	TAPS                    \
	ADDQ    $16, AX         \
	CMPQ    AX, BX          \
	JLT     columns         \
	ADDQ    DX, DI          \
	NEXT                    \
	DECQ    CX              \
	JNE     row

// FOLDED adds 16 lanes, 16-8-4-2-1, in the lowest of xa.
#define FOLDED(ya, xa, yb, xb) \
	VADDPS       yb, ya, ya \
	VEXTRACTF128 $1, ya, xb \
	VADDPS       xb, xa, xa \
	VMOVHLPS     xa, xa, xb \
	VADDPS       xb, xa, xa \
	VMOVSHDUP    xa, xb     \
	VADDSS       xb, xa, xa

// FOLD stores their sum.
#define FOLD(ya, xa, yb, xb, to) \
	FOLDED(ya, xa, yb, xb) \
	VMOVSS xa, to

// AT sets r to where tap t is at the first pixel.
#define AT(t, r) \
	MOVLQSX (4*t)(R12), r   \
	LEAQ    (SI)(r*4), r

// func depthwiseWeightsAVX2(p *DepthwisePlane)
//
//	DI  y     R8..R12  x at the taps     AX  column   BX  n     CX  rows left
//	DX  bytes of a row of y              SI  bytes of a row of x
//	R13 p, then w
//	Y0..Y9  sums, two registers a tap    Y10, Y11  gradient
TEXT ·depthwiseWeightsAVX2(SB), NOSPLIT, $0-8
	MOVQ   p+0(FP), R13
	MOVQ   DepthwisePlane_Y(R13), DI
	MOVQ   DepthwisePlane_X(R13), SI
	MOVQ   DepthwisePlane_Offsets(R13), R12
	MOVQ   DepthwisePlane_Rows(R13), CX
	MOVQ   DepthwisePlane_N(R13), BX
	MOVQ   DepthwisePlane_YRow(R13), DX
	MOVQ   DepthwisePlane_Taps(R13), AX
	SHLQ   $2, DX
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	VXORPS X4, X4, X4
	VXORPS X5, X5, X5
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7
	VXORPS X8, X8, X8
	VXORPS X9, X9, X9
	AT(0, R8)
	CMPQ   AX, $2
	JLT    one
	AT(1, R9)
	JEQ    two
	AT(2, R10)
	CMPQ   AX, $4
	JLT    three
	AT(3, R11)
	JEQ    four
	AT(4, R12)
	MOVQ   DepthwisePlane_XRow(R13), SI
	MOVQ   DepthwisePlane_W(R13), R13
	SHLQ   $2, SI
	WALK(TAPS5, NEXT5, row5, columns5)
	FOLD(Y8, X8, Y9, X9, 16(R13))
	JMP    fold4

four:
	MOVQ DepthwisePlane_XRow(R13), SI
	MOVQ DepthwisePlane_W(R13), R13
	SHLQ $2, SI
	WALK(TAPS4, NEXT4, row4, columns4)

fold4:
	FOLD(Y6, X6, Y7, X7, 12(R13))
	JMP fold3

three:
	MOVQ DepthwisePlane_XRow(R13), SI
	MOVQ DepthwisePlane_W(R13), R13
	SHLQ $2, SI
	WALK(TAPS3, NEXT3, row3, columns3)

fold3:
	FOLD(Y4, X4, Y5, X5, 8(R13))
	JMP fold2

two:
	MOVQ DepthwisePlane_XRow(R13), SI
	MOVQ DepthwisePlane_W(R13), R13
	SHLQ $2, SI
	WALK(TAPS2, NEXT2, row2, columns2)

fold2:
	FOLD(Y2, X2, Y3, X3, 4(R13))
	JMP fold1

one:
	MOVQ DepthwisePlane_XRow(R13), SI
	MOVQ DepthwisePlane_W(R13), R13
	SHLQ $2, SI
	WALK(TAPS1, NEXT1, row1, columns1)

fold1:
	FOLD(Y0, X0, Y1, X1, (R13))
	VZEROUPPER
	RET

// PLAIN3 and PLAIN5 add 8 columns, d bytes from AX on, of a row of taps, FIRST and END those at
// the edges of the plane.
#define PLAIN3(d, a, b, c) \
	VMOVUPS     d(DI)(AX*4), Y10          \
	VFMADD231PS d(SI)(AX*4), Y10, a       \
	VFMADD231PS (4+d)(SI)(AX*4), Y10, b   \
	VFMADD231PS (8+d)(SI)(AX*4), Y10, c
#define PLAIN5(d, a, b, c, e, f) \
	PLAIN3(d, a, b, c)                    \
	VFMADD231PS (12+d)(SI)(AX*4), Y10, e  \
	VFMADD231PS (16+d)(SI)(AX*4), Y10, f

#define FIRST3 \
	VMOVUPS     (DI), Y10       \
	VMASKMOVPS  (SI), Y13, Y11  \
	VFMADD231PS Y11, Y10, Y0    \
	VFMADD231PS 4(SI), Y10, Y2  \
	VFMADD231PS 8(SI), Y10, Y4
#define FIRST5 \
	VMOVUPS     (DI), Y10       \
	VMASKMOVPS  (SI), Y12, Y11  \
	VFMADD231PS Y11, Y10, Y0    \
	VMASKMOVPS  4(SI), Y13, Y11 \
	VFMADD231PS Y11, Y10, Y2    \
	VFMADD231PS 8(SI), Y10, Y4  \
	VFMADD231PS 12(SI), Y10, Y6 \
	VFMADD231PS 16(SI), Y10, Y8

#define END3(d, a, b, c) \
	VMASKMOVPS  d(DI)(AX*4), Y14, Y10     \
	VMASKMOVPS  d(SI)(AX*4), Y14, Y11     \
	VFMADD231PS Y11, Y10, a               \
	VMASKMOVPS  (4+d)(SI)(AX*4), Y14, Y11 \
	VFMADD231PS Y11, Y10, b               \
	VMASKMOVPS  (8+d)(SI)(AX*4), Y15, Y11 \
	VFMADD231PS Y11, Y10, c
#define END5(d, a, b, c, e, f) \
	VMASKMOVPS  d(DI)(AX*4), Y14, Y10      \
	VMASKMOVPS  d(SI)(AX*4), Y14, Y11      \
	VFMADD231PS Y11, Y10, a                \
	VMASKMOVPS  (4+d)(SI)(AX*4), Y14, Y11  \
	VFMADD231PS Y11, Y10, b                \
	VMASKMOVPS  (8+d)(SI)(AX*4), Y14, Y11  \
	VFMADD231PS Y11, Y10, c                \
	VMASKMOVPS  (12+d)(SI)(AX*4), Y15, Y11 \
	VFMADD231PS Y11, Y10, e                \
	VMOVUPS     (R10), Y11                 \
	VMASKMOVPS  (16+d)(SI)(AX*4), Y11, Y11 \
	VFMADD231PS Y11, Y10, f

// WALKROWS runs through CX rows. Their blocks of 8 columns go by turns to the lower and the upper
// lanes, the first to the lower ones; BX is where the last begins if that goes to the upper ones.
#define WALKROWS(FIRST, LOWER, UPPER, LAST, row, pairs, last) \
row:                    \
	FIRST           \
	MOVL $8, AX     \
	CMPQ AX, BX     \
	JGE  last       \
pairs:                  \
	UPPER(0)        \
	LOWER(32)       \
	ADDQ $16, AX    \
	CMPQ AX, BX     \
	JLT  pairs      \
last:                   \
	LAST            \
	ADDQ R11, DI    \
	ADDQ R11, SI    \
	DECQ CX         \
	JNE  row

#define LOWER3(d) PLAIN3(d, Y0, Y2, Y4)
#define UPPER3(d) PLAIN3(d, Y1, Y3, Y5)
#define EVEN3 END3(0, Y1, Y3, Y5)
#define ODD3 \
	UPPER3(0) \
	END3(32, Y0, Y2, Y4)
#define LOWER5(d) PLAIN5(d, Y0, Y2, Y4, Y6, Y8)
#define UPPER5(d) PLAIN5(d, Y1, Y3, Y5, Y7, Y9)
#define EVEN5 END5(0, Y1, Y3, Y5, Y7, Y9)
#define ODD5 \
	UPPER5(0) \
	END5(32, Y0, Y2, Y4, Y6, Y8)

// FOLDADD is FOLD, added to what is there.
#define FOLDADD(ya, xa, yb, xb, to) \
	FOLDED(ya, xa, yb, xb) \
	VADDSS to, xa, xa      \
	VMOVSS xa, to

// func depthwiseRowsWeightsAVX2(p *DepthwiseRows)
//
// A row of the filter at a time, whose sums stay in registers during a walk through the plane.
//
//	DI  gradient     SI  x where the first tap of the row meets it     R8  w at the row
//	R9  row of the filter     R10 mask of the last tap in the last columns
//	R11 bytes of a row        DX  side     AX  column   BX  the last columns, see WALKROWS
//	CX  rows left    R12, R13 scratch
//	Y0..Y9  sums, two registers a tap      Y10 gradient     Y11 x
//	Y12, Y13  columns in the plane of the first taps in the first columns
//	Y14, Y15  of the others and the last but one, or last of three, in the last columns
TEXT ·depthwiseRowsWeightsAVX2(SB), NOSPLIT, $72-8
	MOVQ    p+0(FP), R13
	MOVQ    DepthwiseRows_W(R13), R8
	MOVQ    DepthwiseRows_Side(R13), DX
	MOVQ    DepthwiseRows_Planes(R13), AX
	MOVQ    AX, planes-8(SP)
	MOVQ    DepthwiseRows_Rows(R13), CX
	MOVQ    CX, rows-16(SP)
	MOVQ    DepthwiseRows_N(R13), R11
	MOVQ    DepthwiseRows_X(R13), SI
	MOVQ    DepthwiseRows_Left(R13), AX
	SHLQ    $2, AX
	SUBQ    AX, SI
	MOVQ    SI, x-24(SP)
	MOVQ    DepthwiseRows_Y(R13), DI
	MOVQ    DI, y-32(SP)
	MOVQ    DepthwiseRows_Top(R13), AX
	MOVQ    AX, top-40(SP)
	LEAQ    edges<>+24(SB), AX
	VMOVUPS (AX), Y12
	VMOVUPS 4(AX), Y13

	// BX is where the last 8 columns begin, R10 their number.
	LEAQ    -1(R11), BX
	ANDQ    $-8, BX
	MOVQ    R11, R10
	SUBQ    BX, R10
	NEGQ    R10
	LEAQ    edges<>+72(SB), AX
	LEAQ    8(AX)(R10*4), R10
	VMOVUPS -8(R10), Y14
	VMOVUPS -4(R10), Y15
	MOVQ    BX, AX
	ANDQ    $8, AX
	SUBQ    $8, AX
	MOVQ    AX, odd-72(SP)
	ADDQ    AX, BX
	SHLQ    $2, R11
	MOVQ    R11, AX
	IMULQ   CX, AX
	MOVQ    AX, yplane-48(SP)
	MOVQ    DepthwiseRows_XRows(R13), AX
	MOVQ    AX, xrows-56(SP)
	IMULQ   R11, AX
	MOVQ    AX, xplane-64(SP)

plane:
	XORL R9, R9

filter:
	// Rows of the gradient from AX to CX meet rows of x from R13 on.
	MOVQ    R9, R13
	SUBQ    top-40(SP), R13
	MOVQ    xrows-56(SP), CX
	SUBQ    R13, CX
	CMPQ    CX, rows-16(SP)
	CMOVQGT rows-16(SP), CX
	XORL    R12, R12
	MOVQ    R13, AX
	NEGQ    AX
	CMOVQLT R12, AX
	ADDQ    AX, R13
	SUBQ    AX, CX
	JLE     next
	IMULQ   R11, AX
	MOVQ    y-32(SP), DI
	ADDQ    AX, DI
	IMULQ   R11, R13
	MOVQ    x-24(SP), SI
	ADDQ    R13, SI
	VXORPS  X0, X0, X0
	VXORPS  X1, X1, X1
	VXORPS  X2, X2, X2
	VXORPS  X3, X3, X3
	VXORPS  X4, X4, X4
	VXORPS  X5, X5, X5
	CMPQ    DX, $5
	JEQ     five
	CMPQ    odd-72(SP), $0
	JNE     odd3
	WALKROWS(FIRST3, LOWER3, UPPER3, EVEN3, evenRow3, evenPairs3, evenLast3)
	JMP     fold3

odd3:
	WALKROWS(FIRST3, LOWER3, UPPER3, ODD3, oddRow3, oddPairs3, oddLast3)
	JMP     fold3

five:
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7
	VXORPS X8, X8, X8
	VXORPS X9, X9, X9
	CMPQ   odd-72(SP), $0
	JNE    odd5
	WALKROWS(FIRST5, LOWER5, UPPER5, EVEN5, evenRow5, evenPairs5, evenLast5)
	JMP    fold5

odd5:
	WALKROWS(FIRST5, LOWER5, UPPER5, ODD5, oddRow5, oddPairs5, oddLast5)

fold5:
	FOLDADD(Y6, X6, Y7, X7, 12(R8))
	FOLDADD(Y8, X8, Y9, X9, 16(R8))

fold3:
	FOLDADD(Y0, X0, Y1, X1, (R8))
	FOLDADD(Y2, X2, Y3, X3, 4(R8))
	FOLDADD(Y4, X4, Y5, X5, 8(R8))

next:
	LEAQ (R8)(DX*4), R8
	INCQ R9
	CMPQ R9, DX
	JLT  filter
	MOVQ xplane-64(SP), AX
	ADDQ AX, x-24(SP)
	MOVQ yplane-48(SP), AX
	ADDQ AX, y-32(SP)
	DECQ planes-8(SP)
	JNE  plane
	VZEROUPPER
	RET

// ADDEVENS and ADDODDS add the even or the odd ones of 16 neighbours to the sums of a tap.
#define ADDEVENS(a) \
	VSHUFPS     $0x88, Y12, Y11, Y13 \
	VFMADD231PS Y13, Y10, a
#define ADDODDS(a) \
	VSHUFPS     $0xdd, Y12, Y11, Y13 \
	VFMADD231PS Y13, Y10, a

// PAIRS3 to LASTPAIRS5 are PLAIN3 to END5 for stride 2. The gradient's lanes change places as those
// of the neighbours do.
#define PAIRS3(d, a, b, c) \
	VPERMPD $0xd8, d(DI)(AX*4), Y10   \
	VMOVUPS (2*d)(SI)(AX*8), Y11      \
	VMOVUPS (2*d+32)(SI)(AX*8), Y12   \
	ADDEVENS(a)                       \
	ADDODDS(b)                        \
	VMOVUPS (2*d+8)(SI)(AX*8), Y11    \
	VMOVUPS (2*d+40)(SI)(AX*8), Y12   \
	ADDEVENS(c)
#define PAIRS5(d, a, b, c, e, f) \
	PAIRS3(d, a, b, c)                \
	ADDODDS(e)                        \
	VMOVUPS (2*d+16)(SI)(AX*8), Y11   \
	VMOVUPS (2*d+48)(SI)(AX*8), Y12   \
	ADDEVENS(f)

#define FIRSTPAIRS3 \
	VPERMPD    $0xd8, (DI), Y10  \
	VMASKMOVPS (SI), Y14, Y11    \
	VMOVUPS    32(SI), Y12       \
	ADDEVENS(Y0)                 \
	ADDODDS(Y2)                  \
	VMOVUPS    8(SI), Y11        \
	VMOVUPS    40(SI), Y12       \
	ADDEVENS(Y4)
#define FIRSTPAIRS5 \
	FIRSTPAIRS3                  \
	ADDODDS(Y6)                  \
	VMOVUPS    16(SI), Y11       \
	VMOVUPS    48(SI), Y12       \
	ADDEVENS(Y8)

#define LASTPAIRS3(d, a, b, c) \
	VMASKMOVPS d(DI)(AX*4), Y15, Y10        \
	VPERMPD    $0xd8, Y10, Y10              \
	VMOVUPS    (R10), Y11                   \
	VMASKMOVPS (2*d)(SI)(AX*8), Y11, Y11    \
	VMOVUPS    32(R10), Y12                 \
	VMASKMOVPS (2*d+32)(SI)(AX*8), Y12, Y12 \
	ADDEVENS(a)                             \
	ADDODDS(b)                              \
	VMOVUPS    64(R10), Y11                 \
	VMASKMOVPS (2*d+8)(SI)(AX*8), Y11, Y11  \
	VMOVUPS    96(R10), Y12                 \
	VMASKMOVPS (2*d+40)(SI)(AX*8), Y12, Y12 \
	ADDEVENS(c)
#define LASTPAIRS5(d, a, b, c, e, f) \
	LASTPAIRS3(d, a, b, c)                  \
	ADDODDS(e)                              \
	VMOVUPS    128(R10), Y11                \
	VMASKMOVPS (2*d+16)(SI)(AX*8), Y11, Y11 \
	VMOVUPS    160(R10), Y12                \
	VMASKMOVPS (2*d+48)(SI)(AX*8), Y12, Y12 \
	ADDEVENS(f)

#define LOWERPAIRS3(d) PAIRS3(d, Y0, Y2, Y4)
#define UPPERPAIRS3(d) PAIRS3(d, Y1, Y3, Y5)
#define ONLYPAIRS3 LASTPAIRS3(0, Y0, Y2, Y4)
#define EVENPAIRS3 LASTPAIRS3(0, Y1, Y3, Y5)
#define ODDPAIRS3 \
	UPPERPAIRS3(0) \
	LASTPAIRS3(32, Y0, Y2, Y4)
#define LOWERPAIRS5(d) PAIRS5(d, Y0, Y2, Y4, Y6, Y8)
#define UPPERPAIRS5(d) PAIRS5(d, Y1, Y3, Y5, Y7, Y9)
#define ONLYPAIRS5 LASTPAIRS5(0, Y0, Y2, Y4, Y6, Y8)
#define EVENPAIRS5 LASTPAIRS5(0, Y1, Y3, Y5, Y7, Y9)
#define ODDPAIRS5 \
	UPPERPAIRS5(0) \
	LASTPAIRS5(32, Y0, Y2, Y4, Y6, Y8)

// WALKROWS2 is WALKROWS where a row of x is left out behind each one.
#define WALKROWS2(FIRST, LOWER, UPPER, LAST, row, pairs, last) \
row:                    \
	FIRST           \
	MOVL $8, AX     \
	CMPQ AX, BX     \
	JGE  last       \
pairs:                  \
	UPPER(0)        \
	LOWER(32)       \
	ADDQ $16, AX    \
	CMPQ AX, BX     \
	JLT  pairs      \
last:                   \
	LAST            \
	ADDQ R12, DI    \
	LEAQ (SI)(R11*2), SI \
	DECQ CX         \
	JNE  row

// WALKONE2 is WALKROWS2 where there is one block.
#define WALKONE2(ONLY, row) \
	XORL AX, AX          \
row:                         \
	ONLY                 \
	ADDQ R12, DI         \
	LEAQ (SI)(R11*2), SI \
	DECQ CX              \
	JNE  row

// FOLDPAIRS is FOLDADD for lanes that changed places.
#define FOLDPAIRS(ya, xa, yb, xb, to) \
	UNPERMUTE(ya) \
	UNPERMUTE(yb) \
	FOLDADD(ya, xa, yb, xb, to)

// KEEP copies the mask of the first n of 8 columns to to; n may be less than 0 or more than 8.
#define KEEP(n, to) \
	MOVQ    n, CX           \
	CMPQ    CX, R9          \
	CMOVQGT R9, CX          \
	TESTQ   CX, CX          \
	CMOVQLT R12, CX         \
	NEGQ    CX              \
	VMOVUPS (AX)(CX*4), Y15 \
	VMOVUPS Y15, to

// func depthwiseRows2WeightsAVX2(p *DepthwiseRows)
//
// depthwiseRowsWeightsAVX2 for stride 2.
//
//	DI  gradient     SI  x where the first tap of the row meets it     R8  w at the row
//	R9  row of the filter     R10 masks of the neighbours of the last columns
//	R11 bytes of a row of x   DX  side     AX  column   BX  the last columns, see WALKROWS2
//	CX  rows left    R12 bytes of a row of the gradient, before that 0     R13 row of x, scratch
//	Y0..Y9  sums, two registers a tap      Y10 gradient     Y11, Y12  neighbours    Y13 x
//	Y14 first neighbours in the plane      Y15 last columns
TEXT ·depthwiseRows2WeightsAVX2(SB), NOSPLIT, $288-8
	MOVQ    p+0(FP), R13
	MOVQ    DepthwiseRows_W(R13), R8
	MOVQ    DepthwiseRows_Side(R13), DX
	MOVQ    DepthwiseRows_Planes(R13), AX
	MOVQ    AX, planes-8(SP)
	MOVQ    DepthwiseRows_Rows(R13), AX
	MOVQ    AX, rows-16(SP)
	MOVQ    DepthwiseRows_N(R13), R11
	MOVQ    DepthwiseRows_X(R13), SI
	MOVQ    DepthwiseRows_Left(R13), DI
	LEAQ    (DI*4), AX
	SUBQ    AX, SI
	MOVQ    SI, x-24(SP)
	MOVQ    DepthwiseRows_Y(R13), AX
	MOVQ    AX, y-32(SP)
	MOVQ    DepthwiseRows_Top(R13), AX
	MOVQ    AX, top-40(SP)

	// BX is where the last 8 columns begin, SI the number of their neighbours.
	LEAQ    -1(R11), BX
	ANDQ    $-8, BX
	MOVQ    R11, SI
	SUBQ    BX, SI
	ADDQ    SI, SI
	LEAQ    edges<>+72(SB), AX
	XORL    R12, R12
	MOVL    $8, R9
	LEAQ    masks-272(SP), R10
	KEEP(SI, (R10))
	SUBQ    $8, SI
	KEEP(SI, 32(R10))
	ADDQ    $8, SI
	LEAQ    -2(SI)(DI*1), R13
	KEEP(R13, 64(R10))
	SUBQ    $8, R13
	KEEP(R13, 96(R10))
	LEAQ    -4(SI)(DI*1), R13
	KEEP(R13, 128(R10))
	SUBQ    $8, R13
	KEEP(R13, 160(R10))
	SHRQ    $1, SI
	NEGQ    SI
	VMOVUPS (AX)(SI*4), Y15
	NEGQ    DI
	VMOVUPS -40(AX)(DI*4), Y14
	TESTQ   BX, BX
	JNE     blocks
	VMOVUPS Y14, (R10)

blocks:
	MOVQ    p+0(FP), R13
	MOVQ    BX, AX
	ANDQ    $8, AX
	SUBQ    $8, AX
	MOVQ    AX, odd-72(SP)
	ADDQ    AX, BX
	SHLQ    $2, R11
	MOVQ    R11, ystep-80(SP)
	IMULQ   rows-16(SP), R11
	MOVQ    R11, yplane-48(SP)
	MOVQ    DepthwiseRows_XN(R13), R11
	SHLQ    $2, R11
	MOVQ    DepthwiseRows_XRows(R13), AX
	MOVQ    AX, xrows-56(SP)
	IMULQ   R11, AX
	MOVQ    AX, xplane-64(SP)

plane:
	XORL R9, R9

filter:
	// Rows of the gradient from AX to CX meet every other row of x from R13 on.
	MOVQ    R9, R13
	SUBQ    top-40(SP), R13
	MOVQ    xrows-56(SP), CX
	SUBQ    R13, CX
	INCQ    CX
	SARQ    $1, CX
	CMPQ    CX, rows-16(SP)
	CMOVQGT rows-16(SP), CX
	XORL    R12, R12
	MOVL    $1, AX
	SUBQ    R13, AX
	SARQ    $1, AX
	CMOVQLT R12, AX
	LEAQ    (R13)(AX*2), R13
	SUBQ    AX, CX
	JLE     next
	MOVQ    ystep-80(SP), R12
	IMULQ   R12, AX
	MOVQ    y-32(SP), DI
	ADDQ    AX, DI
	IMULQ   R11, R13
	MOVQ    x-24(SP), SI
	ADDQ    R13, SI
	VXORPS  X0, X0, X0
	VXORPS  X1, X1, X1
	VXORPS  X2, X2, X2
	VXORPS  X3, X3, X3
	VXORPS  X4, X4, X4
	VXORPS  X5, X5, X5
	CMPQ    DX, $5
	JEQ     five
	CMPQ    BX, $0
	JLT     one3
	CMPQ    odd-72(SP), $0
	JNE     odd3
	WALKROWS2(FIRSTPAIRS3, LOWERPAIRS3, UPPERPAIRS3, EVENPAIRS3, evenRow3, evenPairs3, evenLast3)
	JMP     fold3

one3:
	WALKONE2(ONLYPAIRS3, oneRow3)
	JMP fold3

odd3:
	WALKROWS2(FIRSTPAIRS3, LOWERPAIRS3, UPPERPAIRS3, ODDPAIRS3, oddRow3, oddPairs3, oddLast3)
	JMP     fold3

five:
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7
	VXORPS X8, X8, X8
	VXORPS X9, X9, X9
	CMPQ   BX, $0
	JLT    one5
	CMPQ   odd-72(SP), $0
	JNE    odd5
	WALKROWS2(FIRSTPAIRS5, LOWERPAIRS5, UPPERPAIRS5, EVENPAIRS5, evenRow5, evenPairs5, evenLast5)
	JMP    fold5

one5:
	WALKONE2(ONLYPAIRS5, oneRow5)
	JMP fold5

odd5:
	WALKROWS2(FIRSTPAIRS5, LOWERPAIRS5, UPPERPAIRS5, ODDPAIRS5, oddRow5, oddPairs5, oddLast5)

fold5:
	FOLDPAIRS(Y6, X6, Y7, X7, 12(R8))
	FOLDPAIRS(Y8, X8, Y9, X9, 16(R8))

fold3:
	FOLDPAIRS(Y0, X0, Y1, X1, (R8))
	FOLDPAIRS(Y2, X2, Y3, X3, 4(R8))
	FOLDPAIRS(Y4, X4, Y5, X5, 8(R8))

next:
	LEAQ (R8)(DX*4), R8
	INCQ R9
	CMPQ R9, DX
	JLT  filter
	MOVQ xplane-64(SP), AX
	ADDQ AX, x-24(SP)
	MOVQ yplane-48(SP), AX
	ADDQ AX, y-32(SP)
	DECQ planes-8(SP)
	JNE  plane
	VZEROUPPER
	RET

// HALVE adds the upper lanes to the lower ones.
#define HALVE(y, x) \
	VEXTRACTF128 $1, y, X13 \
	VADDPS       X13, x, x

// UNITE4 leaves the sums of the lanes of X8 to X11 in X8.
#define UNITE4 \
	VUNPCKLPD X9, X8, X13          \
	VUNPCKHPD X9, X8, X8           \
	VADDPS    X13, X8, X8          \
	VUNPCKLPD X11, X10, X13        \
	VUNPCKHPD X11, X10, X10        \
	VADDPS    X13, X10, X10        \
	VSHUFPS   $0x88, X10, X8, X13  \
	VSHUFPS   $0xdd, X10, X8, X8   \
	VADDPS    X13, X8, X8

// func depthwiseRowsWeights7AVX2(p *DepthwiseRows)
//
// The gradient of a plane of 7x7 stays in registers. A column of the filter is summed up at a time:
// each row of x serves all its taps.
//
//	DI  gradient     SI  x where the first tap in the plane's rows meets it     R8  w
//	R12 x     R13 mask     R9  first mask     AX  columns of the filter left
//	CX  planes left        DX  side
//	Y0..Y6  gradient       Y7  columns that are in the plane    Y8..Y12  sums    Y13 x
//	Y14 w     Y15 7 columns
TEXT ·depthwiseRowsWeights7AVX2(SB), NOSPLIT, $0-8
	MOVQ    p+0(FP), R13
	MOVQ    DepthwiseRows_Y(R13), DI
	MOVQ    DepthwiseRows_X(R13), SI
	MOVQ    DepthwiseRows_W(R13), R8
	MOVQ    DepthwiseRows_Planes(R13), CX
	MOVQ    DepthwiseRows_Side(R13), DX
	LEAQ    sevens<>+8(SB), R9
	VMOVUPS (R9), Y15
	MOVQ    DX, AX
	ANDQ    $-2, AX
	ADDQ    AX, AX
	SUBQ    AX, R9
	SUBQ    AX, SI

plane:
	FETCH(1024, SI)
	FETCH(1024, DI)
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS 28(DI), Y15, Y1
	VMASKMOVPS 56(DI), Y15, Y2
	VMASKMOVPS 84(DI), Y15, Y3
	VMASKMOVPS 112(DI), Y15, Y4
	VMASKMOVPS 140(DI), Y15, Y5
	VMASKMOVPS 168(DI), Y15, Y6
	MOVQ       SI, R12
	MOVQ       R9, R13
	MOVQ       DX, AX
	CMPQ       DX, $5
	JEQ        column5

column3:
	VANDPS      (R13), Y15, Y7
	VXORPS      X8, X8, X8
	VXORPS      X9, X9, X9
	VXORPS      X10, X10, X10
	VMASKMOVPS  (R12), Y7, Y13
	VFMADD231PS Y13, Y1, Y8
	VFMADD231PS Y13, Y0, Y9
	VMASKMOVPS  28(R12), Y7, Y13
	VFMADD231PS Y13, Y2, Y8
	VFMADD231PS Y13, Y1, Y9
	VFMADD231PS Y13, Y0, Y10
	VMASKMOVPS  56(R12), Y7, Y13
	VFMADD231PS Y13, Y3, Y8
	VFMADD231PS Y13, Y2, Y9
	VFMADD231PS Y13, Y1, Y10
	VMASKMOVPS  84(R12), Y7, Y13
	VFMADD231PS Y13, Y4, Y8
	VFMADD231PS Y13, Y3, Y9
	VFMADD231PS Y13, Y2, Y10
	VMASKMOVPS  112(R12), Y7, Y13
	VFMADD231PS Y13, Y5, Y8
	VFMADD231PS Y13, Y4, Y9
	VFMADD231PS Y13, Y3, Y10
	VMASKMOVPS  140(R12), Y7, Y13
	VFMADD231PS Y13, Y6, Y8
	VFMADD231PS Y13, Y5, Y9
	VFMADD231PS Y13, Y4, Y10
	VMASKMOVPS  168(R12), Y7, Y13
	VFMADD231PS Y13, Y6, Y9
	VFMADD231PS Y13, Y5, Y10
	HALVE(Y8, X8)
	HALVE(Y9, X9)
	HALVE(Y10, X10)
	VMOVAPS    X10, X11
	UNITE4
	VMOVSS     (R8), X14
	VINSERTPS  $0x10, 12(R8), X14, X14
	VINSERTPS  $0x20, 24(R8), X14, X14
	VADDPS     X14, X8, X8
	VMOVSS     X8, (R8)
	VEXTRACTPS $1, X8, 12(R8)
	VEXTRACTPS $2, X8, 24(R8)
	ADDQ       $4, R8
	ADDQ       $4, R12
	ADDQ       $4, R13
	DECQ       AX
	JNE        column3
	ADDQ       $24, R8
	JMP        next

column5:
	VANDPS      (R13), Y15, Y7
	VXORPS      X8, X8, X8
	VXORPS      X9, X9, X9
	VXORPS      X10, X10, X10
	VXORPS      X11, X11, X11
	VXORPS      X12, X12, X12
	VMASKMOVPS  (R12), Y7, Y13
	VFMADD231PS Y13, Y2, Y8
	VFMADD231PS Y13, Y1, Y9
	VFMADD231PS Y13, Y0, Y10
	VMASKMOVPS  28(R12), Y7, Y13
	VFMADD231PS Y13, Y3, Y8
	VFMADD231PS Y13, Y2, Y9
	VFMADD231PS Y13, Y1, Y10
	VFMADD231PS Y13, Y0, Y11
	VMASKMOVPS  56(R12), Y7, Y13
	VFMADD231PS Y13, Y4, Y8
	VFMADD231PS Y13, Y3, Y9
	VFMADD231PS Y13, Y2, Y10
	VFMADD231PS Y13, Y1, Y11
	VFMADD231PS Y13, Y0, Y12
	VMASKMOVPS  84(R12), Y7, Y13
	VFMADD231PS Y13, Y5, Y8
	VFMADD231PS Y13, Y4, Y9
	VFMADD231PS Y13, Y3, Y10
	VFMADD231PS Y13, Y2, Y11
	VFMADD231PS Y13, Y1, Y12
	VMASKMOVPS  112(R12), Y7, Y13
	VFMADD231PS Y13, Y6, Y8
	VFMADD231PS Y13, Y5, Y9
	VFMADD231PS Y13, Y4, Y10
	VFMADD231PS Y13, Y3, Y11
	VFMADD231PS Y13, Y2, Y12
	VMASKMOVPS  140(R12), Y7, Y13
	VFMADD231PS Y13, Y6, Y9
	VFMADD231PS Y13, Y5, Y10
	VFMADD231PS Y13, Y4, Y11
	VFMADD231PS Y13, Y3, Y12
	VMASKMOVPS  168(R12), Y7, Y13
	VFMADD231PS Y13, Y6, Y10
	VFMADD231PS Y13, Y5, Y11
	VFMADD231PS Y13, Y4, Y12
	HALVE(Y8, X8)
	HALVE(Y9, X9)
	HALVE(Y10, X10)
	HALVE(Y11, X11)
	HALVE(Y12, X12)
	UNITE4
	VMOVHLPS   X12, X12, X13
	VADDPS     X13, X12, X12
	VMOVSHDUP  X12, X13
	VADDSS     X13, X12, X12
	VADDSS     80(R8), X12, X12
	VMOVSS     X12, 80(R8)
	VMOVSS     (R8), X14
	VINSERTPS  $0x10, 20(R8), X14, X14
	VINSERTPS  $0x20, 40(R8), X14, X14
	VINSERTPS  $0x30, 60(R8), X14, X14
	VADDPS     X14, X8, X8
	VMOVSS     X8, (R8)
	VEXTRACTPS $1, X8, 20(R8)
	VEXTRACTPS $2, X8, 40(R8)
	VEXTRACTPS $3, X8, 60(R8)
	ADDQ       $4, R8
	ADDQ       $4, R12
	ADDQ       $4, R13
	DECQ       AX
	JNE        column5
	ADDQ       $80, R8

next:
	ADDQ $196, DI
	ADDQ $196, SI
	DECQ CX
	JNE  plane
	VZEROUPPER
	RET
