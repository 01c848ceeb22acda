package cli

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Percent formats a fraction in per cent as the paper's tables do: 58.72.
func Percent(fraction float64) string { return fmt.Sprintf("%.2f", 100*fraction) }

// Count formats a count with thousands separated: 10,001.
func Count(n int) string {
	sign, digits := "", strconv.Itoa(n)
	if n < 0 {
		sign, digits = digits[:1], digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Duration formats seconds: 42 s, 3 min 07 s, 2 h 05 min.
func Duration(seconds float64) string {
	s := int(math.Round(seconds))
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %02d min", s/3600, s/60%60)
}

// Bytes formats a size: 12 KiB, 123 MiB, 1.50 GiB. Sizes that are not positive
// are not known.
func Bytes[N int | int64](n N) string {
	switch {
	case n <= 0:
		return "unknown"
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	case n < 1<<30:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
}

// PosixWord returns a word as a POSIX shell takes it.
func PosixWord(word string) string {
	if plain(word, "") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// ShellWord returns a word as the shells of this system take it.
func ShellWord(word string) string {
	if runtime.GOOS == "windows" {
		return windowsWord(word)
	}
	return PosixWord(word)
}

// windowsWord returns a word as cmd.exe and PowerShell take it. No path has a quotation mark.
func windowsWord(word string) string {
	if plain(word, `\`) {
		return word
	}
	return `"` + word + `"`
}

// plain reports whether a word has none but letters, digits and marks, some of them more, that
// mean nothing to a shell.
func plain(word, more string) bool {
	return word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("-_./:=,@%+"+more, r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// Table prints names and values in two aligned columns. A value too long for a line
// goes on in the next.
func Table(w io.Writer, rows [][2]string) {
	for _, row := range rows {
		for i, line := range wrapped(row[1], tableWidth-17) {
			if i > 0 {
				row[0] = ""
			}
			fmt.Fprintf(w, "%-16s %s\n", row[0], line)
		}
	}
}

// tableWidth bounds the lines of a Table, in columns.
const tableWidth = 119

// wrapped breaks a text at blanks into lines of at most width letters, a word that is
// longer left whole.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for i, word := range strings.Split(text, " ") {
		last := &lines[len(lines)-1]
		switch {
		case i == 0:
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// Number counts something: "1 step", "2,000 steps".
func Number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Count(n) + " " + what + "s"
}

// Join lists names as a sentence does.
func Join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// Printable returns a text whose control characters but for those in keep, and bytes
// that are not UTF-8, are written as Go escapes them. The names of files and classes may
// bring them.
func Printable(text, keep string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		part := text[:size]
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) && !strings.ContainsRune(keep, r) {
			part = strings.Trim(strconv.Quote(part), `"`)
		}
		b.WriteString(part)
		text = text[size:]
	}
	return b.String()
}

// Some lists names as Join does, the first of them where there are many.
func Some(names []string) string {
	const most = 10
	if len(names) <= most {
		return Join(names)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
