//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "bounds_amd64.h"
#include "exp_avx512_amd64.h"
#include "exp_amd64.h"

// Whole vectors are loaded and stored without a mask, each activation in its own
// loop; masks are for the last elements of a plane. The hardware does not fetch
// ahead of masked loads (Zen 5: 10 GB/s from memory instead of 35), not even if
// all lanes are on. GELU overwrites Z1..Z3, of two
// vectors Z4, Z5 and Z9, Z10 or Z15 too, and has its constants in Z17..Z28.

// VECTORS sets BX to the end of the whole vectors of n (in reg) elements and K1
// to the lanes of the one behind them.
#define VECTORS(reg) \
	MOVQ  reg, BX    \
	MOVQ  reg, AX    \
	ANDQ  $~15, BX   \
	SUBQ  BX, AX     \
	MOVL  $-1, DX    \
	BZHIL AX, DX, DX \
	KMOVW DX, K1

// FOLD2 adds the 16 lanes of a and of b (Z in, the low lane of X out), 16-8-4-2-1.
#define FOLD2(za, ya, xa, zb, yb, xb, yt, xt, yu, xu) \
	VEXTRACTF64X4 $1, za, yt \
	VEXTRACTF64X4 $1, zb, yu \
	VADDPS        yt, ya, ya \
	VADDPS        yu, yb, yb \
	VEXTRACTF128  $1, ya, xt \
	VEXTRACTF128  $1, yb, xu \
	VADDPS        xt, xa, xa \
	VADDPS        xu, xb, xb \
	VMOVHLPS      xa, xa, xt \
	VMOVHLPS      xb, xb, xu \
	VADDPS        xt, xa, xa \
	VADDPS        xu, xb, xb \
	VMOVSHDUP     xa, xt     \
	VMOVSHDUP     xb, xu     \
	VADDSS        xt, xa, xa \
	VADDSS        xu, xb, xb

// func sumSumSqAVX512(sum, sumSq, x, shift []float32, n int)
//
//	DI  sum   SI  sumSq  R8  x    R9  shift    R10 n    R11 planes
//	CX  plane            AX  index             BX  end of whole vectors
//	DX  scratch          K1  tail lanes
//	Z0  shift Z1  x      Z2  sum  Z3  sumSq    Z4, Z5  scratch
TEXT ·sumSumSqAVX512(SB), NOSPLIT, $0-104
	MOVQ sum_base+0(FP), DI
	MOVQ sum_len+8(FP), R11
	MOVQ sumSq_base+24(FP), SI
	MOVQ x_base+48(FP), R8
	MOVQ shift_base+72(FP), R9
	MOVQ n+96(FP), R10
	VECTORS(R10)
	XORL CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	VBROADCASTSS (R9)(CX*4), Z0
	VPXOR        X2, X2, X2
	VPXOR        X3, X3, X3
	XORL         AX, AX
	TESTQ        BX, BX
	JEQ          tail

loop:
	VMOVUPS     (R8)(AX*4), Z1
	VSUBPS      Z0, Z1, Z1
	VADDPS      Z1, Z2, Z2
	VFMADD231PS Z1, Z1, Z3
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         loop

tail:
	CMPQ        AX, R10
	JGE         fold
	VMOVUPS.Z   (R8)(AX*4), K1, Z1
	VSUBPS.Z    Z0, Z1, K1, Z1
	VADDPS      Z1, Z2, Z2
	VFMADD231PS Z1, Z1, Z3

fold:
	FOLD2(Z2, Y2, X2, Z3, Y3, X3, Y4, X4, Y5, X5)
	VMOVSS X2, (DI)(CX*4)
	VMOVSS X3, (SI)(CX*4)
	LEAQ   (R8)(R10*4), R8
	INCQ   CX
	JMP    plane

done:
	VZEROUPPER
	RET

// func scaleShiftAVX512(y, x, scale, shift []float32, n int, act Activation)
//
//	DI  y     SI  x      R8  scale    R9  shift    R10 n    R11 planes
//	R12 act   CX  plane  AX  index    BX  end of whole vectors
//	DX  scratch          K1  tail lanes
//	Z0  z     Z6  scale  Z7  shift    Z8  0        Z14 upper bound
TEXT ·scaleShiftAVX512(SB), NOSPLIT, $0-112
	MOVQ  y_base+0(FP), DI
	MOVQ  x_base+24(FP), SI
	MOVQ  scale_base+48(FP), R8
	MOVQ  scale_len+56(FP), R11
	MOVQ  shift_base+72(FP), R9
	MOVQ  n+96(FP), R10
	MOVQ  act+104(FP), R12
	VPXOR X8, X8, X8
	VECTORS(R10)
	GELUCONSTANTS
	MOVQ  R12, AX
	UPPER(AX, DX)
	VBROADCASTSS (DX), Z14
	XORL  CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	VBROADCASTSS (R8)(CX*4), Z6
	VBROADCASTSS (R9)(CX*4), Z7
	XORL         AX, AX
	TESTQ        BX, BX
	JEQ          tail
	CMPQ         R12, $const_GELU
	JEQ          gelu
	CMPQ         R12, $const_Identity
	JNE          relu

