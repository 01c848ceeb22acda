// NEON instructions that Go's assembler lacks, as macros over register numbers.
//
// Operands stand as Go writes them, sources reversed and destination last: each
// name(m, n, d) is "name d, n, m" in the manual's order, so FSUB4S(m, n, d)
// computes d = n - m and FCMGT4S(m, n, d) computes d = n > m. All work on
// four 32-bit lanes unless the name says otherwise. An operand may be a constant
// expression of numbers. testdata/neon_enc.s checks every encoding.

#define V3OP(base, m, n, d) WORD $((base) | (m)<<16 | (n)<<5 | (d))
#define V2OP(base, n, d) WORD $((base) | (n)<<5 | (d))
#define VLANE(base, m, i, n, d) WORD $((base) | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// Arithmetic, d = n op m.
#define FADD4S(m, n, d) V3OP(0x4e20d400, m, n, d)
#define FSUB4S(m, n, d) V3OP(0x4ea0d400, m, n, d)
#define FMUL4S(m, n, d) V3OP(0x6e20dc00, m, n, d)
#define FDIV4S(m, n, d) V3OP(0x6e20fc00, m, n, d)

// Fused, d = d + n*m and d = d - n*m: what Go calls VFMLA and VFMLS.
#define FMLA4S(m, n, d) V3OP(0x4e20cc00, m, n, d)
#define FMLS4S(m, n, d) V3OP(0x4ea0cc00, m, n, d)

// With element i of m: d += n*m[i], d -= n*m[i], d = n*m[i]; one rounding each.
#define FMLALANE(m, i, n, d) VLANE(0x4f801000, m, i, n, d)
#define FMLSLANE(m, i, n, d) VLANE(0x4f805000, m, i, n, d)
#define FMULLANE(m, i, n, d) VLANE(0x4f809000, m, i, n, d)

// FMAX and FMIN return NaN if an operand is NaN, FMAXNM the number.
#define FMAX4S(m, n, d) V3OP(0x4e20f400, m, n, d)
#define FMIN4S(m, n, d) V3OP(0x4ea0f400, m, n, d)
#define FMAXNM4S(m, n, d) V3OP(0x4e20c400, m, n, d)

// Pairwise: the low half of d comes from pairs of n, the high half from m.
#define FADDP4S(m, n, d) V3OP(0x6e20d400, m, n, d)

// Across the register, into a scalar. FADDP2S adds the two low lanes.
#define FMAXV4S(n, d) V2OP(0x6e30f800, n, d)
#define FADDP2S(n, d) V2OP(0x7e30d800, n, d)

// Comparisons give all ones or all zeros; with 0 they take one source.
#define FCMGT4S(m, n, d) V3OP(0x6ea0e400, m, n, d)
#define FCMGE4S(m, n, d) V3OP(0x6e20e400, m, n, d)
#define FCMEQ4S(m, n, d) V3OP(0x4e20e400, m, n, d)
#define FCMGTZ4S(n, d) V2OP(0x4ea0c800, n, d)
#define FCMLTZ4S(n, d) V2OP(0x4ea0e800, n, d)

#define FNEG4S(n, d) V2OP(0x6ea0f800, n, d)
#define FSQRT4S(n, d) V2OP(0x6ea1f800, n, d)

// FCVTZS converts to int32, towards zero.
#define FCVTZS4S(n, d) V2OP(0x4ea1b800, n, d)
#define SCVTF4S(n, d) V2OP(0x4e21d800, n, d)
#define UCVTF4S(n, d) V2OP(0x6e21d800, n, d)

// Integers. SSHR4S shifts right arithmetically by s, USHR4S logically. BIC16B clears in n the bits
// of m. XTN narrows to the low half by truncation.
#define CMGT4S(m, n, d) V3OP(0x4ea03400, m, n, d)
#define SMAX4S(m, n, d) V3OP(0x4ea06400, m, n, d)
#define SMIN4S(m, n, d) V3OP(0x4ea06c00, m, n, d)
#define MVN16B(n, d) V2OP(0x6e205800, n, d)
#define BIC16B(m, n, d) V3OP(0x4e601c00, m, n, d)
#define SSHR4S(s, n, d) WORD $(0x4f000400 | (64-(s))<<16 | (n)<<5 | (d))
#define ADD4S(m, n, d) V3OP(0x4ea08400, m, n, d)
#define SUB4S(m, n, d) V3OP(0x6ea08400, m, n, d)
#define SHL4S(s, n, d) WORD $(0x4f005400 | (32+(s))<<16 | (n)<<5 | (d))
#define USHR4S(s, n, d) WORD $(0x6f000400 | (64-(s))<<16 | (n)<<5 | (d))
#define UXTL4S(n, d) V2OP(0x2f10a400, n, d)
#define UXTL24S(n, d) V2OP(0x6f10a400, n, d)
#define UMULL2D(m, n, d) V3OP(0x2ea0c000, m, n, d)
#define UMULL22D(m, n, d) V3OP(0x6ea0c000, m, n, d)
#define XTN4H(n, d) V2OP(0x0e612800, n, d)
#define XTN8B(n, d) V2OP(0x0e212800, n, d)

// Bits. BIT copies the bits of n into d that are set in m, BIF those that are
// not.
#define MOV16B(n, d) V3OP(0x4ea01c00, n, n, d)
#define AND16B(m, n, d) V3OP(0x4e201c00, m, n, d)
#define EOR16B(m, n, d) V3OP(0x6e201c00, m, n, d)
#define ORR16B(m, n, d) V3OP(0x4ea01c00, m, n, d)
#define BIT16B(m, n, d) V3OP(0x6ea01c00, m, n, d)
#define BIF16B(m, n, d) V3OP(0x6ee01c00, m, n, d)
