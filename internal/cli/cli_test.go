package cli

import (
	"bytes"
	"io"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"none": NoLimit, "0": NoLimit, "1B": 1, "2GB": 2e9, "1500MiB": 1500 << 20, "0.5kB": 500, "1.5TiB": 3 << 39,
	} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "2", "GB", "-1GB", "2G", "2gb", "2 GBx", "nanGB", "1e30GB", "0.1B", "0GB"} {
		_, err := parseSize(text)
		require.EqualError(t, err, "expected a size such as 2GB or 1500MiB, or none", text)
	}
}

// values are one of each kind.
type values struct {
	on     bool
	text   string
	count  int
	seed   uint64
	rate   float64
	slope  float64
	size   int64
	choice string
	list   []int
}

func (v *values) declare(set *pflag.FlagSet) {
	f := NewFlags(set)
	f.Switch(&v.on, "on", "a switch")
	f.Text(&v.text, "text", "FILE", "a text")
	f.Group("numbers")
	f.Integer(&v.count, "count", 1, "a count")
	f.Seed(&v.seed, "seed", "a seed")
	f.Number(&v.rate, "rate", "a rate")
	f.SignedNumber(&v.slope, "slope", "a slope")
	f.Size(&v.size, "size", "a size")
	Choice(f, &v.choice, "choice", "a choice", "red", "green")
	List(f, &v.list, "list", "a list", func(word string) ([]int, error) { return []int{len(word)}, nil })
}

func parse(args ...string) (values, *pflag.FlagSet, error) {
	v := values{rate: 0.5}
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	v.declare(set)
	return v, set, Parse("test", set, args)
}

func TestFlags(t *testing.T) {
	t.Parallel()
	var v values
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	v.declare(set)
	args := []string{"--on", "--text=a=b", "--count", "3", "--seed", "18446744073709551615", "--rate", "1e-3", "--slope", "-0.5", "--size", "2KiB",
		"--choice", "red", "--list", "a,bb", "--count=4"}
	require.NoError(t, Parse("test", set, args))
	require.Equal(t, values{true, "a=b", 4, 1<<64 - 1, 1e-3, -0.5, 2048, "red", []int{1, 2}}, v)

	// What was given can be given again, over other values.
	given := Given(set)
	require.Equal(t, map[string]string{"on": "true", "text": "a=b", "count": "4", "seed": "18446744073709551615",
		"rate": "0.001", "slope": "-0.5", "size": "2KiB", "choice": "red", "list": "a,bb"}, given)
	again := v
	v = values{}
	require.NoError(t, Apply(set, given))
	require.Equal(t, again, v)
}

func TestFlagErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args    []string
		message string
	}{
		{[]string{"--count", "0"}, "--count 0: expected a whole number from 1 on"},
		{[]string{"--count=x"}, "--count x: expected a whole number from 1 on"},
		{[]string{"--count", "9999999999"}, "--count 9999999999: expected 2147483647 at most"},
		{[]string{"--seed", "-1"}, "--seed -1: expected a whole number from 0 on"},
		{[]string{"--rate", "inf"}, "--rate inf: expected a number, 0 or more"},
		{[]string{"--rate", "-1"}, "--rate -1: expected a number, 0 or more"},
		{[]string{"--slope", "-inf"}, "--slope -inf: expected a number"},
		{[]string{"--slope=nan"}, "--slope nan: expected a number"},
		{[]string{"--on=perhaps"}, "--on perhaps: expected true or false"},
		{[]string{"--choice", "gren"}, "--choice gren: expected red, green (did you mean green?)"},
		{[]string{"--choice", "blue"}, "--choice blue: expected red, green"},
		{[]string{"--list", "a,b"}, "--list a,b: duplicate value 1"},
		{[]string{"--text"}, "--text needs a value"},
		{[]string{"--text", ""}, "--text is empty, expected a file"},
		{[]string{"--count="}, "--count is empty, expected a whole number from 1 on"},
		{[]string{"--cout", "1"}, `unknown flag --cout (did you mean --count?), see "meada-cpu help test"`},
		{[]string{"-seed=1"}, `unknown flag -seed (did you mean --seed?), see "meada-cpu help test"`},
		{[]string{"--learning-rate", "1"}, `unknown flag --learning-rate, see "meada-cpu help test"`},
		{[]string{"word"}, `unexpected argument "word", see "meada-cpu help test"`},
	} {
		_, _, err := parse(c.args...)
		require.EqualError(t, err, c.message)
		require.True(t, IsUsage(err))
	}
	_, set, _ := parse()
	require.EqualError(t, Apply(set, map[string]string{"count": "0"}), "--count 0: expected a whole number from 1 on")
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"epoch", "epochs", 1}, {"trian", "train", 2}, {"same", "same", 0}} {
		require.Equal(t, c.want, distance(c.a, c.b), c)
		require.Equal(t, c.want, distance(c.b, c.a), c)
	}
}

func TestHelpText(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "tool"}
	v := values{count: 7, list: []int{1, 2}}
	c := &cobra.Command{Use: "work", Short: "work hard", Long: "Works.", Example: "tool work\ntool work --on", RunE: func(*cobra.Command, []string) error { return nil }}
	SetNotes(c, "A note.")
	v.declare(c.Flags())
	root.AddCommand(c)
	Prepare(root)
	var out bytes.Buffer
	require.NoError(t, Execute(root, []string{"work", "--help"}, &out, io.Discard))
	require.Equal(t, `usage: tool work [flags]

Works.

flags
  --on                a switch
  --text FILE         a text

numbers
  --count N           a count (7)
  --seed N            a seed
  --rate X            a rate
  --slope X           a slope
  --size SIZE         a size
  --choice NAME       a choice
  --list LIST         a list (1,2)

A note.

examples:
  tool work
  tool work --on
`, out.String())
}

func TestWrap(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"ab cd", "efghijk", "l"}, wrap("ab cd efghijk l", 5))
	require.Equal(t, []string{""}, wrap("", 5))
}
