// One k of a register tile of float32, see gemm_avx2_amd64.h.

// ROW multiplies the broadcast of one element of A into both halves of a row.
#define ROW(addr, t, lo, hi) \
	VBROADCASTSS addr, t       \
	VFMADD231PS  Y12, t, lo    \
	VFMADD231PS  Y13, t, hi

// WHOLE and MASKED load one row of B and multiply by it.
#define WHOLE(ROWS) \
	VMOVUPS (BX), Y12   \
	VMOVUPS 32(BX), Y13 \
	ROWS(ROW)

#define MASKED(ROWS) \
	LOADB     \
	ROWS(ROW)
