//go:build !unix

package mapped

import (
	"errors"
	"os"
)

// Supported reports whether files can be mapped on this system.
const Supported = false

func mapFile(f *os.File, _ int64, _ bool) (*File, error) {
	return nil, &os.PathError{Op: "map", Path: f.Name(), Err: errors.ErrUnsupported}
}

func (f *File) release() {}

// Close does nothing.
func (f *File) Close() {}
