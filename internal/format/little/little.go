// Package little reads and writes arrays as little-endian bytes.
package little

import (
	"encoding/binary"
	"io"
	"math"
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

// Float16 returns the value of the bits of a number of IEEE 754's binary16.
func Float16(bits uint16) float32 {
	sign, exponent, fraction := uint32(bits>>15)<<31, uint32(bits>>10&31), uint32(bits&1023)
	switch exponent {
	case 0:
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent-15+127)<<23 | fraction<<13)
}

// BFloat16 returns the value of the bits of a bfloat16, the upper half of a
// float32.
func BFloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }
