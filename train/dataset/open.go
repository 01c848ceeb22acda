package dataset

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// readFile parses a file, decompressed if its content is gzip or bzip2 (its
// name may say otherwise: browsers unpack what they download). A parser that
// returns without error must have reached the end, so that checksums were
// verified. Errors come back as an *Error.
func readFile[T any](path string, parse func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := os.Open(path)
	if err != nil {
		return none, &Error{path, pathCause(err)}
	}
	defer f.Close()
	r, err := decompressed(f)
	if err != nil {
		return none, readError(path, err)
	}
	result, err := parse(r)
	if err != nil {
		return none, readError(path, err)
	}
	return result, nil
}

// pathCause strips the operation and the path off an error of package os: an
// *Error names the path itself.
func pathCause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

func readError(path string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = fmt.Errorf("the file is truncated (%w)", err)
	}
	return &Error{path, err}
}

// decompressed returns the content of a file, of which it reads no more than
// such a file may have.
func decompressed(r io.Reader) (io.Reader, error) {
	file := &counted{r: r}
	in := bufio.NewReaderSize(file, 1<<14)
	start, _ := in.Peek(3) // a file shorter than that is no compressed one
	switch {
	case len(start) >= 2 && start[0] == 0x1f && start[1] == 0x8b:
		r, err := gzip.NewReader(in)
		return &bounded{r: r, packed: file}, err
	case string(start) == "BZh":
		return &bounded{r: bzip2.NewReader(in), packed: file}, nil
	}
	return &bounded{r: in, packed: file}, nil
}

// maxFile bounds the bytes of a file after decompression, several times what
// the largest file read here has.
const maxFile = 1 << 30

// counted counts the bytes read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded reads what is unpacked from compressed data, and fails where that
// becomes too much: images shrink to a fifth, bombs to a thousandth and less.
type bounded struct {
	r      io.Reader
	packed *counted
	n      int64
}

func (b *bounded) Read(p []byte) (int, error) {
	const ratio, least = 256, 1 << 20
	n, err := b.r.Read(p)
	b.n += int64(n)
	if limit := min(maxFile, least+ratio*b.packed.n); b.n > limit {
		return 0, fmt.Errorf("%d bytes unpack to more than %d", b.packed.n, limit)
	}
	return n, err
}

// readBytes reads exactly n bytes. Memory grows with what is really there, not
// with what n promises.
func readBytes(r io.Reader, n int64) ([]byte, error) {
	const step = 1 << 20
	if n > maxFile {
		return nil, fmt.Errorf("%d bytes declared where at most %d were expected", n, maxFile)
	}
	data := make([]byte, 0, min(n, step))
	for int64(len(data)) < n {
		if len(data) == cap(data) {
			data = slices.Grow(data, int(min(int64(len(data)), n-int64(len(data)))))
		}
		part := data[len(data):min(int64(cap(data)), n)]
		read, err := io.ReadFull(r, part)
		data = data[:len(data)+read]
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// expectEnd fails if anything follows. Reading up to the end makes gzip verify
// its checksum.
func expectEnd(r io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return errors.New("more bytes than its header declares")
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

// absent is an error about data that are not there, for errors.Is with
// fs.ErrNotExist.
type absent struct{ error }

func (absent) Is(target error) bool { return target == fs.ErrNotExist }

func absentf(dir, format string, args ...any) error {
	return &Error{dir, absent{fmt.Errorf(format, args...)}}
}

// find returns the first of the names that is a file in dir or one of its
// subfolders, or "".
func find(dir string, subfolders, names []string) string {
	for _, sub := range append([]string{""}, subfolders...) {
		for _, name := range names {
			path := filepath.Join(dir, sub, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

// checkFolder makes sure that dir can be listed.
func checkFolder(dir string) error {
	switch info, err := os.Stat(dir); {
	case err != nil:
		return &Error{dir, pathCause(err)}
	case !info.IsDir():
		return errorf(dir, "not a folder")
	}
	return nil
}
