//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "bounds_amd64.h"
#include "exp_avx2_amd64.h"
#include "exp_amd64.h"
#include "tail_avx2_amd64.h"

// A plane is whole vectors and perhaps a last one under a mask. A branch on the
// activation goes the same way throughout a call, so it costs next to nothing.
// GELU overwrites Y1..Y3; two vectors at once take what else is free.

// The sums take 16 elements a turn, each half of the virtual lanes in a register of
// its own, and then perhaps 8.

// VECTORS sets BX to the end of the whole vectors of n (in reg) elements and
// mask to the lanes of the one behind them.
#define VECTORS(reg, mask) \
	MOVQ reg, BX           \
	ANDQ $~7, BX           \
	MOVQ reg, AX           \
	SUBQ BX, AX            \
	TAILMASK(AX, DX, mask)

// SWAP exchanges the halves of 16 virtual lanes, so that the vector after next
// adds to the same half; FOLD2 adds them in either order.
#define SWAP(a, b, t) \
	VMOVAPS a, t \
	VMOVAPS b, a \
	VMOVAPS t, b

// FOLD2 adds the 16 lanes of a and b, and those of c and d, 16-8-4-2-1; the sums
// are in the low lanes of xa and xc.
#define FOLD2(ya, xa, yb, xb, yc, xc, yd, xd) \
	VADDPS       yb, ya, ya \
	VADDPS       yd, yc, yc \
	VEXTRACTF128 $1, ya, xb \
	VEXTRACTF128 $1, yc, xd \
	VADDPS       xb, xa, xa \
	VADDPS       xd, xc, xc \
	VMOVHLPS     xa, xa, xb \
	VMOVHLPS     xc, xc, xd \
	VADDPS       xb, xa, xa \
	VADDPS       xd, xc, xc \
	VMOVSHDUP    xa, xb     \
	VMOVSHDUP    xc, xd     \
	VADDSS       xb, xa, xa \
	VADDSS       xd, xc, xc

// func sumSumSqAVX2(sum, sumSq, x, shift []float32, n int)
//
//	DI  sum   SI  sumSq  R8  x    R9  shift    R10 n    R11 planes
//	CX  plane            AX  index             BX  end of whole vectors
//	DX  scratch, then end of whole 16s         Y0  shift
//	Y1  x                Y2  x, scratch
//	Y11 tail mask        Y12, Y13  sum         Y14, Y15  sumSq
TEXT ·sumSumSqAVX2(SB), NOSPLIT, $0-104
	MOVQ sum_base+0(FP), DI
	MOVQ sum_len+8(FP), R11
	MOVQ sumSq_base+24(FP), SI
	MOVQ x_base+48(FP), R8
	MOVQ shift_base+72(FP), R9
	MOVQ n+96(FP), R10
	VECTORS(R10, Y11)
	MOVQ R10, DX
	ANDQ $~15, DX
	XORL CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	VBROADCASTSS (R9)(CX*4), Y0
	VPXOR        X12, X12, X12
	VPXOR        X13, X13, X13
	VPXOR        X14, X14, X14
	VPXOR        X15, X15, X15
	XORL         AX, AX
	TESTQ        DX, DX
	JEQ          loop

by16:
	VMOVUPS     (R8)(AX*4), Y1
	VMOVUPS     32(R8)(AX*4), Y2
	VSUBPS      Y0, Y1, Y1
	VSUBPS      Y0, Y2, Y2
	VADDPS      Y1, Y12, Y12
	VADDPS      Y2, Y13, Y13
	VFMADD231PS Y1, Y1, Y14
	VFMADD231PS Y2, Y2, Y15
	ADDQ        $16, AX
	CMPQ        AX, DX
	JLT         by16

loop:
	CMPQ        AX, BX
	JGE         last
	VMOVUPS     (R8)(AX*4), Y1
	VSUBPS      Y0, Y1, Y1
	VADDPS      Y1, Y12, Y12
	VFMADD231PS Y1, Y1, Y14
	SWAP(Y12, Y13, Y2)
	SWAP(Y14, Y15, Y2)
	ADDQ        $8, AX
	JMP         loop

