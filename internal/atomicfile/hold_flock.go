//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lock opens a file on a handle of its own and locks it, unless a process holds it.
func lock(path string) (f *os.File, free bool, err error) {
	if f, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, false, err
	}
	for err = syscall.EINTR; err == syscall.EINTR; {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		return f, true, nil
	}
	f.Close()
	if err == syscall.EWOULDBLOCK {
		err = nil
	}
	return nil, false, err
}

// hold locks a new file, and reports false if another process was quicker, which
// removes it. The lock lasts until the file, which is closed before, has its name.
func hold(path string) (release func(), ok bool) {
	f, free, err := lock(path)
	if err != nil { // gone, or there are no locks here, and nothing is removed either
		return func() {}, !errors.Is(err, fs.ErrNotExist)
	}
	if !free {
		return nil, false
	}
	release = func() { f.Close() }
	own, err := f.Stat()
	now, err2 := os.Stat(path)
	if err != nil || err2 != nil || !os.SameFile(own, now) {
		release()
		return nil, false
	}
	return release, true
}

// removeUnheld removes a file that no process holds.
func removeUnheld(path string) {
	if f, free, err := lock(path); err == nil && free {
		os.Remove(path)
		f.Close()
	}
}
