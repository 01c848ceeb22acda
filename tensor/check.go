package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// mostElements is how many elements a slice can have: no system gives a process more
// than 2^47 bytes.
const mostElements = math.MaxInt / 4 >> (bits.UintSize / 64 * 16)

// Elements returns the product of the sizes of a shape. It panics if one is
// negative or if the elements would not fit in memory.
func Elements(sizes ...int) int {
	n := 1
	for _, size := range sizes {
		if size < 0 || size > 0 && n > mostElements/size {
			panic(fmt.Sprintf("tensor: impossible shape %d", slices.Clone(sizes))) // sizes itself must not escape
		}
		n *= size
	}
	return n
}

// Check panics unless t has this shape and its images lie within its data. Kernels
// read and write without bounds checks, so whoever hands them tensors asks first,
// once a call; what names t in the message.
func (t Tensor) Check(what string, n, c, h, w int) {
	if !t.Is(n, c, h, w) {
		panic(fmt.Sprintf("%s is %v, expected %dx%dx%dx%d", what, t, n, c, h, w))
	}
	size := Elements(c, h, w)
	if n > 0 && (t.Stride < size || t.Stride > math.MaxInt/max(n, 1) || (n-1)*t.Stride+size > len(t.Data)) {
		panic(fmt.Sprintf("%s is %v, images %d elements apart, in %d elements", what, t, t.Stride, len(t.Data)))
	}
}

// CheckVector panics unless x has at least n elements.
func CheckVector[T any](what string, x []T, n int) {
	if len(x) < n {
		panic(fmt.Sprintf("%s has %d elements, expected %d", what, len(x), n))
	}
}

// checkMatrix panics unless x holds rows x cols elements, rows ld apart.
func checkMatrix(what string, x []float32, rows, cols, ld int) {
	if ld < cols || ld > math.MaxInt/rows || (rows-1)*ld+cols > len(x) {
		panic(fmt.Sprintf("tensor: %s of a matrix product is %dx%d with rows %d apart, in %d elements", what, rows, cols, ld, len(x)))
	}
}
