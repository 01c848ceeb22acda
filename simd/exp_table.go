//go:build !purego && (amd64 || arm64)

package simd

import "math"

// expConstants is what the assembly of the exponential family reads, each
// constant eight times over so that it can be a vector operand. go_asm.h turns
// the fields into offsets.
type expConstants struct {
	log2e, roundShift, ln2Hi, ln2Lo, exp2, exp3, exp4, exp5, exp6,
	one, lowest,
	exponentShift, gelu1, gelu2, gelu3, gelu4, gelu5, gelu6,
	geluLowest, geluHighest, geluLog2e, geluLog2eLo,
	slope1, slope2, slope3, slope4, slope5, ln2, slopeLowest, slopeHighest,
	minNormal, two23, minus23, sqrtHalf, mantissa, half,
	log3, log4, log5, log6, log7, log8, log9, log10,
	max, negInf, nan [8]float32
}

var expTable = expConstants{
	log2e:      eight(log2e),
	roundShift: eight(roundShift),
	ln2Hi:      eight(ln2Hi),
	ln2Lo:      eight(ln2Lo),
	exp2:       eight(exp2),
	exp3:       eight(exp3),
	exp4:       eight(exp4),
	exp5:       eight(exp5),
	exp6:       eight(exp6),

	one:    eight(1),
	lowest: eight(expLowest),

	exponentShift: eight(exponentShift),
	gelu1:         eight(-gelu1),
	gelu2:         eight(gelu2),
	gelu3:         eight(-gelu3),
	gelu4:         eight(gelu4),
	gelu5:         eight(-gelu5),
	gelu6:         eight(gelu6),

	geluLowest:   eight(-geluHighest),
	geluHighest:  eight(geluHighest),
	geluLog2e:    eight(geluLog2e),
	geluLog2eLo:  eight(geluLog2eLo),
	slope1:       eight(-slope1),
	slope2:       eight(slope2),
	slope3:       eight(-slope3),
	slope4:       eight(slope4),
	slope5:       eight(-slope5),
	ln2:          eight(math.Ln2),
	slopeLowest:  eight(-slopeHighest),
	slopeHighest: eight(slopeHighest),

	minNormal: eight(minNormal),
	two23:     eight(0x1p23),
	minus23:   eight(-23),
	sqrtHalf:  eight(math.Float32frombits(sqrtHalfBits)),
	mantissa:  eight(math.Float32frombits(1<<23 - 1)),
	half:      eight(0.5),
	log3:      eight(log3),
	log4:      eight(log4),
	log5:      eight(log5),
	log6:      eight(log6),
	log7:      eight(log7),
	log8:      eight(log8),
	log9:      eight(log9),
	log10:     eight(log10),
	max:       eight(math.MaxFloat32),
	negInf:    eight(float32(math.Inf(-1))),
	nan:       eight(float32(math.NaN())),
}

func eight(v float32) [8]float32 { return [8]float32{v, v, v, v, v, v, v, v} }
