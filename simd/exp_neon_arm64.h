// The exponential family on 4 lanes, operation for operation as exp_generic.go
// and gelu_generic.go have it. Macro arguments are numbers of V registers. A
// source must include go_asm.h and neon_arm64.h too.

// The registers of the constants, by the macro that needs them: exp, GELU, and its
// slope.
#define SHIFT 17
#define LN2HI 18
#define LN2LO 19
#define EXP2 20
#define EXP3 21
#define EXP4 22
#define EXP5 23
#define EXP6 24
#define ONE 25
#define LOWEST 26
#define LOG2E 31

#define GELUSHIFT 17
#define GELU1 18
#define GELU2 19
#define GELU3 20
#define GELU4 21
#define GELU5 22
#define GELU6 23
#define GELUONE 24
#define GELULOWEST 25
#define GELUHIGHEST 26
#define GELULOG2ELO 27
#define GELULOG2E 28

#define SLOPESHIFT 17
#define SLOPE1 18
#define SLOPE2 19
#define SLOPE3 20
#define SLOPE4 21
#define SLOPE5 22
#define SLOPELN2 23
#define SLOPEONE 24
#define SLOPELOWEST 25
#define SLOPEHIGHEST 26
#define SLOPELOG2E 28

// EXPCONSTANTS loads what EXPREDUCED needs into V17..V25 and V31, its lower bound
// into V26, and the address of the table into R10.
#define EXPCONSTANTS \
	MOVD  $·expTable(SB), R10               \
	FMOVQ expConstants_roundShift(R10), F17 \
	FMOVQ expConstants_ln2Hi(R10), F18      \
	FMOVQ expConstants_ln2Lo(R10), F19      \
	FMOVQ expConstants_exp2(R10), F20       \
	FMOVQ expConstants_exp3(R10), F21       \
	FMOVQ expConstants_exp4(R10), F22       \
	FMOVQ expConstants_exp5(R10), F23       \
	FMOVQ expConstants_exp6(R10), F24       \
	FMOVQ expConstants_one(R10), F25        \
	FMOVQ expConstants_lowest(R10), F26     \
	FMOVQ expConstants_log2e(R10), F31

// GELUCONSTANTS loads what GELU needs into V17..V28, and the address of the table
// into R10.
#define GELUCONSTANTS \
	MOVD  $·expTable(SB), R10                  \
	FMOVQ expConstants_exponentShift(R10), F17 \
	FMOVQ expConstants_gelu1(R10), F18         \
	FMOVQ expConstants_gelu2(R10), F19         \
	FMOVQ expConstants_gelu3(R10), F20         \
	FMOVQ expConstants_gelu4(R10), F21         \
	FMOVQ expConstants_gelu5(R10), F22         \
	FMOVQ expConstants_gelu6(R10), F23         \
	FMOVQ expConstants_one(R10), F24           \
	FMOVQ expConstants_geluLowest(R10), F25    \
	FMOVQ expConstants_geluHighest(R10), F26   \
	FMOVQ expConstants_geluLog2eLo(R10), F27   \
	FMOVQ expConstants_geluLog2e(R10), F28

// SLOPECONSTANTS loads what GELUSLOPE needs into V17..V26 and V28, and the address
// of the table into R10.
#define SLOPECONSTANTS \
	MOVD  $·expTable(SB), R10                 \
	FMOVQ expConstants_roundShift(R10), F17   \
	FMOVQ expConstants_slope1(R10), F18       \
	FMOVQ expConstants_slope2(R10), F19       \
	FMOVQ expConstants_slope3(R10), F20       \
	FMOVQ expConstants_slope4(R10), F21       \
	FMOVQ expConstants_slope5(R10), F22       \
	FMOVQ expConstants_ln2(R10), F23          \
	FMOVQ expConstants_one(R10), F24          \
	FMOVQ expConstants_slopeLowest(R10), F25  \
	FMOVQ expConstants_slopeHighest(R10), F26 \
	FMOVQ expConstants_geluLog2e(R10), F28

// EXPM1 computes r = e^r - 1 for |r| <= ln(2)/2. It overwrites t and u.
#define EXPM1(r, t, u) \
	MOV16B(EXP5, t)    \
	FMLA4S(r, EXP6, t) \
	MOV16B(EXP4, u)    \
	FMLA4S(r, t, u)    \
	MOV16B(EXP3, t)    \
	FMLA4S(r, u, t)    \
	MOV16B(EXP2, u)    \
	FMLA4S(r, t, u)    \
	FMUL4S(r, r, t)    \
	FMLA4S(u, t, r)

// POWERS turns n + roundShift into two normal factors n and t of 2^n.
#define POWERS(n, t) \
	USHR4S(1, n, t)  \
	SUB4S(t, n, n)   \
	SHL4S(23, t, t)  \
	SHL4S(23, n, n)  \
	ADD4S(ONE, t, t) \
	ADD4S(ONE, n, n)

