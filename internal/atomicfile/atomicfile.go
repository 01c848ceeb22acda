// Package atomicfile writes files that are either whole or not there.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// file is what Write needs of an open file. Tests have it fail.
type file interface {
	io.WriteCloser
	Sync() error
}

var create = func(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
}

// Write creates or replaces the file at path with what fill writes. The bytes
// go to path + ".tmp" first, which is synced and renamed; after a failure or a
// crash the file that was at path before is untouched, and the next Write
// reuses the temporary name. Two Writes of one path must not overlap.
func Write(path string, fill func(io.Writer) error) (err error) {
	temporary := path + ".tmp"
	f, err := create(temporary)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temporary)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err = fill(w); err != nil {
		return err
	}
	if err = w.Flush(); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = rename(temporary, path); err != nil {
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// Rotate makes the whole file at next the one at path, after the one that was
// there has become the one at previous, unless that is "". At every instant one
// of the three names leads to what was at path before, or to what replaces it.
func Rotate(next, path, previous string) error {
	if previous != "" {
		if err := rename(path, previous); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := rename(next, path); err != nil {
		return err
	}
	syncFolder(filepath.Dir(path))
	return nil
}

// syncFolder makes the rename itself durable. Not every system can sync a
// folder, and the file is whole either way, so a failure is not reported.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
