package simd

import "unsafe"

// avgPool2Generic computes the means of windows of 2x2: element j of row r of y is
// that of columns 2j and 2j+1 of rows 2r and 2r+1 of x. Rows of y have n elements,
// those of x 2n, and lie one behind the other; rows and n are at least 1.
func avgPool2Generic(y, x *float32, rows, n int) {
	to, from := unsafe.Slice(y, rows*n), unsafe.Slice(x, 4*rows*n)
	for r := range rows {
		above, below := from[4*r*n:][:2*n], from[(4*r+2)*n:][:2*n]
		for j := range n {
			to[r*n+j] = ((above[2*j] + below[2*j]) + (above[2*j+1] + below[2*j+1])) * 0.25
		}
	}
}

// avgPool2BackwardGeneric spreads a quarter of each element of dy over its window
// of dx, shapes as in avgPool2Generic.
func avgPool2BackwardGeneric(dx, dy *float32, rows, n int) {
	to, from := unsafe.Slice(dx, 4*rows*n), unsafe.Slice(dy, rows*n)
	for r := range rows {
		above, below := to[4*r*n:][:2*n], to[(4*r+2)*n:][:2*n]
		for j := range n {
			quarter := from[r*n+j] * 0.25
			above[2*j], above[2*j+1], below[2*j], below[2*j+1] = quarter, quarter, quarter, quarter
		}
	}
}