last:
	CMPQ        AX, R10
	JGE         fold
	VMASKMOVPS  (R8)(AX*4), Y11, Y1
	VSUBPS      Y0, Y1, Y1
	VANDPS      Y11, Y1, Y1
	VADDPS      Y1, Y12, Y12
	VFMADD231PS Y1, Y1, Y14

fold:
	FOLD2(Y12, X12, Y13, X13, Y14, X14, Y15, X15)
	VMOVSS X12, (DI)(CX*4)
	VMOVSS X14, (SI)(CX*4)
	LEAQ   (R8)(R10*4), R8
	INCQ   CX
	JMP    plane

done:
	VZEROUPPER
	RET

// func scaleShiftAVX2(y, x, scale, shift []float32, n int, act Activation)
//
//	DI  y     SI  x      R8  scale    R9  shift    R10 n    R11 planes
//	R12 act   CX  plane  AX  index    BX  end of whole vectors
//	DX  scratch          Y0  z        Y6  scale    Y7  shift
//	Y8  0     Y9  upper bound         Y11 tail mask
TEXT ·scaleShiftAVX2(SB), NOSPLIT, $0-112
	MOVQ  y_base+0(FP), DI
	MOVQ  x_base+24(FP), SI
	MOVQ  scale_base+48(FP), R8
	MOVQ  scale_len+56(FP), R11
	MOVQ  shift_base+72(FP), R9
	MOVQ  n+96(FP), R10
	MOVQ  act+104(FP), R12
	VPXOR X8, X8, X8
	VECTORS(R10, Y11)
	MOVQ  R12, AX
	UPPER(AX, DX)
	VMOVUPS (DX), Y9
	XORL  CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	VBROADCASTSS (R8)(CX*4), Y6
	VBROADCASTSS (R9)(CX*4), Y7
	XORL         AX, AX
	CMPQ         R12, $const_GELU
	JNE          loop

gelu16:
	LEAQ        16(AX), DX
	CMPQ        DX, BX
	JGT         loop
	VMOVUPS     (SI)(AX*4), Y0
	VMOVUPS     32(SI)(AX*4), Y4
	VFMADD213PS Y7, Y6, Y0
	VFMADD213PS Y7, Y6, Y4
	GELUPAIR(Y0, Y1, Y2, Y3, Y4, Y5, Y10, Y12)
	VMOVUPS     Y0, (DI)(AX*4)
	VMOVUPS     Y4, 32(DI)(AX*4)
	MOVQ        DX, AX
	JMP         gelu16

loop:
	CMPQ    AX, BX
	JGE     last
	VMOVUPS (SI)(AX*4), Y0

vector:
	VFMADD213PS Y7, Y6, Y0
	CMPQ        R12, $const_ReLU
	JLT         store
	CMPQ        R12, $const_GELU
	JEQ         gelu
	VMAXPS      Y0, Y8, Y0
	VMINPS      Y0, Y9, Y0

store:
	CMPQ    AX, BX
	JGE     lastStore
	VMOVUPS Y0, (DI)(AX*4)
	ADDQ    $8, AX
	JMP     loop

last:
	CMPQ       AX, R10
	JGE        next
	VMASKMOVPS (SI)(AX*4), Y11, Y0
	JMP        vector

lastStore:
	VMASKMOVPS Y0, Y11, (DI)(AX*4)

next:
	LEAQ (DI)(R10*4), DI
	LEAQ (SI)(R10*4), SI
	INCQ CX
	JMP  plane

gelu:
	GELU(Y0, Y1, Y2, Y3)
	JMP store

done:
	VZEROUPPER
	RET

