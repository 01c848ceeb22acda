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
	VBROADCASTSS 4*t(R8), Y4     \
	VFMADD231PS  Y12, Y4, a      \
	VFMADD231PS  Y13, Y4, b

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
	COLUMN0
	ADD(0, Y0, Y8)
	COLUMN1
	ADD(1, Y0, Y8)
	COLUMN2
	ADD(2, Y0, Y8)
	BELOW
	COLUMN0
	ADD(3, Y0, Y8)
	ADD(0, Y1, Y9)
	COLUMN1
	ADD(4, Y0, Y8)
	ADD(1, Y1, Y9)
	COLUMN2
	ADD(5, Y0, Y8)
	ADD(2, Y1, Y9)
	BELOW
	COLUMN0
	ADD(6, Y0, Y8)
	ADD(3, Y1, Y9)
	ADD(0, Y2, Y10)
	COLUMN1
	ADD(7, Y0, Y8)
	ADD(4, Y1, Y9)
	ADD(1, Y2, Y10)
	COLUMN2
	ADD(8, Y0, Y8)
	ADD(5, Y1, Y9)
	ADD(2, Y2, Y10)
	BELOW
	COLUMN0
	ADD(6, Y1, Y9)
	ADD(3, Y2, Y10)
	ADD(0, Y3, Y11)
	COLUMN1
	ADD(7, Y1, Y9)
	ADD(4, Y2, Y10)
	ADD(1, Y3, Y11)
	COLUMN2
	ADD(8, Y1, Y9)
	ADD(5, Y2, Y10)
	ADD(2, Y3, Y11)
	BELOW
	COLUMN0
	ADD(6, Y2, Y10)
	ADD(3, Y3, Y11)
	COLUMN1
	ADD(7, Y2, Y10)
	ADD(4, Y3, Y11)
	COLUMN2
	ADD(8, Y2, Y10)
	ADD(5, Y3, Y11)
	BELOW
	COLUMN0
	ADD(6, Y3, Y11)
	COLUMN1
	ADD(7, Y3, Y11)
	COLUMN2
	ADD(8, Y3, Y11)
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
	COLUMN0
	ADD(0, Y0, Y8)
	COLUMN1
	ADD(1, Y0, Y8)
	COLUMN2
	ADD(2, Y0, Y8)
	COLUMN3
	ADD(3, Y0, Y8)
	COLUMN4
	ADD(4, Y0, Y8)
	BELOW
	COLUMN0
	ADD(5, Y0, Y8)
	ADD(0, Y1, Y9)
	COLUMN1
	ADD(6, Y0, Y8)
	ADD(1, Y1, Y9)
	COLUMN2
	ADD(7, Y0, Y8)
	ADD(2, Y1, Y9)
	COLUMN3
	ADD(8, Y0, Y8)
	ADD(3, Y1, Y9)
	COLUMN4
	ADD(9, Y0, Y8)
	ADD(4, Y1, Y9)
	BELOW
	COLUMN0
	ADD(10, Y0, Y8)
	ADD(5, Y1, Y9)
	ADD(0, Y2, Y10)
	COLUMN1
	ADD(11, Y0, Y8)
	ADD(6, Y1, Y9)
	ADD(1, Y2, Y10)
	COLUMN2
	ADD(12, Y0, Y8)
	ADD(7, Y1, Y9)
	ADD(2, Y2, Y10)
	COLUMN3
	ADD(13, Y0, Y8)
	ADD(8, Y1, Y9)
	ADD(3, Y2, Y10)
	COLUMN4
	ADD(14, Y0, Y8)
	ADD(9, Y1, Y9)
	ADD(4, Y2, Y10)
	BELOW
	COLUMN0
	ADD(15, Y0, Y8)
	ADD(10, Y1, Y9)
	ADD(5, Y2, Y10)
	ADD(0, Y3, Y11)
	COLUMN1
	ADD(16, Y0, Y8)
	ADD(11, Y1, Y9)
	ADD(6, Y2, Y10)
	ADD(1, Y3, Y11)
	COLUMN2
	ADD(17, Y0, Y8)
	ADD(12, Y1, Y9)
	ADD(7, Y2, Y10)
	ADD(2, Y3, Y11)
	COLUMN3
	ADD(18, Y0, Y8)
	ADD(13, Y1, Y9)
	ADD(8, Y2, Y10)
	ADD(3, Y3, Y11)
	COLUMN4
	ADD(19, Y0, Y8)
	ADD(14, Y1, Y9)
	ADD(9, Y2, Y10)
	ADD(4, Y3, Y11)
	BELOW
	COLUMN0
	ADD(20, Y0, Y8)
	ADD(15, Y1, Y9)
	ADD(10, Y2, Y10)
	ADD(5, Y3, Y11)
	COLUMN1
	ADD(21, Y0, Y8)
	ADD(16, Y1, Y9)
	ADD(11, Y2, Y10)
	ADD(6, Y3, Y11)
	COLUMN2
	ADD(22, Y0, Y8)
	ADD(17, Y1, Y9)
	ADD(12, Y2, Y10)
	ADD(7, Y3, Y11)
	COLUMN3
	ADD(23, Y0, Y8)
	ADD(18, Y1, Y9)
	ADD(13, Y2, Y10)
	ADD(8, Y3, Y11)
	COLUMN4
	ADD(24, Y0, Y8)
	ADD(19, Y1, Y9)
	ADD(14, Y2, Y10)
	ADD(9, Y3, Y11)
	BELOW
	COLUMN0
	ADD(20, Y1, Y9)
	ADD(15, Y2, Y10)
	ADD(10, Y3, Y11)
	COLUMN1
	ADD(21, Y1, Y9)
	ADD(16, Y2, Y10)
	ADD(11, Y3, Y11)
	COLUMN2
	ADD(22, Y1, Y9)
	ADD(17, Y2, Y10)
	ADD(12, Y3, Y11)
	COLUMN3
	ADD(23, Y1, Y9)
	ADD(18, Y2, Y10)
	ADD(13, Y3, Y11)
	COLUMN4
	ADD(24, Y1, Y9)
	ADD(19, Y2, Y10)
	ADD(14, Y3, Y11)
	BELOW
	COLUMN0
	ADD(20, Y2, Y10)
	ADD(15, Y3, Y11)
	COLUMN1
	ADD(21, Y2, Y10)
	ADD(16, Y3, Y11)
	COLUMN2
	ADD(22, Y2, Y10)
	ADD(17, Y3, Y11)
	COLUMN3
	ADD(23, Y2, Y10)
	ADD(18, Y3, Y11)
	COLUMN4
	ADD(24, Y2, Y10)
	ADD(19, Y3, Y11)
	BELOW
	COLUMN0
	ADD(20, Y3, Y11)
	COLUMN1
	ADD(21, Y3, Y11)
	COLUMN2
	ADD(22, Y3, Y11)
	COLUMN3
	ADD(23, Y3, Y11)
	COLUMN4
	ADD(24, Y3, Y11)
	FINISHWIDE4
	HALVES(DI)
	STOREHALVES
	MORE(strip5, full5, rows5, done)

done:
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

// FOLD adds 16 lanes, 16-8-4-2-1, and stores their sum.
#define FOLD(ya, xa, yb, xb, to) \
	VADDPS       yb, ya, ya \
	VEXTRACTF128 $1, ya, xb \
	VADDPS       xb, xa, xa \
	VMOVHLPS     xa, xa, xb \
	VADDPS       xb, xa, xa \
	VMOVSHDUP    xa, xb     \
	VADDSS       xb, xa, xa \
	VMOVSS       xa, to

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
