//go:build !purego

#include "textflag.h"
#include "go_asm.h"

#define BIAS (R13)
#define ONE Z31
#define C2 Z31
#define C4 Z30
#define C5 Z29
#define LIMIT Z29
#define C8 Z28
#define C16 Z27
#define QUARTER Z26
#define SIXTH Z25
#define TWENTYFOURTH Z24

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9

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

// INPUTCOLUMN transforms rows 1 to 4 of a column.
#define INPUTCOLUMN(off, e1, e2, e3, e4) \
	VMOVUPS off(DX)(R11*1), Z24              \
	VMOVUPS off(DX)(R11*2), Z25              \
	VMOVUPS off(DX)(R12*1), Z26              \
	VMOVUPS off(DX)(R11*4), Z27              \
	INPUT34(Z24, Z25, Z26, Z27, e3, e4, Z28) \
	INPUT12(Z24, Z25, Z26, Z27, e1, e2)

// func winogradInputAVX512(dst, src *float32, tiles, dstPoint, dstTile, srcRow, srcTile int)
//
// See winogradInputGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left
//	R8, R9, R10     1, 3 and 5 dstPoint  R11, R12, R13  1, 3 and 5 srcRow
//	Z0-Z23  the columns, transformed     Z24-Z28  scratch       Z29, Z30  5, 4
TEXT ·winogradInputAVX512(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+16(FP), CX
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
	MOVQ DI, AX
	MOVQ SI, DX
	INPUT0(0, Z0)
	INPUT0(64, Z1)
	INPUT0(128, Z2)
	INPUT0(192, Z3)
	INPUT0(256, Z4)
	INPUT0(320, Z5)
	INPUTROW(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	INPUTCOLUMN(0, Z0, Z6, Z12, Z18)
	INPUTCOLUMN(64, Z1, Z7, Z13, Z19)
	INPUTCOLUMN(128, Z2, Z8, Z14, Z20)
	INPUTCOLUMN(192, Z3, Z9, Z15, Z21)
	INPUTCOLUMN(256, Z4, Z10, Z16, Z22)
	INPUTCOLUMN(320, Z5, Z11, Z17, Z23)
	INPUTROW(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	INPUTROW(Z6, Z7, Z8, Z9, Z10, Z11, Z24)
	INPUTROW(Z12, Z13, Z14, Z15, Z16, Z17, Z24)
	INPUTROW(Z18, Z19, Z20, Z21, Z22, Z23, Z24)
	INPUT5(0, Z0)
	INPUT5(64, Z1)
	INPUT5(128, Z2)
	INPUT5(192, Z3)
	INPUT5(256, Z4)
	INPUT5(320, Z5)
	INPUTROW(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	MOVQ dstTile+32(FP), AX
	MOVQ srcTile+48(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile
	VZEROUPPER
	RET

// OUTPUTCOLUMN4 transforms a column of points, m = 4, and moves on to the next.
#define OUTPUTCOLUMN4(e0, e1, e2, e3) \
	VMOVUPS (AX)(R8*1), Z24                                \
	VMOVUPS (AX)(R8*2), Z25                                \
	VMOVUPS (AX)(R9*1), Z26                                \
	VMOVUPS (AX)(R8*4), Z27                                \
	OUTPUT02((AX), Z24, Z25, Z26, Z27, e0, e2, Z28)        \
	OUTPUT13(Z24, Z25, Z26, Z27, (AX)(R10*1), e1, e3, Z28) \
	ADDQ    R11, AX

// OUTPUTCOLUMN2 is the same for m = 2.
#define OUTPUTCOLUMN2(e0, e1) \
	VMOVUPS (AX)(R8*1), Z24                                 \
	VMOVUPS (AX)(R8*2), Z25                                 \
	VMOVUPS (AX)(R9*1), Z26                                 \
	VMOVUPS (AX)(R8*4), Z27                                 \
	OUTPUT01((AX), Z24, Z25, Z26, Z27, (AX)(R10*1), e0, e1) \
	ADDQ    R11, AX

// func winogradOutputAVX512(t *WinogradOutputs)
//
// See winogradOutputGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left
//	R8, R9, R10     6, 18 and 30 srcPoint                       R11  srcPoint
//	R12  dstRow     R13  bias, or 16 times -0
//	Z0-Z23  the columns, transformed     Z24-Z28  scratch
//	Z29  lower clamp                     Z30, Z31      4, 1
TEXT ·winogradOutputAVX512(SB), NOSPLIT, $0-8
	MOVQ         t+0(FP), AX
	MOVQ         WinogradOutputs_Dst(AX), DI
	MOVQ         WinogradOutputs_Src(AX), SI
	MOVQ         WinogradOutputs_Tiles(AX), CX
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
	VXORPS       X29, X29, X29
	CMPB         WinogradOutputs_ReLU(AX), $0
	JNE          limited
	VBROADCASTSS winograd<>+32(SB), LIMIT

limited:
	CMPQ WinogradOutputs_M(AX), $2
	JEQ  tile2

tile4:
	MOVQ SI, AX
	MOVQ DI, DX
	OUTPUTCOLUMN4(Z0, Z6, Z12, Z18)
	OUTPUTCOLUMN4(Z1, Z7, Z13, Z19)
	OUTPUTCOLUMN4(Z2, Z8, Z14, Z20)
	OUTPUTCOLUMN4(Z3, Z9, Z15, Z21)
	OUTPUTCOLUMN4(Z4, Z10, Z16, Z22)
	OUTPUTCOLUMN4(Z5, Z11, Z17, Z23)
	OUTPUTROW4(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	ADDQ R12, DX
	OUTPUTROW4(Z6, Z7, Z8, Z9, Z10, Z11, Z24)
	ADDQ R12, DX
	OUTPUTROW4(Z12, Z13, Z14, Z15, Z16, Z17, Z24)
	ADDQ R12, DX
	OUTPUTROW4(Z18, Z19, Z20, Z21, Z22, Z23, Z24)
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
	MOVQ SI, AX
	MOVQ DI, DX
	OUTPUTCOLUMN2(Z0, Z6)
	OUTPUTCOLUMN2(Z1, Z7)
	OUTPUTCOLUMN2(Z2, Z8)
	OUTPUTCOLUMN2(Z3, Z9)
	OUTPUTCOLUMN2(Z4, Z10)
	OUTPUTCOLUMN2(Z5, Z11)
	OUTPUTROW2(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	ADDQ R12, DX
	OUTPUTROW2(Z6, Z7, Z8, Z9, Z10, Z11, Z24)
	MOVQ t+0(FP), AX
	MOVQ WinogradOutputs_DstTile(AX), DX
	MOVQ WinogradOutputs_SrcTile(AX), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile2
	VZEROUPPER
	RET

// ADJOINTCOLUMN transforms rows 1 to 4 of a column of points and moves on to the
// next.
#define ADJOINTCOLUMN(e1, e2, e3, e4) \
	VMOVUPS (AX)(R8*1), Z24                                 \
	VMOVUPS (AX)(R8*2), Z25                                 \
	VMOVUPS (AX)(R9*1), Z26                                 \
	VMOVUPS (AX)(R8*4), Z27                                 \
	ADJOINT24((AX), Z24, Z25, Z26, Z27, e2, e4, Z28)        \
	ADJOINT13(Z24, Z25, Z26, Z27, (AX)(R10*1), e1, e3, Z28) \
	ADDQ    R11, AX

// func winogradInputAdjointAVX512(dst, src *float32, tiles, dstRow, dstTile, srcPoint, srcTile int)
//
// See winogradInputAdjointGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left
//	R8, R9, R10     6, 18 and 30 srcPoint                       R11  srcPoint
//	R12  dstRow
//	Z0-Z23  the columns, transformed     Z24-Z28  scratch       Z29, Z30, Z31  5, 4, 2
TEXT ·winogradInputAdjointAVX512(SB), NOSPLIT, $0-56
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+16(FP), CX
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
	MOVQ SI, AX
	MOVQ DI, DX
	ADJOINT0(Z0)
	ADJOINT0(Z1)
	ADJOINT0(Z2)
	ADJOINT0(Z3)
	ADJOINT0(Z4)
	ADJOINT0(Z5)
	ADJOINTROW(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	SUBQ R8, AX
	ADJOINTCOLUMN(Z0, Z6, Z12, Z18)
	ADJOINTCOLUMN(Z1, Z7, Z13, Z19)
	ADJOINTCOLUMN(Z2, Z8, Z14, Z20)
	ADJOINTCOLUMN(Z3, Z9, Z15, Z21)
	ADJOINTCOLUMN(Z4, Z10, Z16, Z22)
	ADJOINTCOLUMN(Z5, Z11, Z17, Z23)
	ADDQ R12, DX
	ADJOINTROW(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	ADDQ R12, DX
	ADJOINTROW(Z6, Z7, Z8, Z9, Z10, Z11, Z24)
	ADDQ R12, DX
	ADJOINTROW(Z12, Z13, Z14, Z15, Z16, Z17, Z24)
	ADDQ R12, DX
	ADJOINTROW(Z18, Z19, Z20, Z21, Z22, Z23, Z24)
	SUBQ R8, AX
	ADJOINT5(Z0)
	ADJOINT5(Z1)
	ADJOINT5(Z2)
	ADJOINT5(Z3)
	ADJOINT5(Z4)
	ADJOINT5(Z5)
	ADDQ R12, DX
	ADJOINTROW(Z0, Z1, Z2, Z3, Z4, Z5, Z24)
	MOVQ dstTile+32(FP), DX
	MOVQ srcTile+48(FP), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile
	VZEROUPPER
	RET

// SPREADCOLUMN transforms rows 1 to 4 of a column of gradients, m = 4.
#define SPREADCOLUMN(off, e1, e2, e3, e4) \
	VMOVUPS off(DX), Z24                      \
	VMOVUPS off(DX)(R11*1), Z25               \
	VMOVUPS off(DX)(R11*2), Z26               \
	VMOVUPS off(DX)(R12*1), Z27               \
	SPREAD12(Z24, Z25, Z26, Z27, e1, e2, Z28) \
	SPREAD34(Z24, Z25, Z26, Z27, e3, e4)

// func winogradOutputAdjointAVX512(dst, src *float32, m, tiles, dstPoint, dstTile, srcRow, srcTile int)
//
// See winogradOutputAdjointGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left
//	R8, R9, R10     1, 3 and 5 dstPoint  R11, R12  1 and 3 srcRow
//	Z0-Z23  the columns, transformed     Z24-Z28  scratch       Z30  4
TEXT ·winogradOutputAdjointAVX512(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+24(FP), CX
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
	MOVQ    DI, AX
	MOVQ    SI, DX
	VMOVUPS (DX), Z0
	VMOVUPS 64(DX), Z1
	VMOVUPS 128(DX), Z2
	VMOVUPS 192(DX), Z3
	SPREADROW4(Z0, Z1, Z2, Z3, Z24, Z25, Z26)
	SPREADCOLUMN(0, Z0, Z4, Z8, Z12)
	SPREADCOLUMN(64, Z1, Z5, Z9, Z13)
	SPREADCOLUMN(128, Z2, Z6, Z10, Z14)
	SPREADCOLUMN(192, Z3, Z7, Z11, Z15)
	SPREADROW4(Z0, Z1, Z2, Z3, Z24, Z25, Z26)
	SPREADROW4(Z4, Z5, Z6, Z7, Z24, Z25, Z26)
	SPREADROW4(Z8, Z9, Z10, Z11, Z24, Z25, Z26)
	SPREADROW4(Z12, Z13, Z14, Z15, Z24, Z25, Z26)
	VMOVUPS (DX)(R12*1), Z0
	VMOVUPS 64(DX)(R12*1), Z1
	VMOVUPS 128(DX)(R12*1), Z2
	VMOVUPS 192(DX)(R12*1), Z3
	SPREADROW4(Z0, Z1, Z2, Z3, Z24, Z25, Z26)
	MOVQ    dstTile+40(FP), AX
	MOVQ    srcTile+56(FP), DX
	LEAQ    (DI)(AX*4), DI
	LEAQ    (SI)(DX*4), SI
	DECQ    CX
	JNE     tile4
	VZEROUPPER
	RET

tile2:
	MOVQ DI, AX
	MOVQ SI, DX
	SPREAD2
	MOVQ dstTile+40(FP), AX
	MOVQ srcTile+56(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile2
	VZEROUPPER
	RET

// func winogradFilterAVX512(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
//
// See winogradFilterGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left
//	R8, R9, R10     1, 3 and 5 dstPoint
//	R11, R12        r and 3r srcPoint    R13  srcPoint
//	Z0-Z7   a row of points, scratch     Z24-Z28, Z30  1/24, -1/6, 1/4, 16, 8, 4
TEXT ·winogradFilterAVX512(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+24(FP), CX
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
	MOVQ DI, AX
	MOVQ SI, DX
	FILTER5
	MOVQ dstTile+40(FP), AX
	MOVQ srcTile+56(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile5
	VZEROUPPER
	RET

tile3:
	MOVQ DI, AX
	MOVQ SI, DX
	FILTER3
	MOVQ dstTile+40(FP), AX
	MOVQ srcTile+56(FP), DX
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(DX*4), SI
	DECQ CX
	JNE  tile3
	VZEROUPPER
	RET

// func winogradFilterAdjointAVX512(dst, src *float32, r, tiles, dstPoint, dstTile, srcPoint, srcTile int)
//
// See winogradFilterAdjointGeneric. Registers (distances in bytes):
//
//	DI, SI  dst and src of the tile      AX, DX  cursors        CX  tiles left
//	R8, R9, R10     6, 18 and 30 srcPoint                       R11  srcPoint
//	R12, R13        1 and 3 dstPoint
//	Z0-Z7   a row of taps, scratch       Z24-Z28, Z30, Z31  1/24, -1/6, 1/4, 16, 8, 4, 2
TEXT ·winogradFilterAdjointAVX512(SB), NOSPLIT, $0-64
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         tiles+24(FP), CX
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
	MOVQ SI, AX
	MOVQ DI, DX
	FILTERADJOINT5
	MOVQ dstTile+40(FP), DX
	MOVQ srcTile+56(FP), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile5
	VZEROUPPER
	RET

tile3:
	MOVQ SI, AX
	MOVQ DI, DX
	FILTERADJOINT3
	MOVQ dstTile+40(FP), DX
	MOVQ srcTile+56(FP), AX
	LEAQ (DI)(DX*4), DI
	LEAQ (SI)(AX*4), SI
	DECQ CX
	JNE  tile3
	VZEROUPPER
	RET