// EXPREDUCED computes x = e^x for expLowest <= x <= expHighest. It overwrites n,
// t and u.
#define EXPREDUCED(x, n, t, u) \
	MOV16B(SHIFT, n)    \
	FMLA4S(LOG2E, x, n) \
	FSUB4S(SHIFT, n, t) \
	FMLS4S(LN2HI, t, x) \
	FMLS4S(LN2LO, t, x) \
	EXPM1(x, t, u)      \
	FADD4S(ONE, x, x)   \
	POWERS(n, t)        \
	FMUL4S(t, x, x)     \
	FMUL4S(n, x, x)

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, t, n, w, u) \
	FMAX4S(GELULOWEST, x, x)  \
	FMIN4S(GELUHIGHEST, x, t) \
	MOV16B(GELUSHIFT, n)      \
	FMLS4S(GELULOG2E, t, n)   \
	FSUB4S(GELUSHIFT, n, w)   \
	FMLA4S(GELULOG2E, t, w)   \
	FMLA4S(GELULOG2ELO, t, w) \
	SHL4S(23, n, n)           \
	MOV16B(GELU5, t)          \
	FMLA4S(w, GELU6, t)       \
	MOV16B(GELU4, u)          \
	FMLA4S(w, t, u)           \
	MOV16B(GELU3, t)          \
	FMLA4S(w, u, t)           \
	MOV16B(GELU2, u)          \
	FMLA4S(w, t, u)           \
	MOV16B(GELU1, t)          \
	FMLA4S(w, u, t)           \
	FMUL4S(t, w, w)           \
	MOV16B(GELUONE, t)        \
	FMLA4S(n, w, t)           \
	FADD4S(n, t, t)           \ // 1 + e^-1.702x
	FDIV4S(t, x, x)

// GELUSLOPE computes x = gelu'(x), overwriting the rest: see geluSlope.
#define GELUSLOPE(x, n, f, p, u) \
	FMUL4S(SLOPELOG2E, x, x)   \
	FMAX4S(SLOPELOWEST, x, x)  \
	FMIN4S(SLOPEHIGHEST, x, x) \
	FSUB4S(x, SLOPESHIFT, n)   \
	FSUB4S(SLOPESHIFT, n, f)   \
	FADD4S(x, f, f)            \
	SHL4S(23, n, n)            \
	MOV16B(SLOPE4, p)          \
	FMLA4S(f, SLOPE5, p)       \
	MOV16B(SLOPE3, u)          \
	FMLA4S(f, p, u)            \
	MOV16B(SLOPE2, p)          \
	FMLA4S(f, u, p)            \
	MOV16B(SLOPE1, u)          \
	FMLA4S(f, p, u)            \
	MOV16B(SLOPEONE, p)        \
	FMLA4S(f, u, p)            \
	ADD4S(n, p, p)             \ // e
	FADD4S(SLOPEONE, p, f)     \ // 1+e
	FMUL4S(SLOPELN2, x, x)     \ // 1.702x
	MOV16B(f, u)               \
	FMLA4S(p, x, u)            \
	FMUL4S(f, f, f)            \
	FDIV4S(f, u, x)

// LOG computes V1 = ln V0, overwriting V2..V6: see log. It needs the address of
// the table in R10.
#define LOG \
	FMOVQ expConstants_minNormal(R10), F5 \
	FMOVQ expConstants_two23(R10), F4     \
	FMOVQ expConstants_minus23(R10), F2   \
	FCMGT4S(0, 5, 6)                      \
	FMUL4S(4, 0, 4)                       \
	MOV16B(0, 3)                          \
	BIT16B(6, 4, 3)                       \
	AND16B(6, 2, 2)                       \
	FMOVQ expConstants_sqrtHalf(R10), F5  \
	FMOVQ expConstants_mantissa(R10), F6  \
	SUB4S(5, 3, 3)                        \
	SSHR4S(23, 3, 4)                      \
	SCVTF4S(4, 4)                         \
	FADD4S(4, 2, 2)                       \ // e
	AND16B(6, 3, 3)                       \
	ADD4S(5, 3, 3)                        \
	FMOVQ expConstants_one(R10), F5       \
	FSUB4S(5, 3, 3)                       \ // f
	FMOVQ expConstants_log10(R10), F4     \
	FMOVQ expConstants_log9(R10), F5      \
	FMLA4S(3, 4, 5)                       \
	FMOVQ expConstants_log8(R10), F4      \
	FMLA4S(3, 5, 4)                       \
	FMOVQ expConstants_log7(R10), F5      \
	FMLA4S(3, 4, 5)                       \
	FMOVQ expConstants_log6(R10), F4      \
	FMLA4S(3, 5, 4)                       \
	FMOVQ expConstants_log5(R10), F5      \
	FMLA4S(3, 4, 5)                       \
	FMOVQ expConstants_log4(R10), F4      \
	FMLA4S(3, 5, 4)                       \
	FMOVQ expConstants_log3(R10), F5      \
	FMLA4S(3, 4, 5)                       \
	FMUL4S(3, 3, 1)                       \
	FMUL4S(3, 5, 5)                       \
	FMUL4S(1, 5, 5)                       \
	FMOVQ expConstants_ln2Lo(R10), F4     \
	FMLA4S(4, 2, 5)                       \
	FMOVQ expConstants_half(R10), F4      \
	FMLS4S(4, 1, 5)                       \
	FADD4S(3, 5, 5)                       \
	FMOVQ expConstants_ln2Hi(R10), F4     \
	FMLA4S(4, 2, 5)                       \
	FMOVQ expConstants_max(R10), F4       \
	FCMGE4S(0, 4, 6)                      \
	MOV16B(5, 1)                          \
	BIF16B(6, 0, 1)                       \
	VEOR  V2.B16, V2.B16, V2.B16          \
	FCMEQ4S(2, 0, 6)                      \
	FMOVQ expConstants_negInf(R10), F4    \
	BIT16B(6, 4, 1)                       \
	FCMLTZ4S(0, 6)                        \
	FMOVQ expConstants_nan(R10), F4       \
	BIT16B(6, 4, 1)
