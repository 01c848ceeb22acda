// Package system asks the operating system about memory, terminals, signals,
// processes and locks.
package system

import (
	"os"
	"runtime"
	"strings"
)

// HeldMemory returns the bytes that Go holds of the system's memory.
func HeldMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// CPUs returns the numbers of the CPUs that this process may run on, such as 0-3,8, "" if
// the system does not tell.
func CPUs() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	list, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(list)
}
