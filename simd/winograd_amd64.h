// One-dimensional Winograd transforms, in whatever registers the including file
// gives them. It names the constants ONE, C2, C4, C5, C8, C16 (those numbers), QUARTER,
// SIXTH (-1/6) and TWENTYFOURTH, BIAS and LIMIT (see FINISH), and V0 to V9, the
// registers of what is done in the same way by both instruction sets.
//
// AX points into the 36 points of a tile, DX into the image or the filter. Of an
// image, off is the distance of the column, R11, R12 and R13 are 1, 3 and 5 rows.
// Of points, R8, R9 and R10 are 1, 3 and 5 steps: along a row where a row of
// points is written (AX then moves on to the next), down a column where one is
// read. t, u and w are scratch. Operands that are read are kept unless a comment
// says otherwise.

// INPUT0 to INPUT34 are the rows of B^T for a column d0..d5 of the image. d3 and
// d4 are registers that are clobbered; e1 (e4) may be d4.
#define INPUT0(off, e) \
	VMOVUPS      off(DX)(R11*4), e     \
	VFNMADD231PS off(DX)(R11*2), C5, e \
	VFMADD231PS  off(DX), C4, e

#define INPUT5(off, e) \
	VMOVUPS      off(DX)(R13*1), e     \
	VFNMADD231PS off(DX)(R12*1), C5, e \
	VFMADD231PS  off(DX)(R11*1), C4, e

#define INPUT12(d1, d2, d3, d4, e1, e2) \
	VFNMADD231PS d2, C4, d4 \
	VFNMADD231PS d1, C4, d3 \
	VSUBPS       d3, d4, e2 \
	VADDPS       d3, d4, e1

#define INPUT34(d1, d2, d3, d4, e3, e4, t) \
	VSUBPS d2, d4, e4 \
	VSUBPS d1, d3, t  \
	VADDPS t, t, t    \
	VADDPS t, e4, e3  \
	VSUBPS t, e4, e4

// INPUTROW transforms a row and writes its six points. d0 to d5 are clobbered.
#define INPUTROW(d0, d1, d2, d3, d4, d5, t) \
	VMOVAPS      d4, t                 \
	VFNMADD231PS d2, C5, t             \
	VFMADD231PS  d0, C4, t             \
	VMOVUPS      t, (AX)               \
	VFNMADD231PS d3, C5, d5            \
	VFMADD231PS  d1, C4, d5            \
	VMOVUPS      d5, (AX)(R10*1)       \
	INPUT34(d1, d2, d3, d4, t, d0, d5) \
	VMOVUPS      t, (AX)(R9*1)         \
	VMOVUPS      d0, (AX)(R8*4)        \
	INPUT12(d1, d2, d3, d4, d4, t)     \
	VMOVUPS      d4, (AX)(R8*1)        \
	VMOVUPS      t, (AX)(R8*2)         \
	LEAQ         (AX)(R9*2), AX

// ADJOINT13 to ADJOINT5 are the rows of B for a column t0..t5 of points. t1 and
// t3 are registers; t1 may be e3 (e2) and t3 may be t. ADJOINT0 and ADJOINT5 read
// the column at AX and move on to the next, R11 further.
#define ADJOINT13(t1, t2, t3, t4, t5, e1, e3, t) \
	VSUBPS       t2, t1, e3 \ // q
	VSUBPS       t4, t3, t  \ // s
	VMOVAPS      t, e1      \
	VFMADD231PS  e3, C2, e1 \ // 2q + s
	VFMADD231PS  t, C2, e3  \ // q + 2s
	VMOVUPS      t5, t      \
	VFNMADD231PS t, C5, e3  \
	VMULPS       t, C4, t   \
	VFNMADD213PS t, C2, e1

#define ADJOINT24(t0, t1, t2, t3, t4, e2, e4, t) \
	VADDPS       t2, t1, e2 \ // p
	VADDPS       t4, t3, t  \ // r
	VADDPS       t0, e2, e4 \
	VADDPS       t, e4, e4  \
	VFMADD213PS  t, C4, e2  \ // 4p + r
	VFNMSUB231PS t0, C5, e2

