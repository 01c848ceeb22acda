//go:build !purego

#include "textflag.h"

// The register tile of a matrix product, up to 6 x 16: see gemm_avx512_amd64.s,
// whose structure this follows with vectors of 8. There are no mask registers,
// so a tile with n < 16 loads and stores through VMASKMOVPS; whole tiles don't,
// because masked stores are slow on some CPUs.

DATA gemmMask<>+0(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+8(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+16(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+24(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+32(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+40(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+48(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+56(SB)/8, $0xffffffffffffffff
DATA gemmMask<>+64(SB)/8, $0
DATA gemmMask<>+72(SB)/8, $0
DATA gemmMask<>+80(SB)/8, $0
DATA gemmMask<>+88(SB)/8, $0
DATA gemmMask<>+96(SB)/8, $0
DATA gemmMask<>+104(SB)/8, $0
DATA gemmMask<>+112(SB)/8, $0
DATA gemmMask<>+120(SB)/8, $0

// gemmMask is 16 lanes on, 16 lanes off: the mask of the first n of 16 columns
// begins at element 16-n.
GLOBL gemmMask<>(SB), RODATA|NOPTR, $128

// ROW multiplies the broadcast of one element of A into both halves of a row.
#define ROW(addr, t, lo, hi) \
	VBROADCASTSS addr, t       \
	VFMADD231PS  Y12, t, lo    \
	VFMADD231PS  Y13, t, hi

#define ROWS1 \
	ROW((SI), Y14, Y0, Y1)
#define ROWS2 ROWS1 \
	ROW((SI)(R9*1), Y15, Y2, Y3)
#define ROWS3 ROWS2 \
	ROW((SI)(R9*2), Y14, Y4, Y5)
#define ROWS4 ROWS3 \
	ROW((SI)(R10*1), Y15, Y6, Y7)
#define ROWS5 ROWS4 \
	ROW((SI)(R9*4), Y14, Y8, Y9)
#define ROWS6 ROWS5 \
	ROW((SI)(R11*1), Y15, Y10, Y11)

// STEP moves the cursors to the next k; the flags are those of k left.
#define STEP \
	ADDQ R13, SI \
	ADDQ DX, BX  \
	DECQ CX

// AHEADSTEP also fetches a line of what is read after this tile: high tiles have
// load slots left for it.
#define AHEADSTEP \
	PREFETCHT1 (DI) \
	ADDQ AX, DI     \
	STEP

// OUTER moves A and B to the next row of k and reloads the count; the flags are those
// of rows left.
#define OUTER(k, aJump, bJump, left) \
	ADDQ aJump, SI \
	ADDQ bJump, BX \
	MOVQ k, CX     \
	DECQ left

// LOADROW, ROWBIAS, STOREROW, STOREMASKED and RELUROW serve one row of the tile.
#define LOADROW(lo, hi) \
	VMASKMOVPS (DI), Y12, lo   \
	VMASKMOVPS 32(DI), Y13, hi \
	ADDQ       CX, DI

#define ROWBIAS(off, lo, hi) \
	VBROADCASTSS off(BX), lo \
	VMOVAPS      lo, hi

#define STOREROW(lo, hi) \
	VMOVUPS lo, (DI)   \
	VMOVUPS hi, 32(DI) \
	ADDQ    CX, DI

#define STOREMASKED(lo, hi) \
	VMASKMOVPS lo, Y14, (DI)   \
	VMASKMOVPS hi, Y15, 32(DI) \
	ADDQ       CX, DI

#define RELUROW(lo, hi) \
	VMAXPS lo, Y12, lo \
	VMAXPS hi, Y12, hi

// MASKS loads the masks of columns 0-7 and 8-15.
#define MASKS(n, lo, hi) \
	MOVQ    n, R8               \
	NEGQ    R8                  \
	LEAQ    gemmMask<>(SB), R12 \
	VMOVUPS 64(R12)(R8*4), lo   \
	VMOVUPS 96(R12)(R8*4), hi

// func gemmAVX2(c, a, b, bias *float32, cRow, aRow, aCol, aJump, bRow, bJump, m, n, k, kOuter int, mode TileMode, ahead *float32)
//
// See gemmGeneric. Registers of the loops:
//
//	SI   a(0, l)          BX   b(o, q, 0)       R8, R12  scratch
//	R9   aRow             R10  3 aRow           R11  5 aRow
//	R13  aCol             DX   bRow             (all distances in bytes)
//	CX   k left           DI   ahead            AX   bRow, or 0 without ahead
//	aJump and bJump in the frame become aJump - k aCol and bJump - k bRow, kOuter
//	what is left of it
//	Y0-Y11  the tile, row i in Y(2i), Y(2i+1)   Y12, Y13  row of B or masks   Y14, Y15  broadcasts
TEXT ·gemmAVX2(SB), NOSPLIT, $0-128
	MASKS(n+88(FP), Y12, Y13)

	// Begin the tile.
	MOVQ c+0(FP), DI
	MOVQ cRow+32(FP), CX
	SHLQ $2, CX
	MOVQ m+80(FP), DX
	MOVQ mode+112(FP), AX
	ANDQ $3, AX
	JEQ  fromZero
	CMPQ AX, $2
	JEQ  fromRowBias
	JGT  fromColumnBias

fromC:
	LOADROW(Y0, Y1)
	CMPQ DX, $1
	JEQ  begun
	LOADROW(Y2, Y3)
	CMPQ DX, $2
	JEQ  begun
	LOADROW(Y4, Y5)
	CMPQ DX, $3
	JEQ  begun
	LOADROW(Y6, Y7)
	CMPQ DX, $4
	JEQ  begun
	LOADROW(Y8, Y9)
	CMPQ DX, $5
	JEQ  begun
	LOADROW(Y10, Y11)
	JMP  begun

fromRowBias:
	MOVQ bias+24(FP), BX
	ROWBIAS(0, Y0, Y1)
	CMPQ DX, $1
	JEQ  begun
	ROWBIAS(4, Y2, Y3)
	CMPQ DX, $2
	JEQ  begun
	ROWBIAS(8, Y4, Y5)
	CMPQ DX, $3
	JEQ  begun
	ROWBIAS(12, Y6, Y7)
	CMPQ DX, $4
	JEQ  begun
	ROWBIAS(16, Y8, Y9)
	CMPQ DX, $5
	JEQ  begun
	ROWBIAS(20, Y10, Y11)
	JMP  begun

fromColumnBias:
	MOVQ       bias+24(FP), BX
	VMASKMOVPS (BX), Y12, Y0
	VMASKMOVPS 32(BX), Y13, Y1
	VMOVAPS    Y0, Y2
	VMOVAPS    Y1, Y3
	VMOVAPS    Y0, Y4
	VMOVAPS    Y1, Y5
	VMOVAPS    Y0, Y6
	VMOVAPS    Y1, Y7
	VMOVAPS    Y0, Y8
	VMOVAPS    Y1, Y9
	VMOVAPS    Y0, Y10
	VMOVAPS    Y1, Y11
	JMP        begun

fromZero:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	VXORPS Y8, Y8, Y8
	VXORPS Y9, Y9, Y9
	VXORPS Y10, Y10, Y10
	VXORPS Y11, Y11, Y11

begun:
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), BX
	MOVQ aRow+40(FP), R9
	SHLQ $2, R9
	LEAQ (R9)(R9*2), R10
	LEAQ (R9)(R9*4), R11
	MOVQ aCol+48(FP), R13
	SHLQ $2, R13
	MOVQ k+96(FP), CX
	MOVQ bRow+64(FP), DI
	IMULQ CX, DI
	SUBQ DI, bJump+72(FP)
	SHLQ $2, bJump+72(FP)
	MOVQ aCol+48(FP), DI
	IMULQ CX, DI
	SUBQ DI, aJump+56(FP)
	SHLQ $2, aJump+56(FP)
	CMPQ n+88(FP), $16
	JLT  masked

	// Without a place to fetch, high tiles touch the stack, again and again.
	MOVQ  ahead+120(FP), DI
	MOVQ  bRow+64(FP), AX
	SHLQ  $2, AX
	TESTQ DI, DI
	JNE   wholes
	LEAQ  c+0(FP), DI
	XORQ  AX, AX

wholes:
	CMPQ DX, $6
	JEQ  whole6
	CMPQ DX, $5
	JEQ  whole5
	CMPQ DX, $4
	JEQ  whole4
	CMPQ DX, $2
	JGT  whole3
	JEQ  whole2
	JMP  whole1

whole6:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
whole6k:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	ROWS6
	AHEADSTEP
	JNE  whole6k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  whole6k
	JMP  end

whole5:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
whole5k:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	ROWS5
	AHEADSTEP
	JNE  whole5k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  whole5k
	JMP  end

whole4:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
whole4k:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	ROWS4
	AHEADSTEP
	JNE  whole4k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  whole4k
	JMP  end

whole3:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
whole3k:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	ROWS3
	STEP
	JNE  whole3k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  whole3k
	JMP  end

whole2:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
whole2k:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	ROWS2
	STEP
	JNE  whole2k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  whole2k
	JMP  end

whole1:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
whole1k:
	VMOVUPS (BX), Y12
	VMOVUPS 32(BX), Y13
	ROWS1
	STEP
	JNE  whole1k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  whole1k
	JMP  end

masked: // B is read through masks, kept in memory so that the tile keeps its registers
	CMPQ DX, $6
	JEQ  masked6
	CMPQ DX, $5
	JEQ  masked5
	CMPQ DX, $4
	JEQ  masked4
	CMPQ DX, $2
	JGT  masked3
	JEQ  masked2
	JMP  masked1

masked6:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
masked6k:
	VMOVUPS    64(R12)(R8*4), Y12
	VMOVUPS    96(R12)(R8*4), Y13
	VMASKMOVPS (BX), Y12, Y12
	VMASKMOVPS 32(BX), Y13, Y13
	ROWS6
	STEP
	JNE  masked6k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  masked6k
	JMP  end

masked5:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
masked5k:
	VMOVUPS    64(R12)(R8*4), Y12
	VMOVUPS    96(R12)(R8*4), Y13
	VMASKMOVPS (BX), Y12, Y12
	VMASKMOVPS 32(BX), Y13, Y13
	ROWS5
	STEP
	JNE  masked5k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  masked5k
	JMP  end

masked4:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
masked4k:
	VMOVUPS    64(R12)(R8*4), Y12
	VMOVUPS    96(R12)(R8*4), Y13
	VMASKMOVPS (BX), Y12, Y12
	VMASKMOVPS 32(BX), Y13, Y13
	ROWS4
	STEP
	JNE  masked4k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  masked4k
	JMP  end

masked3:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
masked3k:
	VMOVUPS    64(R12)(R8*4), Y12
	VMOVUPS    96(R12)(R8*4), Y13
	VMASKMOVPS (BX), Y12, Y12
	VMASKMOVPS 32(BX), Y13, Y13
	ROWS3
	STEP
	JNE  masked3k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  masked3k
	JMP  end

masked2:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
masked2k:
	VMOVUPS    64(R12)(R8*4), Y12
	VMOVUPS    96(R12)(R8*4), Y13
	VMASKMOVPS (BX), Y12, Y12
	VMASKMOVPS 32(BX), Y13, Y13
	ROWS2
	STEP
	JNE  masked2k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  masked2k
	JMP  end

masked1:
	MOVQ bRow+64(FP), DX
	SHLQ $2, DX
	PCALIGN $32
masked1k:
	VMOVUPS    64(R12)(R8*4), Y12
	VMOVUPS    96(R12)(R8*4), Y13
	VMASKMOVPS (BX), Y12, Y12
	VMASKMOVPS 32(BX), Y13, Y13
	ROWS1
	STEP
	JNE  masked1k
	OUTER(k+96(FP), aJump+56(FP), bJump+72(FP), kOuter+104(FP))
	JNE  masked1k
	JMP  end

end:
	MOVQ  c+0(FP), DI
	MOVQ  cRow+32(FP), CX
	SHLQ  $2, CX
	MOVQ  m+80(FP), DX
	TESTQ $4, mode+112(FP)
	JEQ   store

	// max(0, x) with x as the source that wins on NaN.
	VXORPS Y12, Y12, Y12
	RELUROW(Y0, Y1)
	RELUROW(Y2, Y3)
	RELUROW(Y4, Y5)
	RELUROW(Y6, Y7)
	RELUROW(Y8, Y9)
	RELUROW(Y10, Y11)

store:
	CMPQ n+88(FP), $16
	JLT  storeMasked
	STOREROW(Y0, Y1)
	CMPQ DX, $1
	JEQ  done
	STOREROW(Y2, Y3)
	CMPQ DX, $2
	JEQ  done
	STOREROW(Y4, Y5)
	CMPQ DX, $3
	JEQ  done
	STOREROW(Y6, Y7)
	CMPQ DX, $4
	JEQ  done
	STOREROW(Y8, Y9)
	CMPQ DX, $5
	JEQ  done
	STOREROW(Y10, Y11)
	JMP  done

storeMasked:
	MASKS(n+88(FP), Y14, Y15)
	STOREMASKED(Y0, Y1)
	CMPQ DX, $1
	JEQ  done
	STOREMASKED(Y2, Y3)
	CMPQ DX, $2
	JEQ  done
	STOREMASKED(Y4, Y5)
	CMPQ DX, $3
	JEQ  done
	STOREMASKED(Y6, Y7)
	CMPQ DX, $4
	JEQ  done
	STOREMASKED(Y8, Y9)
	CMPQ DX, $5
	JEQ  done
	STOREMASKED(Y10, Y11)

done:
	VZEROUPPER
	RET
