package fetch

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/meada-cpu/meada-cpu/internal/atomicfile"
)

// Unpack takes files out of a tar archive, gzipped or not: those that members
// names by their paths in the archive, each to dir and that path, and only if
// its checksum is right. It reads nothing else of the archive and follows no
// link.
func Unpack(archive, dir string, members map[string]File) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	fail := func(err error) error { return fmt.Errorf("%s: %w", archive, err) }
	var stream io.Reader = bufio.NewReaderSize(in, 1<<16)
	if start, _ := stream.(*bufio.Reader).Peek(2); len(start) == 2 && start[0] == 0x1f && start[1] == 0x8b {
		if stream, err = gzip.NewReader(stream); err != nil {
			return fail(err)
		}
	}
	left := maps.Clone(members)
	for entries := tar.NewReader(stream); len(left) > 0; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return fail(fmt.Errorf("there is no %s in it", slices.Sorted(maps.Keys(left))[0]))
		}
		if err != nil {
			return fail(err)
		}
		name := path.Clean(header.Name)
		member, wanted := left[name]
		if !wanted || header.Typeflag != tar.TypeReg {
			continue
		}
		if member.Size > 0 && header.Size != member.Size {
			return fail(fmt.Errorf("%s: %w: %d bytes instead of %d", name, ErrMismatch, header.Size, member.Size))
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		err = atomicfile.Write(to, func(w io.Writer) error { return verify(io.TeeReader(entries, w), member) })
		if err != nil {
			return fail(fmt.Errorf("%s: %w", name, err))
		}
		delete(left, name)
	}
	return nil
}
