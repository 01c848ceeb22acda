package main

import (
	"errors"
	"os"
	"runtime"
	"strings"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// openRunFolder opens the folder of a run that is not complete.
func openRunFolder(dir string) (*runfolder.Folder, error) {
	folder, err := runfolder.Open(dir)
	if errors.As(err, new(*runfolder.CompleteError)) {
		return nil, cli.UsageError("--resume %v", err)
	}
	return folder, err
}

func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// domainRecords describes the domains that are tested, without corruptions.
func domainRecords(domains []dataset.Domain) []runfolder.Domain {
	var records []runfolder.Domain
	for i := range domains {
		if domains[i].Severities == nil {
			records = append(records, runfolder.Domain{Name: domains[i].Name, Images: domains[i].N, Source: domains[i].Source})
		}
	}
	return records
}

// commandLine returns the command that started this process, as a POSIX shell
// takes it.
func commandLine() string {
	words := []string{"meada-cpu"}
	if isa := os.Getenv("MEADA_ISA"); isa != "" {
		words = []string{"MEADA_ISA=" + isa, "meada-cpu"}
	}
	for _, arg := range os.Args[1:] {
		words = append(words, cli.ShellWord(arg))
	}
	return strings.Join(words, " ")
}

// thisMachine says what a result is computed with.
func thisMachine() runfolder.Machine {
	return runfolder.Machine{
		Version: version(),
		Go:      runtime.Version(),
		System:  runtime.GOOS + "/" + runtime.GOARCH,
		CPU:     cpuName(),
		SIMD:    simd.Active().Name,
	}
}
