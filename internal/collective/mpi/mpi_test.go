//go:build mpi

package mpi

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
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

// Ranks that wait for CPUs have longer to join.
func TestShare(t *testing.T) {
	t.Parallel()
	for load, expected := range map[string]float64{
		"0.10 0.20 0.30 1/130 99\n":   1,
		"9.00 9.00 9.00 2/130 99\n":   1,
		"0.00 0.00 0.00 8/130 99\n":   0.25,
		"0.00 0.00 0.00 500/900 99\n": 0.1,
		"":                            1,
		"0 0 0 many 1":                1,
	} {
		require.Equal(t, expected, share(load, 2), "%q", load)
	}
}
