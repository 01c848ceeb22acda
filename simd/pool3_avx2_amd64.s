//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"

// 1, then 0 to 15: 8 of these are the lanes of a vector that ends with a row.
DATA pool3<>+0(SB)/4, $1
DATA pool3<>+4(SB)/8, $0x0000000100000000
DATA pool3<>+12(SB)/8, $0x0000000300000002
DATA pool3<>+20(SB)/8, $0x0000000500000004
DATA pool3<>+28(SB)/8, $0x0000000700000006
DATA pool3<>+36(SB)/8, $0x0000000900000008
DATA pool3<>+44(SB)/8, $0x0000000b0000000a
DATA pool3<>+52(SB)/8, $0x0000000d0000000c
DATA pool3<>+60(SB)/8, $0x0000000f0000000e
GLOBL pool3<>(SB), RODATA|NOPTR, $68

// COLUMNS reads the columns 2j, 2j+1 and 2j+2 of a row into a, b and c, as many
// j as fit a vector. VSHUFPS separates even and odd columns within 128 bits only. d is
// scratch.
#define COLUMNS(row, a, b, c, d) \
	VMOVUPS (row)(CX*8), a   \
	VMOVUPS 32(row)(CX*8), d \
	VSHUFPS $0xdd, d, a, b   \
	VSHUFPS $0x88, d, a, a   \
	VMOVUPS 4(row)(CX*8), c  \
	VMOVUPS 36(row)(CX*8), d \
	VSHUFPS $0xdd, d, c, c

// NARROW is COLUMNS of a row of less than 17, under the masks of what there is of the second
// vectors.
#define NARROW(row, a, b, c, d) \
	VMOVUPS    (row), a       \
	VMASKMOVPS 32(row), Y8, d \
	VSHUFPS    $0xdd, d, a, b \
	VSHUFPS    $0x88, d, a, a \
	VMOVUPS    4(row), c      \
	VMASKMOVPS 36(row), Y9, d \
	VSHUFPS    $0xdd, d, c, c

// PICK lets v, at the next place, win where it is above the best or NaN.
#define PICK(v, best, at, place, one, m, n) \
	VPADDD    one, place, place   \
	VCMPPS    $0x1e, best, v, m   \
	VCMPPS    $0x03, v, v, n      \
	VORPS     n, m, m             \
	VBLENDVPS m, v, best, best    \
	VBLENDVPS m, place, at, at

// WINNERS leaves the maxima of a vector of windows in best, their places 0..8 as
// integers in at, and 9 in place.
#define WINNERS(COLUMNS, best, at, place, one, a, b, c, m, n) \
	VXORPS at, at, at                    \
	VXORPS place, place, place           \
	COLUMNS(R8, best, b, c, m)           \
	PICK(b, best, at, place, one, m, n)  \
	PICK(c, best, at, place, one, m, n)  \
	COLUMNS(R9, a, b, c, m)              \
	PICK(a, best, at, place, one, m, n)  \
	PICK(b, best, at, place, one, m, n)  \
	PICK(c, best, at, place, one, m, n)  \
	COLUMNS(R10, a, b, c, m)             \
	PICK(a, best, at, place, one, m, n)  \
	PICK(b, best, at, place, one, m, n)  \
	PICK(c, best, at, place, one, m, n)  \
	VPADDD one, place, place

// RELU takes the maxima through ReLU; where they don't stay above 0 their place
// is nine.
#define RELU(best, at, nine, zero, m) \
	VCMPPS    $0x11, best, zero, m \ // 0 < best
	VBLENDVPS m, at, nine, at      \
	VMAXPS    best, zero, best

