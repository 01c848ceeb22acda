// The exponential family on 16 lanes, operation for operation as exp_generic.go
// and gelu_generic.go have it. Macro arguments are Z registers. A source must
// include go_asm.h too.

#define EXPCONST(field, z) VBROADCASTSS ·expTable+field(SB), z

// EXPCONSTANTS loads what EXPREDUCED needs into Z17..Z25 and Z31, and its lower
// bound into Z26.
#define EXPCONSTANTS \
	EXPCONST(expConstants_roundShift, Z17) \
	EXPCONST(expConstants_ln2Hi, Z18)      \
	EXPCONST(expConstants_ln2Lo, Z19)      \
	EXPCONST(expConstants_exp2, Z20)       \
	EXPCONST(expConstants_exp3, Z21)       \
	EXPCONST(expConstants_exp4, Z22)       \
	EXPCONST(expConstants_exp5, Z23)       \
	EXPCONST(expConstants_exp6, Z24)       \
	EXPCONST(expConstants_one, Z25)        \
	EXPCONST(expConstants_lowest, Z26)     \
	EXPCONST(expConstants_log2e, Z31)

// GELUCONSTANTS loads what GELU needs into Z17..Z28.
#define GELUCONSTANTS \
	EXPCONST(expConstants_exponentShift, Z17) \
	EXPCONST(expConstants_gelu1, Z18)         \
	EXPCONST(expConstants_gelu2, Z19)          \
	EXPCONST(expConstants_gelu3, Z20)          \
	EXPCONST(expConstants_gelu4, Z21)          \
	EXPCONST(expConstants_gelu5, Z22)          \
	EXPCONST(expConstants_gelu6, Z23)          \
	EXPCONST(expConstants_one, Z24)           \
	EXPCONST(expConstants_geluLowest, Z25)    \
	EXPCONST(expConstants_geluHighest, Z26)   \
	EXPCONST(expConstants_geluLog2eLo, Z27)   \
	EXPCONST(expConstants_geluLog2e, Z28)

// SLOPECONSTANTS loads what GELUSLOPE needs into Z17..Z26 and Z28.
#define SLOPECONSTANTS \
	EXPCONST(expConstants_roundShift, Z17)   \
	EXPCONST(expConstants_slope1, Z18)       \
	EXPCONST(expConstants_slope2, Z19)       \
	EXPCONST(expConstants_slope3, Z20)       \
	EXPCONST(expConstants_slope4, Z21)       \
	EXPCONST(expConstants_slope5, Z22)       \
	EXPCONST(expConstants_ln2, Z23)          \
	EXPCONST(expConstants_one, Z24)          \
	EXPCONST(expConstants_slopeLowest, Z25)  \
	EXPCONST(expConstants_slopeHighest, Z26) \
	EXPCONST(expConstants_geluLog2e, Z28)

// EXPM1 computes w = e^r - 1 for |r| <= ln(2)/2. It overwrites t.
#define EXPM1(r, w, t) \
	VMOVAPS     Z24, w    \
	VFMADD213PS Z23, r, w \
	VFMADD213PS Z22, r, w \
	VFMADD213PS Z21, r, w \
	VFMADD213PS Z20, r, w \
	VMULPS      r, r, t   \
	VFMADD213PS r, t, w

// EXPREDUCED computes w = e^x for expLowest <= x <= expHighest. It overwrites x,
// n and t.
#define EXPREDUCED(x, w, n, t) \
	VMOVAPS      Z17, n    \
	VFMADD231PS  Z31, x, n \
	VSUBPS       Z17, n, n \
	VFNMADD231PS Z18, n, x \
	VFNMADD231PS Z19, n, x \
	EXPM1(x, w, t)         \
	VADDPS       Z25, w, w \
	VSCALEFPS    n, w, w

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, t, n, w) \
	VMAXPS       x, Z25, x \
	VMINPS       x, Z26, t \
	VMOVAPS      Z17, n    \
	VFNMADD231PS Z28, t, n \
	VSUBPS       Z17, n, w \
	VFMADD231PS  Z28, t, w \
	VFMADD231PS  Z27, t, w \
	VPSLLD       $23, n, n \
	VMOVAPS      Z23, t    \
	VFMADD213PS  Z22, w, t \
	VFMADD213PS  Z21, w, t \
	VFMADD213PS  Z20, w, t \
	VFMADD213PS  Z19, w, t \
	VFMADD213PS  Z18, w, t \
	VMULPS       t, w, w   \
	VFMADD213PS  Z24, n, w \
	VADDPS       n, w, w   \ // 1 + e^-1.702x
	VDIVPS       w, x, x

