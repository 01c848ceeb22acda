package system

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The peak of a process is its own, not that of the one that started it.
func TestPeakMemoryOfAChild(t *testing.T) {
	const name, size = "MEADA_TEST_PEAK", 256 << 20
	if os.Getenv(name) != "" {
		_, err := os.Stdout.WriteString("peak " + strconv.FormatInt(PeakMemory(), 10) + "\n")
		require.NoError(t, err)
		return
	}
	memory := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		memory[i] = 1
	}
	require.Greater(t, PeakMemory(), int64(size))
	child := exec.Command(os.Args[0], "-test.run=^TestPeakMemoryOfAChild$")
	child.Env = append(os.Environ(), name+"=1")
	out, err := child.Output()
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(out), "peak ")
	require.True(t, ok, string(out))
	text, _, _ := strings.Cut(rest, "\n")
	peak, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	require.Positive(t, peak)
	require.Less(t, peak, int64(size)/2)
	require.EqualValues(t, 1, memory[0])
}
