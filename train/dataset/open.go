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
	result, err := parse(&bounded{r, maxFile})
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

func decompressed(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	start, _ := in.Peek(3) // a file shorter than that is no compressed one
	switch {
	case len(start) >= 2 && start[0] == 0x1f && start[1] == 0x8b:
		return gzip.NewReader(in)
	case string(start) == "BZh":
		return bzip2.NewReader(in), nil
	}
	return in, nil
}

// maxFile bounds the bytes of a file after decompression, several times what
// the largest file read here has.
const maxFile = 1 << 30

// bounded fails where io.LimitReader would pretend that the data end.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("more than %d bytes of data", maxFile)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// readBytes reads exactly n bytes. Memory grows with what is really there, not
// with what n promises.
func readBytes(r io.Reader, n int64) ([]byte, error) {
	const step = 1 << 20
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
