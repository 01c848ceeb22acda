// Package system asks the operating system about memory, terminals, signals,
// processes and locks.
package system

import "runtime"

// HeldMemory returns the bytes that Go holds of the system's memory.
func HeldMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
