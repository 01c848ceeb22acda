// lower and upper hold the bounds of each Activation: lower as one number, upper as
// a vector of 8. A NaN bounds nothing: VMAXPS and VMINPS return their first operand
// (of Go's order) if either is NaN, and no number is beyond it.
DATA lower<>+0(SB)/4, $0x7fc00000
DATA lower<>+4(SB)/4, $0
DATA lower<>+8(SB)/4, $0
DATA lower<>+12(SB)/4, $0x7fc00000
GLOBL lower<>(SB), RODATA|NOPTR, $16

DATA upper<>+0(SB)/8, $0x7fc000007fc00000
DATA upper<>+8(SB)/8, $0x7fc000007fc00000
DATA upper<>+16(SB)/8, $0x7fc000007fc00000
DATA upper<>+24(SB)/8, $0x7fc000007fc00000
DATA upper<>+32(SB)/8, $0x7fc000007fc00000
DATA upper<>+40(SB)/8, $0x7fc000007fc00000
DATA upper<>+48(SB)/8, $0x7fc000007fc00000
DATA upper<>+56(SB)/8, $0x7fc000007fc00000
DATA upper<>+64(SB)/8, $0x40c0000040c00000
DATA upper<>+72(SB)/8, $0x40c0000040c00000
DATA upper<>+80(SB)/8, $0x40c0000040c00000
DATA upper<>+88(SB)/8, $0x40c0000040c00000
DATA upper<>+96(SB)/8, $0x7fc000007fc00000
DATA upper<>+104(SB)/8, $0x7fc000007fc00000
DATA upper<>+112(SB)/8, $0x7fc000007fc00000
DATA upper<>+120(SB)/8, $0x7fc000007fc00000
GLOBL upper<>(SB), RODATA|NOPTR, $128

// UPPER sets p to the upper bound of the activation act, which it overwrites.
#define UPPER(act, p) \
	SHLQ $5, act          \
	LEAQ upper<>(SB), p   \
	ADDQ act, p
