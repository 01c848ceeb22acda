package dataset

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// checkImages checks what every parser promises of the images it returns.
func checkImages(t *testing.T, images Images, classes int) {
	require.Positive(t, images.N)
	require.Len(t, images.Data, images.N*images.C*images.H*images.W)
	require.Len(t, images.Labels, images.N)
	require.NoError(t, checkLabels(images.Labels, classes))
}

func FuzzIDX(f *testing.F) {
	f.Add(gunzipped(f, load(f, "mnist_like_idx3.gz")))
	f.Add(gunzipped(f, load(f, "mnist_like_idx1.gz")))
	f.Add([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9})
	f.Add([]byte{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 1})
	f.Fuzz(func(t *testing.T, content []byte) {
		images, err := parseIDXImages(bytes.NewReader(content))
		if err == nil {
			require.Len(t, content, 16+images.n*images.h*images.w)
			require.Equal(t, content[16:], images.data)
		}
		labels, err := parseIDXLabels(bytes.NewReader(content))
		if err == nil {
			require.Equal(t, content[8:], labels)
		}
	})
}

func FuzzMat(f *testing.F) {
	f.Add(load(f, "svhn_like.mat"))
	f.Add(load(f, "svhn_like_compressed.mat"))
	f.Add(matFile(
		array{"X", mxUint8, miUint8, []int32{32, 32, 3}, make([]byte, 3072)},
		array{"y", 6, miDouble, []int32{1, 1}, make([]byte, 8)}))
	f.Fuzz(func(t *testing.T, content []byte) {
		if images, err := parseSVHN(bytes.NewReader(content)); err == nil {
			checkImages(t, images, 10)
		}
	})
}

func FuzzLIBSVM(f *testing.F) {
	f.Add([]byte(uspsLine(1, "-0.25")))
	f.Add([]byte(uspsLine(1, "1e-3") + uspsLine(1, "1")))
	f.Add([]byte("1 1:0x1p-2"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if greys, err := parseUSPS(bytes.NewReader(content)); err == nil {
			checkImages(t, greys.images(32), 10)
		}
	})
}

func FuzzTar(f *testing.F) {
	f.Add(mnistMTar(f))
	f.Fuzz(func(t *testing.T, content []byte) {
		if images, err := parseMNISTMTar(bytes.NewReader(content)); err == nil {
			checkImages(t, images, 10)
		}
	})
}

// FuzzDecompressed feeds the wrappers around every format.
func FuzzDecompressed(f *testing.F) {
	f.Add(load(f, "mnist_like_idx1.gz"))
	f.Add(load(f, "usps_like.bz2"))
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := decompressed(bytes.NewReader(content))
		if err != nil {
			return
		}
		data, err := readBytes(&bounded{r, 1 << 20}, 1<<20)
		if err == nil {
			require.Len(t, data, 1<<20)
		}
	})
}
