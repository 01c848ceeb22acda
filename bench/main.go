// Command bench measures meada-cpu beside others on the same work in one run:
// matrix products, convolutions and LeNet5 steps against gonum or PyTorch, the
// multiply-add peak of the CPU and the bandwidth of its memory, and what the last
// limits (batch normalisation, pooling, optimisers) against it.
//
//	go run . [-threads N] [-pytorch] [-only REGEXP] [-budget DURATION] [-out DIR]
//
// Everybody is sampled in turn, so the ratios hold on a machine that others use;
// figures are the best sample, with the median in brackets. It prints tables and
// writes DIR/<rival>-<isa>-<N>t.json and .svg. MEADA_ISA chooses the row.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/timing"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// rival is another implementation of the same work. A nil sampler means that
// it has none.
type rival interface {
	name() string
	gemm(*benchmark.Product) (timing.Sampler, error)
	conv(*benchmark.Convolution, benchmark.Pass) (timing.Sampler, error)
	step(mode string, batch int) (timing.Sampler, error)
	close() error
}

// results is everything one run measured.
type results struct {
	CPU     string   `json:"cpu"`
	ISA     string   `json:"isa"`
	Go      string   `json:"go"`
	Threads int      `json:"threads"`
	Peak    float64  `json:"peak_gflops"`
	Memory  []memory `json:"memory"`
	Figures []figure `json:"figures"`
	// Operators are what memory limits.
	Operators []operator `json:"operators"`
}

// memory is a bandwidth, by the bytes that the program reads and writes.
type memory struct {
	Kernel         string  `json:"kernel"` // copy or axpy
	MiB            int     `json:"mib"`    // of each array
	GBytesPerSec   float64 `json:"gb_per_s"`
	MedianGBPerSec float64 `json:"gb_per_s_median"`
}

// figure is one implementation's time for one case.
type figure struct {
	Kind           string  `json:"kind"` // gemm, conv or step
	Case           string  `json:"case"`
	Pass           string  `json:"pass,omitempty"`
	Implementation string  `json:"implementation"`
	Nanoseconds    int64   `json:"best_ns"`
	Median         int64   `json:"median_ns"`
	Samples        int     `json:"samples"`
	GFLOPS         float64 `json:"gflops,omitempty"` // of the direct algorithm, best
	MedianGFLOPS   float64 `json:"gflops_median,omitempty"`
	OfPeak         float64 `json:"of_peak,omitempty"`
}

const ours = "meada-cpu"

