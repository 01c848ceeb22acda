//go:build !purego

package simd

import "unsafe"

// transposePairsNEON is transposePairsGeneric, a block of rows and columns at a time.
func transposePairsNEON(dst, src *float32, rows, cols, dstRow, srcRow int) {
	var block [(pairsDepth + 1) * pairsRows]float32
	for i := 0; i < rows; i += pairsRows {
		m := min(pairsRows, rows-i)
		for j := 0; j < cols; j += pairsDepth {
			n := min(pairsDepth, cols-j)
			transposeNEON(&block[0], element(src, i*srcRow+j), m, n, m, srcRow)
			if n%2 != 0 {
				clear(block[n*m:][:m])
			}
			for k := 0; k < n; k += 2 {
				pairRowsNEON(element(dst, (j+k)/2*dstRow+i), &block[k*m], &block[(k+1)*m], m)
			}
		}
	}
}

// gatherPairsNEON is gatherPairsGeneric, a pair of runs at a time.
func gatherPairsNEON(dst, src *float32, offsets *int32, count, dstRow, n int) {
	var zeros [64]float32
	at := unsafe.Slice(offsets, count)
	for i := 0; i+1 < count; i += 2 {
		pairRowsNEON(element(dst, i/2*dstRow), element(src, int(at[i])), element(src, int(at[i+1])), n)
	}
	if count%2 == 0 {
		return
	}
	for j := 0; j < n; j += len(zeros) {
		pairRowsNEON(element(dst, count/2*dstRow+j), element(src, int(at[count-1])+j), &zeros[0], min(len(zeros), n-j))
	}
}

// gemmPairsOrGeneric is gemmPairsNEON, and the generic kernel where results were about to
// become denormal: few tiles, if any.
func gemmPairsOrGeneric(t *GemmTile) {
	if gemmPairsNEON(t) {
		gemmPairsGeneric(t)
	}
}