#define ADJOINT0(e) \
	VMULPS (AX), C4, e \
	ADDQ   R11, AX

#define ADJOINT5(e) \
	VMOVUPS (AX)(R10*1), e \
	ADDQ    R11, AX

// ADDTO adds v to the image.
#define ADDTO(v, off) \
	VADDPS  off(DX), v, v \
	VMOVUPS v, off(DX)

// ADJOINTROW transforms a row and adds it to the image. t0 to t5 are clobbered.
#define ADJOINTROW(t0, t1, t2, t3, t4, t5, t) \
	VMULPS       t0, C4, t      \
	ADDTO(t, 0)                 \
	VADDPS       320(DX), t5, t \
	VMOVUPS      t, 320(DX)     \
	VADDPS       t2, t1, t      \ // p
	VSUBPS       t2, t1, t1     \ // q
	VADDPS       t4, t3, t2     \ // r
	VSUBPS       t4, t3, t3     \ // s
	VADDPS       t0, t, t4      \
	VADDPS       t2, t4, t4     \
	ADDTO(t4, 256)              \
	VFMADD213PS  t2, C4, t      \
	VFNMSUB231PS t0, C5, t      \
	ADDTO(t, 128)               \
	VMOVAPS      t3, t0         \
	VFMADD231PS  t1, C2, t0     \
	VMULPS       t5, C4, t      \
	VFNMADD231PS t0, C2, t      \
	ADDTO(t, 64)                \
	VFMADD231PS  t3, C2, t1     \
	VFNMADD231PS t5, C5, t1     \
	ADDTO(t1, 192)

// Of additions there are so many more than of multiplications here that some go to
// the multipliers of CPUs that have adders beside them: x + y is 1*x + y.

// OUTPUT02 and OUTPUT13 are rows of A^T, m = 4, for a column t0..t5 of points,
// OUTPUT01 both of them for m = 2. t1 and t3 are registers; t1 may be e2 (e3) and
// t3 may be t. OUTPUT01 overwrites t3.
#define OUTPUT02(t0, t1, t2, t3, t4, e0, e2, t) \
	VADDPS      t2, t1, e2  \ // p
	VADDPS      t4, t3, t   \ // r
	VMOVUPS     t0, e0      \
	VFMADD231PS ONE, e2, e0 \
	VFMADD231PS ONE, t, e0  \
	VFMADD231PS t, C4, e2

#define OUTPUT13(t1, t2, t3, t4, t5, e1, e3, t) \
	VSUBPS      t2, t1, e3 \ // q
	VSUBPS      t4, t3, t  \
	VADDPS      t, t, t    \ // s
	VADDPS      t, e3, e1  \
	VFMADD231PS t, C4, e3  \
	VADDPS      t5, e3, e3

#define OUTPUT01(t0, t1, t2, t3, t4, t5, e0, e1) \
	VADDPS t2, t1, e0 \ // p
	VADDPS t0, e0, e0 \
	VADDPS t4, t3, e1 \ // r
	VADDPS e1, e0, e0 \
	VSUBPS t2, t1, e1 \ // q
	VSUBPS t4, t3, t3 \
	VADDPS t3, t3, t3 \ // s
	VADDPS t3, e1, e1 \
	VADDPS t5, e1, e1

// FINISH writes an output, with its BIAS and not below LIMIT: data are the operand
// that VMAXPS returns for NaN and equal zeros.
#define FINISH(v, off) \
	VFMADD213PS BIAS, ONE, v \
	VMAXPS      v, LIMIT, v  \
	VMOVUPS     v, off(DX)

// OUTPUTROW4 and OUTPUTROW2 transform a row and write its outputs. t0 to t5 get
// lost.
#define OUTPUTROW4(t0, t1, t2, t3, t4, t5, t) \
	VADDPS      t2, t1, t   \ // p
	VSUBPS      t2, t1, t1  \ // q
	VADDPS      t4, t3, t2  \ // r
	VSUBPS      t4, t3, t3  \
	VADDPS      t3, t3, t3  \ // s
	VFMADD231PS ONE, t, t0  \
	VFMADD231PS ONE, t2, t0 \
	FINISH(t0, 0)           \
	VADDPS      t3, t1, t0  \
	FINISH(t0, 64)          \
	VFMADD231PS t2, C4, t   \
	FINISH(t, 128)          \
	VFMADD231PS t3, C4, t1  \
	VADDPS      t5, t1, t1  \
	FINISH(t1, 192)

