package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzUnpack puts an entry of any name and kind before the one that is wanted,
// and looks for files where none should be.
func FuzzUnpack(f *testing.F) {
	f.Add("../../escaped", byte(tar.TypeReg), "", []byte("text"), false)
	f.Add("/tmp/escaped", byte(tar.TypeReg), "", []byte("text"), true)
	f.Add("set", byte(tar.TypeSymlink), "/tmp", []byte(nil), false)
	f.Add("set/file", byte(tar.TypeLink), "../archive", []byte(nil), false)
	f.Add("./set//file", byte(tar.TypeReg), "", []byte("other"), true)
	f.Add("set/other/../file", byte(tar.TypeReg), "", []byte("wanted"), false)
	wanted := []byte("wanted")
	members := map[string]File{"set/file": {Checksum: fmt.Sprintf("sha256:%x", sha256.Sum256(wanted))}}
	f.Fuzz(func(t *testing.T, name string, kind byte, link string, content []byte, zipped bool) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if w.WriteHeader(&tar.Header{Name: name, Typeflag: kind, Linkname: link, Size: int64(len(content))}) != nil {
			return // no archive can have it
		}
		_, _ = w.Write(content) // entries of some kinds have none
		if err := w.WriteHeader(&tar.Header{Name: "set/file", Size: int64(len(wanted))}); err == nil {
			_, err = w.Write(wanted)
			require.NoError(t, err)
			require.NoError(t, w.Close())
		}
		if zipped {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, err := z.Write(b.Bytes())
			require.NoError(t, err)
			require.NoError(t, z.Close())
			b = packed
		}
		dir := t.TempDir()
		archive, file := filepath.Join(dir, "archive"), filepath.Join(dir, "data", "set", "file")
		require.NoError(t, os.WriteFile(archive, b.Bytes(), 0o600))

		err := Unpack(archive, filepath.Join(dir, "data"), members)
		require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && path != archive {
				require.True(t, entry.Type().IsRegular(), path)
				require.Equal(t, file, path)
			}
			return err
		}))
		if err == nil {
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, wanted, got)
		} else {
			require.ErrorContains(t, err, archive+": ")
			require.NoFileExists(t, file)
		}
	})
}