// GELUSLOPE computes x = gelu'(x), overwriting n, g and p: see geluSlope.
#define GELUSLOPE(x, n, g, p) \
	VMULPS      Z28, x, x \
	VMAXPS      x, Z25, x \
	VMINPS      x, Z26, x \
	VSUBPS      x, Z17, n \
	VSUBPS      Z17, n, g \
	VADDPS      x, g, g   \
	VPSLLD      $23, n, n \
	VMOVAPS     Z22, p    \
	VFMADD213PS Z21, g, p \
	VFMADD213PS Z20, g, p \
	VFMADD213PS Z19, g, p \
	VFMADD213PS Z18, g, p \
	VFMADD213PS Z24, g, p \
	VPADDD      n, p, p   \ // e
	VADDPS      Z24, p, g \ // 1+e
	VMULPS      Z23, x, x \ // 1.702x
	VFMADD213PS g, p, x   \
	VMULPS      g, g, g   \
	VDIVPS      g, x, x

// LOG computes y = ln x, overwriting e, f, p and K2: see log.
#define LOG(x, y, e, f, p) \
	VCMPPS.BCST       $1, ·expTable+expConstants_minNormal(SB), x, K2 \
	VMOVAPS           x, f                                            \
	VMULPS.BCST       ·expTable+expConstants_two23(SB), x, K2, f      \
	VBROADCASTSS.Z    ·expTable+expConstants_minus23(SB), K2, e       \
	VPSUBD.BCST       ·expTable+expConstants_sqrtHalf(SB), f, f       \
	VPSRAD            $23, f, p                                       \
	VCVTDQ2PS         p, p                                            \
	VADDPS            p, e, e                                         \
	VPANDD.BCST       ·expTable+expConstants_mantissa(SB), f, f       \
	VPADDD.BCST       ·expTable+expConstants_sqrtHalf(SB), f, f       \
	VSUBPS.BCST       ·expTable+expConstants_one(SB), f, f            \
	VBROADCASTSS      ·expTable+expConstants_log10(SB), p             \
	VFMADD213PS.BCST  ·expTable+expConstants_log9(SB), f, p           \
	VFMADD213PS.BCST  ·expTable+expConstants_log8(SB), f, p           \
	VFMADD213PS.BCST  ·expTable+expConstants_log7(SB), f, p           \
	VFMADD213PS.BCST  ·expTable+expConstants_log6(SB), f, p           \
	VFMADD213PS.BCST  ·expTable+expConstants_log5(SB), f, p           \
	VFMADD213PS.BCST  ·expTable+expConstants_log4(SB), f, p           \
	VFMADD213PS.BCST  ·expTable+expConstants_log3(SB), f, p           \
	VMULPS            f, f, y                                         \
	VMULPS            f, p, p                                         \
	VMULPS            y, p, p                                         \
	VFMADD231PS.BCST  ·expTable+expConstants_ln2Lo(SB), e, p          \
	VFNMADD231PS.BCST ·expTable+expConstants_half(SB), y, p           \
	VADDPS            f, p, p                                         \
	VFMADD231PS.BCST  ·expTable+expConstants_ln2Hi(SB), e, p          \
	VCMPPS.BCST       $22, ·expTable+expConstants_max(SB), x, K2      \ // not x <= max
	VBLENDMPS         x, p, K2, y                                     \
	VPXORD            e, e, e                                         \
	VCMPPS            $0, e, x, K2                                    \
	VBROADCASTSS      ·expTable+expConstants_negInf(SB), K2, y        \
	VCMPPS            $1, e, x, K2                                    \
	VBROADCASTSS      ·expTable+expConstants_nan(SB), K2, y
