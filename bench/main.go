// Command bench measures meada-cpu beside others on the same work in one run:
// matrix products, convolutions and LeNet5 steps against gonum or PyTorch, the
// multiply-add peak of the CPU and the bandwidth of its memory, and what the last
// limits (batch normalisation, pooling, optimisers) against it.
//
//	go run . [-threads N] [-pytorch] [-modes LIST] [-only REGEXP] [-budget DURATION] [-out DIR]
//
// With -networks it measures steps of the networks beside PyTorch instead.
// PyTorch's side of a maximisation step is the published code's, which computes
// the gradients of the weights too, only to discard them; the networks, the batch
// and the modes are the same on both sides. PyTorch runs as its users may run it:
// by default, channels-last (cl), compiled, under bf16's autocast, each over an
// allocator that keeps memory where one is found.
//
// With -scaling it measures what threads gain, beside as many engines apart.
//
// With -predict FILE it predicts the efficiency of training on many machines from the
// step times in a file (steps/zen3.json), the sums that training does, and assumptions
// that it prints.
//
// Samples are taken in turn, so the ratios hold on a machine that others use;
// figures are the best sample, with the median in brackets. It prints tables and
// writes DIR/<rival>-<isa>-<N>t.json and .svg, or DIR/networks-<isa>-<N>t.json.
// MEADA_ISA chooses the kernel set.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

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
	step(s step, mode string) (timing.Sampler, error)
	operator(benchmark.Operator) (timing.Sampler, error)
	close() error
}

