package simd

import "runtime"

// PeakSteps is the number of steps at which one call of Peak stays well under
// 100 us on any CPU of the last ten years, so that the garbage collector never
// waits for it, and above which the cost of the call no longer shows.
const PeakSteps = 4096

// peakGeneric runs n steps of independent multiply-add chains that stay in
// registers, x = x*m + a, and returns the floating-point operations done. Timed,
// it gives the ceiling of every matrix product and convolution of its kernel set: no
// kernel can issue multiply-adds faster. There are more chains than the CPU
// needs to hide the latency of one (latency x units: 8 on today's x86, 16 on
// the widest arm64 cores). n is at least 1.
func peakGeneric(n int) (flops int) {
	// Four registers are left for m, a and the compiler.
	var x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 float32
	m, a := peakOperands[0], peakOperands[1]
	for range n {
		x0 = x0*m + a
		x1 = x1*m + a
		x2 = x2*m + a
		x3 = x3*m + a
		x4 = x4*m + a
		x5 = x5*m + a
		x6 = x6*m + a
		x7 = x7*m + a
		x8 = x8*m + a
		x9 = x9*m + a
		x10 = x10*m + a
		x11 = x11*m + a
	}
	runtime.KeepAlive(x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11)
	return n * 12 * 2
}

// peakOperands are m and a: a variable, so that the compiler can't fold the
// chains; values that neither overflow nor decay into denormals.
var peakOperands = [2]float32{0.999, 0.001}
