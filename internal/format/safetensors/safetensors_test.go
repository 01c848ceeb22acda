package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReference reads a file written by another implementation: the vectors of
// PyTorch's cross-entropy.
func TestReference(t *testing.T) {
	tensors, metadata, err := Read("testdata/cross_entropy.safetensors")
	require.NoError(t, err)
	require.Nil(t, metadata)
	byName := map[string]Tensor{}
	for _, tensor := range tensors {
		byName[tensor.Name] = tensor
	}
	x, labels, y := byName["x"], byName["labels"], byName["y"]
	require.Len(t, x.Shape, 2)
	require.Len(t, x.Data, x.Shape[0]*x.Shape[1])
	require.Equal(t, []int{x.Shape[0]}, labels.Shape)
	require.Empty(t, y.Shape)
	require.Len(t, y.Data, 1)

	// The stored loss is the mean cross-entropy of the stored logits.
	loss := 0.0
	for i, label := range labels.Int64 {
		row, sum := x.Data[i*x.Shape[1]:][:x.Shape[1]], 0.0
		for _, v := range row {
			sum += math.Exp(float64(v))
		}
		loss += (math.Log(sum) - float64(row[label])) / float64(x.Shape[0])
	}
	require.InDelta(t, loss, y.Data[0], 1e-5)
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	large := make([]float32, 100_003)
	for i := range large {
		large[i] = float32(i)
	}
	in := []Tensor{
		{Name: "bytes", Shape: []int{3}, Bytes: []byte{1, 2, 255}},
		{Name: "conv1.weight", Shape: []int{2, 1}, Data: []float32{-0.5, float32(math.Inf(1))}},
		{Name: `odd "name" é <&>`, Shape: []int{100_003}, Data: large},
		{Name: "tracked", Shape: []int{}, Int64: []int64{-1 << 62}},
		{Name: "empty", Shape: []int{0, 4}, Data: []float32{}},
	}
	metadata := map[string]string{"b": "2", "a": "1"}
	require.NoError(t, Write(path, in, metadata))
	out, got, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, metadata, got)
	require.Equal(t, []Tensor{in[3], in[1], in[2], in[4], in[0]}, out, "wider elements first")

	first, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Zero(t, binary.LittleEndian.Uint64(first)%8, "header is padded")
	require.NoError(t, Write(path, in, metadata))
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(first, second), "the same arguments give the same bytes")
}

func TestNoTensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	require.NoError(t, Write(path, nil, nil))
	out, metadata, err := Read(path)
	require.NoError(t, err)
	require.Empty(t, out)
	require.Nil(t, metadata)
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	one := []float32{1}
	for name, tensors := range map[string][]Tensor{
		"do not fill":  {{Name: "a", Shape: []int{2}, Data: one}},
		"taken":        {{Name: "a", Shape: []int{1}, Data: one}, {Name: "a", Shape: []int{1}, Data: one}},
		"__metadata__": {{Name: "__metadata__", Shape: []int{1}, Data: one}},
		"not UTF-8":    {{Name: "\xff", Shape: []int{1}, Data: one}},
	} {
		require.ErrorContains(t, Write(path, tensors, nil), name)
		require.NoFileExists(t, path)
	}
}

// file builds a file of a header and that many bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

