package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/simd"
)

func newCPU(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "cpu",
		Short: "show the CPU, the chosen instruction set, and why not the others",
		Long:  "Shows the CPU, the instruction set in use, and why the others are not.",
		Args:  cli.NoArguments,
		Example: "meada-cpu cpu\n" +
			"MEADA_ISA=avx2 meada-cpu cpu",
		RunE: func(*cobra.Command, []string) error { return runCPU(std) },
	}
}

func runCPU(std streams) error {
	table(std.out, [][2]string{
		{"cpu", cpuName()},
		{"instruction set", simd.Active().Name},
		{"available", available()},
	})
	refused := simd.Unavailable()
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		table(std.out, [][2]string{{"not " + name, refused[name]}})
	}
	cache := cpuid.CPU.Cache
	table(std.out, [][2]string{
		{"caches", fmt.Sprintf("L1 %s, L2 %s, L3 %s", cli.Bytes(cache.L1D), cli.Bytes(cache.L2), cli.Bytes(cache.L3))},
		{"threads", fmt.Sprintf("%d of %d logical processors", runtime.GOMAXPROCS(0), runtime.NumCPU())},
		{"system", fmt.Sprintf("%s/%s, %s", runtime.GOOS, runtime.GOARCH, runtime.Version())},
	})
	return nil
}

func available() string {
	var names []string
	for _, row := range simd.Available() {
		names = append(names, row.Name)
	}
	return strings.Join(names, ", ")
}

func cpuName() string {
	if name := strings.TrimSpace(cpuid.CPU.BrandName); name != "" {
		return name
	}
	return "unknown " + runtime.GOARCH
}

// table prints names and values in two aligned columns.
func table(w io.Writer, rows [][2]string) {
	for _, row := range rows {
		fmt.Fprintf(w, "%-16s %s\n", row[0], row[1])
	}
}
