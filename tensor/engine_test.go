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
	looks := func(e *Engine) int {
		n := 0
		require.False(t, e.spin(func() bool { n++; return false }))
		return n
	}
	all := runtime.GOMAXPROCS(0)
	e := &Engine{threads: all}
	require.GreaterOrEqual(t, looks(e), spins, "nothing runs")
	require.Equal(t, 1, looks(&Engine{threads: all + 1}), "an engine has more workers than there are processors")

	e.count(true)
	require.GreaterOrEqual(t, looks(e), spins, "no other engine runs")
	require.Equal(t, 1, looks(&Engine{threads: 1}), "another engine has all processors")

	other := &Engine{threads: 1}
	other.count(true)
	require.Equal(t, 1, looks(e), "two engines have more workers than there are processors")
	e.count(false)
	require.Equal(t, 1, looks(e), "with the one that runs there are more workers than processors")
	other.count(false)
	require.Zero(t, busy.Load())
}

// early is an operation of two parts of which worker 0's goes on after the other has
// ended, long enough for a worker to go to sleep.
type early struct {
	engine *Engine
	ended  atomic.Bool
	slept  bool
}

func (o *early) Do(_, worker int) {
	if worker != 0 {
		o.ended.Store(true)
		return
	}
	for !o.ended.Load() {
		runtime.Gosched()
	}
	for begin := time.Now(); time.Since(begin) < spinTime/5; {
	}
	o.slept = o.engine.workers[0].parked.Load()
}

// TestEarlyWorkersLook demands that a worker that ends before the others looks for the
// next operation, though its own engine has all processors.
func TestEarlyWorkersLook(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	e := NewEngineOn(2, nil)
	defer e.Close()
	awake := 0
	for range 1000 { // the system may interrupt worker 0 for longer than the other looks
		o := &early{engine: e}
		e.Run(2, o)
		if !o.slept {
			awake++
		}
		if awake == 10 { // the first operation finds it awake anyway
			return
		}
	}
	t.Fatalf("the worker was awake after %d of 1000 operations", awake)
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

func TestPlanner(t *testing.T) {
	e := NewEngineOn(3, nil)
	defer e.Close()
	p := e.Planner()
	require.Equal(t, 3, p.Threads())
	NewGemm(p, 100, 200, 300, false, false)
	p.Reserve(1000000, 20)
	NewGemm(e, 100, 200, 300, false, false)
	e.Reserve(1000000, 20)
	require.Empty(t, p.Shared())
	require.EqualValues(t, 4*(len(e.Shared())+3*len(e.Scratch(2))), e.ReservedBytes())
	require.Equal(t, e.ReservedBytes(), p.ReservedBytes())
	require.PanicsWithValue(t, "tensor: an engine for planning runs an operation", func() { p.Run(1, nil) })
}
