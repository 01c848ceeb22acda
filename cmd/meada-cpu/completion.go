package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// definitions are the flags of the commands that take any.
var definitions = map[string]func() *flags{
	"train":   func() *flags { return new(settings).flags() },
	"eval":    func() *flags { return new(evalSettings).flags() },
	"predict": func() *flags { return new(predictSettings).flags() },
	"augment": func() *flags { return new(augmentSettings).flags() },
	"corrupt": func() *flags { return new(corruptSettings).flags() },
	"sweep":   func() *flags { return new(sweepSettings).flags() },
	"report":  func() *flags { return new(reportSettings).flags() },
	"data":    func() *flags { return new(dataCommandSettings).flags() },
	"bench":   func() *flags { return new(benchSettings).flags() },
}

// completions are the scripts that teach shells the command line. They ask the
// program itself what may come next, and offer files where it knows nothing.
var completions = map[string]string{
	"bash": `# meada-cpu completion for bash
_meada_cpu() {
	local IFS=$'\n'
	COMPREPLY=($("${COMP_WORDS[0]}" completion -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _meada_cpu meada-cpu
`,
	"zsh": `#compdef meada-cpu
_meada_cpu() {
	local -a found
	found=("${(@f)$("${words[1]}" completion -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n "${found[1]}" ]]; then
		compadd -- "${found[@]}"
	else
		compset -P '--*='
		_files
	fi
}
compdef _meada_cpu meada-cpu
`,
	"fish": `# meada-cpu completion for fish
function __meada_cpu
	set -l words (commandline -opc)
	command -q $words[1]; or return
	set -g __meada_cpu_found ($words[1] completion -- $words[2..-1] (commandline -ct) 2>/dev/null)
	set -q __meada_cpu_found[1]
end
complete -c meada-cpu -n __meada_cpu -f -a '$__meada_cpu_found'
`,
}

func runCompletion(std streams, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		for _, word := range candidates(args[1:]) {
			fmt.Fprintln(std.out, word)
		}
		return nil
	}
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		return runHelp(std, []string{"completion"})
	}
	if len(args) != 1 || completions[args[0]] == "" {
		return usageError("completion needs one of bash, zsh, fish")
	}
	fmt.Fprint(std.out, completions[args[0]])
	return nil
}

// candidates returns what the last of the words of a command line may become;
// nothing where files are as good a guess as any.
func candidates(words []string) []string {
	if len(words) == 0 {
		return nil
	}
	last := len(words) - 1
	if words[last] == "=" { // bash makes the = of --name=value a word of its own
		words[last] = ""
	} else if last > 0 && words[last-1] == "=" {
		words = slices.Delete(words, last-1, last)
	}
	current := words[len(words)-1]
	if len(words) == 1 {
		return beginning(current, slices.Sorted(maps.Keys(usages)))
	}
	switch words[0] {
	case "help":
		return beginning(current, slices.Sorted(maps.Keys(usages)))
	case "completion":
		return beginning(current, slices.Sorted(maps.Keys(completions)))
	}
	define, ok := definitions[words[0]]
	if !ok {
		return nil
	}
	f := define()
	if before, isFlag := strings.CutPrefix(words[len(words)-2], "--"); isFlag && f.takesValue(before) {
		return f.values(before, current)
	}
	if name, value, ok := strings.Cut(strings.TrimPrefix(current, "--"), "="); ok && strings.HasPrefix(current, "--") {
		var all []string
		for _, word := range f.values(name, value) {
			all = append(all, "--"+name+"="+word)
		}
		return all
	}
	if strings.HasPrefix(current, "-") {
		var all []string
		for _, name := range f.names() {
			all = append(all, "--"+name)
		}
		return beginning(current, all)
	}
	if words[0] == "data" {
		return beginning(current, dataWords(words[1:len(words)-1]))
	}
	return nil
}

// values returns what the value of a flag may become, or the last word of it if
// it is a list.
func (f *flags) values(name, typed string) []string {
	var all []string
	for _, word := range f.words[name] {
		all = append(all, typed[:strings.LastIndex(typed, ",")+1]+word)
	}
	return beginning(typed, all)
}

// beginning returns the words that begin with what has been typed of one.
func beginning(typed string, words []string) []string {
	var fitting []string
	for _, word := range words {
		if strings.HasPrefix(word, typed) {
			fitting = append(fitting, word)
		}
	}
	return fitting
}

// dataWords are what may follow data and some words.
func dataWords(before []string) []string {
	if len(before) == 0 {
		return []string{"list", "fetch", "verify"}
	}
	words := slices.Sorted(maps.Keys(benchmarks))
	for i := range dataSets {
		words = append(words, dataSets[i].name)
	}
	return words
}

const completionUsage = `usage: meada-cpu completion bash|zsh|fish

Prints a script that teaches a shell to complete commands, flags and values.

  bash   source <(meada-cpu completion bash), in ~/.bashrc
  zsh    source <(meada-cpu completion zsh), in ~/.zshrc after compinit
  fish   meada-cpu completion fish > ~/.config/fish/completions/meada-cpu.fish

examples:
  meada-cpu completion bash
  meada-cpu completion fish
`
