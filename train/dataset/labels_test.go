package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/format/npy"
)

// Labels in every type that today's tools write by default or are asked for, see
// testdata/make_labels.py.
func TestLabelsOfEveryType(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("testdata", "labels")
	cifar, err := cifar10.parseBinary(bytes.NewReader(load(t, "cifar10_like.bin")))
	require.NoError(t, err)
	var five []uint16
	for _, label := range cifar.Labels {
		five = append(five, slices.Repeat([]uint16{label}, 5)...)
	}
	svhn := loadArray(t, "svhn_like_labels.npy").Int64

	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	counts := map[string]int{}
	for _, e := range entries {
		path, name := filepath.Join(folder, e.Name()), e.Name()
		switch kind := filepath.Ext(name); kind {
		case ".npy":
			labels, err := readLabelArray(path, 10)
			require.NoError(t, err, name)
			require.Equal(t, five[:20], labels, name)
			counts[kind]++
		case ".mat":
			images, err := readFile(path, parseSVHN)
			require.NoError(t, err, name)
			checkLabelsEqual(t, svhn, images.Labels)
			require.Equal(t, loadArray(t, "svhn_like_nchw.npy").Bytes, images.Data, name)
			counts[kind]++
		default:
			content := load(t, filepath.Join("labels", name))
			versions := [][]byte{content}
			if strings.HasSuffix(name, "_protocol2") { // NumPy 1 has another name, whose length nothing counts
				require.Contains(t, string(content), "cnumpy._core.")
				versions = append(versions, bytes.ReplaceAll(content, []byte("cnumpy._core."), []byte("cnumpy.core.")))
				counts["pickle of NumPy 1"]++
			}
			for _, content := range versions {
				images, err := cifar10.parsePython(bytes.NewReader(content))
				require.NoError(t, err, name)
				require.Equal(t, cifar.Labels[:2], images.Labels, name)
				require.Equal(t, cifar.Data[:2*3072], images.Data, name)
			}
			counts["pickle"]++
		}
	}
	require.Equal(t, map[string]int{".npy": 14, ".mat": 4, "pickle": 12, "pickle of NumPy 1": 6}, counts)
}

// What is not read says what to do.
func TestLabelsOfOtherTypes(t *testing.T) {
	t.Parallel()
	content := load(t, filepath.Join("labels", "i8.npy"))
	for was, c := range map[string][2]string{
		"'<i8'":                  {"'<f8'", "a.astype('uint8')"},
		"'fortran_order': False": {"'fortran_order':  True", "numpy.ascontiguousarray"},
	} {
		path := filepath.Join(t.TempDir(), "labels.npy")
		require.NoError(t, os.WriteFile(path, bytes.Replace(content, []byte(was), []byte(c[0]), 1), 0o666))
		_, err := readLabelArray(path, 10)
		require.ErrorContains(t, err, c[1])
		require.True(t, strings.HasPrefix(err.Error(), path), err)
	}
	wide := load(t, filepath.Join("labels", "u8.npy"))
	wide[len(wide)-1] = 0x80
	path := filepath.Join(t.TempDir(), "labels.npy")
	require.NoError(t, os.WriteFile(path, wide, 0o666))
	_, err := npy.Read(path)
	require.ErrorContains(t, err, "element 19 is 9223372036854775")
}
