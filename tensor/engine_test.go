package tensor

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lateReport is an operation of two parts, one for each of two workers. While
// its second worker is at work, the report arrives of a worker that finished the
// operation before and was interrupted just then, after it counted itself as
// finished and before it looked whether Run slept.
type lateReport struct {
	engine   *Engine
	started  atomic.Bool
	finished bool
}

func (l *lateReport) Do(_, worker int) {
	if worker == 0 {
		for !l.started.Load() {
			time.Sleep(time.Microsecond)
		}
		return
	}
	l.started.Store(true)
	for !l.engine.waiting.Swap(false) {
		time.Sleep(time.Microsecond)
	}
	l.engine.done <- struct{}{}
	time.Sleep(time.Millisecond)
	l.finished = true
}

// TestRunIgnoresLateReports demands that Run waits for the workers of its own
// operation, whatever those of an earlier one still have to say.
func TestRunIgnoresLateReports(t *testing.T) {
	e := NewEngineOn(2, nil)
	defer e.Close()
	for range 20 {
		l := &lateReport{engine: e}
		e.Run(2, l)
		require.True(t, l.finished, "Run returned while a part was running")
	}
}

// Goroutines look for what they wait for only where there are processors for the
// workers of all engines that run.
func TestSpinning(t *testing.T) {
	looks := 0
	never := func() bool { looks++; return false }
	require.False(t, spin(0, never))
	require.GreaterOrEqual(t, looks, spins)

	looks = 0
	require.False(t, spin(runtime.GOMAXPROCS(0)+1, never))
	require.Equal(t, 1, looks)

	busy.Add(int32(runtime.GOMAXPROCS(0) + 1))
	defer busy.Add(-int32(runtime.GOMAXPROCS(0) + 1))
	looks = 0
	require.False(t, spin(0, never))
	require.Equal(t, 1, looks)
}

// held is an operation of one part that waits.
type held struct{ begun, release chan struct{} }

func (h held) Do(_, _ int) {
	close(h.begun)
	<-h.release
}

// An engine that two goroutines use at once panics in the second one, and goes on.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for _, threads := range []int{1, 2} {
		e := NewEngineOn(threads, nil)
		h := held{make(chan struct{}), make(chan struct{})}
		ended := make(chan struct{})
		go func() { e.Run(1, h); close(ended) }()
		<-h.begun
		other := held{make(chan struct{}), make(chan struct{})}
		require.PanicsWithValue(t, "tensor: an engine runs one operation at a time", func() { e.Run(1, other) })
		require.PanicsWithValue(t, "tensor: an engine is closed while it runs an operation", e.Close)
		close(h.release)
		<-ended
		close(other.release)
		e.Run(1, other)
		e.Close()
	}
}
