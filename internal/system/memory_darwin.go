package system

import "golang.org/x/sys/unix"

// AvailableMemory returns the bytes of memory that this process can hold in all,
// 0 if the system does not tell: those of the machine, since it does not say how
// many of them others hold.
func AvailableMemory() int64 {
	size, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return int64(size)
}
