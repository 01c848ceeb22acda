// Command meada-cpu trains and evaluates image classifiers that generalise to
// unseen domains, on CPUs. Run it with "help" for its use.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/meada-cpu/meada-cpu/simd"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
)

// Exit codes, see the help text.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitData        = 3
	exitISA         = 4
	exitDiverged    = 5
	exitInterrupted = 130
)

// streams are the command's two outputs: results go to out, talk to err.
type streams struct{ out, err *os.File }

var commands = map[string]func(streams, []string) error{
	"train":      runTrain,
	"eval":       runEval,
	"predict":    runPredict,
	"report":     runReport,
	"sweep":      runSweep,
	"bench":      runBench,
	"corrupt":    runCorrupt,
	"data":       runData,
	"augment":    runAugment,
	"completion": runCompletion,
	"cpu":        runCPU,
	"help":       runHelp,
	"version":    runVersion,
}

func main() {
	std := streams{os.Stdout, os.Stderr}
	if _, err := simd.Default(); err != nil {
		complain(std.err, err)
		os.Exit(exitISA)
	}
	args := os.Args[1:]
	if len(args) == 0 {
		fmt.Fprint(std.err, overview)
		os.Exit(exitUsage)
	}
	name, args := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "--version", "-version":
		name = "version"
	}
	run, ok := commands[name]
	if !ok {
		complain(std.err, usageError(`unknown command %q, see "meada-cpu help"`, name))
		os.Exit(exitUsage)
	}
	if err := run(std, args); err != nil {
		complain(std.err, err)
		os.Exit(exitCode(err))
	}
}

func complain(w io.Writer, err error) { fmt.Fprintf(w, "meada-cpu: %v\n", err) }

// errInterrupted ends a run that the user stopped.
var errInterrupted = errors.New("interrupted")

// errUsage is wrapped by errors about the command line.
type errUsage string

func (e errUsage) Error() string { return string(e) }

func usageError(format string, args ...any) error {
	return errUsage(fmt.Sprintf(format, args...))
}

// exitCode maps an error to the documented exit codes.
func exitCode(err error) int {
	var usage errUsage
	var diverged *train.DivergedError
	var child *exec.ExitError // a run of a sweep
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, dataset.ErrData), errors.Is(err, errWeights):
		return exitData
	case errors.As(err, &diverged):
		return exitDiverged
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.As(err, &child) && child.ExitCode() > 0:
		return child.ExitCode()
	}
	return exitFailed
}
