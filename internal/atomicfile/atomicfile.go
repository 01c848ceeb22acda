// Package atomicfile writes files that are either whole or not there.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// file is what Write needs of an open file. Tests have it fail.
type file interface {
	io.WriteCloser
	Sync() error
}

var create = func(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// temporaryName is that of files that Write has not finished. Nobody else gives
// a file such a name.
var temporaryName = regexp.MustCompile(`\.meada-\d+\.tmp$`)

// Temporary reports whether a file of this name is one that Write has not finished.
func Temporary(name string) bool { return temporaryName.MatchString(name) }

// cleaned has the folders in which this process has looked for what others left.
var cleaned sync.Map

// Write creates or replaces the file at path with what fill writes, with the
// permissions of the one that it replaces. The bytes go to a new file beside it
// first, which is synced and renamed; after a failure or a crash the file that
// was at path before is untouched. What killed processes left in a folder is
// removed when another one first writes to it. Writes of one path may overlap,
// the last to end stays.
func Write(path string, fill func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	if _, done := cleaned.LoadOrStore(dir, true); !done {
		removeLeft(dir)
	}
	f, temporary, release, err := open(path)
	if err != nil {
		return err
	}
	defer release()
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
	if info, err := os.Stat(path); err == nil {
		_ = os.Chmod(temporary, info.Mode().Perm()) // not every system has permissions
	}
	if err = rename(temporary, path); err != nil {
		return err
	}
	syncFolder(dir)
	return nil
}

// Probe returns an error if [Write] cannot make a file at path.
func Probe(path string) error {
	f, temporary, release, err := open(path)
	if err != nil {
		return err
	}
	defer release()
	return errors.Join(f.Close(), os.Remove(temporary))
}

// open makes a new file beside path and keeps other processes from taking it for
// one that was left, until release is called.
func open(path string) (f file, temporary string, release func(), err error) {
	for n := 1; ; n++ {
		temporary = fmt.Sprintf("%s.meada-%d.tmp", path, n)
		f, err = create(temporary)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", nil, err
		}
		if release, ok := hold(temporary); ok {
			return f, temporary, release, nil
		}
		f.Close()
	}
}

// removeLeft removes from a folder what killed processes left. An error is not
// reported: it is in nobody's way.
func removeLeft(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if Temporary(e.Name()) && e.Type().IsRegular() {
			removeUnheld(filepath.Join(dir, e.Name()))
		}
	}
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
