package simd

import "github.com/meada-cpu/meada-cpu/internal/rng"

// dropoutGeneric sets y[i] = x[i]*scale, or 0 where draw i is below threshold. The
// draws are the 16-bit halves, the low one first, of the words of rng's blocks:
// eight a block, from the given one on. The length is a multiple of 8; y may be x.
func dropoutGeneric(y, x []float32, seed, stream, block uint64, threshold uint32, scale float32) {
	for i := 0; i < len(x); i += 8 {
		for j, word := range rng.Block(seed, rng.Stream(stream), block) {
			at := i + 2*j
			y[at], y[at+1] = x[at]*scale, x[at+1]*scale
			if word&0xffff < threshold {
				y[at] = 0
			}
			if word>>16 < threshold {
				y[at+1] = 0
			}
		}
		block++
	}
}
