package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/cli"
)

func newBench(std streams) *cobra.Command {
	var threads int
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench",
		Short: "measure this CPU: peak, matrix products, convolutions, steps",
		Long: `Measures this CPU with these kernels, in under 20 seconds: the multiply-add
peak, matrix products, convolutions, and LeNet5's training, maximisation and
evaluation step, on one thread and on all. Shares are of the peak measured in
the same run; a convolution counts the operations of the direct algorithm, so
that Winograd's may exceed it.`,
		Args: cli.NoArguments,
		Example: "meada-cpu bench\n" +
			"meada-cpu bench --threads 1 --json",
		RunE: func(*cobra.Command, []string) error {
			report, err := benchmark.Run(cli.Threads(threads, std.err))
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(std.out).Encode(report)
			}
			return report.Write(std.out)
		},
	}
	f := cli.NewFlags(c.Flags())
	f.Integer(&threads, "threads", 1, "workers of the second half; by default all CPUs")
	f.Switch(&asJSON, "json", "the report as one JSON object")
	return c
}
