// What vec_amd64.h and the families on it need of AVX2: vectors of 8. A source
// names MASK, the register of the tail's mask, and includes tail_avx2_amd64.h.

#define LANES 8

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
#define V10 Y10
#define V11 Y11
#define V12 Y12
#define V13 Y13
#define V14 Y14
#define V15 Y15

// ENDMASK makes the mask of the last left elements. It overwrites left and tmp.
#define ENDMASK(left, tmp) TAILMASK(left, tmp, MASK)

// The accesses of the tail, see LOADV to STOREV.
#define LOADT(mem, d) \
	VMASKMOVPS mem, MASK, d

#define FROMT(OP, mem, a, d) \
	VMASKMOVPS mem, MASK, d \
	OP         d, a, d

#define ONTOT(OP, mem, a, d, t) \
	VMASKMOVPS mem, MASK, t \
	OP         t, a, d

#define STORET(v, mem) \
	VMASKMOVPS v, MASK, mem
