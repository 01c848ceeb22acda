// The exponential family, written once for AVX2 and AVX-512, operation for operation
// as exp_generic.go and gelu_generic.go have it. exp_avx2_amd64.h and
// exp_avx512_amd64.h say where a constant is: in memory or, for most, in a register
// that its family's CONSTANTS fill. Macro arguments are vector registers. A source
// must include go_asm.h too.
//
// COPY sets d to a constant. FETCH loads a constant into r unless it has a register of
// its own, and HELD is the register that it is then in. TABLE computes d = OP(a,
// constant in memory), and SPREAD loads such a constant.

// EXPM1 computes w = e^r - 1 for |r| <= ln(2)/2. It overwrites t.
#define EXPM1(r, w, t) \
	COPY(EXP6, w)          \
	VFMADD213PS EXP5, r, w \
	VFMADD213PS EXP4, r, w \
	VFMADD213PS EXP3, r, w \
	VFMADD213PS EXP2, r, w \
	VMULPS      r, r, t    \
	VFMADD213PS r, t, w

// EXPREDUCED computes w = e^x for expLowest <= x <= expHighest. It overwrites x,
// n and t. EXPONENT is where n, rounded, goes, and RAISE multiplies w by 2^n.
#define EXPREDUCED(x, w, n, t) \
	COPY(EXPSHIFT, n)                        \
	VFMADD231PS  EXPLOG2E, x, n              \
	VSUBPS       EXPSHIFT, n, EXPONENT(n, t) \
	VFNMADD231PS EXPLN2HI, EXPONENT(n, t), x \
	VFNMADD231PS EXPLN2LO, EXPONENT(n, t), x \
	EXPM1(x, w, t)                           \
	VADDPS       EXPONE, w, w                \
	RAISE(w, n, t)

// GELU computes x = x*sigmoid(1.702x), overwriting the rest: see gelu.
#define GELU(x, t, n, w) \
	FETCH(GELULOWEST, n)                    \
	FETCH(GELUHIGHEST, t)                   \
	VMAXPS       x, HELD(GELULOWEST, n), x  \
	VMINPS       x, HELD(GELUHIGHEST, t), t \
	COPY(GELUSHIFT, n)                      \
	VFNMADD231PS GELULOG2E, t, n            \
	VSUBPS       GELUSHIFT, n, w            \
	VFMADD231PS  GELULOG2E, t, w            \
	VFMADD231PS  GELULOG2ELO, t, w          \
	VPSLLD       $23, n, n                  \
	COPY(GELU6, t)                          \
	VFMADD213PS  GELU5, w, t                \
	VFMADD213PS  GELU4, w, t                \
	VFMADD213PS  GELU3, w, t                \
	VFMADD213PS  GELU2, w, t                \
	VFMADD213PS  GELU1, w, t                \
	VMULPS       t, w, w                    \
	VFMADD213PS  GELUONE, n, w              \
	VADDPS       n, w, w                    \ // 1 + e^-1.702x
	VDIVPS       w, x, x

// GELUSLOPE computes x = gelu'(x), overwriting n, g and p: see geluSlope.
#define GELUSLOPE(x, n, g, p) \
	VMULPS      SLOPELOG2E, x, x            \
	FETCH(SLOPELOWEST, n)                   \
	FETCH(SLOPEHIGHEST, g)                  \
	VMAXPS      x, HELD(SLOPELOWEST, n), x  \
	VMINPS      x, HELD(SLOPEHIGHEST, g), x \
	FETCH(SLOPESHIFT, g)                    \
	VSUBPS      x, HELD(SLOPESHIFT, g), n   \
	VSUBPS      HELD(SLOPESHIFT, g), n, g   \
	VADDPS      x, g, g                     \
	VPSLLD      $23, n, n                   \
	COPY(SLOPE5, p)                         \
	VFMADD213PS SLOPE4, g, p                \
	VFMADD213PS SLOPE3, g, p                \
	VFMADD213PS SLOPE2, g, p                \
	VFMADD213PS SLOPE1, g, p                \
	VFMADD213PS SLOPEONE, g, p              \
	VPADDD      n, p, p                     \ // e
	VADDPS      SLOPEONE, p, g              \ // 1+e
	VMULPS      SLOPELN2, x, x              \ // 1.702x
	VFMADD213PS g, p, x                     \
	VMULPS      g, g, g                     \
	VDIVPS      g, x, x

// LOG computes y = ln x, overwriting e, f and p: see log. LOGNORMAL makes f of x, a
// normal number, and e of the exponent that this took; LOGSPECIAL sets y where x is
// infinite, 0, negative or NaN.
#define LOG(x, y, e, f, p) \
	LOGNORMAL(x, y, e, f)                        \
	TABLE(VPSUBD, expConstants_sqrtHalf, f, f)   \
	VPSRAD    $23, f, p                          \
	VCVTDQ2PS p, p                               \
	VADDPS    p, e, e                            \
	TABLE(ANDBITS, expConstants_mantissa, f, f)  \
	TABLE(VPADDD, expConstants_sqrtHalf, f, f)   \
	TABLE(VSUBPS, expConstants_one, f, f)        \
	SPREAD(expConstants_log10, p)                \
	TABLE(VFMADD213PS, expConstants_log9, f, p)  \
	TABLE(VFMADD213PS, expConstants_log8, f, p)  \
	TABLE(VFMADD213PS, expConstants_log7, f, p)  \
	TABLE(VFMADD213PS, expConstants_log6, f, p)  \
	TABLE(VFMADD213PS, expConstants_log5, f, p)  \
	TABLE(VFMADD213PS, expConstants_log4, f, p)  \
	TABLE(VFMADD213PS, expConstants_log3, f, p)  \
	VMULPS    f, f, y                            \
	VMULPS    f, p, p                            \
	VMULPS    y, p, p                            \
	TABLE(VFMADD231PS, expConstants_ln2Lo, e, p) \
	TABLE(VFNMADD231PS, expConstants_half, y, p) \
	VADDPS    f, p, p                            \
	TABLE(VFMADD231PS, expConstants_ln2Hi, e, p) \
	LOGSPECIAL(x, y, e, f, p)
