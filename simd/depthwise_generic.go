package simd

import "unsafe"

// DepthwisePlane is what the depthwise kernels work on: a plane of Rows x N values
// at Y, rows YRow apart, and the plane X that its filter reads, padded, rows XRow
// apart. Tap t of the filter meets X[Offsets[t] + i*XRow + j] at row i and column
// j of Y. A plane whose columns were parted by the stride (Deinterleave2) meets neighbours
// at every stride.
//
// X is read, and what is read there not used, up to N rounded up to a multiple of
// 16 columns. Taps, Rows and N are at least 1; all distances count elements. A call
// should take less than 256 Ki multiply-adds, so that it takes microseconds.
//
// Side may be 3 or 5 if the taps are a square filter of that size on neighbouring rows and
// columns, that is Offsets[r*Side+s] is Offsets[0] + d*(r*XRow+s) with d 1 or -1. Rows of X
// are then read once for several rows of Y.
type DepthwisePlane struct {
	Y, X, W       *float32
	Offsets       *int32
	Taps, Rows, N int
	Side          int
	YRow, XRow    int
	Bias          float32
	Act           Activation // not GELU
}

// depthwiseGeneric computes one plane of a depthwise convolution:
//
//	Y[i][j] = Act(Bias + sum over t of W[t] * X[Offsets[t] + i*XRow + j])
//
// each sum one chain of multiply-adds with t ascending. Y is disjoint from what
// is read.
func depthwiseGeneric(p *DepthwisePlane) {
	w, offsets := unsafe.Slice(p.W, p.Taps), unsafe.Slice(p.Offsets, p.Taps)
	for i := range p.Rows {
		y := p.row(p.Y, i*p.YRow)
		for j := range y {
			y[j] = p.Bias
		}
		for t, o := range offsets {
			for j, v := range p.row(p.X, int(o)+i*p.XRow) {
				y[j] += w[t] * v
			}
		}
		for j, v := range y {
			y[j] = p.Act.of(v)
		}
	}
}

// depthwiseWeightsGeneric computes the gradient of up to 5 weights of a depthwise
// convolution from the gradient Y of a plane of its result:
//
//	W[t] = sum over i, j of Y[i][j] * X[Offsets[t] + i*XRow + j]
//
// in 16 virtual lanes, column j in lane j%16, i ascending, then j. N is a multiple
// of 16. Bias and Act are not used.
func depthwiseWeightsGeneric(p *DepthwisePlane) {
	for t, o := range unsafe.Slice(p.Offsets, p.Taps) {
		var lanes [16]float32
		for i := range p.Rows {
			x := p.row(p.X, int(o)+i*p.XRow)
			for j, g := range p.row(p.Y, i*p.YRow) {
				lanes[j%16] += g * x[j]
			}
		}
		unsafe.Slice(p.W, p.Taps)[t] = fold16(&lanes)
	}
}

// sliding returns the kernel that takes slide for planes with Side of at least 4 rows and
// more columns than a vector has, else every.
func sliding(every, slide func(p *DepthwisePlane), vector int) func(p *DepthwisePlane) {
	const rows = 4
	return func(p *DepthwisePlane) {
		if p.Side != 0 && p.Rows >= rows && p.N > vector {
			slide(p)
		} else {
			every(p)
		}
	}
}

// row returns N elements from the given one on.
func (p *DepthwisePlane) row(first *float32, at int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(first), at*4)), p.N)
}

// DepthwiseRows is what the kernels for filters of 3x3 and 5x5 with stride 1 or 2 work on:
// consecutive planes of Rows x N results at Y, and as many of XRows x XN, not padded,
// that their filters read. X is 0 outside of its planes: taps beside a plane are
// multiplied with 0, rows of a filter above and below it left out. At row i and column j
// of Y tap (r, s) meets X[i*Stride+r-Top][j*Stride+s-Left] or, if the filter is Turned around,
// X[(i+Top-r)/Stride][(j+Left-s)/Stride] if these are integers.
//
// Side is 3 or 5, Rows at least 4, Top and Left at most 8. Taps meet nothing more than 8
// columns behind a plane: (N-1)*Stride is less than XN + 8, or (N-1+Left)/Stride where the filter
// is Turned, which also has no bias or activation. W holds a
// filter for each plane. A call should take less than 256 Ki multiply-adds, so that it
// takes microseconds.
type DepthwiseRows struct {
	Y, X, W   *float32
	Bias      *float32 // one for each plane, or nil
	Planes    int
	Side      int
	Stride    int
	Rows, N   int
	XRows, XN int
	Top, Left int
	Turned    bool
	Act       Activation // not GELU
}

