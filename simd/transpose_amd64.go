//go:build !purego

package simd

// threeColumns says which of three rows' elements are 48 of their columns' in turn: the
// column, and 16 more for those of the second row.
var threeColumns = func() (index [48]int32) {
	for i := range index {
		index[i] = int32(i / 3)
		if i%3 == 1 {
			index[i] += 16
		}
	}
	return index
}()
