//go:build !linux

package mapped

import "os"

// reserve gives a new file its size, and the space on the disk.
func reserve(f *os.File, size int64) error { return writeZeros(f, size) }
