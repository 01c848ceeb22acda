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
	Case           string      `json:"case"`
	Pass           string      `json:"pass"`
	Nanoseconds    int64       `json:"best_ns"`
	Median         int64       `json:"median_ns"`
	GBytesPerSec   float64     `json:"gb_per_s"` // every operand counted once
	MedianGBPerSec float64     `json:"gb_per_s_median"`
	OfCopy         float64     `json:"of_copy"`
	OfAxpy         float64     `json:"of_axpy"`
	Rivals         []rivalTime `json:"rivals,omitempty"`
}

// rivalTime is how long another implementation takes for the same.
type rivalTime struct {
	Implementation string `json:"implementation"`
	Nanoseconds    int64  `json:"best_ns"`
	Median         int64  `json:"median_ns"`
}

// operators measures those whose name passes the filter.
func (b *bench) operators() error {
	for _, o := range benchmark.Operators() {
		name := o.Name()
		if !b.filter.MatchString(name) {
			continue
		}
		work := o.New(b.engine)
		shift, axpy := benchmark.Copy(b.engine, int(work.Bytes/8)), benchmark.Axpy(b.engine, int(work.Bytes/12))
		names, samplers, err := b.prepare(name, func(r rival) (timing.Sampler, error) { return r.operator(o) })
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "memory %s %s\n", name, o.Pass)
		t := timing.Alternate(b.budget, append([]timing.Sampler{work.Sampler(), shift.Sampler(), axpy.Sampler()}, samplers...)...)
		speed := rate(work.Bytes, t[0].Best)
		measured := operator{
			Case: name, Pass: o.Pass,
			Nanoseconds: t[0].Best.Nanoseconds(), Median: t[0].Median.Nanoseconds(),
			GBytesPerSec: speed, MedianGBPerSec: rate(work.Bytes, t[0].Median),
			OfCopy: speed / rate(shift.Bytes, t[1].Best), OfAxpy: speed / rate(axpy.Bytes, t[2].Best),
		}
		for i, t := range t[3:] {
			measured.Rivals = append(measured.Rivals, rivalTime{names[i], t.Best.Nanoseconds(), t.Median.Nanoseconds()})
		}
		b.Operators = append(b.Operators, measured)
	}
	return nil
}

// printOperators writes the table of what memory limits.
func (r *results) printOperators(w io.Writer) {
	if len(r.Operators) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-32s%20s%16s%10s%10s", "operator: best (median)", "us", "GB/s", "of copy", "of axpy")
	for _, rival := range r.Operators[0].Rivals {
		fmt.Fprintf(w, "%24s", rival.Implementation+", us")
	}
	for _, rival := range r.Operators[0].Rivals {
		fmt.Fprintf(w, "%19s", "x "+rival.Implementation)
	}
	fmt.Fprintln(w)
	microseconds := func(best, median int64) string {
		return fmt.Sprintf("%.1f (%.1f)", 1e-3*float64(best), 1e-3*float64(median))
	}
	for _, o := range r.Operators {
		fmt.Fprintf(w, "%-32s%20s%16s%8.0f %%%8.0f %%", o.Case+" "+o.Pass, microseconds(o.Nanoseconds, o.Median),
			fmt.Sprintf("%.1f (%.1f)", o.GBytesPerSec, o.MedianGBPerSec), 100*o.OfCopy, 100*o.OfAxpy)
		for _, rival := range o.Rivals {
			fmt.Fprintf(w, "%24s", microseconds(rival.Nanoseconds, rival.Median))
		}
		for _, rival := range o.Rivals {
			fmt.Fprintf(w, "%19.1f", float64(rival.Nanoseconds)/float64(o.Nanoseconds))
		}
		fmt.Fprintln(w)
	}
}
