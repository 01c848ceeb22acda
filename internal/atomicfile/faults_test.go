package atomicfile

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// faulty is a file on a device that misbehaves.
type faulty struct {
	file        *os.File
	room        int   // bytes until writes fail
	write       error // then, after part of them
	sync, close error
}

func (f *faulty) Write(b []byte) (int, error) {
	if len(b) <= f.room {
		f.room -= len(b)
		return f.file.Write(b)
	}
	n, _ := f.file.Write(b[:f.room])
	f.room = 0
	return n, &fs.PathError{Op: "write", Path: f.file.Name(), Err: f.write}
}

func (f *faulty) Sync() error {
	if f.sync != nil {
		return &fs.PathError{Op: "sync", Path: f.file.Name(), Err: f.sync}
	}
	return f.file.Sync()
}

func (f *faulty) Close() error {
	err := f.file.Close()
	if f.close != nil {
		return &fs.PathError{Op: "close", Path: f.file.Name(), Err: f.close}
	}
	return err
}

// Whatever the device does while a file is replaced, the error names the file,
// the old content stays, nothing else is left, and the next attempt succeeds.
func TestDeviceThatMisbehaves(t *testing.T) {
	const enough = 1 << 30
	content := bytes.Repeat([]byte("new"), 100_000)
	working := create
	for name, c := range map[string]struct {
		faulty
		want error
	}{
		"disk full at once":                  {faulty{room: 0, write: syscall.ENOSPC}, syscall.ENOSPC},
		"disk full half-way":                 {faulty{room: 150_000, write: syscall.ENOSPC}, syscall.ENOSPC},
		"disk full at the last byte":         {faulty{room: 299_999, write: syscall.ENOSPC}, syscall.ENOSPC},
		"error of the device":                {faulty{room: 70_000, write: syscall.EIO}, syscall.EIO},
		"full when the caches are written":   {faulty{room: enough, sync: syscall.ENOSPC}, syscall.ENOSPC},
		"full when a network file is closed": {faulty{room: enough, close: syscall.EIO}, syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			require.NoError(t, Write(path, write("old")))
			defer func() { create = working }()
			create = func(path string) (file, error) {
				f, err := working(path)
				if err != nil {
					return nil, err
				}
				failing := c.faulty
				failing.file = f.(*os.File)
				return &failing, nil
			}
			err := Write(path, write(string(content)))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, path)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "old", string(got))
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, left, 1)

			create = working
			require.NoError(t, Write(path, write(string(content))))
			got, err = os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, got))
		})
	}
}

func TestFolderThatCantBeWrittenTo(t *testing.T) {
	working := create
	defer func() { create = working }()
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, Write(path, write("old")))
	create = func(path string) (file, error) { return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EROFS} }
	err := Write(path, write("new"))
	require.ErrorIs(t, err, syscall.EROFS)
	require.ErrorContains(t, err, path)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
}
