package onnx

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/meada-cpu/meada-cpu/internal/format/little"
)

// Wire types of protocol buffers.
const (
	wireVarint = 0
	wireBytes  = 2
	wire32     = 5
)

// message is a protocol buffer in pieces: bytes, and arrays that stay where they are
// until they are written.
type message struct {
	pieces []any // []byte or []float32
	size   int   // in bytes
}

func (m *message) key(field, wire uint64) { m.append(binary.AppendUvarint(nil, field<<3|wire)) }

// append adds bytes that belong to the message.
func (m *message) append(b []byte) {
	m.size += len(b)
	if last := len(m.pieces) - 1; last >= 0 {
		if before, ok := m.pieces[last].([]byte); ok {
			m.pieces[last] = append(before, b...)
			return
		}
	}
	m.pieces = append(m.pieces, b)
}

func (m *message) integer(field uint64, v int64) {
	m.key(field, wireVarint)
	m.append(binary.AppendUvarint(nil, uint64(v)))
}

func (m *message) float(field uint64, v float32) {
	m.key(field, wire32)
	m.append(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
}

func (m *message) text(field uint64, s string) {
	m.length(field, len(s))
	m.append([]byte(s))
}

// integers adds a repeated field, one key for each value.
func (m *message) integers(field uint64, values []int) {
	for _, v := range values {
		m.integer(field, int64(v))
	}
}

// length begins a field of so many bytes.
func (m *message) length(field uint64, bytes int) {
	m.key(field, wireBytes)
	m.append(binary.AppendUvarint(nil, uint64(bytes)))
}

func (m *message) message(field uint64, sub *message) {
	m.length(field, sub.size)
	for _, piece := range sub.pieces {
		switch p := piece.(type) {
		case []byte:
			m.append(p)
		case []float32:
			m.array(p)
		}
	}
}

// floats adds a field of the little-endian bytes of values.
func (m *message) floats(field uint64, values []float32) {
	m.length(field, 4*len(values))
	m.array(values)
}

func (m *message) array(values []float32) {
	m.pieces = append(m.pieces, values)
	m.size += 4 * len(values)
}

func (m *message) write(w io.Writer) error {
	for _, piece := range m.pieces {
		var err error
		switch p := piece.(type) {
		case []byte:
			_, err = w.Write(p)
		case []float32:
			err = little.Write(w, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