var malformedFiles = map[string][]byte{
	"too short":                {1, 2, 3},
	"at most":                  binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
	"header of 100":            append(binary.LittleEndian.AppendUint64(nil, 100), "{}"...),
	"does not begin":           file(` {}`, 0),
	`tensor "a": EOF`:          file(`{"a":`, 0),
	"after the header":         file(`{}x`, 0),
	"UTF-8":                    file("{\"\xff\":{}}", 0),
	"unknown key":              file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4),
	`unknown key "Dtype"`:      file(`{"a":{"Dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
	`duplicate key "a"`:        file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
	`duplicate key "shape"`:    file(`{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 4),
	"two data_offsets":         file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4),
	"64 dimensions":            file(`{"a":{"dtype":"F32","shape":[0`+strings.Repeat(",0", 64)+`],"data_offsets":[0,0]}}`, 0),
	"shape of":                 file(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}`, 4),
	`"F4"`:                     file(`{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,4]}}`, 4),
	"takes bytes 4 to 8":       file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
	"must begin at 4":          file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6),
	"end by 4":                 file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4),
	"takes bytes 0 to -4":      file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}}`, 4),
	"needs 8 bytes":            file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
	"impossible shape [-1 -1]": file(`{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 4),
	"impossible shape [4294967296 4294967296]": file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4),
	"4 bytes after the last":                   file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8),
	"is not a string":                          file(`{"__metadata__":{"a":1}}`, 0),
	"where an object":                          file(`{"a":[]}`, 0),
}

func TestMalformed(t *testing.T) {
	for message, content := range malformedFiles {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		require.NoError(t, os.WriteFile(path, content, 0o644))
		_, _, err := Read(path)
		require.ErrorIs(t, err, ErrFormat, message)
		require.ErrorContains(t, err, message)
		require.True(t, strings.HasPrefix(err.Error(), path+": "), err)
	}
}

func TestMissing(t *testing.T) {
	_, _, err := Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzDecode(f *testing.F) {
	for _, content := range malformedFiles {
		f.Add(content)
	}
	reference, err := os.ReadFile("testdata/cross_entropy.safetensors")
	require.NoError(f, err)
	f.Add(reference)
	f.Fuzz(func(t *testing.T, content []byte) {
		tensors, metadata, err := decode(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			require.Less(t, len(err.Error()), 2000)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		// What was accepted can be written and comes back the same.
		header, ordered, err := buildHeader(tensors, metadata)
		require.NoError(t, err)
		var again bytes.Buffer
		require.NoError(t, binary.Write(&again, binary.LittleEndian, uint64(len(header))))
		again.Write(header)
		for _, tensor := range ordered {
			require.NoError(t, writeData(&again, tensor))
		}
		got, gotMetadata, err := decode(bytes.NewReader(again.Bytes()), int64(again.Len()))
		require.NoError(t, err)
		require.Equal(t, metadata, gotMetadata)
		require.Len(t, got, len(ordered))
		for i := range got {
			require.Equal(t, ordered[i].Name, got[i].Name)
			require.Equal(t, ordered[i].Shape, got[i].Shape)
			require.Equal(t, ordered[i].Int64, got[i].Int64)
			require.Equal(t, ordered[i].Bytes, got[i].Bytes)
			for j, v := range ordered[i].Data { // NaN may be among them
				require.Equal(t, math.Float32bits(v), math.Float32bits(got[i].Data[j]))
			}
		}
	})
}

// The bytes are the numbers' encodings as numpy and torch write them.
func TestOtherTypesAreConverted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dtype, data string
		want        Tensor
	}{
		{"F16", "\x00\x3c\x00\xc0\x01\x00\xff\x7b\x00\x80\x00\xfc", Tensor{Data: []float32{1, -2, 0x1p-24, 65504, float32(math.Copysign(0, -1)), float32(math.Inf(-1))}}},
		{"BF16", "\x80\x3f\xc0\xbf", Tensor{Data: []float32{1, -1.5}}},
		{"F64", "\x9a\x99\x99\x99\x99\x99\xb9\x3f", Tensor{Data: []float32{0.1}}},
		{"I32", "\xfe\xff\xff\xff", Tensor{Int64: []int64{-2}}},
		{"I16", "\xfe\xff", Tensor{Int64: []int64{-2}}},
		{"I8", "\xfe", Tensor{Int64: []int64{-2}}},
		{"U32", "\xfe\xff\xff\xff", Tensor{Int64: []int64{1<<32 - 2}}},
		{"U16", "\xfe\xff", Tensor{Int64: []int64{1<<16 - 2}}},
		{"BOOL", "\x01\x00", Tensor{Int64: []int64{1, 0}}},
		{"F8_E4M3", "\x01\x02", Tensor{Unread: "F8_E4M3"}},
	} {
		n := len(c.data) / int(elementSizes[c.dtype])
		content := file(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[%d],"data_offsets":[0,%d]}}`, c.dtype, n, len(c.data)), 0)
		content = append(content, c.data...)
		tensors, _, err := decode(bytes.NewReader(content), int64(len(content)))
		require.NoError(t, err, c.dtype)
		c.want.Name, c.want.Shape = "a", []int{n}
		require.Equal(t, []Tensor{c.want}, tensors, c.dtype)
	}
}
