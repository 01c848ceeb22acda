package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// flags is a thin layer over the standard flag set: the same definitions, but
// messages that name the flag as the user typed it, the value and what was
// expected.
type flags struct {
	command string
	set     *flag.FlagSet

	arguments *[]string           // where arguments that are no flags go, if the command takes any
	words     map[string][]string // what a flag for one of a few words takes
	given     []string            // what parse applied, as --name=value
}

func newFlags(command string) *flags {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return &flags{command: command, set: set, words: map[string][]string{}}
}

// names lists the flags.
func (f *flags) names() []string {
	var names []string
	f.set.VisitAll(func(def *flag.Flag) { names = append(names, def.Name) })
	return names
}

// adopt takes over the flags of another command, but for those named or defined
// here already.
func (f *flags) adopt(other *flags, except []string) {
	other.set.VisitAll(func(def *flag.Flag) {
		if f.set.Lookup(def.Name) == nil && !slices.Contains(except, def.Name) {
			f.set.Var(def.Value, def.Name, "")
			f.words[def.Name] = other.words[def.Name]
		}
	})
}

// errHelp says that the arguments ask for the help text.
var errHelp = errors.New("help wanted")

// parse applies the arguments: --name value, --name=value, --name alone for a
// switch, and what follows -- whatever it looks like.
func (f *flags) parse(args []string) error {
	f.given = nil
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, dashed := strings.CutPrefix(arg, "-")
		name = strings.TrimPrefix(name, "-")
		if f.arguments != nil && arg == "--" {
			*f.arguments = append(*f.arguments, args...)
			break
		}
		if f.arguments != nil && !dashed {
			*f.arguments = append(*f.arguments, arg)
			continue
		}
		if !dashed || name == "" {
			return usageError(`unexpected argument %q, see "meada-cpu help %s"`, arg, f.command)
		}
		name, value, hasValue := strings.Cut(name, "=")
		if name == "h" || name == "help" {
			return errHelp
		}
		def := f.set.Lookup(name)
		if def == nil {
			return usageError(`unknown flag --%s, see "meada-cpu help %s"`, name, f.command)
		}
		switch {
		case hasValue:
		case isSwitch(def):
			value = "true"
		default:
			if len(args) == 0 {
				return usageError("--%s needs a value", name)
			}
			value, args = args[0], args[1:]
		}
		if err := f.set.Set(name, value); err != nil {
			return usageError("--%s %s: %v", name, value, err)
		}
		f.given = append(f.given, "--"+name+"="+value)
	}
	return nil
}

// isSwitch says whether a flag needs no value.
func isSwitch(def *flag.Flag) bool {
	b, ok := def.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// takesValue says whether the word after a flag is its value.
func (f *flags) takesValue(name string) bool {
	def := f.set.Lookup(name)
	return def != nil && !isSwitch(def)
}

func (f *flags) bool(p *bool, name string) {
	f.set.BoolFunc(name, "", func(s string) error {
		v, err := strconv.ParseBool(s)
		if err != nil {
			return errors.New("expected true or false")
		}
		*p = v
		return nil
	})
}

func (f *flags) string(p *string, name string) { f.set.StringVar(p, name, *p, "") }

// integer defines a flag for a whole number from low on.
func (f *flags) integer(p *int, name string, low int) {
	f.set.Func(name, "", func(s string) error {
		v, err := strconv.Atoi(s)
		if err != nil || v < low || v > math.MaxInt32 {
			return fmt.Errorf("expected a whole number from %d on", low)
		}
		*p = v
		return nil
	})
}

func (f *flags) seed(p *uint64, name string) {
	f.set.Func(name, "", func(s string) error {
		v, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return errors.New("expected a whole number from 0 on")
		}
		*p = v
		return nil
	})
}

// number defines a flag for a finite number that is not negative.
func (f *flags) number(p *float64, name string) {
	f.set.Func(name, "", func(s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
			return errors.New("expected a number, 0 or more")
		}
		*p = v
		return nil
	})
}

// choice defines a flag for one of a few words.
func choice[S ~string](f *flags, p *S, name string, words ...S) {
	for _, w := range words {
		f.words[name] = append(f.words[name], string(w))
	}
	f.set.Func(name, "", func(s string) error {
		if !slices.Contains(words, S(s)) {
			return fmt.Errorf("expected %s", strings.Join(f.words[name], ", "))
		}
		*p = S(s)
		return nil
	})
}
