package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/augment/corrupt"
	"github.com/meada-cpu/meada-cpu/internal/format/npy"
)

// corruptionFolder writes two corruptions of two 2 x 3 images, whose bytes count
// up from one severity, image, row, column and channel to the next.
func corruptionFolder(t *testing.T) (dir string, data []uint8) {
	t.Helper()
	dir = t.TempDir()
	data = make([]uint8, 10*2*3*3)
	for i := range data {
		data[i] = uint8(i)
	}
	images := npy.Array{Shape: []int{10, 2, 3, 3}, Bytes: data}
	for _, name := range []string{"fog", "saturate"} {
		require.NoError(t, npy.Write(filepath.Join(dir, name+".npy"), images))
	}
	labels := npy.Array{Shape: []int{10}, Int64: []int64{3, 9, 3, 9, 3, 9, 3, 9, 3, 9}}
	require.NoError(t, npy.Write(filepath.Join(dir, "labels.npy"), labels))
	return dir, data
}

func TestCorruptions(t *testing.T) {
	dir, data := corruptionFolder(t)
	c, err := OpenCorruptions(dir, 10)
	require.NoError(t, err)
	require.Equal(t, []string{"fog", "saturate"}, c.Names)
	require.Len(t, c.Absent, len(corrupt.Paper())-1, "an extra corruption is never missed")
	require.NotContains(t, c.Absent, "fog")
	for severity := 1; severity <= corrupt.Severities; severity++ {
		images, err := c.Read("fog", severity)
		require.NoError(t, err)
		require.Equal(t, []int{2, 3, 2, 3}, []int{images.N, images.C, images.H, images.W})
		require.Equal(t, []uint16{3, 9}, images.Labels)
		for n := range 2 {
			for ch := range 3 {
				for p := range 6 {
					want := data[(((severity-1)*2+n)*6+p)*3+ch]
					require.Equal(t, want, images.Image(n)[ch*6+p])
				}
			}
		}
	}
	require.Panics(t, func() { _, _ = c.Read("fog", 6) })
}

func TestByteLabels(t *testing.T) {
	dir, _ := corruptionFolder(t)
	labels := npy.Array{Shape: []int{10}, Bytes: []uint8{2, 3, 2, 3, 2, 3, 2, 3, 2, 3}}
	require.NoError(t, npy.Write(filepath.Join(dir, "labels.npy"), labels))
	c, err := OpenCorruptions(dir, 10)
	require.NoError(t, err)
	images, err := c.Read("fog", 2)
	require.NoError(t, err)
	require.Equal(t, []uint16{2, 3}, images.Labels)
}

func TestCorruptionsMalformed(t *testing.T) {
	for message, damage := range map[string]struct {
		file  string
		array npy.Array
	}{
		"where 5N integers":       {"labels.npy", npy.Array{Shape: []int{9}, Int64: make([]int64, 9)}},
		"of size [0]":             {"labels.npy", npy.Array{Shape: []int{0}, Int64: []int64{}}},
		"labels of dtype float32": {"labels.npy", npy.Array{Shape: []int{10}, Float32: make([]float32, 10)}},
		"label 10 of image 4":     {"labels.npy", npy.Array{Shape: []int{5}, Int64: []int64{1, 1, 1, 1, 10}}},
		"label -1 of image 0":     {"labels.npy", npy.Array{Shape: []int{5}, Int64: []int64{-1, 1, 1, 1, 1}}},
		"label 10 of image 3":     {"labels.npy", npy.Array{Shape: []int{5}, Bytes: []uint8{1, 1, 1, 10, 1}}},
		"from one severity":       {"labels.npy", npy.Array{Shape: []int{10}, Bytes: []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
		"10xHxWx3 was expected":   {"fog.npy", npy.Array{Shape: []int{5, 2, 3, 3}, Bytes: make([]uint8, 90)}},
		"size [10 2 3 1]":         {"fog.npy", npy.Array{Shape: []int{10, 2, 3, 1}, Bytes: make([]uint8, 60)}},
		"another type than uint8": {"fog.npy", npy.Array{Shape: []int{10, 2, 3, 3}, Float32: make([]float32, 180)}},
	} {
		dir, _ := corruptionFolder(t)
		path := filepath.Join(dir, damage.file)
		require.NoError(t, npy.Write(path, damage.array))
		c, err := OpenCorruptions(dir, 10)
		if err == nil {
			_, err = c.Read("fog", 1)
		}
		require.ErrorIs(t, err, ErrData, message)
		require.ErrorContains(t, err, path+": ")
		require.ErrorContains(t, err, message)
	}
}

func TestCorruptionsMissing(t *testing.T) {
	dir, _ := corruptionFolder(t)
	c, err := OpenCorruptions(dir, 10)
	require.NoError(t, err)
	path := filepath.Join(dir, "fog.npy")
	require.NoError(t, os.WriteFile(path, []byte("junk"), 0o644))
	_, err = c.Read("fog", 1)
	require.ErrorIs(t, err, npy.ErrFormat)
	require.ErrorContains(t, err, path+": not a supported .npy file")
	require.NoError(t, os.Remove(path))
	_, err = c.Read("fog", 1)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Remove(filepath.Join(dir, "labels.npy")))
	_, err = OpenCorruptions(dir, 10)
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, "labels.npy")
	_, err = OpenCorruptions(t.TempDir(), 10)
	require.ErrorContains(t, err, "no corruption in it")
}
