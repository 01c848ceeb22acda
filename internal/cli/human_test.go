package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	require.Equal(t, "58.72", Percent(0.58724))
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -123: "-123", -1234: "-1,234"} {
		require.Equal(t, want, Count(n))
	}
	for seconds, want := range map[float64]string{0: "0 s", 59.4: "59 s", 59.6: "1 min 00 s", 187: "3 min 07 s", 7500: "2 h 05 min"} {
		require.Equal(t, want, Duration(seconds))
	}
	for n, want := range map[int64]string{-1: "unknown", 0: "unknown", 2048: "2 KiB", 123 << 20: "123 MiB", 3 << 29: "1.50 GiB"} {
		require.Equal(t, want, Bytes(n))
	}
}

func TestPrintableMessages(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"a\x1b[2J.png: it's no picture": `a\x1b[2J.png: it's no picture`,
		"two\nlines\tand a tab, ä, 漢":   "two\nlines\tand a tab, ä, 漢",
		"Latin-1 \xe4, \x9bJ, \ufffd":   `Latin-1 \xe4, \x9bJ, ` + "\ufffd",
		"back\r\b\u0085":                `back\r\b\u0085`,
	} {
		require.Equal(t, want, Printable(message, "\n\t"))
	}
	require.Equal(t, `two\nlines\tand a tab`, Printable("two\nlines\tand a tab", ""))
}

// Paths are printed so that they can be pasted into a command.
func TestWordsOfShells(t *testing.T) {
	t.Parallel()
	for word, want := range map[string][2]string{
		"runs/a-1":     {"runs/a-1", "runs/a-1"},
		`runs\a`:       {`'runs\a'`, `runs\a`},
		`my runs\a`:    {`'my runs\a'`, `"my runs\a"`},
		"":             {"''", `""`},
		"it's":         {`'it'\''s'`, `"it's"`},
		"Läufe/größer": {"Läufe/größer", "Läufe/größer"},
	} {
		require.Equal(t, want, [2]string{PosixWord(word), windowsWord(word)})
	}
}
