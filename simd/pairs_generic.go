package simd

import (
	"math"
	"unsafe"
)

// Products of bfloat16 numbers with sums in float32. Two numbers that follow each other
// along the inner dimension, a pair, share the 32 bits of a float32 element: the one with
// even k is the lower half. All sets give the bits of the instruction VDPBF16PS, which
// takes denormal operands and results for zero, whatever the control registers say.

// pairsDepth bounds the elements that the sets without a kernel of their own transpose at
// a time on their way to pairs, and how many rows.
const pairsDepth, pairsRows = 32, 32

// gemmPairsGeneric is Gemm on pairs,
//
//	for o < KOuter, q < K:  c[i][j] = flush(fma(odd a, odd b, c[i][j]))
//	                        c[i][j] = flush(fma(even a, even b, c[i][j]))
//
// where a is a(o, q, i) and b is b(o, q, j), each a pair; flush puts zero in the place of a
// denormal number, as happens to c[i][j] and the halves of pairs beforehand.
func gemmPairsGeneric(t *GemmTile) {
	for i := range t.M {
		row := unsafe.Slice(element(t.C, i*t.CRow), t.N)
		for j := range row {
			var sum float32
			switch t.Mode &^ ThenReLU6 {
			case FromC:
				sum = row[j]
			case FromRowBias:
				sum = *element(t.Bias, i)
			case FromColumnBias:
				sum = *element(t.Bias, j)
			}
			for o := range t.KOuter {
				for q := range t.K {
					evenA, oddA := halves(*element(t.A, o*t.AJump+q*t.ACol+i*t.ARow))
					evenB, oddB := halves(*element(t.B, o*t.BJump+q*t.BRow+j))
					sum = fmaFlush(oddA, oddB, sum)
					sum = fmaFlush(evenA, evenB, sum)
				}
			}
			row[j] = t.Mode.bound(sum)
		}
	}
}

// halves returns the numbers of a pair.
func halves(pair float32) (even, odd float32) {
	bits := math.Float32bits(pair)
	return math.Float32frombits(bits << 16), math.Float32frombits(bits &^ 0xffff)
}

// leastNormal is the smallest number that is not flushed.
const leastNormal = 0x1p-126

func flush(x float32) float32 {
	if -leastNormal < x && x < leastNormal {
		return float32(math.Copysign(0, float64(x)))
	}
	return x
}

// fmaFlush returns x*y + z rounded once, denormal numbers being zero before and after:
// after is when the result, rounded to 24 bits whatever its exponent, is below 2^-126.
func fmaFlush(x, y, z float32) float32 {
	s := sumToOdd(float64(flush(x))*float64(flush(y)), float64(flush(z)))
	if math.Abs(s) >= 2*leastNormal || s == 0 || math.IsNaN(s) {
		return float32(s)
	}
	const scale = 0x1p64
	if scaled := float32(s * scale); scaled <= -leastNormal*scale || scaled >= leastNormal*scale {
		return scaled / scale
	}
	return float32(math.Copysign(0, s))
}

// sumToOdd returns p + c rounded to odd, which a second rounding to float32 can't spoil.
func sumToOdd(p, c float64) float64 {
	s := p + c
	back := s - p
	lost := (p - (s - back)) + (c - back)
	if lost == 0 || math.IsNaN(lost) {
		return s
	}
	bits := math.Float64bits(s)
	if math.Signbit(lost) != math.Signbit(s) {
		bits-- // s was rounded away from zero
	}
	return math.Float64frombits(bits | 1)
}

// toBFloat16 rounds to bfloat16, to nearest and ties to even, denormal numbers to zero.
func toBFloat16(x float32) uint32 {
	bits := math.Float32bits(x)
	switch {
	case x != x:
		bits |= 1 << 22 // quiet
	case bits&0x7f800000 == 0:
		bits &= 1 << 31
	default:
		bits += 0x7fff + bits>>16&1
	}
	return bits >> 16
}

// pairRowsGeneric makes pairs of two rows: dst[j] is even[j] below odd[j], j < n.
func pairRowsGeneric(dst, even, odd *float32, n int) {
	d, e, o := unsafe.Slice((*uint32)(unsafe.Pointer(dst)), n), unsafe.Slice(even, n), unsafe.Slice(odd, n)
	for j := range d {
		d[j] = toBFloat16(e[j]) | toBFloat16(o[j])<<16
	}
}

// transposePairsGeneric copies a matrix transposed, in pairs of columns:
//
//	dst[j/2*dstRow + i] = src[i*srcRow + j] below src[i*srcRow + j+1]
//	                      for i < rows and even j < cols
//
// with 0 for a column after the last. The bounds are those of Transpose.
func transposePairsGeneric(dst, src *float32, rows, cols, dstRow, srcRow int) {
	d := unsafe.Slice((*uint32)(unsafe.Pointer(dst)), ((cols-1)/2)*dstRow+rows)
	s := unsafe.Slice(src, (rows-1)*srcRow+cols)
	for i := range rows {
		for j, v := range s[i*srcRow : i*srcRow+cols] {
			if at := &d[j/2*dstRow+i]; j%2 == 0 {
				*at = toBFloat16(v)
			} else {
				*at |= toBFloat16(v) << 16
			}
		}
	}
}

// gatherPairsGeneric copies count runs of n elements in pairs of runs:
//
//	dst[i/2*dstRow + j] = src[offsets[i] + j] below src[offsets[i+1] + j]
//	                      for even i < count, j < n
//
// with 0 for a run after the last. The bounds are those of Gather.
func gatherPairsGeneric(dst, src *float32, offsets *int32, count, dstRow, n int) {
	for i, o := range unsafe.Slice(offsets, count) {
		from := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(src), int(o)*4)), n)
		to := unsafe.Slice((*uint32)(unsafe.Add(unsafe.Pointer(dst), i/2*dstRow*4)), n)
		for j, v := range from {
			if i%2 == 0 {
				to[j] = toBFloat16(v)
			} else {
				to[j] |= toBFloat16(v) << 16
			}
		}
	}
}

// element returns where element i of p is.
func element(p *float32, i int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), i*4))
}
