//go:build !windows

package atomicfile

import "os"

// rename moves a file to a name that may be taken.
func rename(from, to string) error { return os.Rename(from, to) }
