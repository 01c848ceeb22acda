//go:build !linux && !darwin && !windows

package system

// AvailableMemory returns 0: the system is not asked here.
func AvailableMemory() int64 { return 0 }
