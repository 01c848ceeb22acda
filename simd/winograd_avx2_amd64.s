//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// 16 lanes are two vectors: a tile is transformed twice, BX, the distance of the
// half, being 0 and 32. Two rows of a tile are kept in registers at a time.

#define BIAS (R13)(BX*1)
#define ONE Y13
#define C2 Y15
#define LIMIT Y15
#define C4 Y14
#define C5 Y13
#define C8 Y13
#define C16 Y12
#define QUARTER Y11
#define SIXTH Y10
#define TWENTYFOURTH Y9

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9

#include "winograd_amd64.h"

DATA winograd<>+0(SB)/4, $2.0
DATA winograd<>+4(SB)/4, $4.0
DATA winograd<>+8(SB)/4, $5.0
DATA winograd<>+12(SB)/4, $8.0
DATA winograd<>+16(SB)/4, $16.0
DATA winograd<>+20(SB)/4, $0.25
DATA winograd<>+24(SB)/4, $0xbe2aaaab // -1/6
DATA winograd<>+28(SB)/4, $0x3d2aaaab // 1/24
DATA winograd<>+32(SB)/4, $0xff800000 // -Inf
DATA winograd<>+36(SB)/4, $1.0
DATA winograd<>+64(SB)/8, $0x8000000080000000 // no bias: x + -0 is x, whatever x is
DATA winograd<>+72(SB)/8, $0x8000000080000000
DATA winograd<>+80(SB)/8, $0x8000000080000000
DATA winograd<>+88(SB)/8, $0x8000000080000000
DATA winograd<>+96(SB)/8, $0x8000000080000000
DATA winograd<>+104(SB)/8, $0x8000000080000000
DATA winograd<>+112(SB)/8, $0x8000000080000000
DATA winograd<>+120(SB)/8, $0x8000000080000000
GLOBL winograd<>(SB), RODATA|NOPTR, $128

// INPUTROWS12 and INPUTROWS34 transform two rows of a column.
#define INPUTROWS12(off, e1, e2) \
	VMOVUPS off(DX)(R11*4), e1                               \
	VMOVUPS off(DX)(R12*1), Y12                              \
	INPUT12(off(DX)(R11*1), off(DX)(R11*2), Y12, e1, e1, e2)

#define INPUTROWS34(off, e3, e4) \
	VMOVUPS off(DX)(R11*4), e4                                    \
	VMOVUPS off(DX)(R12*1), Y12                                   \
	INPUT34(off(DX)(R11*1), off(DX)(R11*2), Y12, e4, e3, e4, Y12)

// func winogradInputAVX2(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int)
//
// See winogradInputGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left   BX  half
//	R8, R9, R10     1, 3 and 5 dstPoint  R11, R12, R13  1, 3 and 5 srcRow
//	Y0-Y11  two rows of the columns, transformed     Y12  scratch     Y13, Y14  5, 4
TEXT ·winogradInputAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+16(FP), CX
	XORL         BX, BX
	MOVQ         dstPoint+24(FP), R8
	SHLQ         $2, R8
	LEAQ         (R8)(R8*2), R9
	LEAQ         (R8)(R8*4), R10
	MOVQ         srcRow+40(FP), R11
	SHLQ         $2, R11
	LEAQ         (R11)(R11*2), R12
	LEAQ         (R11)(R11*4), R13
	VBROADCASTSS winograd<>+4(SB), C4
	VBROADCASTSS winograd<>+8(SB), C5