#define OUTPUTROW2(t0, t1, t2, t3, t4, t5, t) \
	OUTPUT01(t0, t1, t2, t3, t4, t5, t, t0) \
	FINISH(t, 0)                            \
	FINISH(t0, 64)

// SPREAD12 and SPREAD34 are rows of A, m = 4, for a column y0..y3 of gradients
// (rows 0 and 5 are y0 and y3). y0 and y1 are registers; y0 may be e1 (e3), y1 may
// be t. SPREAD34 overwrites y0 and y1.
#define SPREAD12(y0, y1, y2, y3, e1, e2, t) \
	VADDPS y3, y1, t  \ // q
	VADDPS y2, y0, e1 \ // p
	VSUBPS t, e1, e2  \
	VADDPS t, e1, e1

#define SPREAD34(y0, y1, y2, y3, e3, e4) \
	VFMADD231PS y2, C4, y0 \ // r
	VFMADD231PS y3, C4, y1 \
	VADDPS      y1, y1, y1 \ // s
	VSUBPS      y1, y0, e4 \
	VADDPS      y1, y0, e3

// SPREADROW4 and SPREADROW2 transform a row of gradients and write its six
// points. SPREADROW4 overwrites y0 and y1.
#define SPREADROW4(y0, y1, y2, y3, t, u, w) \
	VMOVUPS y0, (AX)                  \
	VMOVUPS y3, (AX)(R10*1)           \
	SPREAD12(y0, y1, y2, y3, t, u, w) \
	VMOVUPS t, (AX)(R8*1)             \
	VMOVUPS u, (AX)(R8*2)             \
	SPREAD34(y0, y1, y2, y3, t, u)    \
	VMOVUPS t, (AX)(R9*1)             \
	VMOVUPS u, (AX)(R8*4)             \
	LEAQ    (AX)(R9*2), AX

#define SPREADROW2(y0, y1, t, u) \
	VMOVUPS y0, (AX)        \
	VMOVUPS y1, (AX)(R10*1) \
	VADDPS  y1, y0, t       \
	VMOVUPS t, (AX)(R8*1)   \
	VSUBPS  y1, y0, t       \
	VMOVUPS t, (AX)(R8*2)   \
	VADDPS  y1, y1, t       \
	VADDPS  t, y0, u        \
	VMOVUPS u, (AX)(R9*1)   \
	VSUBPS  t, y0, t        \
	VMOVUPS t, (AX)(R8*4)   \
	LEAQ    (AX)(R9*2), AX

// SPREAD2 transforms a tile, m = 2.
#define SPREAD2 \
	VMOVUPS (DX), V0           \
	VMOVUPS 64(DX), V1         \
	VMOVUPS (DX)(R11*1), V2    \
	VMOVUPS 64(DX)(R11*1), V3  \
	SPREADROW2(V0, V1, V6, V7) \
	VADDPS  V2, V0, V4         \
	VADDPS  V3, V1, V5         \
	SPREADROW2(V4, V5, V6, V7) \
	VSUBPS  V2, V0, V4         \
	VSUBPS  V3, V1, V5         \
	SPREADROW2(V4, V5, V6, V7) \
	VADDPS  V2, V2, V8         \
	VADDPS  V3, V3, V9         \
	VADDPS  V8, V0, V4         \
	VADDPS  V9, V1, V5         \
	SPREADROW2(V4, V5, V6, V7) \
	VSUBPS  V8, V0, V4         \
	VSUBPS  V9, V1, V5         \
	SPREADROW2(V4, V5, V6, V7) \
	SPREADROW2(V2, V3, V6, V7)

