// The exponential family on 8 lanes, operation for operation as exp_generic.go
// and gelu_generic.go have it. Macro arguments are Y registers; the constants
// are read from memory. A source must include go_asm.h too.

// EXPM1 computes w = e^r - 1 for |r| <= ln(2)/2. It overwrites t.
#define EXPM1(r, w, t) \
	VMOVUPS     ·expTable+expConstants_exp6(SB), w    \
	VFMADD213PS ·expTable+expConstants_exp5(SB), r, w \
	VFMADD213PS ·expTable+expConstants_exp4(SB), r, w \
	VFMADD213PS ·expTable+expConstants_exp3(SB), r, w \
	VFMADD213PS ·expTable+expConstants_exp2(SB), r, w \
	VMULPS      r, r, t                               \
	VFMADD213PS r, t, w

// POWERS turns n + roundShift into two normal factors n and t of 2^n.
#define POWERS(n, t) \
	VPSRLD $1, n, t                             \
	VPSUBD t, n, n                              \
	VPSLLD $23, t, t                            \
	VPSLLD $23, n, n                            \
	VPADDD ·expTable+expConstants_one(SB), t, t \
	VPADDD ·expTable+expConstants_one(SB), n, n

// EXPREDUCED computes w = e^x for expLowest <= x <= expHighest. It overwrites x,
// n and t.
#define EXPREDUCED(x, w, n, t) \
	VMOVUPS      ·expTable+expConstants_roundShift(SB), n    \
	VFMADD231PS  ·expTable+expConstants_log2e(SB), x, n      \
	VSUBPS       ·expTable+expConstants_roundShift(SB), n, t \
	VFNMADD231PS ·expTable+expConstants_ln2Hi(SB), t, x      \
	VFNMADD231PS ·expTable+expConstants_ln2Lo(SB), t, x      \
	EXPM1(x, w, t)                                           \
	VADDPS       ·expTable+expConstants_one(SB), w, w        \
	POWERS(n, t)                                             \
	VMULPS       t, w, w                                     \
	VMULPS       n, w, w

// EXP computes w = e^x, overwriting x, n and t. The data are the operand that
// VMAXPS and VMINPS return for NaN.
#define EXP(x, w, n, t) \
	VMOVUPS ·expTable+expConstants_lowest(SB), n  \
	VMOVUPS ·expTable+expConstants_highest(SB), t \
	VMAXPS  x, n, x                               \
	VMINPS  x, t, x                               \
	EXPREDUCED(x, w, n, t)

// SIGMOID computes s = 1/(1+e^-x), overwriting m, n and t: see sigmoid.
#define SIGMOID(x, s, m, n, t) \
	VMOVUPS      ·expTable+expConstants_lowest(SB), n  \
	VORPS        ·expTable+expConstants_sign(SB), x, m \
	VMAXPS       m, n, m                               \
	EXPREDUCED(m, s, n, t)                             \
	VMOVUPS      ·expTable+expConstants_one(SB), n     \
	VADDPS       n, s, t                               \
	VDIVPS       t, s, t                               \ // q = e/(1+e)
	VBLENDVPS    x, s, n, s                            \
	VFNMADD213PS s, t, s

// GELUEXP computes m = max(-|x|, geluLowest), w and e = 1+w with
// e^1.702m = 2^n (1+w), and the factors n and q of 2^n: see geluExp.
#define GELUEXP(x, m, w, n, e, q) \
	VMOVUPS      ·expTable+expConstants_geluLowest(SB), n     \
	VORPS        ·expTable+expConstants_sign(SB), x, m        \
	VMAXPS       m, n, m                                      \
	VMOVUPS      ·expTable+expConstants_roundShift(SB), n     \
	VFMADD231PS  ·expTable+expConstants_geluLog2e(SB), m, n   \
	VSUBPS       ·expTable+expConstants_roundShift(SB), n, q  \
	VMULPS       ·expTable+expConstants_ln2Hi(SB), q, e       \
	VFMSUB231PS  ·expTable+expConstants_geluScale(SB), m, e   \
	VFMADD231PS  ·expTable+expConstants_geluScaleLo(SB), m, e \
	VFNMADD231PS ·expTable+expConstants_ln2Lo(SB), q, e       \
	EXPM1(e, w, q)                                            \
	VADDPS       ·expTable+expConstants_one(SB), w, e         \
	POWERS(n, q)

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, m, w, n, e, q) \
	GELUEXP(x, m, w, n, e, q)                         \
	VMULPS       q, e, e                              \
	VMULPS       q, m, m                              \
	VMULPS       n, e, e                              \
	VMULPS       n, m, m                              \
	VADDPS       ·expTable+expConstants_one(SB), e, q \
	VDIVPS       q, e, q                              \
	VFMADD213PS  m, w, m                              \
	VBLENDVPS    x, m, x, x                           \
	VFNMADD213PS x, q, x

