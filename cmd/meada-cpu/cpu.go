package main

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/collective/mpi"
	"github.com/meada-cpu/meada-cpu/internal/system"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/tensor"
)

func newCPU(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "cpu",
		Short: "show the CPU, the chosen instruction set, and why not the others",
		Long:  "Shows the CPU, the instruction set in use, and why the others are not.",
		Args:  cli.NoArguments,
		Example: "meada-cpu cpu\n" +
			"MEADA_ISA=avx2 meada-cpu cpu",
		RunE: func(*cobra.Command, []string) error {
			if !mpi.Built {
				return runCPU(std, &mpi.Ranks{Processors: runtime.NumCPU()})
			}
			return onEveryRank(std.err, func(ranks *mpi.Ranks) error { return runCPU(std, ranks) })
		},
	}
}

func runCPU(std streams, ranks *mpi.Ranks) error {
	name, err := tensor.InstructionSet()
	if err != nil {
		return err
	}
	host, _ := os.Hostname()
	places, err := ranks.Texts(fmt.Sprintf("%s, CPU %s, %s, %s", host, system.CPUs(), cli.Number(ranks.CPUs, "thread"), name))
	if err != nil || ranks.Rank() > 0 {
		return err
	}
	cli.Table(std.out, [][2]string{
		{"cpu", benchmark.CPUName()},
		{"instruction set", name},
		{"available", strings.Join(tensor.InstructionSets(), ", ")},
	})
	refused := simd.Unavailable()
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		cli.Table(std.out, [][2]string{{"not " + name, refused[name]}})
	}
	if mpi.Built {
		cli.Table(std.out, [][2]string{{"mpi", mpi.Library()}})
	}
	cache := cpuid.CPU.Cache
	cli.Table(std.out, [][2]string{
		{"caches", fmt.Sprintf("L1 %s, L2 %s, L3 %s", cli.Bytes(cache.L1D), cli.Bytes(cache.L2), cli.Bytes(cache.L3))},
		{"system", fmt.Sprintf("%s/%s, %s", runtime.GOOS, runtime.GOARCH, runtime.Version())},
	})
	if len(places) == 1 {
		cli.Table(std.out, [][2]string{{"threads", fmt.Sprintf("%d of %d logical processors", runtime.GOMAXPROCS(0), ranks.Processors)}})
		return nil
	}
	for rank, place := range places {
		cli.Table(std.out, [][2]string{{fmt.Sprintf("rank %d", rank), place}})
	}
	return nil
}
