// What exp_amd64.h needs of AVX2: constants are read from memory, 8 lanes of each.

#define EXPSHIFT ·expTable+expConstants_roundShift(SB)
#define EXPLN2HI ·expTable+expConstants_ln2Hi(SB)
#define EXPLN2LO ·expTable+expConstants_ln2Lo(SB)
#define EXP2 ·expTable+expConstants_exp2(SB)
#define EXP3 ·expTable+expConstants_exp3(SB)
#define EXP4 ·expTable+expConstants_exp4(SB)
#define EXP5 ·expTable+expConstants_exp5(SB)
#define EXP6 ·expTable+expConstants_exp6(SB)
#define EXPONE ·expTable+expConstants_one(SB)
#define EXPLOG2E ·expTable+expConstants_log2e(SB)

#define GELUSHIFT ·expTable+expConstants_exponentShift(SB)
#define GELU1 ·expTable+expConstants_gelu1(SB)
#define GELU2 ·expTable+expConstants_gelu2(SB)
#define GELU3 ·expTable+expConstants_gelu3(SB)
#define GELU4 ·expTable+expConstants_gelu4(SB)
#define GELU5 ·expTable+expConstants_gelu5(SB)
#define GELU6 ·expTable+expConstants_gelu6(SB)
#define GELUONE ·expTable+expConstants_one(SB)
#define GELULOWEST ·expTable+expConstants_geluLowest(SB)
#define GELUHIGHEST ·expTable+expConstants_geluHighest(SB)
#define GELULOG2ELO ·expTable+expConstants_geluLog2eLo(SB)
#define GELULOG2E ·expTable+expConstants_geluLog2e(SB)

#define SLOPESHIFT ·expTable+expConstants_roundShift(SB)
#define SLOPE1 ·expTable+expConstants_slope1(SB)
#define SLOPE2 ·expTable+expConstants_slope2(SB)
#define SLOPE3 ·expTable+expConstants_slope3(SB)
#define SLOPE4 ·expTable+expConstants_slope4(SB)
#define SLOPE5 ·expTable+expConstants_slope5(SB)
#define SLOPELN2 ·expTable+expConstants_ln2(SB)
#define SLOPEONE ·expTable+expConstants_one(SB)
#define SLOPELOWEST ·expTable+expConstants_slopeLowest(SB)
#define SLOPEHIGHEST ·expTable+expConstants_slopeHighest(SB)
#define SLOPELOG2E ·expTable+expConstants_geluLog2e(SB)

#define COPY(c, d) VMOVUPS c, d
#define FETCH(c, r) VMOVUPS c, r
#define HELD(c, r) r
#define TABLE(OP, field, a, d) OP ·expTable+field(SB), a, d
#define SPREAD(field, d) VMOVUPS ·expTable+field(SB), d
#define ANDBITS VPAND

#define EXPONENT(n, t) t

// RAISE multiplies by two normal factors, n and t, made of n + roundShift.
#define RAISE(w, n, t) \
	VPSRLD $1, n, t                       \
	VPSUBD t, n, n                        \
	VPSLLD $23, t, t                      \
	VPSLLD $23, n, n                      \
	TABLE(VPADDD, expConstants_one, t, t) \
	TABLE(VPADDD, expConstants_one, n, n) \
	VMULPS t, w, w                        \
	VMULPS n, w, w

#define LOGNORMAL(x, y, e, f) \
	VCMPPS    $1, ·expTable+expConstants_minNormal(SB), x, y \
	TABLE(VMULPS, expConstants_two23, x, f)                  \
	VBLENDVPS y, f, x, f                                     \
	TABLE(VANDPS, expConstants_minus23, y, e)

#define LOGSPECIAL(x, y, e, f, p) \
	VCMPPS    $22, ·expTable+expConstants_max(SB), x, e                 \ // not x <= max
	VBLENDVPS e, x, p, y                                                \
	VXORPS    f, f, f                                                   \
	VCMPPS    $0, f, x, e                                               \
	SPREAD(expConstants_negInf, p)                                      \
	VBLENDVPS e, p, y, y                                                \
	VCMPPS    $1, f, x, e                                               \
	SPREAD(expConstants_nan, p)                                         \
	VBLENDVPS e, p, y, y
