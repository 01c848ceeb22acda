// Package cli is what the commands share: flags and their help, completion and
// man pages, errors and exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ErrInterrupted ends what the user stopped.
var ErrInterrupted = errors.New("interrupted")

// errUsage is an error about the command line.
type errUsage string

func (e errUsage) Error() string { return string(e) }

// UsageError returns an error about the command line, which has an exit code of its own.
func UsageError(format string, args ...any) error { return errUsage(fmt.Sprintf(format, args...)) }

// IsUsage reports whether err is about the command line.
func IsUsage(err error) bool {
	var usage errUsage
	return errors.As(err, &usage)
}

// notes is the annotation of a command for the text between flags and examples.
const notes = "notes"

// lacks begins the annotations of a command with why it has no flag of a name.
const lacks = "lacks --"

// SetReason sets why a command has no flag of a name that related commands have.
func SetReason(c *cobra.Command, name, why string) { annotate(c, lacks+name, why) }

func annotate(c *cobra.Command, key, text string) {
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[key] = text
}

// SetNotes sets the part of a command's help that follows its flags.
func SetNotes(c *cobra.Command, text string) { annotate(c, notes, text) }

// NoArguments refuses arguments that are no flags.
func NoArguments(c *cobra.Command, args []string) error { return noArguments(seeHelp(c), args) }

func noArguments(see string, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return UsageError(`unexpected argument %q, see "%s"`, args[0], see)
}

// seeHelp is the command that shows the help of another.
func seeHelp(c *cobra.Command) string {
	root := c.Root().Name()
	return strings.TrimSpace(root + " help " + strings.TrimPrefix(c.CommandPath(), root+" "))
}

// Prepare completes the root of the commands: help, errors, completion.
func Prepare(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if _, name, unknown := unknownFlag(err); unknown && c.Annotations[lacks+name] != "" {
			return UsageError("%s takes no --%s: %s", c.CommandPath(), name, c.Annotations[lacks+name])
		}
		return flagError(seeHelp(c), c.Flags(), err)
	})
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _ = WriteHelp(c.OutOrStdout(), c) })
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	complete(root)
}

// Execute runs the command that the arguments name.
func Execute(root *cobra.Command, args []string, stdout, stderr io.Writer) error {
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if found, _, unknown := root.Find(args); err != nil && unknown != nil && found == root {
		return unknownCommand(root, firstWord(args))
	}
	return err
}

func firstWord(args []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			return arg
		}
	}
	return ""
}

func unknownCommand(c *cobra.Command, word string) error {
	var names []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	if c.HasParent() {
		return UsageError("unknown %s %q%s, expected %s", c.Name(), word, DidYouMean(word, names), strings.Join(names, ", "))
	}
	return UsageError(`unknown command %q%s, see "%s help"`, word, DidYouMean(word, names), c.Name())
}

// NeedsSubcommand makes a command an error unless one of its own commands
// follows.
func NeedsSubcommand(c *cobra.Command) {
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		var names []string
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		return UsageError("%s needs one of %s", c.Name(), strings.Join(names, ", "))
	}
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "show the flags of a command",
		Long:  "Shows what a command does, its flags and examples.",
		Example: "meada-cpu help train\n" +
			"meada-cpu train --preset cifar10 --help",
		ValidArgsFunction: func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			at, _, err := c.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, sub := range at.Commands() {
				if sub.IsAvailableCommand() || sub == c {
					names = append(names, sub.Name())
				}
			}
			return beginning(typed, names), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			switch {
			case err != nil:
				return unknownCommand(c.Root(), args[0])
			case len(rest) > 0 && about.HasSubCommands():
				return unknownCommand(about, rest[0])
			case len(rest) > 0:
				return noArguments(seeHelp(about), rest)
			}
			return about.Help()
		},
	}
}

// complete lets shells complete the values of flags.
func complete(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		v, ok := flag.Value.(*Value)
		if !ok {
			return
		}
		directive := cobra.ShellCompDirectiveNoFileComp
		switch {
		case v.Kind == "DIR" || v.Kind == "RUN":
			directive = cobra.ShellCompDirectiveFilterDirs
		case v.OrFile || v.Kind == "FILE":
			directive = cobra.ShellCompDirectiveDefault
		}
		_ = c.RegisterFlagCompletionFunc(flag.Name, // fails for a flag that has one
			func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
				if v.Complete == nil {
					return nil, directive
				}
				words := v.Complete(typed)
				if len(words) > 0 && directive == cobra.ShellCompDirectiveFilterDirs {
					return words, cobra.ShellCompDirectiveNoFileComp
				}
				return words, directive
			})
	})
	for _, sub := range c.Commands() {
		complete(sub)
	}
}

// Version returns the version that the Go tools stamped into the binary.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// Interruption returns a context that ends when the user interrupts the program
// or a scheduler terminates it. It gives the signals back then, as stop does: the next
// one ends the process.
func Interruption() (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