// func batchNormBackwardSumsAVX2(t *BatchNormGradient)
//
//	DI  sumG  SI  sumGX  R8  dy   R9  x    R10 n    R11 planes     R12 act
//	CX  plane            AX  index         BX  end of whole vectors
//	DX  scratch, then end of whole 16s              Y6  scale      Y7  shift
//	R13 upper bound
//	Y0  z     Y1  scratch         Y4  0             Y5  all ones for the identity, else 0
//	Y2, Y3    z and x of the second half
//	Y8  mean  Y9  dy, g  Y10 x    Y11 tail mask
//	Y12, Y13  sumG       Y14, Y15  sumGX
TEXT ·batchNormBackwardSumsAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), AX
	MOVQ BatchNormGradient_SumG(AX), DI
	MOVQ BatchNormGradient_SumG+8(AX), R11
	MOVQ BatchNormGradient_SumGX(AX), SI
	MOVQ BatchNormGradient_DY(AX), R8
	MOVQ BatchNormGradient_X(AX), R9
	MOVQ BatchNormGradient_N(AX), R10
	MOVQ BatchNormGradient_Act(AX), R12
	VECTORS(R10, Y11)
	MOVQ R12, AX
	UPPER(AX, R13)
	XORL CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	MOVQ         t+0(FP), AX
	MOVQ         BatchNormGradient_Scale(AX), DX
	VBROADCASTSS (DX)(CX*4), Y6
	MOVQ         BatchNormGradient_Shift(AX), DX
	VBROADCASTSS (DX)(CX*4), Y7
	MOVQ         BatchNormGradient_Mean(AX), DX
	VBROADCASTSS (DX)(CX*4), Y8
	VPXOR        X12, X12, X12
	VPXOR        X13, X13, X13
	VPXOR        X14, X14, X14
	VPXOR        X15, X15, X15
	XORL         AX, AX
	MOVQ         R10, DX
	ANDQ         $~15, DX
	JEQ          loop
	CMPQ         R12, $const_GELU
	JEQ          gelu16
	VPXOR        X4, X4, X4
	VPXOR        X5, X5, X5
	CMPQ         R12, $const_Identity
	JNE          by16
	VPCMPEQD     Y5, Y5, Y5

by16:  // all but GELU
	VMOVUPS     (R9)(AX*4), Y10
	VMOVUPS     32(R9)(AX*4), Y3
	VMOVAPS     Y10, Y0
	VMOVAPS     Y3, Y2
	VFMADD213PS Y7, Y6, Y0
	VFMADD213PS Y7, Y6, Y2
	VCMPPS      $0x19, (R13), Y0, Y1 // not z >= bound
	VCMPPS      $0x19, (R13), Y2, Y9
	VCMPPS      $0x11, Y0, Y4, Y0    // 0 < z
	VCMPPS      $0x11, Y2, Y4, Y2
	VANDPS      Y1, Y0, Y0
	VANDPS      Y9, Y2, Y2
	VORPS       Y5, Y0, Y0
	VORPS       Y5, Y2, Y2
	VANDPS      (R8)(AX*4), Y0, Y0
	VANDPS      32(R8)(AX*4), Y2, Y2
	VSUBPS      Y8, Y10, Y10
	VSUBPS      Y8, Y3, Y3
	VADDPS      Y0, Y12, Y12
	VADDPS      Y2, Y13, Y13
	VFMADD231PS Y0, Y10, Y14
	VFMADD231PS Y2, Y3, Y15
	ADDQ        $16, AX
	CMPQ        AX, DX
	JLT         by16
	JMP         loop

