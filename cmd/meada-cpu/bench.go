package main

import (
	"encoding/json"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
)

const benchUsage = `usage: meada-cpu bench [flags]

Measures this CPU with these kernels, in under 20 seconds: the multiply-add
peak, matrix products, convolutions, and LeNet5's training, maximisation and
evaluation step, on one thread and on all. Shares are of the peak measured in
the same run; a convolution counts the operations of the direct algorithm, so
that Winograd's may exceed it.

  --threads N         workers of the second half (all CPUs)
  --json              the report as one JSON object

examples:
  meada-cpu bench
  meada-cpu bench --threads 1 --json
`

// benchSettings are what the flags of bench set.
type benchSettings struct {
	threads int
	json    bool
}

// flags defines the flags of bench.
func (s *benchSettings) flags() *flags {
	f := newFlags("bench")
	f.integer(&s.threads, "threads", 1)
	f.bool(&s.json, "json")
	return f
}

func runBench(std streams, args []string) error {
	var s benchSettings
	if err := s.flags().parse(args); err == errHelp {
		return runHelp(std, []string{"bench"})
	} else if err != nil {
		return err
	}
	report := benchmark.Run(s.threads, nil)
	if s.json {
		return json.NewEncoder(std.out).Encode(report)
	}
	return report.Write(std.out)
}