tile:
	LEAQ (DI)(BX*1), AX
	LEAQ (SI)(BX*1), DX
	INPUT0(0, Y0)
	INPUT0(64, Y1)
	INPUT0(128, Y2)
	INPUT0(192, Y3)
	INPUT0(256, Y4)
	INPUT0(320, Y5)
	INPUTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	INPUTROWS12(0, Y0, Y6)
	INPUTROWS12(64, Y1, Y7)
	INPUTROWS12(128, Y2, Y8)
	INPUTROWS12(192, Y3, Y9)
	INPUTROWS12(256, Y4, Y10)
	INPUTROWS12(320, Y5, Y11)
	INPUTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	INPUTROW(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	INPUTROWS34(0, Y0, Y6)
	INPUTROWS34(64, Y1, Y7)
	INPUTROWS34(128, Y2, Y8)
	INPUTROWS34(192, Y3, Y9)
	INPUTROWS34(256, Y4, Y10)
	INPUTROWS34(320, Y5, Y11)
	INPUTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	INPUTROW(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	INPUT5(0, Y0)
	INPUT5(64, Y1)
	INPUT5(128, Y2)
	INPUT5(192, Y3)
	INPUT5(256, Y4)
	INPUT5(320, Y5)
	INPUTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	XORQ $32, BX
	JNE  tile
	MOVQ dstTile+32(FP), AX
	MOVQ srcTile+48(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile
	VZEROUPPER
	RET

// ADJOINTROWS13 and ADJOINTROWS24 transform two rows of a column of points and move
// on to the next column.
#define ADJOINTROWS13(e1, e3) \
	VMOVUPS (AX)(R8*1), e3                                               \
	VMOVUPS (AX)(R9*1), Y12                                              \
	ADJOINT13(e3, (AX)(R8*2), Y12, (AX)(R8*4), (AX)(R10*1), e1, e3, Y12) \
	ADDQ    R11, AX

#define ADJOINTROWS24(e2, e4) \
	VMOVUPS (AX)(R8*1), e2                                        \
	VMOVUPS (AX)(R9*1), Y12                                       \
	ADJOINT24((AX), e2, (AX)(R8*2), Y12, (AX)(R8*4), e2, e4, Y12) \
	ADDQ    R11, AX

// func winogradInputAdjointAVX2(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int)
//
// See winogradInputAdjointGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left   BX  half
//	R8, R9, R10     6, 18 and 30 srcPoint                       R11  srcPoint
//	R12  dstRow
//	Y0-Y11  two rows of the columns, transformed     Y12  scratch     Y13, Y14, Y15  5, 4, 2
TEXT ·winogradInputAdjointAVX2(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+16(FP), CX
	XORL         BX, BX
	MOVQ         dstRow+24(FP), R12
	SHLQ         $2, R12
	MOVQ         srcPoint+40(FP), R11
	SHLQ         $2, R11
	LEAQ         (R11)(R11*2), R8
	ADDQ         R8, R8
	LEAQ         (R8)(R8*2), R9
	LEAQ         (R8)(R8*4), R10
	VBROADCASTSS winograd<>+0(SB), C2
	VBROADCASTSS winograd<>+4(SB), C4
	VBROADCASTSS winograd<>+8(SB), C5

tile:
	LEAQ (SI)(BX*1), AX
	LEAQ (DI)(BX*1), DX
	ADJOINT0(Y0)
	ADJOINT0(Y1)
	ADJOINT0(Y2)
	ADJOINT0(Y3)
	ADJOINT0(Y4)
	ADJOINT0(Y5)
	ADJOINTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	SUBQ R8, AX
	ADJOINTROWS13(Y0, Y6)
	ADJOINTROWS13(Y1, Y7)
	ADJOINTROWS13(Y2, Y8)
	ADJOINTROWS13(Y3, Y9)
	ADJOINTROWS13(Y4, Y10)
	ADJOINTROWS13(Y5, Y11)
	ADDQ R12, DX
	ADJOINTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	LEAQ (DX)(R12*2), DX
	ADJOINTROW(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	SUBQ R8, AX
	ADJOINTROWS24(Y0, Y6)
	ADJOINTROWS24(Y1, Y7)
	ADJOINTROWS24(Y2, Y8)
	ADJOINTROWS24(Y3, Y9)
	ADJOINTROWS24(Y4, Y10)
	ADJOINTROWS24(Y5, Y11)
	SUBQ R12, DX
	ADJOINTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	LEAQ (DX)(R12*2), DX
	ADJOINTROW(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	SUBQ R8, AX
	ADJOINT5(Y0)
	ADJOINT5(Y1)
	ADJOINT5(Y2)
	ADJOINT5(Y3)
	ADJOINT5(Y4)
	ADJOINT5(Y5)
	ADDQ R12, DX
	ADJOINTROW(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	XORQ $32, BX
	JNE  tile
	MOVQ dstTile+32(FP), DX
	MOVQ srcTile+48(FP), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile
	VZEROUPPER
	RET

// OUTPUTROWS02, OUTPUTROWS13 (m = 4) and OUTPUTROWS01 (m = 2) transform two rows of
// a column of points and move on to the next column.
#define OUTPUTROWS02(e0, e2) \
	VMOVUPS (AX)(R8*1), e2                                       \
	VMOVUPS (AX)(R9*1), Y12                                      \
	OUTPUT02((AX), e2, (AX)(R8*2), Y12, (AX)(R8*4), e0, e2, Y12) \
	ADDQ    R11, AX

#define OUTPUTROWS13(e1, e3) \
	VMOVUPS (AX)(R8*1), e3                                              \
	VMOVUPS (AX)(R9*1), Y12                                             \
	OUTPUT13(e3, (AX)(R8*2), Y12, (AX)(R8*4), (AX)(R10*1), e1, e3, Y12) \
	ADDQ    R11, AX

#define OUTPUTROWS01(e0, e1) \
	VMOVUPS (AX)(R8*1), Y12                                               \
	VMOVUPS (AX)(R9*1), Y14                                               \
	OUTPUT01((AX), Y12, (AX)(R8*2), Y14, (AX)(R8*4), (AX)(R10*1), e0, e1) \
	ADDQ    R11, AX

// func winogradOutputAVX2(t *WinogradOutputs)
//
// See winogradOutputGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left   BX  half
//	R8, R9, R10     6, 18 and 30 srcPoint                       R11  srcPoint
//	R12  dstRow     R13  bias, or 16 times -0
//	Y0-Y11  two rows of the columns, transformed     Y12  scratch
//	Y13  1          Y14  4, scratch if m = 2         Y15  lower clamp
TEXT ·winogradOutputAVX2(SB), NOSPLIT, $0-8
	MOVQ         t+0(FP), AX
	MOVQ         WinogradOutputs_Dst(AX), DI
	MOVQ         WinogradOutputs_Src(AX), SI
	MOVQ         WinogradOutputs_Tiles(AX), CX
	XORL         BX, BX
	MOVQ         WinogradOutputs_DstRow(AX), R12
	SHLQ         $2, R12
	MOVQ         WinogradOutputs_SrcPoint(AX), R11
	SHLQ         $2, R11
	LEAQ         (R11)(R11*2), R8
	ADDQ         R8, R8
	LEAQ         (R8)(R8*2), R9
	LEAQ         (R8)(R8*4), R10
	VBROADCASTSS winograd<>+4(SB), C4
	VBROADCASTSS winograd<>+36(SB), ONE
	MOVQ         WinogradOutputs_Bias(AX), R13
	TESTQ        R13, R13
	JNE          biased
	LEAQ         winograd<>+64(SB), R13

biased:
	VXORPS       X15, X15, X15
	CMPB         WinogradOutputs_ReLU(AX), $0
	JNE          limited
	VBROADCASTSS winograd<>+32(SB), LIMIT

limited:
	CMPQ WinogradOutputs_M(AX), $2
	JEQ  tile2

tile4:
	LEAQ (SI)(BX*1), AX
	LEAQ (DI)(BX*1), DX
	OUTPUTROWS02(Y0, Y6)
	OUTPUTROWS02(Y1, Y7)
	OUTPUTROWS02(Y2, Y8)
	OUTPUTROWS02(Y3, Y9)
	OUTPUTROWS02(Y4, Y10)
	OUTPUTROWS02(Y5, Y11)
	OUTPUTROW4(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	LEAQ (DX)(R12*2), DX
	OUTPUTROW4(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	SUBQ R8, AX
	OUTPUTROWS13(Y0, Y6)
	OUTPUTROWS13(Y1, Y7)
	OUTPUTROWS13(Y2, Y8)
	OUTPUTROWS13(Y3, Y9)
	OUTPUTROWS13(Y4, Y10)
	OUTPUTROWS13(Y5, Y11)
	SUBQ R12, DX
	OUTPUTROW4(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	LEAQ (DX)(R12*2), DX
	OUTPUTROW4(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	XORQ $32, BX
	JNE  tile4
	MOVQ t+0(FP), AX
	MOVQ WinogradOutputs_DstTile(AX), DX
	MOVQ WinogradOutputs_SrcTile(AX), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile4
	VZEROUPPER
	RET

tile2:
	LEAQ (SI)(BX*1), AX
	LEAQ (DI)(BX*1), DX
	OUTPUTROWS01(Y0, Y6)
	OUTPUTROWS01(Y1, Y7)
	OUTPUTROWS01(Y2, Y8)
	OUTPUTROWS01(Y3, Y9)
	OUTPUTROWS01(Y4, Y10)
	OUTPUTROWS01(Y5, Y11)
	OUTPUTROW2(Y0, Y1, Y2, Y3, Y4, Y5, Y12)
	ADDQ R12, DX
	OUTPUTROW2(Y6, Y7, Y8, Y9, Y10, Y11, Y12)
	XORQ $32, BX
	JNE  tile2
	MOVQ t+0(FP), AX
	MOVQ WinogradOutputs_DstTile(AX), DX
	MOVQ WinogradOutputs_SrcTile(AX), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile2
	VZEROUPPER
	RET

// SPREADROWS12 and SPREADROWS34 transform two rows of a column of gradients, m = 4.
#define SPREADROWS12(off, e1, e2) \
	VMOVUPS off(DX), e1                                            \
	VMOVUPS off(DX)(R11*1), Y12                                    \
	SPREAD12(e1, Y12, off(DX)(R11*2), off(DX)(R12*1), e1, e2, Y12)

#define SPREADROWS34(off, e3, e4) \
	VMOVUPS off(DX), e3                                       \
	VMOVUPS off(DX)(R11*1), Y12                               \
	SPREAD34(e3, Y12, off(DX)(R11*2), off(DX)(R12*1), e3, e4)

// func winogradOutputAdjointAVX2(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int)
//
// See winogradOutputAdjointGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left   BX  half
//	R8, R9, R10     1, 3 and 5 dstPoint  R11, R12  1 and 3 srcRow
//	Y0-Y7   two rows of the columns, transformed, scratch if m = 2
//	Y8-Y10, Y12  scratch                 Y14  4
TEXT ·winogradOutputAdjointAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+24(FP), CX
	XORL         BX, BX
	MOVQ         dstPoint+32(FP), R8
	SHLQ         $2, R8
	LEAQ         (R8)(R8*2), R9
	LEAQ         (R8)(R8*4), R10
	MOVQ         srcRow+48(FP), R11
	SHLQ         $2, R11
	LEAQ         (R11)(R11*2), R12
	VBROADCASTSS winograd<>+4(SB), C4
	CMPQ         m+16(FP), $2
	JEQ          tile2

tile4:
	LEAQ    (DI)(BX*1), AX
	LEAQ    (SI)(BX*1), DX
	VMOVUPS (DX), Y0
	VMOVUPS 64(DX), Y1
	VMOVUPS 128(DX), Y2
	VMOVUPS 192(DX), Y3
	SPREADROW4(Y0, Y1, Y2, Y3, Y8, Y9, Y10)
	SPREADROWS12(0, Y0, Y4)
	SPREADROWS12(64, Y1, Y5)
	SPREADROWS12(128, Y2, Y6)
	SPREADROWS12(192, Y3, Y7)
	SPREADROW4(Y0, Y1, Y2, Y3, Y8, Y9, Y10)
	SPREADROW4(Y4, Y5, Y6, Y7, Y8, Y9, Y10)
	SPREADROWS34(0, Y0, Y4)
	SPREADROWS34(64, Y1, Y5)
	SPREADROWS34(128, Y2, Y6)
	SPREADROWS34(192, Y3, Y7)
	SPREADROW4(Y0, Y1, Y2, Y3, Y8, Y9, Y10)
	SPREADROW4(Y4, Y5, Y6, Y7, Y8, Y9, Y10)
	VMOVUPS (DX)(R12*1), Y0
	VMOVUPS 64(DX)(R12*1), Y1
	VMOVUPS 128(DX)(R12*1), Y2
	VMOVUPS 192(DX)(R12*1), Y3
	SPREADROW4(Y0, Y1, Y2, Y3, Y8, Y9, Y10)
	XORQ    $32, BX
	JNE     tile4
	MOVQ    dstTile+40(FP), AX
	MOVQ    srcTile+56(FP), DX
	LEAQ    (DI)(AX*4), DI
	LEAQ    (SI)(DX*4), SI
	DECQ    CX
	JNE     tile4
	VZEROUPPER
	RET

tile2:
	LEAQ (DI)(BX*1), AX
	LEAQ (SI)(BX*1), DX
	SPREAD2
	XORQ $32, BX
	JNE  tile2
	MOVQ dstTile+40(FP), AX
	MOVQ srcTile+56(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile2
	VZEROUPPER
	RET

// func winogradFilterAVX2(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
//
// See winogradFilterGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left   BX  half
//	R8, R9, R10     1, 3 and 5 dstPoint
//	R11, R12        r and 3r srcPoint    R13  srcPoint
//	Y0-Y7   a row of points, scratch     Y9-Y13, Y14  1/24, -1/6, 1/4, 16, 8, 4
TEXT ·winogradFilterAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+24(FP), CX
	XORL         BX, BX
	MOVQ         dstPoint+32(FP), R8
	SHLQ         $2, R8
	LEAQ         (R8)(R8*2), R9
	LEAQ         (R8)(R8*4), R10
	MOVQ         srcPoint+48(FP), R13
	SHLQ         $2, R13
	MOVQ         r+16(FP), R11
	IMULQ        R13, R11
	LEAQ         (R11)(R11*2), R12
	VBROADCASTSS winograd<>+4(SB), C4
	VBROADCASTSS winograd<>+12(SB), C8
	VBROADCASTSS winograd<>+16(SB), C16
	VBROADCASTSS winograd<>+20(SB), QUARTER
	VBROADCASTSS winograd<>+24(SB), SIXTH
	VBROADCASTSS winograd<>+28(SB), TWENTYFOURTH
	CMPQ         r+16(FP), $3
	JEQ          tile3

tile5:
	LEAQ (DI)(BX*1), AX
	LEAQ (SI)(BX*1), DX
	FILTER5
	XORQ $32, BX
	JNE  tile5
	MOVQ dstTile+40(FP), AX
	MOVQ srcTile+56(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile5
	VZEROUPPER
	RET

tile3:
	LEAQ (DI)(BX*1), AX
	LEAQ (SI)(BX*1), DX
	FILTER3
	XORQ $32, BX
	JNE  tile3
	MOVQ dstTile+40(FP), AX
	MOVQ srcTile+56(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile3
	VZEROUPPER
	RET

// func winogradFilterAdjointAVX2(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
//
// See winogradFilterAdjointGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left   BX  half
//	R8, R9, R10     6, 18 and 30 srcPoint                       R11  srcPoint
//	R12, R13        1 and 3 dstPoint
//	Y0-Y7   a row of taps, scratch       Y9-Y13, Y14, Y15  1/24, -1/6, 1/4, 16, 8, 4, 2
TEXT ·winogradFilterAdjointAVX2(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+24(FP), CX
	XORL         BX, BX
	MOVQ         dstPoint+32(FP), R12
	SHLQ         $2, R12
	LEAQ         (R12)(R12*2), R13
	MOVQ         srcPoint+48(FP), R11
	SHLQ         $2, R11
	LEAQ         (R11)(R11*2), R8
	ADDQ         R8, R8
	LEAQ         (R8)(R8*2), R9
	LEAQ         (R8)(R8*4), R10
	VBROADCASTSS winograd<>+0(SB), C2
	VBROADCASTSS winograd<>+4(SB), C4
	VBROADCASTSS winograd<>+12(SB), C8
	VBROADCASTSS winograd<>+16(SB), C16
	VBROADCASTSS winograd<>+20(SB), QUARTER
	VBROADCASTSS winograd<>+24(SB), SIXTH
	VBROADCASTSS winograd<>+28(SB), TWENTYFOURTH
	CMPQ         r+16(FP), $3
	JEQ          tile3

tile5:
	LEAQ (SI)(BX*1), AX
	LEAQ (DI)(BX*1), DX
	FILTERADJOINT5
	XORQ $32, BX
	JNE  tile5
	MOVQ dstTile+40(FP), DX
	MOVQ srcTile+56(FP), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile5
	VZEROUPPER
	RET

tile3:
	LEAQ (SI)(BX*1), AX
	LEAQ (DI)(BX*1), DX
	FILTERADJOINT3
	XORQ $32, BX
	JNE  tile3
	MOVQ dstTile+40(FP), DX
	MOVQ srcTile+56(FP), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile3
	VZEROUPPER
	RET
