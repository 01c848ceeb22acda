package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/conv"
	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

func TestChooseModes(t *testing.T) {
	for list, want := range map[string][]string{
		"":                       pytorchModes,
		"default":                {""},
		"compile, channels_last": {"compile", "channels_last"},
	} {
		got, err := chooseModes(list)
		require.NoError(t, err)
		require.Equal(t, want, got, list)
	}
	for _, list := range []string{"fast", "default,", "channels_last,fp16"} {
		_, err := chooseModes(list)
		require.ErrorContains(t, err, "expected some of default, channels_last, compile", list)
	}
	_, err := chooseModes("compile,default,compile")
	require.ErrorContains(t, err, "compile is there twice")
	require.ErrorContains(t, (&options{modes: "default"}).run(), "expected with -pytorch or -networks")
}

// A rival that computes something else would make the ratios meaningless.
func TestGonumComputesTheSame(t *testing.T) {
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()

	p := benchmark.NewProduct(7, 9, 11, 2)
	p.Work(e).Run()
	want := slices.Clone(p.C)
	sample, err := gonum{}.gemm(p)
	require.NoError(t, err)
	fillNaN(p.C)
	sample()
	require.InDeltaSlice(t, want, p.C, 1e-5)

	for _, shape := range []conv.Shape{
		{N: 2, C: 3, H: 7, W: 6, K: 4, R: 5, S: 5, Stride: 1, Groups: 1},
		{N: 2, C: 4, H: 6, W: 7, K: 6, R: 3, S: 3, Stride: 1, PadH: 1, PadW: 1, Groups: 2},
		{N: 1, C: 2, H: 8, W: 7, K: 3, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1},
		{N: 3, C: 5, H: 4, W: 4, K: 2, R: 1, S: 1, Stride: 1, Groups: 1},
	} {
		c := benchmark.NewConvolution(shape)
		results := map[benchmark.Pass][]float32{
			benchmark.Forward: c.Y.Data, benchmark.BackwardData: c.DX.Data, benchmark.BackwardWeights: c.DW,
		}
		for pass, result := range results {
			t.Run(fmt.Sprint(shape, " ", pass), func(t *testing.T) {
				c.Work(e, pass).Run()
				want := slices.Clone(result)
				sample, err := gonum{}.conv(c, pass)
				require.NoError(t, err)
				fillNaN(result)
				sample()
				require.InDeltaSlice(t, want, result, 1e-4)
			})
		}
	}
}

// fillNaN sets what is to be overwritten.
func fillNaN(x []float32) {
	for i := range x {
		x[i] = float32(math.NaN())
	}
}

func TestShapeFiles(t *testing.T) {
	p, err := products()
	require.NoError(t, err)
	require.Contains(t, p, product{"fc1", 32, 1024, 3200, 1})
	c, err := convolutions()
	require.NoError(t, err)
	require.Contains(t, c, convolution{"wrn_s2", conv.Shape{N: 128, C: 32, H: 32, W: 32, K: 64, R: 3, S: 3, Stride: 2, PadH: 1, PadW: 1, Groups: 1}})
}

func TestChartIsXML(t *testing.T) {
	r := results{ISA: "avx2", Threads: 1, Peak: 100, Figures: []figure{
		{Kind: "gemm", Case: "n64", Implementation: ours, GFLOPS: 150, OfPeak: 1.5},
		{Kind: "gemm", Case: "n64", Implementation: "gonum", GFLOPS: 50, OfPeak: 0.5},
		{Kind: "step", Case: "LeNet5", Pass: "train", Implementation: ours, Nanoseconds: 1},
	}}
	picture := string(r.chart())
	for dec := xml.NewDecoder(strings.NewReader(picture)); ; {
		_, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	// The longest bar fills the width, the other and the peak are in proportion.
	require.Contains(t, picture, `width="600.0"`)
	require.Contains(t, picture, `width="200.0"`)
	require.Contains(t, picture, `class="peak" x1="570" x2="570"`)
	require.NotContains(t, picture, "LeNet5")
}

// The benchmarks carry key=value names, which benchstat splits:
//
//	go test -bench . -count 6 | benchstat -col /isa -row /case,/pass -

func BenchmarkGemm(b *testing.B) {
	cases, err := products()
	require.NoError(b, err)
	for _, c := range cases {
		b.Run("case="+c.name, func(b *testing.B) {
			p := benchmark.NewProduct(c.m, c.n, c.k, c.images)
			forEachKernels(b, func(e *tensor.Engine) benchmark.Work { return p.Work(e) })
		})
	}
}

func BenchmarkConv(b *testing.B) {
	cases, err := convolutions()
	require.NoError(b, err)
	for _, s := range cases {
		b.Run("case="+s.name, func(b *testing.B) {
			c := benchmark.NewConvolution(s.shape)
			for _, pass := range benchmark.Passes {
				b.Run("pass="+string(pass), func(b *testing.B) {
					forEachKernels(b, func(e *tensor.Engine) benchmark.Work { return c.Work(e, pass) })
				})
			}
		})
	}
}

// forEachKernels runs work on every kernel set of this machine, on one thread.
func forEachKernels(b *testing.B, work func(*tensor.Engine) benchmark.Work) {
	for _, kernels := range simd.Available() {
		b.Run("isa="+kernels.Name, func(b *testing.B) {
			e := tensor.NewEngineOn(1, kernels)
			defer e.Close()
			w := work(e)
			for b.Loop() {
				w.Run()
			}
			b.ReportMetric(w.FLOPs*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func TestScaling(t *testing.T) {
	b := &bench{filter: regexp.MustCompile(`^lenet1 bwd-weights$`), budget: time.Millisecond}
	require.NoError(t, b.scaling(3))
	require.Len(t, b.Speedups, 2, "2 threads and all 3")
	for i, threads := range []int{2, 3} {
		s := b.Speedups[i]
		require.Equal(t, []any{"conv", "lenet1", "bwd-weights", threads}, []any{s.Kind, s.Case, s.Pass, s.Threads})
		require.Positive(t, s.Nanoseconds)
		require.Positive(t, s.Speedup)
		require.Positive(t, s.Apart)
	}
	var page strings.Builder
	b.results.printSpeedups(&page)
	require.Contains(t, page.String(), "conv lenet1 bwd-weights")
}
