// The bodies of the vector arithmetic: DI the operand that changes, SI the other,
// AX the index. The first operand of VMAXPS and VMINPS here is what they return for
// NaN and equal zeros.

// ADD is y += x: V1 y, V4 scratch.
#define ADD(LOAD, FROM, ONTO, STORE) \
	LOAD((DI)(AX*4), V1)                 \
	ONTO(VADDPS, (SI)(AX*4), V1, V1, V4) \
	STORE(V1, (DI)(AX*4))

// AXPY is y += alpha x: V0 alpha, V1 y, V4 scratch.
#define AXPY(LOAD, FROM, ONTO, STORE) \
	LOAD((DI)(AX*4), V1)                      \
	ONTO(VFMADD231PS, (SI)(AX*4), V0, V1, V4) \
	STORE(V1, (DI)(AX*4))

// SCALE is x *= alpha: V0 alpha, V1 x.
#define SCALE(LOAD, FROM, ONTO, STORE) \
	FROM(VMULPS, (DI)(AX*4), V0, V1) \
	STORE(V1, (DI)(AX*4))

// CLAMP keeps x between lo and hi: V0 lo, V1 x, V2 hi.
#define CLAMP(LOAD, FROM, ONTO, STORE) \
	FROM(VMAXPS, (DI)(AX*4), V0, V1) \
	VMINPS V1, V2, V1                \
	STORE(V1, (DI)(AX*4))