gelu16:
	VMOVUPS     (R9)(AX*4), Y0
	VMOVUPS     32(R9)(AX*4), Y4
	VFMADD213PS Y7, Y6, Y0
	VFMADD213PS Y7, Y6, Y4
	GELUSLOPEPAIR(Y0, Y1, Y2, Y3, Y4, Y5, Y9, Y10)
	VMOVUPS     (R9)(AX*4), Y1
	VMOVUPS     32(R9)(AX*4), Y5
	VMULPS      (R8)(AX*4), Y0, Y0
	VMULPS      32(R8)(AX*4), Y4, Y4
	VSUBPS      Y8, Y1, Y1
	VSUBPS      Y8, Y5, Y5
	VADDPS      Y0, Y12, Y12
	VADDPS      Y4, Y13, Y13
	VFMADD231PS Y0, Y1, Y14
	VFMADD231PS Y4, Y5, Y15
	ADDQ        $16, AX
	CMPQ        AX, DX
	JLT         gelu16

loop:
	CMPQ    AX, BX
	JGE     last
	VMOVUPS (R9)(AX*4), Y10
	VMOVUPS (R8)(AX*4), Y9

vector:
	VMOVAPS     Y10, Y0
	VFMADD213PS Y7, Y6, Y0
	CMPQ        R12, $const_ReLU
	JLT         behind
	CMPQ        R12, $const_GELU
	JEQ         gelu
	VPXOR       X1, X1, X1
	VCMPPS      $0x11, Y0, Y1, Y1    // 0 < z
	VCMPPS      $0x19, (R13), Y0, Y0 // not z >= bound
	VANDPS      Y1, Y9, Y9
	VANDPS      Y0, Y9, Y9

behind:
	VSUBPS      Y8, Y10, Y10
	CMPQ        AX, BX
	JGE         lastSum
	VADDPS      Y9, Y12, Y12
	VFMADD231PS Y9, Y10, Y14
	SWAP(Y12, Y13, Y1)
	SWAP(Y14, Y15, Y1)
	ADDQ        $8, AX
	JMP         loop

last:
	CMPQ       AX, R10
	JGE        fold
	VMASKMOVPS (R9)(AX*4), Y11, Y10
	VMASKMOVPS (R8)(AX*4), Y11, Y9
	JMP        vector

lastSum:
	VANDPS      Y11, Y9, Y9
	VANDPS      Y11, Y10, Y10
	VADDPS      Y9, Y12, Y12
	VFMADD231PS Y9, Y10, Y14

fold:
	FOLD2(Y12, X12, Y13, X13, Y14, X14, Y15, X15)
	VMOVSS X12, (DI)(CX*4)
	VMOVSS X14, (SI)(CX*4)
	LEAQ   (R8)(R10*4), R8
	LEAQ   (R9)(R10*4), R9
	INCQ   CX
	JMP    plane

gelu:
	GELUSLOPE(Y0, Y1, Y2, Y3)
	VMULPS Y0, Y9, Y9
	JMP    behind

done:
	VZEROUPPER
	RET

// func batchNormBackwardInputAVX2(t *BatchNormGradient)
//
//	DI  dx    SI  dy     R8  x    R10 n    R11 planes      R12 act
//	R9  accumulate       CX  plane         AX  index       BX  end of whole vectors
//	R13 upper bound
//	DX  scratch          Y0  z    Y1  scratch       Y6  scale      Y7  shift
//	Y8  a     Y9  dy, g  Y10 x    Y11 tail mask     Y12 b          Y13 k
TEXT ·batchNormBackwardInputAVX2(SB), NOSPLIT, $0-8
	MOVQ    t+0(FP), AX
	MOVQ    BatchNormGradient_DX(AX), DI
	MOVQ    BatchNormGradient_DY(AX), SI
	MOVQ    BatchNormGradient_X(AX), R8
	MOVQ    BatchNormGradient_Scale+8(AX), R11
	MOVQ    BatchNormGradient_N(AX), R10
	MOVQ    BatchNormGradient_Act(AX), R12
	MOVBLZX BatchNormGradient_Accumulate(AX), R9
	VECTORS(R10, Y11)
	MOVQ    R12, AX
	UPPER(AX, R13)
	XORL    CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	MOVQ         t+0(FP), AX
	MOVQ         BatchNormGradient_Scale(AX), DX
	VBROADCASTSS (DX)(CX*4), Y6
	MOVQ         BatchNormGradient_Shift(AX), DX
	VBROADCASTSS (DX)(CX*4), Y7
	MOVQ         BatchNormGradient_A(AX), DX
	VBROADCASTSS (DX)(CX*4), Y8
	MOVQ         BatchNormGradient_B(AX), DX
	VBROADCASTSS (DX)(CX*4), Y12
	MOVQ         BatchNormGradient_K(AX), DX
	VBROADCASTSS (DX)(CX*4), Y13
	XORL         AX, AX
	CMPQ         R12, $const_GELU
	JNE          loop