// GELUSLOPE computes x = gelu'(x), overwriting the rest: see geluSlope.
#define GELUSLOPE(x, m, w, n, e, q) \
	GELUEXP(x, m, w, n, e, q)                               \
	VMULPS       q, e, e                                    \
	VMULPS       n, e, e                                    \
	VMOVUPS      ·expTable+expConstants_one(SB), n          \
	VADDPS       n, e, q                                    \
	VDIVPS       q, e, q                                    \
	VBLENDVPS    x, e, n, e                                 \
	VFNMADD213PS e, q, e                                    \ // s
	VSUBPS       q, n, m                                    \
	VBLENDVPS    x, m, q, q                                 \ // 1-s
	VMULPS       ·expTable+expConstants_geluScale(SB), x, x \
	VFMADD213PS  n, q, x                                    \ // 1.702x (1-s) + 1
	VMULPS       e, x, x

// LOG computes y = ln x, overwriting e, f and p: see log.
#define LOG(x, y, e, f, p) \
	VCMPPS       $1, ·expTable+expConstants_minNormal(SB), x, y \
	VMULPS       ·expTable+expConstants_two23(SB), x, f         \
	VBLENDVPS    y, f, x, f                                     \
	VANDPS       ·expTable+expConstants_minus23(SB), y, e       \
	VPSUBD       ·expTable+expConstants_sqrtHalf(SB), f, f      \
	VPSRAD       $23, f, p                                      \
	VCVTDQ2PS    p, p                                           \
	VADDPS       p, e, e                                        \
	VPAND        ·expTable+expConstants_mantissa(SB), f, f      \
	VPADDD       ·expTable+expConstants_sqrtHalf(SB), f, f      \
	VSUBPS       ·expTable+expConstants_one(SB), f, f           \
	VMOVUPS      ·expTable+expConstants_log10(SB), p            \
	VFMADD213PS  ·expTable+expConstants_log9(SB), f, p          \
	VFMADD213PS  ·expTable+expConstants_log8(SB), f, p          \
	VFMADD213PS  ·expTable+expConstants_log7(SB), f, p          \
	VFMADD213PS  ·expTable+expConstants_log6(SB), f, p          \
	VFMADD213PS  ·expTable+expConstants_log5(SB), f, p          \
	VFMADD213PS  ·expTable+expConstants_log4(SB), f, p          \
	VFMADD213PS  ·expTable+expConstants_log3(SB), f, p          \
	VMULPS       f, f, y                                        \
	VMULPS       f, p, p                                        \
	VMULPS       y, p, p                                        \
	VFMADD231PS  ·expTable+expConstants_ln2Lo(SB), e, p         \
	VFNMADD231PS ·expTable+expConstants_half(SB), y, p          \
	VADDPS       f, p, p                                        \
	VFMADD231PS  ·expTable+expConstants_ln2Hi(SB), e, p         \
	VCMPPS       $22, ·expTable+expConstants_max(SB), x, e      \ // not x <= max
	VBLENDVPS    e, x, p, y                                     \
	VXORPS       f, f, f                                        \
	VCMPPS       $0, f, x, e                                    \
	VMOVUPS      ·expTable+expConstants_negInf(SB), p           \
	VBLENDVPS    e, p, y, y                                     \
	VCMPPS       $1, f, x, e                                    \
	VMOVUPS      ·expTable+expConstants_nan(SB), p              \
	VBLENDVPS    e, p, y, y