identity:
	VMOVUPS     (SI)(AX*4), Z0
	VFMADD213PS Z7, Z6, Z0
	VMOVUPS     Z0, (DI)(AX*4)
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         identity
	JMP         tail

relu:
	VMOVUPS     (SI)(AX*4), Z0
	VFMADD213PS Z7, Z6, Z0
	VMAXPS      Z0, Z8, Z0
	VMINPS      Z0, Z14, Z0
	VMOVUPS     Z0, (DI)(AX*4)
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         relu
	JMP         tail

gelu:
	LEAQ        32(AX), DX
	CMPQ        DX, BX
	JGT         geluLast
	VMOVUPS     (SI)(AX*4), Z0
	VMOVUPS     64(SI)(AX*4), Z4
	VFMADD213PS Z7, Z6, Z0
	VFMADD213PS Z7, Z6, Z4
	GELUPAIR(Z0, Z1, Z2, Z3, Z4, Z5, Z9, Z10)
	VMOVUPS     Z0, (DI)(AX*4)
	VMOVUPS     Z4, 64(DI)(AX*4)
	MOVQ        DX, AX
	JMP         gelu

geluLast:
	CMPQ        AX, BX
	JGE         tail
	VMOVUPS     (SI)(AX*4), Z0
	VFMADD213PS Z7, Z6, Z0
	GELU(Z0, Z1, Z2, Z3)
	VMOVUPS     Z0, (DI)(AX*4)
	ADDQ        $16, AX

tail:
	CMPQ        AX, R10
	JGE         next
	VMOVUPS.Z   (SI)(AX*4), K1, Z0
	VFMADD213PS Z7, Z6, Z0
	CMPQ        R12, $const_ReLU
	JLT         last
	CMPQ        R12, $const_GELU
	JEQ         lastGELU
	VMAXPS      Z0, Z8, Z0
	VMINPS      Z0, Z14, Z0

last:
	VMOVUPS Z0, K1, (DI)(AX*4)

next:
	LEAQ (DI)(R10*4), DI
	LEAQ (SI)(R10*4), SI
	INCQ CX
	JMP  plane

lastGELU:
	GELU(Z0, Z1, Z2, Z3)
	JMP last

done:
	VZEROUPPER
	RET

// SUMS adds dy*act'(z) in Z9 and x in Z10 to the sums.
#define SUMS \
	VSUBPS      Z11, Z10, Z10 \
	VADDPS      Z9, Z12, Z12  \
	VFMADD231PS Z9, Z10, Z13

// func batchNormBackwardSumsAVX512(t *BatchNormGradient)
//
//	DI  sumG  SI  sumGX  R8  dy   R9  x    R10 n    R11 planes     R12 act
//	CX  plane            AX  index         BX  end of whole vectors
//	DX  scratch          K1  tail lanes
//	Z0  z     Z9  dy, g  Z10 x    Z6  scale        Z7  shift       Z8  0
//	Z11 mean  Z12 sumG   Z13 sumGX         Z14 upper bound         K3  within the bounds
TEXT ·batchNormBackwardSumsAVX512(SB), NOSPLIT, $0-8
	MOVQ  t+0(FP), AX
	MOVQ  BatchNormGradient_SumG(AX), DI
	MOVQ  BatchNormGradient_SumG+8(AX), R11
	MOVQ  BatchNormGradient_SumGX(AX), SI
	MOVQ  BatchNormGradient_DY(AX), R8
	MOVQ  BatchNormGradient_X(AX), R9
	MOVQ  BatchNormGradient_N(AX), R10
	MOVQ  BatchNormGradient_Act(AX), R12
	VPXOR X8, X8, X8
	VECTORS(R10)
	SLOPECONSTANTS
	MOVQ  R12, AX
	UPPER(AX, DX)
	VBROADCASTSS (DX), Z14
	XORL  CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	MOVQ         t+0(FP), AX
	MOVQ         BatchNormGradient_Scale(AX), DX
	VBROADCASTSS (DX)(CX*4), Z6
	MOVQ         BatchNormGradient_Shift(AX), DX
	VBROADCASTSS (DX)(CX*4), Z7
	MOVQ         BatchNormGradient_Mean(AX), DX
	VBROADCASTSS (DX)(CX*4), Z11
	VPXOR        X12, X12, X12
	VPXOR        X13, X13, X13
	XORL         AX, AX
	TESTQ        BX, BX
	JEQ          tail
	CMPQ         R12, $const_GELU
	JEQ          gelu
	CMPQ         R12, $const_Identity
	JNE          relu

