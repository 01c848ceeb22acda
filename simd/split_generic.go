package simd

import "unsafe"

// splitGeneric writes the elements of src with an even number to even, those
// with an odd one to odd, n of each. n is at least 1.
func splitGeneric(even, odd, src *float32, n int) {
	e, o, s := unsafe.Slice(even, n), unsafe.Slice(odd, n), unsafe.Slice(src, 2*n)
	for i := range n {
		e[i], o[i] = s[2*i], s[2*i+1]
	}
}

// joinGeneric is the inverse of splitGeneric.
func joinGeneric(dst, even, odd *float32, n int) {
	d, e, o := unsafe.Slice(dst, 2*n), unsafe.Slice(even, n), unsafe.Slice(odd, n)
	for i := range n {
		d[2*i], d[2*i+1] = e[i], o[i]
	}
}
