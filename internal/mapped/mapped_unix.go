//go:build unix

package mapped

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Supported reports whether files can be mapped on this system.
const Supported = true

func mapFile(f *os.File, size int64, writable bool) (*File, error) {
	if size < 1 || size > math.MaxInt {
		return nil, fmt.Errorf("%s: %d bytes cannot be mapped into memory", f.Name(), size)
	}
	protection := unix.PROT_READ
	if writable {
		protection |= unix.PROT_WRITE
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), protection, unix.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "map", Path: f.Name(), Err: err}
	}
	return &File{Data: data}, nil
}

// release takes the pages out of the resident memory. Those of a shared mapping stay in
// the file or on their way to it.
func (f *File) release() { _ = unix.Madvise(f.Data, unix.MADV_DONTNEED) } // advice

// Close unmaps the file. Nobody may look at its data any more.
func (f *File) Close() {
	if err := unix.Munmap(f.Data); err != nil {
		panic(fmt.Sprintf("mapped: %d bytes closed twice: %v", len(f.Data), err))
	}
}
