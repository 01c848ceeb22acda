package run

import (
	"runtime"

	"github.com/meada-cpu/meada-cpu/internal/benchmark"
	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/tensor"
)

// ThisMachine returns what an engine computes a result with.
func ThisMachine(e *tensor.Engine) runfolder.Machine {
	return runfolder.Machine{
		Version: cli.Version(),
		Go:      runtime.Version(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		CPU:     benchmark.CPUName(),
		SIMD:    e.InstructionSet(),
	}
}
