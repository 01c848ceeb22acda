//go:build mpi

package mpi

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// launcher names the mpirun of the library that the test is built with.
const launcher = "MEADA_MPIRUN"

// A rank that is stopped is found by the next one, which names it. The test starts
// itself as ranks.
func TestStoppedRank(t *testing.T) {
	if ranks, _ := Launched(os.Getenv); ranks > 1 {
		stopSecond(t)
		return
	}
	words := strings.Fields(os.Getenv(launcher))
	if len(words) == 0 {
		t.Skipf("%s names no mpirun", launcher)
	}
	begin := time.Now()
	said, err := exec.Command(words[0], append(words[1:], "-n", "4", os.Args[0], "-test.run", t.Name())...).CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, strings.Count(string(said), "rank 1 has not been heard of for 2s: a rank is gone"), "%s", said)
	require.Less(t, time.Since(begin), 25*time.Second)
}

// stopSecond is one of the ranks, of which rank 1 stops.
func stopSecond(t *testing.T) {
	ranks, err := Join(2 * time.Second)
	require.NoError(t, err)
	values := make([]float32, 1000)
	for range 3 {
		require.NoError(t, ranks.Sum(values, func(_, _ []float32) {}))
	}
	if ranks.Rank() == 1 {
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGSTOP))
	}
	if err := ranks.Sum(values, func(_, _ []float32) {}); err != nil {
		fmt.Println(err)
		ranks.Abort(1)
	}
}

// Ranks that hardly get a CPU have longer to join.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, second string
		expected      float64
	}{
		{"300 100 9\n", "0 0 0\n", 1},
		{"100 700 9\n", "0 100 5\n", 1}, // a CPU for nine threads
		{"10 390 9\n", "10 390 9\n", 0.25},
		{"1 990 9\n", "0 9 9\n", 0.1},
		{"", "none", 1},
	} {
		tasks := fstest.MapFS{"7/schedstat": {Data: []byte(c.first)}, "8/schedstat": {Data: []byte(c.second)}}
		require.InDelta(t, c.expected, pace(tasks), 1e-9, "%+v", c)
	}
	require.Equal(t, 1.0, pace(fstest.MapFS{})) // another system
}
