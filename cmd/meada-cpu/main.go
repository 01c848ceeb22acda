// Command meada-cpu trains and evaluates image classifiers that generalise to
// unseen domains, on CPUs. Run it with "help" for its use.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
	"github.com/meada-cpu/meada-cpu/tensor"
	"github.com/meada-cpu/meada-cpu/train"
	"github.com/meada-cpu/meada-cpu/train/dataset"
	"github.com/meada-cpu/meada-cpu/train/zoo"
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

func main() { os.Exit(meada(os.Args[1:], os.Stdout, os.Stderr)) }

// meada runs the command that the arguments name and returns its exit code.
func meada(args []string, stdout, stderr io.Writer) int {
	if _, err := tensor.InstructionSet(); err != nil {
		complain(stderr, err)
		return exitISA
	}
	out := &output{Writer: stdout}
	root := newRoot(streams{os.Stdin, out, stderr})
	if len(args) == 0 {
		_ = cli.WriteHelp(stderr, root)
		return exitUsage
	}
	err := cli.Execute(root, args, out, stderr)
	if err == nil {
		err = out.failed
	}
	if err != nil {
		if !known(args[0], err) {
			complain(stderr, err)
		}
		return exitCode(err)
	}
	return 0
}

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "meada-cpu",
		Short: "train image classifiers that generalise to unseen domains, on CPUs",
		Long:  "Trains and evaluates image classifiers that generalise to unseen domains, on CPUs.",
		Example: "meada-cpu train\n" +
			"meada-cpu train --dataset digits --data DIR --algorithm me-ada --seed 1\n" +
			"meada-cpu train --preset cifar10 --data DIR --model wrn",
		Version: fmt.Sprintf("%s %s %s/%s%s", cli.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, withMPI()),
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	cli.SetNotes(root, `"meada-cpu help train" shows the flags of a command.

MEADA_ISA=generic|avx2|avx512|neon forces an instruction set.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 data missing or corrupt,
4 instruction set unavailable, 5 training diverged, 130 interrupted`)
	root.AddGroup(&cobra.Group{ID: "networks", Title: "train and use networks"}, &cobra.Group{ID: "images", Title: "images"},
		&cobra.Group{ID: "machine", Title: "this machine"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("networks", newTrain(std), newEval(std), newPredict(std), newExport(std), newSweep(std), newReport(std))
	add("images", newData(std), newAugment(std), newCorrupt(std))
	add("machine", newBench(std), newCPU(std))
	add("", newCompletion(std), newVersion(std), newMan())
	cli.Prepare(root)
	return root
}

func complain(w io.Writer, err error) {
	fmt.Fprintf(w, "meada-cpu: %s\n", cli.Printable(err.Error(), "\n\t"))
}

func newVersion(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "show the version",
		Long:  "Shows the version, Go's, and the platform that the program is built for.",
		Example: "meada-cpu version\n" +
			"meada-cpu --version",
		Args: cli.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(std.out, "%s %s\n", c.Root().Name(), c.Root().Version)
			return err
		},
	}
}

// newMan returns a command for those who package the program.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Hidden: true,
		Short:  "write the man pages into a folder",
		Long:   "Writes the man pages of all commands into a folder.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.UsageError("man needs one DIR, the folder to write to")
			}
			return nil
		},
		Example: "meada-cpu man man1\n" +
			"meada-cpu man /usr/local/share/man/man1",
		RunE: func(c *cobra.Command, args []string) error { return cli.WriteManPages(args[0], c.Root()) },
	}
}

// exitCode maps an error to the documented exit codes.
func exitCode(err error) int {
	var diverged *train.DivergedError
	var child *exec.ExitError // a run of a sweep
	switch {
	case errors.Is(err, dataset.ErrData), errors.Is(err, zoo.ErrWeights): // first: what is in a file may ask for impossible flags
		return exitData
	case cli.IsUsage(err):
		return exitUsage
	case errors.As(err, &diverged):
		return exitDiverged
	case errors.Is(err, cli.ErrInterrupted):
		return exitInterrupted
	case errors.As(err, &child) && child.ExitCode() > 0:
		return child.ExitCode()
	}
	return exitFailed
}
