//go:build unix && !linux

package system

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// PeakMemory returns the largest resident size of this process so far, in
// bytes, 0 where the system does not tell.
func PeakMemory() int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) // bytes there, KiB elsewhere
	}
	return int64(usage.Maxrss) << 10
}
