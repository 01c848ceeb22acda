package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// headersAlone are pictures of 8192 x 8192 pixels, as large as any may be, that
// end after their headers.
var headersAlone = map[string][]byte{
	"a.png": []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x20\x00\x00\x00\x20\x00\x10\x06\x00\x00\x00\x22\x3a\x16\x1a" + // 4 x 16 bits
		"\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e"),
	"a.gif": []byte("GIF89a\x00\x20\x00\x20\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x00\x20\x00\x20\x00\x02\x02\x44\x01\x00;"),
	"a.jpg": []byte("\xff\xd8\xff\xc2\x00\x11\x08\x20\x00\x20\x00\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00" + // progressive
		"\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x00\x00\xff\xd9"),
}

// TestBombs reads small files that unpack or decode to large ones, or pretend to.
func TestBombs(t *testing.T) {
	const size, limit = 16 << 20, 24 << 20
	zeros := make([]byte, size)
	idx := []byte{0, 0, 8, 3, 0, 4, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28} // 2^18 images of 28 x 28

	const images = size / 3072
	var matrix bytes.Buffer
	w := zlib.NewWriter(&matrix)
	_, err := w.Write(matFile(array{"X", mxUint8, miUint8, []int32{32, 32, 3, images}, zeros[:images*3072]})[128:])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	mat := binary.LittleEndian.AppendUint32(matFile(), miCompressed)
	mat = append(binary.LittleEndian.AppendUint32(mat, uint32(matrix.Len())), matrix.Bytes()...)

	good := digitsTree(t)
	good["train/a/0.png"], _ = picture(t, 32, 1)
	good["train/b/0.png"] = good["train/a/0.png"]
	digits := func(dir string) error { _, err := Digits(dir); return err }
	cifar := func(dir string) error { _, err := CIFAR10(dir); return err }
	folder := func(dir string) error {
		_, err := Folder(dir, FolderOptions{PictureOptions: PictureOptions{Side: 32}})
		return err
	}
	for _, c := range []struct {
		name    string
		content []byte
		read    func(dir string) error
		message string
	}{
		{"mnist/train-images-idx3-ubyte.gz", gzipped(t, append(idx, zeros...)), digits, "unpack to more than"},
		{"mnist/train-images-idx3-ubyte.gz", gzipped(t, idx), digits, "truncated"},
		{"mnist/train-labels-idx1-ubyte.gz", gzipped(t, append([]byte{0, 0, 8, 1, 2, 0, 0, 0}, zeros...)), digits, "unpack to more than"},
		{"syn/synth_test_32x32.mat", mat, digits, "unpack to more than"},
		{"usps/usps.t.bz2", load(t, "zeros_32MiB.bz2"), digits, "line 1"},
		{"mnist_m/mnist_m.tar.gz", gzipped(t, tarOf(t, member{"other", zeros})), digits, "unpack to more than"},
		{"mnist_m/mnist_m.tar.gz", gzipped(t, tarOf(t, member{"mnist_m_test/0.png", zeros})), digits, "picture 1 of 16777216 bytes"},
		{"data_batch_1.bin.gz", gzipped(t, zeros), cifar, "unpack to more than"},
		{"data_batch_1.gz", gzipped(t, append(pickled("}("), zeros...)), cifar, "unpack to more than"},
		{"data_batch_1", pickled(strings.Repeat("]", maxSteps)), cifar, "opcodes"},
		{"data_batch_1", copyingPickle(), cifar, "pickled arrays of more than 16 times the file's length"},
		{"data_batch_1", doublingPickle(), cifar, "label of image 0 is not an integer"},
		{"train/a/a.png", headersAlone["a.png"], folder, "8192x8192 pixels in a file of"},
		{"train/a/a.jpg", headersAlone["a.jpg"], folder, "8192x8192 pixels in a file of"},
		{"train/a/a.jpg", headersAlone["a.gif"], folder, "8192x8192 pixels in a file of"},
		{"train/a/a.gif", []byte("GIF87a\x02\x00\x02\x00\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02"), folder, "a frame of 4294836225 pixels in a file of"},
	} {
		dir := t.TempDir()
		files := maps.Clone(good)
		files[c.name] = c.content
		writeTree(t, dir, files)
		before := allocated()
		err := c.read(dir)
		took := allocated() - before
		require.ErrorIs(t, err, ErrData, c.name)
		require.ErrorContains(t, err, filepath.Join(dir, filepath.FromSlash(c.name))+": ")
		require.ErrorContains(t, err, c.message)
		require.Less(t, took, uint64(limit+128*len(c.content)), "%s: bytes allocated", c.name)
	}
}

// TestNotAFile holds readers to files: a pipe would keep them waiting.
func TestNotAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.png")
	require.NoError(t, os.Mkdir(path, 0o755))
	err := ReadPicture(make([]uint8, 3*32*32), &PictureOptions{Side: 32}, path)
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, path+": not a regular file")
}