// Filters are transformed a row at a time, columns first: they take little of the
// time. Of a filter, R13 is the distance of the columns, R11 and R12 are 1 and 3
// rows. FILTER0, FILTERLAST and the macros of 3 or 5 taps are the rows of G for the
// column at DX: at the points 0 and infinity, at 1 (op is VADDPS) and -1 (VSUBPS),
// and at 2 and -2. They move on to the next column.
#define FILTER0(e) \
	VMULPS (DX), QUARTER, e \
	ADDQ   R13, DX

#define FILTERLAST(last, e) \
	VMOVUPS last, e \
	ADDQ    R13, DX

#define FILTER3AT1(op, e) \
	VMOVUPS (DX), e           \
	VADDPS  (DX)(R11*2), e, e \
	op      (DX)(R11*1), e, e \
	VMULPS  e, SIXTH, e       \
	ADDQ    R13, DX

#define FILTER3AT2(op, e, t) \
	VMOVUPS     (DX), e            \
	VFMADD231PS (DX)(R11*2), C4, e \
	VMOVUPS     (DX)(R11*1), t     \
	VADDPS      t, t, t            \
	op          t, e, e            \
	VMULPS      e, TWENTYFOURTH, e \
	ADDQ        R13, DX

#define FILTER5AT1(op, e, t) \
	VMOVUPS (DX), e           \
	VADDPS  (DX)(R11*2), e, e \
	VADDPS  (DX)(R11*4), e, e \
	VMOVUPS (DX)(R11*1), t    \
	VADDPS  (DX)(R12*1), t, t \
	op      t, e, e           \
	VMULPS  e, SIXTH, e       \
	ADDQ    R13, DX

#define FILTER5AT2(op, e, t) \
	VMOVUPS     (DX), e             \
	VFMADD231PS (DX)(R11*2), C4, e  \
	VFMADD231PS (DX)(R11*4), C16, e \
	VMOVUPS     (DX)(R11*1), t      \
	VADDPS      t, t, t             \
	VFMADD231PS (DX)(R12*1), C8, t  \
	op          t, e, e             \
	VMULPS      e, TWENTYFOURTH, e  \
	ADDQ        R13, DX

// FILTERPOINTS writes a row of points from its sums p, q, u and v, and from the
// lowest and the highest tap. All of them but q and v are clobbered.
#define FILTERPOINTS(first, last, p, q, u, v, t) \
	VMULPS  first, QUARTER, t  \
	VMOVUPS t, (AX)            \
	VADDPS  q, p, t            \
	VMULPS  t, SIXTH, t        \
	VMOVUPS t, (AX)(R8*1)      \
	VSUBPS  q, p, p            \
	VMULPS  p, SIXTH, p        \
	VMOVUPS p, (AX)(R8*2)      \
	VADDPS  v, u, t            \
	VMULPS  t, TWENTYFOURTH, t \
	VMOVUPS t, (AX)(R9*1)      \
	VSUBPS  v, u, u            \
	VMULPS  u, TWENTYFOURTH, u \
	VMOVUPS u, (AX)(R8*4)      \
	VMOVUPS last, (AX)(R10*1)  \
	LEAQ    (AX)(R9*2), AX

// FILTERROW3 writes the row of points of V0 to V2, FILTERROW5 that of V0 to V4.
// They move DX back by a row, to the first column.
#define FILTERROW3 \
	VADDPS      V2, V0, V3                   \
	VMOVAPS     V0, V4                       \
	VFMADD231PS V2, C4, V4                   \
	VADDPS      V1, V1, V5                   \
	FILTERPOINTS(V0, V2, V3, V1, V4, V5, V6) \
	SUBQ        R11, DX

#define FILTERROW5 \
	VADDPS      V2, V0, V5                   \
	VADDPS      V4, V5, V5                   \
	VMOVAPS     V0, V6                       \
	VFMADD231PS V2, C4, V6                   \
	VFMADD231PS V4, C16, V6                  \
	VADDPS      V3, V1, V2                   \
	VADDPS      V1, V1, V1                   \
	VFMADD231PS V3, C8, V1                   \
	FILTERPOINTS(V0, V4, V5, V2, V6, V1, V7) \
	SUBQ        R11, DX

