package main

import "golang.org/x/sys/unix"

// freeMemory returns the bytes of memory that this process can take at most, all
// that the machine has: how much others hold it does not tell. It is 0 if the
// system tells nothing.
func freeMemory() int64 {
	size, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(size) - heldMemory()
}