// func maxPool3AVX2(y []float32, arg []uint8, x []float32, h, w int, relu bool)
//
// It needs w >= 9. A row of y is made of vectors of 8; the last one ends with the row and
// may overlap the one before, which then writes the same values twice. A row of fewer than
// 8 elements is written as two overlapping vectors of 4.
//
//	DI  y     SI  arg    R8, R9, R10  rows of x      R11 columns of y
//	R12 bytes of 2 rows of x          R13 end of y   BX  rows left of this plane
//	CX  column           DX  first column of the last vector     AX  scratch
//	Y0  maxima           Y1  places   Y2  place of the pick at hand
//	Y3..Y7 scratch       Y14 1        Y15 0
//	of narrow rows: Y8, Y9  masks of columns 8 and on, 9 and on
//	Y10 lanes of the second vector    X11 bits before its places
TEXT ·maxPool3AVX2(SB), NOSPLIT, $0-89
	MOVQ         w+80(FP), R11
	MOVQ         y_base+0(FP), DI
	MOVQ         y_len+8(FP), R13
	LEAQ         (DI)(R13*4), R13
	MOVQ         arg_base+24(FP), SI
	MOVQ         x_base+48(FP), R8
	LEAQ         (R8)(R11*4), R9
	LEAQ         (R9)(R11*4), R10
	MOVQ         R11, R12
	SHLQ         $3, R12
	DECQ         R11
	SHRQ         $1, R11
	VPBROADCASTD pool3<>+0(SB), Y14
	VXORPS       X15, X15, X15
	CMPQ         R11, $8
	JGE          plane
	MOVQ         w+80(FP), AX
	SUBQ         $8, AX
	LEAQ         -1(AX), CX
	TAILMASK(AX, DX, Y8)
	TAILMASK(CX, DX, Y9)
	LEAQ         pool3<>+4(SB), DX
	VMOVDQU      -16(DX)(R11*4), Y10
	LEAQ         -32(R11*8), DX
	VMOVQ        DX, X11

plane:
	CMPQ DI, R13
	JGE  done
	MOVQ h+72(FP), BX
	DECQ BX
	SHRQ $1, BX

row:
	XORL CX, CX
	MOVQ R11, DX
	SUBQ $8, DX
	JLT  narrow

block:  // 8 columns of y
	WINNERS(COLUMNS, Y0, Y1, Y2, Y14, Y3, Y4, Y5, Y6, Y7)
	CMPB relu+88(FP), $0
	JEQ  store
	RELU(Y0, Y1, Y2, Y15, Y3)

store:
	VPERMPD      $0xd8, Y0, Y0
	VMOVUPS      Y0, (DI)(CX*4)
	TESTQ        SI, SI
	JEQ          step
	VPERMQ       $0xd8, Y1, Y1
	VEXTRACTI128 $1, Y1, X2
	VPACKSSDW    X2, X1, X1
	VPACKUSWB    X1, X1, X1
	VMOVQ        X1, (SI)(CX*1)

step:
	ADDQ $8, CX
	CMPQ CX, DX
	JLE  block
	CMPQ CX, R11
	JGE  next
	MOVQ DX, CX
	JMP  block

narrow:  // all columns of y
	WINNERS(NARROW, Y0, Y1, Y2, Y14, Y3, Y4, Y5, Y6, Y7)
	CMPB relu+88(FP), $0
	JEQ  storeNarrow
	RELU(Y0, Y1, Y2, Y15, Y3)

storeNarrow:
	VPERMPD      $0xd8, Y0, Y0
	VMOVUPS      X0, (DI)
	VPERMPS      Y0, Y10, Y0
	VMOVUPS      X0, -16(DI)(R11*4)
	TESTQ        SI, SI
	JEQ          next
	VPERMQ       $0xd8, Y1, Y1
	VEXTRACTI128 $1, Y1, X2
	VPACKSSDW    X2, X1, X1
	VPACKUSWB    X1, X1, X1
	VMOVD        X1, (SI)
	VPSRLQ       X11, X1, X1
	VMOVD        X1, -4(SI)(R11*1)

next:
	LEAQ  (DI)(R11*4), DI
	ADDQ  R12, R8
	ADDQ  R12, R9
	ADDQ  R12, R10
	TESTQ SI, SI
	JEQ   rowDone
	ADDQ  R11, SI

rowDone:
	DECQ  BX
	JNE   row
	MOVQ  R9, R8         // the last row that a window covers is 1 row on,
	TESTQ $1, h+72(FP)   // an even h has another
	JNE   nextPlane
	MOVQ  R10, R8

nextPlane:
	MOVQ R12, AX
	SHRQ $1, AX
	LEAQ (R8)(AX*1), R9
	LEAQ (R9)(AX*1), R10
	JMP  plane

done:
	VZEROUPPER
	RET

