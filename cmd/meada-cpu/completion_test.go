package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/meada-cpu/meada-cpu/train"
)

func TestCandidates(t *testing.T) {
	for line, want := range map[string]string{
		"tr":                           "train",
		"help pre":                     "predict",
		"completion ":                  "bash fish zsh",
		"train --algorithm ":           "erm ada me-ada",
		"train --algorithm m":          "me-ada",
		"train --algorithm=a":          "--algorithm=ada",
		"train --algorithm = m":        "me-ada",
		"train --algorithm =":          "erm ada me-ada",
		"train --corruptions ":         "none on-the-fly",
		"train --loops-m":              "--loops-min",
		"train --quiet --preset d":     "digits",
		"train --weights ":             "",
		"eval --algo":                  "",
		"predict --format ":            "table csv jsonl",
		"sweep --algorithm":            "--algorithms",
		"sweep --algorithms erm,a":     "erm,ada",
		"sweep --algorithms=erm,a":     "--algorithms=erm,ada",
		"sweep --dataset digits --sha": "--shard",
		"data ":                        "list fetch verify",
		"data fetch sv":                "svhn",
		"data fetch svhn d":            "digits",
		"nothing ":                     "",
	} {
		require.Equal(t, strings.Fields(want), append([]string{}, candidates(strings.Split(line, " "))...), line)
	}
	require.Contains(t, candidates([]string{""}), "train")
}

// The shells that are here complete a line with the script made for them, and
// offer files where, and only where, there is nothing else to offer.
func TestCompletionInShells(t *testing.T) {
	path := filepath.Dir(command) + string(os.PathListSeparator) + os.Getenv("PATH")
	for shell, script := range map[string]string{
		"bash": `source <(meada-cpu completion bash)
			COMP_WORDS=(meada-cpu train --algorithm e) COMP_CWORD=3
			_meada_cpu
			echo "${COMPREPLY[@]}"
			complete -p meada-cpu | grep --quiet -e "-o default" && echo e*`,
		"zsh": `autoload -U compinit && compinit -D
			source <(meada-cpu completion zsh)
			compadd() { shift; print -- "$@" }
			compset() { }
			_files() { print -- e* }
			words=(meada-cpu train --algorithm e) CURRENT=4
			_meada_cpu
			words=(meada-cpu train --weights e)
			_meada_cpu`,
		"fish": `meada-cpu completion fish | source
			complete --do-complete "meada-cpu train --algorithm e"
			complete --do-complete "meada-cpu train --weights e"`,
	} {
		t.Run(shell, func(t *testing.T) {
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("there is no %s here", shell)
			}
			c := exec.Command(program, "-c", script)
			c.Dir = t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "epoch.safetensors"), nil, 0o666))
			c.Env = append(os.Environ(), "PATH="+path, "HOME="+t.TempDir())
			out, err := c.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, "erm\nepoch.safetensors\n", string(out))
		})
	}
	r := invoke(t, t.TempDir(), "completion", "tcsh")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.err, "bash, zsh, fish")
}

// Every command has two examples or more, and they are right.
func TestExamplesInHelp(t *testing.T) {
	whole := map[string]func(args []string) error{ // checks beyond the flags
		"train": func(args []string) error { return new(settings).parse(args) },
		"sweep": func(args []string) error {
			s := sweepSettings{algorithms: train.Algorithms, seeds: []uint64{1}}
			if err := s.parse(args); err != nil || s.table != "" {
				return err
			}
			return new(settings).parse(s.members()[0].flags)
		},
		"data": func(args []string) error {
			s := new(dataCommandSettings)
			if err := s.flags().parse(args); err != nil {
				return err
			}
			_, err := selectSets(s.names[1:])
			return err
		},
	}
	for name, text := range usages {
		_, examples, ok := strings.Cut(text, "\nexamples:\n")
		require.True(t, ok, name)
		count := 0
		for line := range strings.Lines(examples) {
			if !strings.HasPrefix(line, "  ") {
				break
			}
			count++
			words := strings.Fields(line)
			for strings.Contains(words[0], "=") { // environment variables
				words = words[1:]
			}
			require.Equal(t, "meada-cpu", words[0], line)
			require.Contains(t, commands, words[1], line)
			if define, ok := definitions[words[1]]; ok {
				require.NoError(t, define().parse(words[2:]), line)
				if check := whole[words[1]]; check != nil && !slices.Contains(words, "--resume") {
					require.NoError(t, check(words[2:]), line)
				}
			} else {
				require.LessOrEqual(t, len(words), 3, line)
			}
		}
		require.GreaterOrEqual(t, count, 2, name)
	}
}
