package system

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/gofrs/flock"
)

// A LockedError reports that another process holds a lock.
type LockedError struct {
	Path string // of the lock file
	PID  string // the other process's id
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is locked by process %s", e.Path, e.PID)
}

// Lock is a lock file that this process holds. What counts is the lock on the
// file, not that it exists: the system releases it when the process ends,
// however it does.
type Lock struct{ file *flock.Flock }

// AcquireLock locks a file, which it creates if need be, and writes the id of
// this process into it. If another process has the lock, the error is a
// *LockedError. Where the system has no locks that end with their process,
// nothing is locked: a lock left behind would be worse than none.
//
// A file there that is no lock is left as it is.
func AcquireLock(path string) (*Lock, error) {
	if err := checkLock(path); err != nil {
		return nil, err
	}
	for {
		f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o666))
		free, err := f.TryLock()
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			return &Lock{f}, os.WriteFile(path, pidText(), 0o666)
		case err != nil:
			return nil, err
		case !free:
			return nil, &LockedError{Path: path, PID: readPID(path)}
		}
		if isStill(f) {
			return &Lock{f}, writePID(path)
		}
		f.Close() // the file was removed by its holder before it was locked
	}
}

// Release removes the file and the lock.
func (l *Lock) Release() {
	err := os.Remove(l.file.Path())
	l.file.Close()
	if err != nil {
		os.Remove(l.file.Path()) // Windows removes no open file; if another process has it by now, it stays
	}
}

// ErrNoLock is the cause of an error about a file where a lock would be that is something else.
var ErrNoLock = errors.New("no lock")

// checkLock refuses a file that holds more than the process id of a lock. A computer that
// fails may leave one of zeros.
func checkLock(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil // there is none, or locking it says why it cannot be
	}
	defer f.Close()
	const longest = 20
	text, err := io.ReadAll(io.NewSectionReader(f, pidOffset(), longest+1))
	if err == nil && (len(text) > longest || strings.Trim(string(text), "0123456789\n\x00") != "") {
		return fmt.Errorf("%s: it is %w of this program, and is not overwritten", path, ErrNoLock)
	}
	return nil
}

// isStill reports whether the path of a lock leads to the file that is locked.
func isStill(f *flock.Flock) bool {
	own, err := f.Stat()
	now, err2 := os.Stat(f.Path())
	return err == nil && err2 == nil && os.SameFile(own, now)
}

func pidText() []byte { return fmt.Appendln(nil, os.Getpid()) }

// pidOffset returns where a lock file holds the process id. Windows locks the
// first byte, against this process's other handles too.
func pidOffset() int64 {
	if runtime.GOOS == "windows" {
		return 1
	}
	return 0
}

func writePID(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err = f.Truncate(pidOffset()); err == nil {
		_, err = f.WriteAt(pidText(), pidOffset())
	}
	return errors.Join(err, f.Close())
}

// readPID returns the process id that a lock file holds, "unknown" while it
// holds none.
func readPID(path string) string {
	const unknown = "unknown"
	f, err := os.Open(path)
	if err != nil {
		return unknown
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, pidOffset(), 32))
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return pid
	}
	return unknown
}
