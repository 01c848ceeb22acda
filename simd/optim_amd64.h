// ADAMCONSTANTS loads what ADAM needs from the AdamStep at s.
#define ADAMCONSTANTS(s) \
	VBROADCASTSS AdamStep_Beta1(s), V8       \
	VBROADCASTSS AdamStep_Gain1(s), V9       \
	VBROADCASTSS AdamStep_Beta2(s), V10      \
	VBROADCASTSS AdamStep_Gain2(s), V11      \
	VBROADCASTSS AdamStep_StepSize(s), V12   \
	VBROADCASTSS AdamStep_Correction(s), V13 \
	VBROADCASTSS AdamStep_Epsilon(s), V14    \
	VBROADCASTSS AdamStep_WeightDecay(s), V15

// ADAM is one vector of the step: DI p, SI g, R8 m, R9 v, AX the index; V0 p, V1 g, V2
// m, V3 v.
#define ADAM(LOAD, FROM, ONTO, STORE) \
	LOAD((DI)(AX*4), V0) \
	LOAD((SI)(AX*4), V1) \
	LOAD((R8)(AX*4), V2) \
	LOAD((R9)(AX*4), V3) \
	VFMADD231PS V0, V15, V1 \ // d = g + WeightDecay*p
	VMULPS V8, V2, V2 \
	VFMADD231PS V1, V9, V2 \ // m = m*Beta1 + Gain1*d
	VMULPS V11, V1, V4 \
	VMULPS V10, V3, V3 \
	VFMADD231PS V1, V4, V3 \ // v = v*Beta2 + (Gain2*d)*d
	VSQRTPS V3, V4 \
	VDIVPS V13, V4, V4 \
	VADDPS V14, V4, V4 \ // sqrt(v)/Correction + Epsilon
	VMULPS V12, V2, V5 \
	VDIVPS V4, V5, V5 \
	VSUBPS V5, V0, V0 \ // p - StepSize*m / that
	STORE(V0, (DI)(AX*4)) \
	STORE(V2, (R8)(AX*4)) \
	STORE(V3, (R9)(AX*4))

// SGDCONSTANTS loads what SGD needs from the SGDStep at s, which it overwrites: -1
// for Nesterov, or 0.
#define SGDCONSTANTS(s) \
	VBROADCASTSS SGDStep_LR(s), V8           \
	VBROADCASTSS SGDStep_Momentum(s), V9     \
	VBROADCASTSS SGDStep_WeightDecay(s), V10 \
	MOVBLZX      SGDStep_Nesterov(s), s      \
	NEGL         s

// SGD is one vector of the step: DI p, SI g, R8 buf, AX the index; V0 p, V1 g, V2 buf.
// NESTEROV(a, b, d) chooses a for Nesterov, or b.
#define SGD(LOAD, FROM, ONTO, STORE) \
	LOAD((DI)(AX*4), V0) \
	LOAD((SI)(AX*4), V1) \
	LOAD((R8)(AX*4), V2) \
	VFMADD231PS V0, V10, V1 \ // d = g + WeightDecay*p
	VFMADD213PS V1, V9, V2 \ // buf = Momentum*buf + d
	VFMADD231PS V2, V9, V1 \ // Nesterov's direction d + Momentum*buf
	NESTEROV(V1, V2, V1) \ // or buf
	VFNMADD231PS V1, V8, V0 \ // p -= LR*direction
	STORE(V0, (DI)(AX*4)) \
	STORE(V2, (R8)(AX*4))