// Places 0..8, 8 lanes of each, then all lanes but the first and all but the last.
DATA places3<>+0(SB)/8, $0x0000000000000000
DATA places3<>+8(SB)/8, $0x0000000000000000
DATA places3<>+16(SB)/8, $0x0000000000000000
DATA places3<>+24(SB)/8, $0x0000000000000000
DATA places3<>+32(SB)/8, $0x0000000100000001
DATA places3<>+40(SB)/8, $0x0000000100000001
DATA places3<>+48(SB)/8, $0x0000000100000001
DATA places3<>+56(SB)/8, $0x0000000100000001
DATA places3<>+64(SB)/8, $0x0000000200000002
DATA places3<>+72(SB)/8, $0x0000000200000002
DATA places3<>+80(SB)/8, $0x0000000200000002
DATA places3<>+88(SB)/8, $0x0000000200000002
DATA places3<>+96(SB)/8, $0x0000000300000003
DATA places3<>+104(SB)/8, $0x0000000300000003
DATA places3<>+112(SB)/8, $0x0000000300000003
DATA places3<>+120(SB)/8, $0x0000000300000003
DATA places3<>+128(SB)/8, $0x0000000400000004
DATA places3<>+136(SB)/8, $0x0000000400000004
DATA places3<>+144(SB)/8, $0x0000000400000004
DATA places3<>+152(SB)/8, $0x0000000400000004
DATA places3<>+160(SB)/8, $0x0000000500000005
DATA places3<>+168(SB)/8, $0x0000000500000005
DATA places3<>+176(SB)/8, $0x0000000500000005
DATA places3<>+184(SB)/8, $0x0000000500000005
DATA places3<>+192(SB)/8, $0x0000000600000006
DATA places3<>+200(SB)/8, $0x0000000600000006
DATA places3<>+208(SB)/8, $0x0000000600000006
DATA places3<>+216(SB)/8, $0x0000000600000006
DATA places3<>+224(SB)/8, $0x0000000700000007
DATA places3<>+232(SB)/8, $0x0000000700000007
DATA places3<>+240(SB)/8, $0x0000000700000007
DATA places3<>+248(SB)/8, $0x0000000700000007
DATA places3<>+256(SB)/8, $0x0000000800000008
DATA places3<>+264(SB)/8, $0x0000000800000008
DATA places3<>+272(SB)/8, $0x0000000800000008
DATA places3<>+280(SB)/8, $0x0000000800000008
DATA places3<>+288(SB)/8, $0xffffffff00000000
DATA places3<>+296(SB)/8, $-1
DATA places3<>+304(SB)/8, $-1
DATA places3<>+312(SB)/8, $-1
DATA places3<>+320(SB)/8, $-1
DATA places3<>+328(SB)/8, $-1
DATA places3<>+336(SB)/8, $-1
DATA places3<>+344(SB)/8, $0x00000000ffffffff
GLOBL places3<>(SB), RODATA|NOPTR, $352

// FROM adds the gradients v whose places are place to sum, FIRST begins a sum, which is
// never -0. zero is 0, t scratch.
#define FROM(at, place, v, sum, t) \
	VPCMPEQD place, at, t   \
	VANDPS   v, t, t        \
	VADDPS   t, sum, sum

#define FIRST(at, place, v, zero, sum) \
	VPCMPEQD place, at, sum \
	VANDPS   v, sum, sum    \
	VADDPS   sum, zero, sum

// The rows of windows that blocks of 8 even columns meet: v, the gradients of the windows that
// begin there, and u, of those one column before, with their places at and by. The first column
// has none before, the last none that begins there; nothing is read beyond the row for them.
#define LOADFIRST \
	VMOVUPS    (R12), Y0           \
	VMASKMOVPS -4(R12), Y12, Y1    \
	VMOVQ      (R13), X3           \
	VPMOVZXBD  X3, Y2              \
	VPSLLQ     $8, X3, X3          \
	VPMOVZXBD  X3, Y3

#define LOADINNER \
	VMOVUPS    (R12), Y0           \
	VMOVUPS    -4(R12), Y1         \
	VPMOVZXBD  (R13), Y2           \
	VPMOVZXBD  -1(R13), Y3

#define LOADLAST \
	VMASKMOVPS (R12), Y13, Y0      \
	VMOVUPS    -4(R12), Y1         \
	VMOVQ      -1(R13), X2         \
	VPMOVZXBD  X2, Y3              \
	VPSRLQ     $8, X2, X2          \
	VPMOVZXBD  X2, Y2

