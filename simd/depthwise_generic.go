package simd

import "unsafe"

// DepthwisePlane is what the depthwise kernels work on: a plane of Rows x N values
// at Y, rows YRow apart, and the plane X that its filter reads, padded, rows XRow
// apart. Tap t of the filter meets X[Offsets[t] + i*XRow + j] at row i and column
// j of Y. A plane whose columns were parted by the stride (Split) meets neighbours
// at every stride.
//
// X is read, and what is read there not used, up to N rounded up to a multiple of
// 16 columns. Taps, Rows and N are at least 1; all distances count elements. A call
// should take less than 256 Ki multiply-adds, so that it takes microseconds.
type DepthwisePlane struct {
	Y, X, W       *float32
	Offsets       *int32
	Taps, Rows, N int
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

// row returns N elements from the given one on.
func (p *DepthwisePlane) row(first *float32, at int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(first), at*4)), p.N)
}
