//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "exp_avx2_amd64.h"
#include "exp_amd64.h"
#include "tail_avx2_amd64.h"

// DISTANCE computes d = max(z - max, expLowest); z in Y0, which it overwrites,
// the largest logit in Y5.
#define DISTANCE(d) \
	VMOVUPS ·expTable+expConstants_lowest(SB), d \
	VSUBPS  Y5, Y0, Y0                           \
	VMAXPS  Y0, d, d

// POWER computes e = e^d. It overwrites Y0, Y2 and Y3.
#define POWER(d, e) \
	VMOVAPS d, Y0 \
	EXPREDUCED(Y0, e, Y2, Y3)

// GRADIENT computes e = e/S * (ceWeight - entropyWeight*(d - mean)); 1/S in Y8,
// mean in Y9, the weights in Y10 and Y11.
#define GRADIENT(d, e) \
	VSUBPS       Y9, d, d    \
	VFNMADD213PS Y10, Y11, d \
	VMULPS       Y8, e, e    \
	VMULPS       d, e, e

// LASTLOGITS loads the logits at mem that the mask names, -Inf for the others
// (they give e^d = 0), into Y0. It overwrites Y1.
#define LASTLOGITS(mem, mask) \
	VMOVUPS    ·expTable+expConstants_negInf(SB), Y1 \
	VMASKMOVPS mem, mask, Y0                         \
	VBLENDVPS  mask, Y0, Y1, Y0

// func softmaxLossAVX2(grad, logits []float32, label int, ceWeight, entropyWeight float32) (ce, entropy float32)
//
// The last block of 1 to 16 logits stays in registers; those before it are read
// three times, and their e^d wait in grad, if there is one. What lies behind
// logits and grad, most likely the next row of a batch, is fetched meanwhile.
//
//	DI  grad    SI  logits    CX  elements    DX  label    R8, R9  scratch
//	AX  index   BX  start of the last block   R10 end of logits    R11 end of grad
//	Y0..Y4  scratch     Y5  largest logit     Y6, Y7  lanes of the last block
//	Y8, Y9    16 lanes of sum e^d, S; then 1/S and mean
//	Y10, Y11  16 lanes of sum e^d d; then ceWeight and entropyWeight
//	Y12, Y14  d of the last block             Y13, Y15  e^d of the last block, Y13
//	before that e^d of the second half of a block
TEXT ·softmaxLossAVX2(SB), NOSPLIT, $0-72
	MOVQ    grad_base+0(FP), DI
	MOVQ    logits_base+24(FP), SI
	MOVQ    logits_len+32(FP), CX
	MOVQ    label+48(FP), DX
	LEAQ    (SI)(CX*4), R10
	LEAQ    (DI)(CX*4), R11
	LEAQ    -1(CX), BX
	ANDQ    $~15, BX
	SUBQ    BX, CX
	MOVL    $8, R8
	CMPQ    CX, R8
	CMOVQLT CX, R8
	SUBQ    R8, CX
	TAILMASK(R8, R9, Y6)
	TAILMASK(CX, R9, Y7)
	VMOVUPS ·expTable+expConstants_negInf(SB), Y5
	XORL    AX, AX
	TESTQ   BX, BX
	JEQ     lastMax

maxLoop:
	VMAXPS (SI)(AX*4), Y5, Y5
	VMAXPS 32(SI)(AX*4), Y5, Y5
	ADDQ   $16, AX
	CMPQ   AX, BX
	JLT    maxLoop

lastMax:
	LASTLOGITS((SI)(AX*4), Y6)
	VMAXPS       Y0, Y5, Y5
	LASTLOGITS(32(SI)(AX*4), Y7)
	VMAXPS       Y0, Y5, Y5
	VEXTRACTF128 $1, Y5, X0
	VMAXPS       X0, X5, X5
	VPERMILPS    $0x0e, X5, X0
	VMAXPS       X0, X5, X5
	VPERMILPS    $1, X5, X0
	VMAXPS       X0, X5, X5
	VBROADCASTSS X5, Y5
	VXORPS       X8, X8, X8
	VXORPS       X9, X9, X9
	VXORPS       X10, X10, X10
	VXORPS       X11, X11, X11
	XORL         AX, AX
	TESTQ        BX, BX
	JEQ          lastSum