func main() {
	threads := flag.Int("threads", 1, "threads of every implementation")
	withPyTorch := flag.Bool("pytorch", false, "compare with PyTorch instead of gonum")
	python := flag.String("python", "python3", "a Python that has PyTorch")
	only := flag.String("only", "", "regular expression: only the cases whose name matches")
	budget := flag.Duration("budget", 1500*time.Millisecond, "time for each case")
	out := flag.String("out", "results", "folder for the JSON and SVG files, empty for none")
	flag.Parse()
	if err := run(*threads, *withPyTorch, *python, *only, *budget, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(threads int, withPyTorch bool, python, only string, budget time.Duration, out string) (err error) {
	filter, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	runtime.GOMAXPROCS(threads) // gonum takes as many
	rivals := []rival{gonum{}}
	if withPyTorch {
		rivals = nil
		for _, channelsLast := range []bool{false, true} {
			p, err := startPyTorch(python, threads, channelsLast)
			if err != nil {
				return err
			}
			rivals = append(rivals, p)
		}
	}
	defer func() {
		for _, r := range rivals {
			err = errors.Join(err, r.close())
		}
	}()

	b := &bench{engine: tensor.NewEngine(threads, nil), rivals: rivals, filter: filter, budget: budget}
	defer b.engine.Close()
	if err := b.everything(); err != nil {
		return err
	}
	b.results.CPU, b.results.ISA, b.results.Go = cpuid.CPU.BrandName, b.engine.Kernels.Name, runtime.Version()
	b.results.Threads = threads
	b.results.print(os.Stdout)
	if out == "" {
		return nil
	}
	return b.results.save(out, strings.ToLower(strings.Fields(rivals[0].name())[0]))
}

// bench is a run in progress.
type bench struct {
	engine *tensor.Engine
	rivals []rival
	filter *regexp.Regexp
	budget time.Duration
	results
}

func (b *bench) everything() error {
	b.memory()
	cases, err := products()
	if err != nil {
		return err
	}
	for _, c := range cases {
		if !b.filter.MatchString(c.name) {
			continue
		}
		p := benchmark.NewProduct(c.m, c.n, c.k, c.images)
		prepare := func(r rival) (timing.Sampler, error) { return r.gemm(p) }
		if err := b.race("gemm", c.name, "", p.Work(b.engine), prepare); err != nil {
			return err
		}
	}
	shapes, err := convolutions()
	if err != nil {
		return err
	}
	for _, s := range shapes {
		if !b.filter.MatchString(s.name) {
			continue
		}
		c := benchmark.NewConvolution(s.shape)
		for _, pass := range benchmark.Passes {
			prepare := func(r rival) (timing.Sampler, error) { return r.conv(c, pass) }
			if err := b.race("conv", s.name, string(pass), c.Work(b.engine, pass), prepare); err != nil {
				return err
			}
		}
	}
	const batch = 32
	for _, mode := range benchmark.Modes {
		if !b.filter.MatchString("LeNet5") {
			break
		}
		prepare := func(r rival) (timing.Sampler, error) { return r.step(mode, batch) }
		if err := b.race("step", "LeNet5", mode, benchmark.LeNet5(b.engine, mode, batch), prepare); err != nil {
			return err
		}
	}
	b.operators()
	for i := range b.Figures {
		f := &b.Figures[i]
		f.OfPeak = f.GFLOPS / b.Peak
	}
	return nil
}

// race times a piece of work of ours, the rivals' and the peak in turn.
func (b *bench) race(kind, name, pass string, work benchmark.Work, prepare func(rival) (timing.Sampler, error)) error {
	peak := benchmark.Peak(b.engine)
	names, samplers := []string{"peak", ours}, []timing.Sampler{peak.Sampler(), work.Sampler()}
	for _, r := range b.rivals {
		sampler, err := prepare(r)
		if err != nil {
			return fmt.Errorf("%s, %s %s: %w", r.name(), name, pass, err)
		}
		if sampler != nil {
			names, samplers = append(names, r.name()), append(samplers, sampler)
		}
	}
	fmt.Fprintf(os.Stderr, "%s %s %s\n", kind, name, pass)
	for i, t := range timing.Alternate(b.budget, samplers...) {
		if i == 0 {
			b.Peak = max(b.Peak, rate(peak.FLOPs, t.Best))
			continue
		}
		b.Figures = append(b.Figures, figure{
			Kind: kind, Case: name, Pass: pass, Implementation: names[i],
			Nanoseconds: t.Best.Nanoseconds(), Median: t.Median.Nanoseconds(), Samples: t.Samples,
			GFLOPS: rate(work.FLOPs, t.Best), MedianGFLOPS: rate(work.FLOPs, t.Median),
		})
	}
	return nil
}

// memory measures arrays that fit the caches and ones that don't.
func (b *bench) memory() {
	for _, mib := range []int{1, 16, 256} {
		for _, k := range []struct {
			name string
			work func(*tensor.Engine, int) benchmark.Work
		}{{"copy", benchmark.Copy}, {"axpy", benchmark.Axpy}} {
			w := k.work(b.engine, mib<<18)
			t := timing.Alternate(b.budget, w.Sampler())[0]
			b.Memory = append(b.Memory, memory{k.name, mib, rate(w.Bytes, t.Best), rate(w.Bytes, t.Median)})
		}
	}
}

// rate returns billions a second.
func rate(amount float64, d time.Duration) float64 { return amount / float64(max(d.Nanoseconds(), 1)) }

// save writes the results as JSON and as a chart.
func (r *results) save(dir, rival string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	base := filepath.Join(dir, fmt.Sprintf("%s-%s-%dt", rival, r.ISA, r.Threads))
	if err := os.WriteFile(base+".json", append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".svg", r.chart(), 0o644)
}
