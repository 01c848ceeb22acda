package main

import (
	"fmt"
	"io"
	"os"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/timing"
)

// operator is an operation that memory limits, beside a copy to another array
// and y += alpha*x, which move as many bytes and were sampled in turn with it.
// What writes an array that it has not read cannot be expected to beat the
// copy: the CPU fetches what is to be overwritten.
type operator struct {
	Case           string  `json:"case"`
	Pass           string  `json:"pass"`
	Nanoseconds    int64   `json:"best_ns"`
	Median         int64   `json:"median_ns"`
	GBytesPerSec   float64 `json:"gb_per_s"` // every operand counted once
	MedianGBPerSec float64 `json:"gb_per_s_median"`
	OfCopy         float64 `json:"of_copy"`
	OfAxpy         float64 `json:"of_axpy"`
}

// operators measures those whose name passes the filter.
func (b *bench) operators() {
	for _, o := range benchmark.Operators() {
		if !b.filter.MatchString(o.Name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "memory %s %s\n", o.Name, o.Pass)
		work := o.New(b.engine)
		shift, axpy := benchmark.Copy(b.engine, int(work.Bytes/8)), benchmark.Axpy(b.engine, int(work.Bytes/12))
		t := timing.Alternate(b.budget, work.Sampler(), shift.Sampler(), axpy.Sampler())
		speed := rate(work.Bytes, t[0].Best)
		b.Operators = append(b.Operators, operator{
			Case: o.Name, Pass: o.Pass,
			Nanoseconds: t[0].Best.Nanoseconds(), Median: t[0].Median.Nanoseconds(),
			GBytesPerSec: speed, MedianGBPerSec: rate(work.Bytes, t[0].Median),
			OfCopy: speed / rate(shift.Bytes, t[1].Best), OfAxpy: speed / rate(axpy.Bytes, t[2].Best),
		})
	}
}

// printOperators writes the table of what memory limits.
func (r *results) printOperators(w io.Writer) {
	if len(r.Operators) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-32s%16s%20s%10s%10s\n", "operator: best (median)", "us", "GB/s", "of copy", "of axpy")
	for _, o := range r.Operators {
		fmt.Fprintf(w, "%-32s%16s%20s%8.0f %%%8.0f %%\n", o.Case+" "+o.Pass,
			fmt.Sprintf("%.1f (%.1f)", 1e-3*float64(o.Nanoseconds), 1e-3*float64(o.Median)),
			fmt.Sprintf("%.1f (%.1f)", o.GBytesPerSec, o.MedianGBPerSec), 100*o.OfCopy, 100*o.OfAxpy)
	}
}
