// One-dimensional Winograd transforms, for whatever registers the including file
// gives them; it names the constants C2 (2), C4, C5, C8, C16, QUARTER (1/4),
// SIXTH (-1/6) and TWENTYFOURTH (1/24) that they use.
//
// AX points to one of the tile's 36 points, DX to the image or the filter. Of an
// image, off is the distance of the column, R11, R12 and R13 are 1, 3 and 5 rows.
// Of points, R8, R9 and R10 are 1, 3 and 5 steps: along a row when a row of
// points is written (AX moves on to the next row), down a column when one is
// read. t is scratch; other register operands are overwritten only where they are
// results, unless a comment says so.

// INPUT0 to INPUT34 are the rows of B^T for a column d0..d5 of the image. d3 and
// d4 are registers that get lost; e1 (e4) may be d4.
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

// INPUTROW transforms a row and writes its six points. d0 to d5 get lost.
#define INPUTROW(d0, d1, d2, d3, d4, d5, t) \
	VMOVAPS      d4, t            \
	VFNMADD231PS d2, C5, t        \
	VFMADD231PS  d0, C4, t        \
	VMOVUPS      t, (AX)          \
	VFNMADD231PS d3, C5, d5       \
	VFMADD231PS  d1, C4, d5       \
	VMOVUPS      d5, (AX)(R10*1)  \
	INPUT34(d1, d2, d3, d4, t, d0, d5) \
	VMOVUPS      t, (AX)(R9*1)    \
	VMOVUPS      d0, (AX)(R8*4)   \
	INPUT12(d1, d2, d3, d4, d4, t) \
	VMOVUPS      d4, (AX)(R8*1)   \
	VMOVUPS      t, (AX)(R8*2)    \
	LEAQ         (AX)(R9*2), AX

// ADJOINT13 and ADJOINT24 are rows of B for a column t0..t5 of points (rows 0
// and 5 are 4 t0 and t5). t1 and t3 are registers; t1 may be e3 (e2) and t3 may
// be t.
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

// ADDTO adds v to the image.
#define ADDTO(v, off) \
	VADDPS  off(DX), v, v \
	VMOVUPS v, off(DX)

// ADJOINTROW transforms a row and adds it to the image. t0 to t5 get lost.
#define ADJOINTROW(t0, t1, t2, t3, t4, t5, t) \
	VMULPS       t0, C4, t  \
	ADDTO(t, 0)             \
	VADDPS       320(DX), t5, t \
	VMOVUPS      t, 320(DX) \
	VADDPS       t2, t1, t  \ // p
	VSUBPS       t2, t1, t1 \ // q
	VADDPS       t4, t3, t2 \ // r
	VSUBPS       t4, t3, t3 \ // s
	VADDPS       t0, t, t4  \
	VADDPS       t2, t4, t4 \
	ADDTO(t4, 256)          \
	VFMADD213PS  t2, C4, t  \
	VFNMSUB231PS t0, C5, t  \
	ADDTO(t, 128)           \
	VMOVAPS      t3, t0     \
	VFMADD231PS  t1, C2, t0 \
	VMULPS       t5, C4, t  \
	VFNMADD231PS t0, C2, t  \
	ADDTO(t, 64)            \
	VFMADD231PS  t3, C2, t1 \
	VFNMADD231PS t5, C5, t1 \
	ADDTO(t1, 192)

// OUTPUT02 and OUTPUT13 are rows of A^T, m = 4, for a column t0..t5 of points,
// OUTPUT01 both of them for m = 2. t1 and t3 are registers; t1 may be e2 (e3) and
// t3 may be t. OUTPUT01 overwrites t3.
#define OUTPUT02(t0, t1, t2, t3, t4, e0, e2, t) \
	VADDPS      t2, t1, e2 \ // p
	VADDPS      t4, t3, t  \ // r
	VADDPS      t0, e2, e0 \
	VADDPS      t, e0, e0  \
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
	VADDPS  BIAS, v, v     \
	VMAXPS  v, LIMIT, v    \
	VMOVUPS v, off(DX)

// OUTPUTROW4 and OUTPUTROW2 transform a row and write its outputs. t0 to t5 get
// lost.
#define OUTPUTROW4(t0, t1, t2, t3, t4, t5, t) \
	VADDPS      t2, t1, t  \ // p
	VSUBPS      t2, t1, t1 \ // q
	VADDPS      t4, t3, t2 \ // r
	VSUBPS      t4, t3, t3 \
	VADDPS      t3, t3, t3 \ // s
	VADDPS      t, t0, t0  \
	VADDPS      t2, t0, t0 \
	FINISH(t0, 0)          \
	VADDPS      t3, t1, t0 \
	FINISH(t0, 64)         \
	VFMADD231PS t2, C4, t  \
	FINISH(t, 128)         \
	VFMADD231PS t3, C4, t1 \
	VADDPS      t5, t1, t1 \
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
