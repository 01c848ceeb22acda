package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path+".tmp", []byte("left by a crash, and longer"), 0o644))
	for _, s := range []string{"first", "second"} {
		require.NoError(t, Write(path, write(s)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, s, string(got))
		require.NoFileExists(t, path+".tmp")
	}
}

func TestFailureKeepsOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, Write(path, write("old")))
	full := errors.New("disk full")
	err := Write(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return full
	})
	require.ErrorIs(t, err, full)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
	require.NoFileExists(t, path+".tmp")
}

func TestNoSuchFolder(t *testing.T) {
	require.ErrorIs(t, Write(filepath.Join(t.TempDir(), "none", "f"), write("x")), os.ErrNotExist)
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	next, path, previous := filepath.Join(dir, "next"), filepath.Join(dir, "f"), filepath.Join(dir, "previous")
	content := func(path string) string {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(b)
	}
	for i, keep := range []string{previous, previous, previous, ""} {
		require.NoError(t, Write(next, write(fmt.Sprint(i))))
		require.NoError(t, Rotate(next, path, keep))
		require.NoFileExists(t, next)
		require.Equal(t, fmt.Sprint(i), content(path))
	}
	require.Equal(t, "1", content(previous))
	require.ErrorIs(t, Rotate(next, filepath.Join(dir, "other"), ""), os.ErrNotExist)
}
