package simd

import "unsafe"

// deinterleave2Generic writes the elements of each row of src with an even number to even,
// those with an odd one to odd, n of each. The rows of even and odd are dstRow
// elements apart, those of src srcRow. rows and n are at least 1.
func deinterleave2Generic(even, odd, src *float32, rows, n, dstRow, srcRow int) {
	e, o := unsafe.Slice(even, (rows-1)*dstRow+n), unsafe.Slice(odd, (rows-1)*dstRow+n)
	s := unsafe.Slice(src, (rows-1)*srcRow+2*n)
	for r := range rows {
		for i := range n {
			e[r*dstRow+i], o[r*dstRow+i] = s[r*srcRow+2*i], s[r*srcRow+2*i+1]
		}
	}
}

// interleave2Generic is the inverse of deinterleave2Generic: the rows of dst are dstRow elements
// apart, those of even and odd srcRow.
func interleave2Generic(dst, even, odd *float32, rows, n, dstRow, srcRow int) {
	d := unsafe.Slice(dst, (rows-1)*dstRow+2*n)
	e, o := unsafe.Slice(even, (rows-1)*srcRow+n), unsafe.Slice(odd, (rows-1)*srcRow+n)
	for r := range rows {
		for i := range n {
			d[r*dstRow+2*i], d[r*dstRow+2*i+1] = e[r*srcRow+i], o[r*srcRow+i]
		}
	}
}
