package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The pickled test files hold the images of the binary ones: cifar10_like_python2
// in the opcodes of Python 2 (protocol 2, strings for bytes), as published,
// cifar100_like_python3 in those of Python 3 (protocol 4).

func TestCIFAR10(t *testing.T) {
	binary, pickled := load(t, "cifar10_like.bin"), load(t, "cifar10_like_python2")
	want := loadArray(t, "cifar_like_nchw.npy").Bytes
	for _, files := range []map[string][]byte{
		{"data_batch_2.bin": binary, "test_batch.bin.gz": gzipped(t, binary)},
		{"cifar-10-batches-bin/data_batch_2.bin.gz": gzipped(t, binary), "cifar-10-batches-bin/test_batch.bin": binary},
		{"cifar-10-batches-py/data_batch_2": pickled, "cifar-10-batches-py/test_batch": pickled},
		{"data_batch_2": load(t, "cifar10_like_protocol5"), "test_batch": load(t, "cifar10_like_fortran")},
	} {
		dir := t.TempDir()
		writeTree(t, dir, files)
		b, err := CIFAR10(dir)
		require.NoError(t, err)
		require.Equal(t, want, b.Source.Data)
		require.Equal(t, []uint16{0, 1, 2, 3}, b.Source.Labels)
		require.Equal(t, []Domain{{Name: "clean", Images: b.Source, Source: true}}, b.Domains)
		require.Len(t, b.Classes, 10)
		require.Len(t, b.Absent, 4)
		require.Contains(t, b.Absent[0], "data_batch_1")
	}
}

func TestCIFARBatchesFollowEachOther(t *testing.T) {
	dir := t.TempDir()
	binary := load(t, "cifar10_like.bin")
	writeTree(t, dir, map[string][]byte{"data_batch_5.bin": binary[:3073], "data_batch_3.bin": binary})
	b, err := CIFAR10(dir)
	require.NoError(t, err)
	require.Equal(t, 5, b.Source.N)
	require.Equal(t, []uint16{0, 1, 2, 3, 0}, b.Source.Labels)
	require.Equal(t, b.Source.Image(0), b.Source.Image(4))
	require.Empty(t, b.Domains)
	require.Contains(t, b.Absent[len(b.Absent)-1], "clean (test_batch.bin")
}

func TestCIFAR100(t *testing.T) {
	for _, files := range []map[string][]byte{
		{"train.bin": load(t, "cifar100_like.bin"), "test.bin": load(t, "cifar100_like.bin")},
		{"cifar-100-python/train": load(t, "cifar100_like_python3"), "cifar-100-python/test": load(t, "cifar100_like_python3")},
	} {
		dir := t.TempDir()
		writeTree(t, dir, files)
		b, err := CIFAR100(dir)
		require.NoError(t, err)
		require.Equal(t, loadArray(t, "cifar_like_nchw.npy").Bytes, b.Source.Data)
		require.Equal(t, []uint16{50, 51, 52, 53}, b.Source.Labels)
		require.Equal(t, b.Source, b.Domains[0].Images)
		require.Empty(t, b.Absent)
	}
	require.Len(t, cifar100.classes, 100)
	require.True(t, slices.IsSorted(cifar100.classes), "the labels follow the alphabet")
}

// pickled wraps opcodes between a protocol and a stop.
func pickled(opcodes string) []byte { return []byte("\x80\x02" + opcodes + ".") }

