//go:build unix

package main

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// terminalWidth returns the columns of the terminal that f is, 0 if it is none.
func terminalWidth(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	if size.Col == 0 { // a serial line, say, that does not know
		return 80
	}
	return int(size.Col)
}

// peakMemory returns the largest resident size of this process so far, in
// bytes, 0 where the system does not tell.
func peakMemory() int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) // bytes there, KiB elsewhere
	}
	return int64(usage.Maxrss) << 10
}
