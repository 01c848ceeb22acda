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

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, t, n, w) \
	VMOVUPS      ·expTable+expConstants_geluLowest(SB), n       \
	VMOVUPS      ·expTable+expConstants_geluHighest(SB), t      \
	VMAXPS       x, n, x                                        \
	VMINPS       x, t, t                                        \
	VMOVUPS      ·expTable+expConstants_exponentShift(SB), n    \
	VFNMADD231PS ·expTable+expConstants_geluLog2e(SB), t, n     \
	VSUBPS       ·expTable+expConstants_exponentShift(SB), n, w \
	VFMADD231PS  ·expTable+expConstants_geluLog2e(SB), t, w     \
	VFMADD231PS  ·expTable+expConstants_geluLog2eLo(SB), t, w   \
	VPSLLD       $23, n, n                                      \
	VMOVUPS      ·expTable+expConstants_gelu6(SB), t             \
	VFMADD213PS  ·expTable+expConstants_gelu5(SB), w, t          \
	VFMADD213PS  ·expTable+expConstants_gelu4(SB), w, t          \
	VFMADD213PS  ·expTable+expConstants_gelu3(SB), w, t          \
	VFMADD213PS  ·expTable+expConstants_gelu2(SB), w, t          \
	VFMADD213PS  ·expTable+expConstants_gelu1(SB), w, t          \
	VMULPS       t, w, w                                        \
	VFMADD213PS  ·expTable+expConstants_one(SB), n, w           \
	VADDPS       n, w, w                                        \ // 1 + e^-1.702x
	VDIVPS       w, x, x

// GELUSLOPE computes x = gelu'(x), overwriting n, g and p: see geluSlope.
#define GELUSLOPE(x, n, g, p) \
	VMULPS      ·expTable+expConstants_geluLog2e(SB), x, x \
	VMOVUPS     ·expTable+expConstants_slopeLowest(SB), n  \
	VMOVUPS     ·expTable+expConstants_slopeHighest(SB), g \
	VMAXPS      x, n, x                                    \
	VMINPS      x, g, x                                    \
	VMOVUPS     ·expTable+expConstants_roundShift(SB), g   \
	VSUBPS      x, g, n                                    \
	VSUBPS      g, n, g                                    \
	VADDPS      x, g, g                                    \
	VPSLLD      $23, n, n                                  \
	VMOVUPS     ·expTable+expConstants_slope5(SB), p       \
	VFMADD213PS ·expTable+expConstants_slope4(SB), g, p    \
	VFMADD213PS ·expTable+expConstants_slope3(SB), g, p    \
	VFMADD213PS ·expTable+expConstants_slope2(SB), g, p    \
	VFMADD213PS ·expTable+expConstants_slope1(SB), g, p    \
	VFMADD213PS ·expTable+expConstants_one(SB), g, p       \
	VPADDD      n, p, p                                    \ // e
	VADDPS      ·expTable+expConstants_one(SB), p, g       \ // 1+e
	VMULPS      ·expTable+expConstants_ln2(SB), x, x       \ // 1.702x
	VFMADD213PS g, p, x                                    \
	VMULPS      g, g, g                                    \
	VDIVPS      g, x, x

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