// FILTER3 and FILTER5 transform a tile of filters.
#define FILTER3 \
	FILTER0(V0)                 \
	FILTER0(V1)                 \
	FILTER0(V2)                 \
	FILTERROW3                  \
	FILTER3AT1(VADDPS, V0)      \
	FILTER3AT1(VADDPS, V1)      \
	FILTER3AT1(VADDPS, V2)      \
	FILTERROW3                  \
	FILTER3AT1(VSUBPS, V0)      \
	FILTER3AT1(VSUBPS, V1)      \
	FILTER3AT1(VSUBPS, V2)      \
	FILTERROW3                  \
	FILTER3AT2(VADDPS, V0, V7)  \
	FILTER3AT2(VADDPS, V1, V7)  \
	FILTER3AT2(VADDPS, V2, V7)  \
	FILTERROW3                  \
	FILTER3AT2(VSUBPS, V0, V7)  \
	FILTER3AT2(VSUBPS, V1, V7)  \
	FILTER3AT2(VSUBPS, V2, V7)  \
	FILTERROW3                  \
	FILTERLAST((DX)(R11*2), V0) \
	FILTERLAST((DX)(R11*2), V1) \
	FILTERLAST((DX)(R11*2), V2) \
	FILTERROW3

#define FILTER5 \
	FILTER0(V0)                 \
	FILTER0(V1)                 \
	FILTER0(V2)                 \
	FILTER0(V3)                 \
	FILTER0(V4)                 \
	FILTERROW5                  \
	FILTER5AT1(VADDPS, V0, V7)  \
	FILTER5AT1(VADDPS, V1, V7)  \
	FILTER5AT1(VADDPS, V2, V7)  \
	FILTER5AT1(VADDPS, V3, V7)  \
	FILTER5AT1(VADDPS, V4, V7)  \
	FILTERROW5                  \
	FILTER5AT1(VSUBPS, V0, V7)  \
	FILTER5AT1(VSUBPS, V1, V7)  \
	FILTER5AT1(VSUBPS, V2, V7)  \
	FILTER5AT1(VSUBPS, V3, V7)  \
	FILTER5AT1(VSUBPS, V4, V7)  \
	FILTERROW5                  \
	FILTER5AT2(VADDPS, V0, V7)  \
	FILTER5AT2(VADDPS, V1, V7)  \
	FILTER5AT2(VADDPS, V2, V7)  \
	FILTER5AT2(VADDPS, V3, V7)  \
	FILTER5AT2(VADDPS, V4, V7)  \
	FILTERROW5                  \
	FILTER5AT2(VSUBPS, V0, V7)  \
	FILTER5AT2(VSUBPS, V1, V7)  \
	FILTER5AT2(VSUBPS, V2, V7)  \
	FILTER5AT2(VSUBPS, V3, V7)  \
	FILTER5AT2(VSUBPS, V4, V7)  \
	FILTERROW5                  \
	FILTERLAST((DX)(R11*4), V0) \
	FILTERLAST((DX)(R11*4), V1) \
	FILTERLAST((DX)(R11*4), V2) \
	FILTERLAST((DX)(R11*4), V3) \
	FILTERLAST((DX)(R11*4), V4) \
	FILTERROW5

// The transforms of filters' gradients: R11 is the distance of the points' columns,
// R12 and R13 are 1 and 3 taps. TAPS computes p (or q, if op is VSUBPS) and u (or
// v) of the column at AX. TAP0 is row 0 of G^T, TAP(op, c, e, t) a row without t0 and
// t5, whose u (v) has the factor c, TAPLAST the last row. They move on to the next
// column.
#define TAPS(op, p, u) \
	VMOVUPS (AX)(R8*1), p      \
	op      (AX)(R8*2), p, p   \
	VMULPS  p, SIXTH, p        \
	VMOVUPS (AX)(R9*1), u      \
	op      (AX)(R8*4), u, u   \
	VMULPS  u, TWENTYFOURTH, u