// LOADNARROW reads a row that a block holds alone, its places as two overlapping halves.
#define LOADNARROW \
	VMASKMOVPS (R12), Y12, Y0      \
	VMASKMOVPS -4(R12), Y13, Y1    \
	VMOVD      (R13), X2           \
	VMOVD      -4(R13)(R10*1), X3  \
	VPSLLQ     X15, X3, X3         \
	VPOR       X2, X3, X3          \
	VPMOVZXBD  X3, Y2              \
	VPSLLQ     $8, X3, X3          \
	VPMOVZXBD  X3, Y3

// PAIRS puts even columns, Y8, and odd ones, Y9, into order in Y10 and Y11.
#define PAIRS \
	VUNPCKLPS  Y9, Y8, Y10         \
	VUNPCKHPS  Y9, Y8, Y11         \
	VPERM2F128 $0x20, Y11, Y10, Y8 \
	VPERM2F128 $0x31, Y11, Y10, Y11

#define PUT \
	PAIRS                          \
	VMOVUPS    Y8, (R11)           \
	VMOVUPS    Y11, 32(R11)

// PUTLAST leaves out the last of 16 columns where CX is 28 rather than 32 and Y15 all ones.
#define PUTLAST \
	PAIRS                          \
	VMOVUPS    Y8, (R11)           \
	VPERM2F128 $0x21, Y11, Y8, Y10 \
	VPALIGNR   $12, Y10, Y11, Y10  \
	VBLENDVPS  Y15, Y10, Y11, Y11  \
	VMOVUPS    Y11, (R11)(CX*1)

// PUTNARROW writes a row of less than 17 columns: its first 8, and its last ones, whose numbers
// are at CX.
#define PUTNARROW \
	PAIRS                          \
	VMOVUPS    Y8, (R11)           \
	VMOVDQU    (CX), Y10           \
	VPERMPS    Y8, Y10, Y8         \
	VPERMPS    Y11, Y10, Y11       \
	VPSLLD     $28, Y10, Y10       \
	VBLENDVPS  Y10, Y11, Y8, Y8    \
	VMOVUPS    Y8, -32(R11)(R9*1)

// GATHER gathers the gradients of a block from the top of a plane to its bottom. An even
// row is met by two rows of windows, an even column by two of their columns: those at
// hand and those before.
//
//	R11 row of dx   R9  bytes of a row   R12 dy   R13 arg   BX  rows of dx left   AX  rows of dy left
//	DX  what lies a plane ahead, fetched in ascending order
//	Y0..Y3  v, u, at and by    Y4..Y7  the same of the row above    Y8 to Y11 scratch    Y14 0
#define GATHER(LOAD, PUT, loop, below, beyond, gathered) \
	VMOVAPS    Y14, Y4             \
	VMOVAPS    Y14, Y5             \
loop: \
	TESTQ      AX, AX              \
	JEQ        beyond              \
	LOAD                           \
	LEAQ       (R12)(R10*4), R12   \
	ADDQ       R10, R13            \
	DECQ       AX                  \
gathered: \
	PREFETCHT0 (DX)                \
	FIRST(Y7, places3<>+256(SB), Y5, Y14, Y8) \
	FIRST(Y6, places3<>+224(SB), Y4, Y14, Y9) \
	FROM(Y6, places3<>+192(SB), Y4, Y8, Y10)  \
	FROM(Y2, places3<>+32(SB), Y0, Y9, Y11)   \
	FROM(Y3, places3<>+64(SB), Y1, Y8, Y10)   \
	FROM(Y2, places3<>+0(SB), Y0, Y8, Y11)    \
	PUT                            \
	DECQ       BX                  \
	JEQ        below               \
	ADDQ       R9, R11             \
	PREFETCHT0 64(DX)              \
	ADDQ       $128, DX            \
	FIRST(Y3, places3<>+160(SB), Y1, Y14, Y8) \
	FIRST(Y2, places3<>+128(SB), Y0, Y14, Y9) \
	FROM(Y2, places3<>+96(SB), Y0, Y8, Y10)   \
	PUT                            \
	ADDQ       R9, R11             \
	VMOVAPS    Y0, Y4              \
	VMOVAPS    Y1, Y5              \
	VMOVAPS    Y2, Y6              \
	VMOVAPS    Y3, Y7              \
	DECQ       BX                  \
	JNE        loop                \
	JMP        below               \
beyond: \
	VMOVAPS    Y14, Y0             \
	VMOVAPS    Y14, Y1             \
	JMP        gathered

