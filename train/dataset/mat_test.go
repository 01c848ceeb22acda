package dataset

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// array is what matFile writes as a matrix.
type array struct {
	name     string
	class    uint8
	dataType uint32
	dims     []int32
	data     []byte
}

// matFile builds a plain MATLAB 5 file, header and padding as the format has
// them.
func matFile(arrays ...array) []byte {
	le := binary.LittleEndian
	element := func(b []byte, kind uint32, data []byte) []byte {
		b = le.AppendUint32(le.AppendUint32(b, kind), uint32(len(data)))
		return append(append(b, data...), make([]byte, -len(data)&7)...)
	}
	file := append(bytes.Repeat([]byte{' '}, 124), 0, 1, 'I', 'M')
	for _, a := range arrays {
		body := element(nil, miUint32, []byte{a.class, 0, 0, 0, 0, 0, 0, 0})
		var dims []byte
		for _, d := range a.dims {
			dims = le.AppendUint32(dims, uint32(d))
		}
		body = element(body, miInt32, dims)
		body = element(body, miInt8, []byte(a.name))
		body = element(body, a.dataType, a.data)
		file = element(file, miMatrix, body)
	}
	return file
}

// TestLabelTypes reads labels in every type that MATLAB may store them in.
func TestLabelTypes(t *testing.T) {
	le := binary.LittleEndian
	x := array{"X", mxUint8, miUint8, []int32{32, 32, 3, 2}, make([]byte, 2*3072)}
	for dataType, data := range map[uint32][]byte{
		miInt8:   {10, 3},
		miUint8:  {10, 3},
		miInt16:  le.AppendUint16(le.AppendUint16(nil, 10), 3),
		miUint16: le.AppendUint16(le.AppendUint16(nil, 10), 3),
		miInt32:  le.AppendUint32(le.AppendUint32(nil, 10), 3),
		miUint32: le.AppendUint32(le.AppendUint32(nil, 10), 3),
		miSingle: le.AppendUint32(le.AppendUint32(nil, math.Float32bits(10)), math.Float32bits(3)),
		miDouble: le.AppendUint64(le.AppendUint64(nil, math.Float64bits(10)), math.Float64bits(3)),
	} {
		images, err := parseSVHN(bytes.NewReader(matFile(x, array{"y", 6, dataType, []int32{2, 1}, data})))
		require.NoError(t, err)
		require.Equal(t, []uint16{0, 3}, images.Labels)
	}
}

// TestOtherArrays passes over arrays that were not asked for.
func TestOtherArrays(t *testing.T) {
	file := matFile(
		array{"other", 1, miMatrix, []int32{1, 1}, make([]byte, 100)},
		array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)},
		array{"y", 6, miUint8, []int32{1, 1}, []byte{5}},
	)
	images, err := parseSVHN(bytes.NewReader(file))
	require.NoError(t, err)
	require.Equal(t, []uint16{5}, images.Labels)
}
