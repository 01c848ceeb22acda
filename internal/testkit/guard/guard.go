// Package guard hands tests memory that ends, or begins, at a page without
// access, so that a kernel that reads or writes one element too far faults
// instead of passing by luck.
package guard

import (
	"os"
	"testing"
	"unsafe"
)

// Element is what the kernels work on.
type Element interface {
	~float32 | ~int32 | ~uint8
}

// Side says which end of a slice touches the page without access.
type Side int

const (
	Tail Side = iota // the slice ends right before the page
	Head             // the slice begins right behind the page
)

func (s Side) String() string {
	if s == Head {
		return "head"
	}
	return "tail"
}

// Sides lists both, for a loop.
var Sides = []Side{Tail, Head}

// off turns the guard pages off: qemu-x86_64 reads whole vectors for masked
// loads, where hardware doesn't.
var off = os.Getenv("MEADA_NOGUARD") == "1"

// Make returns n zeroed elements beside a page without access. They are valid
// until the test ends. Where the system has no such pages, or MEADA_NOGUARD=1,
// they are ordinary memory.
func Make[T Element](t testing.TB, n int, side Side) []T {
	t.Helper()
	if off {
		return make([]T, n)
	}
	var element T
	raw := pages(t, n*int(unsafe.Sizeof(element)), side)
	if len(raw) == 0 {
		return make([]T, n)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), n)
}

// Copy returns a copy of s beside a page without access.
func Copy[T Element](t testing.TB, s []T, side Side) []T {
	t.Helper()
	guarded := Make[T](t, len(s), side)
	copy(guarded, s)
	return guarded
}
