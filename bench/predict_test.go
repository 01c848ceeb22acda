package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/tensor"
)

// Eight values over four ranks are halved twice, 4 and 2 values sent, and come back the
// other way; 4 and 2 are added.
func TestSumTraffic(t *testing.T) {
	t.Parallel()
	got, err := sumTraffic(8, 4)
	require.NoError(t, err)
	require.Equal(t, traffic{messages: 4, bytes: 4 * (4 + 2 + 2 + 4), adds: 6}, got)
	got, err = sumTraffic(5, 2) // the larger half counts
	require.NoError(t, err)
	require.Equal(t, traffic{messages: 2, bytes: 4 * (3 + 3), adds: 2}, got)
	got, err = sumTraffic(0, 4)
	require.NoError(t, err)
	require.Zero(t, got)
}

// A sum of 8 values over four ranks takes 4 x 0.25 s for messages, 384 bits at 0.5 x 768
// bit/s and 6 values at 6/s: 3 s. In a step of 8 s the first piece is there after 4 + 2 s
// and summed after 9, the second is summed after 12, and what follows takes 3.5 s.
func TestEfficiency(t *testing.T) {
	t.Parallel()
	a := assumptions{latency: 250 * time.Millisecond, goodput: 0.5, adds: 6, forward: 0.5}
	l := load{pieces: []gradients{{8, 0.5}, {8, 1}}, statistics: 8}
	overlapped, apart, err := a.efficiency(l, 8, 768, 4)
	require.NoError(t, err)
	require.InDelta(t, 8/15.5, overlapped, 1e-12)
	require.InDelta(t, 8/17.5, apart, 1e-12)

	l.pieces[1].ready, l.statistics = 0.5, 0 // both end when the backward pass has 4 s left
	l.pieces[0].ready = 0.5
	overlapped, apart, err = a.efficiency(l, 16, 768, 4)
	require.NoError(t, err)
	require.InDelta(t, 16/18.5, overlapped, 1e-12) // 12 + 2 x 3, and 0.5 s for the losses
	require.InDelta(t, 16/22.5, apart, 1e-12)
}

func TestLoadOf(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	l, err := loadOf(e, "lenet5")
	require.NoError(t, err)
	values, ready := 0, 0.
	for _, p := range l.pieces {
		require.LessOrEqual(t, ready, p.ready)
		values, ready = values+p.values, p.ready
	}
	// Two 5x5 layers, 3 to 64 and 64 to 128 channels, and three of 3200, 1024 and 1024
	// inputs; the last bias is filled up to 16 values.
	require.Equal(t, 75*64+64+1600*128+128+3200*1024+1024+1024*1024+1024+1024*10+16, values)
	require.LessOrEqual(t, ready, 1.)
	require.Zero(t, l.statistics)
}

func TestPredict(t *testing.T) {
	t.Parallel()
	e := tensor.NewEngineOn(1, nil)
	defer e.Close()
	steps := func(model string) string {
		path := filepath.Join(t.TempDir(), "steps.json")
		text := `{"machine": "M", "date": "D", "threads": 4, "steps": [{"network": "LeNet", "model": "` + model + `", "batch": 8, "milliseconds": 40}]}`
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	var out strings.Builder
	require.NoError(t, predict(&out, e, steps("lenet5")))
	require.Contains(t, out.String(), "Measured, M, 4 threads, D:")
	require.Contains(t, out.String(), "\n| LeNet | 8 | 40 ms | 18.2 MB | ")
	require.Contains(t, out.String(), "\n| LeNet | 10 ms | 10 | ", "16 cores for 4 threads")
	require.Contains(t, out.String(), "\n| LeNet | 10 ms | 100 | ")
	require.ErrorContains(t, predict(&out, e, steps("nobody")), "steps.json: ")
}

func TestReadMeasured(t *testing.T) {
	t.Parallel()
	m, err := readMeasured("steps/zen3.json")
	require.NoError(t, err)
	require.Len(t, m.Steps, 3)
	for text, want := range map[string]string{
		`{"threads": 2}`:              "2 threads and 0 steps, expected at least one of each",
		`{"threads": 2, "cores": 16}`: "unknown field",
		`{"threads": 2, "steps": [{"network": "WRN", "batch": 128}]}`: "WRN has a batch of 128 in 0 milliseconds",
	} {
		path := filepath.Join(t.TempDir(), "steps.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := readMeasured(path)
		require.ErrorContains(t, err, want)
		require.True(t, strings.HasPrefix(err.Error(), path), err)
	}
}
