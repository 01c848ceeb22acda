package cli

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// Flags declares the flags of a command: each once, with its name, its kind of
// value and its help text, in the groups that the help shows.
type Flags struct {
	set   *pflag.FlagSet
	group string
}

// NewFlags declares flags in set.
func NewFlags(set *pflag.FlagSet) *Flags {
	set.SortFlags = false
	return &Flags{set: set, group: "flags"}
}

// Annotations of a flag.
const (
	groupOf = "group"  // the title of its group
	adopted = "shared" // declared by another command, whose help shows it
)

// Group begins a group of flags with that title.
func (f *Flags) Group(title string) { f.group = title }

// Value is the value of a flag.
type Value struct {
	Kind string               // its place holder in the help, "" for a switch
	Read func(s string) error // an error tells what was expected
	Show func() string        // the value as Read takes it, "" for none

	// Complete, if not nil, returns what typed may become. OrFile reports whether
	// the value may be a file just as well.
	Complete func(typed string) []string
	OrFile   bool
}

// Set, String and Type make a Value a pflag.Value.
func (v *Value) Set(s string) error { return v.Read(s) }

func (v *Value) String() string {
	if v == nil || v.Show == nil {
		return ""
	}
	return v.Show()
}

func (v *Value) Type() string { return v.Kind }

// Add declares a flag.
func (f *Flags) Add(name string, v *Value, help string) {
	flag := f.set.VarPF(v, name, "", help)
	flag.Annotations = map[string][]string{groupOf: {f.group}}
	if v.Kind == "" {
		flag.NoOptDefVal = "true"
	}
}

// AddName adds a flag whose value has a name, one of names or what parse makes of them.
func AddName[T fmt.Stringer](f *Flags, p *T, name string, names []string, parse func(string) (T, error), help string) {
	f.Add(name, &Value{
		Kind:     "NAME",
		Read:     func(text string) (err error) { *p, err = parse(text); return err },
		Show:     func() string { return (*p).String() },
		Complete: Words(names...),
	}, help)
}

// Adopt takes over the flags of another command, but for those named or declared
// here already. Their help stays with that command.
func (f *Flags) Adopt(other *pflag.FlagSet, except ...string) {
	other.VisitAll(func(flag *pflag.Flag) {
		if f.set.Lookup(flag.Name) != nil || slices.Contains(except, flag.Name) {
			return
		}
		own := *flag
		own.Annotations = map[string][]string{adopted: nil}
		f.set.AddFlag(&own)
	})
}

// Switch declares a flag that is true if it is given.
func (f *Flags) Switch(p *bool, name, help string) {
	f.Add(name, &Value{
		Read: func(s string) (err error) { *p, err = parseSwitch(s); return err },
		Show: func() string { return strconv.FormatBool(*p) },
	}, help)
}

// OpenSwitch declares a switch that is nil if it is not given.
func (f *Flags) OpenSwitch(p **bool, name, help string) {
	f.Add(name, &Value{
		Read: func(s string) error {
			v, err := parseSwitch(s)
			if err == nil {
				*p = &v
			}
			return err
		},
		Show: func() string {
			if *p == nil {
				return ""
			}
			return strconv.FormatBool(**p)
		},
	}, help)
}

func parseSwitch(s string) (bool, error) {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, errors.New("expected true or false")
	}
	return v, nil
}

// Text declares a flag for any text but none. Where kind is FILE or DIR, shells
// complete it as such.
func (f *Flags) Text(p *string, name, kind, help string) {
	expected := cmp.Or(map[string]string{"FILE": "a file", "DIR": "a folder"}[kind], kind)
	f.Add(name, &Value{
		Kind: kind,
		Read: ReadText(p, expected),
		Show: func() string { return *p },
	}, help)
}

// ReadText returns what reads a text, and refuses an empty one: a shell's variable that
// is not set would make the flag one that is not given.
func ReadText(p *string, expected string) func(s string) error {
	return func(s string) error {
		if s == "" {
			return errors.New("expected " + expected)
		}
		*p = s
		return nil
	}
}