// results is everything one run measured.
type results struct {
	CPU     string   `json:"cpu"`
	ISA     string   `json:"isa"`
	Go      string   `json:"go"`
	Threads int      `json:"threads"`
	Peak    float64  `json:"peak_gflops"`
	Memory  []memory `json:"memory,omitempty"`
	Figures []figure `json:"figures"`
	// Operators are what memory limits.
	Operators []operator `json:"operators,omitempty"`
	Speedups  []speedup  `json:"speedups,omitempty"`
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

// options are the flags.
type options struct {
	threads                    int
	pytorch, networks, scaling bool
	python, preload, modes     string
	only, out                  string
	predict                    string
	budget                     time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.threads, "threads", 1, "threads of every implementation, 0 for all CPUs")
	flag.BoolVar(&o.pytorch, "pytorch", false, "compare with PyTorch instead of gonum")
	flag.BoolVar(&o.networks, "networks", false, "steps of the networks beside PyTorch's instead of all else; takes 16 GB of memory")
	flag.BoolVar(&o.scaling, "scaling", false, "what threads gain in each case, up to -threads or all CPUs, instead of all else")
	flag.StringVar(&o.predict, "predict", "", "file of step times: predict from it what many machines gain, instead of all else")
	flag.StringVar(&o.python, "python", "python3", "a Python that has PyTorch")
	flag.StringVar(&o.preload, "preload", "", "allocator that PyTorch runs over (default: tcmalloc or jemalloc where Debian puts them)")
	flag.StringVar(&o.modes, "modes", "", "with -pytorch or -networks: PyTorch's modes, by commas, of\n"+strings.Join(modeNames(), ", ")+" (all)")
	flag.StringVar(&o.only, "only", "", "regular expression: only the cases whose name matches; without -out they are not saved, as with -modes")
	flag.DurationVar(&o.budget, "budget", 0, "time for each case (1.5s, with -networks 30s)")
	flag.StringVar(&o.out, "out", "results", "folder for the JSON and SVG files, empty for none")
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if (o.only != "" || o.modes != "") && !given["out"] { // a part does not take the place of the whole
		o.out = ""
	}
	if o.threads < 1 || o.scaling && o.threads == 1 {
		o.threads = runtime.GOMAXPROCS(0) // less than the machine's where a control group has fewer
	}
	if o.budget == 0 {
		o.budget = 1500 * time.Millisecond
		if o.networks {
			o.budget = 30 * time.Second
		}
	}
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) run() (err error) {
	filter, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if o.modes != "" && !o.pytorch && !o.networks {
		return fmt.Errorf("-modes %s: expected with -pytorch or -networks", o.modes)
	}
	runtime.GOMAXPROCS(o.threads) // gonum takes as many
	if o.predict != "" {
		engine, err := tensor.NewEngine(o.threads)
		if err != nil {
			return err
		}
		defer engine.Close()
		return predict(os.Stdout, engine, o.predict)
	}
	rivals := []rival{gonum{}}
	if o.scaling {
		rivals = nil
	}
	if o.pytorch || o.networks {
		rivals = nil
		modes, err := chooseModes(o.modes)
		if err != nil {
			return err
		}
		preload := keeper(o.preload)
		fmt.Fprintf(os.Stderr, "PyTorch's allocator: %s\n", cmp.Or(preload, "the system's, which returns memory: its steps pay for page faults"))
		for _, mode := range modes {
			p, err := startPyTorch(o.python, preload, o.threads, mode)
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

	engine, err := tensor.NewEngine(o.threads)
	if err != nil {
		return err
	}
	b := &bench{engine: engine, rivals: rivals, filter: filter, budget: o.budget}
	defer b.engine.Close()
	var measure func() error
	var name string
	switch {
	case o.scaling:
		measure, name = func() error { return b.scaling(o.threads) }, "scaling"
	case o.networks:
		measure, name = b.networks, "networks"
	default:
		measure, name = b.everything, strings.ToLower(strings.Fields(rivals[0].name())[0])
	}
	err = measure()
	for _, r := range rivals { // of one that has died the figures are none
		err = errors.Join(err, r.close())
	}
	rivals = nil
	if err != nil {
		return err
	}
	b.results.CPU, b.results.ISA, b.results.Go = benchmark.CPUName(), b.engine.Kernels.Name, runtime.Version()
	b.results.Threads = o.threads
	b.results.print(os.Stdout)
	if o.out == "" {
		return nil
	}
	return b.results.save(o.out, name, !o.networks && !o.scaling)
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
	if err := b.steps(lenet5, benchmark.Modes); err != nil {
		return err
	}
	if err := b.operators(); err != nil {
		return err
	}
	for i := range b.Figures {
		f := &b.Figures[i]
		f.OfPeak = f.GFLOPS / b.Peak
	}
	return nil
}

// step is a network's step on a batch.
type step struct {
	name, model string
	batch       int
}

var (
	lenet5   = step{"LeNet5", "lenet5", 32}
	networks = []step{
		{"AllConvNet", "allconv", 128},
		{"WRN-40-2", "wrn", 128},
		{"DenseNet-40-12", "densenet", 128},
		{"ResNeXt-29", "resnext", 128},
		{"EfficientNet-Lite0", "efficientnet-lite0", 32},
		{"ResNet-18", "resnet18", 32},
	}
)

// networks measures steps of the networks.
func (b *bench) networks() error {
	for _, s := range append([]step{lenet5}, networks...) {
		if err := b.steps(s, benchmark.Modes); err != nil {
			return err
		}
	}
	return nil
}

// steps measures a network's steps of some modes if its name passes the filter.
func (b *bench) steps(s step, modes []string) error {
	if !b.filter.MatchString(s.name) {
		return nil
	}
	for _, mode := range modes {
		debug.FreeOSMemory() // the plan before may have taken gigabytes
		name := fmt.Sprintf("%s, batch %d", s.name, s.batch)
		prepare := func(r rival) (timing.Sampler, error) { return r.step(s, mode) }
		if err := b.race("step", name, mode, benchmark.Step(b.engine, s.model, mode, s.batch), prepare); err != nil {
			return err
		}
	}
	return nil
}

// race times a piece of work of ours, the rivals' and the peak in turn.
func (b *bench) race(kind, name, pass string, work benchmark.Work, prepare func(rival) (timing.Sampler, error)) error {
	peak := benchmark.Peak(b.engine)
	names, samplers, err := b.prepare(name+" "+pass, prepare)
	if err != nil {
		return err
	}
	names = append([]string{ours}, names...)
	samplers = append([]timing.Sampler{peak.Sampler(), work.Sampler()}, samplers...)
	fmt.Fprintf(os.Stderr, "%s %s %s\n", kind, name, pass)
	t := timing.Alternate(b.budget, samplers...)
	b.Peak = max(b.Peak, rate(peak.FLOPs, t[0].Best))
	for i, t := range t[1:] {
		b.Figures = append(b.Figures, figure{
			Kind: kind, Case: name, Pass: pass, Implementation: names[i],
			Nanoseconds: t.Best.Nanoseconds(), Median: t.Median.Nanoseconds(), Samples: t.Samples,
			GFLOPS: rate(work.FLOPs, t.Best), MedianGFLOPS: rate(work.FLOPs, t.Median),
		})
	}
	return nil
}

// prepare returns the rivals that have a counterpart of some work, and what
// times it there.
func (b *bench) prepare(what string, prepare func(rival) (timing.Sampler, error)) (names []string, samplers []timing.Sampler, err error) {
	for _, r := range b.rivals {
		sampler, err := prepare(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s, %s: %w", r.name(), what, err)
		}
		if sampler != nil {
			names, samplers = append(names, r.name()), append(samplers, sampler)
		}
	}
	return names, samplers, nil
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

// save writes the results as JSON and, if asked, as a chart.
func (r *results) save(dir, name string, chart bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	base := filepath.Join(dir, fmt.Sprintf("%s-%s-%dt", name, r.ISA, r.Threads))
	if err := os.WriteFile(base+".json", append(data, '\n'), 0o644); err != nil || !chart {
		return err
	}
	return os.WriteFile(base+".svg", r.chart(), 0o644)
}
