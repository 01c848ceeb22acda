// RELU is y = max(x, 0): DI y, SI x, AX the index, V0 zeros, V1 x, the operand that
// VMAXPS returns for NaN and equal zeros.
#define RELU(LOAD, FROM, ONTO, STORE) \
	FROM(VMAXPS, (SI)(AX*4), V0, V1) \
	STORE(V1, (DI)(AX*4))