// Integer declares a flag for a whole number from low on.
func (f *Flags) Integer(p *int, name string, low int, help string) {
	f.Add(name, &Value{
		Kind: "N",
		Read: func(s string) error {
			v, err := strconv.Atoi(s)
			switch {
			case v > math.MaxInt32: // if it is beyond an int too
				return fmt.Errorf("expected %d at most", math.MaxInt32)
			case err != nil || v < low:
				return fmt.Errorf("expected a whole number from %d on", low)
			}
			*p = v
			return nil
		},
		Show: func() string {
			if *p < low {
				return ""
			}
			return strconv.Itoa(*p)
		},
	}, help)
}

// Seed declares a flag for a seed.
func (f *Flags) Seed(p *uint64, name, help string) {
	f.Add(name, &Value{
		Kind: "N",
		Read: func(s string) error {
			v, err := strconv.ParseUint(s, 10, 64)
			switch {
			case errors.Is(err, strconv.ErrRange):
				return fmt.Errorf("expected %d at most", uint64(math.MaxUint64))
			case err != nil:
				return errors.New("expected a whole number from 0 on")
			}
			*p = v
			return nil
		},
		Show: func() string { return strconv.FormatUint(*p, 10) },
	}, help)
}

// Number declares a flag for a finite number that is not negative.
func (f *Flags) Number(p *float64, name, help string) {
	f.number(p, name, help, 0, "a number, 0 or more")
}

// SignedNumber declares a flag for a finite number.
func (f *Flags) SignedNumber(p *float64, name, help string) {
	f.number(p, name, help, -math.MaxFloat64, "a number")
}

// number declares a flag for a finite number from low up.
func (f *Flags) number(p *float64, name, help string, low float64, expected string) {
	f.Add(name, &Value{
		Kind: "X",
		Read: func(s string) error {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || !(v >= low) || math.IsInf(v, 0) {
				return errors.New("expected " + expected)
			}
			*p = v
			return nil
		},
		Show: func() string { return strconv.FormatFloat(*p, 'g', -1, 64) },
	}, help)
}

// Share declares a flag for a share, from 0 to below 1, nil if it is not given.
func (f *Flags) Share(p **float64, name, help string) {
	f.Add(name, &Value{
		Kind: "X",
		Read: func(s string) error {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || !(v >= 0 && v < 1) {
				return errors.New("expected a share from 0 to below 1, such as 0.2")
			}
			*p = &v
			return nil
		},
		Show: func() string {
			if *p == nil {
				return ""
			}
			return strconv.FormatFloat(**p, 'g', -1, 64)
		},
	}, help)
}

// NoLimit is a size that is "none".
const NoLimit = -1

// Size declares a flag for a number of bytes with a unit, or none.
func (f *Flags) Size(p *int64, name, help string) {
	typed := ""
	f.Add(name, &Value{
		Kind: "SIZE",
		Read: func(s string) error {
			v, err := parseSize(s)
			if err == nil {
				*p, typed = v, s
			}
			return err
		},
		Show: func() string { return typed },
	}, help)
}

