package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
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
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, left := range []string{"f.meada-1.tmp", "other.meada-12.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, left), []byte("left by a crash, and longer"), 0o644))
	}
	own := []string{"f.tmp", "g.meada-x.tmp"}
	for _, name := range own {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("a user's"), 0o644))
	}
	for _, s := range []string{"first", "second"} {
		require.NoError(t, Write(path, write(s)))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, s, string(got))
		require.Equal(t, append([]string{"f"}, own...), names(t, dir))
	}
}

// names lists what is in a folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// Two processes may write to one path, such as a report; neither removes the
// other's temporary file.
func TestWritesThatOverlap(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	require.NoError(t, Write(path, func(w io.Writer) error {
		require.Equal(t, []string{"f.meada-1.tmp"}, names(t, dir))
		require.NoError(t, Write(path, func(w io.Writer) error {
			removeLeft(dir)
			require.Equal(t, []string{"f.meada-1.tmp", "f.meada-2.tmp"}, names(t, dir))
			return write("inner")(w)
		}))
		return write("outer")(w)
	}))
	require.Equal(t, []string{"f"}, names(t, dir))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "outer", string(got))
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has others")
	}
	dir := t.TempDir()
	path, plain := filepath.Join(dir, "f"), filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o666))
	want, err := os.Stat(plain)
	require.NoError(t, err)
	require.NoError(t, Write(path, write("new")))
	for _, mode := range []os.FileMode{want.Mode(), 0o600, 0o640, 0o444} {
		if mode != want.Mode() {
			require.NoError(t, os.Chmod(path, mode))
			require.NoError(t, Write(path, write("replaced")))
		}
		got, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, got.Mode())
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
	require.Equal(t, []string{"f"}, names(t, filepath.Dir(path)))
}

func TestNoSuchFolder(t *testing.T) {
	require.ErrorIs(t, Write(filepath.Join(t.TempDir(), "none", "f"), write("x")), os.ErrNotExist)
}

// A probe tells what Write would, and leaves the folder as it is.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("old"), 0o666))
	require.NoError(t, Probe(filepath.Join(dir, "f")))
	require.NoError(t, Probe(filepath.Join(dir, "g")))
	require.Equal(t, []string{"f"}, names(t, dir))
	require.ErrorIs(t, Probe(filepath.Join(dir, "none", "f")), os.ErrNotExist)
	require.Error(t, Probe(filepath.Join(dir, strings.Repeat("x", 250))), "with what Write appends the name is too long")
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
