package torch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bomb is a pickled tuple that holds itself twice over and over: a few bytes stand for
// 2^20 elements, and could stand for any number of them.
var bomb = ")" + strings.Repeat("2\x86", 20)

// stream is the old form of a file of one tensor, in parts that can be changed.
type stream struct{ protocol, class, key, count, view, offset, shape, stride, keys string }

func newStream() stream {
	return stream{protocol: "M\xe9\x03", class: "ctorch\nFloatStorage\n", key: "U\x010", count: "K\x02", view: "N",
		offset: "K\x00", shape: "K\x02\x85", stride: "K\x01\x85", keys: "U\x010"}
}

func (s stream) storage() string {
	return "(U\x07storage" + s.class + s.key + "U\x03cpu" + s.count + s.view + "tQ"
}

func (s stream) tensor() string {
	return "ctorch._utils\n_rebuild_tensor\n(" + s.storage() + s.offset + s.shape + s.stride + "tR"
}

// of returns the file with a value.
func (s stream) of(value string) []byte {
	text := "\x80\x02\x8a\x0a" + magic + "." + s.protocol + "." + "}U\x0dlittle_endian\x88s." + value + ".](" + s.keys + "e."
	return append(binary.LittleEndian.AppendUint64([]byte(text), 2), make([]byte, 8)...)
}

func TestHostilePickles(t *testing.T) {
	t.Parallel()
	far := "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f" // the largest integer
	good := newStream()
	tensors, err := decode(good.of(good.tensor()))
	require.NoError(t, err)
	require.Len(t, tensors, 1)
	for name, c := range map[string]struct {
		change func(*stream)
		want   string
	}{
		"protocol":         {func(s *stream) { s.protocol = bomb }, "protocol 0, expected 1001"},
		"class":            {func(s *stream) { s.class = bomb }, "unknown class"},
		"key":              {func(s *stream) { s.key = bomb }, "neither an integer nor a short string"},
		"long key":         {func(s *stream) { s.key = "X\x00\x04\x00\x00" + strings.Repeat("k", 1024) }, "neither an integer nor a short string"},
		"count":            {func(s *stream) { s.count = bomb }, "expected a number"},
		"view's key":       {func(s *stream) { s.view = bomb + "K\x00K\x02\x87" }, "neither an integer nor a short string"},
		"view's offset":    {func(s *stream) { s.view = "U\x01v" + bomb + "K\x02\x87" }, "with a view of 2 elements"},
		"view's count":     {func(s *stream) { s.view = "U\x01vK\x00" + bomb + "\x87" }, "with a view of 0 elements"},
		"offset":           {func(s *stream) { s.offset = bomb }, "not an integer and two tuples"},
		"shape":            {func(s *stream) { s.shape = bomb }, "not an integer and two tuples"},
		"many dimensions":  {func(s *stream) { s.shape = "(" + strings.Repeat("K\x01", 65) + "t" }, "not an integer and two tuples"},
		"stride":           {func(s *stream) { s.stride = bomb }, "not an integer and two tuples"},
		"list of storages": {func(s *stream) { s.keys = bomb }, "neither an integer nor a short string"},
		"large offset":     {func(s *stream) { s.offset = far }, "with strides [1] from 9223372036854775807 on"},
		"large shape":      {func(s *stream) { s.shape = far + "\x85" }, "of shape [9223372036854775807]"},
		"large stride":     {func(s *stream) { s.stride = far + "\x85" }, "with strides [9223372036854775807]"},
	} {
		s := newStream()
		c.change(&s)
		tensors, err := decode(s.of(s.tensor()))
		require.ErrorIs(t, err, ErrFormat, name)
		require.ErrorContains(t, err, c.want, name)
		require.Less(t, len(err.Error()), 500, name)
		require.Empty(t, tensors, name)
	}
}

// What a few bytes of a pickle refer to many times is not copied as often.
func TestSharedObjects(t *testing.T) {
	t.Parallel()
	s := newStream()
	name := "X\x00\x00\x01\x00" + strings.Repeat("n", 1<<16)
	_, err := decode(s.of("}" + name + s.tensor() + "s" + strings.Repeat("2\x86", 15)))
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, "tensors that share more than 1100 times the bytes of the file")

	pairs := "](" + strings.Repeat("U\x01aN\x86", 1<<12) + "e\x85q\x00ccollections\nOrderedDict\nq\x01"
	_, err = decode(s.of(pairs + strings.Repeat("h\x01h\x00R", 1<<10)))
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, fmt.Sprintf("OrderedDicts of more than %d pairs", maxSteps))
}

// Entries of a tar archive can declare zeros that they do not hold, and be many.
func TestSparseTar(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filepath.Join("testdata", "tar.pth"))
	require.NoError(t, err)
	sparse := func(name string, size int) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Format: tar.FormatGNU}))
		block := b.Bytes()
		const checksum, kind, realSize = 148, 156, 483
		block[kind] = 'S'
		copy(block[realSize:], fmt.Sprintf("%011o\x00", size))
		copy(block[checksum:], "        ")
		sum := 0
		for _, x := range block {
			sum += int(x)
		}
		copy(block[checksum:], fmt.Sprintf("%06o\x00 ", sum))
		return append(block, whole...)
	}
	for name, c := range map[string]struct {
		size int
		want string
	}{
		"storages": {len(whole), "two files storages"},
		"tensors":  {1 << 30, `"tensors" declares 1073741824 bytes`},
	} {
		_, err := decode(sparse(name, c.size))
		require.ErrorIs(t, err, ErrFormat)
		require.ErrorContains(t, err, c.want)
	}
	tensors, err := decode(sparse("other", 1<<30))
	require.NoError(t, err, "what is not read may declare what it likes")
	require.Len(t, tensors, 3)
}

// Entries of a zip archive can share what they inflate.
func TestManyInflatedEntries(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	const size = 1 << 20
	for n := range 3 {
		f, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("a/data/%d", n), Method: zip.Deflate, UncompressedSize64: size, CompressedSize64: 0})
		require.NoError(t, err)
		_, err = f.Write(nil)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	_, err := decode(b.Bytes())
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, "declares 1048576 bytes")
}
