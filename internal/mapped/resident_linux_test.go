package mapped

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// residentFiles returns how many bytes of files the process has in memory.
func residentFiles(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(status), "RssFile:")
	require.True(t, ok)
	var kib int64
	_, err = fmt.Sscanf(after, "%d kB", &kib)
	require.NoError(t, err)
	return kib << 10
}

// However much the kernel maps around what is looked at, a file takes no more memory
// than it says.
func TestResident(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images")
	const image, images = 150_528, 300
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte{1}, images*image), 0o666))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	f, err := Open(file, images*image)
	require.NoError(t, err)
	defer f.Close()
	before, most := residentFiles(t), int64(0)
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(images) {
		f.Use(image)
		require.Equal(t, image, bytes.Count(f.Data[i*image:][:image], []byte{1}))
		most = max(most, residentFiles(t)-before)
	}
	require.Less(t, most, int64(Resident))
}