// depthwiseRowsGeneric computes
//
//	Y[i][j] = Act(Bias + sum over r, s of W[r][s] * X[i*Stride+r-Top][j*Stride+s-Left])
//
// for each plane, or what it is for a filter turned around, each sum one chain of
// multiply-adds with r ascending, then s. Y is disjoint from what is read.
func depthwiseRowsGeneric(p *DepthwiseRows) {
	for c := range p.Planes {
		bias := float32(0)
		if p.Bias != nil {
			bias = unsafe.Slice(p.Bias, p.Planes)[c]
		}
		y, x, w := unsafe.Slice(p.Y, p.Planes*p.Rows*p.N)[c*p.Rows*p.N:], p.plane(c), p.filter(c)
		for i := range p.Rows {
			for j := range p.N {
				sum := bias
				p.visit(i, j, func(tap, at int) { sum += w[tap] * orZero(x, at) })
				y[i*p.N+j] = p.Act.of(sum)
			}
		}
	}
}

// depthwiseStrides returns the kernel for any stride from those for stride 1, for stride 2
// and for stride 2 with the filter turned around.
func depthwiseStrides(one, two, turned func(p *DepthwiseRows)) func(p *DepthwiseRows) {
	return func(p *DepthwiseRows) {
		switch {
		case p.Stride == 1:
			one(p)
		case p.Turned:
			turned(p)
		default:
			two(p)
		}
	}
}

// depthwiseEdges reports whether the kernels of AVX2 read planes in place: those that are as wide
// as the results times the stride and begin at the middle of the filter, or one before with
// stride 2. They mask only the first taps of the first 8 columns and the last taps of the last
// 8, so a tap must not meet two edges in one vector nor the right edge from two. Results of 7x7 are
// a case of their own.
func depthwiseEdges(p *DepthwiseRows) bool {
	const vector = 8
	half := p.Side / 2
	if p.XN != p.N*p.Stride || p.Left > half || p.Left < half+1-p.Stride {
		return false
	}
	return p.N >= vector+half && (p.N-1)%vector >= half-1 || p.of7()
}

// of7 reports whether the results are 7x7, of planes of 7x7 or, with stride 2, of 14x14.
func (p *DepthwiseRows) of7() bool {
	const side = 7
	x := side * p.Stride
	return p.Rows == side && p.N == side && p.XRows == x && p.XN == x && (p.Stride == 2 || p.Top == p.Side/2 && p.Left == p.Side/2)
}

// sevens returns the kernel for planes that depthwiseEdges takes from those for results of
// others than 7x7 and of these.
func sevens(others, of7 func(p *DepthwiseRows)) func(p *DepthwiseRows) {
	return func(p *DepthwiseRows) {
		if p.of7() {
			of7(p)
		} else {
			others(p)
		}
	}
}

// filter returns the weights of plane c.
func (p *DepthwiseRows) filter(c int) []float32 {
	taps := p.Side * p.Side
	return unsafe.Slice(p.W, p.Planes*taps)[c*taps:][:taps]
}

// plane returns plane c of X.
func (p *DepthwiseRows) plane(c int) []float32 {
	size := p.XRows * p.XN
	return unsafe.Slice(p.X, p.Planes*size)[c*size:][:size]
}

// visit calls f for every tap that a row of the plane meets and where it meets the
// plane from element (i, j) of Y, -1 beside it.
func (p *DepthwiseRows) visit(i, j int, f func(tap, at int)) {
	for r := range p.Side {
		for s := range p.Side {
			row, col := i*p.Stride+r-p.Top, j*p.Stride+s-p.Left
			if p.Turned {
				row, col = i+p.Top-r, j+p.Left-s
				if row%p.Stride != 0 || col%p.Stride != 0 {
					continue
				}
				row, col = row/p.Stride, col/p.Stride
			}
			if row < 0 || row >= p.XRows {
				continue
			}
			at := row*p.XN + col
			if col < 0 || col >= p.XN {
				at = -1
			}
			f(r*p.Side+s, at)
		}
	}
}

// orZero returns the element of a plane that visit names, 0 beside it: a weight or a gradient that is
// not finite makes NaN of it, as it does in a padded copy.
func orZero(x []float32, at int) float32 {
	if at < 0 {
		return 0
	}
	return x[at]
}

// depthwiseRowsWeightsGeneric adds to the weights' gradients W the sums
//
//	W[r][s] += sum over i, j of Y[i][j] * X[i*Stride+r-Top][j*Stride+s-Left]
//
// for each plane, in 16 virtual lanes, column j in lane j%16, i ascending, then j. Bias,
// Turned and Act are not used.
func depthwiseRowsWeightsGeneric(p *DepthwiseRows) {
	var lanes [25][16]float32
	for c := range p.Planes {
		clear(lanes[:])
		y, x, w := unsafe.Slice(p.Y, p.Planes*p.Rows*p.N)[c*p.Rows*p.N:], p.plane(c), p.filter(c)
		for i := range p.Rows {
			for j := range p.N {
				p.visit(i, j, func(tap, at int) { lanes[tap][j%16] += y[i*p.N+j] * orZero(x, at) })
			}
		}
		for tap := range w {
			w[tap] += fold16(&lanes[tap])
		}
	}
}
