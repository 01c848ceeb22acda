package benchmark

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/internal/timing"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// Report is what `meada-cpu bench` says of a CPU. Rates are the best of several
// samples. OfPeak is the share of the multiply-add peak that was measured in the
// same run, in turn with the rest, on as many threads; convolutions count the
// operations of the direct algorithm, so that a faster one may exceed 1.
type Report struct {
	CPU     string `json:"cpu"`
	ISA     string `json:"isa"`
	Threads int    `json:"threads"`
	// PeakGFLOPS is the peak on that many threads.
	PeakGFLOPS float64      `json:"peak_gflops"`
	Gemm       []GemmResult `json:"gemm"`
	Conv       []ConvResult `json:"conv"`
	Step       []StepResult `json:"step"`
}

// GemmResult is one matrix product, M x N = (M x K) (K x N).
type GemmResult struct {
	M int `json:"m"`
	N int `json:"n"`
	K int `json:"k"`
	Rate
}

// ConvResult is one pass of a convolution.
type ConvResult struct {
	Case string `json:"case"`
	Pass Pass   `json:"pass"`
	Rate
}

// Rate is a speed on some threads.
type Rate struct {
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflops"`
	OfPeak  float64 `json:"of_peak"`
}

// StepResult is one step of a network on one batch.
type StepResult struct {
	Model           string  `json:"model"`
	Mode            string  `json:"mode"` // train, maximise or eval
	Batch           int     `json:"batch"`
	Threads         int     `json:"threads"`
	Milliseconds    float64 `json:"milliseconds"`
	ImagesPerSecond float64 `json:"images_per_second"`
}

// products are square ones and the first fully connected layer of LeNet5,
// M, N, K.
var products = [][3]int{{256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {32, 1024, 3200}}

// convolutions are those of LeNet5 and one of each kind that larger networks
// are made of, on few images.
var convolutions = []struct {
	name  string
	shape conv.Shape
}{
	{"LeNet5 conv1, 5x5", conv.Shape{N: 32, C: 3, H: 32, W: 32, K: 64, R: 5, S: 5, Stride: 1, Groups: 1}},
	{"LeNet5 conv2, 5x5", conv.Shape{N: 32, C: 64, H: 14, W: 14, K: 128, R: 5, S: 5, Stride: 1, Groups: 1}},
	{"64 to 64 at 16x16, 3x3", conv.Shape{N: 16, C: 64, H: 16, W: 16, K: 64, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 1}},
	{"256 to 128 at 32x32, 1x1", conv.Shape{N: 4, C: 256, H: 32, W: 32, K: 128, R: 1, S: 1, Stride: 1, Groups: 1}},
}

// batch is the number of images of a step.
const batch = 32

// Run measures this process's kernel set on one thread and on that many; threads < 1
// and the error are those of [tensor.NewEngine].
func Run(threads int) (*Report, error) {
	return run(threads, 200*time.Millisecond)
}

// run is Run with so much time for each figure. The default makes the whole
// well under 20 s.
func run(threads int, budget time.Duration) (*Report, error) {
	e, err := tensor.NewEngine(threads)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	r := &Report{CPU: CPUName(), ISA: e.InstructionSet(), Threads: e.Threads()}
	if r.Threads > 1 {
		one, err := tensor.NewEngine(1)
		if err != nil {
			return nil, err
		}
		r.measure(one, budget)
		one.Close()
	}
	r.measure(e, budget)
	return r, nil
}

// measure adds the figures of one engine.
func (r *Report) measure(e *tensor.Engine, budget time.Duration) {
	var peak float64 // GFLOP/s
	ceiling := Peak(e)
	best := func(w Work) (seconds float64) {
		t := timing.Alternate(budget, ceiling.Sampler(), w.Sampler())
		peak = max(peak, ceiling.FLOPs/t[0].Best.Seconds()/1e9)
		return t[1].Best.Seconds()
	}
	rate := func(w Work) Rate { return Rate{Threads: e.Threads(), GFLOPS: w.FLOPs / best(w) / 1e9} }
	gemms, convs := len(r.Gemm), len(r.Conv)
	for _, p := range products {
		w := NewProduct(p[0], p[1], p[2], 1).Work(e)
		r.Gemm = append(r.Gemm, GemmResult{M: p[0], N: p[1], K: p[2], Rate: rate(w)})
	}
	for _, c := range convolutions {
		operands := NewConvolution(c.shape)
		for _, pass := range Passes {
			r.Conv = append(r.Conv, ConvResult{Case: c.name, Pass: pass, Rate: rate(operands.Work(e, pass))})
		}
	}
	for _, mode := range Modes {
		seconds := best(Step(e, "lenet5", mode, batch))
		r.Step = append(r.Step, StepResult{
			Model: "LeNet5", Mode: mode, Batch: batch, Threads: e.Threads(),
			Milliseconds: round(1000 * seconds), ImagesPerSecond: round(batch / seconds),
		})
	}
	// The peak is known only when everything has run beside it.
	for i := gemms; i < len(r.Gemm); i++ {
		r.Gemm[i].relate(peak)
	}
	for i := convs; i < len(r.Conv); i++ {
		r.Conv[i].relate(peak)
	}
	r.PeakGFLOPS = round(peak)
}

// relate sets the share of the peak, and rounds.
func (r *Rate) relate(peak float64) {
	r.OfPeak = round(r.GFLOPS / peak)
	r.GFLOPS = round(r.GFLOPS)
}

// Write prints the report as tables for people.
func (r *Report) Write(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %s, peak %.0f GFLOP/s on %s\n", r.CPU, r.ISA, r.PeakGFLOPS, threads(r.Threads))
	head := func(what, speed, note string) {
		fmt.Fprintf(&text, "\n%-40s %8s %10s %10s\n", what, "threads", speed, note)
	}
	line := func(name string, threads int, speed float64, note string) {
		fmt.Fprintf(&text, "%-40s %8d %10.1f %10s\n", name, threads, speed, note)
	}
	head("matrix product", "GFLOP/s", "of peak")
	for _, g := range r.Gemm {
		line(fmt.Sprintf("%d x %d x %d", g.M, g.N, g.K), g.Threads, g.GFLOPS, g.share())
	}
	head("convolution", "GFLOP/s", "of peak")
	for _, c := range r.Conv {
		line(c.Case+" "+string(c.Pass), c.Threads, c.GFLOPS, c.share())
	}
	head("step", "ms", "images/s")
	for _, s := range r.Step {
		line(fmt.Sprintf("%s %s, batch %d", s.Model, s.Mode, s.Batch), s.Threads, s.Milliseconds, fmt.Sprintf("%.0f", s.ImagesPerSecond))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func (r Rate) share() string { return fmt.Sprintf("%.0f %%", 100*r.OfPeak) }

func threads(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// CPUName returns the name of the CPU.
func CPUName() string {
	if name := strings.TrimSpace(cpuid.CPU.BrandName); name != "" {
		return name
	}
	return "unknown " + runtime.GOARCH
}
