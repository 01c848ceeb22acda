DATA byteScale<>+0(SB)/4, $0x437f0000 // 255
DATA byteScale<>+4(SB)/4, $0x3f800000 // 1
GLOBL byteScale<>(SB), RODATA|NOPTR, $8

// NORMALISE turns the bytes in X1 into (byte/255 - mean) / std in V1: V2 255, V3 mean,
// V4 std.
#define NORMALISE \
	VPMOVZXBD X1, V1     \
	VCVTDQ2PS V1, V1     \
	VDIVPS    V2, V1, V1 \
	VSUBPS    V3, V1, V1 \
	VDIVPS    V4, V1, V1

// TOINTEGERS turns the values in V1 into integers from 0 to 255: V0 0, V2 255, V3
// black, V4 white - black, V5 1. The comparison with 0 comes first and gives 0 for
// NaN.
#define TOINTEGERS \
	VSUBPS     V3, V1, V1 \
	VDIVPS     V4, V1, V1 \
	VMAXPS     V0, V1, V1 \
	VMINPS     V5, V1, V1 \
	VMULPS     V2, V1, V1 \
	VCVTTPS2DQ V1, V1