gelu16:
	LEAQ        16(AX), DX
	CMPQ        DX, BX
	JGT         loop
	VMOVUPS     (R8)(AX*4), Y0
	VMOVUPS     32(R8)(AX*4), Y4
	VFMADD213PS Y7, Y6, Y0
	VFMADD213PS Y7, Y6, Y4
	GELUSLOPEPAIR(Y0, Y1, Y2, Y3, Y4, Y5, Y14, Y15)
	VMOVUPS     (R8)(AX*4), Y9
	VMOVUPS     32(R8)(AX*4), Y10
	VMULPS      (SI)(AX*4), Y0, Y0
	VMULPS      32(SI)(AX*4), Y4, Y4
	VFMADD213PS Y13, Y12, Y9
	VFMADD213PS Y13, Y12, Y10
	VFMADD231PS Y8, Y0, Y9
	VFMADD231PS Y8, Y4, Y10
	TESTL       R9, R9
	JEQ         store16
	VADDPS      (DI)(AX*4), Y9, Y9
	VADDPS      32(DI)(AX*4), Y10, Y10

store16:
	VMOVUPS Y9, (DI)(AX*4)
	VMOVUPS Y10, 32(DI)(AX*4)
	MOVQ    DX, AX
	JMP     gelu16

loop:
	CMPQ    AX, BX
	JGE     last
	VMOVUPS (R8)(AX*4), Y10
	VMOVUPS (SI)(AX*4), Y9

vector:
	VMOVAPS     Y10, Y0
	VFMADD213PS Y7, Y6, Y0
	CMPQ        R12, $const_ReLU
	JLT         behind
	CMPQ        R12, $const_GELU
	JEQ         gelu
	VPXOR       X1, X1, X1
	VCMPPS      $0x11, Y0, Y1, Y1    // 0 < z
	VCMPPS      $0x19, (R13), Y0, Y0 // not z >= bound
	VANDPS      Y1, Y9, Y9
	VANDPS      Y0, Y9, Y9

behind:
	VFMADD213PS Y13, Y12, Y10        // b*x + k
	VFMADD231PS Y8, Y9, Y10          // + a*g
	CMPQ        AX, BX
	JGE         lastStore
	TESTL       R9, R9
	JEQ         store
	VADDPS      (DI)(AX*4), Y10, Y10

store:
	VMOVUPS Y10, (DI)(AX*4)
	ADDQ    $8, AX
	JMP     loop

last:
	CMPQ       AX, R10
	JGE        next
	VMASKMOVPS (R8)(AX*4), Y11, Y10
	VMASKMOVPS (SI)(AX*4), Y11, Y9
	JMP        vector

lastStore:
	TESTL      R9, R9
	JEQ        masked
	VMASKMOVPS (DI)(AX*4), Y11, Y0
	VADDPS     Y0, Y10, Y10

masked:
	VMASKMOVPS Y10, Y11, (DI)(AX*4)

next:
	LEAQ (DI)(R10*4), DI
	LEAQ (SI)(R10*4), SI
	LEAQ (R8)(R10*4), R8
	INCQ CX
	JMP  plane

gelu:
	GELUSLOPE(Y0, Y1, Y2, Y3)
	VMULPS Y0, Y9, Y9
	JMP    behind

done:
	VZEROUPPER
	RET
