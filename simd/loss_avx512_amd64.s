//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx512_amd64.h"
#include "exp_amd64.h"

// DISTANCE computes d = max(z - max, expLowest); z in Z0, which it overwrites,
// the largest logit in Z16.
#define DISTANCE(d) \
	VSUBPS Z16, Z0, Z0 \
	VMAXPS Z0, Z26, d

// POWER computes e = e^d. It overwrites Z0, Z2 and Z3.
#define POWER(d, e) \
	VMOVAPS d, Z0             \
	EXPREDUCED(Z0, e, Z2, Z3)

// POWERS2 computes e = e^d of two vectors, their instructions in turn: one vector's
// are a chain, and two chains fill the ports better than one. It overwrites x, n and
// t of both.
#define POWERS2(d, e, x, n, t, d2, e2, x2, n2, t2) \
	VMOVAPS      d, x        \
	VMOVAPS      d2, x2      \
	VMOVAPS      Z17, n      \
	VMOVAPS      Z17, n2     \
	VFMADD231PS  Z31, x, n   \
	VFMADD231PS  Z31, x2, n2 \
	VSUBPS       Z17, n, n   \
	VSUBPS       Z17, n2, n2 \
	VFNMADD231PS Z18, n, x   \
	VFNMADD231PS Z18, n2, x2 \
	VFNMADD231PS Z19, n, x   \
	VFNMADD231PS Z19, n2, x2 \
	VMOVAPS      Z24, e      \
	VMOVAPS      Z24, e2     \
	VFMADD213PS  Z23, x, e   \
	VFMADD213PS  Z23, x2, e2 \
	VFMADD213PS  Z22, x, e   \
	VFMADD213PS  Z22, x2, e2 \
	VFMADD213PS  Z21, x, e   \
	VFMADD213PS  Z21, x2, e2 \
	VFMADD213PS  Z20, x, e   \
	VFMADD213PS  Z20, x2, e2 \
	VMULPS       x, x, t     \
	VMULPS       x2, x2, t2  \
	VFMADD213PS  x, t, e     \
	VFMADD213PS  x2, t2, e2  \
	VADDPS       Z25, e, e   \
	VADDPS       Z25, e2, e2 \
	VSCALEFPS    n, e, e     \
	VSCALEFPS    n2, e2, e2

// GRADIENT computes e = e/S * (ceWeight - entropyWeight*(d - mean)); 1/S in Z10,
// mean in Z11, the weights in Z12 and Z13.
#define GRADIENT(d, e) \
	VSUBPS       Z11, d, d   \
	VFNMADD213PS Z12, Z13, d \
	VMULPS       Z10, e, e   \
	VMULPS       d, e, e

// func softmaxLossAVX512(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32)
//
// The last block of 1 to 16 logits stays in registers; those before it are read
// three times, and their e^d wait in grad, if there is one. What lies behind
// logits and grad, most likely the next row of a batch, is fetched meanwhile.
//
//	DI  grad    SI  logits    CX  elements    DX  label
//	AX  index   BX  start of the last block   K1  its lanes    K2  scratch
//	R8  end of logits         R9  end of grad       R10 start of the last whole vector
//	Z0..Z5  scratch      Z6, Z7  d and e^d of the last block, scratch before
//	Z8  sum of e^d, S    Z9  sum of e^d d     Z10 1/S    Z11 mean, scratch before
//	Z12 ceWeight         Z13 entropyWeight    Z14 ln S   Z15 -Inf
//	Z16 largest logit    Z17..Z31  constants
TEXT ·softmaxLossAVX512(SB), NOSPLIT, $0-72
	MOVQ         grad_base+0(FP), DI
	MOVQ         logits_base+24(FP), SI
	MOVQ         logits_len+32(FP), CX
	MOVQ         label+48(FP), DX
	VBROADCASTSS ceWeight+56(FP), Z12
	VBROADCASTSS entropyWeight+60(FP), Z13
	EXPCONSTANTS
	EXPCONST(expConstants_negInf, Z15)
	LEAQ         (SI)(CX*4), R8
	LEAQ         (DI)(CX*4), R9
	LEAQ         -1(CX), BX
	ANDQ         $~15, BX
	LEAQ         -16(BX), R10
	SUBQ         BX, CX
	MOVL         $-1, AX
	BZHIL        CX, AX, AX
	KMOVW        AX, K1
	XORL         AX, AX
	VMOVAPS      Z15, Z16
	TESTQ        BX, BX
	JEQ          lastMax
	CMPQ         AX, R10
	JGE          oddMax

maxLoop:  // the larger of two first, so that the chain is half as long
	VMOVUPS (SI)(AX*4), Z0
	VMAXPS  64(SI)(AX*4), Z0, Z0
	VMAXPS  Z0, Z16, Z16
	ADDQ    $32, AX
	CMPQ    AX, R10
	JLT     maxLoop
	CMPQ    AX, BX
	JGE     lastMax

