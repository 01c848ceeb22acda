package main

import (
	"fmt"
	"io"
	"time"
)

// print writes the tables for people.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, %s, %s\n", r.CPU, r.ISA, threads(r.Threads), r.Go)
	if r.Peak > 0 {
		fmt.Fprintf(w, "multiply-add peak %.1f GFLOP/s\n", r.Peak)
	}
	for _, m := range r.Memory {
		fmt.Fprintf(w, "memory %s, arrays of %d MiB: %.1f (%.1f) GB/s\n", m.Kernel, m.MiB, m.GBytesPerSec, m.MedianGBPerSec)
	}
	kind := ""
	for _, race := range r.races() {
		if race[0].Kind != kind {
			kind = race[0].Kind
			fmt.Fprintf(w, "\n%-32s", kind+": best (median)")
			for _, f := range race {
				fmt.Fprintf(w, "%*s", f.column(), f.Implementation)
			}
			fmt.Fprintf(w, "%10s", "of peak")
			for _, f := range race[1:] {
				fmt.Fprintf(w, "%*s", f.column(), "x "+f.Implementation)
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%-32s", race[0].Case+" "+race[0].Pass)
		for _, f := range race {
			fmt.Fprintf(w, "%*s", f.column(), f.speed())
		}
		if kind == "step" {
			fmt.Fprintf(w, "%10s", "")
		} else {
			fmt.Fprintf(w, "%8.1f %%", 100*race[0].OfPeak)
		}
		for _, f := range race[1:] {
			fmt.Fprintf(w, "%*.1f", f.column(), float64(f.Nanoseconds)/float64(race[0].Nanoseconds))
		}
		fmt.Fprintln(w)
	}
	r.printOperators(w)
	r.printSpeedups(w)
}

// column is the width of what stands under the implementation's name.
func (f figure) column() int { return max(24, len(f.Implementation)+4) }

// speed gives GFLOP/s, or milliseconds for a step.
func (f figure) speed() string {
	if f.Kind == "step" {
		return fmt.Sprintf("%.2f (%.2f) ms", milliseconds(f.Nanoseconds), milliseconds(f.Median))
	}
	return fmt.Sprintf("%.1f (%.1f)", f.GFLOPS, f.MedianGFLOPS)
}

func milliseconds(ns int64) float64 { return float64(ns) / float64(time.Millisecond) }

// races groups the figures by what was timed, ours first.
func (r *results) races() [][]figure {
	var races [][]figure
	for _, f := range r.Figures {
		if f.Implementation == ours {
			races = append(races, nil)
		}
		last := len(races) - 1
		races[last] = append(races[last], f)
	}
	return races
}

func threads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}
