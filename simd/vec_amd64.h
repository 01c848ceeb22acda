// Element-wise kernels, written once for AVX2 and AVX-512. vec_avx2_amd64.h and
// vec_avx512_amd64.h say what a vector is: LANES, V0 to V15, and the accesses of the
// tail. The body of a kernel is a macro of LOAD, FROM, ONTO and STORE, so that it
// serves whole vectors and the tail.

// LOADV loads d, FROMV computes d = OP(a, mem), ONTOV does so with d being an operand
// too, of which the lanes beyond the tail are kept (t is scratch), STOREV stores v.
#define LOADV(mem, d) \
	VMOVUPS mem, d

#define FROMV(OP, mem, a, d) \
	OP mem, a, d

#define ONTOV(OP, mem, a, d, t) \
	OP mem, a, d

#define STOREV(v, mem) \
	VMOVUPS v, mem

// WHOLEVECTORS runs BODY for every whole vector of CX elements and ends at the label
// tail. AX is the index, BX the end of whole vectors.
#define WHOLEVECTORS(BODY) \
	XORL    AX, AX          \
	MOVQ    CX, BX          \
	ANDQ    $~(LANES-1), BX \
	JEQ     tail            \
	PCALIGN $32             \
loop:                           \
	BODY                    \
	ADDQ    $LANES, AX      \
	CMPQ    AX, BX          \
	JLT     loop            \
tail:

// ALLVECTORS runs WHOLE for every whole vector and TAIL, with the mask made, for the
// elements left, if any. CX becomes their number; tmp, which may be BX, is
// overwritten before TAIL.
#define ALLVECTORS(WHOLE, TAIL, tmp) \
	WHOLEVECTORS(WHOLE) \
	SUBQ BX, CX         \
	JEQ  done           \
	ENDMASK(CX, tmp)    \
	TAIL                \
done:

// VECTORS is ALLVECTORS of one body.
#define VECTORS(BODY, tmp) \
	ALLVECTORS(BODY(LOADV, FROMV, ONTOV, STOREV), BODY(LOADT, FROMT, ONTOT, STORET), tmp)
