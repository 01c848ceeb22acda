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

// GELUPAIR is GELU of two vectors in turn: one alone waits for its own results longer than the CPU looks
// ahead.
#define GELUPAIR(x, t, n, w, x2, t2, n2, w2) \
	FETCH(GELULOWEST, n)                       \
	FETCH(GELULOWEST, n2)                      \
	FETCH(GELUHIGHEST, t)                      \
	FETCH(GELUHIGHEST, t2)                     \
	VMAXPS       x, HELD(GELULOWEST, n), x     \
	VMAXPS       x2, HELD(GELULOWEST, n2), x2  \
	VMINPS       x, HELD(GELUHIGHEST, t), t    \
	VMINPS       x2, HELD(GELUHIGHEST, t2), t2 \
	COPY(GELUSHIFT, n)                         \
	COPY(GELUSHIFT, n2)                        \
	VFNMADD231PS GELULOG2E, t, n               \
	VFNMADD231PS GELULOG2E, t2, n2             \
	VSUBPS       GELUSHIFT, n, w               \
	VSUBPS       GELUSHIFT, n2, w2             \
	VFMADD231PS  GELULOG2E, t, w               \
	VFMADD231PS  GELULOG2E, t2, w2             \
	VFMADD231PS  GELULOG2ELO, t, w             \
	VFMADD231PS  GELULOG2ELO, t2, w2           \
	VPSLLD       $23, n, n                     \
	VPSLLD       $23, n2, n2                   \
	COPY(GELU6, t)                             \
	COPY(GELU6, t2)                            \
	VFMADD213PS  GELU5, w, t                   \
	VFMADD213PS  GELU5, w2, t2                 \
	VFMADD213PS  GELU4, w, t                   \
	VFMADD213PS  GELU4, w2, t2                 \
	VFMADD213PS  GELU3, w, t                   \
	VFMADD213PS  GELU3, w2, t2                 \
	VFMADD213PS  GELU2, w, t                   \
	VFMADD213PS  GELU2, w2, t2                 \
	VFMADD213PS  GELU1, w, t                   \
	VFMADD213PS  GELU1, w2, t2                 \
	VMULPS       t, w, w                       \
	VMULPS       t2, w2, w2                    \
	VFMADD213PS  GELUONE, n, w                 \
	VFMADD213PS  GELUONE, n2, w2               \
	VADDPS       n, w, w                       \
	VADDPS       n2, w2, w2                    \
	VDIVPS       w, x, x                       \
	VDIVPS       w2, x2, x2

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

// GELUSLOPEPAIR is GELUSLOPE of two vectors in turn.
#define GELUSLOPEPAIR(x, n, g, p, x2, n2, g2, p2) \
	VMULPS       SLOPELOG2E, x, x               \
	VMULPS       SLOPELOG2E, x2, x2             \
	FETCH(SLOPELOWEST, n)                       \
	FETCH(SLOPELOWEST, n2)                      \
	FETCH(SLOPEHIGHEST, g)                      \
	FETCH(SLOPEHIGHEST, g2)                     \
	VMAXPS       x, HELD(SLOPELOWEST, n), x     \
	VMAXPS       x2, HELD(SLOPELOWEST, n2), x2  \
	VMINPS       x, HELD(SLOPEHIGHEST, g), x    \
	VMINPS       x2, HELD(SLOPEHIGHEST, g2), x2 \
	FETCH(SLOPESHIFT, g)                        \
	FETCH(SLOPESHIFT, g2)                       \
	VSUBPS       x, HELD(SLOPESHIFT, g), n      \
	VSUBPS       x2, HELD(SLOPESHIFT, g2), n2   \
	VSUBPS       HELD(SLOPESHIFT, g), n, g      \
	VSUBPS       HELD(SLOPESHIFT, g2), n2, g2   \
	VADDPS       x, g, g                        \
	VADDPS       x2, g2, g2                     \
	VPSLLD       $23, n, n                      \
	VPSLLD       $23, n2, n2                    \
	COPY(SLOPE5, p)                             \
	COPY(SLOPE5, p2)                            \
	VFMADD213PS  SLOPE4, g, p                   \
	VFMADD213PS  SLOPE4, g2, p2                 \
	VFMADD213PS  SLOPE3, g, p                   \
	VFMADD213PS  SLOPE3, g2, p2                 \
	VFMADD213PS  SLOPE2, g, p                   \
	VFMADD213PS  SLOPE2, g2, p2                 \
	VFMADD213PS  SLOPE1, g, p                   \
	VFMADD213PS  SLOPE1, g2, p2                 \
	VFMADD213PS  SLOPEONE, g, p                 \
	VFMADD213PS  SLOPEONE, g2, p2               \
	VPADDD       n, p, p                        \
	VPADDD       n2, p2, p2                     \
	VADDPS       SLOPEONE, p, g                 \
	VADDPS       SLOPEONE, p2, g2               \
	VMULPS       SLOPELN2, x, x                 \
	VMULPS       SLOPELN2, x2, x2               \
	VFMADD213PS  g, p, x                        \
	VFMADD213PS  g2, p2, x2                     \
	VMULPS       g, g, g                        \
	VMULPS       g2, g2, g2                     \
	VDIVPS       g, x, x                        \
	VDIVPS       g2, x2, x2

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
