package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/timing"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// speedup is how much faster a case gets with threads. Apart is what the
// hardware gives when nothing is shared: as many one-thread engines at once,
// each with operands of its own, in multiples of one engine alone. What
// Threads lacks of Apart is the engine's loss, what Apart lacks of the number
// of threads is the machine's.
type speedup struct {
	Kind        string  `json:"kind"`
	Case        string  `json:"case"`
	Pass        string  `json:"pass,omitempty"`
	Threads     int     `json:"threads"`
	Nanoseconds int64   `json:"one_thread_best_ns"`
	Speedup     float64 `json:"speedup_best"`
	Median      float64 `json:"speedup_median"`
	Apart       float64 `json:"apart_best"`
	ApartMedian float64 `json:"apart_median"`
}

// piece is something to time on any engine. Every call of work makes operands
// of its own.
type piece struct {
	kind, name, pass string
	work             func(*tensor.Engine) benchmark.Work
}

// scaling measures every case on one thread, on 2, 4, 8, ... and on all
// threads, and on as many engines apart, in turn.
func (b *bench) scaling(threads int) error {
	pieces, err := scalingPieces()
	if err != nil {
		return err
	}
	for _, p := range pieces {
		if !b.filter.MatchString(p.name + " " + p.pass) {
			continue
		}
		for n := 2; n < 2*threads; n *= 2 {
			debug.FreeOSMemory()
			fmt.Fprintf(os.Stderr, "%s %s %s, %d threads\n", p.kind, p.name, p.pass, min(n, threads))
			if err := b.scale(p, min(n, threads)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) scale(p piece, threads int) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	engines := make([]*tensor.Engine, 0, threads+1)
	defer func() {
		for _, e := range engines {
			e.Close()
		}
	}()
	alone := make([]benchmark.Work, threads)
	for i := range alone {
		e, err := tensor.NewEngine(1)
		if err != nil {
			return err
		}
		engines, alone[i] = append(engines, e), p.work(e)
	}
	all, err := tensor.NewEngine(threads)
	if err != nil {
		return err
	}
	engines = append(engines, all)
	apart := benchmark.Work{Steps: alone[0].Steps, Run: func() {
		var wait sync.WaitGroup
		for _, w := range alone[1:] {
			wait.Go(w.Run)
		}
		alone[0].Run()
		wait.Wait()
	}}
	t := timing.Alternate(b.budget, alone[0].Sampler(), p.work(all).Sampler(), apart.Sampler())
	ratio := func(of func(timing.Timing) float64, i int) float64 { return of(t[0]) / of(t[i]) }
	best := func(t timing.Timing) float64 { return float64(t.Best) }
	median := func(t timing.Timing) float64 { return float64(t.Median) }
	b.Speedups = append(b.Speedups, speedup{
		Kind: p.kind, Case: p.name, Pass: p.pass, Threads: threads, Nanoseconds: t[0].Best.Nanoseconds(),
		Speedup: ratio(best, 1), Median: ratio(median, 1),
		Apart: float64(threads) * ratio(best, 2), ApartMedian: float64(threads) * ratio(median, 2),
	})
	return nil
}

// scalingPieces lists the matrix products, the convolutions' passes and the
// networks' steps.
func scalingPieces() (pieces []piece, err error) {
	cases, err := products()
	if err != nil {
		return nil, err
	}
	for _, c := range cases {
		pieces = append(pieces, piece{"gemm", c.name, "", func(e *tensor.Engine) benchmark.Work {
			return benchmark.NewProduct(c.m, c.n, c.k, c.images).Work(e)
		}})
	}
	shapes, err := convolutions()
	if err != nil {
		return nil, err
	}
	for _, s := range shapes {
		for _, pass := range benchmark.Passes {
			pieces = append(pieces, piece{"conv", s.name, string(pass), func(e *tensor.Engine) benchmark.Work {
				return benchmark.NewConvolution(s.shape).Work(e, pass)
			}})
		}
	}
	for _, s := range append([]step{lenet5}, networks...) {
		for _, mode := range benchmark.Modes {
			pieces = append(pieces, piece{"step", fmt.Sprintf("%s, batch %d", s.name, s.batch), mode, func(e *tensor.Engine) benchmark.Work {
				return benchmark.Step(e, s.model, mode, s.batch)
			}})
		}
	}
	return pieces, nil
}

func (r *results) printSpeedups(w io.Writer) {
	if len(r.Speedups) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-40s%12s%10s%20s%20s\n", "times one thread: best (median)", "one thread", "threads", "one engine", "engines apart")
	for _, s := range r.Speedups {
		fmt.Fprintf(w, "%-40s%9.2f ms%10d%13.2f (%.2f)%13.2f (%.2f)\n", s.Kind+" "+s.Case+" "+s.Pass,
			milliseconds(s.Nanoseconds), s.Threads, s.Speedup, s.Median, s.Apart, s.ApartMedian)
	}
}
