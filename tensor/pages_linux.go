package tensor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a large page on the architectures that have one.
const hugePage = 2 << 20

// useHugePages asks the kernel to back large blocks with large pages: panels are
// packed from rows that are pages apart, and there are few entries in a TLB.
func useHugePages(x []float32) {
	size := uintptr(len(x)) * 4
	if size < 2*hugePage {
		return
	}
	base := uintptr(unsafe.Pointer(&x[0]))
	skip := (hugePage - base%hugePage) % hugePage
	length := (size - skip) / hugePage * hugePage
	block := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&x[0]), skip)), length)
	// Advice: nothing depends on its being taken.
	_ = unix.Madvise(block, unix.MADV_HUGEPAGE)
}
