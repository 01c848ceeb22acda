package system

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// memoryStatusEx is MEMORYSTATUSEX of sysinfoapi.h.
type memoryStatusEx struct {
	length                  uint32
	memoryLoad              uint32
	totalPhys               uint64
	availPhys               uint64
	totalPageFile           uint64
	availPageFile           uint64
	totalVirtual            uint64
	availVirtual            uint64
	availExtendedVirtualMem uint64
}

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// AvailableMemory returns the bytes of memory that this process can hold in all,
// 0 if the system does not tell.
func AvailableMemory() int64 {
	status := memoryStatusEx{}
	status.length = uint32(unsafe.Sizeof(status))
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0
	}
	return int64(status.availPhys) + HeldMemory()
}
