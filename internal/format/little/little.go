// Package little reads and writes arrays as little-endian bytes.
package little

import (
	"encoding/binary"
	"io"
	"slices"
)

// Element is what arrays are made of.
type Element interface{ uint8 | float32 | int64 }

// chunk bounds the elements converted at once, through one buffer, so that an
// array costs no second copy of itself.
const chunk = 1 << 14

// Read fills the array from r.
func Read[E Element](r io.Reader, array []E) error {
	buffer := make([]byte, binary.Size(array[:min(len(array), chunk)]))
	for part := range slices.Chunk(array, chunk) {
		encoded := buffer[:binary.Size(part)]
		if _, err := io.ReadFull(r, encoded); err != nil {
			return err
		}
		if _, err := binary.Decode(encoded, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}

// Write writes the array to w.
func Write[E Element](w io.Writer, array []E) error {
	var buffer []byte
	for part := range slices.Chunk(array, chunk) {
		var err error
		if buffer, err = binary.Append(buffer[:0], binary.LittleEndian, part); err != nil {
			return err
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}
