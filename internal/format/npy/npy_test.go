package npy

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNumPyFiles reads files that numpy.save wrote, and writes the same bytes.
func TestNumPyFiles(t *testing.T) {
	for name, shape := range map[string][]int{
		"uint8": {4, 16, 16}, "int64": {6}, "float32": {6, 10}, "scalar": {},
	} {
		path := filepath.Join("testdata", name+".npy")
		a, err := Read(path)
		require.NoError(t, err)
		require.Equal(t, shape, a.Shape)
		copied := filepath.Join(t.TempDir(), "copy.npy")
		require.NoError(t, Write(copied, a))
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(copied)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	labels, err := Read("testdata/int64.npy")
	require.NoError(t, err)
	for _, label := range labels.Int64 {
		require.True(t, 0 <= label && label < 10)
	}
}

func TestRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	all := Array{Shape: []int{50, 1000}, Float32: make([]float32, 50_000)}
	for i := range all.Float32 {
		all.Float32[i] = float32(i)
	}
	require.NoError(t, Write(path, all))
	f, err := Open(path)
	require.NoError(t, err)
	defer f.Close()
	part, err := f.Rows(7, 2)
	require.NoError(t, err)
	require.Equal(t, Array{Shape: []int{2, 1000}, Float32: all.Float32[7000:9000]}, part)
	none, err := f.Rows(50, 0)
	require.NoError(t, err)
	require.Empty(t, none.Float32)
	for _, r := range [][2]int{{-1, 1}, {49, 2}, {0, -1}, {51, 0}} {
		_, err := f.Rows(r[0], r[1])
		require.ErrorContains(t, err, path)
	}
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	err := Write(path, Array{Shape: []int{2, 3}, Bytes: make([]byte, 5)})
	require.ErrorContains(t, err, "do not fill")
	require.NoFileExists(t, path)
}

func TestWriteBytes(t *testing.T) {
	dir := t.TempDir()
	whole, parts := filepath.Join(dir, "whole.npy"), filepath.Join(dir, "parts.npy")
	data := []byte{1, 2, 3, 4, 5, 6}
	require.NoError(t, Write(whole, Array{Shape: []int{2, 3}, Bytes: data}))
	require.NoError(t, WriteBytes(parts, []int{2, 3}, func(w io.Writer) error {
		_, err := w.Write(data[:4])
		require.NoError(t, err)
		_, err = w.Write(data[4:])
		return err
	}))
	a, err := os.ReadFile(whole)
	require.NoError(t, err)
	b, err := os.ReadFile(parts)
	require.NoError(t, err)
	require.Equal(t, a, b)

	short := filepath.Join(dir, "short.npy")
	err = WriteBytes(short, []int{2, 3}, func(w io.Writer) error { _, err := w.Write(data[:5]); return err })
	require.ErrorContains(t, err, "5 bytes do not fill")
	require.NoFileExists(t, short)
}

// file builds a version 1.0 file of a header and that many bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte(magic+"\x01\x00"), uint16(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestSpellings(t *testing.T) {
	for _, header := range []string{
		`{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }`,
		`{"shape":(2,3),"fortran_order":False,"descr":"|u1"}`,
		"{'shape': (2, 3,), 'descr': '|u1', 'fortran_order': False}  \n",
	} {
		f, err := open(bytes.NewReader(file(header, 6)), int64(len(file(header, 6))))
		require.NoError(t, err, header)
		require.Equal(t, []int{2, 3}, f.Shape)
	}
	header := `{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }`
	two := binary.LittleEndian.AppendUint32([]byte(magic+"\x02\x00"), uint32(len(header)))
	two = append(append(two, header...), 0, 0, 128, 63)
	f, err := open(bytes.NewReader(two), int64(len(two)))
	require.NoError(t, err)
	a, err := f.Rows(0, 1)
	require.NoError(t, err)
	require.Equal(t, []float32{1}, a.Float32)
}

var malformedFiles = map[string][]byte{
	"does not begin":       []byte("PK\x03\x04 something else"),
	"version 9.0":          []byte(magic + "\x09\x00\x00\x00"),
	"truncated header":     []byte(magic + "\x01\x00\x00"),
	"header of 65535":      []byte(magic + "\x01\x00\xff\xff{}"),
	"header of 4294967295": []byte(magic + "\x02\x00\xff\xff\xff\xff{}"),
	"must have descr":      file(`{'descr': '|u1', 'fortran_order': False}`, 0),
	"unexpected":           file(`{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}`, 1),
	"Fortran order":        file(`{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }`, 6),
	`is "Maybe"`:           file(`{'descr': '|u1', 'fortran_order': Maybe, 'shape': (2, 3), }`, 6),
	`dtype "<f8"`:          file(`{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }`, 16),
	"needs 6 bytes, 5":     file(`{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }`, 5),
	"needs 6 bytes, 7":     file(`{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }`, 7),
	"size below":           file(`{'descr': '|u1', 'fortran_order': False, 'shape': (-2,), }`, 2),
	"impossible shape":     file(`{'descr': '<i8', 'fortran_order': False, 'shape': (2000000000, 2000000000, 2000000000), }`, 2),
	"after the header":     file(`{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x`, 1),
	"quoted":               file(`{'descr: |u1`, 0),
	"64 dimensions":        file(`{'shape': (`+strings.Repeat("0,", 65)+`)`, 0),
	"( expected":           file(`{'shape': 3}`, 0),
}

func TestMalformed(t *testing.T) {
	for message, content := range malformedFiles {
		path := filepath.Join(t.TempDir(), "a.npy")
		require.NoError(t, os.WriteFile(path, content, 0o644))
		_, err := Read(path)
		require.ErrorIs(t, err, ErrFormat, message)
		require.ErrorContains(t, err, message)
		require.True(t, strings.HasPrefix(err.Error(), path+": "), err)
	}
}

func TestMissing(t *testing.T) {
	_, err := Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	for _, content := range malformedFiles {
		f.Add(content)
	}
	for _, name := range []string{"uint8", "int64", "float32", "scalar"} {
		content, err := os.ReadFile(filepath.Join("testdata", name+".npy"))
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := open(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			require.Less(t, len(err.Error()), 2000)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		rows, elements := 1, 1
		for _, d := range file.Shape {
			elements *= d
		}
		if len(file.Shape) > 0 {
			rows = file.Shape[0]
		}
		a, err := file.Rows(0, rows)
		require.NoError(t, err)
		_, n := a.descr()
		require.Equal(t, elements, n)
	})
}

func TestLabelArraysAreBytesWhereTheyFit(t *testing.T) {
	require.Equal(t, []uint8{3, 255}, Labels([]uint16{3, 255}).Bytes)
	wide := Labels([]uint16{3, 256})
	require.Equal(t, []int64{3, 256}, wide.Int64)
	require.Nil(t, wide.Bytes)
}
