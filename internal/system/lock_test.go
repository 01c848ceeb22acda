package system

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	held, err := AcquireLock(path)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(os.Getpid())+"\n", string(text))

	_, err = AcquireLock(path)
	var locked *LockedError
	require.ErrorAs(t, err, &locked)
	require.Equal(t, &LockedError{Path: path, PID: strconv.Itoa(os.Getpid())}, locked)

	held.Release()
	require.NoFileExists(t, path)
	held, err = AcquireLock(path)
	require.NoError(t, err)
	held.Release()
}

// A file that a process left that was killed is no lock.
func TestLockLeftBehind(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	require.NoError(t, os.WriteFile(path, []byte("123456789012\n"), 0o666))
	held, err := AcquireLock(path)
	require.NoError(t, err)
	defer held.Release()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(os.Getpid())+"\n", string(text))
}

func TestLockNeedsItsFolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "lock")
	_, err := AcquireLock(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
}

// A file of the user's that has the name of a lock stays.
func TestLockThatIsNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "LOCK")
	for _, text := range []string{"what I must not forget", "1234567890123456789012345\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := AcquireLock(path)
		require.ErrorContains(t, err, path+": it is no lock of this program")
		still, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(still))
	}
}
