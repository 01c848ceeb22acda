// TAILMASK sets the first left lanes of a vector of 8 (left <= 8): what
// VMASKMOVPS takes for the end of a slice. It overwrites left and tmp.
#define TAILMASK(left, tmp, mask) \
	NEGQ    left                   \
	LEAQ    tailMask<>+32(SB), tmp \
	VMOVUPS (tmp)(left*4), mask

DATA tailMask<>+0(SB)/8, $-1
DATA tailMask<>+8(SB)/8, $-1
DATA tailMask<>+16(SB)/8, $-1
DATA tailMask<>+24(SB)/8, $-1
DATA tailMask<>+32(SB)/8, $0
DATA tailMask<>+40(SB)/8, $0
DATA tailMask<>+48(SB)/8, $0
DATA tailMask<>+56(SB)/8, $0
GLOBL tailMask<>(SB), RODATA|NOPTR, $64
