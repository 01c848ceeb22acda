package simd

// generic is the row in plain Go that every other row begins as a copy of.
var generic = Kernels{
	Name: "generic",

	Peak: peakGeneric,

	MR: 4, NR: 16,
	Gemm:      gemmGeneric,
	Transpose: transposeGeneric,
	Gather:    gatherGeneric,
}
