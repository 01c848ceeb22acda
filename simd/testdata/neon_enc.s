// One use or more of every macro of neon_arm64.h, with the GNU disassembly that
// TestNEONEncodings expects.
#include "neon_arm64.h"

TEXT ·encodings(SB), 7, $0
	FADD4S(31, 17, 10)      // fadd v10.4s, v17.4s, v31.4s
	FSUB4S(31, 17, 10)      // fsub v10.4s, v17.4s, v31.4s
	FMUL4S(31, 17, 10)      // fmul v10.4s, v17.4s, v31.4s
	FDIV4S(31, 17, 10)      // fdiv v10.4s, v17.4s, v31.4s
	FMLALANE(31, 0, 17, 10) // fmla v10.4s, v17.4s, v31.s[0]
	FMLALANE(15, 1, 17, 10) // fmla v10.4s, v17.4s, v15.s[1]
	FMLALANE(31, 2, 17, 10) // fmla v10.4s, v17.4s, v31.s[2]
	FMLALANE(15, 3, 17, 10) // fmla v10.4s, v17.4s, v15.s[3]
	FMLSLANE(31, 2, 17, 10) // fmls v10.4s, v17.4s, v31.s[2]
	FMLSLANE(15, 1, 17, 10) // fmls v10.4s, v17.4s, v15.s[1]
	FMULLANE(31, 2, 17, 10) // fmul v10.4s, v17.4s, v31.s[2]
	FMULLANE(15, 1, 17, 10) // fmul v10.4s, v17.4s, v15.s[1]
	FMAX4S(31, 17, 10)      // fmax v10.4s, v17.4s, v31.4s
	FMIN4S(31, 17, 10)      // fmin v10.4s, v17.4s, v31.4s
	FMAXNM4S(31, 17, 10)    // fmaxnm v10.4s, v17.4s, v31.4s
	FADDP4S(31, 17, 10)     // faddp v10.4s, v17.4s, v31.4s
	FMAXV4S(17, 10)         // fmaxv s10, v17.4s
	FADDP2S(17, 10)         // faddp s10, v17.2s
	FCMGT4S(31, 17, 10)     // fcmgt v10.4s, v17.4s, v31.4s
	FCMGE4S(31, 17, 10)     // fcmge v10.4s, v17.4s, v31.4s
	FCMEQ4S(31, 17, 10)     // fcmeq v10.4s, v17.4s, v31.4s
	FCMGTZ4S(17, 10)        // fcmgt v10.4s, v17.4s, #0
	FCMLTZ4S(17, 10)        // fcmlt v10.4s, v17.4s, #0
	FNEG4S(17, 10)          // fneg v10.4s, v17.4s
	FSQRT4S(17, 10)         // fsqrt v10.4s, v17.4s
	FCVTZS4S(17, 10)        // fcvtzs v10.4s, v17.4s
	SCVTF4S(17, 10)         // scvtf v10.4s, v17.4s
	UCVTF4S(17, 10)         // ucvtf v10.4s, v17.4s
	CMGT4S(31, 17, 10)      // cmgt v10.4s, v17.4s, v31.4s
	SMAX4S(31, 17, 10)      // smax v10.4s, v17.4s, v31.4s
	SMIN4S(31, 17, 10)      // smin v10.4s, v17.4s, v31.4s
	MVN16B(17, 10)          // mvn v10.16b, v17.16b
	BIC16B(31, 17, 10)      // bic v10.16b, v17.16b, v31.16b
	SSHR4S(1, 17, 10)       // sshr v10.4s, v17.4s, #1
	SSHR4S(31, 17, 10)      // sshr v10.4s, v17.4s, #31
	UXTL4S(17, 10)          // uxtl v10.4s, v17.4h
	UXTL24S(17, 10)         // uxtl2 v10.4s, v17.8h
	UMULL2D(31, 17, 10)     // umull v10.2d, v17.2s, v31.2s
	UMULL22D(31, 17, 10)    // umull2 v10.2d, v17.4s, v31.4s
	XTN4H(17, 10)           // xtn v10.4h, v17.4s
	XTN8B(17, 10)           // xtn v10.8b, v17.8h
	FMLA4S(31, 17, 10)      // fmla v10.4s, v17.4s, v31.4s
	FMLS4S(31, 17, 10)      // fmls v10.4s, v17.4s, v31.4s
	ADD4S(31, 17, 10)       // add v10.4s, v17.4s, v31.4s
	SUB4S(31, 17, 10)       // sub v10.4s, v17.4s, v31.4s
	SHL4S(23, 17, 10)       // shl v10.4s, v17.4s, #23
	USHR4S(1, 17, 10)       // ushr v10.4s, v17.4s, #1
	MOV16B(17, 10)          // mov v10.16b, v17.16b
	AND16B(31, 17, 10)      // and v10.16b, v17.16b, v31.16b
	EOR16B(31, 17, 10)      // eor v10.16b, v17.16b, v31.16b
	ORR16B(31, 17, 10)      // orr v10.16b, v17.16b, v31.16b
	BIT16B(31, 17, 10)      // bit v10.16b, v17.16b, v31.16b
	BIF16B(31, 17, 10)      // bif v10.16b, v17.16b, v31.16b
	RET