oddMax:
	VMAXPS (SI)(AX*4), Z16, Z16

lastMax:  // tail lanes are -Inf: they give e^d = 0
	VMOVAPS       Z15, Z1
	VMOVUPS       (SI)(BX*4), K1, Z1
	VMAXPS        Z1, Z16, Z16
	VEXTRACTF32X8 $1, Z16, Y0
	VMAXPS        Y0, Y16, Y16
	VEXTRACTF32X4 $1, Y16, X0
	VMAXPS        X0, X16, X16
	VPERMILPS     $0x0e, X16, X0
	VMAXPS        X0, X16, X16
	VPERMILPS     $1, X16, X0
	VMAXPS        X0, X16, X16
	VBROADCASTSS  X16, Z16
	VXORPS        X8, X8, X8
	VXORPS        X9, X9, X9
	XORL          AX, AX
	TESTQ         BX, BX
	JEQ           lastSum
	CMPQ          AX, R10
	JGE           oddSum

sumLoop:
	VMOVUPS     (SI)(AX*4), Z0
	DISTANCE(Z1)
	VMOVUPS     64(SI)(AX*4), Z0
	DISTANCE(Z6)
	POWERS2(Z1, Z4, Z0, Z2, Z3, Z6, Z7, Z10, Z11, Z14)
	VADDPS      Z4, Z8, Z8
	VFMADD231PS Z1, Z4, Z9
	VADDPS      Z7, Z8, Z8
	VFMADD231PS Z6, Z7, Z9
	PREFETCHT0  (R8)(AX*4)
	PREFETCHT0  64(R8)(AX*4)
	TESTQ       DI, DI
	JEQ         nextSum
	VMOVUPS     Z4, (DI)(AX*4)
	VMOVUPS     Z7, 64(DI)(AX*4)

nextSum:
	ADDQ $32, AX
	CMPQ AX, R10
	JLT  sumLoop
	CMPQ AX, BX
	JGE  lastSum

oddSum:
	VMOVUPS     (SI)(AX*4), Z0
	DISTANCE(Z1)
	POWER(Z1, Z4)
	VADDPS      Z4, Z8, Z8
	VFMADD231PS Z1, Z4, Z9
	PREFETCHT0  (R8)(AX*4)
	TESTQ       DI, DI
	JEQ         lastSum
	VMOVUPS     Z4, (DI)(AX*4)

lastSum:
	VMOVAPS       Z15, Z0
	VMOVUPS       (SI)(BX*4), K1, Z0
	DISTANCE(Z6)
	POWER(Z6, Z7)
	VADDPS        Z7, Z8, Z8
	VFMADD231PS   Z6, Z7, Z9
	VEXTRACTF32X8 $1, Z8, Y0
	VEXTRACTF32X8 $1, Z9, Y1
	VADDPS        Y0, Y8, Y8
	VADDPS        Y1, Y9, Y9
	VEXTRACTF128  $1, Y8, X0
	VEXTRACTF128  $1, Y9, X1
	VADDPS        X0, X8, X8
	VADDPS        X1, X9, X9
	VPERMILPS     $0x0e, X8, X0
	VPERMILPS     $0x0e, X9, X1
	VADDPS        X0, X8, X8
	VADDPS        X1, X9, X9
	VPERMILPS     $1, X8, X0
	VPERMILPS     $1, X9, X1
	VADDSS        X0, X8, X8
	VADDSS        X1, X9, X9
	VDIVSS        X8, X25, X10
	VMULSS        X10, X9, X11
	LOG(Z8, Z14, Z1, Z2, Z3)
	VMOVSS        (SI)(DX*4), X0
	VSUBSS        X16, X0, X0
	VSUBSS        X0, X14, X0
	VMOVSS        X0, ce+64(FP)
	VSUBSS        X11, X14, X0
	VMOVSS        X0, entropy+68(FP)
	TESTQ         DI, DI
	JEQ           done
	VBROADCASTSS  X10, Z10
	VBROADCASTSS  X11, Z11
	XORL          AX, AX
	TESTQ         BX, BX
	JEQ           lastGradient

gradientLoop:
	PREFETCHT0 (R9)(AX*4)
	VMOVUPS    (SI)(AX*4), Z0
	VMOVUPS    (DI)(AX*4), Z4
	DISTANCE(Z1)
	GRADIENT(Z1, Z4)
	VMOVUPS    Z4, (DI)(AX*4)
	ADDQ       $16, AX
	CMPQ       AX, BX
	JLT        gradientLoop

lastGradient:
	GRADIENT(Z6, Z7)
	VMOVUPS Z7, K1, (DI)(AX*4)
	VMOVSS  (DI)(DX*4), X0
	VSUBSS  X12, X0, X0
	VMOVSS  X0, (DI)(DX*4)

done:
	VZEROUPPER
	RET
