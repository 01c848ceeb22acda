// Instructions on bfloat16 that Go's assembler lacks, as macros over the numbers of Z
// registers; operands stand as Go writes them, destination last. Go's assembler takes
// all that follows a >> for the shift, so there are many parentheses.

// EVEX512 has the bytes of an instruction of Z(b), Z(a), Z(d): prefix is 6 for F3, 7 for F2.
#define EVEX512(prefix, opcode, b, a, d) \
	BYTE $0x62;                                                                                             \
	BYTE $(2 | (1^(((d)>>3)&1))<<7 | (1^(((b)>>4)&1))<<6 | (1^(((b)>>3)&1))<<5 | (1^(((d)>>4)&1))<<4); \
	BYTE $((prefix) | (15^((a)&15))<<3);                                                                    \
	BYTE $(0x40 | (1^(((a)>>4)&1))<<3);                                                                     \
	BYTE $(opcode);                                                                                         \
	BYTE $(0xc0 | ((d)&7)<<3 | ((b)&7))

// DPBF16 is VDPBF16PS: d += a*b of the odd words, then of the even ones.
#define DPBF16(b, a, d) EVEX512(6, 0x52, b, a, d)

// CVTNE2 is VCVTNE2PS2BF16: the lower half of d from lo, the upper from hi.
#define CVTNE2(lo, hi, d) EVEX512(7, 0x72, lo, hi, d)
