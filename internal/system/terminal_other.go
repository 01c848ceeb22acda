//go:build !windows

package system

import "os"

// enableEscapes reports true: terminals obey escape sequences.
func enableEscapes(*os.File) bool { return true }
