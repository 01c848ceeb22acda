//go:build !purego

#include "textflag.h"
#include "go_asm.h"

// ADAM computes one vector of the step: p in Z0, g in Z1, m in Z2, v in Z3; the
// constants in Z8..Z15.
#define ADAM \
	VFMADD231PS Z0, Z15, Z1 \ // d = g + WeightDecay*p
	VMULPS      Z8, Z2, Z2  \
	VFMADD231PS Z1, Z9, Z2  \ // m = m*Beta1 + Gain1*d
	VMULPS      Z11, Z1, Z4 \
	VMULPS      Z10, Z3, Z3 \
	VFMADD231PS Z1, Z4, Z3  \ // v = v*Beta2 + (Gain2*d)*d
	VSQRTPS     Z3, Z4      \
	VDIVPS      Z13, Z4, Z4 \
	VADDPS      Z14, Z4, Z4 \ // sqrt(v)/Correction + Epsilon
	VMULPS      Z12, Z2, Z5 \
	VDIVPS      Z4, Z5, Z5  \
	VSUBPS      Z5, Z0, Z0  // p - StepSize*m / that

// func adamAVX512(p, g, m, v []float32, s *AdamStep)
//
//	DI  p     SI  g     R8  m     R9  v     AX  index     BX  end of whole vectors
//	CX  elements, then those left     DX  s     K1  tail mask
//	Z8  Beta1    Z9  Gain1    Z10  Beta2    Z11  Gain2
//	Z12 StepSize Z13 Correction    Z14  Epsilon    Z15  WeightDecay
TEXT ·adamAVX512(SB), NOSPLIT, $0-104
	MOVQ         p_base+0(FP), DI
	MOVQ         p_len+8(FP), CX
	MOVQ         g_base+24(FP), SI
	MOVQ         m_base+48(FP), R8
	MOVQ         v_base+72(FP), R9
	MOVQ         s+96(FP), DX
	VBROADCASTSS AdamStep_Beta1(DX), Z8
	VBROADCASTSS AdamStep_Gain1(DX), Z9
	VBROADCASTSS AdamStep_Beta2(DX), Z10
	VBROADCASTSS AdamStep_Gain2(DX), Z11
	VBROADCASTSS AdamStep_StepSize(DX), Z12
	VBROADCASTSS AdamStep_Correction(DX), Z13
	VBROADCASTSS AdamStep_Epsilon(DX), Z14
	VBROADCASTSS AdamStep_WeightDecay(DX), Z15
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS (DI)(AX*4), Z0
	VMOVUPS (SI)(AX*4), Z1
	VMOVUPS (R8)(AX*4), Z2
	VMOVUPS (R9)(AX*4), Z3
	ADAM
	VMOVUPS Z0, (DI)(AX*4)
	VMOVUPS Z2, (R8)(AX*4)
	VMOVUPS Z3, (R9)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, DX
	BZHIL     CX, DX, DX
	KMOVW     DX, K1
	VMOVUPS.Z (DI)(AX*4), K1, Z0
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	VMOVUPS.Z (R8)(AX*4), K1, Z2
	VMOVUPS.Z (R9)(AX*4), K1, Z3
	ADAM
	VMOVUPS   Z0, K1, (DI)(AX*4)
	VMOVUPS   Z2, K1, (R8)(AX*4)
	VMOVUPS   Z3, K1, (R9)(AX*4)

done:
	VZEROUPPER
	RET

// SGD computes one vector of the step: p in Z0, g in Z1, buf in Z2; the constants
// in Z8..Z10, and K2 all ones for Nesterov.
#define SGD \
	VFMADD231PS  Z0, Z10, Z1    \ // d = g + WeightDecay*p
	VFMADD213PS  Z1, Z9, Z2     \ // buf = Momentum*buf + d
	VFMADD231PS  Z2, Z9, Z1     \ // Nesterov's direction d + Momentum*buf
	VBLENDMPS    Z1, Z2, K2, Z1 \ // or buf
	VFNMADD231PS Z1, Z8, Z0     // p -= LR*direction

// func sgdAVX512(p, g, buf []float32, s *SGDStep)
//
//	DI  p     SI  g     R8  buf     AX  index     BX  end of whole vectors
//	CX  elements, then those left     DX  s     K1  tail mask     K2  Nesterov
//	Z8  LR    Z9  Momentum    Z10  WeightDecay
TEXT ·sgdAVX512(SB), NOSPLIT, $0-80
	MOVQ         p_base+0(FP), DI
	MOVQ         p_len+8(FP), CX
	MOVQ         g_base+24(FP), SI
	MOVQ         buf_base+48(FP), R8
	MOVQ         s+72(FP), DX
	VBROADCASTSS SGDStep_LR(DX), Z8
	VBROADCASTSS SGDStep_Momentum(DX), Z9
	VBROADCASTSS SGDStep_WeightDecay(DX), Z10
	MOVBLZX      SGDStep_Nesterov(DX), DX
	NEGL         DX
	KMOVW        DX, K2
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~15, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS (DI)(AX*4), Z0
	VMOVUPS (SI)(AX*4), Z1
	VMOVUPS (R8)(AX*4), Z2
	SGD
	VMOVUPS Z0, (DI)(AX*4)
	VMOVUPS Z2, (R8)(AX*4)
	ADDQ    $16, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ      BX, CX
	JEQ       done
	MOVL      $-1, DX
	BZHIL     CX, DX, DX
	KMOVW     DX, K1
	VMOVUPS.Z (DI)(AX*4), K1, Z0
	VMOVUPS.Z (SI)(AX*4), K1, Z1
	VMOVUPS.Z (R8)(AX*4), K1, Z2
	SGD
	VMOVUPS   Z0, K1, (DI)(AX*4)
	VMOVUPS   Z2, K1, (R8)(AX*4)

done:
	VZEROUPPER
	RET
