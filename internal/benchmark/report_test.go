package benchmark

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	if os.Getenv("CI") == "" || testing.Short() {
		t.Skip("takes every product, convolution and step: continuous integration does it (CI=true)")
	}
	const threads = 2
	r, err := run(threads, 0)
	require.NoError(t, err)

	require.Len(t, r.Gemm, threads*len(products))
	require.Len(t, r.Conv, threads*len(convolutions)*len(Passes))
	require.Len(t, r.Step, threads*len(Modes))
	require.Positive(t, r.PeakGFLOPS)
	for _, g := range r.Gemm {
		require.Positive(t, g.GFLOPS, g)
		require.Positive(t, g.OfPeak, g)
	}
	for _, c := range r.Conv {
		require.Positive(t, c.GFLOPS, c)
		require.Positive(t, c.OfPeak, c)
	}
	for _, s := range r.Step {
		require.InEpsilon(t, 1000*float64(s.Batch)/s.Milliseconds, s.ImagesPerSecond, 0.01, s)
	}

	// The keys are what other programs read.
	data, err := json.Marshal(r)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(data, &got))
	require.ElementsMatch(t, []string{"cpu", "isa", "threads", "peak_gflops", "gemm", "conv", "step"}, keys(got))
	require.ElementsMatch(t, []string{"m", "n", "k", "threads", "gflops", "of_peak"}, keys(first(got, "gemm")))
	require.ElementsMatch(t, []string{"case", "pass", "threads", "gflops", "of_peak"}, keys(first(got, "conv")))
	require.ElementsMatch(t, []string{"model", "mode", "batch", "threads", "milliseconds", "images_per_second"}, keys(first(got, "step")))

	var text strings.Builder
	require.NoError(t, r.Write(&text))
	require.Equal(t, 1+3*2+len(r.Gemm)+len(r.Conv)+len(r.Step), strings.Count(text.String(), "\n"))
}

func keys(m map[string]any) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

func first(m map[string]any, list string) map[string]any {
	return m[list].([]any)[0].(map[string]any)
}
