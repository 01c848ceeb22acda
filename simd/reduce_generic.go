package simd

// The reductions run in 16 virtual lanes (see the package comment), so a sum
// over a longer array, cut at fixed places and added in order, has the same
// bits however many threads shared it. Their error grows with n/16. The sum of
// nothing is 0. A call runs without preemption, so callers cut work at about
// 64 Ki elements.

// sumGeneric returns the sum of x[i].
func sumGeneric(x []float32) float32 {
	var lanes [16]float32
	for i, v := range x {
		lanes[i%16] += v
	}
	return fold16(&lanes)
}

// sqDistGeneric returns the sum of (x[i]-y[i])^2.
func sqDistGeneric(x, y []float32) float32 {
	var lanes [16]float32
	for i, v := range x {
		d := v - y[i]
		lanes[i%16] += d * d
	}
	return fold16(&lanes)
}

// fold16 adds 16 virtual lanes in the order that every kernel set keeps.
func fold16(lanes *[16]float32) float32 {
	for width := 8; width > 0; width /= 2 {
		for j := range width {
			lanes[j] += lanes[j+width]
		}
	}
	return lanes[0]
}