identity:
	VMOVUPS (R9)(AX*4), Z10
	VMOVUPS (R8)(AX*4), Z9
	SUMS
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     identity
	JMP     tail

relu:
	VMOVUPS     (R9)(AX*4), Z10
	VMOVUPS     (R8)(AX*4), Z9
	VMOVAPS     Z10, Z0
	VFMADD213PS Z7, Z6, Z0
	VCMPPS      $0x11, Z0, Z8, K3      // 0 < z
	VCMPPS      $0x19, Z14, Z0, K3, K3 // and not z >= bound
	VMOVAPS.Z   Z9, K3, Z9
	SUMS
	ADDQ        $16, AX
	CMPQ        AX, BX
	JLT         relu
	JMP         tail

gelu:
	LEAQ        32(AX), DX
	CMPQ        DX, BX
	JGT         geluLast
	VMOVUPS     (R9)(AX*4), Z9
	VMOVUPS     64(R9)(AX*4), Z0
	VFMADD213PS Z7, Z6, Z9
	VFMADD213PS Z7, Z6, Z0
	GELUSLOPEPAIR(Z9, Z1, Z2, Z3, Z0, Z4, Z5, Z15)
	VMOVUPS     (R9)(AX*4), Z10
	VMULPS      (R8)(AX*4), Z9, Z9
	SUMS
	VMOVUPS     64(R9)(AX*4), Z10
	VMULPS      64(R8)(AX*4), Z0, Z9
	SUMS
	MOVQ        DX, AX
	JMP         gelu

geluLast:
	CMPQ        AX, BX
	JGE         tail
	VMOVUPS     (R9)(AX*4), Z10
	VMOVAPS     Z10, Z9
	VFMADD213PS Z7, Z6, Z9
	GELUSLOPE(Z9, Z1, Z2, Z3)
	VMULPS      (R8)(AX*4), Z9, Z9
	SUMS
	ADDQ        $16, AX

tail:
	CMPQ        AX, R10
	JGE         fold
	VMOVUPS.Z   (R9)(AX*4), K1, Z10
	VMOVUPS.Z   (R8)(AX*4), K1, Z9
	VMOVAPS     Z10, Z0
	VFMADD213PS Z7, Z6, Z0
	CMPQ        R12, $const_ReLU
	JLT         last
	CMPQ        R12, $const_GELU
	JEQ         lastGELU
	VCMPPS      $0x11, Z0, Z8, K3
	VCMPPS      $0x19, Z14, Z0, K3, K3
	VMOVAPS.Z   Z9, K3, Z9

last:
	VSUBPS      Z11, Z10, Z10
	VADDPS      Z9, Z12, K1, Z12
	VFMADD231PS Z9, Z10, K1, Z13

fold:
	FOLD2(Z12, Y12, X12, Z13, Y13, X13, Y0, X0, Y9, X9)
	VMOVSS X12, (DI)(CX*4)
	VMOVSS X13, (SI)(CX*4)
	LEAQ   (R8)(R10*4), R8
	LEAQ   (R9)(R10*4), R9
	INCQ   CX
	JMP    plane

lastGELU:
	GELUSLOPE(Z0, Z1, Z2, Z3)
	VMULPS Z0, Z9, Z9
	JMP    last

done:
	VZEROUPPER
	RET

// COMBINE computes a*g + (b*x + k) in Z10 from g in Z9 and x in Z10.
#define COMBINE \
	VFMADD213PS Z13, Z12, Z10 \
	VFMADD231PS Z11, Z9, Z10

// func batchNormBackwardInputAVX512(t *BatchNormGradient)
//
//	DI  dx    SI  dy     R8  x    R10 n    R11 planes      R12 act
//	R9  accumulate       CX  plane         AX  index       BX  end of whole vectors
//	DX  scratch          K1  tail lanes
//	Z0  z     Z9  dy, g  Z10 x    Z6  scale        Z7  shift       Z8  0
//	Z11 a     Z12 b      Z13 k    Z14 upper bound                  K3  within the bounds
TEXT ·batchNormBackwardInputAVX512(SB), NOSPLIT, $0-8
	MOVQ    t+0(FP), AX
	MOVQ    BatchNormGradient_DX(AX), DI
	MOVQ    BatchNormGradient_DY(AX), SI
	MOVQ    BatchNormGradient_X(AX), R8
	MOVQ    BatchNormGradient_Scale+8(AX), R11
	MOVQ    BatchNormGradient_N(AX), R10
	MOVQ    BatchNormGradient_Act(AX), R12
	MOVBLZX BatchNormGradient_Accumulate(AX), R9
	VPXOR   X8, X8, X8
	VECTORS(R10)
	SLOPECONSTANTS
	MOVQ    R12, AX
	UPPER(AX, DX)
	VBROADCASTSS (DX), Z14
	XORL    CX, CX