#define TAP0(e, t) \
	TAPS(VADDPS, e, t)           \
	VFMADD231PS (AX), QUARTER, e \
	VADDPS      t, e, e          \
	ADDQ        R11, AX

#define TAP(op, c, e, t) \
	TAPS(op, e, t)      \
	VFMADD231PS t, c, e \
	ADDQ        R11, AX

#define TAPLAST(c, e, t) \
	TAPS(VADDPS, e, t)            \
	VFMADD231PS t, c, e           \
	VADDPS      (AX)(R10*1), e, e \
	ADDQ        R11, AX

// TAPROW turns V0 to V5 into p (V6), q (V1), u (V2) and v (V3) and writes the first
// two taps of a row, TAPROW3 and TAPROW5 also the others. These move AX back to
// the first column, and DX on to the next row.
#define TAPROW \
	VADDPS      V2, V1, V6           \
	VMULPS      V6, SIXTH, V6        \
	VSUBPS      V2, V1, V1           \
	VMULPS      V1, SIXTH, V1        \
	VADDPS      V4, V3, V2           \
	VMULPS      V2, TWENTYFOURTH, V2 \
	VSUBPS      V4, V3, V3           \
	VMULPS      V3, TWENTYFOURTH, V3 \
	VMOVAPS     V6, V4               \
	VFMADD231PS V0, QUARTER, V4      \
	VADDPS      V2, V4, V4           \
	VMOVUPS     V4, (DX)             \
	VMOVAPS     V1, V4               \
	VFMADD231PS V3, C2, V4           \
	VMOVUPS     V4, (DX)(R12*1)

#define TAPROW3 \
	TAPROW                      \
	VFMADD231PS V2, C4, V6      \
	VADDPS      V5, V6, V6      \
	VMOVUPS     V6, (DX)(R12*2) \
	ADDQ        R13, DX         \
	SUBQ        R8, AX

#define TAPROW5 \
	TAPROW                      \
	VMOVAPS     V6, V4          \
	VFMADD231PS V2, C4, V4      \
	VMOVUPS     V4, (DX)(R12*2) \
	VFMADD231PS V3, C8, V1      \
	VMOVUPS     V1, (DX)(R13*1) \
	VFMADD231PS V2, C16, V6     \
	VADDPS      V5, V6, V6      \
	VMOVUPS     V6, (DX)(R12*4) \
	LEAQ        (DX)(R12*4), DX \
	ADDQ        R12, DX         \
	SUBQ        R8, AX

// SIXFIRST, SIXTAPS and SIXLAST compute row 0, a middle one or the last in every
// column.
#define SIXFIRST \
	TAP0(V0, V7) \
	TAP0(V1, V7) \
	TAP0(V2, V7) \
	TAP0(V3, V7) \
	TAP0(V4, V7) \
	TAP0(V5, V7)

#define SIXTAPS(op, c) \
	TAP(op, c, V0, V7) \
	TAP(op, c, V1, V7) \
	TAP(op, c, V2, V7) \
	TAP(op, c, V3, V7) \
	TAP(op, c, V4, V7) \
	TAP(op, c, V5, V7)

#define SIXLAST(c) \
	TAPLAST(c, V0, V7) \
	TAPLAST(c, V1, V7) \
	TAPLAST(c, V2, V7) \
	TAPLAST(c, V3, V7) \
	TAPLAST(c, V4, V7) \
	TAPLAST(c, V5, V7)

// FILTERADJOINT3 and FILTERADJOINT5 transform a tile of gradients.
#define FILTERADJOINT3 \
	SIXFIRST            \
	TAPROW3             \
	SIXTAPS(VSUBPS, C2) \
	TAPROW3             \
	SIXLAST(C4)         \
	TAPROW3

#define FILTERADJOINT5 \
	SIXFIRST            \
	TAPROW5             \
	SIXTAPS(VSUBPS, C2) \
	TAPROW5             \
	SIXTAPS(VADDPS, C4) \
	TAPROW5             \
	SIXTAPS(VSUBPS, C8) \
	TAPROW5             \
	SIXLAST(C16)        \
	TAPROW5
