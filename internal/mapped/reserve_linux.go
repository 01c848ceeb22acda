package mapped

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// reserve gives a new file its size, and the space on the disk, whose want would
// otherwise end the process when a page is written.
func reserve(f *os.File, size int64) error {
	err := error(unix.EINTR)
	for errors.Is(err, unix.EINTR) {
		err = unix.Fallocate(int(f.Fd()), 0, 0, size)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return writeZeros(f, size)
	}
	if err != nil {
		return &os.PathError{Op: "reserve", Path: f.Name(), Err: err}
	}
	return nil
}