const (
	pickledArray = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
	pickledDType = "cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)

// rebuiltPickle makes an array of one image, then makes it one of a thousand of another type.
func rebuiltPickle() []byte {
	state := func(shape, dtype string, bytes int) string {
		content := "B" + string(binary.LittleEndian.AppendUint32(nil, uint32(bytes))) + strings.Repeat("x", bytes)
		return "(K\x01" + shape + "\x86" + dtype + "\x89" + content + "tb"
	}
	signed := strings.Replace(pickledDType, "u1", "i1", 1)
	side := "M\x00\x0c" // 3072
	return pickled("}(U\x04data" + pickledArray + state("K\x01"+side, pickledDType, 3072) + state("M\xe8\x03"+side, signed, 3072*1000) +
		"U\x06labels](" + strings.Repeat("K\x01", 1000) + "eu")
}

func TestCIFARMalformed(t *testing.T) {
	records, good := load(t, "cifar10_like.bin"), load(t, "cifar10_like_python2")
	array := func(state string) []byte { return pickled("}U\x04data" + pickledArray + state + "bs") }
	for _, c := range []struct {
		name    string
		content []byte
		message string
	}{
		{"data_batch_1.bin", nil, "no images"},
		{"data_batch_1.bin", records[:4000], "927 bytes after record 1, whose size is 3073"},
		{"data_batch_1.bin", slices.Concat([]byte{10}, records[1:]), "label 10 of image 0"},
		{"data_batch_1.bin.gz", gzipped(t, records)[:9000], "unexpected EOF"},
		{"data_batch_1", nil, "truncated pickle"},
		{"data_batch_1", good[:len(good)-1], "truncated pickle"},
		{"data_batch_1", good[:5000], "truncated pickle"},
		{"data_batch_1", bytes.Replace(good, []byte("K\x03e"), []byte("K\x0ae"), 1), "label 10 of image 3"},
		{"data_batch_1", bytes.Replace(good, []byte("K\x03e"), []byte("e"), 1), "3 labels for 4 images"},
		{"data_batch_1", bytes.Replace(good, []byte("U\x06labels"), []byte("U\x06lebels"), 1), "no list named labels"},
		{"data_batch_1", rebuiltPickle(), "data is an array of integers other than uint8"},
		{"data_batch_1", bytes.Replace(good, []byte("U\x04data"), []byte("U\x04date"), 1), "no N x 3072 array"},
		{"data_batch_1", pickled("N"), "not a pickled dictionary"},
		{"data_batch_1", pickled("cos\nsystem\n(U\x04truetR"), `refers to "os.system", which is refused`},
		{"data_batch_1", pickled("cnumpy\ndtype\n)R"), "calls something other"},
		{"data_batch_1", pickled("K\x01)R"), "calls something other"},
		{"data_batch_1", pickled("\x97"), "opcode 0x97 is not supported"},
		{"data_batch_1", []byte("\x80\x09."), "protocol 9"},
		{"data_batch_1", pickled(""), "empty stack"},
		{"data_batch_1", pickled("t"), "lacks a mark"},
		{"data_batch_1", pickled("K\x01K\x02a"), "not a list"},
		{"data_batch_1", pickled("})K\x02s"), "key that is neither a string nor a number"},
		{"data_batch_1", pickled("]K\x01K\x02s"), "not a dictionary"},
		{"data_batch_1", pickled("h\x07"), "value 7, which it never stored"},
		{"data_batch_1", pickled("K\x01Nb"), "what is not an array"},
		{"data_batch_1", pickled("T\xff\xff\xff\xffabc"), "truncated pickle"},
		{"data_batch_1", pickled("\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc"), "truncated pickle"},
		{"data_batch_1", pickled("K\x01K\x02\x93"), "not a string"},
		{"data_batch_1", array("N"), "unknown form"},
		{"data_batch_1", array("(K\x01K\x01K\x02\x86" + pickledDType + "\x89U\x03abct"), "has 3 bytes"},
		{"data_batch_1", array("(K\x01K\x01K\x03\x86cnumpy\ndtype\n(U\x02i4K\x00K\x01tR\x89U\x03abct"), "has 3 bytes"},
		{"data_batch_1", array("(K\x01K\x01K\x03\x86cnumpy\ndtype\n(U\x02f2K\x00K\x01tR\x89U\x06abcdeft"), `of "f2" where integers were expected`},
		{"data_batch_1", array("(K\x01K\x01K\x03\x86cnumpy\ndtype\n(U\x02i2K\x00K\x01tR\x89U\x06abcdeft"), "data.astype('uint8')"},
		{"data_batch_1", array("(K\x01J\xff\xff\xff\xffK\x03\x86" + pickledDType + "\x89U\x03abct"), "impossible size"},
		{"data_batch_1", array("(K\x01K\x01K\x03\x86" + pickledDType + "\x89U\x03abct"), "no N x 3072 array"},
	} {
		t.Run(fmt.Sprintf("%s %s", c.name, c.message), func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, map[string][]byte{c.name: c.content})
			_, err := CIFAR10(dir)
			require.ErrorIs(t, err, ErrData)
			require.ErrorContains(t, err, filepath.Join(dir, c.name)+": ")
			require.ErrorContains(t, err, c.message)
		})
	}
	_, err := CIFAR100(t.TempDir())
	require.ErrorIs(t, err, ErrData)
	require.ErrorContains(t, err, "none of train.bin")
}
