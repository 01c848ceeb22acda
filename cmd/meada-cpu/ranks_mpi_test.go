//go:build mpi

package main

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/collective"
	"github.com/meada-cpu/meada-cpu/internal/collective/mpi"
)

// spoilt, if set, is what spoils what rank 1 receives.
const spoilt = "MEADA_TEST_SPOILT"

func init() {
	if os.Getenv(spoilt) == "" {
		return
	}
	join = func(patience time.Duration) (*mpi.Ranks, error) {
		ranks, err := mpi.Join(patience)
		if err == nil && ranks.Rank() == 1 {
			ranks.Group, err = collective.New(&spoiling{Link: ranks.Group})
		}
		return ranks, err
	}
}

// spoiling is the link of a rank to one other: of the gradients of descent step 3 it
// receives those that the other rank has summed as NaN. Ranks exchange a byte before every step.
type spoiling struct {
	collective.Link
	steps, halves int
}

func (s *spoiling) Exchange(peer int, send, recv []byte) error {
	err := s.Link.Exchange(peer, send, recv)
	switch {
	case len(recv) == 1:
		s.steps++
		s.halves = 0
	case s.steps == 4 && len(recv) > 1000:
		s.halves++
		if s.halves%2 == 0 { // first it has received the terms of its own half
			values := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(recv))), len(recv)/4)
			for i := range values {
				values[i] = float32(math.NaN())
			}
		}
	}
	return err
}

// What is NaN on one rank alone ends all, with one line that names the step, the tensor and
// the rank: found by the loss of the next step, or by the test after the step itself.
func TestNaNOnOneRank(t *testing.T) {
	launcher := strings.Fields(os.Getenv("MEADA_MPIRUN"))
	if len(launcher) == 0 {
		t.Skip("MEADA_MPIRUN names no mpirun")
	}
	for name, steps := range map[string]string{"descent": "9", "test": "4"} {
		t.Run(name, func(t *testing.T) {
			words := append(launcher, "-n", "2", command, "train", "--dataset", "digits", "--data", tinyDigits(t),
				"--model", small, "--algorithm", "erm", "--quiet", "--http", "0", "--loops-train", steps, "--test-every", "9", "--shards", "2", "--threads", "1", "--out", "run")
			c := exec.Command(words[0], words[1:]...)
			c.Dir, c.Env = t.TempDir(), append(os.Environ(), spoilt+"=1")
			begin := time.Now()
			said, err := c.CombinedOutput()
			require.Less(t, time.Since(begin), 30*time.Second)
			var exit *exec.ExitError
			require.True(t, errors.As(err, &exit), "%v: %s", err, said)
			require.Equal(t, exitDiverged, exit.ExitCode(), "%s", said)
			lines := regexp.MustCompile(`(?m)^meada-cpu: .*$`).FindAllString(string(said), -1)
			require.Len(t, lines, 1, "%s", said)
			require.Regexp(t, `^meada-cpu: training diverged at step 3: .*\w+\.(weight|bias) on rank 1 is NaN or infinite, but not on all ranks: its machine may be at fault$`, lines[0])
			t.Log(lines[0])
		})
	}
}
