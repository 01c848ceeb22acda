package guard

import (
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// faults reports whether reading the byte at p is a fault.
func faults(p unsafe.Pointer) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { fault = recover() != nil }()
	sink = *(*byte)(p)
	return false
}

var sink byte

func TestMakeFaultsBesideTheSlice(t *testing.T) {
	if off || len(pages(t, 1, Tail)) == 0 {
		t.Skip("guard pages are off")
	}
	for _, n := range []int{1, 7, 1024, 5000} {
		tail := Make[float32](t, n, Tail)
		require.Len(t, tail, n)
		last := unsafe.Pointer(&tail[n-1])
		require.False(t, faults(last))
		require.True(t, faults(unsafe.Add(last, 4)), "one float behind %d", n)

		head := Make[uint8](t, n, Head)
		require.Len(t, head, n)
		first := unsafe.Pointer(&head[0])
		require.False(t, faults(first))
		require.True(t, faults(unsafe.Add(first, -1)), "one byte before %d", n)
	}
}

func TestCopy(t *testing.T) {
	for _, side := range Sides {
		require.Equal(t, []float32{1, 2, 3}, Copy(t, []float32{1, 2, 3}, side), side)
	}
	require.Empty(t, Make[float32](t, 0, Tail))
}
