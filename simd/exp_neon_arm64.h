// The exponential family on 4 lanes, operation for operation as exp_generic.go
// and gelu_generic.go have it. Macro arguments are numbers of V registers. A
// source must include go_asm.h and neon_arm64.h too.

// EXPCONSTANTS loads what EXP and SIGMOID need into V17..V28 and V31, and the
// address of the table into R10.
#define EXPCONSTANTS \
	EXPSHARED                            \
	FMOVQ expConstants_lowest(R10), F26  \
	FMOVQ expConstants_highest(R10), F27 \
	FMOVQ expConstants_log2e(R10), F31

// GELUCONSTANTS loads what GELU and GELUSLOPE need into V17..V31, and the address
// of the table into R10.
#define GELUCONSTANTS \
	EXPSHARED                                \
	FMOVQ expConstants_geluLowest(R10), F26  \
	FMOVQ expConstants_geluScale(R10), F27   \
	FMOVQ expConstants_geluScaleLo(R10), F30 \
	FMOVQ expConstants_geluLog2e(R10), F31

#define EXPSHARED \
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
	FMOVQ expConstants_sign(R10), F28

// EXPM1 computes r = e^r - 1 for |r| <= ln(2)/2. It overwrites t and u.
#define EXPM1(r, t, u) \
	MOV16B(23, t)    \
	FMLA4S(r, 24, t) \
	MOV16B(22, u)    \
	FMLA4S(r, t, u)  \
	MOV16B(21, t)    \
	FMLA4S(r, u, t)  \
	MOV16B(20, u)    \
	FMLA4S(r, t, u)  \
	FMUL4S(r, r, t)  \
	FMLA4S(u, t, r)

// POWERS turns n + roundShift into two normal factors n and t of 2^n.
#define POWERS(n, t) \
	USHR4S(1, n, t) \
	SUB4S(t, n, n)  \
	SHL4S(23, t, t) \
	SHL4S(23, n, n) \
	ADD4S(25, t, t) \
	ADD4S(25, n, n)

// EXPREDUCED computes x = e^x for expLowest <= x <= expHighest. It overwrites n,
// t and u.
#define EXPREDUCED(x, n, t, u) \
	MOV16B(17, n)    \
	FMLA4S(31, x, n) \
	FSUB4S(17, n, t) \
	FMLS4S(18, t, x) \
	FMLS4S(19, t, x) \
	EXPM1(x, t, u)   \
	FADD4S(25, x, x) \
	POWERS(n, t)     \
	FMUL4S(t, x, x)  \
	FMUL4S(n, x, x)

// EXP computes x = e^x, overwriting n, t and u.
#define EXP(x, n, t, u) \
	FMAX4S(26, x, x) \
	FMIN4S(27, x, x) \
	EXPREDUCED(x, n, t, u)

// SIGMOID computes s = 1/(1+e^-x), overwriting x, n, t and u: see sigmoid.
#define SIGMOID(x, s, n, t, u) \
	ORR16B(28, x, s)       \
	FMAX4S(26, s, s)       \
	EXPREDUCED(s, n, t, u) \
	FADD4S(25, s, t)       \
	FDIV4S(t, s, t)        \ // q = e/(1+e)
	SSHR4S(31, x, n)       \
	MOV16B(25, x)          \
	BIT16B(n, s, x)        \
	MOV16B(x, s)           \
	FMLS4S(t, x, s)

// GELUEXP computes m = max(-|x|, geluLowest), w and e = 1+w with
// e^1.702m = 2^n (1+w), and the factors n and q of 2^n: see geluExp.
#define GELUEXP(x, m, w, n, e, q) \
	ORR16B(28, x, m) \
	FMAX4S(26, m, m) \
	MOV16B(17, n)    \
	FMLA4S(31, m, n) \
	FSUB4S(17, n, q) \
	FMUL4S(18, q, w) \
	FNEG4S(w, w)     \
	FMLA4S(27, m, w) \
	FMLA4S(30, m, w) \
	FMLS4S(19, q, w) \
	EXPM1(w, e, q)   \
	FADD4S(25, w, e) \
	POWERS(n, q)

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, m, w, n, e, q) \
	GELUEXP(x, m, w, n, e, q) \
	FMUL4S(q, e, e)           \
	FMUL4S(q, m, m)           \
	FMUL4S(n, e, e)           \
	FMUL4S(n, m, m)           \
	FADD4S(25, e, q)          \
	FDIV4S(q, e, q)           \
	MOV16B(m, e)              \
	FMLA4S(w, m, e)           \
	SSHR4S(31, x, n)          \
	BIT16B(n, e, x)           \
	MOV16B(x, e)              \
	FMLS4S(q, e, x)

// GELUSLOPE computes x = gelu'(x), overwriting the rest: see geluSlope.
#define GELUSLOPE(x, m, w, n, e, q) \
	GELUEXP(x, m, w, n, e, q) \
	FMUL4S(q, e, e)           \
	FMUL4S(n, e, e)           \
	FADD4S(25, e, q)          \
	FDIV4S(q, e, q)           \
	SSHR4S(31, x, n)          \
	MOV16B(25, w)             \
	BIT16B(n, e, w)           \
	MOV16B(w, e)              \
	FMLS4S(q, w, e)           \ // s
	FSUB4S(q, 25, w)          \
	BIT16B(n, w, q)           \ // 1-s
	FMUL4S(27, x, x)          \
	MOV16B(25, w)             \
	FMLA4S(q, x, w)           \ // 1.702x (1-s) + 1
	FMUL4S(e, w, x)

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
