package main

import (
	"github.com/spf13/cobra"

	"github.com/meada-cpu/meada-cpu/internal/cli"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion(std streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "print a shell completion script",
		Long:  "Prints a script that lets a shell complete commands, flags and their values.",
		Example: "source <(meada-cpu completion bash)\n" +
			"meada-cpu completion fish > ~/.config/fish/completions/meada-cpu.fish",
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				root := c.Root()
				switch args[0] {
				case "bash":
					return root.GenBashCompletionV2(std.out, true)
				case "zsh":
					return root.GenZshCompletion(std.out)
				case "fish":
					return root.GenFishCompletion(std.out, true)
				case "powershell":
					return root.GenPowerShellCompletionWithDesc(std.out)
				}
			}
			return cli.UsageError("completion needs one of bash, zsh, fish, powershell")
		},
	}
	cli.SetNotes(c, `bash needs the package bash-completion and, in ~/.bashrc,
source <(meada-cpu completion bash). zsh needs, in ~/.zshrc after compinit,
source <(meada-cpu completion zsh). fish reads what is in
~/.config/fish/completions/meada-cpu.fish. PowerShell needs, in its profile,
meada-cpu completion powershell | Out-String | Invoke-Expression.`)
	return c
}
