// What exp_amd64.h needs of AVX-512: registers for the constants of a family, one at
// a time, broadcasts for the others.

#define EXPSHIFT Z17
#define EXPLN2HI Z18
#define EXPLN2LO Z19
#define EXP2 Z20
#define EXP3 Z21
#define EXP4 Z22
#define EXP5 Z23
#define EXP6 Z24
#define EXPONE Z25
#define EXPLOWEST Z26
#define EXPLOG2E Z31

#define GELUSHIFT Z17
#define GELU1 Z18
#define GELU2 Z19
#define GELU3 Z20
#define GELU4 Z21
#define GELU5 Z22
#define GELU6 Z23
#define GELUONE Z24
#define GELULOWEST Z25
#define GELUHIGHEST Z26
#define GELULOG2ELO Z27
#define GELULOG2E Z28

#define SLOPESHIFT Z17
#define SLOPE1 Z18
#define SLOPE2 Z19
#define SLOPE3 Z20
#define SLOPE4 Z21
#define SLOPE5 Z22
#define SLOPELN2 Z23
#define SLOPEONE Z24
#define SLOPELOWEST Z25
#define SLOPEHIGHEST Z26
#define SLOPELOG2E Z28

#define EXPCONST(field, z) VBROADCASTSS ·expTable+field(SB), z

// EXPCONSTANTS loads what EXPREDUCED needs, and its lower bound.
#define EXPCONSTANTS \
	EXPCONST(expConstants_roundShift, EXPSHIFT) \
	EXPCONST(expConstants_ln2Hi, EXPLN2HI)      \
	EXPCONST(expConstants_ln2Lo, EXPLN2LO)      \
	EXPCONST(expConstants_exp2, EXP2)           \
	EXPCONST(expConstants_exp3, EXP3)           \
	EXPCONST(expConstants_exp4, EXP4)           \
	EXPCONST(expConstants_exp5, EXP5)           \
	EXPCONST(expConstants_exp6, EXP6)           \
	EXPCONST(expConstants_one, EXPONE)          \
	EXPCONST(expConstants_lowest, EXPLOWEST)    \
	EXPCONST(expConstants_log2e, EXPLOG2E)

// GELUCONSTANTS loads what GELU needs.
#define GELUCONSTANTS \
	EXPCONST(expConstants_exponentShift, GELUSHIFT) \
	EXPCONST(expConstants_gelu1, GELU1)             \
	EXPCONST(expConstants_gelu2, GELU2)             \
	EXPCONST(expConstants_gelu3, GELU3)             \
	EXPCONST(expConstants_gelu4, GELU4)             \
	EXPCONST(expConstants_gelu5, GELU5)             \
	EXPCONST(expConstants_gelu6, GELU6)             \
	EXPCONST(expConstants_one, GELUONE)             \
	EXPCONST(expConstants_geluLowest, GELULOWEST)   \
	EXPCONST(expConstants_geluHighest, GELUHIGHEST) \
	EXPCONST(expConstants_geluLog2eLo, GELULOG2ELO) \
	EXPCONST(expConstants_geluLog2e, GELULOG2E)

// SLOPECONSTANTS loads what GELUSLOPE needs.
#define SLOPECONSTANTS \
	EXPCONST(expConstants_roundShift, SLOPESHIFT)     \
	EXPCONST(expConstants_slope1, SLOPE1)             \
	EXPCONST(expConstants_slope2, SLOPE2)             \
	EXPCONST(expConstants_slope3, SLOPE3)             \
	EXPCONST(expConstants_slope4, SLOPE4)             \
	EXPCONST(expConstants_slope5, SLOPE5)             \
	EXPCONST(expConstants_ln2, SLOPELN2)              \
	EXPCONST(expConstants_one, SLOPEONE)              \
	EXPCONST(expConstants_slopeLowest, SLOPELOWEST)   \
	EXPCONST(expConstants_slopeHighest, SLOPEHIGHEST) \
	EXPCONST(expConstants_geluLog2e, SLOPELOG2E)

#define COPY(c, d) VMOVAPS c, d
#define FETCH(c, r)
#define HELD(c, r) c
#define TABLE(OP, field, a, d) OP.BCST ·expTable+field(SB), a, d
#define SPREAD(field, d) VBROADCASTSS ·expTable+field(SB), d
#define ANDBITS VPANDD

#define EXPONENT(n, t) n
#define RAISE(w, n, t) VSCALEFPS n, w, w

// LOGNORMAL and LOGSPECIAL overwrite K2.
#define LOGNORMAL(x, y, e, f) \
	VCMPPS.BCST    $1, ·expTable+expConstants_minNormal(SB), x, K2 \
	VMOVAPS        x, f                                            \
	VMULPS.BCST    ·expTable+expConstants_two23(SB), x, K2, f      \
	VBROADCASTSS.Z ·expTable+expConstants_minus23(SB), K2, e

#define LOGSPECIAL(x, y, e, f, p) \
	VCMPPS.BCST  $22, ·expTable+expConstants_max(SB), x, K2                 \ // not x <= max
	VBLENDMPS    x, p, K2, y                                                \
	VPXORD       e, e, e                                                    \
	VCMPPS       $0, e, x, K2                                               \
	VBROADCASTSS ·expTable+expConstants_negInf(SB), K2, y                   \
	VCMPPS       $1, e, x, K2                                               \
	VBROADCASTSS ·expTable+expConstants_nan(SB), K2, y