sumLoop:
	VMOVUPS     (SI)(AX*4), Y0
	DISTANCE(Y1)
	POWER(Y1, Y4)
	VADDPS      Y4, Y8, Y8
	VFMADD231PS Y1, Y4, Y10
	VMOVUPS     32(SI)(AX*4), Y0
	DISTANCE(Y1)
	POWER(Y1, Y13)
	VADDPS      Y13, Y9, Y9
	VFMADD231PS Y1, Y13, Y11
	PREFETCHT0  (R10)(AX*4)
	TESTQ       DI, DI
	JEQ         nextSum
	VMOVUPS     Y4, (DI)(AX*4)
	VMOVUPS     Y13, 32(DI)(AX*4)
	PREFETCHT0  (R11)(AX*4)

nextSum:
	ADDQ $16, AX
	CMPQ AX, BX
	JLT  sumLoop

lastSum:
	LASTLOGITS((SI)(AX*4), Y6)
	DISTANCE(Y12)
	POWER(Y12, Y13)
	VADDPS       Y13, Y8, Y8
	VFMADD231PS  Y12, Y13, Y10
	LASTLOGITS(32(SI)(AX*4), Y7)
	DISTANCE(Y14)
	POWER(Y14, Y15)
	VADDPS       Y15, Y9, Y9
	VFMADD231PS  Y14, Y15, Y11
	VADDPS       Y9, Y8, Y8
	VADDPS       Y11, Y10, Y10
	VEXTRACTF128 $1, Y8, X0
	VEXTRACTF128 $1, Y10, X1
	VADDPS       X0, X8, X8
	VADDPS       X1, X10, X10
	VPERMILPS    $0x0e, X8, X0
	VPERMILPS    $0x0e, X10, X1
	VADDPS       X0, X8, X8
	VADDPS       X1, X10, X10
	VPERMILPS    $1, X8, X0
	VPERMILPS    $1, X10, X1
	VADDSS       X0, X8, X8
	VADDSS       X1, X10, X10
	LOG(Y8, Y4, Y1, Y2, Y3)
	VMOVSS       ·expTable+expConstants_one(SB), X0
	VDIVSS       X8, X0, X8
	VMULSS       X8, X10, X9
	VMOVSS       (SI)(DX*4), X0
	VSUBSS       X5, X0, X0
	VSUBSS       X0, X4, X0
	VMOVSS       X0, ce+64(FP)
	VSUBSS       X9, X4, X0
	VMOVSS       X0, entropy+68(FP)
	TESTQ        DI, DI
	JEQ          done
	VBROADCASTSS X8, Y8
	VBROADCASTSS X9, Y9
	VBROADCASTSS ceWeight+56(FP), Y10
	VBROADCASTSS entropyWeight+60(FP), Y11
	XORL         AX, AX
	TESTQ        BX, BX
	JEQ          lastGradient

gradientLoop:
	VMOVUPS (SI)(AX*4), Y0
	VMOVUPS (DI)(AX*4), Y4
	DISTANCE(Y1)
	GRADIENT(Y1, Y4)
	VMOVUPS Y4, (DI)(AX*4)
	VMOVUPS 32(SI)(AX*4), Y0
	VMOVUPS 32(DI)(AX*4), Y4
	DISTANCE(Y1)
	GRADIENT(Y1, Y4)
	VMOVUPS Y4, 32(DI)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     gradientLoop

lastGradient:
	GRADIENT(Y12, Y13)
	GRADIENT(Y14, Y15)
	VMASKMOVPS Y13, Y6, (DI)(AX*4)
	VMASKMOVPS Y15, Y7, 32(DI)(AX*4)
	VMOVSS     (DI)(DX*4), X0
	VSUBSS     X10, X0, X0
	VMOVSS     X0, (DI)(DX*4)

done:
	VZEROUPPER
	RET
