// What vec_amd64.h and the families on it need of AVX-512: vectors of 16, and K1 for
// the mask of the tail.

#define LANES 16

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
#define V10 Z10
#define V11 Z11
#define V12 Z12
#define V13 Z13
#define V14 Z14
#define V15 Z15

// ENDMASK makes the mask of the last left elements. It overwrites tmp.
#define ENDMASK(left, tmp) \
	MOVL  $-1, tmp       \
	BZHIL left, tmp, tmp \
	KMOVW tmp, K1

// The accesses of the tail, see LOADV to STOREV.
#define LOADT(mem, d) \
	VMOVUPS.Z mem, K1, d

#define FROMT(OP, mem, a, d) \
	VMOVUPS.Z mem, K1, d \
	OP        d, a, d

#define ONTOT(OP, mem, a, d, t) \
	OP mem, a, K1, d

#define STORET(v, mem) \
	VMOVUPS v, K1, mem
