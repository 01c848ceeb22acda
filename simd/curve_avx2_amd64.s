//go:build !purego

#include "textflag.h"
#include "tail_avx2_amd64.h"

DATA curveSix<>+0(SB)/4, $0x40c00000
GLOBL curveSix<>(SB), RODATA|NOPTR, $4
DATA curveHalf<>+0(SB)/4, $0x3f000000
GLOBL curveHalf<>(SB), RODATA|NOPTR, $4

// FOUR reads the samples of elements a and b, whose steps are in the halves of a
// register, into the low halves of ya and yb; HIGHER reads them into the upper ones.
#define FOUR(steps, ya, yb) \
	MOVL    steps, AX        \
	SHRQ    $32, steps       \
	VMOVUPS (SI)(AX*4), ya   \
	VMOVUPS (SI)(steps*4), yb

#define HIGHER(steps, ya, yb) \
	MOVL        steps, AX                    \
	SHRQ        $32, steps                   \
	VINSERTF128 $1, (SI)(AX*4), ya, ya       \
	VINSERTF128 $1, (SI)(steps*4), yb, yb

// CURVE adds the curve to the eight elements in Y0, with the result in Y9.
#define CURVE \
	VMULPS       Y15, Y0, Y1  \
	VCVTTPS2DQ   Y1, Y2       \
	VPMAXSD      Y11, Y2, Y2  \
	VPMINSD      Y14, Y2, Y2  \
	VCVTDQ2PS    Y2, Y3       \
	VSUBPS       Y3, Y1, Y1   \
	VEXTRACTI128 $1, Y2, X3   \
	VMOVQ        X2, R8       \
	VPEXTRQ      $1, X2, R9   \
	VMOVQ        X3, R10      \
	VPEXTRQ      $1, X3, R11  \
	FOUR(R8, X4, X5)          \
	FOUR(R9, X6, X7)          \
	HIGHER(R10, Y4, Y5)       \
	HIGHER(R11, Y6, Y7)       \
	VUNPCKLPS    Y5, Y4, Y8   \
	VUNPCKHPS    Y5, Y4, Y9   \
	VUNPCKLPS    Y7, Y6, Y10  \
	VUNPCKHPS    Y7, Y6, Y4   \
	VUNPCKLPD    Y10, Y8, Y5  \
	VUNPCKHPD    Y10, Y8, Y6  \
	VUNPCKLPD    Y4, Y9, Y7   \
	VUNPCKHPD    Y4, Y9, Y8   \
	VSUBPS       Y5, Y8, Y9   \
	VDIVPS       Y13, Y9, Y9  \
	VSUBPS       Y7, Y6, Y10  \
	VMULPS       Y12, Y10, Y10 \
	VADDPS       Y10, Y9, Y9  \
	VADDPS       Y7, Y5, Y10  \
	VMULPS       Y12, Y10, Y10 \
	VSUBPS       Y6, Y10, Y10 \
	VSUBPS       Y6, Y7, Y7   \
	VSUBPS       Y10, Y7, Y7  \
	VSUBPS       Y9, Y7, Y7   \
	VMULPS       Y1, Y9, Y9   \
	VADDPS       Y10, Y9, Y9  \
	VMULPS       Y1, Y9, Y9   \
	VADDPS       Y7, Y9, Y9   \
	VMULPS       Y1, Y9, Y9   \
	VADDPS       Y6, Y9, Y9   \
	VADDPS       Y0, Y9, Y9

// func addCurveAVX2(x, samples []float32)
//
// See addCurveGeneric. The four samples of an element lie side by side; those of eight
// elements are transposed, so that each sample is a vector.
//
//	DI  x     SI  samples     CX  elements left     AX, R8-R11  steps     DX  scratch
//	Y0   x, then            Y1   t             Y2, Y3  steps, whole
//	Y4-Y8    samples, then Y5, Y6, Y7, Y8 those at -1, 0, 1, 2
//	Y9   the third coefficient, then the sums     Y10  the second     Y7  the first
//	Y11  0    Y12  1/2    Y13  6    Y14  the last step    Y15  the number of steps
TEXT ·addCurveAVX2(SB), NOSPLIT, $0-48
	MOVQ         x_base+0(FP), DI
	MOVQ         x_len+8(FP), CX
	MOVQ         samples_base+24(FP), SI
	MOVQ         samples_len+32(FP), DX
	SUBQ         $4, DX
	VMOVD        DX, X14
	VPBROADCASTD X14, Y14
	INCQ         DX
	VMOVD        DX, X15
	VPBROADCASTD X15, Y15
	VCVTDQ2PS    Y15, Y15
	VBROADCASTSS curveSix<>+0(SB), Y13
	VBROADCASTSS curveHalf<>+0(SB), Y12
	VPXOR        Y11, Y11, Y11
	SUBQ         $8, CX
	JLT          tail

loop:
	VMOVUPS (DI), Y0
	CURVE
	VMOVUPS Y9, (DI)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JGE     loop

tail:
	ADDQ       $8, CX
	JEQ        done
	TAILMASK(CX, DX, Y2)
	VMASKMOVPS (DI), Y2, Y0
	CURVE
	VMOVUPS    (DX)(CX*4), Y2
	VMASKMOVPS Y9, Y2, (DI)

done:
	VZEROUPPER
	RET
