// Package little reads and writes arrays as little-endian bytes.
package little

import (
	"encoding/binary"
	"io"
	"slices"
)

// Element is what arrays are made of.
type Element interface{ uint8 | float32 | int64 }

// chunk bounds the elements converted at once, so that an array costs no
// second copy of itself.
const chunk = 1 << 14

// Read fills the array from r.
func Read[E Element](r io.Reader, array []E) error {
	for part := range slices.Chunk(array, chunk) {
		if err := binary.Read(r, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}

// Write writes the array to w.
func Write[E Element](w io.Writer, array []E) error {
	for part := range slices.Chunk(array, chunk) {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}
