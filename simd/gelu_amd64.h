// GELUVECTOR is y = gelu(x): DI y, SI x, AX the index, V0 x, then y, V1 to V3 scratch.
#define GELUVECTOR(LOAD, FROM, ONTO, STORE) \
	LOAD((SI)(AX*4), V0) \
	GELU(V0, V1, V2, V3) \
	STORE(V0, (DI)(AX*4))

// SLOPEVECTOR is dx = dy gelu'(x): DI dx, SI dy, DX x, V0 x, then dx, V1 to V3 scratch.
#define SLOPEVECTOR(LOAD, FROM, ONTO, STORE) \
	LOAD((DX)(AX*4), V0)                 \
	GELUSLOPE(V0, V1, V2, V3)            \
	ONTO(VMULPS, (SI)(AX*4), V0, V0, V1) \
	STORE(V0, (DI)(AX*4))
