//go:build !purego

#include "textflag.h"
#include "go_asm.h"
#include "tail_avx2_amd64.h"

// ADAM computes one vector of the step: p in Y0, g in Y1, m in Y2, v in Y3; the
// constants in Y8..Y15.
#define ADAM \
	VFMADD231PS Y0, Y15, Y1 \ // d = g + WeightDecay*p
	VMULPS      Y8, Y2, Y2  \
	VFMADD231PS Y1, Y9, Y2  \ // m = m*Beta1 + Gain1*d
	VMULPS      Y11, Y1, Y4 \
	VMULPS      Y10, Y3, Y3 \
	VFMADD231PS Y1, Y4, Y3  \ // v = v*Beta2 + (Gain2*d)*d
	VSQRTPS     Y3, Y4      \
	VDIVPS      Y13, Y4, Y4 \
	VADDPS      Y14, Y4, Y4 \ // sqrt(v)/Correction + Epsilon
	VMULPS      Y12, Y2, Y5 \
	VDIVPS      Y4, Y5, Y5  \
	VSUBPS      Y5, Y0, Y0  // p - StepSize*m / that

// func adamAVX2(p, g, m, v []float32, s *AdamStep)
//
//	DI  p     SI  g     R8  m     R9  v     AX  index     BX  end of whole vectors
//	CX  elements, then those left     DX  s     Y6  tail mask
//	Y8  Beta1    Y9  Gain1    Y10  Beta2    Y11  Gain2
//	Y12 StepSize Y13 Correction    Y14  Epsilon    Y15  WeightDecay
TEXT ·adamAVX2(SB), NOSPLIT, $0-104
	MOVQ         p_base+0(FP), DI
	MOVQ         p_len+8(FP), CX
	MOVQ         g_base+24(FP), SI
	MOVQ         m_base+48(FP), R8
	MOVQ         v_base+72(FP), R9
	MOVQ         s+96(FP), DX
	VBROADCASTSS AdamStep_Beta1(DX), Y8
	VBROADCASTSS AdamStep_Gain1(DX), Y9
	VBROADCASTSS AdamStep_Beta2(DX), Y10
	VBROADCASTSS AdamStep_Gain2(DX), Y11
	VBROADCASTSS AdamStep_StepSize(DX), Y12
	VBROADCASTSS AdamStep_Correction(DX), Y13
	VBROADCASTSS AdamStep_Epsilon(DX), Y14
	VBROADCASTSS AdamStep_WeightDecay(DX), Y15
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS (DI)(AX*4), Y0
	VMOVUPS (SI)(AX*4), Y1
	VMOVUPS (R8)(AX*4), Y2
	VMOVUPS (R9)(AX*4), Y3
	ADAM
	VMOVUPS Y0, (DI)(AX*4)
	VMOVUPS Y2, (R8)(AX*4)
	VMOVUPS Y3, (R9)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y6)
	VMASKMOVPS (DI)(AX*4), Y6, Y0
	VMASKMOVPS (SI)(AX*4), Y6, Y1
	VMASKMOVPS (R8)(AX*4), Y6, Y2
	VMASKMOVPS (R9)(AX*4), Y6, Y3
	ADAM
	VMASKMOVPS Y0, Y6, (DI)(AX*4)
	VMASKMOVPS Y2, Y6, (R8)(AX*4)
	VMASKMOVPS Y3, Y6, (R9)(AX*4)

done:
	VZEROUPPER
	RET

// SGD computes one vector of the step: p in Y0, g in Y1, buf in Y2; the constants
// in Y8..Y10, and Y11 all ones for Nesterov.
#define SGD \
	VFMADD231PS  Y0, Y10, Y1     \ // d = g + WeightDecay*p
	VFMADD213PS  Y1, Y9, Y2      \ // buf = Momentum*buf + d
	VFMADD231PS  Y2, Y9, Y1      \ // Nesterov's direction d + Momentum*buf
	VBLENDVPS    Y11, Y1, Y2, Y1 \ // or buf
	VFNMADD231PS Y1, Y8, Y0      // p -= LR*direction

// func sgdAVX2(p, g, buf []float32, s *SGDStep)
//
//	DI  p     SI  g     R8  buf     AX  index     BX  end of whole vectors
//	CX  elements, then those left     DX  s     Y6  tail mask
//	Y8  LR    Y9  Momentum    Y10  WeightDecay   Y11  Nesterov
TEXT ·sgdAVX2(SB), NOSPLIT, $0-80
	MOVQ         p_base+0(FP), DI
	MOVQ         p_len+8(FP), CX
	MOVQ         g_base+24(FP), SI
	MOVQ         buf_base+48(FP), R8
	MOVQ         s+72(FP), DX
	VBROADCASTSS SGDStep_LR(DX), Y8
	VBROADCASTSS SGDStep_Momentum(DX), Y9
	VBROADCASTSS SGDStep_WeightDecay(DX), Y10
	MOVBLZX      SGDStep_Nesterov(DX), DX
	NEGL         DX
	VMOVD        DX, X11
	VPBROADCASTD X11, Y11
	XORL         AX, AX
	MOVQ         CX, BX
	ANDQ         $~7, BX
	JEQ          tail
	PCALIGN      $32

loop:
	VMOVUPS (DI)(AX*4), Y0
	VMOVUPS (SI)(AX*4), Y1
	VMOVUPS (R8)(AX*4), Y2
	SGD
	VMOVUPS Y0, (DI)(AX*4)
	VMOVUPS Y2, (R8)(AX*4)
	ADDQ    $8, AX
	CMPQ    AX, BX
	JLT     loop

tail:
	SUBQ       BX, CX
	JEQ        done
	TAILMASK(CX, DX, Y6)
	VMASKMOVPS (DI)(AX*4), Y6, Y0
	VMASKMOVPS (SI)(AX*4), Y6, Y1
	VMASKMOVPS (R8)(AX*4), Y6, Y2
	SGD
	VMASKMOVPS Y0, Y6, (DI)(AX*4)
	VMASKMOVPS Y2, Y6, (R8)(AX*4)

done:
	VZEROUPPER
	RET
