// The register tile of a matrix product, of float32 and of pairs of bfloat16: how it
// begins and ends. A source defines BEGIN and END, what is done first and last, and
// includes this behind its TEXT, then the loops, which begin with what is at begun
// and end with a jump to end.

// HEIGHTS jumps to the loop of DX rows.
#define HEIGHTS(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m5to7) \
	CMPQ DX, $14 \
	JEQ  m14     \
	CMPQ DX, $13 \
	JEQ  m13     \
	CMPQ DX, $12 \
	JEQ  m12     \
	CMPQ DX, $11 \
	JEQ  m11     \
	CMPQ DX, $10 \
	JEQ  m10     \
	CMPQ DX, $9  \
	JEQ  m9      \
	CMPQ DX, $8  \
	JEQ  m8      \
	CMPQ DX, $4  \
	JGT  m5to7   \
	JEQ  m4      \
	CMPQ DX, $2  \
	JGT  m3      \
	JEQ  m2      \
	JMP  m1      \
m5to7:               \
	CMPQ DX, $6  \
	JGT  m7      \
	JEQ  m6      \
	JMP  m5

// What is done to row i of the tile before and after the loops; the whole rows are
// those of n = 32.
#define LOADROW(i, lo, hi) \
	VMOVUPS.Z (DI), K1, lo   \
	VMOVUPS.Z 64(DI), K2, hi \
	ADDQ      CX, DI

#define LOADWHOLE(i, lo, hi) \
	VMOVUPS (DI), lo   \
	VMOVUPS 64(DI), hi \
	ADDQ    CX, DI

#define STOREROW(i, lo, hi) \
	VMOVUPS lo, K1, (DI)   \
	VMOVUPS hi, K2, 64(DI) \
	ADDQ    CX, DI

#define STOREWHOLE(i, lo, hi) \
	VMOVUPS lo, (DI)   \
	VMOVUPS hi, 64(DI) \
	ADDQ    CX, DI

#define BIASROW(i, lo, hi) \
	VBROADCASTSS 4*i(BX), lo \
	VMOVAPS      lo, hi

#define COPYROW(i, lo, hi) \
	VMOVAPS Z0, lo \
	VMOVAPS Z1, hi

#define ZEROROW(i, lo, hi) \
	VPXORD lo, lo, lo \
	VPXORD hi, hi, hi

#define RELUROW(i, lo, hi) \
	VMAXPS lo, Z28, lo \
	VMAXPS hi, Z28, hi

#define BOUNDROW(i, lo, hi) \
	VMINPS lo, Z28, lo \
	VMINPS hi, Z28, hi

// LOWERROWS does one of them to all rows but the first, ALLROWS to all of them.
#define LOWERROWS(ROW) \
	ROW(1, Z2, Z3)    \
	ROW(2, Z4, Z5)    \
	ROW(3, Z6, Z7)    \
	ROW(4, Z8, Z9)    \
	ROW(5, Z10, Z11)  \
	ROW(6, Z12, Z13)  \
	ROW(7, Z14, Z15)  \
	ROW(8, Z16, Z17)  \
	ROW(9, Z18, Z19)  \
	ROW(10, Z20, Z21) \
	ROW(11, Z22, Z23) \
	ROW(12, Z24, Z25) \
	ROW(13, Z26, Z27)

#define ALLROWS(ROW) \
	ROW(0, Z0, Z1) \
	LOWERROWS(ROW)

// LADDER does one of them to the first DX rows and jumps out, unless that is all
// rows: then it falls through. RUNG is one row of it.
#define RUNG(ROW, i, lo, hi, out) \
	CMPQ DX, $i \
	JEQ  out    \
	ROW(i, lo, hi)

#define LADDER(ROW, out) \
	ROW(0, Z0, Z1)               \
	RUNG(ROW, 1, Z2, Z3, out)    \
	RUNG(ROW, 2, Z4, Z5, out)    \
	RUNG(ROW, 3, Z6, Z7, out)    \
	RUNG(ROW, 4, Z8, Z9, out)    \
	RUNG(ROW, 5, Z10, Z11, out)  \
	RUNG(ROW, 6, Z12, Z13, out)  \
	RUNG(ROW, 7, Z14, Z15, out)  \
	RUNG(ROW, 8, Z16, Z17, out)  \
	RUNG(ROW, 9, Z18, Z19, out)  \
	RUNG(ROW, 10, Z20, Z21, out) \
	RUNG(ROW, 11, Z22, Z23, out) \
	RUNG(ROW, 12, Z24, Z25, out) \
	RUNG(ROW, 13, Z26, Z27, out)

	BEGIN
	MOVQ  t+0(FP), R13
	MOVQ  GemmTile_N(R13), CX
	MOVL  $-1, AX
	BZHIL CX, AX, AX
	KMOVW AX, K1
	SHRL  $16, AX
	KMOVW AX, K2

	// Begin the tile.
	MOVQ GemmTile_C(R13), DI
	MOVQ GemmTile_CRow(R13), CX
	SHLQ $2, CX
	MOVQ GemmTile_M(R13), DX
	MOVQ GemmTile_Mode(R13), AX
	ANDQ $3, AX
	JEQ  fromZero
	CMPQ AX, $2
	JEQ  fromRowBias
	JGT  fromColumnBias

fromC:
	CMPQ GemmTile_N(R13), $32
	JEQ  fromWholeC
	LADDER(LOADROW, begun)
	JMP  begun

fromWholeC:
	LADDER(LOADWHOLE, begun)
	JMP  begun

fromRowBias:
	MOVQ GemmTile_Bias(R13), BX
	LADDER(BIASROW, begun)
	JMP  begun

fromColumnBias:
	MOVQ      GemmTile_Bias(R13), BX
	VMOVUPS.Z (BX), K1, Z0
	VMOVUPS.Z 64(BX), K2, Z1
	LOWERROWS(COPYROW)
	JMP       begun

fromZero:
	ALLROWS(ZEROROW)
	JMP begun

end:
	MOVQ  t+0(FP), R13
	MOVQ  GemmTile_C(R13), DI
	MOVQ  GemmTile_CRow(R13), CX
	SHLQ  $2, CX
	MOVQ  GemmTile_M(R13), DX
	TESTQ $4, GemmTile_Mode(R13)
	JEQ   store

	// max(0, x) with x as the source that wins on NaN.
	VPXORD Z28, Z28, Z28
	ALLROWS(RELUROW)
	TESTQ $8, GemmTile_Mode(R13)
	JEQ   store

	// min(6, x), NaN as before.
	MOVL         $0x40c00000, AX
	VPBROADCASTD AX, Z28
	ALLROWS(BOUNDROW)

store:
	CMPQ GemmTile_N(R13), $32
	JEQ  storeWhole
	LADDER(STOREROW, done)
	JMP  done

storeWhole:
	LADDER(STOREWHOLE, done)

done:
	END
	VZEROUPPER
	RET
