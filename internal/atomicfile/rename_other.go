//go:build !windows

package atomicfile

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// rename moves a file to a name that may be taken.
func rename(from, to string) error { return os.Rename(from, to) }

// hold locks a new file, and reports false if another process was quicker, which
// removes it. The lock is on a handle of its own: it lasts until the file, which
// is closed before, has its name.
func hold(path string) (release func(), ok bool) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	release = func() { lock.Close() }
	free, err := lock.TryLock()
	if err != nil { // gone, or there are no locks here, and nothing is removed either
		return release, !errors.Is(err, fs.ErrNotExist)
	}
	own, err := lock.Stat()
	now, err2 := os.Stat(path)
	if !free || err != nil || err2 != nil || !os.SameFile(own, now) {
		release()
		return nil, false
	}
	return release, true
}

// removeUnheld removes a file that no process holds.
func removeUnheld(path string) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	defer lock.Close()
	if free, err := lock.TryLock(); err == nil && free {
		os.Remove(path)
	}
}