// parseSize reads a size such as 2GB or 1.5GiB, or NoLimit as none or 0.
func parseSize(s string) (int64, error) {
	if s == "none" || s == "0" {
		return NoLimit, nil
	}
	number := strings.TrimRight(s, "kKMGTiB")
	unit, ok := map[string]float64{
		"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[s[len(number):]]
	v, err := strconv.ParseFloat(number, 64)
	if v *= unit; err != nil || !ok || !(v >= 1 && v < math.MaxInt64) {
		return 0, errors.New("expected a size such as 2GB or 1500MiB, or none")
	}
	return int64(v), nil
}

// Choice declares a flag for one of a few words.
func Choice[S ~string](f *Flags, p *S, name, help string, words ...S) {
	var all []string
	for _, w := range words {
		all = append(all, string(w))
	}
	f.Add(name, &Value{
		Kind: "NAME",
		Read: func(s string) error {
			if !slices.Contains(all, s) {
				return fmt.Errorf("expected %s%s", strings.Join(all, ", "), DidYouMean(s, all))
			}
			*p = S(s)
			return nil
		},
		Show:     func() string { return string(*p) },
		Complete: Words(all...),
	}, help)
}

// List declares a flag for words separated by commas, each of which parse turns
// into one value or several. Shells complete the last word from words.
func List[T comparable](f *Flags, p *[]T, name, help string, parse func(word string) ([]T, error), words ...string) {
	text := ""
	f.Add(name, &Value{
		Kind: "LIST",
		Read: func(s string) error {
			var all []T
			for word := range strings.SplitSeq(s, ",") {
				values, err := parse(word)
				if err != nil {
					return err
				}
				for _, v := range values {
					if slices.Contains(all, v) {
						return fmt.Errorf("duplicate value %v", v)
					}
					all = append(all, v)
				}
			}
			*p, text = all, s
			return nil
		},
		Show: func() string {
			if text != "" || len(*p) == 0 {
				return text
			}
			return strings.ReplaceAll(strings.Trim(fmt.Sprint(*p), "[]"), " ", ",")
		},
		Complete: LastOfList(words),
	}, help)
}

// LastOfList completes the last of words separated by commas.
func LastOfList(words []string) func(typed string) []string {
	return func(typed string) []string {
		head := typed[:strings.LastIndex(typed, ",")+1]
		var all []string
		for _, w := range words {
			all = append(all, head+w)
		}
		return beginning(typed, all)
	}
}

// Words completes one of a few words.
func Words(words ...string) func(typed string) []string {
	return func(typed string) []string { return beginning(typed, words) }
}

func beginning(typed string, words []string) []string {
	var fitting []string
	for _, w := range words {
		if strings.HasPrefix(w, typed) {
			fitting = append(fitting, w)
		}
	}
	return fitting
}

// Parse reads the flags of a command from arguments, apart from the command line
// as a whole. Arguments that are no flags are an error.
func Parse(command string, set *pflag.FlagSet, args []string) error {
	if err := set.Parse(args); err != nil {
		return flagError("meada-cpu help "+command, set, err)
	}
	return noArguments("meada-cpu help "+command, set.Args())
}

// Given returns the flags that have been set, with their values as text.
func Given(set *pflag.FlagSet) map[string]string {
	given := map[string]string{}
	set.Visit(func(flag *pflag.Flag) { given[flag.Name] = flag.Value.String() })
	return given
}

// Apply sets flags to values as text.
func Apply(set *pflag.FlagSet, values map[string]string) error {
	var failed error
	set.VisitAll(func(flag *pflag.Flag) {
		if text, ok := values[flag.Name]; ok && failed == nil {
			if err := set.Set(flag.Name, text); err != nil {
				failed = flagError("", set, err)
			}
		}
	})
	return failed
}

// Names lists the flags of a set.
func Names(set *pflag.FlagSet) []string {
	var names []string
	set.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// unknownFlag returns the name of a flag, and what it was typed with, where the error is
// that there is none.
func unknownFlag(err error) (dashes, name string, unknown bool) {
	var e *pflag.NotExistError
	if !errors.As(err, &e) {
		return "", "", false
	}
	name, dashes = e.GetSpecifiedName(), "--"
	if short := e.GetSpecifiedShortnames(); short != "" {
		name, dashes = short, "-"
	}
	name, _, _ = strings.Cut(name, "=")
	return dashes, name, true
}

// flagError says what is wrong with a flag: its name, the value as typed, and
// what was expected.
func flagError(see string, set *pflag.FlagSet, err error) error {
	if dashes, name, unknown := unknownFlag(err); unknown {
		return UsageError(`unknown flag %s%s%s, see "%s"`, dashes, name, didYouMean("--", name, Names(set)), see)
	}
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &missing):
		return UsageError("--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &invalid) && invalid.GetValue() == "":
		return UsageError("--%s is empty, %v", invalid.GetFlag().Name, invalid.Unwrap())
	case errors.As(err, &invalid):
		return UsageError("--%s %s: %v", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	}
	return UsageError("%v", err)
}

// DidYouMean asks whether the nearest of some words was meant, as the end of an
// error; "" if none is near.
func DidYouMean(typed string, words []string) string { return didYouMean("", typed, words) }

func didYouMean(prefix, typed string, words []string) string {
	nearest, least := "", 3
	for _, w := range words {
		d := distance(typed, w)
		if strings.HasPrefix(w, typed) && len(typed) > 2 {
			d = min(d, 1)
		}
		if d < least && d < len(w) {
			nearest, least = w, d
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s%s?)", prefix, nearest)
}

// distance is Levenshtein's: the insertions, deletions and replacements of a
// character that make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of the first i characters of a
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
