package simd

// addCurveGeneric adds to each x, from 0 to 1, the value at x of a curve that is known at
// even steps: samples[1] at 0, samples[len-2] at 1, samples[0] and samples[len-1] one step
// outside, 4 or more of them. Between two of them it is the cubic polynomial through these
// and their neighbours, each operation rounded on its own. What an x outside of 0 to 1
// becomes is not defined.
func addCurveGeneric(x, samples []float32) {
	last := int32(len(samples) - 4)
	for i, v := range x {
		t := float32(v * float32(last+1))
		step := min(max(int32(t), 0), last)
		t -= float32(step)
		y := (*[4]float32)(samples[step:])
		third := float32((y[3]-y[0])/6) + float32((y[1]-y[2])/2)
		second := float32((y[0]+y[2])/2) - y[1]
		first := y[2] - y[1] - second - third
		x[i] = v + (y[1] + float32(t*(first+float32(t*(second+float32(t*third))))))
	}
}