plane:
	CMPQ         CX, R11
	JGE          done
	MOVQ         t+0(FP), AX
	MOVQ         BatchNormGradient_Scale(AX), DX
	VBROADCASTSS (DX)(CX*4), Z6
	MOVQ         BatchNormGradient_Shift(AX), DX
	VBROADCASTSS (DX)(CX*4), Z7
	MOVQ         BatchNormGradient_A(AX), DX
	VBROADCASTSS (DX)(CX*4), Z11
	MOVQ         BatchNormGradient_B(AX), DX
	VBROADCASTSS (DX)(CX*4), Z12
	MOVQ         BatchNormGradient_K(AX), DX
	VBROADCASTSS (DX)(CX*4), Z13
	XORL         AX, AX
	TESTQ        BX, BX
	JEQ          tail
	CMPQ         R12, $const_GELU
	JEQ          gelu

loop:  // all but GELU
	VMOVUPS     (R8)(AX*4), Z10
	VMOVUPS     (SI)(AX*4), Z9
	TESTQ       R12, R12
	JEQ         combine
	VMOVAPS     Z10, Z0
	VFMADD213PS Z7, Z6, Z0
	VCMPPS      $0x11, Z0, Z8, K3      // 0 < z
	VCMPPS      $0x19, Z14, Z0, K3, K3 // and not z >= bound
	VMOVAPS.Z   Z9, K3, Z9

combine:
	COMBINE
	TESTL  R9, R9
	JEQ    store
	VADDPS (DI)(AX*4), Z10, Z10

store:
	VMOVUPS Z10, (DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop
	JMP     tail

gelu:
	LEAQ        32(AX), DX
	CMPQ        DX, BX
	JGT         geluLast
	VMOVUPS     (R8)(AX*4), Z9
	VMOVUPS     64(R8)(AX*4), Z0
	VFMADD213PS Z7, Z6, Z9
	VFMADD213PS Z7, Z6, Z0
	GELUSLOPEPAIR(Z9, Z1, Z2, Z3, Z0, Z4, Z5, Z15)
	VMOVUPS     (R8)(AX*4), Z10
	VMULPS      (SI)(AX*4), Z9, Z9
	COMBINE
	VMOVAPS     Z10, Z1
	VMOVUPS     64(R8)(AX*4), Z10
	VMULPS      64(SI)(AX*4), Z0, Z9
	COMBINE
	TESTL       R9, R9
	JEQ         geluStore
	VADDPS      (DI)(AX*4), Z1, Z1
	VADDPS      64(DI)(AX*4), Z10, Z10

geluStore:
	VMOVUPS Z1, (DI)(AX*4)
	VMOVUPS Z10, 64(DI)(AX*4)
	MOVQ    DX, AX
	JMP     gelu

geluLast:
	CMPQ        AX, BX
	JGE         tail
	VMOVUPS     (R8)(AX*4), Z10
	VMOVAPS     Z10, Z9
	VFMADD213PS Z7, Z6, Z9
	GELUSLOPE(Z9, Z1, Z2, Z3)
	VMULPS      (SI)(AX*4), Z9, Z9
	COMBINE
	TESTL       R9, R9
	JEQ         geluLastStore
	VADDPS      (DI)(AX*4), Z10, Z10

geluLastStore:
	VMOVUPS Z10, (DI)(AX*4)
	ADDQ    $16, AX

tail:
	CMPQ        AX, R10
	JGE         next
	VMOVUPS.Z   (R8)(AX*4), K1, Z10
	VMOVUPS.Z   (SI)(AX*4), K1, Z9
	VMOVAPS     Z10, Z0
	VFMADD213PS Z7, Z6, Z0
	CMPQ        R12, $const_ReLU
	JLT         last
	CMPQ        R12, $const_GELU
	JEQ         lastGELU
	VCMPPS      $0x11, Z0, Z8, K3
	VCMPPS      $0x19, Z14, Z0, K3, K3
	VMOVAPS.Z   Z9, K3, Z9

last:
	COMBINE
	TESTL  R9, R9
	JEQ    lastStore
	VADDPS (DI)(AX*4), Z10, K1, Z10

lastStore:
	VMOVUPS Z10, K1, (DI)(AX*4)

next:
	LEAQ (DI)(R10*4), DI
	LEAQ (SI)(R10*4), SI
	LEAQ (R8)(R10*4), R8
	INCQ CX
	JMP  plane

lastGELU:
	GELUSLOPE(Z0, Z1, Z2, Z3)
	VMULPS Z0, Z9, Z9
	JMP    last

done:
	VZEROUPPER
	RET
