// The exponential family on 4 lanes, operation for operation as exp_generic.go
// and gelu_generic.go have it. Macro arguments are numbers of V registers. A
// source must include go_asm.h and neon_arm64.h too.

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

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, t, n, w, u) \
	FMAX4S(25, x, x) \
	FMIN4S(26, x, t) \
	MOV16B(17, n)    \
	FMLS4S(28, t, n) \
	FSUB4S(17, n, w) \
	FMLA4S(28, t, w) \
	FMLA4S(27, t, w) \
	SHL4S(23, n, n)  \
	MOV16B(22, t)    \
	FMLA4S(w, 23, t) \
	MOV16B(21, u)    \
	FMLA4S(w, t, u)  \
	MOV16B(20, t)    \
	FMLA4S(w, u, t)  \
	MOV16B(19, u)    \
	FMLA4S(w, t, u)  \
	MOV16B(18, t)    \
	FMLA4S(w, u, t)  \
	FMUL4S(t, w, w)  \
	MOV16B(24, t)    \
	FMLA4S(n, w, t)  \
	FADD4S(n, t, t)  \ // 1 + e^-1.702x
	FDIV4S(t, x, x)

// GELUSLOPE computes x = gelu'(x), overwriting the rest: see geluSlope.
#define GELUSLOPE(x, n, f, p, u) \
	FMUL4S(28, x, x) \
	FMAX4S(25, x, x) \
	FMIN4S(26, x, x) \
	FSUB4S(x, 17, n) \
	FSUB4S(17, n, f) \
	FADD4S(x, f, f)  \
	SHL4S(23, n, n)  \
	MOV16B(21, p)    \
	FMLA4S(f, 22, p) \
	MOV16B(20, u)    \
	FMLA4S(f, p, u)  \
	MOV16B(19, p)    \
	FMLA4S(f, u, p)  \
	MOV16B(18, u)    \
	FMLA4S(f, p, u)  \
	MOV16B(24, p)    \
	FMLA4S(f, u, p)  \
	ADD4S(n, p, p)   \ // e
	FADD4S(24, p, f) \ // 1+e
	FMUL4S(23, x, x) \ // 1.702x
	MOV16B(f, u)     \
	FMLA4S(p, x, u)  \
	FMUL4S(f, f, f)  \
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
