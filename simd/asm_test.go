package simd

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	asmFile     = regexp.MustCompile(`^[a-z0-9]+_(avx2|avx512|neon)_(amd64|arm64)\.s$`)
	asmText     = regexp.MustCompile(`^TEXT ·(\w+)\(SB\), NOSPLIT, \$\d+-\d+$`)
	asmLabel    = regexp.MustCompile(`^\w+:`)
	asmMacro    = regexp.MustCompile(`^#define (\w+)`)
	asmWord     = regexp.MustCompile(`\w+`)
	wideVector  = regexp.MustCompile(`\b[YZ]\d+\b`)
	legacySSE   = regexp.MustCompile(`^(#define \w+(\([^)]*\))?\s+)?[A-JL-UW-Z]\w*(\.\w+)*\s.*\b[XYZ]\d+\b`)
	zeroedStore = regexp.MustCompile(`^V\w+\.Z\b.*, [^,]*\([A-Z0-9]+\)[^,]*$`)
	argument    = regexp.MustCompile(`\(FP\)`)
	local       = regexp.MustCompile(`\b\w+-\d+\(SP\)`) // a named place in the frame
)

// forbidden names the registers that are not a kernel's to use, and the ways to
// move the stack pointer that go vet doesn't see.
var forbidden = map[string]*regexp.Regexp{
	// The frame pointer, g, the global offset table, the stack.
	"amd64": regexp.MustCompile(`\b(BP|R14|R15|SP|PUSH\w*|POP\w*)\b`),
	// The platform's register, the assembler's scratch, g, the frame pointer.
	"arm64": regexp.MustCompile(`\b(R18|R27|R28|R29|g|RSP)\b`),
}

// asmLine is one line of assembly without its comment; lines of a macro's body
// carry the macro's name.
type asmLine struct {
	number      int
	text, macro string
}

func readAsm(t *testing.T, name string) (lines []asmLine, source string) {
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	macro := ""
	for i, l := range strings.Split(string(raw), "\n") {
		text, _, _ := strings.Cut(l, "//")
		text = strings.TrimSpace(text)
		if m := asmMacro.FindStringSubmatch(text); m != nil {
			macro = m[1]
		}
		goesOn := strings.HasSuffix(text, `\`)
		text = strings.TrimSpace(strings.TrimSuffix(text, `\`))
		if text != "" {
			lines = append(lines, asmLine{i + 1, text, macro})
		}
		if !goesOn {
			macro = ""
		}
	}
	return lines, string(raw)
}

// wideMacros returns the macros that name a Y or Z register, themselves or by
// other macros.
func wideMacros(lines []asmLine) map[string]bool {
	wide := make(map[string]bool)
	for before := -1; before < len(wide); {
		before = len(wide)
		for _, l := range lines {
			if l.macro != "" && isWide(l.text, wide) {
				wide[l.macro] = true
			}
		}
	}
	return wide
}

func isWide(text string, wide map[string]bool) bool {
	if wideVector.MatchString(text) {
		return true
	}
	for _, word := range asmWord.FindAllString(text, -1) {
		if wide[word] {
			return true
		}
	}
	return false
}

// TestAssemblyRules holds every .s and .h file to what go vet doesn't check.
func TestAssemblyRules(t *testing.T) {
	names, err := filepath.Glob("*.[sh]")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		lines, source := readAsm(t, name)
		arch := "amd64"
		if strings.Contains(name, "arm64") {
			arch = "arm64"
		}
		for _, l := range lines {
			require.NotRegexp(t, forbidden[arch], local.ReplaceAllString(l.text, ""), "%s:%d: a register that is not ours", name, l.number)
			require.NotRegexp(t, zeroedStore, l.text, "%s:%d: stores can't zero, the CPU faults", name, l.number)
			if l.macro != "" {
				require.NotRegexp(t, argument, l.text, "%s:%d: go vet checks no arguments inside macros", name, l.number)
				require.NotEqual(t, "RET", l.text, "%s:%d: RET belongs where it can be seen", name, l.number)
			}
			if arch == "amd64" {
				require.NotRegexp(t, legacySSE, l.text, "%s:%d: expected the VEX form", name, l.number)
			}
		}
		if strings.HasSuffix(name, ".s") {
			checkFunctions(t, name, lines, source)
		}
	}
}

func checkFunctions(t *testing.T, name string, lines []asmLine, source string) {
	parts := asmFile.FindStringSubmatch(name)
	require.NotNil(t, parts, "%s: expected <family>_<isa>_<arch>.s", name)
	require.True(t, strings.HasPrefix(source, "//go:build !purego\n"), "%s: begins with another build constraint", name)

	var macros []asmLine
	for _, include := range regexp.MustCompile(`#include "(\w+_(?:amd64|arm64)\.h)"`).FindAllStringSubmatch(source, -1) {
		included, _ := readAsm(t, include[1])
		macros = append(macros, included...)
	}
	wide := wideMacros(append(macros, lines...))

	// Behind a label the upper halves are taken to be dirty, if the function uses
	// them at all.
	var function string
	usesWide := make(map[string]bool)
	for _, l := range lines {
		if m := asmText.FindStringSubmatch(l.text); m != nil {
			function = m[1]
		} else if l.macro == "" && isWide(l.text, wide) {
			usesWide[function] = true
		}
	}
	dirty := false
	for _, l := range lines {
		switch m := asmText.FindStringSubmatch(l.text); {
		case l.macro != "":
		case strings.HasPrefix(l.text, "TEXT "):
			require.NotNil(t, m, "%s:%d: expected NOSPLIT", name, l.number)
			function, dirty = m[1], false
			require.True(t, strings.HasSuffix(strings.ToLower(function), parts[1]), "%s: %s belongs in another file", name, function)
			require.Contains(t, source, "\n// func "+function+"(", "%s: %s lacks its header", name, function)
		case asmLabel.MatchString(l.text):
			dirty = usesWide[function]
		case l.text == "VZEROUPPER":
			dirty = false
		case l.text == "RET":
			require.False(t, dirty, "%s:%d: RET without VZEROUPPER", name, l.number)
		case isWide(l.text, wide):
			dirty = true
		}
	}
}
