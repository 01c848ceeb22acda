package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/internal/catalog"
	"github.com/meada-cpu/meada-cpu/internal/runfolder"
)

func TestCompletion(t *testing.T) {
	t.Parallel()
	var algorithms []string
	for _, a := range catalog.Algorithms() {
		algorithms = append(algorithms, string(a))
	}
	for line, want := range map[string]string{
		"tr":                           "train",
		"help pre":                     "predict",
		"help data v":                  "verify",
		"completion ":                  "bash zsh fish powershell",
		"train --algorithm ":           strings.Join(algorithms, " "),
		"train --algorithm me":         "me-ada me-advst",
		"train --algorithm=ad":         "ada advst",
		"train --corruptions ":         "none on-the-fly",
		"train --loops-m":              "--loops-min",
		"train --quiet --preset d":     "digits digits-best",
		"train --weights ":             "pretrained none",
		"eval --algo":                  "",
		"predict --format ":            "table csv json",
		"export --format ":             "onnx safetensors",
		"sweep --algorithm":            "--algorithms",
		"sweep --algorithms erm,ad":    "erm,ada erm,advst",
		"sweep --algorithms=erm,ad":    "erm,ada erm,advst",
		"sweep --dataset digits --sha": "--shard --shards",
		"sweep --dataset pa":           "pacs",
		"corrupt --corruptions fog,sn": "fog,snow",
		"data ":                        "check fetch list verify",
		"data fetch sv":                "svhn",
		"data fetch svhn d":            "digits",
		"nothing ":                     "",
	} {
		require.Equal(t, strings.Fields(want), append([]string{}, completed(t, line)...), line)
	}
}

// completed returns what the program offers shells for the last word of a line.
func completed(t *testing.T, line string) []string {
	t.Helper()
	var out bytes.Buffer
	require.Zero(t, meada(append([]string{"__complete"}, strings.Split(line, " ")...), &out, io.Discard), line)
	var words []string
	for found := range strings.Lines(out.String()) {
		word, _, _ := strings.Cut(strings.TrimSpace(found), "\t")
		words = append(words, word)
	}
	return words[:len(words)-1] // but for the directive
}

// Shells are offered the folders of runs where a run is expected.
func TestCompletionOfRunFolders(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{filepath.Join("runs", "first"), "other"} {
		require.NoError(t, os.MkdirAll(dir, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, runfolder.ConfigFile), nil, 0o666))
	}
	require.Equal(t, []string{"other", filepath.Join("runs", "first")}, completed(t, "report "))
	require.Equal(t, []string{filepath.Join("runs", "first")}, completed(t, "train --resume runs/"))
}

// The shells that are here complete a line with the script made for them.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	path := filepath.Dir(command) + string(os.PathListSeparator) + os.Getenv("PATH")
	for shell, script := range map[string]string{
		"bash": `_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]}; } # of bash-completion
			compopt() { :; }
			source <(meada-cpu completion bash)
			COMP_WORDS=(meada-cpu train --algorithm e) COMP_CWORD=3 COMP_TYPE=9
			__start_meada-cpu
			echo ${COMPREPLY[@]}`,
		"zsh": `autoload -U compinit && compinit -D
			source <(meada-cpu completion zsh)
			_describe() { print -- "${completions[@]}" }
			words=(meada-cpu train --algorithm e) CURRENT=4
			_meada-cpu`,
		"fish": `meada-cpu completion fish | source
			complete --do-complete "meada-cpu train --algorithm e"`,
		"pwsh": `meada-cpu completion powershell | Out-String | Invoke-Expression
			(TabExpansion2 "meada-cpu train --algorithm e" 29).CompletionMatches.CompletionText.Trim()`,
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("there is no %s here", shell)
			}
			c := exec.Command(program, "-c", script)
			c.Dir = t.TempDir()
			c.Env = append(os.Environ(), "PATH="+path, "HOME="+t.TempDir())
			out, err := c.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, "erm\n", string(out))
		})
	}
	r := invoke(t, t.TempDir(), "completion", "tcsh")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "bash, zsh, fish, powershell")
}

// everyCommand lists the commands.
func everyCommand(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, everyCommand(sub)...)
	}
	return all
}

// Every command has two examples or more, and they are right.
func TestExamplesInHelp(t *testing.T) {
	t.Parallel()
	whole := map[string]func(args []string) error{ // checks beyond the flags
		"train": func(args []string) error { return new(settings).parse(args) },
		"sweep": func(args []string) error {
			s := defaultSweep()
			if err := s.parse(args); err != nil || s.table != "" {
				return err
			}
			return new(settings).parse(s.members()[0].Flags)
		},
	}
	for _, c := range everyCommand(newRoot(streams{nil, io.Discard, io.Discard})) {
		count := 0
		for line := range strings.Lines(c.Example) {
			count++
			line = strings.TrimPrefix(strings.TrimSpace(line), "source <(")
			words := strings.Fields(strings.TrimSuffix(line, ")"))
			if i := slices.Index(words, ">"); i >= 0 {
				words = words[:i]
			}
			for strings.Contains(words[0], "=") { // environment variables
				words = words[1:]
			}
			require.Equal(t, "meada-cpu", words[0], line)
			if last := words[len(words)-1]; last == "--version" || last == "--help" {
				help(t, words[1:]...)
				continue
			}
			about, args, err := newRoot(streams{nil, io.Discard, io.Discard}).Find(words[1:])
			require.NoError(t, err, line)
			require.NoError(t, about.ParseFlags(args), line)
			require.NoError(t, about.ValidateArgs(about.Flags().Args()), line)
			if check := whole[about.Name()]; check != nil && !slices.Contains(words, "--resume") {
				require.NoError(t, check(args), line)
			}
		}
		require.GreaterOrEqual(t, count, 2, c.Name())
	}
}
