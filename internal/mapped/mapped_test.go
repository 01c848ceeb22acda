package mapped

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is written to a mapped file stays when its pages are released.
func TestTemporary(t *testing.T) {
	t.Parallel()
	if !Supported {
		t.Skip("no files are mapped here")
	}
	dir := t.TempDir()
	const size = Resident + 1<<20 + 7 // more than stays resident
	f, err := Temporary(dir, size)
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "nothing is left of it after a crash")
	require.Len(t, f.Data, size)
	require.Zero(t, f.Data[size-1])
	for i := range f.Data {
		f.Data[i] = byte(i % 251)
	}
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 20 {
				f.Use(Resident / 10)
				for i := 0; i < size; i += 99_999 {
					if f.Data[i] != byte(i%251) {
						t.Errorf("byte %d is %d", i, f.Data[i])
						return
					}
				}
			}
		})
	}
	users.Wait()
	f.Floats()[1] = 1
	require.EqualValues(t, 0x3f800000, binary.NativeEndian.Uint32(f.Data[4:]))
	require.Len(t, f.Floats(), size/4)
	f.Close()
	_, err = Temporary(filepath.Join(dir, "none"), size)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Temporary(dir, 0)
	require.Error(t, err)
}

func TestReserve(t *testing.T) {
	t.Parallel()
	for _, fill := range []func(*os.File, int64) error{reserve, writeZeros} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		require.NoError(t, err)
		defer f.Close()
		require.NoError(t, fill(f, 3<<20+5))
		info, err := f.Stat()
		require.NoError(t, err)
		require.EqualValues(t, 3<<20+5, info.Size())
	}
}
