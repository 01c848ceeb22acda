package tensor

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/meada-cpu/meada-cpu/simd"
)

// Task is work that splits into independent numbered parts. Implementations are
// one pointer in size, so that running one allocates nothing; see the package
// comment.
type Task interface {
	// Do runs part number task on the given worker (0 <= worker < Threads).
	Do(task, worker int)
}

// Engine is what an operation runs on: a kernel set, a fixed set of
// workers, and scratch memory that is valid during one operation.
//
// Which worker runs which part is left to chance. Results never depend on it:
// parts write disjoint outputs and are cut by the shapes alone.
//
// An Engine runs one operation at a time; it is not safe for concurrent use, and
// panics where it notices any.
type Engine struct {
	Kernels *simd.Kernels // what operations call

	threads int
	scratch [][]float32 // one for each worker
	tiles   []PerWorker[tileCall]
	shared  []float32

	// What was reserved of each, of a planner without the memory.
	sharedSize, scratchSize int
	planner                 bool

	task    Task
	tasks   int64
	_       cacheLines    // workers write what follows while others read the above
	next    atomic.Int64  // the next part to hand out
	_       cacheLines    // who waits reads what follows while parts are handed out
	epoch   atomic.Uint32 // counts Run calls: a change is the workers' start sign
	pending atomic.Int32  // workers that have not finished this epoch
	waiting atomic.Bool   // Run sleeps on done
	done    chan struct{}
	workers []*worker
	running atomic.Bool
	counted atomic.Bool // busy counts this engine's workers
	closed  bool
}

// cacheLines separates what one CPU writes from what others use: processors fetch
// lines of 64 bytes in pairs, or have lines of 128.
type cacheLines [128]byte

// PerWorker is the element of a slice that has one for each worker, on cache lines
// of its own.
type PerWorker[T any] struct {
	Value T
	_     cacheLines
}

// Who goes to sleep says so by Swap, then looks once more. After Store, QEMU lets the look
// come first on an emulated arm64, and a wake-up is lost.
type worker struct {
	parked atomic.Bool // sleeps on wake
	wake   chan struct{}
}

// spinTime is how long a goroutine looks for what it waits for, the next operation
// or the end of this one, before it goes to sleep. To wake it takes a virtual
// machine 0.1 to 0.2 ms, as long as many operations, and waits within a step last
// about as long as one part of an operation.
const spinTime = 500 * time.Microsecond

// spins is how often it looks, some tens of microseconds, before it lets other
// goroutines run: those it waits for may be among them.
const spins = 20000

// busy counts the workers of the engines that run an operation. Where they are more
// than the processors, a goroutine that looks keeps another engine's from working.
var busy atomic.Int32

// crowded reports whether the engines that run, and this one, have more workers than
// there are processors.
func (e *Engine) crowded() bool {
	n := int(busy.Load())
	if !e.counted.Load() {
		n += e.threads
	}
	return n > runtime.GOMAXPROCS(0)
}

// spin waits until done or for spinTime, or not at all where processors are short. It
// reports whether it is done.
func (e *Engine) spin(done func() bool) bool {
	for begin := time.Now(); !e.crowded(); {
		for range spins {
			if done() {
				return true
			}
		}
		if time.Since(begin) > spinTime {
			return false
		}
		runtime.Gosched()
	}
	return done()
}

// NewEngine starts an engine with that many workers, the calling goroutine being
// one of them, on the process's kernel set; threads < 1 means
// runtime.GOMAXPROCS(0). The error is that of simd.Default: MEADA_ISA names a
// kernel set that is unknown or that this CPU cannot run.
func NewEngine(threads int) (*Engine, error) {
	kernels, err := simd.Default()
	if err != nil {
		return nil, err
	}
	return NewEngineOn(threads, kernels), nil
}

// mostThreads is more than any machine can run at a time.
const mostThreads = 1 << 16

// NewEngineOn is NewEngine on a given kernel set, for tests and comparisons; nil
// means simd.Active().
func NewEngineOn(threads int, kernels *simd.Kernels) *Engine {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	if threads > mostThreads {
		panic(fmt.Sprintf("tensor: an engine of %d workers, expected at most %d", threads, mostThreads))
	}
	if kernels == nil {
		kernels = simd.Active()
	}
	e := &Engine{
		Kernels: kernels,
		threads: threads,
		scratch: make([][]float32, threads),
		tiles:   make([]PerWorker[tileCall], threads),
		done:    make(chan struct{}, 1),
	}
	for i := 1; i < threads; i++ {
		w := &worker{wake: make(chan struct{}, 1)}
		e.workers = append(e.workers, w)
		go e.work(w, i)
	}
	return e
}

// InstructionSet returns the name of the kernel set that [NewEngine] takes, or its
// error.
func InstructionSet() (string, error) {
	kernels, err := simd.Default()
	if err != nil {
		return "", err
	}
	return kernels.Name, nil
}

// InstructionSets returns the names of the kernel sets that this CPU can run, best
// first; the last is generic.
func InstructionSets() []string {
	var names []string
	for _, kernels := range simd.Available() {
		names = append(names, kernels.Name)
	}
	return names
}

// InstructionSet returns the name of the engine's kernel set.
func (e *Engine) InstructionSet() string { return e.Kernels.Name }

