package run

import (
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"

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
		CPU:     CPUName(),
		SIMD:    e.InstructionSet(),
	}
}

// CPUName returns the name of the CPU.
func CPUName() string {
	if name := strings.TrimSpace(cpuid.CPU.BrandName); name != "" {
		return name
	}
	return "unknown " + runtime.GOARCH
}
