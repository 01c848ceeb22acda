package run

import (
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/simd"
)

// ThisMachine returns what a result is computed with.
func ThisMachine() runfolder.Machine {
	return runfolder.Machine{
		Version: cli.Version(),
		Go:      runtime.Version(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		CPU:     CPUName(),
		SIMD:    simd.Active().Name,
	}
}

// CPUName returns the name of the CPU.
func CPUName() string {
	if name := strings.TrimSpace(cpuid.CPU.BrandName); name != "" {
		return name
	}
	return "unknown " + runtime.GOARCH
}