// Threads returns the number of workers.
func (e *Engine) Threads() int { return e.threads }

// Close ends the workers. The engine must not be used after it; closing it again
// does nothing. It panics on an engine that runs an operation.
func (e *Engine) Close() {
	if e.running.Swap(true) {
		panic("tensor: an engine is closed while it runs an operation")
	}
	defer e.running.Store(false)
	if !e.closed {
		e.closed = true
		e.start(0, nil)
	}
}

// Reserve makes sure that Shared has at least shared elements and Scratch at
// least perWorker. Whatever is planned on an engine calls it when it is built, with
// zeros where it needs neither: it panics on one that is closed.
func (e *Engine) Reserve(shared, perWorker int) {
	if e.closed {
		panic("tensor: the engine is closed")
	}
	if e.sharedSize < shared {
		e.sharedSize = shared
		if !e.planner {
			e.shared = Aligned(shared)
		}
	}
	if e.scratchSize < perWorker {
		e.scratchSize = perWorker
		for i := range e.scratch {
			if !e.planner {
				e.scratch[i] = Aligned(perWorker)
			}
		}
	}
}

// Planner returns an engine on which operations are planned as on this one, to learn
// from ReservedBytes what they need. It has no workers and no memory, and panics when it
// is to run one.
func (e *Engine) Planner() *Engine {
	return &Engine{Kernels: e.Kernels, threads: e.threads, planner: true, scratch: make([][]float32, e.threads), tiles: make([]PerWorker[tileCall], e.threads)}
}

// ReservedBytes returns how much memory Reserve was asked for, of all workers.
func (e *Engine) ReservedBytes() int64 {
	return 4 * (int64(e.sharedSize) + int64(e.threads)*int64(e.scratchSize))
}

// Shared returns scratch memory that all parts of an operation may use.
func (e *Engine) Shared() []float32 { return e.shared }

// Scratch returns one worker's own scratch memory.
func (e *Engine) Scratch(worker int) []float32 { return e.scratch[worker] }

// Tile returns one worker's own call of the kernel set's Gemm, for a part of an
// operation to fill in: a struct of its own would escape.
func (e *Engine) Tile(worker int) *simd.GemmTile { return &e.tiles[worker].Value.tiles.GemmTile }

// Tiles returns one worker's own call of the kernel set's GemmTiles.
func (e *Engine) Tiles(worker int) *simd.GemmTiles { return &e.tiles[worker].Value.tiles }

// GatherRows returns one worker's own rows for a call of the kernel set's GemmGather.
func (e *Engine) GatherRows(worker int) *simd.GatherRows { return &e.tiles[worker].Value.rows }

// tileCall is what calls of GemmTiles and GemmGather take.
type tileCall struct {
	tiles simd.GemmTiles
	rows  simd.GatherRows
}

// Run runs the parts 0 <= i < tasks of t on the workers and returns when all
// are done. It panics on an engine that is closed or runs another operation.
func (e *Engine) Run(tasks int, t Task) {
	if e.running.Swap(true) {
		panic("tensor: an engine runs one operation at a time")
	}
	defer e.running.Store(false)
	if e.closed {
		panic("tensor: the engine is closed")
	}
	if e.planner {
		panic("tensor: an engine for planning runs an operation")
	}
	if tasks <= 1 || e.threads == 1 {
		for i := range tasks {
			t.Do(i, 0)
		}
		return
	}
	e.count(true)
	e.start(tasks, t)
	e.drain(0)
	e.wait()
	e.count(false)
}

// count adds this engine's workers to busy, or takes them away.
func (e *Engine) count(runs bool) {
	e.counted.Store(runs)
	n := int32(e.threads)
	if !runs {
		n = -n
	}
	busy.Add(n)
}

// start hands a task to the workers; nil ends them.
func (e *Engine) start(tasks int, t Task) {
	e.task, e.tasks = t, int64(tasks)
	e.next.Store(0)
	e.pending.Store(int32(len(e.workers)))
	e.epoch.Add(1)
	for _, w := range e.workers {
		if w.parked.Swap(false) {
			w.wake <- struct{}{}
		}
	}
}

// wait returns when all workers have finished.
func (e *Engine) wait() {
	if e.spin(func() bool { return e.pending.Load() == 0 }) {
		return
	}
	// A wake-up may be the late report of a worker that finished the operation
	// before this one, so pending alone says when this one is over.
	for e.pending.Load() != 0 {
		e.waiting.Swap(true)
		if e.pending.Load() == 0 && e.waiting.Swap(false) {
			return
		}
		<-e.done
	}
}

// drain runs parts until none are left.
func (e *Engine) drain(worker int) {
	for {
		i := e.next.Add(1) - 1
		if i >= e.tasks {
			return
		}
		e.task.Do(int(i), worker)
	}
}

func (e *Engine) work(w *worker, index int) {
	seen := uint32(0)
	for {
		started := func() bool { return e.epoch.Load() != seen }
		for !e.spin(started) {
			w.parked.Swap(true)
			if started() && w.parked.Swap(false) {
				break
			}
			<-w.wake
		}
		seen = e.epoch.Load()
		if e.task == nil {
			return
		}
		e.drain(index)
		if e.pending.Add(-1) == 0 && e.waiting.Swap(false) {
			e.done <- struct{}{}
		}
	}
}
