//go:build unix

package guard

import (
	"testing"

	"golang.org/x/sys/unix"
)

// pages returns size bytes at that side of a page without access.
func pages(t testing.TB, size int, side Side) []byte {
	t.Helper()
	page := unix.Getpagesize()
	usable := (size + page - 1) / page * page
	mapping, err := unix.Mmap(-1, 0, usable+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("guard: mapping %d bytes: %v", usable+page, err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(mapping); err != nil {
			t.Errorf("guard: unmapping: %v", err)
		}
	})
	barrier, data := mapping[usable:], mapping[usable-size:usable]
	if side == Head {
		barrier, data = mapping[:page], mapping[page:page+size]
	}
	if err := unix.Mprotect(barrier, unix.PROT_NONE); err != nil {
		t.Fatalf("guard: protecting a page: %v", err)
	}
	return data
}