// func maxPool3BackwardAVX2(dx, dy []float32, arg []uint8, h, w int)
//
// It needs w >= 9. A plane is cut into blocks of 16 columns of dx; the last ends with the
// row and may overlap the one before, which then writes the same values twice. A plane of fewer
// columns is one block.
//
//	DI  dx of the plane  SI  dy of the plane     R8  arg of the plane
//	R9  bytes of a row   R10 columns of dy       CX  half the first column of the block
//	AX, BX, DX, R11 to R13  see GATHER; dx_base keeps DX between blocks, dx_len the end of dx
//	Y12 all lanes but the first    Y13 all but the last     Y14 0     Y15 all ones if w is odd
//	of narrow planes: Y12, Y13  masks of dy and of dy one column before      X15 bits before the
//	second half of the places      CX  numbers of the last 8 columns
TEXT ·maxPool3BackwardAVX2(SB), NOSPLIT, $0-88
	MOVQ         dx_base+0(FP), DI
	MOVQ         dx_len+8(FP), AX
	LEAQ         (DI)(AX*4), AX
	MOVQ         AX, dx_len+8(FP)
	MOVQ         dy_base+24(FP), SI
	MOVQ         arg_base+48(FP), R8
	MOVQ         w+80(FP), R9
	LEAQ         -1(R9), R10
	SHRQ         $1, R10
	VMOVUPS      places3<>+288(SB), Y12
	VMOVUPS      places3<>+320(SB), Y13
	VXORPS       X14, X14, X14
	VXORPS       X15, X15, X15
	SHLQ         $2, R9
	CMPQ         R9, $68
	JGE          wide
	MOVQ         R10, AX
	LEAQ         1(R10), CX
	TAILMASK(CX, DX, Y13)
	VANDPS       Y12, Y13, Y13
	TAILMASK(AX, DX, Y12)
	LEAQ         -32(R10*8), DX
	VMOVQ        DX, X15
	LEAQ         pool3<>+4(SB), CX
	LEAQ         -32(CX)(R9*1), CX
	JMP          plane

wide:
	TESTQ    $4, R9
	JEQ      plane
	VPCMPEQD Y15, Y15, Y15

plane:
	CMPQ  DI, dx_len+8(FP)
	JGE   done
	CMPQ  R9, $68
	JLT   narrow
	XORL  CX, CX
	MOVQ  h+72(FP), AX
	IMULQ R9, AX
	ADDQ  DI, AX
	MOVQ  AX, dx_base+0(FP)

block:
	MOVQ  h+72(FP), BX
	LEAQ  -1(BX), AX
	SHRQ  $1, AX
	LEAQ  (DI)(CX*8), R11
	LEAQ  (SI)(CX*4), R12
	LEAQ  (R8)(CX*1), R13
	MOVQ  dx_base+0(FP), DX
	TESTQ CX, CX
	JNE   inner
	GATHER(LOADFIRST, PUT, loop, below, beyond, gathered)

inner:
	ADDQ $7, CX
	CMPQ CX, R10
	JGE  last
	SUBQ $7, CX
	GATHER(LOADINNER, PUT, loopInner, below, beyondInner, gatheredInner)

below:
	MOVQ DX, dx_base+0(FP)
	ADDQ $8, CX
	LEAQ 7(CX), DX
	CMPQ DX, R10
	JLT  block
	LEAQ -7(R10), CX
	JMP  block

last:
	MOVQ R9, CX
	ANDQ $4, CX
	NEGQ CX
	ADDQ $32, CX
	GATHER(LOADLAST, PUTLAST, loopLast, nextPlane, beyondLast, gatheredLast)

narrow:
	MOVQ  h+72(FP), BX
	LEAQ  -1(BX), AX
	SHRQ  $1, AX
	MOVQ  DI, R11
	MOVQ  SI, R12
	MOVQ  R8, R13
	MOVQ  BX, DX
	IMULQ R9, DX
	ADDQ  DI, DX
	GATHER(LOADNARROW, PUTNARROW, loopNarrow, nextPlane, beyondNarrow, gatheredNarrow)

nextPlane:
	MOVQ  h+72(FP), AX
	LEAQ  -1(AX), BX
	SHRQ  $1, BX
	IMULQ R10, BX
	LEAQ  (SI)(BX*4), SI
	ADDQ  BX, R8
	IMULQ R9, AX
	ADDQ  AX, DI
	JMP   plane

done:
	VZEROUPPER
	RET
